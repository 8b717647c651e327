"""Inner products of the derivatives of V, from the cross-products of Z and X alone.

V = sigma^2 W^-1 + Z G Z' is linear in its variances and covariances phi. With V_k = dV / dphi_k and
P = W - W X (X'WX)^- X'W (or W itself), the Gram matrix

    tr(P V_k P V_l)

is zero in just the directions of phi that leave P V P as it is. Rao's MINQUE(0) solves with it
(Rao 1971, doi:10.1016/0047-259X(71)90001-7). With C_ij = Z_i'WZ_j for levels i, j that occur
together and B_i B_j' what the projection takes from it,

    tr(P V_k P V_l) = sum_ij tr(E_k (C_ij - B_i B_j') E_l (C_ij - B_i B_j')'),

E_k the symmetric matrix that phi_k multiplies.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

# cross-products of pairs of levels that are held at once with those of the projection
BATCH = 4_000_000
# cells per row up to which empty ones cost less than a search for those that have rows
ALL_CELLS = 4


@dataclass(frozen=True, slots=True)
class LevelProducts:
    """Cross-products between levels, and with the fixed effects.

    Attributes
    ----------
    q, k : tuple of int
        Levels and columns per level of every block.
    pairs : dict of (f, g) to (i, j, C)
        For f <= g: levels i of f and j of g, (r,) each, and their (r, k_f, k_g) products.
    fixed : list of (q, k, p) arrays or None
        B: Z_i'WX R^-1 with R'R = X'WX; None where nothing is projected out.
    n, p : int
        Rows, and columns projected out.
    """

    q: tuple[int, ...]
    k: tuple[int, ...]
    pairs: dict
    fixed: list | None
    n: int
    p: int


def level_products(stats, projected):
    """The products of a linear model, from its cross-products.

    Returns a `LevelProducts`.

    Parameters
    ----------
    projected : bool
        Whether the fixed effects are projected out.
    """
    layout, p = stats.layout, stats.p
    if layout.small:
        pairs, ZX = _dense_pairs(stats), stats.rest_fixed[:, :p]
    else:
        A, ZX = all_products(stats)
        pairs = pairs_of(A, layout.q, layout.k)
    fixed = None
    if projected and p:
        R = np.linalg.cholesky(stats.xx[:p, :p]).T
        B = np.linalg.solve(R.T, ZX.T).T
        bounds = np.cumsum([q * k for q, k in zip(layout.q, layout.k, strict=True)])[:-1]
        parts = np.split(B, bounds)
        fixed = [b.reshape(q, k, p) for b, q, k in zip(parts, layout.q, layout.k, strict=True)]
    return LevelProducts(layout.q, layout.k, pairs, fixed, stats.n, p if projected else 0)


def _dense_pairs(stats):
    """The same as `pairs_of` where the cross-products of all columns are one dense matrix."""
    layout, out = stats.layout, {}
    places = list(zip(layout.rest, layout.offsets, strict=True))
    for f, at in places:
        q, k = layout.q[f], layout.k[f]
        for g, to in places:
            r, c = layout.q[g], layout.k[g]
            if f == g:
                own = np.arange(q)
                out[f, f] = own, own, stats.rest_diag[layout.rest.index(f)]
            elif f < g:
                part = stats.rest_dense[at : at + q * k, to : to + r * c].reshape(q, k, r, c)
                i, j = np.divmod(np.arange(q * r), r)
                out[f, g] = i, j, part.transpose(0, 2, 1, 3).reshape(q * r, k, c)
    return out


def products_of_rows(blocks, T_blocks, n):
    """The products of one linear predictor of a generalised model, from its rows.

    Takes T_blocks sequence of (k, k) arrays.

    Returns
    -------
    LevelProducts
        Nothing projected out.
    """
    Z = [
        np.full((n, 1), T[0, 0]) if block.Z is None else np.asarray(block.Z @ T)
        for block, T in zip(blocks, T_blocks, strict=True)
    ]
    codes = [block.factor.codes for block in blocks]
    q = tuple(block.factor.n_levels for block in blocks)
    k = tuple(block.k for block in blocks)
    pairs = {}
    for f in range(len(blocks)):
        for g in range(f, len(blocks)):
            if f == g:
                i = j = np.arange(q[f])
                at = codes[f]
            else:
                i, j, at = _cells(codes[f], codes[g], q[f], q[g])
            C = np.empty((i.size, k[f], k[g]))
            for a in range(k[f]):
                for b in range(a if f == g else 0, k[g]):
                    weights = Z[f][:, a] * Z[g][:, b]
                    C[:, a, b] = np.bincount(at, weights, minlength=i.size)
                    if f == g:
                        C[:, b, a] = C[:, a, b]
            pairs[f, g] = i, j, C
    return LevelProducts(q, k, pairs, None, n, 0)


def _cells(first, second, q, r):
    """Cells of two factors with q and r levels: their levels, (c,) each, and the cell of every row.

    All of them where they are few next to the rows, else those that have rows.
    """
    keys = first * np.int64(r) + second
    if q * r <= ALL_CELLS * keys.size:
        cells = np.arange(q * r)
    else:
        cells, keys = np.unique(keys, return_inverse=True)
    return *np.divmod(cells, r), keys


def pairs_of(A, q, k):
    """Blocks of a sparse symmetric matrix of products, by pairs of blocks of the design."""
    bounds = np.concatenate([[0], np.cumsum([a * b for a, b in zip(q, k, strict=True)])])
    out = {}
    for f in range(len(q)):
        for g in range(f, len(q)):
            part = A[bounds[f] : bounds[f + 1], bounds[g] : bounds[g + 1]]
            part = part.tobsr(blocksize=(k[f], k[g]))
            i = np.repeat(np.arange(q[f]), np.diff(part.indptr))
            out[f, g] = i, part.indices, part.data
    return out


def variance_gram(products, bases, residual=True):
    """tr(P V_k P V_l), with V_0 = W^-1 first where the model has a residual.

    Parameters
    ----------
    bases : sequence of (m_f, k_f, k_f) arrays
        Per block, the symmetric matrices that its variances and covariances multiply.

    Returns
    -------
    gram : (K, K) array
    scale : (K,) array
        sqrt tr(W V_k W V_k): what the diagonal would be with nothing projected out.
    """
    sizes = [basis.shape[0] for basis in bases]
    starts = np.cumsum([int(residual), *sizes])
    gram = np.zeros((starts[-1],) * 2)
    square = np.zeros(starts[-1])
    parts = [slice(a, b) for a, b in pairwise(starts)]
    flat = [basis.reshape(basis.shape[0], -1) for basis in bases]
    if residual:
        gram[0, 0], square[0] = products.n - products.p, products.n
    U = None if products.fixed is None else [_squares(B) for B in products.fixed]
    for (f, g), pair in products.pairs.items():
        plain, reduced = _pair_sums(products, f, g, pair)
        if U is not None:  # the B_i B_j' squared, of all pairs whether or not they occur together
            reduced = reduced + U[f] @ U[g].T
        gram[parts[f], parts[g]] = flat[f] @ reduced @ flat[g].T
        gram[parts[g], parts[f]] = gram[parts[f], parts[g]].T
        if f != g:
            continue
        square[parts[f]] = np.add.reduce((flat[f] @ plain) * flat[f], axis=1)
        if residual:
            own = pair[2].sum(axis=0)
            if products.fixed is not None:
                B = products.fixed[f]
                own = own - np.tensordot(B, B, axes=((0, 2), (0, 2)))
            gram[0, parts[f]] = gram[parts[f], 0] = flat[f] @ own.ravel()
    return gram, np.sqrt(np.maximum(square, 0.0))


def _squares(B):
    """Sum over levels of B_ar B_bs, (k k, p p), indices (a, b) and (r, s)."""
    q, k, p = B.shape
    rows = B.reshape(q, k * p)
    out = (rows.T @ rows).reshape(k, p, k, p)
    return out.transpose(0, 2, 1, 3).reshape(k * k, p * p)


def _pair_sums(products, f, g, pair):
    """Sums over pairs of levels of C_ac C_bd, (k_f k_f, k_g k_g), indices (a, b) and (c, d).

    Returns
    -------
    plain, reduced : arrays
        `reduced` has the terms of (C - BB')_ac (C - BB')_bd that are not of second order in BB'.
    """
    i, j, C = pair
    kf, kg = products.k[f], products.k[g]

    def arranged(products_of_entries):
        return products_of_entries.reshape(kf, kg, kf, kg).transpose(0, 2, 1, 3).reshape(
            kf * kf, kg * kg
        )  # fmt: skip

    rows = C.reshape(-1, kf * kg)
    plain = arranged(rows.T @ rows)
    if products.fixed is None:
        return plain, plain
    Bf, Bg = products.fixed[f], products.fixed[g]
    cross = np.zeros((kf * kg, kf * kg))
    batch = max(1, BATCH // max(1, products.p * (kf + kg)))
    for lo in range(0, i.size, batch):
        part = slice(lo, lo + batch)
        BB = np.einsum("nap,ncp->nac", Bf[i[part]], Bg[j[part]]).reshape(-1, kf * kg)
        cross += rows[part].T @ BB
    return plain, plain - arranged(cross + cross.T)


def all_products(stats):
    """Z~'WZ~ (sparse, symmetric) and Z~'WX~ with the blocks in the design's order."""
    from scipy import sparse

    from mixedeffects.engine.remainder_products import block_diagonal, crossing_matrix, own_matrix

    layout, p = stats.layout, stats.p
    A, ZX = own_matrix(stats), stats.rest_fixed[:, :p]
    order = list(layout.rest)
    if layout.leaf is not None:
        leaf = block_diagonal(stats.leaf_diag)
        C = crossing_matrix(stats)
        A = sparse.bmat([[leaf, C], [C.T, A]] if layout.m else [[leaf]], format="csr")
        ZX = np.concatenate([stats.leaf_fixed[:, :, :p].reshape(-1, p), ZX])
        order = [layout.leaf, *order]
    if order != list(range(len(order))):
        sizes = [layout.q[f] * layout.k[f] for f in order]
        at = dict(zip(order, np.concatenate([[0], np.cumsum(sizes)[:-1]]), strict=True))
        back = np.concatenate(
            [at[f] + np.arange(layout.q[f] * layout.k[f]) for f in range(len(order))]
        )
        A, ZX = A.tocsr()[back][:, back], ZX[back]
    return A, ZX
