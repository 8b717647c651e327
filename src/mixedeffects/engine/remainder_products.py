"""The remainder's own cross-products A_rr: blocks of one factor, and pairs of factors.

Listed entry by entry, so that remainders differ only in where they put them.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse


def own_places(stats):
    """Row and column of every entry of A_rr, each pair of columns once."""
    layout = stats.layout
    rows, columns = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for f, offset in zip(layout.rest, layout.offsets, strict=True):
        a, b = np.tril_indices(layout.k[f])
        first = offset + layout.k[f] * np.arange(layout.q[f])[:, None]
        rows.append((first + a).ravel())
        columns.append((first + b).ravel())
    for (a, b), cross in stats.rest_cross.items():
        k = cross.value.shape[1]
        level = np.repeat(np.arange(cross.indptr.size - 1), np.diff(cross.indptr))
        rows.append((layout.offsets[a] + k * level[:, None] + np.arange(k)).ravel())
        columns.append(np.repeat(layout.offsets[b] + cross.index, k))
    return np.concatenate(rows), np.concatenate(columns)


def own_values(engine, Lambdas):
    """Entries of Lambda_r'A_rr Lambda_r, in the order of `own_places`."""
    stats, layout = engine.stats, engine.layout
    parts = [np.empty(0)]
    for i, f in enumerate(layout.rest):
        a, b = np.tril_indices(layout.k[f])
        Lam = Lambdas[f]
        parts.append((Lam.T @ stats.rest_diag[i] @ Lam)[:, a, b].ravel())
    parts += [engine.scaled_rows(a, b, Lambdas).ravel() for a, b in stats.rest_cross]
    return np.concatenate(parts)


def own_matrix(stats):
    """A_rr as a symmetric (m, m) SciPy sparse matrix."""
    layout = stats.layout
    if layout.small:
        return sparse.csr_matrix(stats.rest_dense)
    row, column = own_places(stats)
    parts = [np.empty(0)]
    for i, f in enumerate(layout.rest):
        a, b = np.tril_indices(layout.k[f])
        parts.append(stats.rest_diag[i][:, a, b].ravel())
    parts += [cross.value.ravel() for cross in stats.rest_cross.values()]
    value = np.concatenate(parts)
    below = row != column
    row, column = np.concatenate([row, column[below]]), np.concatenate([column, row[below]])
    value = np.concatenate([value, value[below]])
    return sparse.csr_matrix((value, (row, column)), shape=(layout.m, layout.m))


def crossing_matrix(stats):
    """The leaf's cross-products with the remainder's columns, (q k, m) SciPy sparse."""
    q, k, _ = stats.leaf_diag.shape
    shape, cross = (q * k, stats.layout.m), stats.leaf_cross
    if cross is None:
        return sparse.csr_matrix(shape)
    level = np.repeat(np.arange(q), np.diff(cross.indptr))
    row = (level[:, None] * k + np.arange(k)).ravel()
    return sparse.csr_matrix((cross.value.ravel(), (row, np.repeat(cross.index, k))), shape)


def block_diagonal(A):
    """(q, k, k) as a SciPy sparse block-diagonal matrix."""
    q, k, _ = A.shape
    return sparse.bsr_matrix((A, np.arange(q), np.arange(q + 1)), shape=(q * k, q * k)).tocsr()
