"""Priors other than the identity, written here, against dense textbook matrices."""

from __future__ import annotations

import numpy as np
import pytest

from mixedeffects.covariance import IDENTITY, Prior
from mixedeffects.crossprod import CrossProducts, Layout
from mixedeffects.engine import Solver, make_plan
from mixedeffects.engine.plan import choose_layout
from mixedeffects.engine.rows import RandomRows, row_system
from mixedeffects.estimation import CovarianceParameters, LMMObjective
from tests import tolerances as tol
from tests.engine.simulated import design_of
from tests.oracles import dense


class Chain(Prior):
    """Levels in order, a first-order autoregression with variance one."""

    def __init__(self, q, rho):
        self.q, self.rho = q, rho
        self.own = np.full(q, 1.0 + rho**2)
        self.own[[0, -1]] = 1.0
        self.own /= 1.0 - rho**2
        later = np.arange(1, q)
        self.pairs = later, later - 1, np.full(q - 1, -rho / (1.0 - rho**2))

    def log_determinant(self, q):
        return -(q - 1) * np.log(1.0 - self.rho**2)

    def covariance(self, q):
        return self.rho ** np.abs(np.subtract.outer(np.arange(q), np.arange(q)))

    def solve(self, h):
        return np.tensordot(self.covariance(self.q), h, axes=1)


class Precisions(Prior):
    """Independent levels, some of which are known to vary less than others."""

    def __init__(self, own):
        self.own = own

    def log_determinant(self, q):
        return float(np.log(self.own).sum())

    def covariance(self, q):
        return np.diag(1.0 / self.own)

    def solve(self, h):
        return (h.T / self.own).T


def covariance_of(prior, q):
    return np.eye(q) if prior is IDENTITY else prior.covariance(q)


def case(name):
    """A design and its priors; sizes decide whether it counts as small."""
    rng = np.random.default_rng(11)
    n, q, r = (150, 12, 8) if name.startswith("small") else (400, 90, 21)
    x = rng.normal(size=n)
    g = np.concatenate([np.arange(q), rng.integers(0, q, n - q)])
    h = np.concatenate([np.arange(r), rng.integers(0, r, n - r)])
    X = np.column_stack([np.ones(n), x])
    three = np.column_stack([X, rng.normal(size=n)])
    y = X @ [1.0, 0.5] + 0.7 * rng.normal(size=q)[g] + rng.normal(size=n)
    chain, known = Chain(r, 0.6), Precisions(rng.uniform(0.5, 2.0, q))
    many = Precisions(rng.uniform(0.5, 2.0, r))
    blocks, priors, engine = {
        "small": ([(g, X), (h, None)], (IDENTITY, chain), "auto"),
        "small, slopes in a chain": ([(g, None), (h, X)], (known, chain), "auto"),
        "chain in the remainder": ([(g, X), (h, X)], (IDENTITY, chain), "auto"),
        "leaf of one": ([(g, None), (h, None)], (known, chain), "auto"),
        "leaf of three": ([(g, three), (h, None)], (known, chain), "auto"),
        "a chain alone": ([(g, X)], (Chain(q, -0.4),), "auto"),
        "two chains": ([(g, X), (h, None)], (Chain(q, 0.7), chain), "auto"),
        "sparse": ([(g, X), (h, X)], (known, many), "sparse"),
    }[name]
    design = design_of(y, X, blocks, rng.uniform(0.5, 2.0, n))
    return design, priors, make_plan(design, engine, priors=priors)


CASES = (
    "small", "small, slopes in a chain", "chain in the remainder", "leaf of one", "leaf of three",
    "a chain alone", "two chains", "sparse",
)  # fmt: skip


def objective_of(design, plan, reml):
    stats = CrossProducts.of(design, plan.layout)
    parameters = CovarianceParameters(design.blocks, stats.reference.T_blocks)
    return LMMObjective(stats, Solver(stats, plan), parameters, reml)


