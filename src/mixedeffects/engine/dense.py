"""The remainder as one dense positive-definite matrix: LAPACK does the work.

A C-ordered array holding a lower triangle is, to LAPACK, a Fortran array holding an upper
one, so `R.T` with ``lower=0`` factors in place: R = LL', L in the lower triangle of R.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import lapack


class DenseRemainder:
    """Factorisation of a dense (m, m) remainder.

    Parameters
    ----------
    R : (m, m) C-ordered float64
        Lower triangle filled; overwritten by its Cholesky factor.
    """

    __slots__ = ("L", "_inverse", "logdet")

    def __init__(self, R):
        factor, info = lapack.dpotrf(R.T, lower=0, overwrite_a=1, clean=0)
        self._inverse = None
        if info != 0:
            self.logdet = np.inf
            return
        self.L = factor.T
        self.logdet = 2.0 * float(np.log(np.diagonal(self.L)).sum())

    def forward(self, B):
        """L^-1 B."""
        return lapack.dtrtrs(self.L.T, B, lower=0, trans=1)[0]

    def backward(self, B):
        """L^-T B."""
        return lapack.dtrtrs(self.L.T, B, lower=0, trans=0)[0]

    def inverse(self):
        """R^-1, lower triangle. The factor is kept: both are needed afterwards."""
        if self._inverse is None:
            inverse, _ = lapack.dpotri(self.L.T, lower=0, overwrite_c=0)
            self._inverse = inverse.T
        return self._inverse

    def block_trace(self, offset, q, k):
        """Sum of the (k, k) diagonal blocks of R^-1 that belong to one factor."""
        return self.diagonal_blocks(offset, q, k).sum(axis=0)

    def diagonal_blocks(self, offset, q, k):
        """The (q, k, k) diagonal blocks of R^-1 that belong to one factor."""
        P = self.inverse()
        out = np.empty((q, k, k))
        at = offset + k * np.arange(q)
        for a in range(k):
            for b in range(a + 1):
                out[:, a, b] = out[:, b, a] = P[at + a, at + b]
        return out
