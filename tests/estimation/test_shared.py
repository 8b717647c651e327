"""Responses that share factorisations: each the optimum of its own fit, wherever that lies."""

from copy import copy
from functools import cache

import numpy as np
import pytest

import mixedeffects as me
from mixedeffects.engine import with_response
from mixedeffects.estimation.refits import FAILED, few_levels, neighbourhood
from mixedeffects.estimation.refits.general import products_with_response
from mixedeffects.estimation.refits.many_newton import newton_within
from mixedeffects.estimation.refits.polynomial import Box, Interpolant
from mixedeffects.estimation.refits.reduced import ReducedModels
from mixedeffects.estimation.refits.shared import Shared
from tests import tolerances

RNG = np.random.default_rng(1)
N = 1200
TABLE = {
    "s": RNG.integers(0, 130, N),
    "g": RNG.integers(0, 40, N),
    "h": RNG.integers(0, 25, N),
    "x": RNG.normal(size=N),
    "w": RNG.uniform(0.5, 2.0, N),
    "o": RNG.normal(size=N),
}
TABLE["y"] = (
    2.0 * TABLE["x"]
    + RNG.normal(size=130)[TABLE["s"]]
    + 0.6 * RNG.normal(size=130)[TABLE["s"]] * TABLE["x"]
    + 0.7 * RNG.normal(size=40)[TABLE["g"]]
    + 0.5 * RNG.normal(size=25)[TABLE["h"]]
    + RNG.normal(size=N)
)
TABLE["c"] = TABLE["s"] // 5
TABLE["y"] += RNG.normal(size=26)[TABLE["c"]]
MODELS = [
    ("y ~ x + (1 | s) + (1 | g)", {}),
    ("y ~ x + (1 | s) + (1 | g) + (1 | h)", {"reml": False}),
    ("y ~ x + offset(o) + (1 | c/s)", {"weights": "w"}),
    ("y ~ 0 + (1 | s) + (1 | g)", {"weights": "w"}),
    ("y ~ x + (x || s) + (1 | g)", {}),
]
CORRELATED = "y ~ x + (x | s) + (1 | g)"


@cache
def fitted(place):
    formula, options = (CORRELATED, {}) if place is None else MODELS[place]
    return me.lmm(formula, TABLE, **options)


def one_by_one(fit, Y):
    sums, out = fit.refits._row_sums, fit.refits.empty(Y.shape[1])
    offset = fit.design.offset
    fit.refits._general.fit(
        sums(Y if offset is None else Y - offset[:, None]), out, slice(0, Y.shape[1])
    )
    return out


def assert_same(found, right):
    np.testing.assert_array_equal(found.status, right.status)
    known, atol = right.ok, tolerances.REFIT_ATOL
    for name in ("theta", "beta", "sigma", "std_error", "vcov"):
        a, b = getattr(found, name)[known], getattr(right, name)[known]
        np.testing.assert_allclose(a, b, atol=atol, rtol=atol)
    gap = found.objective[known] - right.objective[known]
    assert np.abs(gap).max() < tolerances.SHARED_OBJECTIVE


@pytest.mark.parametrize("place", range(len(MODELS)))
def test_shared_factorisations_give_the_fits_of_each_response(place, monkeypatch):
    fit = fitted(place)
    assert isinstance(fit.refits._fitter, Shared)
    Y = fit.simulate(200, rng=1)
    monkeypatch.setattr(neighbourhood, "MOST_NODES", 5000)  # whether it pays or not
    monkeypatch.setattr(neighbourhood, "OWN", 100)
    alone = []
    plain = type(fit.refits._general).fit_one

    def counted(self, sums, i, out, row):
        alone.append(row)
        plain(self, sums, i, out, row)

    monkeypatch.setattr(type(fit.refits._general), "fit_one", counted)
    found = fit.refits.responses(Y)
    assert len(alone) < Y.shape[1] // 3
    monkeypatch.undo()
    assert_same(found, one_by_one(fit, Y))


