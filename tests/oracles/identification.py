"""Null space of the map from variances to V, from dense n x n matrices."""

import numpy as np


def derivatives(blocks, weights, residual=True):
    """dV / dphi for the residual variance, then block by block, term by term, a <= b.

    Returns
    -------
    matrices : list of (n, n) arrays
    places : list of None or (block, a, b)
    """
    n = blocks[0].factor.codes.size
    out, places = [], []
    if residual:
        out.append(np.eye(n) if weights is None else np.diag(1.0 / weights))
        places.append(None)
    for f, block in enumerate(blocks):
        Z = np.ones((n, 1)) if block.Z is None else np.array(block.Z)
        same = block.factor.codes[:, None] == block.factor.codes[None, :]
        for term in block.terms:
            for i, a in enumerate(term.columns):
                others = term.columns[i:] if term.covariance == "us" else (a,)
                for b in others:
                    product = np.outer(Z[:, a], Z[:, b])
                    out.append(same * (product if a == b else product + product.T))
                    places.append((f, a, b))
    return out, places


def null_space(blocks, X, weights, reml, tolerance=1e-9):
    """Directions of phi that leave V, or V with X projected out, as it is.

    Returns
    -------
    (K, d) array
        Orthonormal after each phi is scaled by the norm of its derivative.
    scales : (K,) array
    places : list
    """
    matrices, places = derivatives(blocks, weights)
    scales = np.array([np.linalg.norm(M) or 1.0 for M in matrices])
    if reml and X.shape[1]:
        Q = np.linalg.qr(X, mode="complete")[0][:, np.linalg.matrix_rank(X) :]
        matrices = [Q.T @ M @ Q for M in matrices]
    columns = np.array([M.ravel() / s for M, s in zip(matrices, scales, strict=True)]).T
    _, s, Vt = np.linalg.svd(columns, full_matrices=False)
    return Vt[s < tolerance * s[0]].T, scales, places
