"""No remainder: all columns were eliminated level by level."""

from __future__ import annotations

import numpy as np

from mixedeffects.crossprod.parallel import LOOP_RATE
from mixedeffects.engine.remainder.base import Offer, Remainder, RemainderFactor


class NoRemainder(Remainder):
    """The remainder of a model with one grouping factor."""

    name = "none"
    size, entries = 0, 0.0

    @classmethod
    def offer(cls, question):
        if question.layout.m:
            return None
        return Offer(cls.name, (0.0, LOOP_RATE), (0.0, LOOP_RATE), 0.0, 0, "nothing")

    def places(self, row, column):
        return np.empty(np.shape(row), dtype=np.int64)

    def eliminate(self, R, K, V):
        pass

    def factor(self, R):
        return NoFactor()

    def enclose(self, P, V):
        return np.zeros((self.crossing.indptr.size - 1, V.shape[1], V.shape[1]))

    def times(self, P, V):
        return np.zeros(V.shape)

    def of_rows(self, Z, w, rows, diag, cross, prior, K):
        from mixedeffects.engine.kernels import rows as kernels

        kernels.leaf_sums(Z, w, rows.leaf, rows.place, diag, cross)
        return float(kernels.invert_levels(diag, prior, K)), NoFactor()


class NoFactor(RemainderFactor):
    """The factor of a matrix without columns."""

    __slots__ = ()
    logdet = 0.0

    def solve(self, B):
        return B

    def selected(self):
        return np.empty(0)

    def smallest_pivot(self):
        return np.inf

    def solve_all(self, crossing, K, cross, B, out):
        from mixedeffects.engine.kernels import rows as kernels

        kernels.solve_leaf(K, B, out)
