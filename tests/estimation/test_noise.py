"""A noise with a parameter, written here, against dense textbook matrices."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from mixedeffects.covariance import Noise, PriorWeights
from mixedeffects.crossprod import CrossProducts
from mixedeffects.engine import Solver, make_plan
from mixedeffects.estimation import LMMObjective, NoiseObjective
from tests import tolerances as tol
from tests.engine.simulated import design_of
from tests.oracles import dense


class TwoVariances(Noise):
    """Rows of the second group vary rho times as much as those of the first."""

    def __init__(self, second, rho):
        self.second, self.parameters = second, np.array([rho])
        self.weights = np.where(second, 1.0 / rho, 1.0)

    def at(self, parameters):
        return TwoVariances(self.second, float(parameters[0]))

    def slopes(self, n):
        return self.second[None].astype(float)


def simulated(n, q, r):
    rng = np.random.default_rng(17)
    x = rng.normal(size=n)
    X = np.column_stack([np.ones(n), x])
    g = np.concatenate([np.arange(q), rng.integers(0, q, n - q)])
    h = np.concatenate([np.arange(r), rng.integers(0, r, n - r)])
    second = rng.random(n) < 0.4
    noise = rng.normal(size=n) * np.where(second, 1.7, 1.0)
    y = 3.0 + X @ [1.0, 0.5] + rng.normal(size=q)[g] + 0.8 * rng.normal(size=r)[h] * x + noise
    return design_of(y, X, [(g, None), (h, X)]), second


SIZES = {"small": (200, 15, 6), "large": (400, 80, 15)}


def dense_value(design, objective, x, second, reml):
    theta, (rho,) = x[:-1], x[-1:]
    lambdas = objective.parameters.lambdas(theta)
    blocks = []
    for b, T in zip(design.blocks, objective.reference.T_blocks, strict=True):
        Z = np.ones((design.n, 1)) if b.Z is None else b.Z
        blocks.append((b.factor.codes, Z @ T))
    V = dense.marginal_covariance(blocks, lambdas, np.where(second, 1.0 / rho, 1.0))
    return dense.minus_two_loglik(design.y, design.X, V, reml)


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("size", SIZES)
def test_value_and_gradient_are_those_of_dense_matrices(size, reml):
    design, second = simulated(*SIZES[size])
    plan = make_plan(design)
    assert plan.layout.small == (size == "small")
    objective = NoiseObjective(design, plan, TwoVariances(second, 1.0), reml)
    for rho in (0.5, 1.0, 3.0):
        x = np.append(np.random.default_rng(2).normal(size=4), rho)
        value, gradient = objective.evaluate(x)
        assert value == pytest.approx(
            dense_value(design, objective, x, second, reml), rel=tol.ROUNDING_E10
        )
        step = 1e-5
        for i in range(x.size):
            e = step * np.eye(x.size)[i]
            slope = (
                dense_value(design, objective, x + e, second, reml)
                - dense_value(design, objective, x - e, second, reml)
            ) / (2 * step)
            assert gradient[i] == pytest.approx(
                slope, abs=tol.TRUNCATION_E6 * np.abs(gradient).max()
            )


def test_a_search_finds_the_ratio_of_variances():
    design, second = simulated(*SIZES["large"])
    objective = NoiseObjective(design, make_plan(design), TwoVariances(second, 1.0), True)
    start = np.array([1.0, 1.0, 0.0, 1.0, 1.0])
    found = minimize(
        objective.evaluate,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[(None, None)] * 4 + [(0.1, 9)],
    )
    assert 2.0 < found.x[-1] < 4.0  # the truth is 1.7 squared
    alike = np.append(found.x[:-1], 1.0)
    assert found.fun < dense_value(design, objective, alike, second, True)


def test_prior_weights_have_no_parameters():
    design, _ = simulated(*SIZES["large"])
    design.weights = np.random.default_rng(4).uniform(0.5, 2.0, design.n)
    plan = make_plan(design)
    objective = NoiseObjective(design, plan, PriorWeights(design.weights), True)
    theta = np.array([0.8, 1.0, 0.3, 0.5])
    stats = CrossProducts.of(design, plan.layout)
    plain = LMMObjective(stats, Solver(stats, plan), objective.parameters, True).evaluate(theta)
    value, gradient = objective.evaluate(theta)
    assert value == plain.value
    np.testing.assert_array_equal(gradient, plain.gradient)
