"""Numba kernels for the sparse cross-products among the remainder's own blocks."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def scale_columns(index, value, offset, within, factor_of, Lams, out):
    """Multiply compressed rows by the block-diagonal Lambda of the remainder, on the column side.

    Parameters
    ----------
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


@njit(cache=True, nogil=True)
def scatter_diagonal(block, offset, R):
    """Add each level's (k, k) block to the lower triangle of a dense R."""
    q, k, _ = block.shape
    for j in range(q):
        r = offset + j * k
        for a in range(k):
            for b in range(a + 1):
                R[r + a, r + b] += block[j, a, b]


@njit(cache=True, nogil=True)
def scatter_rows(indptr, index, value, row_offset, column_offset, R):
    """Add compressed rows of the pair (a, b), b after a, to the lower triangle of a dense R."""
    k = value.shape[1]
    for j in range(indptr.shape[0] - 1):
        for e in range(indptr[j], indptr[j + 1]):
            r = column_offset + index[e]
            for a in range(k):
                R[r, row_offset + j * k + a] += value[e, a]


@njit(cache=True, nogil=True)
def apply_diagonal(block, offset, W, out):
    """out += A W for the block-diagonal part of one factor."""
    q, k, _ = block.shape
    n = W.shape[1]
    for j in range(q):
        r = offset + j * k
        for a in range(k):
            for b in range(k):
                v = block[j, a, b]
                for c in range(n):
                    out[r + a, c] += v * W[r + b, c]


@njit(cache=True, nogil=True)
def apply_rows(indptr, index, value, row_offset, column_offset, W, out):
    """out += A W for a pair of factors, both triangles."""
    k = value.shape[1]
    n = W.shape[1]
    for j in range(indptr.shape[0] - 1):
        for e in range(indptr[j], indptr[j + 1]):
            r = column_offset + index[e]
            for a in range(k):
                v = value[e, a]
                s = row_offset + j * k + a
                for c in range(n):
                    out[r, c] += v * W[s, c]
                    out[s, c] += v * W[r, c]
