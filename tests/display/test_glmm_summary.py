"""What a summary of a generalised model says."""

from __future__ import annotations

import numpy as np
import pytest

import mixedeffects as me
from tests.golden.glmm.frames import golden_frame, golden_models
from tests.inference.test_glmm_coefficients import GOLDEN, fitted

MODELS = golden_models()


def test_title_family_and_coefficients():
    text = str(fitted("cbpp").summary())
    for line in (
        "Generalised linear mixed model fit by maximum likelihood (Laplace approximation)",
        "family: binomial (logit)",
        "incidence / size ~ period + (1 | herd)",
        "herd: 15 groups, rows per group min 1, mean 3.7, max 4",
        "-2 log-likelihood 184.05",
        "Fixed effects, z (Wald)",
        "11% of the variance that the fixed effects leave is between levels of herd, on the scale",
        "Converged: certified optimum",
    ):
        assert line in text
    assert "Residual" not in text
    assert "REML" not in text
    assert repr(fitted("cbpp")) == text


@pytest.mark.parametrize(
    ("nagq", "words"),
    [
        (0, "quick approximation, coefficients found with the modes"),
        (9, "adaptive Gauss–Hermite quadrature, 9 points"),
    ],
)
def test_the_approximation_is_named(nagq, words):
    model = MODELS["cbpp"]
    fit = me.glmm(model["formula"], golden_frame(model), family="binomial", nagq=nagq)
    assert f"({words})" in str(fit)


def test_parameters_of_the_distribution():
    theta = GOLDEN["grouseticks_nbinom2"]["sigma"]
    assert f"Dispersion theta {theta:.3f} (std. error" in str(fitted("grouseticks_nbinom2"))
    assert "Dispersion phi 0.0065" in str(fitted("sleep_gamma_slopes"))
    assert "Precision phi" in str(fitted("gasoline_beta"))
    assert "Probability of an extra zero 0.2" in str(fitted("owls_zip"))


def test_other_predictors_have_tables():
    text = str(fitted("salamanders_zip_random_zi"))
    assert "Probability of an extra zero (zero-inflation), logit scale" in text
    assert "zi: site" in text
    text = str(fitted("salamanders_nbinom2_dispersion"))
    assert "Dispersion, log scale" in text
    assert "Dispersion theta" not in text  # there is one per row


def test_thresholds_are_not_tested():
    model = MODELS["wine"]
    fit = me.glmm(model["formula"], golden_frame(model), family="ordinal")
    lines = str(fit).splitlines()
    at = lines.index("Thresholds")
    assert lines[at + 1].split()[:3] == ["term", "estimate", "std."]
    assert " p " not in lines[at + 1]
    assert lines[at + 2].split()[0] == "1|2"


def test_singular_and_missing_are_said():
    assert "Singular fit, certified: levels of subject differ in one direction only" in str(
        fitted("epil_nbinom2")
    )
    model = MODELS["bacteria"]
    data = golden_frame(model)
    data.loc[:4, "week"] = np.nan
    text = str(me.glmm(model["formula"], data, family="binomial"))
    assert "5 of 220 rows were left out for missing values (week 5)" in text


def test_html_escapes_and_says_the_same():
    fit = fitted("salamanders_nbinom2_dispersion")
    html = fit._repr_html_()
    assert "<caption>Dispersion, log scale</caption>" in html
    assert "family: nbinom2 (log)" in html
    assert "<script" not in html


def test_zeros_alone_with_random_effects_and_no_coefficients():
    model = MODELS["bacteria"]
    data = golden_frame(model).assign(z=lambda d: (d["y"] == "y") * 1)
    text = str(me.glmm("z ~ 0 + (1 | ID)", data, family="binomial"))
    assert "ID" in text
    owls = MODELS["owls_zip"]
    zeros = me.glmm(
        "SiblingNegotiation ~ arrival", golden_frame(owls), family="poisson", zi="~ 1 + (1 | Nest)"
    )
    assert "zi: Nest" in str(zeros)
    assert "Nest: 27 groups" in str(zeros)


def test_a_zero_variance_of_the_extra_zeros_is_called_theirs():
    rng = np.random.default_rng(8)
    g = np.repeat(np.arange(12), 20)
    y = rng.poisson(np.exp(1.0 + 0.6 * rng.normal(size=12)[g]))
    y[np.arange(240) % 4 == 0] = 0  # as many extra zeros in every group
    fit = me.glmm("y ~ 1 + (1 | g)", {"y": y, "g": g}, family="poisson", zi="~ 1 + (1 | g)")
    assert "Singular fit, certified: levels of g (of the zeros) show no variance at all." in str(
        fit
    )
