"""Structures that are standard deviations times a correlation matrix of few parameters."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from mixedeffects.covariance.base import ROUNDING, Covariance, Invariance
from mixedeffects.covariance.correlations import (
    Correlation,
    Equal,
    FirstOrder,
    Neighbours,
    Stationary,
)
from mixedeffects.covariance.likeliest import likeliest
from mixedeffects.covariance.structures import symmetric_units

# standard deviations below which all together count as none: those of the boundary are relative
SMALL = 1e-3
# difference of covariances, of their size, that is rounding
SAME = 1e-12


class Scaled(Covariance):
    """G = D R D, D standard deviations on a diagonal and R one of some correlation matrices.

    theta is the standard deviation, then the angles of `mixedeffects.covariance.correlations`;
    with a standard deviation for each column their square roots stand in its place, so that none
    is negative and zero is a stationary point.

    Attributes
    ----------
    correlation : class of Correlation
    each : bool
        Whether every column has a standard deviation of its own.
    """

    additive, shares = False, True
    correlation: ClassVar[type[Correlation]]
    each: ClassVar[bool]

    def __init__(self, k: int) -> None:
        super().__init__(k)
        self._R = self.correlation(k)
        self._n_sd = k if self.each else 1
        self.n_theta = self._n_sd + self._R.m
        self.singular = range(self._n_sd)
        self.pairs = [(i, j) for i in range(k) for j in range(i + 1, k)]
        self.natural = [(i, i) for i in range(self._n_sd)] + list(self._R.natural)
        self.correlations = self._R.limits
        self.invariance = Invariance.SCALING if self.each else Invariance.NONE
        self.basis = symmetric_units([(i, j) for i in range(k) for j in range(i + 1)], k)

    def _deviations(self, theta):
        """(k,) standard deviations, and the (n_sd,) derivatives of each by its theta."""
        part = theta[: self._n_sd]
        if self.each:
            return part * part, 2.0 * part
        return np.full(self.k, part[0]), np.ones(1)

    def factor(self, theta):
        sd, _ = self._deviations(theta)
        return sd[:, None] * self._R.factor(theta[self._n_sd :])[0]

    def derivatives(self, theta):
        sd, slope = self._deviations(theta)
        C, dC = self._R.factor(theta[self._n_sd :])
        out = np.zeros((self.n_theta, self.k, self.k))
        if self.each:
            place = np.arange(self.k)
            out[place, place] = slope[:, None] * C
        else:
            out[0] = C
        out[self._n_sd :] = sd[:, None] * dC
        return out

    def tangent(self, theta):
        if self.additive:
            return self.basis
        natural = np.nan_to_num(self.natural_values(theta))
        is_sd = np.arange(self.n_theta) < self._n_sd
        natural = np.where(is_sd & (natural < SMALL), 1.0, natural)
        out = self.changes(self.from_natural(natural))
        if np.abs(out).max(axis=(1, 2)).min() < SMALL * np.abs(out).max():
            # at the end of a correlation's range nothing changes: a little inside
            inside = np.where(is_sd, natural, (1.0 - SMALL) * natural)
            out = self.changes(self.from_natural(inside))
        return out

    def theta_of(self, Lambda):
        G = Lambda @ Lambda.T
        variances = G.diagonal()
        largest = variances.max()
        if not largest > 0:
            return self._theta(np.zeros(self.k), np.zeros(len(self._R.natural)))
        if not self.each:
            variances = np.full(self.k, variances.mean())
        sd = np.sqrt(np.where(variances > ROUNDING**2 * largest, variances, 0.0))
        some = np.where(sd > 0, sd, 1.0)
        R = np.where(np.outer(sd, sd) > 0, G / np.outer(some, some), 0.0)
        R[np.diag_indices(self.k)] = 1.0
        theta = self._theta(sd, self._R.nearest(R))
        found = self.factor(theta)
        if np.abs(found @ found.T - G).max() <= SAME * largest or not sd.all():
            return theta
        return self._canonical(likeliest(self, G, theta))

    def _theta(self, sd, correlations):
        part = np.sqrt(np.abs(sd)) if self.each else sd[:1]
        return np.concatenate([part, self._R.angles(correlations)])

    def _canonical(self, theta):
        return np.concatenate([np.abs(theta[: self._n_sd]), self._R.principal(theta[self._n_sd :])])

    def from_natural(self, values):
        values = np.asarray(values, dtype=float)
        return self._theta(np.resize(values[: self._n_sd], self.k), values[self._n_sd :])

    def shared(self, i, j):
        if i == j:
            return (i, i) if self.each else (0, 0)
        return self._R.shared(i, j)

    def pair_words(self, i, j):
        return self._R.pair_words(i, j)

    def axes(self, Lambda):
        sd = np.sqrt((Lambda * Lambda).sum(axis=1))
        if sd.max() > SMALL:  # a variance added along some direction leaves the structure
            return [], np.empty(0)
        return [np.eye(self.k)], np.array([np.linalg.norm(sd) / self.k**0.5])

    def regular(self, theta, threshold):
        sd = np.abs(self._deviations(theta)[0])
        return bool(sd.min() > threshold * max(1.0, sd.max()))


class HeterogeneousCompoundSymmetry(Scaled):
    """A standard deviation for each column, and one correlation of all pairs."""

    name, words = "csh", "equally correlated"
    within = ("toeph",)
    correlation, each = Equal, True


class Autoregressive(Scaled):
    """One standard deviation, and correlations rho^|i - j| of columns in their order.

    Examples
    --------
    >>> import numpy as np
    >>> form = Autoregressive(3)
    >>> Lambda = form.factor(form.from_natural([2.0, 0.5]))
    >>> (Lambda @ Lambda.T).round(10)
    array([[4., 2., 1.],
           [2., 4., 2.],
           [1., 2., 4.]])
    """

    name, words = "ar1", "autoregressive in their order, with one standard deviation"
    within = ("ar1h", "toep", "toeph", "ad1", "ad1h")
    ordered, correlation, each = True, FirstOrder, False


class HeterogeneousAutoregressive(Scaled):
    """A standard deviation for each column, and correlations rho^|i - j|."""

    name, words = "ar1h", "autoregressive in their order"
    within = ("toeph", "ad1h")
    ordered, correlation, each = True, FirstOrder, True


class Toeplitz(Scaled):
    """One standard deviation, and a correlation for each distance of columns in their order.

    Examples
    --------
    >>> import numpy as np
    >>> form = Toeplitz(3)
    >>> Lambda = form.factor(form.from_natural([2.0, 0.5, -0.25]))
    >>> (Lambda @ Lambda.T).round(10)
    array([[ 4.,  2., -1.],
           [ 2.,  4.,  2.],
           [-1.,  2.,  4.]])
    """

    additive = True
    name, words = "toep", "correlated by their distance in order, with one standard deviation"
    within = ("toeph",)
    ordered, correlation, each = True, Stationary, False

    def __init__(self, k: int) -> None:
        super().__init__(k)
        lag = np.abs(np.subtract.outer(np.arange(k), np.arange(k)))
        self.basis = np.array([1.0 * (lag == step) for step in range(k)])


class HeterogeneousToeplitz(Scaled):
    """A standard deviation for each column, and a correlation for each distance."""

    name, words = "toeph", "correlated by their distance in order"
    ordered, correlation, each = True, Stationary, True


class AnteDependence(Scaled):
    """One standard deviation, and a correlation of each pair of neighbours.

    Examples
    --------
    >>> import numpy as np
    >>> form = AnteDependence(3)
    >>> Lambda = form.factor(form.from_natural([1.0, 0.5, 0.8]))
    >>> (Lambda @ Lambda.T).round(10)
    array([[1. , 0.5, 0.4],
           [0.5, 1. , 0.8],
           [0.4, 0.8, 1. ]])
    """

    name, words = "ad1", "ante-dependent in their order, with one standard deviation"
    within = ("ad1h",)
    ordered, correlation, each = True, Neighbours, False


class HeterogeneousAnteDependence(Scaled):
    """A standard deviation for each column, and a correlation of each pair of neighbours."""

    name, words = "ad1h", "ante-dependent in their order"
    ordered, correlation, each = True, Neighbours, True
