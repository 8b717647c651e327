"""One standard deviation for all columns, one correlation for all pairs."""

from __future__ import annotations

import numpy as np

from mixedeffects.covariance.base import Covariance

# a variance, relative to the largest, that is zero but for rounding
NONE = 1e-14


class CompoundSymmetry(Covariance):
    """G = theta_1^2 P + theta_2^2 (I - P), P the projection on the mean of the columns.

    theta are the standard deviations of the mean, times the root of k, and of contrasts; the
    correlation is between -1 / (k - 1) and 1.

    Examples
    --------
    >>> form = CompoundSymmetry(3)
    >>> Lambda = form.factor(form.from_natural([2.0, 0.25]))
    >>> (Lambda @ Lambda.T).round(10)
    array([[4., 1., 1.],
           [1., 4., 1.],
           [1., 1., 4.]])
    """

    name, words = "cs", "equally correlated, with one standard deviation"
    shares = True
    within = ("csh", "toep", "toeph")

    def __init__(self, k: int) -> None:
        super().__init__(k)
        mean = np.full((k, 1), k**-0.5)
        self.parts = [mean]
        if k > 1:
            self.parts.append(np.linalg.svd(mean)[0][:, 1:])
        self.n_theta = len(self.parts)
        self.singular = range(self.n_theta)
        self.pairs = [(i, j) for i in range(k) for j in range(i + 1, k)]
        self.natural = [(0, 0), (1, 0)][: self.n_theta]
        self.correlations = (-1.0 / max(k - 1, 1), 1.0)
        self.basis = np.array([V @ V.T for V in self.parts])

    def factor(self, theta):
        return np.tensordot(theta, self.basis, 1)

    def derivatives(self, theta):
        return self.basis

    def curvature(self, theta, D):
        return 2.0 * np.diag(np.einsum("iab,ab->i", self.basis, D))

    def theta_of(self, Lambda):
        return self.axes(Lambda)[1]

    def from_natural(self, values):
        sd, correlation = values[0], values[-1] if self.k > 1 else 0.0
        variances = np.array([1.0 + (self.k - 1) * correlation, 1.0 - correlation])
        variances[np.abs(variances) < NONE] = 0.0
        with np.errstate(invalid="ignore"):
            return sd * np.sqrt(variances[: self.n_theta])

    def shared(self, i, j):
        return (0, 0) if i == j else (1, 0)

    def pair_words(self, i, j):
        return "any two of these effects"
