"""Positive measurements whose logarithm is normal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedeffects.family.base import Family
from mixedeffects.family.checks import check_positive

_HALF_LOG_2PI = 0.9189385332046727


@dataclass(frozen=True)
class LogNormal(Family):
    """Positive measurements with ``log y ~ N(eta, sigma²)``; the dispersion predictor is log sigma.

    The link is of the *median*, ``exp(eta)``; the mean is ``exp(eta + sigma²/2)``. Ratios of
    medians are ratios of means where sigma is the same.

    Examples
    --------
    >>> import numpy as np
    >>> LogNormal().mean(np.log(2.0), np.log(1.0)) / 2.0  # exp(1/2)
    np.float64(1.6487212707001282)
    """

    name = "lognormal"
    links = ("log",)
    extras = ("dispersion",)
    support = (0.0, np.inf)
    dispersion_name = "standard deviation of the logarithm"
    centre = "median"

    def check(self, response, name="y"):
        check_positive(response, name, self)

    def log_density(self, response, eta, dispersion):
        logy = _logarithms(response)
        z = (logy - self.link.log_inverse(eta)) * np.exp(-dispersion)
        return -0.5 * z * z - dispersion - _HALF_LOG_2PI - logy

    def derivatives(self, response, predictors, order, random=(0,)):
        if tuple(random) != (0,):
            return super().derivatives(response, predictors, order, random)
        eta, d = (np.asarray(x, dtype=float) for x in predictors)
        logy = _logarithms(response)
        with np.errstate(over="ignore", under="ignore"):
            precision = np.exp(-2.0 * d)
        residual = logy - eta
        score = residual * precision
        square = score * residual
        out: dict = {(): -0.5 * square - d - _HALF_LOG_2PI - logy}
        if order >= 1:
            out[0,] = score
        if order >= 2:
            out[0, 0] = -np.broadcast_to(precision, score.shape)
        if order >= 3:
            out[1,] = square - 1.0
            out[0, 1] = -2.0 * score
            out[0, 0, 1] = 2.0 * np.broadcast_to(precision, score.shape)
        return self._weighted(response, out)

    def expected_information(self, response, predictors):
        eta, d = (np.asarray(x, dtype=float) for x in predictors)
        with np.errstate(over="ignore", under="ignore"):
            information = np.broadcast_to(np.exp(-2.0 * d), eta.shape)
        return information if response.weights is None else information * response.weights

    def start(self, response):
        logy = np.log(response.y)
        spread = max(float(np.std(logy)), 1e-8)
        return 0.9 * logy + 0.1 * np.mean(logy), {"dispersion": float(np.log(spread))}

    def mean(self, eta, dispersion):
        return np.exp(self.link.log_inverse(eta) + 0.5 * np.exp(2.0 * dispersion))

    def variance(self, eta, dispersion, size=None):
        square = np.exp(2.0 * dispersion)
        return np.expm1(square) * np.exp(2.0 * self.link.log_inverse(eta) + square)

    def relative_width(self, response, eta, dispersion):
        return np.exp(dispersion)

    def sample(self, rng, predictors, response):
        eta, d = predictors
        drawn = self.link.log_inverse(eta) + np.exp(d) * rng.standard_normal(len(response))
        return np.maximum(np.exp(drawn), np.finfo(float).tiny)

    def cdf(self, response, eta, dispersion):
        from scipy.special import ndtr

        with np.errstate(divide="ignore"):
            logy = np.log(response.y)
        return ndtr((logy - self.link.log_inverse(eta)) * np.exp(-dispersion))


def _logarithms(response):
    return response.remember("log y", lambda: np.log(response.y))
