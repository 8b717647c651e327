"""Rows become sums: everything a Gaussian mixed model needs to know about its data.

`CrossProducts` is a monoid: products of disjoint sets of rows add up (`merge`), and rows
can be taken out again (`remove`). After it is built, no cost of a fit grows with the
number of rows.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from mixedeffects.covariance import Noise, PriorWeights
from mixedeffects.crossprod.crossed import Rows, rows_against
from mixedeffects.crossprod.layout import Layout
from mixedeffects.crossprod.nested import nested_products, parents_of
from mixedeffects.crossprod.parallel import cores
from mixedeffects.crossprod.reference import Reference
from mixedeffects.errors import OptionError

CHUNK = 16_384
NO_ROWS = np.empty(0)


@dataclass(frozen=True, slots=True, eq=False)
class CrossProducts:
    """Weighted cross-products of [Z~ X~ y~], arranged for elimination.

    With q_f levels and k_f columns in block f, t = p + 1, m columns in the remainder:

    Attributes
    ----------
    reference : Reference
        The coordinates; see `mixedeffects.crossprod.reference`.
    n : int
        Rows summed.
    log_weights : float
        log|W|.
    xx : (t, t) array
        [X~ y~]'W[X~ y~].
    leaf_diag : (q, k, k) array or None
        Z~'WZ~ of every leaf level.
    leaf_fixed : (q, k, t) array or None
        Z~'W[X~ y~] of every leaf level.
    leaf_cross : Rows or None
        Leaf levels against the remainder's columns.
    rest_diag : tuple of (q_f, k_f, k_f) arrays
    rest_fixed : (m, t) array
    rest_cross : dict of (int, int) to Rows
        For positions a < b in `layout.rest`: levels of a against columns of b.
    rest_dense : (m, m) array or None
        The whole remainder, when `layout.small`.
    """

    layout: Layout
    reference: Reference
    n: int
    log_weights: float
    xx: np.ndarray
    leaf_diag: np.ndarray | None
    leaf_fixed: np.ndarray | None
    leaf_cross: Rows | None
    rest_diag: tuple[np.ndarray, ...]
    rest_fixed: np.ndarray
    rest_cross: dict[tuple[int, int], Rows]
    rest_dense: np.ndarray | None

    @property
    def p(self) -> int:
        return self.xx.shape[0] - 1

    @property
    def yy(self) -> float:
        return float(self.xx[-1, -1])

    def level_blocks(self, f: int) -> np.ndarray:
        """Z~'WZ~ of every level of a block, (q, k, k)."""
        layout = self.layout
        if f == layout.leaf:
            assert self.leaf_diag is not None
            return self.leaf_diag
        return self.rest_diag[layout.rest.index(f)]

    @classmethod
    def of(
        cls,
        design,
        layout: Layout,
        reference: Reference | None = None,
        noise: Noise | None = None,
    ) -> CrossProducts:
        """Sum the rows of a design in one pass.

        Parameters
        ----------
        reference : Reference, optional
            Coordinates of products this one is to be merged with; estimated if not given.
        noise : Noise, optional
            Where the weights come from: prior weights, if not given.
        """
        if reference is None:
            reference = Reference.of(design)
        if noise is None:
            noise = PriorWeights(design.weights)
        if layout.small:
            return _small_products(design, layout, reference, noise)
        return _blocked_products(design, layout, reference, noise)

    def merge(self, other: CrossProducts) -> CrossProducts:
        """The cross-products of the rows of both."""
        return _combine(self, other, 1.0)

    def remove(self, other: CrossProducts) -> CrossProducts:
        """The cross-products of the rows of `self` that are not in `other`."""
        return _combine(self, other, -1.0)

    def add(self, design) -> CrossProducts:
        """The cross-products with the rows of another design (same levels) added."""
        return self.merge(CrossProducts.of(design, self.layout, self.reference))


def _response(design):
    return design.y if design.offset is None else design.y - design.offset