class Oracle:
    """V = W^-1 + sum_f Z_f (C_f x G_f) Z_f' and what follows."""

    def __init__(self, design, priors, objective, theta, reml):
        T_blocks = objective.stats.reference.T_blocks
        self.lambdas = objective.parameters.lambdas(theta)
        y, X, n = design.y, design.X, design.n
        V = np.diag(1.0 / design.weights)
        self.full, self.C = [], []
        for b, T, prior, Lam in zip(design.blocks, T_blocks, priors, self.lambdas, strict=True):
            Z = np.ones((n, 1)) if b.Z is None else b.Z
            F = dense.random_effects_matrix(b.factor.codes, Z @ T)
            C = covariance_of(prior, b.factor.n_levels)
            V += F @ np.kron(C, Lam @ Lam.T) @ F.T
            self.full.append(F)
            self.C.append(C)
        self.value = dense.minus_two_loglik(y, X, V, reml)
        Vinv = np.linalg.inv(V)
        self.P = Vinv - Vinv @ X @ np.linalg.solve(X.T @ Vinv @ X, X.T @ Vinv)
        s2 = y @ self.P @ y / (n - X.shape[1] if reml else n)
        self.A = self.P if reml else Vinv
        self.D, self.scale, self.spread, self.conditional = [], [], [], []
        for F, C, Lam in zip(self.full, self.C, self.lambdas, strict=True):
            q, k = C.shape[0], Lam.shape[0]
            W = np.einsum("jalb,jl->ab", (F.T @ self.A @ F).reshape(q, k, q, k), C)
            h = (F.T @ self.P @ y).reshape(q, k)
            self.D.append(W - h.T @ C @ h / s2)
            self.scale.append(np.abs(W).max())
            self.spread.append(C @ h)
            G = np.kron(C, Lam @ Lam.T)
            left = (G - G @ F.T @ Vinv @ F @ G).reshape(q, k, q, k)
            self.conditional.append(np.einsum("jajb->jab", left))


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("name", CASES)
def test_value_derivatives_and_conditional(name, reml):
    design, priors, plan = case(name)
    objective = objective_of(design, plan, reml)
    regular = np.random.default_rng(5).normal(size=objective.parameters.n_theta)
    for theta in (regular, 1e-3 * regular, 0.0 * regular):
        evaluation = objective.evaluate(theta)
        oracle = Oracle(design, priors, objective, theta, reml)
        assert evaluation.value == pytest.approx(oracle.value, rel=tol.ROUNDING_E10)
        for D, expected, scale in zip(evaluation.D, oracle.D, oracle.scale, strict=True):
            assert np.abs(D - expected).max() <= tol.ROUNDING_E9 * scale
        fact = evaluation.factorisation
        for found, expected in zip(fact.spread_scores(), oracle.spread, strict=True):
            np.testing.assert_allclose(found, expected, **tol.EXACT_ALGEBRA)
        for found, expected in zip(fact.conditional(), oracle.conditional, strict=True):
            np.testing.assert_allclose(found, expected, **tol.EXACT_ALGEBRA)


@pytest.mark.parametrize("name", CASES)
def test_gradient_is_the_slope_of_the_dense_value(name):
    design, priors, plan = case(name)
    objective = objective_of(design, plan, True)
    rng = np.random.default_rng(8)
    theta = rng.normal(size=objective.parameters.n_theta)
    gradient = objective.evaluate(theta).gradient
    u, step = rng.normal(size=theta.size), 1e-5
    above, below = (
        Oracle(design, priors, objective, theta + s * u, True).value for s in (step, -step)
    )
    slope = (above - below) / (2 * step)
    assert gradient @ u == pytest.approx(slope, abs=tol.TRUNCATION_E6 * np.abs(gradient).max())


