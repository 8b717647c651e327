"""Gaussian responses with any link."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedeffects.family.base import Family, spread
from mixedeffects.family.checks import check_finite, check_weights
from mixedeffects.family.links import Identity

_HALF_LOG_2PI = 0.9189385332046727


@dataclass(frozen=True)
class Gaussian(Family):
    """Measurements: ``y ~ N(mu, sigma² / weights)``; the dispersion predictor is log sigma.

    Examples
    --------
    >>> import numpy as np
    >>> from mixedeffects.family import Response
    >>> d = Gaussian().derivatives(Response([1.0]), [np.zeros(1), np.zeros(1)], order=2)
    >>> d[0,], d[0, 0]
    (array([1.]), array([-1.]))
    """

    name = "gaussian"
    links = ("identity", "log", "inverse", "sqrt")
    extras = ("dispersion",)
    weights_scale_dispersion = True
    dispersion_name = "sigma"

    def check(self, response, name="y"):
        check_finite(response, name)
        check_weights(response, name, positive=True)

    def log_density(self, response, eta, dispersion):
        residual = response.y - self.link.inverse(eta)
        w, constant = _weight(response)
        return constant - dispersion - (0.5 * w) * (residual * residual) * np.exp(-2.0 * dispersion)

    def derivatives(self, response, predictors, order, random=(0,)):
        if tuple(random) != (0,) or not isinstance(self.link, Identity):
            return super().derivatives(response, predictors, order, random)
        eta, d = (np.asarray(x, dtype=float) for x in predictors)
        w, constant = _weight(response)
        with np.errstate(over="ignore", under="ignore"):
            precision = np.exp(-2.0 * d) * w
        residual = response.y - eta
        score = residual * precision
        square = score * residual
        out: dict = {(): constant - d - 0.5 * square}
        if order >= 1:
            out[0,] = score
        if order >= 2:
            out[0, 0] = -precision
        if order >= 3:
            out[1,] = square - 1.0
            out[0, 1] = -2.0 * score
            out[0, 0, 1] = 2.0 * precision
        return out

    def start(self, response):
        spread = max(float(np.std(response.y)), 1e-8)
        return self._link_of_mean(_inside(response.y)), {"dispersion": float(np.log(spread))}

    def variance(self, eta, dispersion, size=None):
        return np.exp(2.0 * dispersion)

    def relative_width(self, response, eta, dispersion):
        return np.exp(dispersion) / spread(response)

    def sample(self, rng, predictors, response):
        eta, d = predictors
        scale = np.exp(d)
        if response.weights is not None:
            scale = scale / np.sqrt(response.weights)
        return self.mean(eta) + scale * rng.standard_normal(len(response))

    def cdf(self, response, eta, dispersion):
        from scipy.special import ndtr

        z = (response.y - self.mean(eta)) * np.exp(-dispersion)
        return ndtr(z if response.weights is None else z * np.sqrt(response.weights))


def _weight(response):
    """The weights (or one) and the constant part of the log density."""
    w = response.weights
    if w is None:
        return 1.0, -_HALF_LOG_2PI
    return w, response.remember("half log weights", lambda: 0.5 * np.log(w) - _HALF_LOG_2PI)


def _inside(y):
    return 0.9 * y + 0.1 * np.mean(y)
