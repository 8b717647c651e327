"""The bootstrap of generalised models: its refits are the fits one would make by hand."""

from __future__ import annotations

import gc
from functools import cache

import numpy as np
import pytest

import mixedeffects as me
from mixedeffects.design import Design
from mixedeffects.estimation.laplace.objective import LaplaceEvaluation, LaplaceObjective
from mixedeffects.estimation.laplace.problem import Problem
from mixedeffects.estimation.refits import CONVERGED, FAILED, ClusterDraws
from mixedeffects.inference.resampling.parameters import parameter_names
from tests import tolerances as tol

GROUPS, ROWS = 30, 6


@cache
def table(family):
    rng = np.random.default_rng(11)
    g = np.repeat(np.arange(GROUPS), ROWS)
    x = rng.standard_normal(g.size)
    eta = 0.3 + 0.5 * x + 0.7 * rng.standard_normal(GROUPS)[g]
    out = {"x": x, "g": np.array([f"g{i:02d}" for i in g])}
    if family == "binomial":
        out["n"] = rng.integers(3, 12, g.size)
        out["y"] = rng.binomial(out["n"], 1 / (1 + np.exp(-eta)))
    elif family == "nbinom2":
        out["y"] = rng.negative_binomial(2, 2 / (2 + np.exp(eta)))
    elif family == "ordinal":
        out["y"] = np.digitize(eta + rng.logistic(size=g.size), [-0.5, 0.5, 1.5])
    elif family == "gamma":
        out["y"] = rng.gamma(3.0, np.exp(eta) / 3.0)
    return out


OPTIONS = {
    "binomial": {},
    "nbinom2": {},
    "ordinal": {},
    "gamma": {"link": "log"},
}


def fit_to(family, data, **options):
    left = "y / n" if family == "binomial" else "y"
    return me.glmm(f"{left} ~ x + (1 | g)", data, family=family, **OPTIONS[family], **options)


@cache
def fitted(family):
    return fit_to(family, table(family))


@pytest.mark.parametrize("family", OPTIONS)
def test_refits_are_fits(family):
    fit = fitted(family)
    worker = fit.refits.worker()
    errors = np.sqrt(np.diagonal(fit.vcov_parameters))
    for seed in range(3):
        y, u = worker.draw(np.random.default_rng(seed))
        found = worker.refit(y, u)
        by_hand = fit_to(family, table(family) | {"y": y})
        gap = np.concatenate([found.coefficients, found.theta]) - by_hand.estimates
        assert np.abs(gap / errors).max() < tol.REFIT_IN_SE


@pytest.mark.parametrize("nagq", [0, 5])
def test_refits_by_other_approximations(nagq):
    fit = fit_to("binomial", table("binomial"), nagq=nagq)
    worker = fit.refits.worker()
    y, u = worker.draw(np.random.default_rng(1))
    found = worker.refit(y, u)
    by_hand = fit_to("binomial", table("binomial") | {"y": y}, nagq=nagq)
    errors = np.sqrt(np.diagonal(fitted("binomial").vcov_parameters))
    gap = np.concatenate([found.coefficients, found.theta]) - by_hand.estimates
    assert np.abs(gap / errors).max() < tol.REFIT_IN_SE


def test_merged_rows_have_responses_of_their_own():
    rng = np.random.default_rng(2)
    g, x = np.repeat(np.arange(20), 40), np.tile([0.0, 1.0], 400)
    eta = 0.5 * x + rng.standard_normal(20)[g]
    data = {"x": x, "g": g.astype(str), "y": (rng.random(800) < 1 / (1 + np.exp(-eta))) * 1}
    fit = me.glmm("y ~ x + (1 | g)", data)
    assert fit.row_of is not None  # 80 different rows
    worker = fit.refits.worker()
    y, u = worker.draw(np.random.default_rng(1))
    assert y.shape == (800,)
    by_hand = me.glmm("y ~ x + (1 | g)", data | {"y": y.astype(int)})
    found = worker.refit(y, u)
    errors = np.sqrt(np.diagonal(fit.vcov_parameters))
    gap = np.concatenate([found.coefficients, found.theta]) - by_hand.estimates
    assert np.abs(gap / errors).max() < tol.REFIT_IN_SE


@pytest.mark.parametrize("family", ["binomial", "ordinal"])
def test_a_cluster_left_out(family):
    fit, data = fitted(family), table(family)
    codes = fit.design.blocks[0].factor.codes
    times = np.ones(GROUPS, dtype=np.int64)
    times[4] = 0
    found = fit.refits.rows(ClusterDraws(fit.design, codes).draw(times))
    kept = codes != 4
    by_hand = fit_to(family, {name: column[kept] for name, column in data.items()})
    assert found.status == CONVERGED
    ours = np.concatenate([found.coefficients, found.theta])
    assert ours == pytest.approx(by_hand.estimates, abs=tol.OPTIMUM_E4)


def test_a_cluster_drawn_twice_is_two_clusters():
    fit = fitted("binomial")
    codes = fit.design.blocks[0].factor.codes
    times = np.ones(GROUPS, dtype=np.int64)
    times[:2] = 2, 0
    data = ClusterDraws(fit.design, codes).draw(times)
    assert data.blocks[0].factor.n_levels == GROUPS
    assert data.n == fit.nobs


