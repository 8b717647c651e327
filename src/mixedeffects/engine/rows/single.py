"""One random effect for every level of one factor: M is diagonal."""

from __future__ import annotations

from math import inf, log

import numpy as np

from mixedeffects.engine.rows.layout import precision_of

# numbers up to which Python is faster than three calls of NumPy
FEW = 32


class SingleRows:
    """Sums over rows for a model in which every row meets one random effect.

    Takes rows RandomRows of one block with one column, whose levels are independent and alike.

    Attributes
    ----------
    width : int
        Order m of M.
    wide : (n, 1) int64 array
        The place in u of each row's entry.
    """

    log_precision = 0.0

    def __init__(self, rows, priors):
        self.rows, self.width = rows, rows.width
        self.wide = rows.columns.astype(np.int64)
        self._codes = self.wide[:, 0]
        self._raw = np.ascontiguousarray(rows.Z[:, 0])
        self._constant = bool((self._raw == 1.0).all())
        self._use(self._raw)
        self._Lambdas = None
        self.times_precision = precision_of(rows, priors)

    def _use(self, z):
        self._z, self._z2, self.Z = z, z * z, z[:, None]

    def scale(self, Lambdas):
        """Use other relative factors from now on."""
        if Lambdas is not self._Lambdas:
            self._use(self._raw * Lambdas[0][0, 0])
            self._Lambdas = Lambdas

    def eta(self, u, raw=False):
        """(n,) Z Lambda u, or Z u."""
        if raw and self._constant:
            return u[self._codes]
        return u[self._codes] * (self._raw if raw else self._z)

    def gather(self, r, raw=False):
        """Lambda'Z'r, or Z'r, for r of shape (n,) or (n, c)."""
        if raw and self._constant and r.ndim == 1:
            return np.bincount(self._codes, r, self.width)
        z = self._raw if raw else self._z
        if r.ndim == 1:
            return np.bincount(self._codes, z * r, self.width)
        out = np.empty((self.width, r.shape[1]))
        for c in range(r.shape[1]):
            out[:, c] = np.bincount(self._codes, z * r[:, c], self.width)
        return out

    def factorise(self, w):
        """M = I + Lambda'Z'diag(w)Z Lambda, factored."""
        diagonal = np.bincount(self._codes, w * self._z2, self.width)
        diagonal += 1.0
        return DiagonalFactor(self, self.Z, diagonal)


class DiagonalFactor:
    """A diagonal M at one Lambda and w.

    Attributes
    ----------
    logdet : float
        log|M|; inf if M is not positive definite.
    """

    __slots__ = ("_Z", "_diagonal", "_system", "logdet")

    def __init__(self, system, Z, diagonal):
        self._system, self._Z, self._diagonal = system, Z, diagonal
        self.logdet = sum_of_logarithms(diagonal)

    def smallest_pivot(self):
        """Of the elimination: next to zero where M is nearly singular."""
        return float(self._diagonal.min())

    def solve(self, B):
        """M^-1 B."""
        return B / (self._diagonal if B.ndim == 1 else self._diagonal[:, None])

    def row_inverses(self):
        """(n, 1): row i's own entry of M^-1 z_i."""
        return self._Z / self._diagonal[self._system.wide]

    def blocks(self):
        """Of the block, the (q, 1, 1) diagonal blocks of M^-1."""
        return [np.reciprocal(self._diagonal)[:, None, None]]


def sum_of_logarithms(d) -> float:
    """The sum of the logarithms of an array, inf where they are not all positive.

    Examples
    --------
    >>> import numpy as np
    >>> sum_of_logarithms(np.array([1.0, 1.0])), sum_of_logarithms(np.array([1.0, -1.0]))
    (0.0, inf)
    """
    if d.size > FEW:
        return float(np.log(d).sum()) if d.min() > 0.0 else inf
    try:
        return sum(map(log, d.tolist()))
    except ValueError:
        return inf
