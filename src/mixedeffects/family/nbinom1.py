"""Negative binomial counts with variance proportional to the mean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedeffects.family.base import Family
from mixedeffects.family.checks import check_counts
from mixedeffects.family.draws import gamma_rates, poisson_counts
from mixedeffects.family.limits import simpler
from mixedeffects.family.links import Log
from mixedeffects.family.nbinom2 import log_softplus, nbinom_above, nbinom_cdf, softplus
from mixedeffects.family.one_value import by_distinct
from mixedeffects.family.poisson import log_factorial
from mixedeffects.family.stirling import rising_derivatives, rising_excess


@dataclass(frozen=True)
class NegativeBinomial1(Family):
    """Counts with variance ``mu (1 + phi)``; the dispersion predictor is log phi.

    Examples
    --------
    >>> import numpy as np
    >>> NegativeBinomial1().variance(np.log(2.0), np.log(0.5))
    np.float64(3.0)
    """

    name = "nbinom1"
    links = ("log", "identity", "sqrt")
    extras = ("dispersion",)
    discrete = True
    support = (0.0, np.inf)
    dispersion_name = "phi"
    limits = (simpler("dispersion", -1, "Poisson counts", "poisson"),)

    def check(self, response, name="y"):
        check_counts(response, name, self)

    def log_density(self, response, eta, dispersion):
        y = response.y
        logmu = self.link.log_inverse(eta)
        t = logmu - dispersion  # log of the gamma shape
        return (
            rising_excess(y, t)
            + logmu * y
            - np.exp(t + log_softplus(dispersion))
            - softplus(dispersion) * y
            - log_factorial(response)
        )

    def log_minus_log_zero(self, eta, dispersion):
        """``log(-log P(Y = 0))``."""
        return self.link.log_inverse(eta) - dispersion + log_softplus(dispersion)

    def derivatives(self, response, predictors, order, random=(0,)):
        if tuple(random) != (0,) or not isinstance(self.link, Log):
            return super().derivatives(response, predictors, order, random)
        eta, f = (np.asarray(x, dtype=float) for x in predictors)
        with np.errstate(all="ignore"):
            out = _closed(response, eta, f, order)
        return self._weighted(response, out)

    def start(self, response):
        y = response.y
        mean, variance = float(np.mean(y)), float(np.var(y))
        phi = np.clip(variance / max(mean, 1e-12) - 1.0, 0.05, 20.0)
        return self._link_of_mean(y + 0.1), {"dispersion": float(np.log(phi))}

    def variance(self, eta, dispersion, size=None):
        return self.link.inverse(eta) * (1.0 + np.exp(dispersion))

    def sample(self, rng, predictors, response):
        eta, f = predictors
        shape = np.exp(self.link.log_inverse(eta) - f)
        return poisson_counts(rng, gamma_rates(rng, shape, self.mean(eta)))

    def cdf(self, response, eta, dispersion):
        from scipy.special import expit

        shape = np.exp(self.link.log_inverse(eta) - dispersion)
        return nbinom_cdf(response.y, shape, expit(-dispersion), self.mean(eta))

    def above(self, response, eta, dispersion):
        """P(Y > y) of each row, with all digits where it is small."""
        from scipy.special import expit

        shape = np.exp(self.link.log_inverse(eta) - dispersion)
        return nbinom_above(response.y, shape, expit(dispersion), self.mean(eta))


def _closed(response, eta, f, order):
    """Log link: value and derivatives, by the log gamma shape t = eta - f."""
    y = response.y
    t = eta - f
    r = rising_derivatives(y, t, order)
    s = by_distinct(softplus.rule, f, 1)
    rate = np.exp(t + by_distinct(log_softplus.rule, f, 0)[0])  # -log P(Y = 0)
    out: dict = {(): r[0] + y * (eta - s[0]) - rate - log_factorial(response)}
    if order >= 1:
        out[0,] = r[1] + y - rate
    if order >= 2:
        out[0, 0] = r[2] - rate
    if order >= 3:
        out[0, 0, 0] = r[3] - rate
        falling = rate - np.exp(t) * s[1]
        out[1,] = falling - r[1] - y * s[1]
        out[0, 1] = falling - r[2]
        out[0, 0, 1] = falling - r[3]
    return out
