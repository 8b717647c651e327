"""Simulated quantile residuals: exact where the truth is known, near level and powerful in fits."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy import stats
from scipy.stats import kstest

import mixedeffects as me
from mixedeffects.assumptions.counts import dispersion_ratio
from mixedeffects.errors import DataError, NotAvailableError, OptionError
from mixedeffects.inference.residual.dispersion import simulated_ratios
from mixedeffects.inference.residual.moments import fitted_moments
from mixedeffects.inference.residual.pool import (
    moment_basis,
    monte_carlo_p,
    pool_statistics,
    table_of_tests,
)
from tests import tolerances as tol
from tests.inference.test_predict_glmm import MODELS, fitted


def statistics_of(pool, discrete, rng):
    X = np.column_stack([np.ones(pool.shape[0]), np.linspace(-1, 1, pool.shape[0])])
    moments = fitted_moments(pool, X, [(np.arange(pool.shape[0]) // 5, None, 99)])
    return pool_statistics(pool, rng, discrete, moments)


@pytest.mark.parametrize("discrete", [True, False])
def test_everything_is_exact_under_a_known_model(discrete):
    rng = np.random.default_rng(1)
    residuals, p = [], []
    for _ in range(200):
        b = 0.8 * rng.normal(size=(20, 100))
        mean = np.exp(0.2 + np.repeat(b, 5, axis=0))
        pool = rng.poisson(mean).astype(float) if discrete else rng.gamma(2.0, mean)
        found, below = statistics_of(pool, discrete, rng)
        residuals.append((below + rng.random(below.size)) / 100)
        p.append([monte_carlo_p(found.adjusted[name]) for name in ("uniformity", "dispersion")])
    # one row of each: rows of a data set depend on each other
    assert kstest([r[7] for r in residuals], "uniform").pvalue > 0.01
    for column in np.array(p).T:
        assert 0.01 <= (column < 0.05).mean() <= 0.10


def test_statistics_are_what_they_say():
    rng = np.random.default_rng(2)
    pool = rng.poisson(1.0, (40, 30)).astype(float)
    found, below = statistics_of(pool, True, rng)
    assert found.values["zeros"] == pytest.approx((pool == 0).sum(axis=0))
    outside = [
        sum(row[j] > np.delete(row, j).max() or row[j] < np.delete(row, j).min() for row in pool)
        for j in range(30)
    ]
    assert found.values["outliers"] == pytest.approx(outside)
    z = (pool - pool.mean(axis=1, keepdims=True)) / pool.std(axis=1, keepdims=True)
    assert found.values["dispersion"] == pytest.approx((z**2).mean(axis=0))
    only = np.where(np.arange(40)[:, None] < 10, pool > 0, pool)  # rows of 0 and 1 say nothing
    found_of_rest, _ = statistics_of(only.astype(float), True, rng)
    assert found_of_rest.values["dispersion"] == pytest.approx((z[10:] ** 2).mean(axis=0))
    low = (pool < pool[:, :1]).sum(axis=1)
    high = (pool <= pool[:, :1]).sum(axis=1) - 1
    assert ((low <= below) & (below <= high)).all()


def test_what_is_fitted_is_taken_out():
    rng = np.random.default_rng(3)
    basis = moment_basis(np.column_stack([rng.normal(size=(100, 3)), np.ones(100)]))
    assert basis.shape == (100, 4)
    assert basis.T @ basis == pytest.approx(np.eye(4), abs=tol.ROUNDING_E12)
    assert moment_basis(rng.normal(size=(50, 80))).shape == (50, 10)


def rates(draw, repeats, seed, family="poisson"):
    """Share of tests that reject at 5%."""
    rng = np.random.default_rng(seed)
    G, n = 30, 300
    g, counts = np.repeat(np.arange(G), 10), {}
    for _ in range(repeats):
        x = rng.normal(size=n)
        mean = np.exp(0.3 + 0.5 * x + 0.6 * rng.normal(size=G)[g])
        fit = me.glmm("y ~ x + (1 | g)", {"y": draw(rng, mean), "x": x, "g": g}, family=family)
        found = fit.quantile_residuals(149, rng=rng).tests()
        over = fit.check_dispersion(149, rng=rng)
        for test, p in [
            *zip(found["test"], found["p_value"], strict=True),
            *zip(over["method"], over["p_value"], strict=True),
        ]:
            counts[test] = counts.get(test, 0) + (p < 0.05)
    return {test: count / repeats for test, count in counts.items()}


def test_a_true_model_is_rejected_about_as_often_as_said():
    found = rates(lambda rng, mean: rng.poisson(mean), 60, 11)
    assert all(rate <= 0.15 for rate in found.values()), found
    assert np.mean([found[t] for t in ("uniformity", "dispersion", "zeros")]) > 0.005


def test_overdispersion_and_extra_zeros_are_seen():
    over = rates(lambda rng, mean: rng.negative_binomial(1.5, 1.5 / (1.5 + mean)), 10, 12)
    assert min(over[t] for t in ("uniformity", "dispersion", "Pearson", "simulated")) >= 0.8
    zeros = rates(lambda rng, mean: rng.poisson(1.5 * mean) * (rng.random(mean.size) > 0.3), 10, 13)
    assert min(zeros[t] for t in ("uniformity", "zeros")) >= 0.8


def test_the_overdispersion_of_performance():
    golden = MODELS["epil_poisson"]["overdispersion"]
    found = fitted("epil_poisson").check_dispersion(rng=1).iloc[0]
    assert found["statistic"] == pytest.approx(golden["chisq"], rel=tol.PROGRAM_E4)
    assert found["df"] == golden["df"]
    assert found["ratio"] == pytest.approx(golden["ratio"], rel=tol.PROGRAM_E4)
    assert found["p_value"] == pytest.approx(golden["p"], rel=tol.PROGRAM_E2)
    assert found["meaning"] == "more variable than the model says"


def test_effective_degrees_of_freedom():
    """Without variance between groups the modes use none, with much each uses one."""
    rng = np.random.default_rng(4)
    g = np.repeat(np.arange(20), 50)
    for sd, low, high in ((0.0, 0.9, 8.0), (2.0, 19.0, 22.0)):
        y = rng.poisson(np.exp(2 + sd * rng.normal(size=20)[g]))
        fit = me.glmm("y ~ 1 + (1 | g)", {"y": y, "g": g}, family="poisson")
        df = fit.check_dispersion(20, rng=1)["df"][1]
        assert 1000 - high < df < 1000 - low


def test_a_row_of_weight_three_is_three_rows():
    rng = np.random.default_rng(1)
    g, x, w = np.repeat(np.arange(30), 6), rng.normal(size=180), rng.integers(0, 5, 180)
    n = rng.integers(2, 9, 180)
    eta = 0.4 * x + 0.5 * rng.normal(size=30)[g]
    for formula, y, family in (
        ("y ~ x + (1 | g)", rng.poisson(np.exp(1 + eta)), "poisson"),
        ("y / n ~ x + (1 | g)", rng.binomial(n, 1 / (1 + np.exp(-eta))), "binomial"),
    ):
        data = {"y": y, "n": n, "x": x, "g": g, "w": w}
        used = {name: values[w > 0] for name, values in data.items()}
        copies = {name: np.repeat(values, w) for name, values in data.items()}
        weighted = me.glmm(formula, used, family=family, weights="w")
        repeated = me.glmm(formula, copies, family=family)
        one, two = (fit.check_dispersion(59, rng=1) for fit in (weighted, repeated))
        assert one["meaning"].tolist() == two["meaning"].tolist()
        for column in ("statistic", "df", "ratio", "p_value"):
            np.testing.assert_allclose(one[column], two[column], rtol=tol.OPTIMUM_E5)
        np.testing.assert_allclose(
            dispersion_ratio(weighted), dispersion_ratio(repeated), rtol=tol.OPTIMUM_E5
        )


@pytest.mark.parametrize("w", [99.5, 100.0])
def test_simulated_ratios_vary_as_weighted_squares(w):
    """Of mean squares z_i^2 of expectation 1 with weights w_i the mean is 1 but for the modes.

    The variance of z_i^2 of a Poisson count is 2 + 1 / mu. A weight is as many independent squares,
    and a part of one counts by its part. Each mode takes I / (I + 1 / sd^2) of a square
    away, I the information about its level: the trace of R V^-1 of the normal model.
    """
    rng = np.random.default_rng(2)
    weights = np.r_[np.full(30, w), np.ones(90)]
    data = {"y": rng.poisson(5.0, 120), "g": np.arange(120) % 12, "w": weights}
    fit = me.glmm("y ~ 1 + (1 | g)", data, family="poisson", weights="w")
    m = 2000
    found = np.array(simulated_ratios(fit, m, rng))
    spread = np.floor(weights) + (weights % 1.0) ** 2
    variance = (spread * (2.0 + 1.0 / fit.fitted)).sum() / weights.sum() ** 2
    information = np.bincount(data["g"], weights * fit.fitted)
    sd = float(fit.varcorr.tidy()["sdcor"].iloc[0])
    mean = 1.0 - (information / (information + sd**-2)).sum() / weights.sum()
    assert abs(found.mean() - mean) < tol.STANDARD_ERRORS_4 * np.sqrt(variance / m)
    assert found.var() == pytest.approx(variance, rel=tol.SAMPLED_2E1)


@pytest.mark.parametrize(("levels", "each", "mean", "sd"), [(400, 2, 1.0, 1.0), (150, 4, 1.0, 1.0),
                                                            (600, 2, 0.1, 2.0)])  # fmt: skip
def test_modes_of_small_groups_do_not_make_counts_less_variable(levels, each, mean, sd):
    """A true model: the share of simulated responses that vary less is uniform."""
    p = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        g = np.repeat(np.arange(levels), each)
        y = rng.poisson(mean * np.exp(sd * rng.normal(size=levels)[g]))
        fit = me.glmm("y ~ 1 + (1 | g)", {"y": y, "g": g}, family="poisson")
        p.append(float(fit.check_dispersion(99, rng=rng)["p_value"][2]))
    assert stats.kstest(p, "uniform").pvalue > tol.UNLIKELY


def test_linear_models_and_groups(sleepstudy):
    fit = me.lmm("Reaction ~ Days + (Days | Subject)", sleepstudy)
    found = fit.quantile_residuals(rng=1)
    assert found.residuals.shape == (180,)
    assert (found.tests()["p_value"] > 0.01).all()
    assert list(found.table().columns) == ["observed", "expected", "residual"]
    by = found.by("Subject", rng=1)
    assert by.table()["group"].tolist()[:2] == sleepstudy["Subject"].unique().tolist()[:2]
    totals = sleepstudy.groupby("Subject", observed=True)["Reaction"].sum()
    assert by.table()["observed"].to_numpy() == pytest.approx(totals.to_numpy())
    assert found.by(sleepstudy["Days"].to_numpy()).residuals.shape == (10,)
    weighted = me.lmm(
        "Reaction ~ Days + (1 | Subject)", sleepstudy.assign(w=1.0 + sleepstudy["Days"]),
        weights="w",
    )  # fmt: skip
    assert weighted.quantile_residuals(50, rng=1, groups="conditional").residuals.max() < 1
    for text in (str(found), found._repr_html_(), str(by)):
        assert "uniformity" in text
    again = fit.quantile_residuals(rng=1)
    assert (again.residuals == found.residuals).all()


def test_every_kind_of_model_has_them():
    for name in ("cbpp", "zip_random_zi", "wine", "gamma", "hurdle", "ticks"):
        found = fitted(name).quantile_residuals(60, rng=2)
        assert ((found.residuals > 0) & (found.residuals < 1)).all()
        assert ("zeros" in found.tests()["test"].tolist()) == (
            name in ("zip_random_zi", "hurdle", "ticks")
        )


def test_what_cannot_be_asked_is_refused(sleepstudy):
    fit = fitted("cbpp")
    with pytest.raises(OptionError, match="groups"):
        fit.quantile_residuals(groups="all")
    with pytest.raises(OptionError, match="n="):
        fit.quantile_residuals(0)
    with pytest.raises(NotAvailableError, match="memory"):
        fit.quantile_residuals(10**8)
    with pytest.raises(OptionError, match="herd"):
        fit.quantile_residuals(10, rng=1).by("farm")
    with pytest.raises(DataError, match="rows"):
        fit.quantile_residuals(10, rng=1).by([1, 2])
    with pytest.raises(NotAvailableError, match="0 / 1"):
        fitted("wine").check_dispersion()
    with pytest.raises(NotAvailableError, match="estimated"):
        fitted("gamma").check_dispersion()


def test_a_link_that_random_effects_leave_is_refused_in_words():
    """Gamma means by 1 / mu: a group drawn far below zero would have a negative mean."""
    rng = np.random.default_rng(1)
    g = np.repeat(np.arange(30), 6)
    x = rng.uniform(size=g.size)
    mean = 1 / np.maximum(0.6 + 0.5 * x + 0.25 * rng.normal(size=30)[g], 0.05)
    table = {"y": rng.gamma(5, mean / 5), "x": x, "g": g}
    fit = me.glmm("y ~ x + (1 | g)", table, family=me.family.Gamma("inverse"))
    with pytest.raises(me.NotAvailableError, match="simulated rows have no mean"):
        fit.simulate(200, rng=1)
    assert (fit.simulate(20, rng=1, groups="conditional") > 0).all()


def rare_pairs(rng, kind, pairs=100):
    """Two rows a group, few events."""
    g = np.repeat(np.arange(pairs), 2)
    x = np.tile([0.0, 1.0], pairs)
    eta = -3.0 + 0.5 * x + rng.normal(size=pairs)[g]
    if kind == "poisson":
        return {"y": rng.poisson(np.exp(eta)), "x": x, "g": g}
    return {"y": rng.binomial(1, 1 / (1 + np.exp(-eta))), "x": x, "g": g}


@pytest.mark.parametrize("kind", ["binomial", "poisson"])
def test_rare_events_in_pairs_are_not_accused(kind):
    """True models, by rows and by pairs: no test rejects twice as often as it says."""
    rng, rejected, fits = np.random.default_rng(21), {}, 60
    for _ in range(fits):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", me.ConvergenceWarning)
            fit = me.glmm("y ~ x + (1 | g)", rare_pairs(rng, kind), family=kind)
        found = fit.quantile_residuals(99, rng=rng)
        for name, tests in (("rows", found.tests()), ("pairs", found.by("g", rng=rng).tests())):
            assert name == "pairs" or kind == "poisson" or "dispersion" not in set(tests["test"])
            for test, p in zip(tests["test"], tests["p_value"], strict=True):
                rejected[name, test] = rejected.get((name, test), 0) + (p < 0.05)
    # 9 of 60 at a level of 5%: P(more) is 1e-3
    assert max(rejected.values()) <= 9, rejected


def test_words_and_numbers_of_a_test_are_of_one_quantity():
    """What is called more lies above what is expected, in every test that rejects."""
    rng, checked = np.random.default_rng(22), 0
    g = np.repeat(np.arange(40), 5)
    for i in range(24):
        mean = np.exp(-1.0 + 0.8 * rng.normal(size=40)[g])
        y = (
            rng.negative_binomial(0.7, 0.7 / (0.7 + mean)) if i % 2 else rng.binomial(
                np.ceil(2 * mean).astype(int), 0.5)
        )  # fmt: skip
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", me.ConvergenceWarning)
            fit = me.glmm("y ~ 1 + (1 | g)", {"y": y, "g": g}, family="poisson")
        found = fit.quantile_residuals(99, rng=rng)
        for tests in (found.tests(), found.by("g", rng=rng).tests()):
            for _, row in tests.iterrows():
                more = row["meaning"].startswith("more")
                if more or row["meaning"].startswith(("less", "fewer")):
                    assert (row["statistic"] > row["expected"]) == more, row.to_dict()
                    checked += 1
    assert checked > 10


@pytest.mark.parametrize("trials", [1, 2])
def test_words_follow_numbers_where_the_fit_explains_a_statistic(trials):
    """Fewer events than the simulations have, as where an approximation is biased."""
    rng, checked = np.random.default_rng(23), 0
    g = np.repeat(np.arange(100), 2)
    for _ in range(60):
        eta = -3.2 + 2.0 * rng.normal(size=(100, 80))
        eta[:, 0] -= 0.5
        pool = rng.binomial(trials, 1 / (1 + np.exp(-eta[g]))).astype(float)
        moments = fitted_moments(pool, np.ones((200, 1)), [(g, None, 100)])
        for rows in (pool, pool[::2] + pool[1::2]):
            found, _ = pool_statistics(rows, rng, True, moments)
            tests = table_of_tests(found, True).columns
            for name, observed, expected, p, words in zip(*tests.values(), strict=True):
                if p < 0.05 and name != "uniformity":
                    assert (observed > expected) == words.startswith("more"), (name, words)
                    checked += 1
    assert checked > 2
