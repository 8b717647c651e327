"""The Gaussian likelihood of one grouping factor from sums over its groups, in rows' order.

Linear in the number of rows, so that tables too large for dense matrices have a reference; shares
no code with src. V of a group is I + Z G Z', inverted by Woodbury's identity.
"""

import numpy as np


def group_sums(y, X, codes, Z, weights=None):
    """Per group Z'WZ, Z'W[X y] and in all [X y]'W[X y], of centred columns where X has ones."""
    w = np.ones(len(y)) if weights is None else weights
    A = np.column_stack([X, y])
    q, k, t = int(codes.max()) + 1, Z.shape[1], A.shape[1]
    zz, za = np.empty((q, k, k)), np.empty((q, k, t))
    for i in range(k):
        for j in range(k):
            zz[:, i, j] = np.bincount(codes, w * Z[:, i] * Z[:, j], q)
        for j in range(t):
            za[:, i, j] = np.bincount(codes, w * Z[:, i] * A[:, j], q)
    return zz, za, (A * w[:, None]).T @ A, float(np.log(w).sum()), len(y)


def profiled(sums, Lam, reml=True):
    """-2 log-likelihood or REML criterion, coefficients and residual SD at a relative factor."""
    zz, za, aa, log_weights, n = sums
    k, p = Lam.shape[0], aa.shape[0] - 1
    M = np.eye(k) + Lam.T @ zz @ Lam
    LA = Lam.T @ za
    aVa = aa - np.einsum("gia,gib->ab", LA, np.linalg.solve(M, LA))
    beta = np.linalg.solve(aVa[:p, :p], aVa[:p, p])
    nu = n - p if reml else n
    rss = aVa[p, p] - beta @ aVa[:p, p]
    value = np.linalg.slogdet(M)[1].sum() - log_weights + nu * (1 + np.log(2 * np.pi * rss / nu))
    if reml:
        value += np.linalg.slogdet(aVa[:p, :p])[1]
    return value, beta, np.sqrt(rss / nu)
