"""Residual bootstrap: responses from resampled, reflated random effects and residuals.

Predicted random effects and residuals vary less than the true ones. Centred and rescaled to the
estimated covariances they are drawn with replacement, so that neither needs to be normal.

References
----------
Carpenter, Goldstein & Rasbash (2003), A novel bootstrap procedure for assessing the relationship
between class size and achievement, Applied Statistics 52, 431-443,
doi:10.1111/1467-9876.00415.
"""

from __future__ import annotations

import numpy as np

from mixedeffects.inference.prediction import fitted
from mixedeffects.inference.prediction.rows import random_part
from mixedeffects.inference.residual.residuals import residuals_of

# eigenvalues, of a matrix with unit diagonal, that count as zero
NULL = 1e-10


class ResidualResponses:
    """Draws responses; replicate i has its own stream of random numbers.

    Parameters
    ----------
    n : int
        Replicates.
    stream : callable
        From a replicate's number to its Generator.
    """

    def __init__(self, fit, n, stream):
        self.n, self._stream, design = n, stream, fit.design
        self._mean = fitted(fit, groups="population")
        self._blocks = [(block.factor.codes, block.Z) for block in design.blocks]
        self._b = [reflated(b, G) for b, G in zip(fit.b, fit.parameters.covariances, strict=True)]
        e = residuals_of(fit, "pearson")
        e = e - e.mean()
        size = np.sqrt(np.mean(e * e))
        self._e = e * (fit.noise.sigma / size) if size > 0 else e
        self._scale = 1.0 if design.weights is None else 1.0 / np.sqrt(design.weights)

    def one(self, i):
        """(n_rows,) response of replicate i."""
        rng = self._stream(i)
        b = [modes[rng.integers(0, modes.shape[0], modes.shape[0])] for modes in self._b]
        e = self._e[rng.integers(0, self._e.size, self._e.size)]
        return self._mean + random_part(self._blocks, b) + self._scale * e

    def __call__(self, rows):
        """(n_rows, r) responses of a slice of the replicates."""
        return np.stack([self.one(i) for i in range(rows.start, rows.stop)], axis=1)


def reflated(b, G):
    """Random effects centred and recombined so that their covariance is G.

    Takes b (q, k) array; G (k, k) array.

    Returns
    -------
    (q, k) array
        Of the covariance G on the space the effects span; fewer levels than columns span less.

    Examples
    --------
    >>> import numpy as np
    >>> b = reflated(np.array([[1.0], [2.0], [6.0]]), np.array([[4.0]]))
    >>> bool(np.isclose(b.mean(), 0.0)), round(float((b * b).mean()), 6)
    (True, 4.0)
    """
    b = b - b.mean(axis=0)
    size = np.sqrt(np.diagonal(G))
    size = np.where(size > 0, size, 1.0)
    b, G = b / size, G / np.outer(size, size)
    S = b.T @ b / b.shape[0]
    values, vectors = np.linalg.eigh(S)
    kept = values > NULL
    inverse = (vectors[:, kept] / np.sqrt(values[kept])) @ vectors[:, kept].T
    values, vectors = np.linalg.eigh(G)
    root = (vectors * np.sqrt(values.clip(0.0))) @ vectors.T
    return b @ inverse @ root * size
