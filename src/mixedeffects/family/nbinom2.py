"""Negative binomial counts with quadratic variance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedeffects.family.base import Family
from mixedeffects.family.checks import check_counts
from mixedeffects.family.draws import TINY, gamma_rates, poisson_counts
from mixedeffects.family.limits import simpler
from mixedeffects.family.links import Log
from mixedeffects.family.one_value import one_value
from mixedeffects.family.poisson import log_factorial
from mixedeffects.family.rules import log_softplus as log_softplus_rule
from mixedeffects.family.rules import softplus as softplus_rule
from mixedeffects.family.rules import tails
from mixedeffects.family.smooth import Smooth
from mixedeffects.family.stirling import rising_excess, rising_of_counts

softplus = Smooth(softplus_rule)
log_softplus = Smooth(log_softplus_rule)


@dataclass(frozen=True)
class NegativeBinomial2(Family):
    """Counts with variance ``mu + mu²/theta``; the dispersion predictor is log theta.

    Tends to the Poisson as theta grows, without loss of digits.

    Examples
    --------
    >>> import numpy as np
    >>> from mixedeffects.family import Poisson, Response
    >>> response, eta = Response([0.0, 3.0]), np.array([0.5, 1.0])
    >>> big = NegativeBinomial2().log_density(response, eta, np.log(1e12))
    >>> np.allclose(big, Poisson().log_density(response, eta), rtol=1e-11)
    True
    """

    name = "nbinom2"
    links = ("log", "identity", "sqrt")
    extras = ("dispersion",)
    discrete = True
    support = (0.0, np.inf)
    dispersion_name = "theta"
    limits = (simpler("dispersion", 1, "Poisson counts", "poisson"),)

    def check(self, response, name="y"):
        check_counts(response, name, self)

    def log_density(self, response, eta, dispersion):
        y = response.y
        logmu = self.link.log_inverse(eta)
        v = logmu - dispersion
        return (
            rising_excess(y, dispersion)
            + logmu * y
            - np.exp(dispersion + log_softplus(v))
            - softplus(v) * y
            - log_factorial(response)
        )

    def log_minus_log_zero(self, eta, dispersion):
        """``log(-log P(Y = 0))``."""
        return dispersion + log_softplus(self.link.log_inverse(eta) - dispersion)

    def derivatives(self, response, predictors, order, random=(0,)):
        if tuple(random) != (0,) or not isinstance(self.link, Log):
            return super().derivatives(response, predictors, order, random)
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            eta, tau = (np.asarray(x, dtype=float) for x in predictors)
            out = _closed(response, eta, np.broadcast_to(tau, eta.shape), order)
        return self._weighted(response, out)

    def start(self, response):
        y = response.y
        mean, variance = float(np.mean(y)), float(np.var(y))
        theta = mean**2 / max(variance - mean, 1e-3 * mean + 1e-12)
        return self._link_of_mean(y + 0.1), {"dispersion": float(np.log(np.clip(theta, 0.1, 1e3)))}

    def variance(self, eta, dispersion, size=None):
        mu = self.link.inverse(eta)
        return mu + mu * mu * np.exp(-dispersion)

    def sample(self, rng, predictors, response):
        eta, tau = predictors
        return poisson_counts(rng, gamma_rates(rng, np.exp(tau), self.mean(eta)))

    def cdf(self, response, eta, dispersion):
        from scipy.special import expit

        below = expit(dispersion - self.link.log_inverse(eta))  # theta / (theta + mu)
        return nbinom_cdf(response.y, np.exp(dispersion), below, self.mean(eta))

    def above(self, response, eta, dispersion):
        """P(Y > y) of each row, with all digits where it is small."""
        from scipy.special import expit

        failure = expit(self.link.log_inverse(eta) - dispersion)
        return nbinom_above(response.y, np.exp(dispersion), failure, self.mean(eta))


# shape from which on the incomplete beta function has fewer digits than the Poisson limit is near,
# where the variance is more than Poisson's by less than this share
NEARLY_POISSON, EXCESS = 1e10, 1e-8


def _nearly_poisson(shape, mean):
    return (shape > NEARLY_POISSON) & (mean < EXCESS * shape)


def nbinom_cdf(y, shape, success, mean):
    """P(Y <= y) of negative binomial counts, by their shape and the probability of a success."""
    from scipy.special import betainc, pdtr

    y, shape, success, mean = np.broadcast_arrays(np.floor(y), shape, success, mean)
    at = np.maximum(y, 0.0)
    near = _nearly_poisson(shape, mean)
    below = betainc(np.where(near, 1.0, np.maximum(shape, TINY)), at + 1.0, success)
    return np.where(y < 0, 0.0, np.where(near, pdtr(at, mean), below))


def nbinom_above(y, shape, failure, mean):
    """P(Y > y) of negative binomial counts, by their shape and the probability of a failure."""
    from scipy.special import betainc, pdtrc

    y, shape, failure, mean = np.broadcast_arrays(np.floor(y), shape, failure, mean)
    at = np.maximum(y, 0.0)
    near = _nearly_poisson(shape, mean)
    above = betainc(at + 1.0, np.where(near, 1.0, np.maximum(shape, TINY)), failure)
    return np.where(y < 0, 1.0, np.where(near, pdtrc(at, mean), above))


def _closed(response, eta, tau, order):
    """Log link: value and derivatives without cancellation, by v = eta - tau."""
    y = response.y
    v = eta - tau
    _, small, log1p = tails(v)
    right = v > 0.0
    softplus_v = np.maximum(v, 0.0) + log1p
    p = np.where(right, 1.0 - small, small)  # mu / (mu + theta)
    theta = np.exp(tau[:1]) if one_value(tau) else np.exp(tau)
    # log(1 + exp(v)) = exp(v) = p where exp(v) is negligible beside one, also if it underflows
    theta_softplus = theta * softplus_v
    theta_p = theta * p
    total_p = theta_p + y * p
    excess = rising_of_counts(response, "distinct", y, tau, 1 if order >= 3 else 0)
    out: dict = {(): excess[0] + y * (eta - softplus_v) - theta_softplus - log_factorial(response)}
    if order >= 1:
        out[0,] = y - total_p
    if order >= 2:
        q = np.where(right, small, 1.0 - small)
        out[0, 0] = -total_p * q
    if order >= 3:
        out[0, 0, 0] = out[0, 0] * (q - p)
        out[1,] = excess[1] - (theta_softplus - theta_p) + y * p
        out[0, 1] = p * (y * q - theta_p)
        out[0, 0, 1] = p * q * (y * (q - p) - 2.0 * theta_p)
    return out