def _transformed(X, y, T, out=None):
    """[X~ y~] of some rows."""
    p = X.shape[1]
    out = np.empty((X.shape[0], p + 1)) if out is None else out
    np.matmul(X, T[:p, :p], out=out[:, :p])
    np.matmul(X, T[:p, p], out=out[:, p])
    out[:, p] += y
    return out


def _small_products(design, layout, reference, noise):
    """One dense matrix product: the fastest way for a few dozen levels."""
    n, m = design.n, layout.m
    XY = _transformed(design.X, _response(design), reference.T)
    Zd = np.zeros((n, m))
    flat, rows = Zd.reshape(-1), np.arange(0, n * m, m or 1)
    for f, offset in zip(layout.rest, layout.offsets, strict=True):
        block = design.blocks[f]
        first = rows + block.factor.codes * block.k
        first += offset
        if block.Z is None:
            flat[first] = 1.0
        else:
            Z = block.Z @ reference.T_blocks[f]
            for c in range(block.k):
                flat[first] = Z[:, c]
                first += 1
    WZ, WXY = noise.times(Zd), noise.times(XY)
    dense = WZ.T @ Zd
    diag = []
    for f, offset in zip(layout.rest, layout.offsets, strict=True):
        q, k = layout.q[f], layout.k[f]
        block = dense[offset : offset + q * k, offset : offset + q * k].reshape(q, k, q, k)
        diag.append(np.ascontiguousarray(block.diagonal(axis1=0, axis2=2).transpose(2, 0, 1)))
    return CrossProducts(
        layout=layout,
        reference=reference,
        n=n,
        log_weights=noise.log_determinant(),
        xx=WXY.T @ XY,
        leaf_diag=None,
        leaf_fixed=None,
        leaf_cross=None,
        rest_diag=tuple(diag),
        rest_fixed=Zd.T @ WXY,
        rest_cross={},
        rest_dense=dense,
    )


def _blocked_products(design, layout, reference, noise):
    """One pass over chunks of rows, on all cores, into per-level sums."""
    blocks = design.blocks
    t = design.X.shape[1] + 1
    w = NO_ROWS if noise.weights is None else noise.weights
    leaf, rest, T_blocks = layout.leaf, layout.rest, reference.T_blocks
    leaf_cross, rest_cross = None, {}
    parents = parents_of(design, layout)
    if parents is not None:
        xx, sums = _accumulate_all(design, layout, reference, noise, (leaf,))
        diag, fixed = sums[leaf]
        leaf_cross, above, rest_cross = nested_products(diag, fixed, parents, layout)
        sums.update(zip(rest, above, strict=True))
    else:
        xx, sums = _accumulate_all(design, layout, reference, noise, range(len(blocks)))
        if leaf is not None and rest:
            leaf_cross = rows_against(blocks, leaf, rest, T_blocks, w)
        for a in range(len(rest)):
            for b in range(a + 1, len(rest)):
                rest_cross[a, b] = rows_against(blocks, rest[a], (rest[b],), T_blocks, w)
    rest_fixed = np.concatenate([sums[f][1].reshape(-1, t) for f in rest] or [np.zeros((0, t))])
    return CrossProducts(
        layout=layout,
        reference=reference,
        n=design.n,
        log_weights=noise.log_determinant(),
        xx=xx,
        leaf_diag=None if leaf is None else sums[leaf][0],
        leaf_fixed=None if leaf is None else sums[leaf][1],
        leaf_cross=leaf_cross,
        rest_diag=tuple(sums[f][0] for f in rest),
        rest_fixed=rest_fixed,
        rest_cross=rest_cross,
        rest_dense=None,
    )


