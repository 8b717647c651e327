"""Covariance structures that the package does not have, as a user would write them."""

import numpy as np

from mixedeffects.covariance import Covariance, Invariance, Unstructured
from mixedeffects.covariance.structures import symmetric_units


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