@pytest.mark.parametrize("name", CASES)
def test_working_variates_and_expected_information(name):
    design, priors, plan = case(name)
    objective = objective_of(design, plan, True)
    theta = np.random.default_rng(9).normal(size=objective.parameters.n_theta)
    evaluation = objective.evaluate(theta)
    oracle = Oracle(design, priors, objective, theta, True)
    dG = objective.parameters.dG(theta, evaluation.lambdas)
    parts = list(zip(oracle.full, oracle.spread, oracle.C, dG, strict=True))
    f = np.stack([F @ (h @ G).ravel() for F, h, _, Gs in parts for G in Gs], axis=1)
    S = evaluation.factorisation.quadratics(dG)
    np.testing.assert_allclose(S, f.T @ oracle.P @ f, **tol.EXACT_ALGEBRA)
    found = evaluation.factorisation.expected(dG, True)
    if found is not None:
        half = [oracle.P @ F @ np.kron(C, G) @ F.T for F, _, C, Gs in parts for G in Gs]
        expected = [[np.vdot(a, b.T) for b in half] for a in half]
        np.testing.assert_allclose(found, expected, **tol.EXACT_ALGEBRA)


@pytest.mark.parametrize("name", CASES)
def test_rows_with_weights(name):
    design, priors, plan = case(name)
    rng = np.random.default_rng(3)
    layout = plan.layout
    order = layout.rest if layout.leaf is None else (layout.leaf, *layout.rest)
    T_blocks = [np.eye(b.k) for b in design.blocks]
    Lambdas = [np.tril(rng.normal(size=(b.k, b.k))) for b in design.blocks]
    rows = RandomRows.of(design.blocks, T_blocks, order)
    system = row_system(rows, design.blocks, plan)
    system.scale(Lambdas)
    parts, precisions, log_Q = [], [], 0.0
    for f in order:
        b = design.blocks[f]
        Z = np.ones((design.n, 1)) if b.Z is None else b.Z
        parts.append(dense.random_effects_matrix(b.factor.codes, Z @ Lambdas[f]))
        C = np.kron(covariance_of(priors[f], b.factor.n_levels), np.eye(b.k))
        precisions.append(np.linalg.inv(C))
        log_Q -= np.linalg.slogdet(C)[1]
    Z = np.hstack(parts)
    Q = np.zeros((Z.shape[1], Z.shape[1]))
    at = 0
    for part in precisions:
        Q[at : at + len(part), at : at + len(part)] = part
        at += len(part)
    M = Q + Z.T @ (design.weights[:, None] * Z)
    factor = system.factorise(design.weights)
    np.testing.assert_allclose(factor.logdet, np.linalg.slogdet(M)[1] - log_Q, **tol.EXACT_ALGEBRA)
    u = rng.normal(size=Z.shape[1])
    np.testing.assert_allclose(factor.solve(u), np.linalg.solve(M, u), **tol.EXACT_ALGEBRA)
    np.testing.assert_allclose(system.times_precision(u), Q @ u, **tol.EXACT_ALGEBRA)
    own = np.take_along_axis(Z @ np.linalg.inv(M), rows.columns.astype(int), axis=1)
    np.testing.assert_allclose(factor.row_inverses(), own, **tol.EXACT_ALGEBRA)


def test_levels_that_depend_on_each_other_are_not_eliminated_one_by_one():
    plans = {name: case(name)[2] for name in CASES}
    assert plans["small"].layout.small
    assert plans["chain in the remainder"].layout.leaf == 0
    assert plans["a chain alone"].layout.leaf is None and not plans["a chain alone"].layout.small
    assert plans["two chains"].layout.rest == (0, 1)
    assert plans["sparse"].remainder == "sparse"
    assert choose_layout(10_000, (2000, 300), (1, 1), (False, True)) == Layout(
        (2000, 300), (1, 1), 1, (0,)
    )
    design, priors, _ = case("chain in the remainder")
    assert make_plan(design, "sparse", priors=priors).remainder == "dense"
