"""Few random effects: M is one dense matrix, and its sums over rows are NumPy's."""

from __future__ import annotations

from functools import reduce

import numpy as np
from scipy.linalg.lapack import dpotrf, dpotri, dpotrs  # pyright: ignore[reportAttributeAccessIssue]

from mixedeffects.engine.priors import log_determinant, rest_entries
from mixedeffects.engine.rows.layout import precision_of


class SmallRows:
    """Sums over rows for a model with at most a hundred random effects.

    Attributes
    ----------
    width : int
        Order m of M.
    pairs : list of (int, int)
        Two entries of a row, the first not before the second, whose product is part of M.
    places : list of (n,) arrays
        Per pair, where in M, row by row, the product of each row of Z is added.
    wide : (n, K) int64 array
        The place in u of each entry of a row.
    ridge, precision : arrays
        Places in M, row by row, and values of the entries of Q.
    """

    def __init__(self, rows, plan):
        self.rows = rows
        self.width = m = rows.width
        K = rows.Z.shape[1]
        wide = rows.columns.astype(np.int64)
        self.pairs = [(a, b) for a in range(K) for b in range(a + 1)]
        self.places = [
            np.maximum(wide[:, a], wide[:, b]) * m + np.minimum(wide[:, a], wide[:, b])
            for a, b in self.pairs
        ]
        self.wide, self._places_in_u = wide, wide.ravel()
        self.Z, self._Lambdas = rows.Z, None
        row, column, self.precision = rest_entries(plan.layout, plan.priors)
        self.ridge = row * m + column
        self.log_precision = log_determinant(plan.layout, plan.priors)
        self.times_precision = precision_of(rows, plan.priors)

    def scale(self, Lambdas):
        """Use other relative factors from now on."""
        if Lambdas is not self._Lambdas:
            self.Z, self._Lambdas = self.rows.scaled(Lambdas), Lambdas

    def eta(self, u, raw=False):
        """(n,) Z Lambda u, or Z u."""
        return np.einsum("ia,ia->i", self.rows.Z if raw else self.Z, u[self.wide])

    def gather(self, r, raw=False):
        """Lambda'Z'r, or Z'r, for r of shape (n,) or (n, c)."""
        Z = self.rows.Z if raw else self.Z
        if r.ndim == 1:
            return np.bincount(self._places_in_u, (Z * r[:, None]).ravel(), self.width)
        out = np.empty((self.width, r.shape[1]))
        for c in range(r.shape[1]):
            out[:, c] = np.bincount(self._places_in_u, (Z * r[:, c, None]).ravel(), self.width)
        return out

    def factorise(self, w):
        """M = Q + Lambda'Z'diag(w)Z Lambda, factored."""
        m, Z = self.width, self.Z
        M = reduce(
            np.add,
            (
                np.bincount(place, w * Z[:, a] * Z[:, b], m * m)
                for (a, b), place in zip(self.pairs, self.places, strict=True)
            ),
        )
        M[self.ridge] += self.precision
        return SmallFactor(self, Z, M.reshape(m, m))


class SmallFactor:
    """The Cholesky factor of a dense M at one Lambda and w.

    Attributes
    ----------
    logdet : float
        log|M| - log|Q|; inf if M is not positive definite.
    """

    __slots__ = ("_L", "_Z", "_inverse", "_system", "logdet")

    def __init__(self, system, Z, M):
        self._system, self._Z, self._inverse = system, Z, None
        # the lower triangle of a C-ordered array is LAPACK's upper one
        self._L, info = dpotrf(M.T, lower=0, overwrite_a=1, clean=1)
        self.logdet = np.inf
        if info == 0:
            self.logdet = 2.0 * float(np.log(self._L.diagonal()).sum()) - system.log_precision

    def smallest_pivot(self):
        """Of the elimination: next to zero where M is nearly singular."""
        return float(self._L.diagonal().min()) ** 2

    def solve(self, B):
        """M^-1 B."""
        return dpotrs(self._L, B, lower=0)[0]

    def inverse(self):
        """(m, m) M^-1."""
        if self._inverse is None:
            upper = dpotri(self._L, lower=0)[0]
            self._inverse = upper + upper.T
            self._inverse.flat[:: upper.shape[0] + 1] = upper.diagonal()
        return self._inverse

    def row_inverses(self):
        """(n, K): row i's own entries of M^-1 z_i."""
        inverse, wide, Z = self.inverse(), self._system.wide, self._Z
        out = np.empty_like(Z)
        for a in range(Z.shape[1]):
            out[:, a] = np.einsum("ib,ib->i", inverse[wide[:, a, None], wide], Z)
        return out

    def blocks(self):
        """Per block in the design's order, the (q, k, k) diagonal blocks of M^-1."""
        rows, inverse = self._system.rows, self.inverse()
        out = [np.empty(0)] * len(rows.q)
        for f, _, where in rows.parts:
            q, k = rows.q[f], rows.k[f]
            part = inverse[where, where].reshape(q, k, q, k)
            out[f] = np.ascontiguousarray(np.einsum("jajb->jab", part))
        return out