@pytest.mark.parametrize("place", [1, 2, 4, None])
def test_reduced_models_are_exact_at_anchors_and_have_their_derivatives(place):
    fit = fitted(place)
    fitter, evaluation = fit.refits._fitter, fit.evaluation
    objective = evaluation.objective
    Y = fit.simulate(3, rng=2)
    offset = fit.design.offset
    sums = fit.refits._row_sums(Y if offset is None else Y - offset[:, None])
    zy, xy = fitter._stacked(sums.zy), sums.xy.T
    m = evaluation.theta.size
    shifts = 0.1 * neighbourhood.design(m, 1.0, 0.7)
    anchors = [objective.evaluate(evaluation.theta + one) for one in shifts]
    basis = fitter._basis(anchors, zy, xy)
    models = ReducedModels(fitter._columns(), basis, zy, xy, sums.yy)
    every = np.arange(3)
    for at in (anchors[0], anchors[2], anchors[-1]):
        theta = np.tile(at.theta, (3, 1))
        value, _, _, v = models.at(theta, every)
        assert fitter._residual(models, theta, v, zy).max() < tolerances.ROUNDING_E10 * value.max()
        for i in every:
            stats = products_with_response(
                objective.stats, [z[i] for z in sums.zy], sums.xy[i], sums.yy[i]
            )
            right = copy(objective)
            right.stats, right.solver = stats, with_response(objective.solver, stats)
            pwrss = right.evaluate(at.theta).factorisation.pwrss
            np.testing.assert_allclose(value[i], pwrss, rtol=tolerances.ROUNDING_E10)
    theta = np.tile(evaluation.theta + 0.03, (3, 1))
    _, gradient, curvature, _ = models.at(theta, every)
    h = tolerances.POLYNOMIAL_STEP
    for j, e in enumerate(h * np.eye(m)):
        ahead, back = models.at(theta + e, every), models.at(theta - e, every)
        size = np.abs(curvature).max()
        for mine, k in ((gradient, 0), (curvature, 1)):
            slope = (ahead[k] - back[k]) / (2 * h)
            np.testing.assert_allclose(mine[:, j], slope, atol=size * tolerances.POLYNOMIAL_SLOPE)


def test_responses_unlike_the_fits_are_fitted_too():
    fit = fitted(0)
    rng = np.random.default_rng(2)
    Y = fit.simulate(60, rng=3)
    Y[:, :30] = Y[:, :30] * np.exp(rng.normal(0, 3, 30)) + rng.normal(0, 100, 30)
    larger = fit.simulate(30, rng=4) - fit.simulate(30, rng=4, groups="conditional") * 0.9
    Y[:, 30:] = larger
    Y[:, 5] = 7.0
    Y[:, 6] = rng.normal(size=N)  # no variance between groups
    Y[:, 7] = TABLE["x"]
    found = fit.refits.responses(Y)
    right = one_by_one(fit, Y)
    assert (found.status[[5, 7]] == FAILED).all() and found.n_failed == 2
    known = found.ok
    scale = right.sigma[known]
    np.testing.assert_array_equal(found.status, right.status)
    np.testing.assert_allclose(found.theta[known], right.theta[known], atol=tolerances.REFIT_ATOL)
    off = (found.beta - right.beta)[known] / scale[:, None]
    assert np.abs(off).max() < tolerances.REFIT_ATOL


def test_results_do_not_depend_on_threads():
    fit = fitted(0)
    one, two = (fit.refits.parametric(150, 1, threads=t) for t in (1, 2))
    np.testing.assert_array_equal(one.theta, two.theta)
    np.testing.assert_array_equal(one.objective, two.objective)


def test_few_responses_are_fitted_one_by_one():
    fit = me.lmm(MODELS[0][0], TABLE)
    Y = fit.simulate(2, rng=1)
    found = fit.refits.responses(Y)
    assert not fit.refits._fitter._first  # as they are too few
    np.testing.assert_array_equal(found.theta, one_by_one(fit, Y).theta)


def test_an_interpolant_has_values_and_derivatives_of_a_polynomial():
    rng = np.random.default_rng(5)
    degrees = [3, 2, 4]
    polynomial = Interpolant(degrees)
    powers = polynomial.powers
    c = rng.normal(size=len(powers))

    def value(x):
        return (x[:, None, :] ** powers).prod(axis=2) @ c

    polynomial.through(value(polynomial.nodes)[:, None])
    x = rng.uniform(-1, 1, (5, 3))
    found, gradient, bend = polynomial.at(x)
    np.testing.assert_allclose(found[:, 0], value(x), atol=tolerances.ROUNDING_E12)
    h = tolerances.POLYNOMIAL_STEP
    for j, e in enumerate(h * np.eye(3)):
        slope = (value(x + e) - value(x - e)) / (2 * h)
        np.testing.assert_allclose(gradient[:, j], slope, atol=tolerances.POLYNOMIAL_SLOPE)
        ahead, back = polynomial.at(x + e)[1], polynomial.at(x - e)[1]
        bent = (ahead - back) / (2 * h)
        np.testing.assert_allclose(bend[:, j], bent, atol=tolerances.POLYNOMIAL_SLOPE)
    box = Box(np.array([1.0, 2.0, 3.0]), np.array([[2.0, 0, 0], [1, 1, 0], [0, 0.5, 3]]))
    np.testing.assert_allclose(box.inside(box.theta(x)), x, atol=tolerances.ROUNDING_E12)


