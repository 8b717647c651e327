"""Textbook EM for linear mixed models, dense: joint normal moments, no code shared with src.

What is missing is v = (b, e), all random effects and all residuals, N(0, S). Observed are for ML
the rows of y - X beta = Z b + e; for REML as many contrasts of y that X has no part in.
"""

import numpy as np
from scipy.linalg import block_diag, null_space

from tests.oracles.dense import random_effects_matrix


def moments(y, X, blocks, covariances, sigma2, weights, reml):
    """E[v v' | observed], for v = (b of all blocks, level by level; e).

    Parameters
    ----------
    blocks : list of (codes, Z)
    covariances : list of (k, k) arrays
        Of b_j, not relative to sigma2.

    Returns
    -------
    (N, N) array
    """
    Zs = [random_effects_matrix(codes, Z) for codes, Z in blocks]
    G = [
        np.kron(np.eye(codes.max() + 1), Psi)
        for (codes, _), Psi in zip(blocks, covariances, strict=True)
    ]
    S = block_diag(*G, np.diag(sigma2 / weights))
    M = np.column_stack([*Zs, np.eye(len(y))])
    V = M @ S @ M.T
    if reml:
        K = null_space(X.T)
        M, seen = K.T @ M, K.T @ y
    else:
        beta = np.linalg.solve(X.T @ np.linalg.solve(V, X), X.T @ np.linalg.solve(V, y))
        seen = y - X @ beta
    gain = S @ M.T @ np.linalg.inv(M @ S @ M.T)
    mean = gain @ seen
    return np.outer(mean, mean) + S - gain @ M @ S


def em_step(y, X, blocks, covariances, sigma2, weights, reml):
    """New covariances of all blocks and new sigma2."""
    E = moments(y, X, blocks, covariances, sigma2, weights, reml)
    out, at = [], 0
    for codes, Z in blocks:
        q, k = codes.max() + 1, Z.shape[1]
        out.append(sum(E[at + j * k :, at + j * k :][:k, :k] for j in range(q)) / q)
        at += q * k
    return out, float(np.sum(weights * E[at:, at:].diagonal())) / len(y)


def expected_squares(E, y, blocks, weights, changes):
    """E |y - X beta - sum_f Z_f (I + A_f) b_f|^2_W given what was observed.

    Parameters
    ----------
    E : (N, N) array
        From `moments`.
    changes : list of (k, k) arrays
        A_f.
    """
    Zs = [
        random_effects_matrix(codes, Z) @ np.kron(np.eye(codes.max() + 1), A)
        for (codes, Z), A in zip(blocks, changes, strict=True)
    ]
    F = np.column_stack([*(-Z for Z in Zs), np.eye(len(y))])
    return float(np.sum(weights * (F @ E @ F.T).diagonal()))
