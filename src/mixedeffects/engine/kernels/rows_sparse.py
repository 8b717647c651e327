"""Numba kernels for the random effects of single rows where the remainder is sparse.

Notation as in `mixedeffects.engine.kernels.rows`; ``row_*`` and ``column_*`` are the pattern of the
remainder's factor, see `mixedeffects.engine.kernels.sparse`.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from mixedeffects.engine.kernels.crossing import times_row
from mixedeffects.engine.kernels.rows import (
    invert_levels,
    leaf_sums,
    pair_sums,
    solve_leaf,
    subtract_times,
    subtract_transposed,
)
from mixedeffects.engine.kernels.sparse import (
    assemble_rows,
    factor,
    solve_lower,
    solve_upper,
)


@njit(cache=True, nogil=True)
def sparse_times(
    pointer, entry, level, indptr, place, value, row_pointer, row_column, row_entry, P, T
):  # fmt: skip
    """T = V P on V's own pattern, for P on the pattern of a sparse factor."""
    m = row_pointer.shape[0] - 1
    row = np.zeros(m)
    for i in range(m):
        for s in range(row_pointer[i], row_pointer[i + 1]):
            row[row_column[s]] = P[row_entry[s]]
        row[i] = P[row_pointer[m] + i]
        times_row(i, row, pointer, entry, level, indptr, place, value, T)


@njit(cache=True, nogil=True)
def factor_sparse(
    Z, w, leaf, place, target, diag, cross, prior, K, pointer, entry, level, indptr, index,
    row_pointer, row_column, row_entry, column_pointer, column_row, at, precision, R,
):  # fmt: skip
    """Assemble and factor M with a sparse remainder, in one call; log|M|, inf if not positive.

    diag, cross and R come in as zeros; R leaves as the remainder's factor. `at` and `precision` are
    the places and values of the remainder's part of Q, `prior` is the leaf's.
    """
    leaf_sums(Z, w, leaf, place, diag, cross)
    logdet = invert_levels(diag, prior, K)
    if logdet == np.inf:
        return logdet
    pair_sums(Z, w, target, diag.shape[1], R)
    for s in range(at.shape[0]):
        R[at[s]] += precision[s]
    assemble_rows(
        pointer, entry, level, indptr, index, cross, K, row_pointer, row_column, row_entry, R
    )
    return logdet + factor(row_pointer, row_column, row_entry, column_pointer, column_row, R)


@njit(cache=True, nogil=True)
def solve_sparse(
    K, indptr, index, cross, columns, position, column_pointer, column_row, L, B, out
):  # fmt: skip
    """out = M^-1 B for a remainder factored by `factor_sparse`; B and out (all columns, c)."""
    first = K.shape[0] * K.shape[1]
    m = columns.shape[0]
    c = B.shape[1]
    solve_leaf(K, B[:first], out[:first])
    low = B[first:].copy()
    subtract_transposed(indptr, index, cross, out[:first], low)
    X = np.empty((m, c))
    for i in range(m):
        X[i] = low[columns[i]]
    solve_lower(column_pointer, column_row, L, X)
    solve_upper(column_pointer, column_row, L, X)
    for i in range(m):
        out[first + i] = X[position[i]]
    top = B[:first].copy()
    subtract_times(indptr, index, cross, out[first:], top)
    solve_leaf(K, top, out[:first])
