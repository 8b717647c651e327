"""The chart of simulated quantile residuals."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import mixedeffects as me
from mixedeffects.inference.prediction.simulate import simulate
from mixedeffects.inference.residual.quantile import quantile_residuals
from mixedeffects.inference.residual.row_sample import row_sample
from tests import tolerances as tol
from tests.plot.pictures import drawn, units
from tests.tolerances import SIMULATED_LIMIT_ABS


@pytest.fixture(scope="module")
def fit():
    return me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())


def counts(n, groups, extra=0.0, seed=1):
    """Counts, with more variance than Poisson where `extra` is positive."""
    rng = np.random.default_rng(seed)
    g = np.arange(n) % groups
    x = rng.normal(size=n)
    mean = np.exp(1.0 + 0.3 * x + 0.4 * rng.normal(size=groups)[g] + extra * rng.normal(size=n))
    return {"y": rng.poisson(mean), "x": x, "g": g}


def test_residuals_and_tests_are_the_fits_own(fit):
    chart = fit.plot.quantile_residuals(100, rng=3)
    own = fit.quantile_residuals(100, rng=np.random.default_rng(3))
    np.testing.assert_array_equal(chart.data["residual"], own.residuals)
    assert chart.tables["tests"].equals(own.tests())
    ordered = chart.tables["uniform"]
    np.testing.assert_array_equal(ordered["residual"], np.sort(own.residuals))
    days = me.datasets.sleepstudy()["Days"]
    # ten values of the prediction, each 18 times: ranks are the middles of tenths
    np.testing.assert_allclose(chart.data["rank"], (days + 0.5) / 10)
    p = own.tests().set_index("test").loc["uniformity", "p_value"]
    assert f"uniformity {p:.3f}" in chart.subtitle[1]


def test_quartiles_are_those_of_the_rows_of_each_bin(fit):
    chart = fit.plot.quantile_residuals(100, rng=3)
    quartiles = chart.tables["quantiles"]
    for rank, own in chart.data.groupby("rank"):
        found = quartiles[np.isclose(quartiles["rank"], rank)]
        np.testing.assert_allclose(found["value"], np.quantile(own["residual"], found["quantile"]))


def test_rows_of_a_true_model_lie_in_the_bands_and_too_variable_counts_do_not():
    right = me.glmm("y ~ x + (1 | g)", counts(1500, 30), family="poisson")
    wrong = me.glmm("y ~ x + (1 | g)", counts(1500, 30, extra=0.8), family="poisson")
    for fit, least, most in ((right, 0.0, 0.1), (wrong, 0.3, 1.0)):
        chart = fit.plot.quantile_residuals(rng=2)
        u = chart.tables["uniform"]
        outside = ((u["residual"] < u["lower"]) | (u["residual"] > u["upper"])).mean()
        assert least <= outside <= most
        assert drawn(chart).marks("point") > 1500


def test_a_sample_of_rows_is_simulated_like_the_whole():
    """Means, variances and the covariance of two rows of one group are the whole fit's."""
    fit = me.glmm("y ~ x + (x | g)", counts(600, 12), family="poisson")
    rows = np.array([0, 12, 24, 5, 77, 599])
    some = row_sample(fit, rows)
    ours, whole = simulate(some, 4000, 1), simulate(fit, 4000, 2)[rows]
    error = whole.std(axis=1) / np.sqrt(4000)
    assert (np.abs(ours.mean(axis=1) - whole.mean(axis=1)) < tol.STANDARD_ERRORS_6 * error).all()
    np.testing.assert_allclose(ours.var(axis=1), whole.var(axis=1), rtol=tol.SAMPLED_25E2)
    ours, whole = (np.corrcoef(np.log1p(s)) for s in (ours, whole))
    np.testing.assert_allclose(ours, whole, atol=tol.SAMPLED_E1)
    kept = simulate(some, 4000, 1, groups="conditional").mean(axis=1)
    np.testing.assert_allclose(kept, fit.fitted[rows], rtol=tol.SAMPLED_E1)
    assert quantile_residuals(some, 50, 1).residuals.shape == (6,)


