"""Comparing generalised models against anova() of lme4 and glmmTMB, and what is refused."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import mixedeffects as me
from mixedeffects.errors import DataError, ModelError, NotAvailableError
from mixedeffects.inference.comparison import nesting
from tests import tolerances as tol
from tests.golden.glmm.frames import _frame

SERIES = json.loads((Path(__file__).parents[1] / "golden" / "compare" / "glmm.json").read_text())[
    "series"
]
LONGER = [name for name, record in SERIES.items() if record.get("anova")]


def frame_of(name):
    record = SERIES[name]
    frame = _frame(record["data"]).copy()
    if record["derive"]:
        frame["obs"] = np.arange(len(frame))
    return frame


@cache
def fits(name):
    frame = frame_of(name)
    return tuple(
        me.glmm(
            model["ours"],
            frame,
            family=model["family"],
            link=model["link"],
            zi=model["zi"],
            nagq=model["nagq"],
        )
        for model in SERIES[name]["models"]
    )


@pytest.mark.parametrize("name", SERIES)
def test_criteria(name):
    for fit, golden in zip(fits(name), SERIES[name]["models"], strict=True):
        assert fit.df == golden["npar"]
        if golden["nagq"] > 1:  # lme4 leaves constants out of this likelihood
            continue
        for criterion in ("loglik", "aic", "bic"):
            theirs = golden[criterion]
            assert getattr(fit, criterion) == pytest.approx(theirs, abs=tol.GLMM_CRITERION_ABS)


@pytest.mark.parametrize("name", LONGER)
def test_chi_squares_are_anovas(name):
    golden = SERIES[name]["anova"]
    table = me.compare(*fits(name), test=True).tidy()
    ours, theirs = table["chisq"].to_numpy()[1:], np.array(golden["chisq"][1:], dtype=float)
    np.testing.assert_allclose(ours, theirs, atol=2 * tol.GLMM_CRITERION_ABS)
    added = np.diff([m["npar"] for m in SERIES[name]["models"]])
    assert table["df"].to_numpy()[1:].tolist() == added.tolist()
    np.testing.assert_allclose(
        table["p_naive"].to_numpy()[1:], golden["p"][1:], rtol=tol.PROGRAM_2E3
    )


@pytest.mark.parametrize("name", [n for n in SERIES if SERIES[n]["without"]])
def test_models_without_each_random_term(name):
    table = fits(name)[-1].ranova()
    theirs = sorted((m["loglik"], m["npar"]) for m in SERIES[name]["without"])
    ours = sorted(zip(table["loglik"][1:], table["npar"][1:], strict=True))
    assert [n for _, n in ours] == [n for _, n in theirs]
    for (one, _), (other, _) in zip(ours, theirs, strict=True):
        assert one == pytest.approx(other, abs=2 * tol.GLMM_CRITERION_ABS)
    assert (table["p_value"][1:] <= table["p_naive"][1:]).all()


def test_a_family_that_is_a_limit_is_on_the_boundary():
    poisson, nbinom = fits("salamanders")[:2]
    found = nesting(poisson, nbinom)
    assert (found.df, found.fixed, found.new_columns) == (1, 0, (1,))
    assert me.compare(poisson, nbinom).tests[0].words == "1/2 chi2(0) + 1/2 chi2(1)"
    plain, zeros, more = fits("salamanders_zi")
    assert nesting(plain, zeros).new_columns == (1,)
    assert nesting(zeros, more).new_columns == ()
    assert "no meaning" in nesting(plain, more).reason
    assert "not a case" in nesting(zeros, nbinom).reason
    assert nesting(nbinom, nbinom).df == 0


def test_links_and_zero_parts_must_agree():
    frame = frame_of("cbpp")
    logit, probit = (
        me.glmm("incidence / size ~ period + (1 | herd)", frame, link=link)
        for link in ("logit", "probit")
    )
    assert nesting(logit, probit).reason == "their links are logit and probit"
    assert "no test" in me.compare(logit, probit).notes[0]
    frame = frame_of("salamanders")
    one, other = (
        me.glmm("count ~ mined + (1 | site)", frame, family="poisson", zi=zi)
        for zi in ("~ mined", "~ 1 + cover")
    )
    assert nesting(one, other).reason.startswith("zi: ")
    text = str(me.compare(one, other))
    assert "zero_inflated_poisson (log), zi ~ mined" in text


def test_random_effects_of_the_zeros_have_tests():
    frame = frame_of("salamanders")
    fit = me.glmm("count ~ mined + (1 | site)", frame, family="poisson", zi="~ mined + (1 | site)")
    table = fit.ranova()
    assert table["term"].tolist() == ["<none>", "(1 | site)", "zi: (1 | site)"]
    plain = fits("salamanders_zi")[-1]
    assert table["loglik"][2] == pytest.approx(plain.loglik, abs=tol.OPTIMUM_E5)
    assert fit.lrt(plain).statistic == pytest.approx(table["lrt"][2], abs=tol.OPTIMUM_E5)


def test_ordinal_models(sleepstudy):
    frame = _frame("ordinal/wine")
    one, two = (
        me.glmm(f"rating ~ {x} + (1 | judge)", frame, family="ordinal")
        for x in ("temp", "temp + contact")
    )
    test = two.lrt(one)
    assert test.df == 1
    assert test.statistic == pytest.approx(2 * (two.loglik - one.loglik))
    # clm(rating ~ temp + contact): -86.49192 (ordinal's vignette)
    assert two.ranova()["loglik"][1] == pytest.approx(-86.49192, abs=tol.PROGRAM_E4)


def test_linear_models_against_generalised_ones(sleepstudy):
    linear = me.lmm("Reaction ~ 1 + (1 | Subject)", sleepstudy)
    other = me.glmm("Reaction ~ Days + (1 | Subject)", sleepstudy, family="gaussian")
    both = me.compare(linear, other)
    same = me.lmm("Reaction ~ Days + (1 | Subject)", sleepstudy, reml=False)
    table = me.compare(linear, same).tidy()
    assert both.tidy()["chisq"][1] == pytest.approx(table["chisq"][1], abs=tol.OPTIMUM_E6)
    assert both.notes[0].startswith("Refitted by maximum likelihood")
    assert "the same model" in me.compare(same, other).notes[0]
    heavy = me.glmm("Reaction ~ Days + (1 | Subject)", sleepstudy, family="t", nagq=1)
    assert me.compare(same, heavy).tests[0].words == "1/2 chi2(0) + 1/2 chi2(1)"
    with pytest.raises(NotAvailableError, match=r"both with me\.lmm"):
        same.lrt(heavy, method="bootstrap", n=5)


def test_other_likelihoods_are_refused(sleepstudy):
    frame = frame_of("cbpp")
    formula = "incidence / size ~ period + (1 | herd)"
    one, nine = me.glmm(formula, frame), me.glmm(formula, frame, nagq=9)
    with pytest.raises(ModelError, match="nagq=1 and model 2 with nagq=9"):
        me.compare(one, nine)
    rounded = sleepstudy.assign(Reaction=sleepstudy["Reaction"].round())
    counts = me.glmm("Reaction ~ Days + (1 | Subject)", rounded, family="poisson")
    with pytest.raises(ModelError, match="probabilities, of the other of densities"):
        me.compare(counts, me.lmm("Reaction ~ Days + (1 | Subject)", rounded))
    other = me.glmm(formula, frame.assign(size=frame["size"] + 1))
    with pytest.raises(DataError, match="numbers of trials"):
        me.compare(one, other)


def test_bootstrap_of_generalised_models():
    frame = frame_of("cbpp")
    small = me.glmm("incidence / size ~ 1 + (1 | herd)", frame)
    large = me.glmm("incidence / size ~ period + (1 | herd)", frame)
    found = large.lrt(small, method="bootstrap", n=60, rng=3)
    assert found.bootstrap.n_failed == 0
    # chi-squared with 3 degrees of freedom: mean 3, standard deviation sqrt(6)
    mean = found.bootstrap.statistics.mean()
    assert abs(mean - 3.0) < tol.STANDARD_ERRORS_4 * np.sqrt(6 / 60)
    assert found.p_value == pytest.approx(1 / 61)


def test_without_random_effects_by_scipy():
    from scipy.optimize import minimize

    fit = fits("salamanders")[-2]
    y, X = fit.response.y, np.asarray(fit.design.X)

    def objective(x):
        from mixedeffects.family import NegativeBinomial2

        eta, log_theta = X @ x[:-1], np.full(y.size, x[-1])
        return -2.0 * NegativeBinomial2().log_density(fit.response, eta, log_theta).sum()

    start = np.concatenate([fit.beta, fit.extras["dispersion"]])
    best = minimize(objective, start, method="BFGS")
    assert fit.objective_without_random() == pytest.approx(best.fun, abs=tol.OPTIMUM_E5)
