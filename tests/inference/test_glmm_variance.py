"""Variance components and shares of the variance of generalised models."""

from __future__ import annotations

import re
import warnings
from math import pi

import numpy as np
import pytest

import mixedeffects as me
from tests import tolerances as tol
from tests.golden.glmm.frames import golden_frame, golden_models
from tests.inference.test_glmm_coefficients import GOLDEN, OPTIONS, fitted, regular

MODELS = golden_models()


@regular
def test_errors_of_standard_deviations_are_glmmtmbs(name):
    wanted, table = GOLDEN[name]["components"], fitted(name).varcorr.tidy()
    order = np.argsort(wanted["value"])
    ours = np.argsort(table["sdcor"].to_numpy())
    values, errors = np.array(wanted["value"])[order], np.array(wanted["std_error"])[order]
    np.testing.assert_allclose(
        table["sdcor"].to_numpy()[ours], values, rtol=tol.GLMM_SD_RTOL, atol=tol.PROGRAM_E4
    )
    np.testing.assert_allclose(
        table["std_error"].to_numpy()[ours], errors, rtol=tol.GLMM_SD_ERROR_RTOL
    )
    assert "Residual" not in fitted(name).varcorr.sd
    assert (table["reason"] == "").all()


def test_a_singular_fit_has_no_errors_and_says_so():
    fit = fitted("epil_nbinom2")
    table = fit.varcorr.tidy()
    assert table["std_error"].isna().all()
    assert table["reason"].str.contains("boundary").all()
    assert np.isfinite(fit.test()["std_error"]).all()
    assert np.isnan(fit.icc()["std_error"]).all()


def test_gaussian_models_agree_with_linear_ones():
    data = me.datasets.sleepstudy()
    linear = me.lmm("Reaction ~ Days + (Days | Subject)", data, reml=False)
    general = me.glmm("Reaction ~ Days + (Days | Subject)", data, family="gaussian")
    np.testing.assert_allclose(
        general.varcorr.tidy()["std_error"],
        linear.varcorr.tidy()["std_error"][:3],
        rtol=tol.OPTIMUM_2E3,
    )
    assert general.dispersion == pytest.approx(linear.sigma, rel=tol.OPTIMUM_E4)
    ours, theirs = general.icc(), linear.icc()
    np.testing.assert_allclose(ours["icc"], theirs["icc"], rtol=tol.OPTIMUM_E4)
    np.testing.assert_allclose(ours["std_error"], theirs["std_error"], rtol=tol.OPTIMUM_2E3)
    np.testing.assert_allclose(general.r2()["r2"], linear.r2()["r2"], rtol=tol.OPTIMUM_E4)
    # on the scale of the response an identity link changes nothing
    np.testing.assert_allclose(
        general.icc(scale="response")["icc"], theirs["icc"], rtol=tol.OPTIMUM_E4
    )
    np.testing.assert_allclose(
        general.r2(scale="response")["r2"][:2], linear.r2()["r2"][:2], rtol=tol.OPTIMUM_E3
    )


@pytest.mark.parametrize("name", [n for n, m in GOLDEN.items() if "shares" in m])
def test_shares_of_binomial_models_are_performances(name):
    wanted, fit = GOLDEN[name]["shares"], fitted(name)
    r2, icc = fit.r2(), fit.icc()
    assert r2["r2"][0] == pytest.approx(wanted["r2_marginal"], rel=tol.GLMM_SHARE_RTOL)
    assert r2["r2"][1] == pytest.approx(wanted["r2_conditional"], rel=tol.GLMM_SHARE_RTOL)
    assert r2["r2"][2:].sum() == pytest.approx(1.0)
    total = icc[icc["group"] == "total"].iloc[0]
    assert total["icc"] == pytest.approx(wanted["icc"], rel=tol.GLMM_SHARE_RTOL)
    assert total["icc_unadjusted"] == pytest.approx(
        wanted["icc_unadjusted"], rel=tol.GLMM_SHARE_RTOL
    )


def without_predictors(name):
    model = MODELS[name]
    left, right = model["formula"].split("~")
    random = " + ".join(re.findall(r"\([^()]*\|[^()]*\)", right))
    options = {key: model[key] for key in OPTIONS if model[key] is not None}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", me.ConvergenceWarning)
        return me.glmm(f"{left} ~ 1 + {random}", golden_frame(model), **options)


