"""The covariance structures that ``(… | g)`` and ``(… || g)`` mean."""

from __future__ import annotations

from math import hypot, prod

import numpy as np

from mixedeffects.covariance.base import ROUNDING, Covariance, Invariance
from mixedeffects.formula import CORRELATED, UNCORRELATED


class Unstructured(Covariance):
    """Any positive semi-definite covariance; theta is the column-major lower triangle.

    The order is that of Bates, Mächler, Bolker & Walker (2015), section 3.1,
    doi:10.18637/jss.v067.i01.

    Examples
    --------
    >>> import numpy as np
    >>> Unstructured(2).factor(np.array([1.0, 0.5, 2.0]))
    array([[1. , 0. ],
           [0.5, 2. ]])
    """

    name = CORRELATED
    words = "correlated"
    invariance = Invariance.ANY

    def __init__(self, k: int) -> None:
        super().__init__(k)
        self.n_theta = k * (k + 1) // 2
        columns, rows = np.triu_indices(k)
        self._rows, self._columns = rows, columns
        self.positions = self.natural = list(zip(rows.tolist(), columns.tolist(), strict=True))
        self.pairs = [(i, j) for i in range(k) for j in range(i + 1, k)]
        self.pieces = [tuple(range(k))]
        self.singular = np.flatnonzero(rows == columns).tolist()
        basis = np.zeros((self.n_theta, k, k))
        basis[np.arange(self.n_theta), rows, columns] = 1.0
        self._basis = basis
        self.basis = symmetric_units(self.positions, k)
        self._row_pairs = (rows[:, None], rows)
        self._twice_same_column = np.where(columns[:, None] == columns, 2.0, 0.0)

    def factor(self, theta):
        Lambda = np.zeros((self.k, self.k))
        Lambda[self._rows, self._columns] = theta
        return Lambda

    def derivatives(self, theta):
        return self._basis

    def gradient(self, theta, S):
        return S[self._rows, self._columns]

    def curvature(self, theta, D):
        # <D, e_r e_c' e_c' e_r' + transpose> = 2 D[r, r'] where the columns agree
        return D[self._row_pairs] * self._twice_same_column

    def theta_of(self, Lambda):
        return canonical_factor(Lambda)[self._rows, self._columns]

    def thetas_of(self, Lambdas):
        return canonical_factors(Lambdas)[:, self._rows, self._columns]

    def from_natural(self, values):
        half = np.zeros((self.k, self.k))
        half[self._rows, self._columns] = values
        sd = half.diagonal().copy()
        corr = half + half.T
        corr[np.diag_indices(self.k)] = 1.0
        sizes, vectors = np.linalg.eigh(corr)
        if sizes.min(initial=0.0) < -self.k * ROUNDING:
            return np.full(self.n_theta, np.nan)
        return self.theta_of(sd[:, None] * vectors * np.sqrt(np.maximum(sizes, 0.0)))

    def axes(self, Lambda):
        if self.k == 1:
            return [np.ones((1, 1))], np.abs(Lambda[0])
        U, s, _ = np.linalg.svd(Lambda)
        return [U[:, i : i + 1] for i in range(self.k)], s

    def regular(self, theta, threshold):
        # sigma_min >= |det| ((k - 1) / |Lambda|_F^2)^((k - 1) / 2) (Yu & Gu 1997,
        # doi:10.1016/S0024-3795(96)00055-8) needs no singular values
        theta, k = theta.tolist(), self.k
        if k == 1:
            return abs(theta[0]) > threshold
        size = sum(v * v for v in theta)
        determinant = abs(prod(theta[i] for i in self.singular))
        bound = determinant * ((k - 1) / size) ** (0.5 * (k - 1)) if size > 0 else 0.0
        return bound > threshold * max(1.0, size**0.5)


class Diagonal(Covariance):
    """Uncorrelated effects, ``||``: theta is the vector of relative standard deviations.

    Examples
    --------
    >>> import numpy as np
    >>> Diagonal(2).factor(np.array([1.0, 3.0]))
    array([[1., 0.],
           [0., 3.]])
    """

    name = UNCORRELATED
    words = "independent"
    invariance = Invariance.SCALING

    def __init__(self, k: int) -> None:
        super().__init__(k)
        self.n_theta = k
        self.positions = self.natural = [(i, i) for i in range(k)]
        self.pieces = [(i,) for i in range(k)]
        self.singular = list(range(k))
        self.basis = self._basis = symmetric_units(self.positions, k)
        self._axes = [np.eye(k)[:, i : i + 1] for i in range(k)]

    def factor(self, theta):
        return np.diag(theta)

    def derivatives(self, theta):
        return self._basis

    def gradient(self, theta, S):
        return S.diagonal()

    def curvature(self, theta, D):
        return np.diag(2.0 * D.diagonal())

    def theta_of(self, Lambda):
        return np.sqrt((Lambda * Lambda).sum(axis=1))

    def thetas_of(self, Lambdas):
        return np.sqrt((Lambdas * Lambdas).sum(axis=2))

    def from_natural(self, values):
        return np.array(values)

    def axes(self, Lambda):
        return self._axes, self.theta_of(Lambda)

    def regular(self, theta, threshold):
        sizes = [abs(v) for v in theta.tolist()]
        return min(sizes) > threshold * max(1.0, *sizes)


def symmetric_units(places, k):
    """Per place (a, b), the symmetric (k, k) matrix with ones there and zeros elsewhere.

    Examples
    --------
    >>> symmetric_units([(0, 1)], 2)
    array([[[0., 1.],
            [1., 0.]]])
    """
    out = np.zeros((len(places), k, k))
    for unit, (a, b) in zip(out, places, strict=True):
        unit[a, b] = unit[b, a] = 1.0
    return out


def canonical_factor(Lambda):
    """The lower-triangular factor of Lambda Lambda' with non-negative diagonal.

    Computed from a QR factorisation of Lambda', so that a singular covariance keeps its exact rank.
    Returns (k, k) array.

    Parameters
    ----------
    Lambda : (k, k) array
        Any square factor.

    Examples
    --------
    >>> import numpy as np
    >>> canonical_factor(np.array([[0.0, 2.0], [0.0, 1.0]]))
    array([[2., 0.],
           [1., 0.]])
    """
    if Lambda.shape[0] == 1:
        return np.abs(Lambda)
    if Lambda.shape[0] == 2:
        (a, b), (c, d) = Lambda.tolist()
        top = hypot(a, b)
        if top > 0:
            return np.array([[top, 0.0], [(a * c + b * d) / top, abs(a * d - b * c) / top]])
    return canonical_factors(Lambda[None])[0]


def canonical_factors(Lambdas):
    """The same of a stack of factors (r, k, k)."""
    if Lambdas.shape[1] == 1:
        return np.abs(Lambdas)
    R = np.linalg.qr(Lambdas.transpose(0, 2, 1), mode="r")
    signs = np.where(np.einsum("rii->ri", R) < 0, -1.0, 1.0)
    out = (signs[:, :, None] * R).transpose(0, 2, 1)
    largest = np.abs(out).max(axis=(1, 2), keepdims=True, initial=0.0)
    return np.where(np.abs(out) < ROUNDING * largest, 0.0, out)
