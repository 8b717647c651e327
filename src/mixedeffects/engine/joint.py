"""Variances of sums of random effects of several levels, given data and theta.

For a row with columns z_f of the levels j_f of its factors, all in one vector z of Z's columns,
the variance of z'b given the data is sigma^2 z'Lambda M^-1 Lambda'z. Levels of different factors
that occur together are correlated, so it takes more than the diagonal blocks of M^-1. With the
leaf's levels eliminated (K_j and V_j of `mixedeffects.engine.blocked`),

    z'Lambda M^-1 Lambda'z = z_j'K_j z_j + v'R^-1v,    v = Lambda_r'(z_r - V_j'K_j z_j).

Few rows take a solution each. Many take R^-1 itself: of C = Lambda_r R^-1 Lambda_r' and the
products V_jC of the levels j, each made once, a row needs some entries.
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
    if fact._engine.remainder.name == "dense" and n * layout.m > _inverse_flops(fact) / layout.m:
        return out + _by_inverse(fact, codes, Z, half)
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
    solved = 2.0 * n * fact._engine.remainder.entries
    if fact._engine.remainder.name != "dense":
        return solved
    return min(solved, 2.0 * _inverse_flops(fact) + 100.0 * n)


def _inverse_flops(fact):
    """Multiplications for R^-1 and its products with the leaf's levels, done once."""
    layout, crossing = fact._engine.layout, fact._engine.crossing
    # sparse products are some ten times slower than dense ones
    return layout.m**3 / 3.0 + 10.0 * crossing.V.nnz * layout.m


def _by_inverse(fact, codes, Z, half):
    """v'R^-1v of many rows."""
    layout, leaf = fact._engine.layout, fact._engine.layout.leaf
    C = _rest_covariance(fact)
    places = [(offset, layout.k[f]) for f, offset in zip(layout.rest, layout.offsets, strict=True)]
    out = dense_joint(places, C, [codes[f] for f in layout.rest], [Z[f] for f in layout.rest])
    if half is None:
        return out
    S, _ = fact._select()
    out += np.einsum("na,nab,nb->n", half, S[codes[leaf]], half)
    V, k = fact._engine.crossing.V, layout.k[leaf]
    used, place = np.unique(codes[leaf], return_inverse=True)  # those below zero have half = 0
    order = np.argsort(place, kind="stable")
    ends = np.cumsum(np.bincount(place))
    step = max(1, BATCH // (k * layout.m))
    for lo in range(0, used.size, step):
        hi = min(lo + step, used.size)
        levels = np.maximum(used[lo:hi], 0)
        VC = V[(k * levels[:, None] + np.arange(k)).ravel()] @ C
        rows = order[ends[lo - 1] if lo else 0 : ends[hi - 1]]
        first = k * (place[rows] - lo)
        for f, (offset, width) in zip(layout.rest, places, strict=True):
            for a in range(width):
                column = offset + width * np.maximum(codes[f][rows], 0) + a
                z = np.where(codes[f][rows] < 0, 0.0, Z[f][rows, a])
                for b in range(k):
                    out[rows] -= 2.0 * z * half[rows, b] * VC[first + b, column]
    return out


def _rest_covariance(fact):
    """C = Lambda_r R^-1 Lambda_r', (m, m), kept."""
    if fact._rest_joint is None:
        m = fact._engine.layout.m
        P = fact._select()[1].reshape(m, m)
        P = np.tril(P) + np.tril(P, -1).T
        half = fact._lambda_times(P)
        fact._rest_joint = fact._lambda_times(np.ascontiguousarray(half.T))
    return fact._rest_joint


def _through_leaf(V, codes, half):
    """Sum of V_j'K_j z_j of some rows, (m, rows)."""
    from scipy import sparse

    n, k = half.shape
    columns = k * codes[:, None] + np.arange(k)
    columns[codes < 0] = 0  # their entries are zero
    pointer = k * np.arange(n + 1)
    S = sparse.csr_matrix((half.ravel(), columns.ravel(), pointer), shape=(n, V.shape[0]))
    return (S @ V).toarray().T
