"""Estimates, BLUPs and conditional variances against dense textbook formulas."""

import numpy as np
import pytest

import mixedeffects as me
from tests import tolerances as tol
from tests.estimation.simulated import FORMULAS, crossed_table
from tests.oracles import dense
from tests.tolerances import ESTIMATE_RTOL


def ingredients(fit):
    design = fit.design
    blocks = [
        (b.factor.codes, np.ones((design.n, 1)) if b.Z is None else b.Z) for b in design.blocks
    ]
    weights = np.ones(design.n) if design.weights is None else design.weights
    return blocks, weights


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("formula", FORMULAS)
def test_beta_sigma_b(formula, reml):
    fit = me.lmm(formula, crossed_table(), reml=reml, weights="w")
    blocks, weights = ingredients(fit)
    beta, sigma, b = dense.beta_sigma_b(
        fit.design.y, fit.design.X, blocks, fit.lambdas, weights, reml
    )
    assert fit.beta == pytest.approx(beta, rel=ESTIMATE_RTOL, abs=ESTIMATE_RTOL)
    assert fit.sigma == pytest.approx(sigma, rel=ESTIMATE_RTOL)
    for ours, theirs in zip(fit.b, b, strict=True):
        assert np.abs(ours - theirs).max() <= ESTIMATE_RTOL * max(1.0, np.abs(theirs).max())


@pytest.mark.parametrize("formula", FORMULAS)
def test_vcov_and_conditional_covariances(formula):
    fit = me.lmm(formula, crossed_table())
    blocks, weights = ingredients(fit)
    V = dense.marginal_covariance(blocks, fit.lambdas, weights)
    X = fit.design.X
    expected = fit.sigma**2 * np.linalg.inv(X.T @ np.linalg.solve(V, X))
    assert np.allclose(fit.vcov(), expected, rtol=tol.ROUNDING_E7, atol=tol.ROUNDING_E10)
    # Var(b | y) = sigma^2 (G - G Z'V^-1 Z G), jointly over all blocks
    Z = np.hstack([dense.random_effects_matrix(c, z) for c, z in blocks])
    G = np.zeros((Z.shape[1],) * 2)
    at = 0
    for (codes, _), Lam in zip(blocks, fit.lambdas, strict=True):
        width = (codes.max() + 1) * Lam.shape[0]
        G[at : at + width, at : at + width] = np.kron(np.eye(codes.max() + 1), Lam @ Lam.T)
        at += width
    conditional = fit.sigma**2 * (G - G @ Z.T @ np.linalg.solve(V, Z @ G))
    at = 0
    for cov in fit.conditional_covariances():
        q, k, _ = cov.shape
        for j in range(q):
            block = conditional[at : at + k, at : at + k]
            assert np.allclose(cov[j], block, rtol=tol.ROUNDING_E6, atol=tol.ROUNDING_E9)
            at += k


def test_objective_at_user_theta_is_the_dense_likelihood():
    table = crossed_table()
    fit = me.lmm("y ~ x + (1 + x | g) + (1 | h)", table, reml=False)
    blocks, weights = ingredients(fit)
    theta = np.array([0.8, -0.3, 0.5, 1.2])
    lambdas = [np.array([[0.8, 0.0], [-0.3, 0.5]]), np.array([[1.2]])]
    V = dense.marginal_covariance(blocks, lambdas, weights)
    expected = dense.minus_two_loglik(fit.design.y, fit.design.X, V, False)
    assert fit.objective_at(theta) == pytest.approx(expected, rel=tol.ROUNDING_E10)
