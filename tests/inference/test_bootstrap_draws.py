"""Every replicate is a draw of its own, from what was asked to be drawn; clusters left out in turn.

By-hand fits without a cluster, and the formula of BCa intervals, are the judges.
"""

from __future__ import annotations

import warnings
from functools import cache
from importlib import import_module

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import mixedeffects as me
from mixedeffects.estimation.refits import FAILED
from tests import tolerances as tol
from tests.tolerances import JACKKNIFE_ATOL, MONTE_CARLO_Z

pytestmark = pytest.mark.filterwarnings("ignore::mixedeffects.errors.DataWarning")
GROUPS, ROWS, SITES = 24, 5, 6
FORMULA = {"linear": "y ~ x + (1 | g)", "counts": "k ~ x + (1 | g)"}


@cache
def table():
    """Groups within sites, sites being coarser clusters that the models do not know."""
    rng = np.random.default_rng(21)
    g = np.repeat(np.arange(GROUPS), ROWS)
    x = rng.normal(size=g.size)
    eta = 0.8 + 0.4 * x + 0.6 * rng.normal(size=GROUPS)[g]
    return pd.DataFrame({
        "y": eta + rng.normal(size=g.size), "k": rng.poisson(np.exp(eta)), "x": x,
        "g": [f"g{v:02d}" for v in g], "site": [f"s{v % SITES}" for v in g],
    })  # fmt: skip


def fit_to(kind, data):
    if kind == "linear":
        return me.lmm(FORMULA[kind], data)
    return me.glmm(FORMULA[kind], data, family="poisson")


@cache
def fitted(kind):
    return fit_to(kind, table())


def parameters(fit):
    """In the order of a bootstrap: coefficients, standard deviations, residual one."""
    sds = [float(sd) for own in fit.varcorr.sd.values() for sd in np.atleast_1d(own)]
    return np.array([*fit.fixef.values(), *sds])


METHODS = {
    "linear": ("parametric", "residual", "cluster", "observation"),
    "counts": ("parametric", "cluster", "observation"),
}


@pytest.mark.parametrize("statistic", [False, True])
@pytest.mark.parametrize(
    ("kind", "method"), [(kind, method) for kind, methods in METHODS.items() for method in methods]
)
def test_every_replicate_has_a_stream_of_its_own(kind, method, statistic):
    if statistic and kind == "counts" and method != "parametric":
        return  # which is refused
    options = {"statistic": lambda fit: fit.beta} if statistic else {}
    found = fitted(kind).bootstrap(20, method=method, rng=5, threads=1, **options).replicates
    assert np.isfinite(found).all()
    slopes = np.sort(found[:, 1])
    assert np.diff(slopes).min() > 1e-9


@pytest.mark.parametrize("kind", FORMULA)
def test_each_cluster_is_left_out_once(kind):
    for groups, column, count in ((None, "g", GROUPS), ("labels", "site", SITES)):
        given = {} if groups is None else {"groups": table()["site"].to_numpy()}
        boot = fitted(kind).bootstrap(4, method="cluster", rng=1, **given)
        left = boot.facts.jackknife()
        assert left.shape[0] == boot.facts.n_clusters == count
        levels = sorted(table()[column].unique())
        for j in range(0, count, 5):
            by_hand = fit_to(kind, table()[table()[column] != levels[j]])
            np.testing.assert_allclose(left[j], parameters(by_hand), atol=JACKKNIFE_ATOL)
        assert np.diff(np.sort(left[:, 1])).min() > 1e-9


@pytest.mark.parametrize("kind", FORMULA)
@pytest.mark.parametrize("method", ["parametric", "cluster"])
def test_bca_intervals_are_efrons(kind, method):
    """Efron (1987), doi:10.1080/01621459.1987.10478410: acceleration from the by-hand jackknife."""
    n = {"linear": 400, "counts": 100}[kind]
    boot = fitted(kind).bootstrap(n, method=method, rng=2)
    levels = sorted(table()["g"].unique())
    left = [parameters(fit_to(kind, table()[table()["g"] != level]))[:2] for level in levels]
    found = pd.DataFrame(boot.confint("bca", level=0.9, parameters="fixed"))
    away = np.mean(left, axis=0) - np.array(left)
    acceleration = (away**3).sum(axis=0) / (6.0 * (away**2).sum(axis=0) ** 1.5)
    for i, row in enumerate(found.itertuples()):
        replicates = np.sort(boot.replicates[:, i])
        z0 = stats.norm.ppf(np.mean(replicates < row.estimate))
        for limit, z in ((row.lower, -1.6448536), (row.upper, 1.6448536)):
            p = stats.norm.cdf(z0 + (z0 + z) / (1.0 - acceleration[i] * (z0 + z)))
            place = np.searchsorted(replicates, limit) / replicates.size
            assert abs(place - p) <= tol.SAMPLED_20E1 / replicates.size