def _accumulate_all(design, layout, reference, noise, which):
    """xx and, for some blocks, (diag, fixed); chunks of rows shared among threads."""
    from mixedeffects.crossprod import kernels

    n, p = design.X.shape
    t = p + 1
    y = _response(design)
    w = NO_ROWS if noise.weights is None else noise.weights
    blocks = design.blocks
    workers = min(cores(), max(1, n // (4 * CHUNK)))

    def run(worker):
        xx = np.zeros((t, t))
        sums = {}
        for f in which:
            q, k = layout.q[f], layout.k[f]
            sums[f] = np.zeros((q, k, k)), np.zeros((q, k, t))
        buffer = np.empty((min(CHUNK, n), t))
        bounds = range(worker * CHUNK, n, workers * CHUNK)
        for lo in bounds:
            hi = min(lo + CHUNK, n)
            XY = _transformed(design.X[lo:hi], y[lo:hi], reference.T, buffer[: hi - lo])
            wc = w[lo:hi] if w.size else w
            xx += XY.T @ (XY * wc[:, None] if w.size else XY)
            for f, (diag, fixed) in sums.items():
                block, T = blocks[f], reference.T_blocks[f]
                Z = np.empty((0, 1)) if block.Z is None else block.Z[lo:hi] @ T
                kernels.accumulate(block.factor.codes[lo:hi], Z, XY, wc, diag, fixed)
        return xx, sums

    if workers == 1:
        xx, sums = run(0)
    else:
        with ThreadPoolExecutor(workers) as pool:
            parts = list(pool.map(run, range(workers)))
        xx, sums = parts[0]
        for other_xx, other in parts[1:]:
            xx += other_xx
            for f, (diag, fixed) in sums.items():
                diag += other[f][0]
                fixed += other[f][1]
    for diag, _ in sums.values():
        if diag.shape[1] > 1:
            kernels.fill_upper(diag)
    return xx, sums


def _combine(a, b, sign):
    if a.layout != b.layout:
        raise OptionError("cross-products of different layouts cannot be combined")
    if a.reference is not b.reference and not _same_reference(a.reference, b.reference):
        raise OptionError(
            "cross-products kept in different coordinates cannot be combined: "
            "build the second with reference=first.reference"
        )

    def plus(u, v):
        return None if u is None else u + sign * v

    return replace(
        a,
        n=a.n + int(sign) * b.n,
        log_weights=a.log_weights + sign * b.log_weights,
        xx=a.xx + sign * b.xx,
        leaf_diag=plus(a.leaf_diag, b.leaf_diag),
        leaf_fixed=plus(a.leaf_fixed, b.leaf_fixed),
        leaf_cross=None if a.leaf_cross is None else _add_rows(a.leaf_cross, b.leaf_cross, sign),
        rest_diag=tuple(plus(u, v) for u, v in zip(a.rest_diag, b.rest_diag, strict=True)),
        rest_fixed=a.rest_fixed + sign * b.rest_fixed,
        rest_cross={
            key: _add_rows(rows, b.rest_cross[key], sign) for key, rows in a.rest_cross.items()
        },
        rest_dense=plus(a.rest_dense, b.rest_dense),
    )


def _same_reference(r, s):
    pairs = zip((r.T, *r.T_blocks), (s.T, *s.T_blocks), strict=True)
    return all(np.array_equal(u, v) for u, v in pairs)


def _add_rows(a, b, sign):
    """Sum of two compressed-row matrices on the union of their patterns."""
    q = a.indptr.size - 1
    row = np.concatenate([np.repeat(np.arange(q), np.diff(r.indptr)) for r in (a, b)])
    column = np.concatenate([a.index, b.index]).astype(np.int64)
    value = np.concatenate([a.value, sign * b.value])
    width = int(column.max(initial=0)) + 1
    key, inverse = np.unique(row * width + column, return_inverse=True)
    total = np.zeros((key.size, value.shape[1]))
    np.add.at(total, inverse, value)
    indptr = np.concatenate([[0], np.cumsum(np.bincount(key // width, minlength=q))])
    return Rows(indptr.astype(np.int64), (key % width).astype(np.int32), total)
