"""The remainder as one dense positive-definite matrix: LAPACK does the work.

A C-ordered array holding a lower triangle is, to LAPACK, a Fortran array holding an upper
one, so `R.T` with ``lower=0`` factors in place: R = LL', L in the lower triangle of R.
"""

# SciPy's stubs do not list the routines of BLAS and LAPACK.
# pyright: reportAttributeAccessIssue=false

from __future__ import annotations

import numpy as np
from scipy.linalg import lapack

from mixedeffects.engine.own import own_values


class DenseRemainder:
    """Factorisation of a dense (m, m) remainder.

    Parameters
    ----------
    R : (m, m) C-ordered float64
        Lower triangle filled; overwritten by its Cholesky factor.

    Attributes
    ----------
    logdet : float
        log|R|; inf if R is not positive definite in floating point.
    """

    __slots__ = ("L", "logdet")

    def __init__(self, R):
        factor, info = lapack.dpotrf(R.T, lower=0, overwrite_a=1, clean=0)
        if info != 0:
            self.logdet = np.inf
            return
        self.L = factor.T
        self.logdet = 2.0 * float(np.log(np.diagonal(self.L)).sum())

    @classmethod
    def of(cls, engine, Lambdas, K, scaled):
        """Assemble I + Lambda'(A_rr - V'KV)Lambda and factor it.

        Parameters
        ----------
        engine : Engine
        Lambdas : sequence of (k, k) arrays
        K : (q, k, k) array
            Of the leaf.
        scaled : (nnz, k) array
            The leaf's cross-products times the remainder's Lambda.
        """
        m = engine.layout.m
        R = np.zeros((m, m))
        R[engine.own_places] = own_values(engine, Lambdas)
        R.flat[:: m + 1] += 1.0
        engine.crossing.eliminate(R, K, scaled)
        return cls(R)

    def smallest_pivot(self):
        """Smallest squared diagonal entry of the factor."""
        return float(self.L.diagonal().min()) ** 2

    def forward(self, B):
        """L^-1 B."""
        return lapack.dtrtrs(self.L.T, B, lower=0, trans=1)[0]

    def backward(self, B):
        """L^-T B."""
        return lapack.dtrtrs(self.L.T, B, lower=0, trans=0)[0]

    def inverse(self):
        """R^-1, lower triangle; a new array, because the factor is needed afterwards."""
        inverse, _ = lapack.dpotri(self.L.T, lower=0, overwrite_c=0)
        return inverse.T

    def select(self, engine, scaled):
        """What the traces need of R^-1.

        Returns
        -------
        S : (q, k, k) array
            V_j R^-1 V_j' of every leaf level.
        blocks : dict of int to (q_f, k_f, k_f) array
            Diagonal blocks of R^-1, by block of the design.
        """
        P = self.inverse()
        blocks = self.diagonal_blocks(P, engine.layout)
        S = None if scaled is None else engine.crossing.enclose(P, scaled)
        return S, blocks

    @staticmethod
    def diagonal_blocks(P, layout):
        """Diagonal blocks of R^-1 from its lower triangle, by block of the design."""
        blocks = {}
        for f, offset in zip(layout.rest, layout.offsets, strict=True):
            q, k = layout.q[f], layout.k[f]
            out = np.empty((q, k, k))
            at = offset + k * np.arange(q)
            for a in range(k):
                for b in range(a + 1):
                    out[:, a, b] = out[:, b, a] = P[at + a, at + b]
            blocks[f] = out
        return blocks
