"""Covariance structures of one random-effects term: theta to the relative factor Lambda.

A structure is a class with the members below, found by its name in `STRUCTURES`; a new
one is one class and one registry line.

n_theta : int
factor(theta) -> (k, k) lower-triangular Lambda, Cov(b) = sigma^2 Lambda Lambda'
derivatives(theta) -> (n_theta, k, k), dLambda / dtheta_i
gradient(theta, S) -> (n_theta,), <dLambda / dtheta_i, S> for a (k, k) matrix S
curvature(theta, D) -> (n_theta, n_theta), <D, d2G / dtheta_i dtheta_j>, G = Lambda Lambda', for a
    symmetric (k, k) matrix D
theta_of(Lambda) -> theta of the same covariance in canonical form (non-negative diagonal)
basis : (m, k, k), symmetric matrices whose combinations are the covariances it allows: one per
    natural parameter, a variance or a covariance
diagonal : list of int, entries of theta on the diagonal of Lambda
rotates : bool
    Whether the family of covariances is unchanged by any invertible recombination of
    the columns (so that the engine may orthogonalise them).
"""

from __future__ import annotations

from functools import lru_cache
from math import hypot

import numpy as np


class Unstructured:
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

    rotates = True

    def __init__(self, k: int) -> None:
        self.k = k
        self.n_theta = k * (k + 1) // 2
        columns, rows = np.triu_indices(k)
        self._rows, self._columns = rows, columns
        self.diagonal = np.flatnonzero(rows == columns).tolist()
        basis = np.zeros((self.n_theta, k, k))
        basis[np.arange(self.n_theta), rows, columns] = 1.0
        self._basis = basis
        self.basis = symmetric_units(zip(rows.tolist(), columns.tolist(), strict=True), k)
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

    def positions(self):
        """(row, column) of each theta in Lambda."""
        return list(zip(self._rows.tolist(), self._columns.tolist(), strict=True))


class Diagonal:
    """Uncorrelated effects, ``||``: theta is the vector of relative standard deviations.

    Examples
    --------
    >>> import numpy as np
    >>> Diagonal(2).factor(np.array([1.0, 3.0]))
    array([[1., 0.],
           [0., 3.]])
    """

    rotates = False

    def __init__(self, k: int) -> None:
        self.k = self.n_theta = k
        self.diagonal = list(range(k))
        self.basis = self._basis = symmetric_units([(a, a) for a in range(k)], k)

    def factor(self, theta):
        return np.diag(theta)

    def derivatives(self, theta):
        return self._basis

    def gradient(self, theta, S):
        return S.diagonal()

    def curvature(self, theta, D):
        return np.diag(2.0 * D.diagonal())

    def theta_of(self, Lambda):
        return np.abs(np.diagonal(Lambda))

    def positions(self):
        """(row, column) of each theta in Lambda."""
        return [(i, i) for i in range(self.k)]


def symmetric_units(places, k):
    """Per place (a, b), the symmetric (k, k) matrix with ones there and zeros elsewhere.

    Examples
    --------
    >>> symmetric_units([(0, 1)], 2)
    array([[[0., 1.],
            [1., 0.]]])
    """
    places = list(places)
    out = np.zeros((len(places), k, k))
    for unit, (a, b) in zip(out, places, strict=True):
        unit[a, b] = unit[b, a] = 1.0
    return out


STRUCTURES = {"us": Unstructured, "diag": Diagonal}


@lru_cache(maxsize=256)
def structure(name, k):
    """The structure of that name for k columns; it holds no data, so one serves all fits."""
    return STRUCTURES[name](k)


def canonical_factor(Lambda):
    """The lower-triangular factor of Lambda Lambda' with non-negative diagonal.

    Computed from a QR factorisation of Lambda', so that a singular covariance keeps its
    exact rank.

    Parameters
    ----------
    Lambda : (k, k) array
        Any square factor.

    Returns
    -------
    (k, k) array

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
    R = np.linalg.qr(Lambda.T, mode="r")
    signs = np.where(np.diagonal(R) < 0, -1.0, 1.0)
    lower = (signs[:, None] * R).T
    lower[np.abs(lower) < 1e-15 * np.abs(lower).max(initial=0.0)] = 0.0
    return lower