FEW = dict(TABLE)
FEW["k"] = RNG.integers(0, 12, N)
FEW["l"] = RNG.integers(0, 10, N)
FEW["y"] = TABLE["y"] + 0.34 * np.linspace(-1, 1, 12)[FEW["k"]]
FEW["y"] += 0.34 * np.linspace(-1, 1, 10)[FEW["l"]]
FEW_MODELS = [
    ("y ~ x + (1 | s) + (1 | g) + (1 | k)", {}),
    ("y ~ 0 + (1 | s) + (1 | l)", {"reml": False, "weights": "w"}),
    ("y ~ x + offset(o) + (x || s) + (1 | k) + (1 | l)", {"weights": "w"}),
    ("y ~ x + (x | s) + (1 | k)", {"reml": False}),
]


@pytest.mark.parametrize("place", range(len(FEW_MODELS)))
def test_factors_of_few_levels_kept_apart_give_the_fits_of_each_response(place, monkeypatch):
    """Their variances are so uncertain that no box about them is free of zero."""
    formula, options = FEW_MODELS[place]
    fit = me.lmm(formula, FEW, **options)
    Y = fit.simulate(150, rng=1)
    monkeypatch.setattr(neighbourhood, "MOST_NODES", 5000)  # whether it pays or not
    monkeypatch.setattr(neighbourhood, "OWN", 100)
    alone = []
    plain = type(fit.refits._general).fit_one

    def counted(self, sums, i, out, row):
        alone.append(row)
        plain(self, sums, i, out, row)

    monkeypatch.setattr(type(fit.refits._general), "fit_one", counted)
    found = fit.refits.responses(Y)
    assert fit.refits._fitter._apart and not fit.refits._fitter._first
    assert len(alone) < Y.shape[1] // 3
    monkeypatch.undo()
    assert_same(found, one_by_one(fit, Y))


@pytest.mark.parametrize("place", range(len(FEW_MODELS)))
def test_objectives_with_levels_apart_are_those_of_the_model_with_their_derivatives(
    place, monkeypatch
):
    formula, options = FEW_MODELS[place]
    fit = me.lmm(formula, FEW, **options)
    monkeypatch.setattr(neighbourhood, "OWN", 1000)
    Y = fit.simulate(4, rng=2)
    looks = []

    def kept(look, start, keep, at_edge):
        looks.append(look)
        return newton_within(look, start, keep, at_edge)

    monkeypatch.setattr(few_levels, "newton_within", kept)
    fit.refits.responses(Y)
    (look,) = looks
    theta = fit.evaluation.theta
    every, m = np.arange(4), theta.size
    offset = fit.design.offset
    sums = fit.refits._row_sums(Y if offset is None else Y - offset[:, None])
    some = theta * (1.0 + 0.05 * np.cos(np.arange(m)))
    value, g, H, _ = look(np.tile(some, (4, 1)), every)
    objective = fit.evaluation.objective
    for i in every:
        stats = products_with_response(
            objective.stats, [z[i] for z in sums.zy], sums.xy[i], sums.yy[i]
        )
        right = copy(objective)
        right.stats, right.solver = stats, with_response(objective.solver, stats)
        assert abs(value[i] - right.value(some)) < tolerances.SHARED_OBJECTIVE
    step, rtol = tolerances.OBJECTIVE_STEP, tolerances.OBJECTIVE_SLOPE_RTOL
    for j in range(m):
        up, down = (look(np.tile(some + s * step * np.eye(m)[j], (4, 1)), every) for s in (1, -1))
        slope, bend = ((a - b) / (2 * step) for a, b in zip(up[:2], down[:2], strict=True))
        np.testing.assert_allclose(slope, g[:, j], atol=tolerances.OBJECTIVE_SLOPE, rtol=rtol)
        np.testing.assert_allclose(bend, H[:, j], atol=tolerances.OBJECTIVE_BEND, rtol=rtol)
