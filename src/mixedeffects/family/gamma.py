"""Gamma responses: positive, with a constant coefficient of variation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedeffects.family.base import Family
from mixedeffects.family.checks import check_positive
from mixedeffects.family.draws import POINT, TINY, gamma_rates
from mixedeffects.family.links import Log
from mixedeffects.family.one_value import by_distinct
from mixedeffects.family.stirling import stirling_error

_HALF_LOG_2PI = 0.9189385332046727


@dataclass(frozen=True)
class Gamma(Family):
    """Positive measurements with variance ``phi mu² / weights``; dispersion predictor log phi.

    The default link is the logarithm (R's ``Gamma()`` has the inverse).

    Examples
    --------
    >>> import numpy as np
    >>> from mixedeffects.family import Response
    >>> d = Gamma().derivatives(Response([2.0]), [np.zeros(1), np.zeros(1)], order=2)
    >>> d[0,], d[0, 0]
    (array([1.]), array([-2.]))
    """

    name = "gamma"
    links = ("log", "inverse", "identity")
    extras = ("dispersion",)
    support = (0.0, np.inf)
    weights_scale_dispersion = True
    dispersion_name = "dispersion phi"

    def check(self, response, name="y"):
        check_positive(response, name, self)

    def log_density(self, response, eta, dispersion):
        logy, logw = logarithms(response)
        t = logw - dispersion  # log of the shape
        d = logy - self.link.log_inverse(eta)
        return 0.5 * t - _HALF_LOG_2PI - stirling_error(t) + np.exp(t) * (d - np.expm1(d)) - logy

    def derivatives(self, response, predictors, order, random=(0,)):
        if tuple(random) != (0,) or not isinstance(self.link, Log):
            return super().derivatives(response, predictors, order, random)
        eta, dispersion = (np.asarray(x, dtype=float) for x in predictors)
        logy, logw = logarithms(response)
        with np.errstate(over="ignore", under="ignore"):
            t = logw - dispersion
            constant = by_distinct(_constant, t, 1 if order >= 3 else 0)
            k = np.exp(t)
            d = logy - eta
            surplus = np.expm1(d)
            score = k * surplus
            deviance = k * d - score  # k (1 + d - exp(d))
        out: dict = {(): constant[0] + deviance - logy}
        if order >= 1:
            out[0,] = score
        if order >= 2:
            out[0, 0] = -(score + k)
        if order >= 3:
            out[0, 0, 0] = score + k
            out[1,] = -constant[1] - deviance
            out[0, 1] = -score
            out[0, 0, 1] = score + k
        return out

    def start(self, response):
        y = response.y
        mean = float(np.mean(y))
        phi = float(np.clip(np.var(y) / mean**2, 1e-6, 1e3))
        return self._link_of_mean(0.9 * y + 0.1 * mean), {"dispersion": float(np.log(phi))}

    def variance(self, eta, dispersion, size=None):
        return np.exp(dispersion) * np.square(self.link.inverse(eta))

    def relative_width(self, response, eta, dispersion):
        return np.exp(0.5 * dispersion)

    def sample(self, rng, predictors, response):
        eta, dispersion = predictors
        k = shape_of(response, dispersion)
        return np.maximum(gamma_rates(rng, k, self.mean(eta)), TINY)

    def cdf(self, response, eta, dispersion):
        from scipy.special import gammainc, ndtr

        k = shape_of(response, dispersion)
        ratio = response.y / self.mean(eta)
        sure = k > POINT
        normal = ndtr(np.sqrt(k) * (ratio - 1.0))
        some = np.where(sure, 1.0, k)
        return np.where(sure, normal, gammainc(some, some * ratio))


def _constant(t, order):
    """The part of the log density that depends on the log shape t alone, and its derivative."""
    s = stirling_error.rule(t, order)
    return [0.5 * t - _HALF_LOG_2PI - s[0], *(0.5 - part for part in s[1:2])]


def shape_of(response, dispersion):
    """(n,) weights / phi: the shape of a gamma or inverse Gaussian distribution."""
    k = np.exp(-dispersion)
    return k if response.weights is None else k * response.weights


def logarithms(response):
    """log y, and log weights (zero without)."""
    logy = response.remember("log y", lambda: np.log(response.y))
    if response.weights is None:
        return logy, 0.0
    return logy, response.remember("log weights", lambda: np.log(response.weights))
