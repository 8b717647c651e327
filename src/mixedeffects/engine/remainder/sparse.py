"""The remainder as a sparse positive-definite matrix in a fill-reducing order.

What may differ from zero in its Cholesky factor is kept: see `mixedeffects.engine.kernels.sparse`.
"""

# Kernels are called with unpacked tuples, whose length a type checker does not see.
# pyright: reportCallIssue=false

from __future__ import annotations

from functools import cached_property

import numpy as np

from mixedeffects.crossprod.parallel import LOOP_RATE
from mixedeffects.engine.remainder import symbolic
from mixedeffects.engine.remainder.base import CholeskyFactor, Offer, Remainder

# above this many pairs of columns met by a leaf level their places are not listed
LISTED_PAIRS = 4e7
# entries of a factor that are too many where nobody knows how much memory there is
MOST_ENTRIES = 1e9


class SparseRemainder(Remainder):
    """The entries on the pattern of a factor; `prepared` is a `Symbolic`."""

    name, patterned = "sparse", True

    def __init__(self, met, layout, priors, prepared):
        super().__init__(met, layout, priors, prepared)
        self.symbolic, self.entries = prepared, prepared.entries
        self.size = prepared.below + prepared.m

    def order(self, prepared):
        return prepared.position

    @classmethod
    def offer(cls, question):
        layout, spare, pattern = question.layout, question.spare, question.pattern
        if pattern is None:
            return None
        weight = symbolic.nodes_of(layout)
        budget = MOST_ENTRIES if spare is None else max(0.0, spare) / symbolic.ENTRY_BYTES
        budget = min(budget, symbolic.most_entries(layout.m, question.seconds))
        # the estimate rests on a sample: without a rival it must be clearly too much
        room = 1.0 if question.rivals else 1.5
        if symbolic.entries_before_fill(*pattern, weight) > room * budget:
            return None
        found = symbolic.analyse(*pattern, weight, budget)
        if found is None:
            return None
        crossing = 6.0 * layout.k[layout.leaf] * question.pairs, LOOP_RATE
        memory = found.bytes + 4.0 * min(question.pairs, LISTED_PAIRS)
        words = f"sparse (nnz(L) = {int(found.entries):,}, {found.ordering} ordering)"
        return Offer(cls.name, crossing, (found.flops, LOOP_RATE), memory, 0, words, found)

    def places(self, row, column):
        from mixedeffects.engine.kernels import sparse

        position = self.symbolic.position
        one, two = position[row], position[column]
        out = np.empty(one.size, dtype=np.int32 if self.size < 2**31 else np.int64)
        later, earlier = np.maximum(one, two).ravel(), np.minimum(one, two).ravel()
        sparse.find(later, earlier, *self.symbolic.rows, out)
        return out.reshape(one.shape)

    @cached_property
    def _pairs(self):
        """Places of the pairs of columns that each leaf level meets: `kernels.sparse.locate`.

        None when there are too many.
        """
        from mixedeffects.engine.kernels import sparse

        crossing = self.crossing
        if crossing.pairs > LISTED_PAIRS:
            return None
        width = np.diff(crossing.indptr)
        first = np.concatenate([[0], np.cumsum(width * (width + 1) // 2)])
        where = np.empty(first[-1], np.int32 if self.entries < 2**31 else np.int64)
        sparse.locate(*crossing.addresses, *self.symbolic.rows, first, where)
        return first, where

    def eliminate(self, R, K, V):
        from mixedeffects.engine.kernels import sparse

        if self._pairs is None:
            sparse.assemble_rows(*self.crossing.addresses, V, K, *self.symbolic.rows, R)
        else:
            sparse.assemble(*self._pairs, self.crossing.indptr, V, K, R)

    def factor(self, R):
        from mixedeffects.engine.kernels import sparse

        s = self.symbolic
        return SparseFactor(s, R, sparse.factor(*s.rows, *s.by_column, R))

    def enclose(self, P, V):
        from mixedeffects.engine.kernels import sparse

        S = np.empty((self.crossing.indptr.size - 1, V.shape[1], V.shape[1]))
        if self._pairs is None:
            sparse.enclose_rows(*self.crossing.addresses, V, P, *self.symbolic.rows, S)
        else:
            sparse.enclose(*self._pairs, self.crossing.indptr, V, P, S)
        return S + S.transpose(0, 2, 1)

    def times(self, P, V):
        from mixedeffects.engine.kernels import rows_sparse

        out = np.zeros(V.shape)
        rows_sparse.sparse_times(*self.crossing.addresses, V, *self.symbolic.rows, P, out)
        return out

    def of_rows(self, Z, w, rows, diag, cross, prior, K):
        """One kernel for all steps: there may be few columns and many factorisations."""
        kernel, fixed = self._fused
        R = np.zeros(self.size)
        logdet = kernel(
            Z, w, rows.leaf, rows.place, rows.target, diag, cross, prior, K, *fixed, R
        )  # fmt: skip
        return logdet, SparseFactor(self.symbolic, R, logdet)

    @cached_property
    def _fused(self):
        """The kernel, and its arguments that are always the same."""
        from mixedeffects.engine.kernels import rows_sparse

        s = self.symbolic
        fixed = *self.crossing.addresses, *s.rows, *s.by_column, *self.precision
        return rows_sparse.factor_sparse, fixed


class SparseFactor(CholeskyFactor):
    """A Cholesky factor on its pattern. Takes L (nnz + m,) array."""

    __slots__ = ("L", "_symbolic")

    def __init__(self, symbolic, L, logdet):
        self._symbolic, self.L, self.logdet = symbolic, L, logdet

    def half(self, B):
        """L^-1 B, rows in the order of elimination."""
        from mixedeffects.engine.kernels import sparse

        X = np.ascontiguousarray(B[self._symbolic.columns])
        sparse.solve_lower(*self._symbolic.by_column, self.L, X)
        return X

    def solve(self, B):
        from mixedeffects.engine.kernels import sparse

        X = self.half(B)
        sparse.solve_upper(*self._symbolic.by_column, self.L, X)
        return X[self._symbolic.position]

    def selected(self):
        from mixedeffects.engine.kernels import sparse

        P = np.empty_like(self.L)
        sparse.invert(*self._symbolic.by_column, self.L, P)
        return P

    def smallest_pivot(self):
        return float(self.L[self._symbolic.below :].min()) ** 2

    def solve_all(self, crossing, K, cross, B, out):
        from mixedeffects.engine.kernels import rows_sparse

        s = self._symbolic
        rows_sparse.solve_sparse(
            K, crossing.indptr, crossing.index, cross, s.columns, s.position, *s.by_column,
            self.L, B, out,
        )  # fmt: skip
