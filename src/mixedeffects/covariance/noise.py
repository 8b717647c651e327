"""The covariance of the rows given the random effects.

    y | b ~ N(X beta + Z b, sigma^2 W^-1),    W = diag(weights),

sigma estimated by its own formula, W by what a `Noise` knows of the rows and by parameters of its
own. Cross-products are sums over rows with these weights, so that a search looks at the rows again
for every other value of the parameters, where there are any.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np


class Noise(ABC):
    """Rows that are independent given the random effects.

    Attributes
    ----------
    parameters : (K,) array
        Where it stands.
    weights : (n,) array or None
        Diagonal of W; None where it is the identity.
    """

    parameters: np.ndarray
    weights: np.ndarray | None

    @abstractmethod
    def at(self, parameters) -> Noise:
        """The same at other parameters."""

    @abstractmethod
    def slopes(self, n) -> np.ndarray:
        """(K, n) derivatives of the diagonal of W^-1 by the parameters, for n rows."""

    def log_determinant(self) -> float:
        """log|W|."""
        return 0.0 if self.weights is None else float(np.log(self.weights).sum())

    def times(self, rows):
        """W A for the rows of A."""
        if self.weights is None:
            return rows
        return rows * (self.weights if rows.ndim == 1 else self.weights[:, None])


class PriorWeights(Noise):
    """Known weights, nothing to estimate but sigma. Takes weights (n,) array or None."""

    parameters = np.empty(0)

    def __init__(self, weights):
        self.weights = weights

    def at(self, parameters):
        return self

    def slopes(self, n):
        return np.empty((0, n))


@dataclass(frozen=True, slots=True, eq=False)
class FittedNoise:
    """The residual variance of a fit's rows, sigma^2 / weights.

    Attributes
    ----------
    noise : Noise
        At its estimates.
    sigma : float
        Residual standard deviation of a row of weight one.
    """

    noise: Noise
    sigma: float

    @property
    def variance(self) -> float:
        """Of a row of weight one."""
        return self.sigma**2

    def precisions(self, n):
        """(n,) one over the variance of every row."""
        return self.noise.times(np.ones(n)) / self.sigma**2

    def alike(self, residuals):
        """Residuals of equal variance, sigma^2: each times the root of its weight."""
        weights = self.noise.weights
        return residuals if weights is None else residuals * np.sqrt(weights)

    def standardised(self, residuals):
        """Residuals of variance one."""
        return self.alike(residuals) / self.sigma
