"""Counts with the variance of their mean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedeffects.family.base import Family
from mixedeffects.family.checks import check_counts
from mixedeffects.family.draws import poisson_counts
from mixedeffects.family.links import Log
from mixedeffects.family.taylor import where


@dataclass(frozen=True)
class Poisson(Family):
    """Counts: ``y ~ Poisson(mu)``, ``link(mu) = eta``.

    Examples
    --------
    >>> import numpy as np
    >>> from mixedeffects.family import Response
    >>> d = Poisson().derivatives(Response([2.0]), [np.zeros(1)], order=2)
    >>> d[0,], d[0, 0]
    (array([1.]), array([-1.]))
    """

    name = "poisson"
    links = ("log", "identity", "sqrt")
    discrete = True
    support = (0.0, np.inf)

    def check(self, response, name="y"):
        check_counts(response, name, self)

    def log_density(self, response, eta):
        y = response.y
        mu = self.link.inverse(eta)
        logs = self.link.log_inverse(eta) * y
        if not isinstance(self.link, Log):  # mean zero is possible where y is zero
            logs = where(y == 0, 0.0, logs)
        return logs - mu - log_factorial(response)

    def log_minus_log_zero(self, eta):
        """``log(-log P(Y = 0))``."""
        return self.link.log_inverse(eta)

    def derivatives(self, response, predictors, order, random=(0,)):
        if not isinstance(self.link, Log):
            return super().derivatives(response, predictors, order, random)
        eta = np.asarray(predictors[0], dtype=float)
        with np.errstate(over="ignore", under="ignore"):
            mu = np.exp(eta)
        value = response.y * eta
        value -= mu
        value -= log_factorial(response)
        parts = [value]
        if order >= 1:
            parts.append(response.y - mu)
        if order >= 2:
            minus = -mu
            parts += [minus] * (order - 1)
        return self._weighted(response, {(0,) * k: part for k, part in enumerate(parts)})

    def start(self, response):
        return self._link_of_mean(response.y + 0.1), {}

    def variance(self, eta, size=None):
        return self.link.inverse(eta)

    def sample(self, rng, predictors, response):
        return poisson_counts(rng, self.mean(predictors[0]))

    def cdf(self, response, eta):
        from scipy.special import pdtr

        y = np.floor(response.y)
        return np.where(y < 0, 0.0, pdtr(np.maximum(y, 0.0), self.mean(eta)))

    def above(self, response, eta):
        """P(Y > y) of each row, with all digits where it is small."""
        from scipy.special import pdtrc

        y = np.floor(response.y)
        return np.where(y < 0, 1.0, pdtrc(np.maximum(y, 0.0), self.mean(eta)))


def log_factorial(response):
    """``log(y!)`` of the rows, remembered."""

    def compute():
        from scipy.special import gammaln

        return gammaln(response.y + 1.0)

    return response.remember("log factorial", compute)