@pytest.mark.parametrize(
    "name", [n for n, m in GOLDEN.items() if "variances" in m and MODELS[n]["exposure"] is None]
)
def test_variances_of_distributions_are_nakagawas(name):
    """Their table 1, with the mean of the model without predictors, as the R script does."""
    wanted, fit, null = GOLDEN[name]["variances"], fitted(name), without_predictors(name)
    for approximation in ("delta", "lognormal", "trigamma"):
        table = fit.r2(approximation=approximation, null=null)
        variance = dict(zip(table["measure"], table["variance"], strict=True))
        assert variance["distribution"] == pytest.approx(
            wanted[approximation], rel=tol.GLMM_SHARE_RTOL
        )
        assert variance["fixed"] == pytest.approx(wanted["fixed"], rel=tol.GLMM_SHARE_RTOL)
        assert variance["conditional"] - variance["fixed"] == pytest.approx(
            wanted["random"], rel=tol.GLMM_SHARE_RTOL
        )


@pytest.mark.parametrize(
    ("name", "variance"), [("cbpp", pi**2 / 3), ("cbpp_probit", 1.0), ("cbpp_cloglog", pi**2 / 6)]
)
def test_latent_variances_of_links(name, variance):
    table = fitted(name).r2()
    assert table["variance"].iloc[-1] == pytest.approx(variance)


def test_delta_of_a_single_trial():
    fit = fitted("cbpp")
    from mixedeffects.inference.distribution_variance import mean_response

    p = mean_response(fit)
    table = fit.r2(approximation="delta")
    assert table["variance"].iloc[-1] == pytest.approx(1.0 / (p * (1.0 - p)))


@pytest.mark.parametrize(
    "name", ["grouseticks", "contraception_slopes", "owls_zip", "gasoline_beta"]
)
def test_shares_of_the_response_are_those_of_simulated_groups(name):
    """Goldstein, Browne & Rasbash (2002), method B, with every row's own mean."""
    fit = fitted(name)
    rng = np.random.default_rng(7)
    family, design = fit.family, fit.design
    n, m = design.n, 1_000_000 // design.n
    single = [b.factor.n_levels == n for b in design.blocks]

    def effects(block, Lam):
        Z = np.ones((n, 1)) if block.Z is None else np.asarray(block.Z)
        return np.einsum("ra,rsa->rs", Z, rng.standard_normal((n, m, block.k)) @ Lam.T)

    shared, own = np.zeros((n, m)), np.zeros((2, n, m))
    for block, Lam, alone in zip(design.blocks, fit.lambdas, single, strict=True):
        if alone:
            own += np.stack([effects(block, Lam), effects(block, Lam)])
        else:
            shared += effects(block, Lam)
    eta = fit.fixed_predictors[0][:, None] + shared
    others = [np.broadcast_to(x[:, None], (n, m)) for x in fit.fixed_predictors[1:]]
    first, second = (family.mean(eta + e, *others) for e in own)
    size = {"size": np.ones((n, m))} if family.has_size else {}
    noise = family.variance(eta + own[0], *others, **size)
    square = np.mean(first.mean(axis=1) * second.mean(axis=1))
    between = np.mean(first * second) - square
    total = np.mean(first**2) - square + np.mean(noise)
    icc = fit.icc(scale="response")
    assert icc["icc"].iloc[-1] == pytest.approx(between / total, abs=tol.GLMM_SIMULATED_SHARE_ATOL)


def test_shares_of_the_response_by_brute_force():
    """One 0 / 1 response, one factor: a fine grid over the random effect."""
    fit = fitted("bacteria")
    sd = fit.varcorr.sd["ID"][0]
    u = np.linspace(-9, 9, 4001)
    w = np.exp(-0.5 * u**2)
    w /= w.sum()
    p = 1.0 / (1.0 + np.exp(-(fit.fixed_predictors[0][:, None] + sd * u)))
    mean = p @ w
    between, within = p**2 @ w - mean**2, (p * (1 - p)) @ w
    table = fit.icc(scale="response")
    assert table["icc"][0] == pytest.approx(
        between.mean() / (between + within).mean(), rel=tol.ROUNDING_E9
    )
    r2 = fit.r2(scale="response")
    whole = mean.var(ddof=1) + (between + within).mean()
    assert r2["r2"][0] == pytest.approx(mean.var(ddof=1) / whole, rel=tol.ROUNDING_E9)
    assert r2["r2"][1] == pytest.approx(
        (mean.var(ddof=1) + between.mean()) / whole, rel=tol.ROUNDING_E9
    )


