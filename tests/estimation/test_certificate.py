"""Singular fits: on the boundary exactly, proved, and never a saddle."""

import warnings

import numpy as np
import pytest

import mixedeffects as me
from mixedeffects.estimation.certificate import leave_saddle, singular_directions
from tests import tolerances as tol
from tests.estimation.simulated import crossed_table


def no_group_variance(seed=5):
    """Groups that differ less than chance: the variance estimate is zero."""
    rng = np.random.default_rng(seed)
    g = np.repeat(np.arange(12), 6)
    y = rng.normal(size=g.size)
    for level in range(12):
        rows = g == level
        y[rows] += 0.05 * rng.normal() - y[rows].mean()
    return {"y": y, "g": g, "x": rng.normal(size=g.size)}


def test_zero_variance_is_exact_and_certified():
    fit = me.lmm("y ~ 1 + (1 | g)", no_group_variance())
    assert fit.theta[0] == 0.0
    assert fit.certificate.converged
    (direction,) = fit.certificate.singular
    assert direction.slope > 0
    assert "zero variance in g: (Intercept), certified" in str(fit.summary())


def test_rank_deficient_slope_is_exact():
    fit = me.lmm("y ~ x + (1 + x | g)", no_group_variance(11))
    covariance = fit.varcorr.terms[0].covariance
    eigenvalues = np.linalg.eigvalsh(covariance)
    assert eigenvalues[0] <= 1e-14 * max(1.0, eigenvalues[-1])
    assert fit.certificate.converged and fit.certificate.is_singular


def test_singular_direction_has_zero_variance():
    rng = np.random.default_rng(2)
    g = np.repeat(np.arange(20), 8)
    x = np.tile(np.arange(8.0), 20)
    u = rng.normal(size=20)
    y = 1 + x + u[g] * (1 + 0.5 * x) + 0.3 * rng.normal(size=g.size)
    fit = me.lmm("y ~ x + (1 + x | g)", {"y": y, "x": x, "g": g})
    if fit.certificate.is_singular:
        for direction in fit.certificate.singular:
            G = fit.varcorr.terms[direction.term].covariance
            w = direction.weights
            assert w @ G @ w <= 1e-10 * np.trace(G) * (w @ w)
    else:
        assert abs(fit.varcorr.corr["g"][0, 1]) > 0.9


def test_the_optimiser_leaves_a_zero_start_that_is_a_saddle():
    """At theta = 0 the gradient vanishes although the likelihood rises (even function)."""
    table = crossed_table()
    fit = me.lmm("y ~ x + (1 + x | g)", table)
    stuck = me.lmm("y ~ x + (1 + x | g)", table, start=[0.0, 0.0, 0.0])
    assert stuck.loglik == pytest.approx(fit.loglik, abs=tol.OPTIMUM_E6)
    objective = fit.evaluation.objective
    zero = objective.evaluate(np.zeros(3))
    assert any(gain > 1.0 for *_, gain in singular_directions(zero, objective.parameters))
    assert leave_saddle(objective, zero).value < zero.value


@pytest.mark.parametrize("optimizer", ["newton", "L-BFGS-B", "Nelder-Mead", "Powell", "COBYQA"])
def test_every_optimizer_finds_the_same_optimum(optimizer):
    table = crossed_table()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = me.lmm("y ~ x + (1 + x | g) + (1 | h)", table, optimizer=optimizer)
    best = me.lmm("y ~ x + (1 + x | g) + (1 | h)", table)
    assert fit.loglik == pytest.approx(best.loglik, abs=tol.OPTIMUM_E5)
    assert fit.certificate.optimizer == optimizer


def test_newton_needs_few_evaluations():
    """Average information makes the search nearly quadratic on a regular problem."""
    fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    assert fit.certificate.evaluations <= 8
    assert fit.certificate.decrement < 1e-8


def test_stopping_early_is_reported_with_advice():
    with pytest.warns(me.ConvergenceWarning, match="did not converge") as caught:
        fit = me.lmm("y ~ x + (1 + x | g)", crossed_table(), max_iterations=1)
    assert not fit.certificate.converged
    assert len(caught) == 1
    assert fit.certificate.advice
    assert "NOT CONVERGED" in str(fit.summary())


@pytest.mark.parametrize("optimizer", ["Nelder-Mead", "Powell", "L-BFGS-B", "em"])
def test_every_optimiser_ends_on_the_boundary_exactly(optimizer):
    """Without derivatives a simplex walks off an exact zero each time it starts there."""
    rng = np.random.default_rng(4)
    g = np.repeat(np.arange(8), 12)
    X = rng.normal(size=(g.size, 3))
    y = X @ [1.0, 0.5, 0.2] + rng.normal(size=(8, 2))[g, 0] + rng.normal(size=g.size)
    table = {"y": y, "g": g} | {f"x{i + 1}": X[:, i] for i in range(3)}
    formula = "y ~ x1 + x2 + x3 + (1 + x1 + x2 + x3 | g)"
    newton = me.lmm(formula, table)
    assert newton.certificate.is_singular
    fit = me.lmm(formula, table, optimizer=optimizer)
    assert fit.certificate.proved
    assert len(fit.certificate.singular) == len(newton.certificate.singular)
    assert fit.certificate.path[-1].objective == fit.objective
