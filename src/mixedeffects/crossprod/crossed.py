"""Which levels of different factors occur together, and their cross-products."""

# Kernels are called with unpacked tuples, whose length a type checker does not see.
# pyright: reportCallIssue=false

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from mixedeffects.crossprod.parallel import cores, in_parallel

# rows below which a second thread costs more than it saves
PARALLEL_ROWS = 100_000


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """A compressed-row matrix of cross-products between the levels of two sets of columns.

    Attributes
    ----------
    indptr : (q + 1,) int64
    index : (nnz,) int32
        Ascending columns per row.
    value : (nnz, k) float64
        One k-vector (over the row factor's columns) per entry.
    """

    indptr: np.ndarray
    index: np.ndarray
    value: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class _Sorted:
    """Rows in the order of one factor's levels, with the levels they meet elsewhere."""

    pointer: np.ndarray
    met: np.ndarray
    order: np.ndarray
    n_levels: int
    level_offset: np.ndarray
    width: np.ndarray
    ranges: list
    found: list
    count: np.ndarray
    columns: np.ndarray


def leaf_pattern(blocks, layout):
    """Levels of the remainder's factors that every leaf level meets.

    Parameters
    ----------
    layout : Layout
        With a leaf and a remainder.

    Returns
    -------
    indptr : (q + 1,) int64
    index : (nnz,) int32
        Levels of the factors in ``layout.rest``, numbered through, in no order.
    """
    together = _meet(blocks, layout.leaf, layout.rest, keep_order=False)
    indptr = np.concatenate([[0], np.cumsum(together.count)])
    return indptr, np.concatenate(together.found)


def rows_against(blocks, first, others, T_blocks, w):
    """Cross-products of one block's levels with the columns of others.

    Returns a `Rows`.

    Parameters
    ----------
    T_blocks : sequence of (k, k) arrays
        Coordinates of every block's columns.
    w : (n,) or (0,) float64
        Weights; none for unit weights.
    """
    from mixedeffects.crossprod import cooccurrence

    ones_a = blocks[first].Z is None
    ones_b = all(blocks[g].Z is None for g in others)
    plain = ones_a and ones_b and w.size == 0
    t = _meet(blocks, first, others, keep_order=not plain)
    Za = np.empty((0, 1)) if ones_a else block_rows(blocks[first], T_blocks[first])
    if ones_b:
        Zb = np.empty((0, len(others)))
    else:
        Zb = np.concatenate([block_rows(blocks[g], T_blocks[g]) for g in others], axis=1)
    n_columns = np.array([blocks[g].factor.n_levels * blocks[g].k for g in others])
    column_offset = np.concatenate([[0], np.cumsum(n_columns)[:-1]]).astype(np.int64)
    z_offset = np.concatenate([[0], np.cumsum(t.width)[:-1]]).astype(np.int64)
    indptr = np.concatenate([[0], np.cumsum(t.columns)])
    index = np.empty(indptr[-1], np.int32)
    value = np.empty((indptr[-1], Za.shape[1]))

    def run(part):
        lo, hi = t.ranges[part]
        if plain:
            cooccurrence.counts(
                t.pointer, t.met, t.found[part], t.count, t.n_levels, lo, hi, indptr, index, value
            )
            return
        cooccurrence.sums(
            t.pointer, t.met, t.order, t.found[part], t.count, t.n_levels, t.level_offset,
            column_offset, t.width, z_offset, Za, Zb, w, lo, hi, indptr, index, value,
        )  # fmt: skip

    in_parallel(run, len(t.ranges))
    return Rows(indptr, index, value)


def block_rows(block, T):
    """Z~ of all rows of a block."""
    if block.Z is None:
        return np.ones((block.factor.codes.shape[0], 1))
    return block.Z @ T


def _meet(blocks, first, others, keep_order):
    from mixedeffects.crossprod import cooccurrence

    factor = blocks[first].factor
    q, n = int(factor.n_levels), factor.codes.size
    levels = np.array([blocks[g].factor.n_levels for g in others], dtype=np.int64)
    level_offset = np.concatenate([[0], np.cumsum(levels)[:-1]]).astype(np.int64)
    width = np.array([blocks[g].k for g in others], dtype=np.int64)
    codes = np.stack([blocks[g].factor.codes for g in others])
    pointer, met, order = cooccurrence.sort_rows(factor.codes, codes, level_offset, q, keep_order)
    workers = cores() if n >= PARALLEL_ROWS else 1
    # ranges of levels with about equally many rows
    cuts = np.searchsorted(pointer, np.linspace(0, n, workers + 1))
    cuts[0], cuts[-1] = 0, q
    ranges = [(int(a), int(b)) for a, b in pairwise(cuts)]
    count, columns = np.empty(q, np.int64), np.empty(q, np.int64)
    n_levels = int(levels.sum())
    found = [None] * workers

    def run(part):
        found[part] = cooccurrence.distinct(
            pointer, met, n_levels, width, *ranges[part], count, columns
        )

    in_parallel(run, workers)
    return _Sorted(
        pointer, met, order, n_levels, level_offset, width, ranges, found, count, columns
    )
