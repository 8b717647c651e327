"""Measurements with heavy tails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mixedeffects.family.base import Family, spread
from mixedeffects.family.checks import check_finite, check_weights
from mixedeffects.family.draws import TINY
from mixedeffects.family.limits import simpler
from mixedeffects.family.response import Response
from mixedeffects.family.smooth import derivatives_of
from mixedeffects.family.stirling import rising_excess

# degrees of freedom from which on the distribution is normal to 1e-10
NORMAL = 1e10
_LOG_2 = 0.6931471805599453
_HALF_LOG_2PI = 0.9189385332046727


@dataclass(frozen=True)
class StudentT(Family):
    """Measurements ``y = mu + sigma T`` with T of Student's t; predictors log sigma and log df.

    Examples
    --------
    >>> import numpy as np
    >>> from mixedeffects.family import Gaussian, Response
    >>> response, eta, d = Response([1.0, 5.0]), np.zeros(2), np.zeros(2)
    >>> heavy = StudentT().log_density(response, eta, d, np.log(np.full(2, 1e12)))
    >>> np.allclose(heavy, Gaussian().log_density(response, eta, d), rtol=1e-9)
    True
    """

    name = "t"
    links = ("identity", "log", "inverse", "sqrt")
    extras = ("dispersion", "df")
    dispersion_name = "scale sigma"
    extra_names: ClassVar = {"df": "degrees of freedom"}
    limits = (simpler("df", 1, "normal measurements", "gaussian"),)

    def check(self, response, name="y"):
        check_finite(response, name)
        check_weights(response, name)

    def log_density(self, response, eta, dispersion, df):
        residual = (response.y - self.link.inverse(eta)) * np.exp(-dispersion)
        half = response.remember("half", lambda: np.full(len(response), 0.5))
        tail = np.log1p(residual * residual * np.exp(-df))
        return (
            rising_excess(half, df - _LOG_2)
            - _HALF_LOG_2PI
            - dispersion
            - 0.5 * (np.exp(df) + 1.0) * tail
        )

    def expected_information(self, response, predictors):
        eta, dispersion, df = (np.asarray(x, dtype=float) for x in predictors)
        _, slope = derivatives_of(self.link.inverse, eta, 1)
        nu = np.exp(df)
        information = slope**2 * np.exp(-2.0 * dispersion) * (nu + 1.0) / (nu + 3.0)
        return information if response.weights is None else information * response.weights

    def example(self, rng, n):
        """Responses and predictors to try, with a finite variance (``testing.check_family``)."""
        predictors = (rng.uniform(0.4, 2, n), rng.uniform(-0.5, 0.5, n), rng.uniform(1.2, 2.5, n))
        response = Response(np.zeros(n))
        return Response(self.sample(rng, predictors, response)), predictors

    def start(self, response):
        y = response.y
        deviation = np.abs(y - np.median(y))
        scale = max(1.4826 * float(np.median(deviation)), 1e-3 * float(np.std(y)), 1e-8)
        eta = self._link_of_mean(0.9 * y + 0.1 * np.median(y))
        return eta, {"dispersion": float(np.log(scale)), "df": float(np.log(5.0))}

    def variance(self, eta, dispersion, df, size=None):
        nu = np.exp(df)
        with np.errstate(divide="ignore"):
            factor = np.where(nu > 2.0, nu / np.maximum(nu - 2.0, 0.0), np.inf)
        return np.exp(2.0 * dispersion) * factor

    def relative_width(self, response, eta, dispersion, df):
        return np.exp(dispersion) / self._spread(response)

    def _spread(self, response):
        """Ten median distances from the median: about the range without outliers."""

        def compute():
            return 10.0 * float(np.median(np.abs(response.y - np.median(response.y))))

        return response.remember("inner range", compute) or spread(response)

    def sample(self, rng, predictors, response):
        eta, dispersion, df = predictors
        nu = np.broadcast_to(np.exp(df), response.y.shape)
        normal = nu > NORMAL
        draws = rng.standard_t(np.where(normal, NORMAL, np.maximum(nu, TINY)))
        return self.mean(eta) + np.exp(dispersion) * draws

    def cdf(self, response, eta, dispersion, df):
        from scipy.special import ndtr, stdtr

        z, nu = (response.y - self.mean(eta)) * np.exp(-dispersion), np.exp(df)
        normal = nu > NORMAL
        return np.where(normal, ndtr(z), stdtr(np.where(normal, 1.0, nu), z))
