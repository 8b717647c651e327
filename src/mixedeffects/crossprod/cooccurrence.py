"""Numba kernels for which levels occur together, and the sums over their rows.

Rows are first brought into the order of one factor's levels by a counting sort that takes
the other factors' codes along: everything after it reads memory in sequence, and ranges of
levels can be shared among threads.
"""

from __future__ import annotations

import numpy as np
from numba import njit


def sort_rows(first, codes, offset, q, keep_order):
    """Rows in the order of the levels of one factor.

    Arrays
    ------
    first : (n,) int32
        Codes of the factor that sorts.
    codes : (F, n) int32
        Codes of the other factors.
    offset : (F,) int64
        Position of each other factor's level 0 among all levels of the F factors.
    q : int
        Levels of the first factor.
    keep_order : bool

    Returns
    -------
    pointer : (q + 1,) int64
        Rows of level j are ``pointer[j] .. pointer[j + 1]`` of what follows.
    met : (n, F) int32
        Levels of the other factors, offset.
    order : (n,) or (0,) int32
        Which row stands where; empty unless asked for.
    """
    F, n = codes.shape
    pointer = np.zeros(q + 1, np.int64)
    met = np.empty((n, F), np.int32)
    order = np.empty(n if keep_order else 0, np.int32)
    _sort_rows(first, codes, offset, np.empty(q, np.int64), pointer, met, order)
    return pointer, met, order


# kernels are given the arrays they need: making one takes the compiler as long as a loop does
@njit(cache=True, nogil=True)
def _sort_rows(first, codes, offset, cursor, pointer, met, order):
    n = first.shape[0]
    F = codes.shape[0]
    for i in range(n):
        pointer[first[i] + 1] += 1
    for j in range(cursor.shape[0]):
        pointer[j + 1] += pointer[j]
        cursor[j] = pointer[j]
    for i in range(n):
        at = cursor[first[i]]
        cursor[first[i]] += 1
        for f in range(F):
            met[at, f] = codes[f, i] + offset[f]
        if order.shape[0]:
            order[at] = i


def distinct(pointer, met, n_levels, width, lo, hi, count, columns):
    """Distinct other levels per level lo .. hi; moved to the front of the level's rows.

    Arrays
    ------
    pointer, met
        From `sort_rows`.
    n_levels : int
        Levels of the other factors together.
    width : (F,) int64
        Columns per level of each other factor.
    count, columns : (q,) int64, entries lo .. hi overwritten
        Distinct levels, and their scalar columns.

    Returns
    -------
    (total,) int32
        The distinct levels of level lo, then of lo + 1, ..., each list in no order.
    """
    seen = np.full(n_levels, -1, np.int32)
    found = np.empty((pointer[hi] - pointer[lo]) * met.shape[1], np.int32)
    return found[: _distinct(pointer, met, seen, width, lo, hi, count, columns, found)]


@njit(cache=True, nogil=True)
def _distinct(pointer, met, seen, width, lo, hi, count, columns, found):
    F = met.shape[1]
    top = 0
    for j in range(lo, hi):
        start = top
        total = 0
        for s in range(pointer[j], pointer[j + 1]):
            for f in range(F):
                level = met[s, f]
                if seen[level] != j:
                    seen[level] = j
                    found[top] = level
                    top += 1
                    total += width[f]
        count[j] = top - start
        columns[j] = total
    return top


@njit(cache=True, nogil=True)
def _sort(a, lo, hi):
    """Shell sort, in place: lists are short."""
    gap = 1
    while gap < (hi - lo) // 3:
        gap = 3 * gap + 1
    while gap > 0:
        for i in range(lo + gap, hi):
            v = a[i]
            j = i
            while j >= lo + gap and a[j - gap] > v:
                a[j] = a[j - gap]
                j -= gap
            a[j] = v
        gap //= 3


def counts(pointer, met, found, count, n_levels, lo, hi, indptr, index, value):
    """`sums` when every column is ones and all weights are 1: rows where both levels occur."""
    place = np.empty(n_levels, np.int64)
    _counts(pointer, met, found, count, place, lo, hi, indptr, index, value)


@njit(cache=True, nogil=True)
def _counts(pointer, met, found, count, place, lo, hi, indptr, index, value):
    F = met.shape[1]
    first = lo - lo  # a literal 0 would have `_sort` compiled once more
    for j in range(lo, hi):
        _sort(found, first, first + count[j])
        at = indptr[j]
        for s in range(first, first + count[j]):
            place[found[s]] = at
            index[at] = found[s]
            value[at, 0] = 0.0
            at += 1
        first += count[j]
        for s in range(pointer[j], pointer[j + 1]):
            for f in range(F):
                value[place[met[s, f]], 0] += 1.0


@njit(cache=True, nogil=True)
def sums(
    pointer, met, order, found, count, n_levels, level_offset, column_offset, width, z_offset,
    Za, Zb, w, lo, hi, indptr, index, value,
):  # fmt: skip
    """Cross-products of levels lo .. hi of the first factor with the other factors' columns.

    Arrays
    ------
    pointer, met, order
        From `sort_rows`.
    found, count
        From `distinct` for the same levels.
    level_offset, column_offset, width, z_offset : (F,) int64
        First level, first scalar column, columns per level and first column in `Zb`.
    Za : (n, k) or (0, 1) float64
        Columns of the first factor; no rows mean a column of ones.
    Zb : (n, sum of width) or (0, F) float64
    w : (n,) or (0,) float64
    indptr : (q + 1,) int64
    index : (nnz,) int32, value : (nnz, k) float64
        Entries of these levels are overwritten; columns ascend within a level.
    """
    F = met.shape[1]
    k = Za.shape[1]
    ones_a = Za.shape[0] == 0
    ones_b = Zb.shape[0] == 0
    unit = w.shape[0] == 0
    factor_of = np.empty(n_levels, np.int32)
    for f in range(F):
        top = level_offset[f + 1] if f + 1 < F else n_levels
        for level in range(level_offset[f], top):
            factor_of[level] = f
    place = np.empty(n_levels, np.int64)
    first = lo - lo
    for j in range(lo, hi):
        _sort(found, first, first + count[j])
        at = indptr[j]
        for s in range(first, first + count[j]):
            level = found[s]
            f = factor_of[level]
            place[level] = at
            column = column_offset[f] + (level - level_offset[f]) * width[f]
            for c in range(width[f]):
                index[at] = column + c
                for a in range(k):
                    value[at, a] = 0.0
                at += 1
        first += count[j]
        for s in range(pointer[j], pointer[j + 1]):
            r = order[s]
            wr = 1.0 if unit else w[r]
            for f in range(F):
                at = place[met[s, f]]
                for c in range(width[f]):
                    zb = wr if ones_b else wr * Zb[r, z_offset[f] + c]
                    if ones_a:
                        value[at + c, 0] += zb
                    else:
                        for a in range(k):
                            value[at + c, a] += zb * Za[r, a]
