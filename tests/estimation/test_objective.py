"""The objective against a dense multivariate normal, its derivatives against differences."""

import numpy as np
import pytest

from mixedeffects.crossprod import CrossProducts, Layout
from mixedeffects.design import build_design
from mixedeffects.engine import Solver, make_plan
from mixedeffects.estimation import CovarianceParameters, LMMObjective
from tests import tolerances as tol
from tests.estimation.simulated import FORMULAS, crossed_table
from tests.oracles import dense
from tests.tolerances import GRADIENT_RTOL, OBJECTIVE_RTOL


def layouts(design):
    """Everything dense, and the widest block eliminated by itself."""
    q = tuple(b.factor.n_levels for b in design.blocks)
    k = tuple(b.k for b in design.blocks)
    everything = tuple(range(len(q)))
    widest = max(everything, key=lambda f: q[f] * k[f])
    rest = tuple(f for f in everything if f != widest)
    return {
        "small": Layout(q, k, None, everything, small=True),
        "blocked": Layout(q, k, widest, rest),
        "planned": make_plan(design).layout,
    }


def objective_of(design, layout, reml):
    stats = CrossProducts.of(design, layout)
    parameters = CovarianceParameters(design.blocks, stats.reference.T_blocks)
    return LMMObjective(stats, Solver(stats), parameters, reml)


def oracle(design, objective, theta, reml):
    lambdas = objective.parameters.user_lambdas(theta)
    blocks = [
        (b.factor.codes, np.ones((design.n, 1)) if b.Z is None else b.Z) for b in design.blocks
    ]
    weights = np.ones(design.n) if design.weights is None else design.weights
    V = dense.marginal_covariance(blocks, lambdas, weights)
    return dense.minus_two_loglik(design.y, design.X, V, reml)


def differences(objective, theta, step=1e-5):
    out = np.empty_like(theta)
    for i in range(theta.size):
        e = np.zeros_like(theta)
        e[i] = step
        out[i] = (objective.value(theta + e) - objective.value(theta - e)) / (2 * step)
    return out


@pytest.mark.parametrize("layout", ["small", "blocked"])
@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("weights", [None, "w"])
def test_value_and_gradient(formula, reml, layout, weights):
    design = build_design(formula, crossed_table(), weights=weights)
    objective = objective_of(design, layouts(design)[layout], reml)
    rng = np.random.default_rng(7)
    for _ in range(2):
        theta = rng.normal(size=objective.parameters.n_theta)
        evaluation = objective.evaluate(theta)
        expected = oracle(design, objective, theta, reml)
        assert evaluation.value == pytest.approx(expected, rel=OBJECTIVE_RTOL)
        numeric = differences(objective, theta)
        scale = np.abs(numeric).max()
        assert np.abs(evaluation.gradient - numeric).max() <= GRADIENT_RTOL * scale


@pytest.mark.parametrize("layout", ["small", "blocked"])
@pytest.mark.parametrize("formula", FORMULAS[1:])
def test_gradient_at_singular_points(formula, layout):
    design = build_design(formula, crossed_table())
    objective = objective_of(design, layouts(design)[layout], True)
    rng = np.random.default_rng(3)
    theta = rng.normal(size=objective.parameters.n_theta)
    for part in (slice(0, 1), slice(-1, None), slice(0, None, 2)):
        singular = theta.copy()
        singular[part] = 0.0
        evaluation = objective.evaluate(singular)
        expected = oracle(design, objective, singular, True)
        assert evaluation.value == pytest.approx(expected, rel=OBJECTIVE_RTOL)
        numeric = differences(objective, singular)
        scale = max(np.abs(numeric).max(), 1e-3)
        assert np.abs(evaluation.gradient - numeric).max() <= GRADIENT_RTOL * scale


@pytest.mark.parametrize("formula", FORMULAS)
def test_derivative_by_covariance_is_symmetric_and_predicts_the_objective(formula):
    """D = dd/dG, also where Lambda = 0 and the gradient by theta vanishes."""
    design = build_design(formula, crossed_table())
    for layout in ("small", "blocked"):
        objective = objective_of(design, layouts(design)[layout], True)
        theta = np.zeros(objective.parameters.n_theta)
        evaluation = objective.evaluate(theta)
        assert np.abs(evaluation.gradient).max() < tol.ROUNDING_E12
        for term in objective.parameters.terms:
            # the first diagonal entry of the term: G = eps^2 e e'
            eps = 1e-3
            moved = theta.copy()
            moved[term.part.start] = eps
            change = objective.value(moved) - evaluation.value
            first = term.columns[0]
            slope = evaluation.D[term.block][first, first]
            assert change == pytest.approx(
                eps**2 * slope, rel=tol.TRUNCATION_2E3, abs=tol.TRUNCATION_E8
            )
        for D in evaluation.D:
            assert np.allclose(D, D.T, rtol=tol.ROUNDING_E9, atol=tol.ROUNDING_E9 * np.abs(D).max())


def test_curvature_is_close_to_the_hessian_at_the_optimum():
    """Average information is not the Hessian, but at an optimum on 240 rows it is close."""
    from mixedeffects.estimation import minimize

    design = build_design("y ~ x + (1 + x | g)", crossed_table())
    objective = objective_of(design, layouts(design)["blocked"], True)
    evaluation, certificate = minimize(objective)
    assert certificate.converged
    theta, step = evaluation.theta, 1e-5
    hessian = np.empty((theta.size, theta.size))
    for i in range(theta.size):
        e = np.zeros_like(theta)
        e[i] = step
        plus, minus = objective.evaluate(theta + e), objective.evaluate(theta - e)
        hessian[i] = (plus.gradient - minus.gradient) / (2 * step)
    assert np.allclose(
        evaluation.curvature,
        hessian,
        rtol=tol.APPROXIMATION_E1,
        atol=tol.APPROXIMATION_5E2 * np.abs(hessian).max(),
    )


def test_blocked_and_small_engines_agree_on_everything():
    design = build_design(
        "y ~ x + (1 + z | g) + (1 + x | h) + (1 | i)", crossed_table(), weights="w"
    )
    rng = np.random.default_rng(0)
    small = objective_of(design, layouts(design)["small"], True)
    theta = rng.normal(size=small.parameters.n_theta)
    blocked = objective_of(design, layouts(design)["blocked"], True)
    # the two references may differ: compare in the user's coordinates
    user = small.parameters.to_user(theta)
    a = small.evaluate(small.parameters.from_user(user))
    b = blocked.evaluate(blocked.parameters.from_user(user))
    assert a.value == pytest.approx(b.value, rel=tol.ROUNDING_E12)
    for Da, Db in zip(a.D, b.D, strict=True):
        assert np.allclose(Da, Db, rtol=tol.ROUNDING_E9, atol=tol.ROUNDING_E9 * np.abs(Da).max())
    assert np.allclose(
        a.curvature,
        b.curvature,
        rtol=tol.ROUNDING_E8,
        atol=tol.ROUNDING_E8 * np.abs(a.curvature).max(),
    )
    for ca, cb in zip(a.factorisation.conditional(), b.factorisation.conditional(), strict=True):
        assert np.allclose(ca, cb, rtol=tol.ROUNDING_E9, atol=tol.ROUNDING_E12)