def test_moments_of_the_parametric_bootstrap():
    fit = fitted("binomial")
    boot = fit.bootstrap(200, rng=1)
    assert boot.n_failed == 0
    assert boot.terms == ("(Intercept)", "x", "sd__(Intercept)")
    errors = np.sqrt(np.diagonal(fit.vcov_parameters))
    assert boot.facts.standard_errors == pytest.approx(
        errors, rel=tol.SAMPLED_2E1
    )  # Monte Carlo error: 5%
    assert np.abs(boot.facts.bias[:2] / errors[:2]).max() < tol.SAMPLED_3E1
    wald = fit.confint()
    for kind in ("percentile", "basic", "normal", "studentized", "symmetric"):
        limits = boot.confint(kind, parameters="fixed")
        gap = np.asarray(limits["lower"]) - np.asarray(wald["lower"])[:2]
        assert np.abs(gap / errors[:2]).max() < tol.SAMPLED_6E1


def test_seeds_threads_and_batches():
    fit = fitted("nbinom2")
    one = fit.bootstrap(12, rng=3).replicates
    assert (fit.bootstrap(12, rng=3, threads=2).replicates == one).all()
    assert (fit.bootstrap(6, rng=3).replicates == one[:6]).all()
    effects, groups, terms = parameter_names(fit)
    assert effects == ["fixed", "fixed", "extra", "ran_pars"]
    assert terms[2] == "dispersion: (Intercept)"
    assert groups[3] == "g"


def test_intervals_with_a_jackknife():
    boot = fitted("binomial").bootstrap(60, rng=3)
    bca = boot.confint("bca")
    assert (np.asarray(bca["lower"]) < np.asarray(bca["estimate"])).all()


@pytest.mark.parametrize("method", ["cluster", "observation"])
@pytest.mark.filterwarnings("ignore::mixedeffects.DataWarning")
def test_resampled_rows(method):
    fit = fitted("binomial")
    boot = fit.bootstrap(25, method=method, rng=1)
    assert boot.n_failed == 0
    assert np.isfinite(boot.facts.standard_errors).all()


def test_confint_and_statistic():
    fit = fitted("binomial")
    limits = fit.confint(method="bootstrap", n=30, rng=1, parameters="fixed")
    assert list(limits["term"]) == ["(Intercept)", "x"]
    boot = fit.bootstrap(30, rng=1, statistic=lambda f: {"slope": f.beta[1], "ll": f.loglik})
    usual = fit.bootstrap(30, rng=1).replicates[:, 1]
    gap = boot.replicates[:, 0] - usual
    assert np.abs(gap).max() < tol.REFIT_IN_SE * np.std(usual)


def test_failures_are_reported(monkeypatch):
    from mixedeffects.estimation.laplace import refit_worker

    monkeypatch.setattr(refit_worker, "MOST_ITERATIONS", 0)
    with pytest.raises(me.ModelError, match="20 of 20 refits failed"):
        fitted("binomial").bootstrap(20, rng=1)
    assert fitted("binomial").refits.failed().status == FAILED


def test_residuals_are_refused():
    with pytest.raises(me.NotAvailableError, match="do not have one distribution"):
        fitted("binomial").bootstrap(20, method="residual")


def test_levels_crossed_with_the_clusters_keep_their_identity():
    """A cluster drawn twice is two clusters that meet the same levels of another factor."""
    rng = np.random.default_rng(2)
    g, h = np.repeat(np.arange(6), 8), np.tile(np.arange(4), 12)
    inner = np.repeat(np.arange(24), 2)
    data = {"y": rng.poisson(3, 48), "g": g, "h": h, "i": inner}
    fit = me.glmm("y ~ 1 + (1 | g) + (1 | h) + (1 | i)", data, family="poisson")
    drawn = ClusterDraws(fit.design, g).draw(np.array([2, 0, 1, 3, 0, 1]))
    found = {b.factor.name: b.factor.codes for b in drawn.blocks}
    assert {name: np.unique(codes).size for name, codes in found.items()} == {
        "i": 28, "g": 7, "h": 4
    }  # fmt: skip
    # every cluster has the four levels in order, twice
    np.testing.assert_array_equal(found["h"], np.tile(np.arange(4), 14))


@pytest.mark.parametrize("method", ["parametric", "cluster", "observation"])
@pytest.mark.parametrize("nagq", [0, 1, 5])
@pytest.mark.filterwarnings("ignore::mixedeffects.errors.DataWarning")
def test_replicates_are_forgotten_when_they_are_done(method, nagq):
    """Without the collector of circles, which would hide that rows live on for a while."""
    fit = fit_to("binomial", table("binomial"), nagq=nagq)
    fit.bootstrap(2, method=method, rng=1, threads=1)
    gc.collect()
    gc.disable()
    try:
        before = alive()
        fit.bootstrap(4, method=method, rng=1, threads=1)
        few = alive()
        fit.bootstrap(12, method=method, rng=1, threads=1)
        many = alive()
    finally:
        gc.enable()
    assert few == many == before


def alive():
    """How many objects there are that hold a replicate's rows."""
    kinds = (LaplaceEvaluation, LaplaceObjective, Problem, Design)
    return [sum(isinstance(one, kind) for one in gc.get_objects()) for kind in kinds]
