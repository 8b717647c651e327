"""Numba kernels that turn rows into cross-products.

Arrays and scalars only. `Z` with zero rows means "one column of ones"; `w` with zero
length means "unit weights": neither is then materialised.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def accumulate(codes, Z, XY, w, start, diag, fixed):
    """Add rows ``start .. start + len(XY)`` to one factor's cross-products.

    Parameters
    ----------
    codes : (n,) int32
    Z : (n, k) or (0, 1) float64
    XY : (rows, t) float64
        The transformed fixed-effect columns and response of these rows.
    w : (n,) or (0,) float64
    start : int
        Row number of ``XY[0]``.
    diag : (q, k, k) float64, updated
        Sum of ``w z z'`` per level.
    fixed : (q, k, t) float64, updated
        Sum of ``w z [x y]'`` per level.
    """
    rows, t = XY.shape
    k = diag.shape[1]
    ones = Z.shape[0] == 0
    unit = w.shape[0] == 0
    if ones:
        for i in range(rows):
            j = codes[start + i]
            wi = 1.0 if unit else w[start + i]
            diag[j, 0, 0] += wi
            for c in range(t):
                fixed[j, 0, c] += wi * XY[i, c]
        return
    for i in range(rows):
        r = start + i
        j = codes[r]
        wi = 1.0 if unit else w[r]
        for a in range(k):
            za = wi * Z[r, a]
            for b in range(a + 1):
                diag[j, a, b] += za * Z[r, b]
            for c in range(t):
                fixed[j, a, c] += za * XY[i, c]


@njit(cache=True, nogil=True)
def fill_upper(diag):
    """Copy the lower triangle of every (k, k) block to its upper triangle."""
    q, k, _ = diag.shape
    for j in range(q):
        for a in range(k):
            for b in range(a):
                diag[j, b, a] = diag[j, a, b]


@njit(cache=True, nogil=True)
def rows_by_level(codes, q):
    """Counting sort: rows of level j are ``order[ptr[j]:ptr[j + 1]]``."""
    n = codes.shape[0]
    ptr = np.zeros(q + 1, np.int64)
    for i in range(n):
        ptr[codes[i] + 1] += 1
    for j in range(q):
        ptr[j + 1] += ptr[j]
    cursor = ptr[:q].copy()
    order = np.empty(n, np.int32)
    for i in range(n):
        j = codes[i]
        order[cursor[j]] = i
        cursor[j] += 1
    return ptr, order


@njit(cache=True, nogil=True)
def _shell_sort(a, lo, hi):
    gap = (hi - lo) // 2
    while gap > 0:
        for i in range(lo + gap, hi):
            v = a[i]
            j = i
            while j >= lo + gap and a[j - gap] > v:
                a[j] = a[j - gap]
                j -= gap
            a[j] = v
        gap //= 2


@njit(cache=True, nogil=True)
def cooccurrence(ptr, order, codes, level_offset, n_levels, k_of, column_offset, z_offset, Za, Zb, w):
    """Cross-products of one factor with several others, as compressed rows.

    Parameters
    ----------
    ptr, order
        From `rows_by_level` of the first factor (q levels, k columns ``Za``).
    codes : (F, n) int32
        Level of each row for each of the other factors.
    level_offset : (F,) int64
        Position of each factor's level 0 among all levels of the F factors.
    n_levels : int
        Their total number of levels.
    k_of, column_offset, z_offset : (F,) int64
        Columns per level; scalar column of level 0; first column in `Zb`.
    Za : (n, k) or (0, 1) float64
    Zb : (n, sum k_of) or (0, F) float64
    w : (n,) or (0,) float64

    Returns
    -------
    indptr : (q + 1,) int64
    index : (nnz,) int32
        Ascending scalar columns of the other factors met by each level.
    value : (nnz, k) float64
        Sum of ``w z_b z_a'`` over the rows where both occur.
    """
    q = ptr.shape[0] - 1
    F = codes.shape[0]
    k = Za.shape[1]
    ones_a = Za.shape[0] == 0
    ones_b = Zb.shape[0] == 0
    unit = w.shape[0] == 0

    seen = np.full(n_levels, -1, np.int64)
    indptr = np.zeros(q + 1, np.int64)
    pairs = 0
    for j in range(q):
        count = 0
        for s in range(ptr[j], ptr[j + 1]):
            for f in range(F):
                lev = level_offset[f] + codes[f, order[s]]
                if seen[lev] != j:
                    seen[lev] = j
                    count += k_of[f]
                    pairs += 1
        indptr[j + 1] = indptr[j] + count

    index = np.empty(indptr[q], np.int32)
    value = np.zeros((indptr[q], k))
    factor_of = np.empty(n_levels, np.int32)
    for f in range(F):
        top = level_offset[f + 1] if f + 1 < F else n_levels
        for lev in range(level_offset[f], top):
            factor_of[lev] = f
    seen[:] = -1
    place = np.empty(n_levels, np.int64)
    met = np.empty(n_levels, np.int64)
    for j in range(q):
        found = 0
        for s in range(ptr[j], ptr[j + 1]):
            for f in range(F):
                lev = level_offset[f] + codes[f, order[s]]
                if seen[lev] != j:
                    seen[lev] = j
                    met[found] = lev
                    found += 1
        _shell_sort(met, 0, found)
        at = indptr[j]
        for s in range(found):
            lev = met[s]
            f = factor_of[lev]
            place[lev] = at
            column = column_offset[f] + (lev - level_offset[f]) * k_of[f]
            for c in range(k_of[f]):
                index[at] = column + c
                at += 1
        for s in range(ptr[j], ptr[j + 1]):
            r = order[s]
            wr = 1.0 if unit else w[r]
            for f in range(F):
                at = place[level_offset[f] + codes[f, r]]
                for c in range(k_of[f]):
                    zb = wr if ones_b else wr * Zb[r, z_offset[f] + c]
                    if ones_a:
                        value[at + c, 0] += zb
                    else:
                        for a in range(k):
                            value[at + c, a] += zb * Za[r, a]
    return indptr, index, value
