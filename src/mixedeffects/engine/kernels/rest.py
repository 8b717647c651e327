"""Numba kernel for cross-products with columns of several kinds of blocks."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def scale_columns(index, value, offset, within, factor_of, Lams, out):
    """Multiply compressed rows by the block-diagonal Lambda of the remainder, on the column side.

    Arrays
    ------
    index : (nnz,), value : (nnz, k)
        A level's columns are adjacent.
    offset : int
        Added to `index` to give a column of the remainder.
    within, factor_of : (m,) int32
        Position of a column inside its level, and its block.
    Lams : (F, kmax, kmax)
    out : (nnz, k), overwritten
    """
    k = value.shape[1]
    width = np.zeros(Lams.shape[0], np.int64)
    for r in range(within.shape[0]):
        f = factor_of[r]
        if within[r] + 1 > width[f]:
            width[f] = within[r] + 1
    for e in range(index.shape[0]):
        r = index[e] + offset
        f = factor_of[r]
        c = within[r]
        if width[f] == 1:
            lam = Lams[f, 0, 0]
            for a in range(k):
                out[e, a] = lam * value[e, a]
        else:
            first = e - c
            for a in range(k):
                s = 0.0
                for d in range(width[f]):
                    s += Lams[f, d, c] * value[first + d, a]
                out[e, a] = s
