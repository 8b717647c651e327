"""Numba kernels for a sparse remainder R = LL': factor, solve, invert on the pattern.

Everything is in the order of elimination. L has its diagonal apart; ``column_*`` lists the
rows below it by column, ``row_*`` the columns before it by row (and where they stand in the
columns), both ascending.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from mixedeffects.engine.kernels.crossing import eliminate_row, enclose_row


@njit(cache=True, nogil=True)
def factor(
    base_pointer, base_column, base, pointer, entry, level, indptr, place, value, K,
    row_pointer, row_column, row_entry, column_pointer, column_row, diagonal, L,
):  # fmt: skip
    """Up-looking Cholesky factorisation; rows of R are made as they are needed.

    Row i of L solves a triangular system in the rows before it, so R itself is never
    stored: its row is the remainder's own cross-products, plus the identity, less what the
    leaf takes away (`eliminate_row`).

    Returns
    -------
    float
        log|R|; inf if R is not positive definite in floating point.
    """
    m = diagonal.shape[0]
    row = np.zeros(m)
    logdet = 0.0
    for i in range(m):
        for s in range(base_pointer[i], base_pointer[i + 1]):
            row[base_column[s]] += base[s]
        if pointer.shape[0] > 1:
            eliminate_row(i, row, pointer, entry, level, indptr, place, value, K)
        d = 1.0 + row[i]
        row[i] = 0.0
        for s in range(row_pointer[i], row_pointer[i + 1]):
            c = row_column[s]
            at = row_entry[s]
            y = row[c] / diagonal[c]
            row[c] = 0.0
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
def solve_lower(column_pointer, column_row, diagonal, L, X):
    """X = L^-1 X, (m, c)."""
    m, n = X.shape
    for i in range(m):
        for c in range(n):
            X[i, c] /= diagonal[i]
        for u in range(column_pointer[i], column_pointer[i + 1]):
            r = column_row[u]
            v = L[u]
            for c in range(n):
                X[r, c] -= v * X[i, c]


@njit(cache=True, nogil=True)
def solve_upper(column_pointer, column_row, diagonal, L, X):
    """X = L^-T X, (m, c)."""
    m, n = X.shape
    for i in range(m - 1, -1, -1):
        for u in range(column_pointer[i], column_pointer[i + 1]):
            r = column_row[u]
            v = L[u]
            for c in range(n):
                X[i, c] -= v * X[r, c]
        for c in range(n):
            X[i, c] /= diagonal[i]


@njit(cache=True, nogil=True)
def invert(column_pointer, column_row, diagonal, L, Z_diagonal, Z):
    """R^-1 on the pattern of L, from the last column to the first.

    Takahashi, Fagan & Chin (1973); Erisman & Tinney (1975), doi:10.1145/360680.360704:
    Z L = L^-T gives column j of Z from the columns after it, and the pattern is closed.
    """
    m = diagonal.shape[0]
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
def enclose(
    row_pointer, row_column, row_entry, Z_diagonal, Z,
    pointer, entry, level, indptr, place, value, S,
):  # fmt: skip
    """S_j = V_j P V_j' with P = R^-1; every pair a level meets is in the pattern."""
    m = Z_diagonal.shape[0]
    row = np.zeros(m)
    for i in range(m):
        for s in range(row_pointer[i], row_pointer[i + 1]):
            row[row_column[s]] = Z[row_entry[s]]
        row[i] = Z_diagonal[i]
        enclose_row(i, row, pointer, entry, level, indptr, place, value, S)


@njit(cache=True, nogil=True)
def diagonal_blocks(begin, row_pointer, row_entry, Z_diagonal, Z, out):
    """(q, k, k) diagonal blocks of R^-1; level j starts at position begin[j].

    The columns just before the diagonal of a row are those of its own level.
    """
    q, k, _ = out.shape
    for j in range(q):
        for a in range(k):
            i = begin[j] + a
            out[j, a, a] = Z_diagonal[i]
            for b in range(a):
                v = Z[row_entry[row_pointer[i + 1] - a + b]]
                out[j, a, b] = v
                out[j, b, a] = v