def test_several_factors_share_what_they_share():
    fit = fitted("grouseticks_nbinom2")
    table = fit.icc(scale="response").set_index("group")
    assert table["icc"]["BROOD"] + table["icc"]["LOCATION"] < table["icc"]["total"]


def test_effects_of_single_rows_are_not_groups():
    fit = fitted("grouseticks")
    assert set(fit.icc()["group"]) == {"BROOD", "LOCATION", "total"}
    r2 = dict(zip(fit.r2()["measure"], fit.r2()["r2"], strict=True))
    assert r2["conditional"] == pytest.approx(r2["fixed"] + r2["BROOD"] + r2["LOCATION"])
    assert r2["INDEX"] > 0


def test_what_has_no_variance_is_refused_in_words():
    wine = me.glmm(MODELS["wine"]["formula"], golden_frame(MODELS["wine"]), family="ordinal")
    with pytest.raises(me.NotAvailableError, match="categories, not numbers"):
        wine.icc(scale="response")
    with pytest.raises(me.NotAvailableError):
        wine.icc(approximation="delta")
    with pytest.raises(me.NotAvailableError, match="random effects of their own"):
        fitted("salamanders_zip_random_zi").r2()
    with pytest.raises(me.OptionError, match="log link"):
        fitted("cbpp").icc(approximation="trigamma")
    with pytest.raises(me.OptionError, match="not one of"):
        fitted("cbpp").icc(scale="observed")
    with pytest.raises(me.OptionError, match="binomial and ordinal"):
        fitted("epil").r2(approximation="theoretical")
    linear = me.lmm("Reaction ~ Days + (1 | Subject)", me.datasets.sleepstudy())
    with pytest.raises(me.OptionError, match="generalised"):
        linear.icc(approximation="delta")


def test_dispersion_on_its_own_scale():
    assert fitted("epil_nbinom1").dispersion == pytest.approx(
        GOLDEN["epil_nbinom1"]["sigma"], rel=tol.PROGRAM_E4
    )
    rows = fitted("salamanders_nbinom2_dispersion").dispersion
    assert rows.shape == (644,)
    assert fitted("cbpp").dispersion is None


def test_truncated_zeros_make_the_mean_flatter():
    """The delta method by hand: Y of a truncated Poisson distribution, E[Y] = m / (1 - exp(-m))."""
    model = MODELS["salamanders_truncated_poisson"]
    fit = me.glmm(model["formula"], golden_frame(model), family="truncated_poisson")
    from mixedeffects.inference.distribution_variance import mean_response

    m = mean_response(fit)
    mean = m / -np.expm1(-m)
    variance = mean * (1 + m - mean)
    slope = variance  # dE[Y] / d log m, an exponential family
    found = fit.r2(approximation="delta")["variance"].iloc[-1]
    assert found == pytest.approx(variance / slope**2, rel=tol.TRUNCATION_E6)
    lognormal = fit.r2(approximation="lognormal")["variance"].iloc[-1]
    assert lognormal == pytest.approx(
        np.log1p(variance / mean**2) / (slope / mean) ** 2, rel=tol.TRUNCATION_E6
    )


def test_shares_of_many_different_rows_count_each_as_often_as_it_occurs():
    """Counts with a logarithmic link, whose moments are closed: 20,000 rows and 30,000 alike.

    With eta the fixed part and v the variance between groups E y = exp(eta + v / 2) =: m, the
    covariance within a group is m^2 (exp(v) - 1), and the distribution adds m.
    """
    rng = np.random.default_rng(6)
    x = np.r_[rng.normal(size=20_000), np.repeat(rng.uniform(1.0, 2.0, 30), 1000)]
    g = rng.integers(0, 100, x.size)
    y = rng.poisson(np.exp(-0.5 + 0.7 * x + 0.5 * rng.normal(size=100)[g]))
    fit = me.glmm("y ~ x + (1 | g)", {"y": y, "x": x, "g": g}, family="poisson")
    v = fit.varcorr.sd["g"][0] ** 2
    m = np.exp(fit.fixed_predictors[0] + v / 2)
    between, fixed = np.mean(m**2) * np.expm1(v), m.var(ddof=1)
    icc, r2 = fit.icc(scale="response"), fit.r2(scale="response")
    whole = between + m.mean()
    assert icc["icc"][0] == pytest.approx(between / whole, rel=tol.TRUNCATION_2E3)
    assert r2["r2"][0] == pytest.approx(fixed / (fixed + whole), rel=tol.TRUNCATION_2E3)
