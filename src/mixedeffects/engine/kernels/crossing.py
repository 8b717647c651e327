"""Numba kernels for what the leaf's levels have in common with the remainder's columns.

V_j is leaf level j's (k, m) cross-product with the remainder, kept as one k-vector per
met column: entries ``indptr[j] .. indptr[j + 1]`` of ``index`` (column) and ``value``.
K_j and F_j are those of `mixedeffects.engine.kernels.levels`.
"""

from __future__ import annotations

import numpy as np
from numba import njit


def transpose(indptr, index, m):
    """Entries of each remainder column, by leaf level.

    Returns
    -------
    pointer : (m + 1,) int64
    entry, level : (nnz,) int32
        Column r is met by level ``level[s]`` in entry ``entry[s]``, for s in
        ``pointer[r] .. pointer[r + 1]``.
    """
    pointer, cursor = np.zeros(m + 1, np.int64), np.empty(m, np.int64)
    entry, level = np.empty(index.size, np.int32), np.empty(index.size, np.int32)
    _transpose(indptr, index, cursor, pointer, entry, level)
    return pointer, entry, level


@njit(cache=True, nogil=True)
def _transpose(indptr, index, cursor, pointer, entry, level):
    for e in range(index.shape[0]):
        pointer[index[e] + 1] += 1
    for r in range(cursor.shape[0]):
        pointer[r + 1] += pointer[r]
        cursor[r] = pointer[r]
    for j in range(indptr.shape[0] - 1):
        for e in range(indptr[j], indptr[j + 1]):
            s = cursor[index[e]]
            cursor[index[e]] += 1
            entry[s] = e
            level[s] = j


@njit(cache=True, nogil=True)
def eliminate_row_one(i, row, pointer, entry, level, indptr, place, value, K):
    """`eliminate_row` for k = 1."""
    for s in range(pointer[i], pointer[i + 1]):
        e = entry[s]
        j = level[s]
        v = K[j, 0, 0] * value[e, 0]
        for d in range(indptr[j], e + 1):
            row[place[d]] -= v * value[d, 0]


@njit(cache=True, nogil=True)
def eliminate_row(i, row, pointer, entry, level, indptr, place, value, K):
    """Subtract row i of sum_j V_j'K_jV_j, columns up to i, from a row stored densely.

    Row by row, so that what is written to stays in the processor's cache and rows can be
    shared among threads.

    Arrays
    ------
    i : int
        Position in the order of elimination.
    row : (m,)
    pointer, entry, level
        From `transpose`, of `place`.
    place : (nnz,) int32
        Position of each entry's column, ascending within a level.
    value : (nnz, k), scaled by the remainder's Lambda
    """
    k = K.shape[1]
    u = np.empty(k)
    for s in range(pointer[i], pointer[i + 1]):
        e = entry[s]
        j = level[s]
        for a in range(k):
            x = 0.0
            for b in range(k):
                x += K[j, a, b] * value[e, b]
            u[a] = x
        for d in range(indptr[j], e + 1):
            x = 0.0
            for a in range(k):
                x += u[a] * value[d, a]
            row[place[d]] -= x


@njit(cache=True, nogil=True)
def eliminate_dense_one(R, first, step, pointer, entry, level, indptr, place, value, K):
    """`eliminate_dense` for k = 1."""
    for i in range(first, R.shape[0], step):
        eliminate_row_one(i, R[i], pointer, entry, level, indptr, place, value, K)


@njit(cache=True, nogil=True)
def eliminate_dense(R, first, step, pointer, entry, level, indptr, place, value, K):
    """Rows first, first + step, ... of R less the leaf's part; lower triangle."""
    for i in range(first, R.shape[0], step):
        eliminate_row(i, R[i], pointer, entry, level, indptr, place, value, K)


@njit(cache=True, nogil=True)
def enclose_row_one(i, row, pointer, entry, level, indptr, place, value, S):
    """`enclose_row` for k = 1."""
    for s in range(pointer[i], pointer[i + 1]):
        e = entry[s]
        j = level[s]
        u = 0.5 * row[i] * value[e, 0]
        for d in range(indptr[j], e):
            u += row[place[d]] * value[d, 0]
        S[j, 0, 0] += value[e, 0] * u


@njit(cache=True, nogil=True)
def enclose_row(i, row, pointer, entry, level, indptr, place, value, S):
    """Add row i's share of S_j = V_j P V_j', P symmetric, to the lower triangles of S.

    Only columns up to i of the row are read. S (q, k, k) receives X with S_j = X + X'.
    """
    k = S.shape[1]
    u = np.empty(k)
    for s in range(pointer[i], pointer[i + 1]):
        e = entry[s]
        j = level[s]
        for a in range(k):
            u[a] = 0.5 * row[i] * value[e, a]
        for d in range(indptr[j], e):
            v = row[place[d]]
            for a in range(k):
                u[a] += v * value[d, a]
        for a in range(k):
            for b in range(k):
                S[j, a, b] += value[e, a] * u[b]


@njit(cache=True, nogil=True)
def enclose_dense_one(P, first, step, pointer, entry, level, indptr, place, value, S):
    """`enclose_dense` for k = 1."""
    for i in range(first, P.shape[0], step):
        enclose_row_one(i, P[i], pointer, entry, level, indptr, place, value, S)


@njit(cache=True, nogil=True)
def enclose_dense(P, first, step, pointer, entry, level, indptr, place, value, S):
    """S_j = V_j P V_j' from rows first, first + step, ... of P's lower triangle."""
    for i in range(first, P.shape[0], step):
        enclose_row(i, P[i], pointer, entry, level, indptr, place, value, S)


@njit(inline="always")
def times_row(i, row, pointer, entry, level, indptr, place, value, T):
    """Add row i's share of T = V P on V's own pattern, P symmetric.

    Only columns up to i of the row are read.
    """
    k = value.shape[1]
    for s in range(pointer[i], pointer[i + 1]):
        e = entry[s]
        for d in range(indptr[level[s]], e):
            v = row[place[d]]
            for a in range(k):
                T[e, a] += v * value[d, a]
                T[d, a] += v * value[e, a]
        for a in range(k):
            T[e, a] += row[i] * value[e, a]


@njit(cache=True, nogil=True)
def dense_times(P, pointer, entry, level, indptr, place, value, T):
    """T = V P on V's own pattern, from the lower triangle of a dense P."""
    for i in range(P.shape[0]):
        times_row(i, P[i], pointer, entry, level, indptr, place, value, T)


@njit(cache=True, nogil=True)
def unpack(indptr, index, value, lo, V):
    """V[j - lo, :, c] = value of level j's entry in column c; V (levels, k, m), zero before."""
    k = value.shape[1]
    for j in range(V.shape[0]):
        for e in range(indptr[lo + j], indptr[lo + j + 1]):
            for a in range(k):
                V[j, a, index[e]] = value[e, a]


@njit(cache=True, nogil=True)
def pack(indptr, index, V, lo, value):
    """The reverse of `unpack`: entries of a dense V on the pattern."""
    k = value.shape[1]
    for j in range(V.shape[0]):
        for e in range(indptr[lo + j], indptr[lo + j + 1]):
            for a in range(k):
                value[e, a] = V[j, a, index[e]]
