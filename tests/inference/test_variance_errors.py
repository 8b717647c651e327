"""Standard errors of variance components against glmmTMB's exact Hessian and closed forms."""

from __future__ import annotations

import numpy as np
import pytest

import mixedeffects as me
from mixedeffects.inference import variance_errors
from tests import tolerances as tol
from tests.golden.compare.series import SERIES, as_list, fits

CASES = [
    (name, method)
    for name, record in SERIES.items()
    for method in ("reml", "ml")
    # glmmTMB finds no positive definite Hessian where its likelihood is missing
    if record.get("variance_errors") and record["variance_errors"][method]["loglik"] is not None
]


@pytest.mark.parametrize(("name", "method"), CASES)
def test_errors_of_log_sds_and_correlations_are_glmmtmbs(name, method):
    golden = SERIES[name]["variance_errors"][method]
    fit = fits(name, method == "reml")[-1]
    table = variance_errors(fit).columns
    assert fit.loglik == pytest.approx(golden["loglik"], abs=tol.PROGRAM_E4)
    covariance, names = np.array(golden["covariance"]), golden["names"]
    place = names.index("betad")
    expected = [(golden["sigma"], 0.5 * np.sqrt(covariance[place, place]))]
    at = [i for i, n in enumerate(names) if n == "theta"]
    correlations = []
    for block in golden["blocks"]:
        sds = as_list(block["sd"])
        expected += [(sd, np.sqrt(covariance[i, i])) for sd, i in zip(sds, at, strict=False)]
        at = at[len(sds) :]
        if len(sds) == 2:  # r = t / sqrt(1 + t^2) for one correlation
            t = golden["par"][at[0]]
            error = np.sqrt(covariance[at[0], at[0]]) * (1 + t * t) ** -1.5
            correlations.append((block["corr"], error))
        at = at[len(sds) * (len(sds) - 1) // 2 :]
    ours = [
        (sd, error / sd)
        for sd, error, second in zip(
            table["sdcor"], table["std_error"], table["term2"], strict=True
        )
        if second is None
    ]
    assert len(ours) == len(expected)
    for sd, error in expected:
        nearest = min(ours, key=lambda pair, sd=sd: abs(pair[0] - sd))
        assert nearest[0] == pytest.approx(sd, rel=tol.PROGRAM_E3)
        assert nearest[1] == pytest.approx(error, rel=tol.VARIANCE_ERROR_RTOL)
    for r, error in correlations:
        found = [
            (value, e)
            for value, e, second in zip(
                table["sdcor"], table["std_error"], table["term2"], strict=True
            )
            if second is not None
        ]
        assert found[0][0] == pytest.approx(r, abs=tol.PROGRAM_E3)
        assert found[0][1] == pytest.approx(error, rel=tol.VARIANCE_ERROR_RTOL)


def balanced(scale=1.0):
    """A balanced one-way table: the REML information is known in closed form."""
    rng = np.random.default_rng(4)
    J, k = 50, 20
    g = np.repeat(np.arange(J), k)
    y = scale * (7.0 * rng.standard_normal(J)[g] + 10.0 * rng.standard_normal(J * k))
    means = y.reshape(J, k).mean(axis=1)
    between = k * ((means - means.mean()) ** 2).sum() / (J - 1)
    within = ((y.reshape(J, k) - means[:, None]) ** 2).sum() / (J * (k - 1))
    error = np.sqrt(2 * between**2 / (J - 1) + 2 * within**2 / (J * (k - 1))) / k
    return {"y": y, "g": g}, (between - within) / k, error


@pytest.mark.parametrize("scale", [1.0, 1e-3, 1e4])
def test_the_error_of_a_variance_is_on_the_variances_scale(scale):
    # mean squares are independent scaled chi-squares (Searle, Casella & McCulloch 1992, 3.6)
    table, variance, error = balanced(scale)
    row = me.lmm("y ~ 1 + (1 | g)", table).varcorr.tidy().iloc[0]
    assert row["vcov"] == pytest.approx(variance, rel=tol.OPTIMUM_E5)
    assert row["vcov_std_error"] == pytest.approx(error, rel=tol.OPTIMUM_E4)
    assert row["std_error"] == pytest.approx(error / (2 * np.sqrt(variance)), rel=tol.OPTIMUM_E4)


def test_the_teaching_example_is_not_off_by_sigma():
    # statsmodels prints 1.01 here: it scales the error of the ratio by sigma, not by sigma^2
    fit = me.lmm("score ~ hs_gpa + method + (1 | instructor)", me.datasets.teaching_methods())
    row = fit.varcorr.tidy().iloc[0]
    # 50 instructors less 5 methods, groups so large that their means are nearly exact
    assert row["vcov_std_error"] == pytest.approx(
        row["vcov"] * np.sqrt(2 / 45), rel=tol.APPROXIMATION_2E2
    )


def test_limits_of_variances_sds_and_correlations(sleepstudy):
    fit = me.lmm("Reaction ~ Days + (Days | Subject)", sleepstudy)
    t = variance_errors(fit, level=0.9).columns
    z = 1.6448536269514722
    sd, error = t["sdcor"][0], t["std_error"][0]
    assert t["lower"][0] == pytest.approx(sd * np.exp(-z * error / sd))
    assert t["vcov_upper"][0] == pytest.approx(t["upper"][0] ** 2)
    assert t["vcov_std_error"][0] == pytest.approx(2 * sd * error)
    r, error = t["sdcor"][2], t["std_error"][2]
    width = z * error / (1 - r**2)
    assert t["upper"][2] == pytest.approx(np.tanh(np.arctanh(r) + width))
    assert t["vcov_lower"][2] == pytest.approx(t["vcov"][2] - z * t["vcov_std_error"][2])


def test_tidy_has_the_same_numbers(sleepstudy):
    fit = me.lmm("Reaction ~ Days + (Days | Subject)", sleepstudy)
    tidy = fit.tidy()
    random = tidy[tidy["effect"] == "ran_pars"]
    table = variance_errors(fit).columns
    for name in ("std_error", "lower", "upper"):
        assert random[name].tolist() == pytest.approx(table[name].tolist())


def test_the_boundary_has_a_reason_instead_of_an_error(dyestuff2):
    fit = me.lmm("Yield ~ 1 + (1 | Batch)", dyestuff2)
    zero, residual = (fit.varcorr.tidy().iloc[i] for i in (0, 1))
    assert np.isnan(zero["std_error"]) and "boundary" in zero["reason"]
    # with the variance at zero the rest is least squares: 2 sigma^4 / (n - 1)
    assert residual["vcov_std_error"] == pytest.approx(
        residual["vcov"] * np.sqrt(2 / 29), rel=tol.OPTIMUM_E4
    )
    assert residual["reason"] == ""


def test_a_singular_term_leaves_the_others_their_errors():
    rng = np.random.default_rng(8)
    g, h = np.repeat(np.arange(30), 8), np.tile(np.arange(24), 10)
    x = rng.standard_normal(240)
    y = rng.standard_normal(30)[g] * (1 + x) + rng.standard_normal(24)[h] + rng.normal(size=240)
    fit = me.lmm("y ~ x + (x | g) + (1 | h)", {"y": y, "x": x, "g": g, "h": h})
    assert fit.certificate.is_singular  # perfectly correlated
    t = fit.varcorr.tidy()
    of_g = (t["group"] == "g").to_numpy()
    assert t["std_error"][of_g].isna().all() and t["std_error"][~of_g].notna().all()


def test_a_zero_variance_leaves_uncorrelated_columns_their_errors():
    rng = np.random.default_rng(0)
    g, x = np.repeat(np.arange(20), 10), rng.standard_normal(200)
    y = rng.standard_normal(20)[g] + rng.standard_normal(200)
    fit = me.lmm("y ~ x + (x || g)", {"y": y, "x": x, "g": g})
    assert fit.varcorr.sd["g"][1] == 0.0
    t, plain = fit.varcorr.tidy(), me.lmm("y ~ x + (1 | g)", {"y": y, "x": x, "g": g})
    assert np.isnan(t["std_error"][1])
    assert t["std_error"][0] == pytest.approx(
        plain.varcorr.tidy()["std_error"][0], rel=tol.OPTIMUM_E4
    )


def test_uncorrelated_terms_are_in_the_order_of_varcorr(sleepstudy):
    fit = me.lmm("Reaction ~ Days + (Days || Subject)", sleepstudy)
    t = fit.varcorr.tidy()
    facts = me.lmm("Reaction ~ Days + (1 | Subject) + (0 + Days | Subject)", sleepstudy)
    assert t["vcov"].tolist() == pytest.approx(
        facts.varcorr.tidy()["vcov"].tolist(), rel=tol.OPTIMUM_E4
    )
    assert t["std_error"].tolist() == pytest.approx(
        facts.varcorr.tidy()["std_error"].tolist(), rel=tol.OPTIMUM_E4
    )


def test_a_loaded_fit_has_the_same_errors(sleepstudy, tmp_path):
    fit = me.lmm("Reaction ~ Days + (Days | Subject)", sleepstudy)
    fit.save(tmp_path / "fit.npz")
    loaded = me.load(tmp_path / "fit.npz").varcorr.tidy()
    assert loaded["std_error"].tolist() == pytest.approx(fit.varcorr.tidy()["std_error"].tolist())
