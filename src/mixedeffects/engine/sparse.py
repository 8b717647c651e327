"""The remainder as a sparse positive-definite matrix in a fill-reducing order."""

from __future__ import annotations

import numpy as np


class Base:
    """The remainder's own cross-products as rows, in the order of elimination.

    Parameters
    ----------
    stats : CrossProducts
    position : (m,) array
        Place of every column in the order of elimination.

    Attributes
    ----------
    pointer : (m + 1,) int64
    column : (nnz,) int32
        Ascending, up to and including the diagonal.
    """

    __slots__ = ("_source", "column", "pointer")

    def __init__(self, stats, position):
        layout = stats.layout
        rows, columns = [], []
        for f, offset in zip(layout.rest, layout.offsets, strict=True):
            a, b = np.tril_indices(layout.k[f])
            first = offset + layout.k[f] * np.arange(layout.q[f])
            rows.append(position[(first[:, None] + a).ravel()])
            columns.append(position[(first[:, None] + b).ravel()])
        for (a, b), cross in stats.rest_cross.items():
            k = cross.value.shape[1]
            level = np.repeat(np.arange(cross.indptr.size - 1), np.diff(cross.indptr))
            one = position[layout.offsets[a] + k * level[:, None] + np.arange(k)].ravel()
            two = np.repeat(position[layout.offsets[b] + cross.index], k)
            rows.append(np.maximum(one, two))
            columns.append(np.minimum(one, two))
        row, column = np.concatenate(rows), np.concatenate(columns)
        self._source = np.lexsort((column, row))
        self.column = column[self._source].astype(np.int32)
        counts = np.bincount(row, minlength=position.size)
        self.pointer = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)

    def values(self, engine, Lambdas):
        """Lambda'A_rr Lambda in the order of `column`."""
        stats, layout = engine.stats, engine.layout
        parts = []
        for i, f in enumerate(layout.rest):
            a, b = np.tril_indices(layout.k[f])
            Lam = Lambdas[f]
            parts.append((Lam.T @ stats.rest_diag[i] @ Lam)[:, a, b].ravel())
        for a, b in stats.rest_cross:
            parts.append(engine.scaled_rows(a, b, Lambdas).ravel())
        return np.concatenate(parts)[self._source]


class SparseRemainder:
    """Factorisation of a sparse remainder; same interface as `DenseRemainder`.

    Parameters
    ----------
    engine : Engine
    Lambdas : sequence of (k, k) arrays
    K : (q, k, k) array
        Of the leaf.
    scaled : (nnz, k) array
        The leaf's cross-products times the remainder's Lambda.
    """

    __slots__ = ("_pattern", "diagonal", "logdet", "values")

    def __init__(self, engine, Lambdas, K, scaled):
        from mixedeffects.engine.kernels import sparse

        pattern = self._pattern = engine.symbolic
        self.diagonal = np.empty(pattern.m)
        self.values = np.empty(pattern.column_row.size)
        base = engine.base
        self.logdet = sparse.factor(
            base.pointer, base.column, base.values(engine, Lambdas),
            *engine.crossing.addresses, scaled, K,
            pattern.row_pointer, pattern.row_column, pattern.row_entry,
            pattern.column_pointer, pattern.column_row, self.diagonal, self.values,
        )  # fmt: skip

    of = classmethod(lambda cls, *arguments: cls(*arguments))

    def forward(self, B):
        """L^-1 B; rows in the order of elimination."""
        from mixedeffects.engine.kernels import sparse

        p = self._pattern
        X = np.ascontiguousarray(B[p.columns])
        sparse.solve_lower(p.column_pointer, p.column_row, self.diagonal, self.values, X)
        return X

    def backward(self, B):
        """L^-T B for rows in the order of elimination; result in the order of the columns."""
        from mixedeffects.engine.kernels import sparse

        p = self._pattern
        X = np.array(B, order="C")
        sparse.solve_upper(p.column_pointer, p.column_row, self.diagonal, self.values, X)
        return X[p.position]

    def select(self, engine, scaled):
        """What the traces need of R^-1: see `DenseRemainder.select`."""
        from mixedeffects.engine.kernels import crossing, sparse

        p, layout = self._pattern, engine.layout
        Z_diagonal, Z = np.empty_like(self.diagonal), np.empty_like(self.values)
        sparse.invert(p.column_pointer, p.column_row, self.diagonal, self.values, Z_diagonal, Z)
        blocks = {}
        for f, offset in zip(layout.rest, layout.offsets, strict=True):
            q, k = layout.q[f], layout.k[f]
            blocks[f] = np.empty((q, k, k))
            begin = p.position[offset + k * np.arange(q)]
            sparse.diagonal_blocks(begin, p.row_pointer, p.row_entry, Z_diagonal, Z, blocks[f])
        if scaled is None:
            return None, blocks
        S = np.zeros((engine.crossing.indptr.size - 1, scaled.shape[1], scaled.shape[1]))
        sparse.enclose(
            p.row_pointer, p.row_column, p.row_entry, Z_diagonal, Z,
            *engine.crossing.addresses, scaled, S,
        )  # fmt: skip
        crossing.fold(S)
        return S, blocks
