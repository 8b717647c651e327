"""The remainder as one dense positive-definite matrix: LAPACK does the work.

A C-ordered array holding a lower triangle is, to LAPACK, a Fortran array holding an upper
one, so `R.T` with ``lower=0`` factors in place: R = LL', L in the lower triangle of R.
"""

# SciPy's stubs do not list the routines of BLAS and LAPACK.
# pyright: reportAttributeAccessIssue=false

from __future__ import annotations

import numpy as np
from scipy.linalg import lapack

from mixedeffects.crossprod.parallel import BLAS_RATE, LOOP_RATE
from mixedeffects.engine.remainder.base import (
    CholeskyFactor,
    Offer,
    Remainder,
)


class DenseRemainder(Remainder):
    """All entries of the lower triangle, in an (m, m) array."""

    name = "dense"

    def __init__(self, met, layout, priors, prepared):
        super().__init__(met, layout, priors, prepared)
        self.size, self.entries = self.m**2, self.m**2 / 2.0

    @classmethod
    def offer(cls, question):
        layout, m = question.layout, float(question.layout.m)
        if not m:
            return None
        q, k = (0, 1) if layout.leaf is None else (layout.q[layout.leaf], layout.k[layout.leaf])
        listed, unpacked = (6.0 * k * question.pairs, LOOP_RATE), (4.0 * q * k * m**2, BLAS_RATE)
        crossing = min(listed, unpacked, key=lambda c: c[0] / c[1])
        return Offer(cls.name, crossing, (m**3, BLAS_RATE), 16.0 * m**2, layout.m, "dense")

    def places(self, row, column):
        return np.maximum(row, column).astype(np.int64) * self.m + np.minimum(row, column)

    def eliminate(self, R, K, V):
        self.crossing.eliminate(R.reshape(self.m, self.m), K, V)

    def factor(self, R):
        return DenseFactor(R.reshape(self.m, self.m))

    def enclose(self, P, V):
        return self.crossing.enclose(P.reshape(self.m, self.m), V)

    def times(self, P, V):
        return self.crossing.times_symmetric(P.reshape(self.m, self.m), V)


class DenseFactor(CholeskyFactor):
    """A Cholesky factor.

    Parameters
    ----------
    R : (m, m) C-ordered float64
        Lower triangle filled; overwritten by its factor.
    """

    __slots__ = ("L",)

    def __init__(self, R):
        factor, info = lapack.dpotrf(R.T, lower=0, overwrite_a=1, clean=0)
        if info != 0:
            self.logdet = np.inf
            return
        self.L = factor.T
        self.logdet = 2.0 * float(np.log(np.diagonal(self.L)).sum())

    def solve(self, B):
        return lapack.dpotrs(self.L.T, B, lower=0)[0]

    def half(self, B):
        return lapack.dtrtrs(self.L.T, B, lower=0, trans=1)[0]

    def selected(self):
        inverse, _ = lapack.dpotri(self.L.T, lower=0, overwrite_c=0)
        return inverse.T.reshape(-1)

    def smallest_pivot(self):
        return float(self.L.diagonal().min()) ** 2
