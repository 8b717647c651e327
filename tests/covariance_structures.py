"""Covariance structures that the package does not have, as a user would write them."""

import numpy as np

from mixedeffects.covariance import Covariance, Invariance, Unstructured
from mixedeffects.covariance.structures import symmetric_units


class CompoundSymmetry(Covariance):
    """One standard deviation for all columns, one correlation for all pairs.

    With P the projection on the mean of the columns, G = theta_1^2 P + theta_2^2 (I - P).
    """

    name, words = "cs", "equally correlated, with one standard deviation"

    def __init__(self, k):
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

    def theta_of(self, Lambda):
        return self.axes(Lambda)[1]

    def from_natural(self, values):
        sd, correlation = values[0], values[-1] if self.k > 1 else 0.0
        variances = np.array([1.0 + (self.k - 1) * correlation, 1.0 - correlation])
        variances[np.abs(variances) < 1e-14] = 0.0
        with np.errstate(invalid="ignore"):
            return sd * np.sqrt(variances[: self.n_theta])

    def shared(self, i, j):
        return (0, 0) if i == j else (1, 0)


class HomogeneousDiagonal(Covariance):
    """Independent columns with one standard deviation."""

    name, words = "homdiag", "independent, with one standard deviation"

    def __init__(self, k):
        super().__init__(k)
        self.n_theta, self.singular, self.natural = 1, (0,), [(0, 0)]
        self.parts = [np.eye(k)]
        self.basis = np.eye(k)[None]

    def factor(self, theta):
        return theta[0] * self.basis[0]

    def derivatives(self, theta):
        return self.basis

    def theta_of(self, Lambda):
        return self.axes(Lambda)[1]

    def from_natural(self, values):
        return np.array(values)

    def shared(self, i, j):
        return (0, 0) if i == j else None


class FirstApart(Covariance):
    """The first column independent of the others, which covary: two terms written as one."""

    name, words, invariance = "apart", "the first independent", Invariance.SCALING

    def __init__(self, k):
        super().__init__(k)
        self._rest = Unstructured(k - 1)
        moved = [(i + 1, j + 1) for i, j in self._rest.positions]
        self.positions = self.natural = [(0, 0), *moved]
        self.n_theta = len(self.positions)
        self.pieces = [(0,), tuple(range(1, k))][: min(k, 2)]
        self.pairs = [(i + 1, j + 1) for i, j in self._rest.pairs]
        self.singular = [at for at, (i, j) in enumerate(self.positions) if i == j]
        self.basis = symmetric_units(self.positions, k)
        self._entries = np.tril(self.basis)

    def factor(self, theta):
        return np.tensordot(theta, self._entries, 1)

    def derivatives(self, theta):
        return self._entries

    def theta_of(self, Lambda):
        sizes, vectors = np.linalg.eigh((Lambda @ Lambda.T)[1:, 1:])
        rest = self._rest.theta_of(vectors * np.sqrt(np.maximum(sizes, 0.0)))
        return np.concatenate([[np.linalg.norm(Lambda[0])], rest])

    def from_natural(self, values):
        return np.concatenate([values[:1], self._rest.from_natural(np.array(values[1:]))])

    def axes(self, Lambda):
        U, s, _ = np.linalg.svd(Lambda[1:])
        units = np.zeros((self.k, self.k))
        units[0, 0], units[1:, 1:] = 1.0, U.T
        return [v[:, None] for v in units], np.array([np.linalg.norm(Lambda[0]), *s])
