"""The remainder as a sparse positive-definite matrix in a fill-reducing order."""

# Kernels are called with unpacked tuples, whose length a type checker does not see.
# pyright: reportCallIssue=false

from __future__ import annotations

import numpy as np

from mixedeffects.engine.own import own_places, own_values

# above this many pairs of columns met by a leaf level their places are not listed
LISTED_PAIRS = 4e7


class Assembly:
    """Where everything that adds up to the remainder stands in the pattern of its factor.

    Parameters
    ----------
    stats : CrossProducts
    crossing : Crossing
        In the order of elimination.
    symbolic : Symbolic

    Attributes
    ----------
    symbolic : Symbolic
    first, where : arrays or None
        See `mixedeffects.engine.kernels.sparse.locate`; None when there are too many pairs.
    """

    __slots__ = ("_crossing", "_target", "first", "symbolic", "where")

    def __init__(self, stats, crossing, symbolic):
        from mixedeffects.engine.kernels import sparse

        self.symbolic, self._crossing = symbolic, crossing
        self._target = _own_targets(stats, symbolic)
        self.first = self.where = None
        if crossing.pairs <= LISTED_PAIRS:
            width = np.diff(crossing.indptr)
            self.first = np.concatenate([[0], np.cumsum(width * (width + 1) // 2)])
            short = symbolic.entries < 2**31
            self.where = np.empty(self.first[-1], np.int32 if short else np.int64)
            sparse.locate(*crossing.addresses, *symbolic.rows, self.first, self.where)

    def matrix(self, engine, Lambdas, K, scaled):
        """R = I + Lambda'(A_rr - V'KV)Lambda on the pattern."""
        from mixedeffects.engine.kernels import sparse

        symbolic = self.symbolic
        R = np.zeros(symbolic.below + symbolic.m)
        R[self._target] = own_values(engine, Lambdas)
        R[symbolic.below :] += 1.0
        if self.where is None:
            sparse.assemble_rows(*self._crossing.addresses, scaled, K, *symbolic.rows, R)
        else:
            sparse.assemble(self.first, self.where, self._crossing.indptr, scaled, K, R)
        return R

    def enclose(self, Z, scaled):
        """S_j = V_j P V_j', (q, k, k), for P = R^-1 on the pattern."""
        from mixedeffects.engine.kernels import sparse

        S = np.empty((self._crossing.indptr.size - 1, scaled.shape[1], scaled.shape[1]))
        if self.where is None:
            sparse.enclose_rows(*self._crossing.addresses, scaled, Z, *self.symbolic.rows, S)
        else:
            sparse.enclose(self.first, self.where, self._crossing.indptr, scaled, Z, S)
        return S + S.transpose(0, 2, 1)


def _own_targets(stats, symbolic):
    """Places, in the pattern, of the entries that `own_places` lists."""
    row, column = own_places(stats, symbolic.position)
    m = symbolic.m
    owner = np.repeat(np.arange(m), np.diff(symbolic.column_pointer))
    place = np.searchsorted(owner * m + symbolic.column_row, column * m + row)
    return np.where(row == column, symbolic.below + row, place)


class SparseRemainder:
    """Factorisation of a sparse remainder; same interface as `DenseRemainder`.

    Parameters
    ----------
    symbolic : Symbolic
    R : (nnz + m,) array
        The matrix on the pattern of its factor, as `Assembly` makes it; overwritten.
    factored : bool
        Whether R is its factor already; its determinant is then known elsewhere.
    """

    __slots__ = ("L", "_symbolic", "logdet")

    def __init__(self, symbolic, R, *, factored=False):
        self._symbolic, self.L = symbolic, R
        if not factored:
            from mixedeffects.engine.kernels import sparse

            self.logdet = sparse.factor(*symbolic.rows, *symbolic.by_column, R)

    @classmethod
    def of(cls, engine, Lambdas, K, scaled):
        """Assemble and factor: see `DenseRemainder.of`."""
        assembly = engine.assembly
        return cls(assembly.symbolic, assembly.matrix(engine, Lambdas, K, scaled))

    def smallest_pivot(self):
        """Smallest squared diagonal entry of the factor."""
        return float(self.L[self._symbolic.below :].min()) ** 2

    def forward(self, B):
        """L^-1 B; rows in the order of elimination."""
        from mixedeffects.engine.kernels import sparse

        X = np.ascontiguousarray(B[self._symbolic.columns])
        sparse.solve_lower(*self._symbolic.by_column, self.L, X)
        return X

    def backward(self, B):
        """L^-T B for rows in the order of elimination; result in the order of the columns."""
        from mixedeffects.engine.kernels import sparse

        X = np.array(B, order="C")
        sparse.solve_upper(*self._symbolic.by_column, self.L, X)
        return X[self._symbolic.position]

    def select(self, engine, scaled):
        """What the traces need of R^-1: see `DenseRemainder.select`."""
        Z = self.selected()
        blocks = self.diagonal_blocks(Z, engine.layout)
        S = None if scaled is None else engine.assembly.enclose(Z, scaled)
        return S, blocks

    def selected(self):
        """R^-1 on the pattern of its factor."""
        from mixedeffects.engine.kernels import sparse

        Z = np.empty_like(self.L)
        sparse.invert(*self._symbolic.by_column, self.L, Z)
        return Z

    def diagonal_blocks(self, Z, layout):
        """Diagonal blocks of R^-1 from its selected entries, by block of the design."""
        from mixedeffects.engine.kernels import sparse

        s, blocks = self._symbolic, {}
        for f, offset in zip(layout.rest, layout.offsets, strict=True):
            q, k = layout.q[f], layout.k[f]
            blocks[f] = np.empty((q, k, k))
            begin = s.position[offset + k * np.arange(q)]
            sparse.diagonal_blocks(begin, s.row_pointer, s.row_entry, Z, blocks[f])
        return blocks
