"""Correlation matrices of few parameters, as smooth factors of angles.

A correlation matrix R of k columns is C C' with rows of C of length one, so that C is made of sines
and cosines of angles t: every t gives a correlation matrix, and a singular one is reached at a
finite angle.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np


class Correlation(ABC):
    """The correlation matrices of k columns that one structure allows.

    Attributes
    ----------
    m : int
        Number of angles.
    natural : list of (int, int)
        Entries (i, j), i > j, of R that are its parameters, m of them.
    limits : (float, float)
        The least and the largest of these.
    """

    limits: tuple[float, float] = (-1.0, 1.0)
    natural: list[tuple[int, int]]

    def __init__(self, k: int) -> None:
        self.k = k
        self.m = len(self.natural)

    @abstractmethod
    def factor(self, t) -> tuple[np.ndarray, np.ndarray]:
        """(k, k) C and its (m, k, k) derivatives by the angles (m,)."""

    @abstractmethod
    def angles(self, values) -> np.ndarray:
        """(m,) angles of given natural correlations; nan where no matrix has them."""

    def principal(self, t) -> np.ndarray:
        """The angles in their first range that give the same correlations."""
        return np.arcsin(np.clip(np.sin(t), -1.0, 1.0))

    @abstractmethod
    def nearest(self, R) -> np.ndarray:
        """(m,) natural correlations near those of any correlation matrix R, and allowed."""

    def pair_words(self, i, j) -> str:
        """Which pairs have the natural correlation (i, j), in words; "" of one pair only."""
        return ""

    @abstractmethod
    def shared(self, i, j) -> tuple[int, int] | None:
        """Which of `natural` the correlation (i, j), i > j, is; None where it is none of them."""


class Equal(Correlation):
    """One correlation for all pairs, between -1 / (k - 1) and 1.

    With P the projection on the mean, C = sqrt(k) cos t P + sqrt(k / (k - 1)) sin t (I - P).
    """

    def __init__(self, k):
        self.natural = [(1, 0)] if k > 1 else []
        super().__init__(k)
        self.limits = (-1.0 / max(k - 1, 1), 1.0)
        mean = np.full((k, k), 1.0 / k)
        self._mean = k**0.5 * mean
        self._rest = (k / max(k - 1, 1)) ** 0.5 * (np.eye(k) - mean)

    def factor(self, t):
        if not self.m:
            return np.eye(1), np.empty((0, 1, 1))
        sin, cos = np.sin(t[0]), np.cos(t[0])
        return cos * self._mean + sin * self._rest, (cos * self._rest - sin * self._mean)[None]

    def angles(self, values):
        square = (1.0 + (self.k - 1) * np.asarray(values)) / self.k  # cos^2 t
        return np.arccos(np.sqrt(_inside(square, 0.0, 1.0)))

    def principal(self, t):
        return np.arccos(np.minimum(np.abs(np.cos(t)), 1.0))

    def nearest(self, R):
        off = R.sum() - self.k
        value = off / max(self.k * (self.k - 1), 1)
        return np.clip(np.full(self.m, value), *self.limits)

    def shared(self, i, j):
        return (1, 0)

    def pair_words(self, i, j):
        return "any two of these effects"


class Stationary(Correlation):
    """One correlation per distance of the columns in their order: a Toeplitz matrix.

    The angles' sines are partial autocorrelations, any numbers in [-1, 1] (Barndorff-Nielsen &
    Schou 1973, doi:10.1016/0047-259X(73)90030-4). With innovations e_n the normalised lattice

        f_m(n) = sin t_(m+1) b_m(n - 1) + cos t_(m+1) f_(m+1)(n),    f_n(n) = e_n,
        b_(m+1)(n) = cos t_(m+1) b_m(n - 1) - sin t_(m+1) f_(m+1)(n),    b_0(n) = f_0(n)

    gives x_n = f_0(n) as a combination of e_0 .. e_n: row n of the lower-triangular C (Makhoul
    1977, doi:10.1109/TASSP.1977.1162977, for lattices).
    """

    def __init__(self, k):
        self.natural = [(i, 0) for i in range(1, k)]
        super().__init__(k)

    def factor(self, t):
        k, m = self.k, self.m
        sines, cosines = np.sin(t), np.cos(t)
        C = np.zeros((1 + m, k, k))  # the values, then their derivatives by each angle
        C[0, 0, 0] = 1.0
        back: list[np.ndarray] = [C[:, 0].copy()]
        for n in range(1, k):
            forward = np.zeros((1 + m, k))
            forward[0, n] = 1.0
            moved: list[np.ndarray] = [forward] * (n + 1)
            for j in range(n - 1, -1, -1):
                before, s, c = back[j], sines[j], cosines[j]
                up, down = s * before + c * forward, c * before - s * forward
                up[1 + j] += c * before[0] - s * forward[0]
                down[1 + j] -= s * before[0] + c * forward[0]
                forward, moved[j + 1] = up, down
            C[:, n], moved[0] = forward, forward
            back = moved
        return C[0], C[1:]

    def angles(self, values):
        return np.arcsin(_inside(partial_autocorrelations(values), -1.0, 1.0))

    def nearest(self, R):
        lags = np.array([np.diagonal(R, -lag).mean() for lag in range(1, self.k)])
        partial = partial_autocorrelations(lags)
        if np.isfinite(partial).all() and np.abs(partial).max(initial=0.0) <= 1.0:
            return lags
        # tapering makes the means of lags a positive definite sequence
        return lags * (1.0 - np.arange(1, self.k) / self.k)

    def shared(self, i, j):
        return (i - j, 0)

    def pair_words(self, i, j):
        return "neighbouring effects" if i - j == 1 else f"effects {i - j} steps apart"


class FirstOrder(Correlation):
    """Correlation rho^|i - j|: an autoregression of first order over the columns in their order."""

    def __init__(self, k):
        self.natural = [(1, 0)] if k > 1 else []
        super().__init__(k)
        lag = np.subtract.outer(np.arange(k), np.arange(k)).astype(float)
        self._lag = np.maximum(lag, 0.0)
        self._below = lag >= 0
        self._started = np.arange(k) == 0

    def factor(self, t):
        if not self.m:
            return np.eye(1), np.empty((0, 1, 1))
        sin, cos = np.sin(t[0]), np.cos(t[0])
        power = np.where(self._below, sin**self._lag, 0.0)
        lower = np.where(self._lag > 0, self._lag * sin ** np.maximum(self._lag - 1.0, 0.0), 0.0)
        C = np.where(self._started, power, cos * power)
        slope = np.where(self._started, cos * lower, cos * cos * lower - sin * power)
        return C, slope[None]

    def angles(self, values):
        return np.arcsin(_inside(np.asarray(values, dtype=float), -1.0, 1.0))

    def nearest(self, R):
        return np.clip(np.full(self.m, np.diagonal(R, -1).mean() if self.m else 0.0), -1.0, 1.0)

    def shared(self, i, j):
        return (1, 0) if i - j == 1 else None

    def pair_words(self, i, j):
        return "neighbouring effects"


class Neighbours(Correlation):
    """A correlation for each pair of neighbours; others are the products of those between them.

    Ante-dependence of first order: Gabriel (1962), doi:10.1214/aoms/1177704724.
    """

    def __init__(self, k):
        self.natural = [(i, i - 1) for i in range(1, k)]
        super().__init__(k)
        row, column = np.arange(k)[:, None], np.arange(k)
        self._below = row >= column
        # [m, i, j]: whether the correlation of columns m and m + 1 is a factor of entry (i, j)
        step = np.arange(1, k)[:, None, None]
        self._between = (column < step) & (step <= row)

    def factor(self, t):
        k, m = self.k, self.m
        sines, cosines = np.sin(t), np.cos(t)
        own = np.concatenate([[1.0], cosines])  # of column j
        factors = np.where(self._between, sines[:, None, None], 1.0)
        C = np.where(self._below, factors.prod(axis=0) * own, 0.0)
        dC = np.zeros((m, k, k))
        for i in range(m):
            others = np.delete(factors, i, axis=0).prod(axis=0)
            dC[i] = np.where(self._between[i], cosines[i] * others * own, 0.0)
            dC[i, :, i + 1] = np.where(
                self._below[:, i + 1], -sines[i] * factors.prod(axis=0)[:, i + 1], 0.0
            )
        return C, dC

    def angles(self, values):
        return np.arcsin(_inside(np.asarray(values, dtype=float), -1.0, 1.0))

    def nearest(self, R):
        return np.clip(np.diagonal(R, -1), -1.0, 1.0)

    def shared(self, i, j):
        return (i, j) if i - j == 1 else None


def partial_autocorrelations(correlations):
    """Of correlations at distances 1, 2, …: the Durbin-Levinson recursion.

    Durbin (1960), doi:10.2307/1401322. Not finite, or outside [-1, 1], where no stationary series
    has these correlations.

    Examples
    --------
    >>> import numpy as np
    >>> partial_autocorrelations(np.array([0.5, 0.25]))
    array([0.5, 0. ])
    """
    correlations = np.asarray(correlations, dtype=float)
    out = np.empty(correlations.size)
    phi, left = np.empty(0), 1.0
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        for n in range(correlations.size):
            out[n] = (correlations[n] - phi @ correlations[:n][::-1]) / left
            phi = np.append(phi - out[n] * phi[::-1], out[n])
            left = left * (1.0 - out[n] ** 2)
    return out


def _inside(values, low, high):
    """Values in a range, those outside it by more than rounding nan."""
    slack = 1e-12 * (high - low)
    ok = (values >= low - slack) & (values <= high + slack)
    return np.where(ok, np.clip(values, low, high), np.nan)
