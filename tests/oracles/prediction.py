"""Prediction errors by dense linear algebra: every estimate as a matrix times y."""

import numpy as np
from scipy.linalg import block_diag

from tests.oracles.dense import marginal_covariance, random_effects_matrix


def error_covariance(X, blocks, lambdas, weights, X_new, Z_new):
    """Covariance of X_new(beta^ - beta) + Z_new(b^ - b), in units of sigma^2.

    With y = X beta + Z b + e both estimates are linear in y, so the error is a linear function
    of b and e, whose covariances are given.
    """
    V_inverse = np.linalg.inv(marginal_covariance(blocks, lambdas, weights))
    Z = np.hstack([random_effects_matrix(codes, z) for codes, z in blocks])
    G = block_diag(
        *[
            np.kron(np.eye(codes.max() + 1), Lam @ Lam.T)
            for (codes, _), Lam in zip(blocks, lambdas, strict=True)
        ]
    )
    n = X.shape[0]
    A = np.linalg.solve(X.T @ V_inverse @ X, X.T @ V_inverse)
    B = G @ Z.T @ V_inverse @ (np.eye(n) - X @ A)
    from_y = X_new @ A + Z_new @ B
    from_b = from_y @ Z - Z_new
    return from_y @ np.diag(1.0 / weights) @ from_y.T + from_b @ G @ from_b.T
