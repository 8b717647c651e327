"""Numba kernels for a sparse remainder R = LL': assemble, factor, solve, invert on the pattern.

Everything is in the order of elimination. A matrix on L's pattern is one array: the
entries below the diagonal by columns, rows ascending, then the diagonal. ``column_*`` lists the
rows below the diagonal by column, ``row_*`` the columns before it by row, and where they
stand in the columns; both ascending.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from mixedeffects.engine.kernels.crossing import (
    eliminate_row,
    eliminate_row_one,
    enclose_row,
    enclose_row_one,
)


@njit(cache=True, nogil=True)
def find(row, column, row_pointer, row_column, row_entry, out):
    """Places of entries of the lower triangle that are in the pattern."""
    below = row_pointer[row_pointer.shape[0] - 1]
    for s in range(row.shape[0]):
        r, c = row[s], column[s]
        if r == c:
            out[s] = below + r
            continue
        lo, hi = row_pointer[r], row_pointer[r + 1]
        while hi - lo > 1:
            mid = (lo + hi) // 2
            if row_column[mid] <= c:
                lo = mid
            else:
                hi = mid
        out[s] = row_entry[lo]


@njit(cache=True, nogil=True)
def locate(
    pointer, entry, level, indptr, place, row_pointer, row_column, row_entry, first, where
):  # fmt: skip
    """Where each pair of columns that a leaf level meets stands in the pattern.

    Arrays
    ------
    first : (q + 1,) int64
        First pair of each level; pair (e, d), d <= e, follows in lexicographic order.
    where : (pairs,) int32 or int64, overwritten
    """
    m = row_pointer.shape[0] - 1
    below = row_pointer[m]
    at = np.zeros(m, np.int64)
    for i in range(m):
        for s in range(row_pointer[i], row_pointer[i + 1]):
            at[row_column[s]] = row_entry[s]
        at[i] = below + i
        for s in range(pointer[i], pointer[i + 1]):
            lo = indptr[level[s]]
            e = entry[s] - lo
            p = first[level[s]] + e * (e + 1) // 2
            for d in range(e + 1):
                where[p + d] = at[place[lo + d]]


@njit(cache=True, nogil=True)
def assemble(first, where, indptr, value, K, out):
    """out -= sum_j V_j'K_jV_j on the pattern, level by level; `locate` gave the places."""
    q, k, _ = K.shape
    u = np.empty(k)
    for j in range(q):
        p = first[j]
        lo = indptr[j]
        for e in range(lo, indptr[j + 1]):
            if k == 1:
                v = K[j, 0, 0] * value[e, 0]
                for d in range(lo, e + 1):
                    out[where[p]] -= v * value[d, 0]
                    p += 1
                continue
            for a in range(k):
                x = 0.0
                for b in range(k):
                    x += K[j, a, b] * value[e, b]
                u[a] = x
            for d in range(lo, e + 1):
                x = 0.0
                for a in range(k):
                    x += u[a] * value[d, a]
                out[where[p]] -= x
                p += 1


@njit(cache=True, nogil=True)
def assemble_rows(
    pointer, entry, level, indptr, place, value, K, row_pointer, row_column, row_entry, out
):  # fmt: skip
    """`assemble` without a list of places, which would be too long: row by row."""
    m = row_pointer.shape[0] - 1
    row = np.zeros(m)
    for i in range(m):
        if K.shape[1] == 1:
            eliminate_row_one(i, row, pointer, entry, level, indptr, place, value, K)
        else:
            eliminate_row(i, row, pointer, entry, level, indptr, place, value, K)
        for s in range(row_pointer[i], row_pointer[i + 1]):
            out[row_entry[s]] += row[row_column[s]]
            row[row_column[s]] = 0.0
        out[row_pointer[m] + i] += row[i]
        row[i] = 0.0


@njit(cache=True, nogil=True)
def factor(row_pointer, row_column, row_entry, column_pointer, column_row, L):
    """Up-looking Cholesky factorisation, in place; returns log|R|, inf if R is not positive.

    Row i of L solves a triangular system in the rows before it.
    """
    m = row_pointer.shape[0] - 1
    row = np.zeros(m)
    diagonal = L[row_pointer[m] :]
    logdet = 0.0
    for i in range(m):
        for s in range(row_pointer[i], row_pointer[i + 1]):
            row[row_column[s]] = L[row_entry[s]]
        d = diagonal[i]
        for s in range(row_pointer[i], row_pointer[i + 1]):
            c = row_column[s]
            at = row_entry[s]
            y = row[c] / diagonal[c]
            L[at] = y
            d -= y * y
            for u in range(column_pointer[c], at):
                row[column_row[u]] -= L[u] * y
        if not d > 0.0:
            return np.inf
        diagonal[i] = np.sqrt(d)
        logdet += np.log(d)
    return logdet


