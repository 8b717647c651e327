"""Inverse Gaussian responses: positive and very skew."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedeffects.family.base import Family
from mixedeffects.family.checks import check_positive
from mixedeffects.family.draws import TINY
from mixedeffects.family.gamma import logarithms, shape_of
from mixedeffects.family.limits import Limit


@dataclass(frozen=True)
class InverseGaussian(Family):
    """Positive measurements with variance ``phi mu³ / weights``; dispersion predictor log phi.

    The default link is the logarithm (R's ``inverse.gaussian()`` has ``1/mu^2``).

    Examples
    --------
    >>> import numpy as np
    >>> from mixedeffects.family import Response
    >>> d = InverseGaussian().derivatives(Response([2.0]), [np.zeros(1), np.zeros(1)], order=2)
    >>> d[0,], d[0, 0]
    (array([1.]), array([-3.]))
    """

    name = "inverse_gaussian"
    links = ("log", "1/mu^2", "inverse", "identity")
    extras = ("dispersion",)
    support = (0.0, np.inf)
    weights_scale_dispersion = True
    dispersion_name = "dispersion phi"
    limits = (
        Limit(
            (("conditional", 1),),
            "the tail is as heavy as that of the Levy distribution, whose mean is infinite",
            'use family="gamma", or lmm() of the logarithm of the response',
        ),
    )

    def check(self, response, name="y"):
        check_positive(response, name, self)

    def log_density(self, response, eta, dispersion):
        logy, logw = logarithms(response)
        t = logw - dispersion
        ratio = np.expm1(logy - self.link.log_inverse(eta))  # y / mu - 1
        distance = (ratio * ratio) * (0.5 / response.y)
        return 0.5 * t - np.exp(t) * distance - (0.9189385332046727 + 1.5 * logy)

    def start(self, response):
        y = response.y
        mean = float(np.mean(y))
        phi = float(np.clip(np.var(y) / mean**3, 1e-8, 1e8))
        return self._link_of_mean(0.9 * y + 0.1 * mean), {"dispersion": float(np.log(phi))}

    def variance(self, eta, dispersion, size=None):
        return np.exp(dispersion) * self.link.inverse(eta) ** 3

    def relative_width(self, response, eta, dispersion):
        return np.exp(0.5 * dispersion) * np.sqrt(self.link.inverse(eta))

    def sample(self, rng, predictors, response):
        eta, dispersion = predictors
        shape = shape_of(response, dispersion)
        mean, shape = np.broadcast_arrays(self.mean(eta), np.maximum(shape, TINY))
        levy = shape / np.maximum(rng.standard_normal(len(response)) ** 2, TINY)  # of infinite mean
        finite = np.clip(mean, TINY, np.finfo(float).max)
        drawn = rng.wald(finite, np.minimum(shape, np.finfo(float).max))
        return np.maximum(np.where(np.isinf(mean), levy, drawn), TINY)

    def cdf(self, response, eta, dispersion):
        from scipy.special import erfcx, ndtr

        y, mu = response.y, self.mean(eta)
        shape = shape_of(response, dispersion)
        root = np.sqrt(shape / y)
        r = root * (y / mu - 1.0)
        # exp(2 shape / mu) Phi(-x) without the cancellation of their exponents
        x = root * (y / mu + 1.0)
        return ndtr(r) + 0.5 * np.exp(-0.5 * r * r) * erfcx(x / np.sqrt(2.0))