def test_of_many_rows_a_sample_is_simulated_and_it_says_so():
    table = counts(9000, 40)
    table["x"][7] = np.nan
    fit = me.glmm("y ~ x + (1 | g)", table, family="poisson")
    chart = fit.plot.quantile_residuals(50, rng=2)
    assert len(chart.data) == 3000
    assert "3,000 of 8,999 rows simulated, chosen at random" in chart.subtitle
    assert 7 not in set(chart.data["row"]) and chart.data["row"].max() > 8990
    assert drawn(chart).ink > 0.05


def test_fixed_or_conditional_predictions_follow_the_simulations(fit):
    chart = fit.plot.quantile_residuals(50, rng=1, groups="conditional")
    order = np.argsort(chart.data["rank"].to_numpy(), kind="stable")
    assert (np.diff(fit.fitted[order]) >= 0).all()
    with pytest.raises(me.OptionError, match="not one of new, conditional"):
        fit.plot.quantile_residuals(groups="old")
    with pytest.raises(me.OptionError, match="positive whole number"):
        fit.plot.quantile_residuals(0)


def test_bands_are_those_of_simulations_by_hand(fit):
    """y* = Xb + Zu + e; its residual is its place in the normal distribution that it comes from."""
    chart = fit.plot.quantile_residuals(2000, rng=1)
    table = me.datasets.sleepstudy()
    rng = np.random.default_rng(8)
    days, who = table["Days"].to_numpy(), np.repeat(np.arange(18), 10)
    L = fit.sigma * np.array([[fit.theta[0], 0.0], [fit.theta[1], fit.theta[2]]])
    u = rng.normal(size=(4000, 18, 2)) @ L.T
    noise = u[:, who, 0] + u[:, who, 1] * days + fit.sigma * rng.normal(size=(4000, 180))
    z = np.column_stack([np.ones(180), days])
    sd = np.sqrt(np.einsum("ni,ij,nj->n", z, L @ L.T, z) + fit.sigma**2)
    residuals = stats.norm.cdf(noise / sd)
    limits = np.quantile(np.sort(residuals, axis=1), [0.025, 0.975], axis=0)
    uniform = chart.tables["uniform"]
    for name, expected in zip(("lower", "upper"), limits, strict=True):
        np.testing.assert_allclose(uniform[name], expected, atol=SIMULATED_LIMIT_ABS)
    quartiles = chart.tables["quantiles"].sort_values(["quantile", "rank"])
    for q, own in quartiles.groupby("quantile"):
        by_day = [np.quantile(residuals[:, days == day], q, axis=1) for day in range(10)]
        limits = np.quantile(by_day, [0.025, 0.975], axis=1)
        for name, expected in zip(("lower", "upper"), limits, strict=True):
            np.testing.assert_allclose(own[name], expected, atol=SIMULATED_LIMIT_ABS)
    bands = [unit for unit in units(chart) if unit.mark == "area"]
    assert [(b.encoding["y"]["field"], b.encoding["y2"]["field"]) for b in bands] == [
        ("lower", "upper")
    ] * 2


def test_points_know_their_levels():
    table = me.datasets.sleepstudy().drop(index=[0, 77]).reset_index(drop=True)
    table.loc[3, "Reaction"] = np.nan
    fit = me.lmm("Reaction ~ Days + (Days | Subject)", table)
    chart = fit.plot.quantile_residuals(50, rng=1)
    for name in ("data", "uniform"):
        shown = chart.tables[name]
        assert (shown["level"] == table["Subject"].astype(str).to_numpy()[shown["row"]]).all()


def test_the_same_chart_twice():
    fit = me.glmm("incidence / size ~ period + (1 | herd)", me.datasets.cbpp())
    assert fit.plot.quantile_residuals().to_dict() == fit.plot.quantile_residuals().to_dict()