@njit(cache=True, nogil=True)
def solve_lower(column_pointer, column_row, L, X):
    """X = L^-1 X, (m, c)."""
    m, n = X.shape
    diagonal = L[column_row.shape[0] :]
    for i in range(m):
        for c in range(n):
            X[i, c] /= diagonal[i]
        for u in range(column_pointer[i], column_pointer[i + 1]):
            r = column_row[u]
            v = L[u]
            for c in range(n):
                X[r, c] -= v * X[i, c]


@njit(cache=True, nogil=True)
def solve_upper(column_pointer, column_row, L, X):
    """X = L^-T X, (m, c)."""
    m, n = X.shape
    diagonal = L[column_row.shape[0] :]
    for i in range(m - 1, -1, -1):
        for u in range(column_pointer[i], column_pointer[i + 1]):
            r = column_row[u]
            v = L[u]
            for c in range(n):
                X[i, c] -= v * X[r, c]
        for c in range(n):
            X[i, c] /= diagonal[i]


@njit(cache=True, nogil=True)
def invert(column_pointer, column_row, L, Z):
    """R^-1 on the pattern of L, from the last column to the first.

    Takahashi, Fagan & Chin (1973); Erisman & Tinney (1975), doi:10.1145/360680.360704:
    Z L = L^-T gives column j of Z from the columns after it, and the pattern is closed.
    """
    m = column_pointer.shape[0] - 1
    diagonal = L[column_row.shape[0] :]
    Z_diagonal = Z[column_row.shape[0] :]
    part = np.zeros(m)
    below = np.zeros(m)
    for j in range(m - 1, -1, -1):
        lo, hi = column_pointer[j], column_pointer[j + 1]
        for u in range(lo, hi):
            part[column_row[u]] = 0.0
            below[column_row[u]] = L[u]
        for u in range(lo, hi):
            c = column_row[u]
            v = L[u]
            s = Z_diagonal[c] * v
            # columns outside the pattern of j collect garbage in `part`, never read
            for w in range(column_pointer[c], column_pointer[c + 1]):
                r = column_row[w]
                s += Z[w] * below[r]
                part[r] += Z[w] * v
            part[c] += s
        inverse = 1.0 / diagonal[j]
        own = inverse
        for u in range(lo, hi):
            r = column_row[u]
            Z[u] = -part[r] * inverse
            own -= Z[u] * L[u]
            below[r] = 0.0
        Z_diagonal[j] = own * inverse


@njit(cache=True, nogil=True)
def enclose(first, where, indptr, value, Z, S):
    """X with V_j P V_j' = X + X', P = R^-1 on the pattern, level by level."""
    q, k, _ = S.shape
    u = np.empty(k)
    for j in range(q):
        p = first[j]
        lo = indptr[j]
        S[j] = 0.0
        if k == 1:
            total = 0.0
            for e in range(lo, indptr[j + 1]):
                s = 0.0
                for d in range(lo, e):
                    s += Z[where[p]] * value[d, 0]
                    p += 1
                total += value[e, 0] * (s + 0.5 * Z[where[p]] * value[e, 0])
                p += 1
            S[j, 0, 0] = total
            continue
        for e in range(lo, indptr[j + 1]):
            u[:] = 0.0
            for d in range(lo, e):
                v = Z[where[p]]
                p += 1
                for a in range(k):
                    u[a] += v * value[d, a]
            v = 0.5 * Z[where[p]]
            p += 1
            for a in range(k):
                u[a] += v * value[e, a]
            for a in range(k):
                for b in range(k):
                    S[j, a, b] += value[e, a] * u[b]


@njit(cache=True, nogil=True)
def enclose_rows(
    pointer, entry, level, indptr, place, value, Z, row_pointer, row_column, row_entry, S
):  # fmt: skip
    """`enclose` without a list of places: row by row."""
    m = row_pointer.shape[0] - 1
    row = np.zeros(m)
    S[:] = 0.0
    for i in range(m):
        for s in range(row_pointer[i], row_pointer[i + 1]):
            row[row_column[s]] = Z[row_entry[s]]
        row[i] = Z[row_pointer[m] + i]
        if S.shape[1] == 1:
            enclose_row_one(i, row, pointer, entry, level, indptr, place, value, S)
        else:
            enclose_row(i, row, pointer, entry, level, indptr, place, value, S)
