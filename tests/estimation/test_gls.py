"""What V^-1 does to the columns of a linear model, against a dense V."""

from __future__ import annotations

import numpy as np
import pytest

import mixedeffects as me
from tests import tolerances as tol


@pytest.fixture(scope="module")
def setting():
    """A weighted fit of two crossed factors, its dense X, Z by block and V relative to sigma^2."""
    rng = np.random.default_rng(5)
    n = 120
    g, h, x = rng.integers(0, 9, n), rng.integers(0, 6, n), 1900.0 + rng.normal(size=n)
    y = 0.3 * x + rng.normal(size=9)[g] + rng.normal(size=6)[h] + rng.normal(size=n)
    table = {"y": y, "x": x, "g": g, "h": h, "w": rng.uniform(0.5, 2.0, n)}
    fit = me.lmm("y ~ x + (x | g) + (1 | h)", table, weights="w")
    X = np.column_stack([np.ones(n), x])
    V, Z = np.diag(1.0 / table["w"]), []
    for block, Lam in zip(fit.design.blocks, fit.lambdas, strict=True):
        rows = np.ones((n, 1)) if block.Z is None else np.asarray(block.Z)
        Z.append((block.factor.codes, rows))
        same = block.factor.codes[:, None] == block.factor.codes
        V += same * (rows @ Lam @ Lam.T @ rows.T)
    return fit, y, X, Z, np.linalg.inv(V)


def test_fixed_columns_are_orthonormal(setting):
    fit, _, X, _, inverse = setting
    T = fit.gls.T_hat
    np.testing.assert_allclose((X @ T).T @ inverse @ (X @ T), np.eye(2), atol=tol.ROUNDING_E6)
    np.testing.assert_allclose(fit.gls.beta, fit.beta, rtol=tol.ROUNDING_E12)
    np.testing.assert_allclose(fit.vcov_beta, fit.sigma**2 * T @ T.T, rtol=tol.ROUNDING_E12)


def test_scores_are_those_of_a_dense_inverse(setting):
    fit, y, X, Z, inverse = setting
    gls, residuals = fit.gls, y - X @ fit.beta
    for f, (codes, rows) in enumerate(Z):
        columns = rows @ gls.T_blocks[f]
        for found, right in ((gls.scores[f], residuals), (gls.fixed_scores[f], X @ gls.T_hat)):
            solved = inverse @ right
            for level in range(found.shape[0]):
                inside = codes == level
                expected = columns[inside].T @ solved[inside]
                np.testing.assert_allclose(found[level], expected, atol=tol.ROUNDING_E6)
