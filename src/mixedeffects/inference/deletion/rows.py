"""Diagonals of V^-1 and of the projection P, and the deletion of single rows, in closed form.

With x*_i = (V^-1 X^)_i', h = Py, v_i = (V^-1)_ii and P_ii = v_i - x*_i'x*_i, leaving out row i
at the same theta changes beta^ by -x*_i h_i / P_ii, y'Py by -h_i^2 / P_ii, and the information
I by -x*_i x*_i' / v_i (coordinates with X^'V^-1X^ = I).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mixedeffects.engine import free_memory
from mixedeffects.errors import PlanTooLargeError
from mixedeffects.inference.clusters import CHUNK, GLSRows

SHARE = 0.5
# levels whose cross-products with the other factors are handled at a time
LEVELS = 20_000


def row_products(gls):
    """X^, V^-1 X^ and h = V^-1 e of all rows.

    Returns
    -------
    (n, p), (n, p), (n,) arrays
    """
    n, p = gls.residual.size, gls.p
    columns, solved = np.empty((n, p + 1)), np.empty((n, p + 1))
    for lo in range(0, n, CHUNK):
        rows = np.arange(lo, min(lo + CHUNK, n))
        columns[rows] = gls.columns(rows)
        solved[rows] = gls.solved(rows, columns[rows])
    return columns[:, :p], solved[:, :p], solved[:, p]


def inverse_diagonal(fit, gls):
    """(V^-1)_ii of every row.

    One grouping factor: from the conditional covariances. Several: the one with most columns
    is eliminated level by level, and what remains is inverted as one dense matrix.

    Returns
    -------
    (n,) array

    Raises
    ------
    PlanTooLargeError
        When the other factors have too many columns for that.
    """
    design = fit.design
    weights = np.ones(design.n) if design.weights is None else design.weights
    if len(design.blocks) == 1:
        block = design.blocks[0]
        own = (fit.conditional_covariances()[0] / fit.noise.variance)[block.factor.codes]
        if block.Z is None:
            return weights - weights**2 * own[:, 0, 0]
        out = np.empty(design.n)
        for lo in range(0, design.n, CHUNK):
            part = slice(lo, min(lo + CHUNK, design.n))
            Z = block.Z[part]
            out[part] = np.einsum("ra,rab,rb->r", Z, own[part], Z)
        return weights - weights**2 * out
    return weights - weights**2 * _joint_variances(design, gls.roots, weights)


def leverages(fit):
    """Derivative of every fitted value by its response at the same theta, 1 - P_ii / w_i.

    Returns
    -------
    (n,) array

    Raises
    ------
    PlanTooLargeError
        As `inverse_diagonal`.
    """
    gls = GLSRows(fit)
    _, solved, _ = row_products(gls)
    projection = inverse_diagonal(fit, gls) - np.einsum("np,np->n", solved, solved)
    weights = fit.design.weights
    return 1.0 - (projection if weights is None else projection / weights)


def _joint_variances(design, roots, weights):
    """z_i'Cov(b | y)z_i / sigma^2 of every row, for several grouping factors."""
    from scipy import sparse

    columns = [b.factor.n_levels * r.shape[1] for b, r in zip(design.blocks, roots, strict=True)]
    leaf = columns.index(max(columns))
    others = [f for f in range(len(columns)) if f != leaf]
    m = sum(columns[f] for f in others)
    available = free_memory() if m > 3_000 else None
    if available is not None and 24.0 * m * m > SHARE * available:
        raise PlanTooLargeError(
            f"leverages need the inverse of a dense matrix of order {m:,} "
            f"({24e-9 * m * m:.1f} GB) and {available / 1e9:.1f} GB are free\n"
            "leave out a grouping factor, or ask for groups= instead of rows"
        )
    Z = [_sparse_columns(design.blocks[f], roots[f], design.n) for f in range(len(columns))]
    rest: Any = sparse.hstack([Z[f] for f in others], format="csr")
    block = design.blocks[leaf]
    q, k = block.factor.n_levels, roots[leaf].shape[1]
    rows = np.full((design.n, k), roots[leaf]) if block.Z is None else block.Z @ roots[leaf]
    codes = block.factor.codes
    own = np.empty((q, k, k))
    for a in range(k):
        for b in range(k):
            own[:, a, b] = np.bincount(codes, weights * rows[:, a] * rows[:, b], minlength=q)
    K = np.linalg.inv(own + np.eye(k))
    W = sparse.diags_array(weights)
    cross = (Z[leaf].T @ W @ rest).tocsr()  # (q k, m)
    KB = (
        sparse.block_diag(list(K), format="csr") @ cross
        if k > 1
        else cross.multiply(K.reshape(-1, 1)).tocsr()
    )
    R = np.eye(m) + (rest.T @ W @ rest).toarray()
    for lo in range(0, q, LEVELS):
        part = slice(lo * k, min(lo + LEVELS, q) * k)
        R -= (cross[part].T @ KB[part]).toarray()
    inverse = np.linalg.inv(R)
    within = np.einsum("ra,rab,rb->r", rows, K[codes], rows)
    order = np.argsort(codes, kind="stable")
    start = np.concatenate([[0], np.cumsum(np.bincount(codes, minlength=q))])
    out = np.empty(design.n)
    for j in range(q):
        members = order[start[j] : start[j + 1]]
        # u_i = B'K z_i - (row i of the other factors) lives on the columns the level meets
        # (a leaf without variance meets none: its products are zeros, which are not listed)
        lines, others_of = KB[j * k : (j + 1) * k], rest[members]
        met = np.union1d(lines.indices, others_of.indices)
        U = np.zeros((members.size, met.size))
        owner = np.repeat(np.arange(members.size), np.diff(others_of.indptr))
        U[owner, np.searchsorted(met, others_of.indices)] = -others_of.data
        U += rows[members] @ lines[:, met].toarray()
        out[members] = within[members] + np.einsum("ra,ra->r", U @ inverse[np.ix_(met, met)], U)
    return out


def _sparse_columns(block, root, n):
    """Z times a root of the covariance, (n, q k) in compressed rows."""
    from scipy import sparse

    k = root.shape[1]
    data = np.full((n, k), root) if block.Z is None else block.Z @ root
    # exact zeros stay listed, so that every row meets its level's columns
    index = block.factor.codes[:, None].astype(np.int64) * k + np.arange(k)
    shape = (n, block.factor.n_levels * k)
    return sparse.csr_array((data.ravel(), index.ravel(), np.arange(n + 1) * k), shape=shape)