@pytest.mark.parametrize("kind", [*FORMULA, "two factors"])
def test_clusters_asked_for_are_those_drawn(kind):
    """A column of one site is lost where that site is not drawn, whatever the model's groups."""
    data = table().assign(t=(table()["site"] == "s2") * 1.0)
    n = 60 if kind == "counts" else 120
    if kind == "counts":
        fit = me.glmm("k ~ t + (1 | g)", data, family="poisson")
    else:
        fit = me.lmm("y ~ t + (1 | g)" + " + (1 | site)" * (kind == "two factors"), data)
    by_site = fit.bootstrap(n, method="cluster", groups=data["site"].to_numpy(), rng=3)
    by_group = fit.bootstrap(n, method="cluster", groups="g", rng=3)
    for boot, count, own in ((by_site, SITES, 1), (by_group, GROUPS, GROUPS // SITES)):
        lost = (1.0 - own / count) ** count
        error = np.sqrt(lost * (1.0 - lost) / n)
        assert abs(boot.n_failed / n - lost) < MONTE_CARLO_Z * error
        assert boot.facts.n_clusters == count
        gone = np.isnan(boot.replicates).all(axis=1)
        assert gone.sum() == boot.n_failed > 0
        assert np.isfinite(boot.replicates[~gone]).all()
        assert np.array_equal(np.isnan(boot.facts.std_errors).all(axis=1), gone)


def test_whole_clusters_are_drawn_as_many_as_there_are():
    data, seen = table().assign(row=np.arange(GROUPS * ROWS) / 10), []
    fit = me.lmm("y ~ x + row + (1 | g)", data)
    site = data["site"].to_numpy()

    def look(refit):
        rows = np.rint(refit.design.X[:, refit.design.x_names.index("row")] * 10).astype(int)
        seen.append(np.bincount(rows, minlength=len(data)))
        return refit.beta

    slow = fit.bootstrap(6, method="cluster", groups=site, rng=3, statistic=look)
    fast = fit.bootstrap(6, method="cluster", groups=site, rng=3)
    np.testing.assert_allclose(
        slow.replicates, fast.replicates[:, :3], rtol=tol.OPTIMUM_E4, atol=tol.OPTIMUM_E6
    )
    for times in seen[1:]:  # the first is the fit itself
        by_site = [set(times[site == s].tolist()) for s in np.unique(site)]
        assert all(len(own) == 1 for own in by_site)
        assert sum(own.pop() for own in by_site) == SITES


def test_refits_that_fail_are_left_out():
    """Responses without the rarest category do not have the model's thresholds."""
    rng = np.random.default_rng(6)
    g, x = np.repeat(np.arange(20), 6), rng.normal(size=120)
    eta = 0.8 * x + 0.5 * rng.normal(size=20)[g] + rng.logistic(size=120)
    rating = np.digitize(eta, [-0.5, 0.8])
    rating[np.argmax(eta)] = 3
    fit = me.glmm("rating ~ x + (1 | g)", {"rating": rating, "x": x, "g": g}, family="ordinal")
    calls = []

    def slope(refit):
        calls.append(refit)
        return refit.beta[0]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        usual = fit.bootstrap(40, rng=2)
        own = fit.bootstrap(40, rng=2, statistic=slope)
    gone = np.isnan(usual.replicates).all(axis=1)
    assert 3 < gone.sum() == usual.n_failed == own.n_failed < 35
    assert np.array_equal(np.isnan(own.replicates[:, 0]), gone)
    assert np.isfinite(usual.replicates[~gone]).all()
    assert len(calls) == 1 + 40 - gone.sum()
    assert f"{usual.n_failed} failed" in str(usual)


def test_numbers_that_a_failed_refit_leaves_behind_are_not_kept(monkeypatch):
    module = import_module("mixedeffects.inference.resampling.bootstrap")
    real = module._refits

    def some_fail(*arguments):
        results = real(*arguments)
        results.status[[1, 3]] = FAILED
        return results

    monkeypatch.setattr(module, "_refits", some_fail)
    boot = fitted("linear").bootstrap(6, rng=1)
    gone = np.isnan(boot.replicates).all(axis=1)
    assert np.flatnonzero(gone).tolist() == [1, 3] and boot.n_failed == 2
    assert np.isfinite(boot.replicates[~gone]).all()
    assert np.array_equal(np.isnan(boot.facts.std_errors).all(axis=1), gone)


@pytest.mark.parametrize("kind", FORMULA)
def test_the_printed_moments_are_those_of_the_replicates(kind):
    """Bias is the replicates' mean less the estimate; a correction takes it off again."""
    fit = fitted(kind)
    boot = fit.bootstrap(40, rng=4)
    table, replicates = pd.DataFrame(boot.tidy()), boot.replicates
    np.testing.assert_allclose(table["estimate"], parameters(fit), rtol=tol.ROUNDING_E9)
    np.testing.assert_allclose(
        table["bias"], replicates.mean(axis=0) - parameters(fit), atol=tol.ROUNDING_E12
    )
    np.testing.assert_allclose(
        table["std_error"], replicates.std(axis=0, ddof=1), rtol=tol.ROUNDING_E12
    )
    assert (np.abs(table["bias"]) > 1e-6).all()
    normal = pd.DataFrame(boot.confint("normal"))
    centre = (normal["lower"] + normal["upper"]) / 2
    np.testing.assert_allclose(centre, table["estimate"] - table["bias"], rtol=tol.ROUNDING_E9)
    at_zero = replicates[:, 2] < 1e-8
    assert boot.n_singular == at_zero.sum() and boot.n_failed == 0


def test_zero_variances_of_replicates_are_counted():
    """Of a small variance a good part of the replicates has none."""
    rng = np.random.default_rng(12)
    g = np.repeat(np.arange(20), 5)
    y = 0.3 * rng.normal(size=20)[g] + rng.normal(size=100)
    fits = {
        "linear": me.lmm("y ~ 1 + (1 | g)", {"y": y, "g": g}),
        "counts": me.glmm("k ~ 1 + (1 | g)", {"k": rng.poisson(np.exp(0.15 * y + 1)), "g": g},
                          family="poisson"),
    }  # fmt: skip
    for fit in fits.values():
        boot = fit.bootstrap(40, rng=4)
        assert 3 < (boot.replicates[:, 1] < 1e-8).sum() == boot.n_singular < 37
        assert f"0 failed, {boot.n_singular} with a zero variance" in str(boot)
