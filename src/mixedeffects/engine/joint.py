"""Variances of sums of random effects of several levels, given data and theta.

For a row with columns z_f of the levels j_f of its factors, all in one vector z of Z's columns,
the variance of z'b given the data is sigma^2 z'Lambda M^-1 Lambda'z. Levels of different factors
that occur together are correlated, so it takes more than the diagonal blocks of M^-1. With the
leaf's levels eliminated (K_j and V_j of `mixedeffects.engine.blocked`),

    z'Lambda M^-1 Lambda'z = z_j'K_j z_j + v'R^-1v,    v = Lambda_r'(z_r - V_j'K_j z_j).
"""

from __future__ import annotations

import numpy as np

# doubles in a batch of rows
BATCH = 2_000_000


def dense_joint(places, covariance, codes, Z):
    """Quadratic forms in a dense Lambda M^-1 Lambda'.

    Takes covariance (m, m) array; Z sequence of (n, k) arrays. Returns (n,) array.

    Parameters
    ----------
    places : sequence of (offset, k)
        First column and columns per level of every block.
    codes : sequence of (n,) arrays
        Per block; -1 for a level that contributes nothing.

    Examples
    --------
    >>> import numpy as np
    >>> C = np.array([[2.0, 1.0], [1.0, 3.0]])
    >>> one = np.ones((2, 1))
    >>> dense_joint([(0, 1), (1, 1)], C, [np.array([0, 0]), np.array([0, -1])], [one, one])
    array([7., 2.])
    """
    out = np.zeros(codes[0].size)
    Z = [np.where(c[:, None] < 0, 0.0, z) for c, z in zip(codes, Z, strict=True)]
    for f, (i, k) in enumerate(places):
        for g, (j, width) in enumerate(places[: f + 1]):
            twice = 1.0 if f == g else 2.0
            for a in range(k):
                for b in range(width):
                    entry = covariance[i + k * codes[f] + a, j + width * codes[g] + b]
                    out += twice * entry * Z[f][:, a] * Z[g][:, b]
    return out


def blocked_joint(fact, codes, Z):
    """The same where the leaf has been eliminated.

    Parameters
    ----------
    codes, Z
        As in `dense_joint`, in the design's order.
    """
    engine, layout = fact._engine, fact._engine.layout
    n = codes[0].size
    out = np.zeros(n)
    Z = [np.where(c[:, None] < 0, 0.0, z) for c, z in zip(codes, Z, strict=True)]
    leaf = layout.leaf
    half = None
    if leaf is not None:
        half = np.einsum("nab,nb->na", fact._K[codes[leaf]], Z[leaf])
        out += np.einsum("na,na->n", half, Z[leaf])
    if not layout.m:
        return out
    step = max(1, BATCH // layout.m)
    for lo in range(0, n, step):
        rows = slice(lo, min(lo + step, n))
        W = np.zeros((layout.m, rows.stop - lo))
        at = np.arange(rows.stop - lo)
        for f, offset in zip(layout.rest, layout.offsets, strict=True):
            k = layout.k[f]
            for a in range(k):
                W[offset + k * codes[f][rows] + a, at] += Z[f][rows, a]
        if half is not None:
            W -= _through_leaf(engine.crossing.V, codes[leaf][rows], half[rows])
        out[rows] += fact._rest.squares(fact._lambda_t_times(W))
    return out


def joint_flops(fact, n):
    """Floating-point operations of `blocked_joint` for n rows."""
    return 2.0 * n * fact._engine.remainder.entries


def _through_leaf(V, codes, half):
    """Sum of V_j'K_j z_j of some rows, (m, rows)."""
    from scipy import sparse

    n, k = half.shape
    columns = k * codes[:, None] + np.arange(k)
    columns[codes < 0] = 0  # their entries are zero
    pointer = k * np.arange(n + 1)
    S = sparse.csr_matrix((half.ravel(), columns.ravel(), pointer), shape=(n, V.shape[0]))
    return (S @ V).toarray().T
