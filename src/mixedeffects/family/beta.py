"""Beta responses: proportions that count nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedeffects.family.base import Family
from mixedeffects.family.binomial import bernoulli_variance
from mixedeffects.family.checks import check_unit_interval
from mixedeffects.family.draws import TINY, beta_shares
from mixedeffects.family.log_means import by_log_means
from mixedeffects.family.one_value import by_distinct
from mixedeffects.family.polygamma import trigamma
from mixedeffects.family.response import Response
from mixedeffects.family.smooth import derivatives_of
from mixedeffects.family.stirling import stirling_error


@dataclass(frozen=True)
class Beta(Family):
    """Proportions with variance ``mu (1 - mu)/(1 + phi)``; the dispersion predictor is log phi.

    Examples
    --------
    >>> import numpy as np
    >>> from mixedeffects.family import Response
    >>> Beta().log_density(Response([0.3]), np.zeros(1), np.log([2.0])).round(12)  # uniform
    array([-0.])
    """

    name = "beta"
    links = ("logit", "probit", "cloglog", "loglog", "cauchit", "log")
    extras = ("dispersion",)
    support = (0.0, 1.0)
    dispersion_name = "precision phi"
    hurdle_name = "zero_inflated_beta"

    def check(self, response, name="y"):
        check_unit_interval(response, name, self)

    def log_density(self, response, eta, dispersion):
        logy, log1my, constant = _logarithms(response)
        log_mu, log_nu = self.link.log_inverse(eta), self.link.log_complement(eta)
        log_a, log_b = log_mu + dispersion, log_nu + dispersion
        return (
            stirling_error(dispersion)
            - stirling_error(log_a)
            - stirling_error(log_b)
            + 0.5 * (log_mu + log_nu + dispersion)
            + np.exp(log_a) * (logy - log_mu)
            + np.exp(log_b) * (log1my - log_nu)
            + constant
        )

    def derivatives(self, response, predictors, order, random=(0,)):
        if tuple(random) != (0,):
            return super().derivatives(response, predictors, order, random)
        eta, f = (np.asarray(x, dtype=float) for x in predictors)
        logy, log1my, constant = _logarithms(response)
        with np.errstate(all="ignore"):
            means = self.link.both_logs(eta, order)
            parts = [
                _shape_part(x[0], f, data, order)
                for x, data in zip(means, (logy, log1my), strict=True)
            ]
            out = by_log_means(order, means, parts)
            own = by_distinct(stirling_error.rule, f, 1 if order >= 3 else 0)
            out[()] = out[()] + (own[0] + 0.5 * f + constant)
            if order >= 3:
                out[1,] = out[1,] + (own[1] + 0.5)
        return self._weighted(response, out)

    def expected_information(self, response, predictors):
        eta, dispersion = (np.asarray(x, dtype=float) for x in predictors)
        with np.errstate(all="ignore"):
            phi = np.exp(dispersion)
            mu, slope = derivatives_of(self.link.inverse, eta, 1)
            a, b = mu * phi, (1.0 - mu) * phi
            information = (phi * slope) ** 2 * (trigamma(a) + trigamma(b))
        return information if response.weights is None else information * response.weights

    def example(self, rng, n):
        """Responses and predictors to try (``testing.check_family``).

        Precise enough that no probability lies nearer to 1 than floating-point numbers do.
        """
        mu = rng.uniform(0.25, 0.75, n)
        predictors = (self.link.link(mu), rng.uniform(1.5, 3.0, n))
        return Response(self.sample(rng, predictors, Response(np.zeros(n)))), predictors

    def start(self, response):
        y = response.y
        mean, variance = float(np.mean(y)), float(np.var(y))
        phi = np.clip(mean * (1.0 - mean) / max(variance, 1e-12) - 1.0, 0.5, 1e4)
        return self._link_of_mean(0.9 * y + 0.1 * mean), {"dispersion": float(np.log(phi))}

    def variance(self, eta, dispersion, size=None):
        return bernoulli_variance(self.link, eta) / (1.0 + np.exp(dispersion))

    def relative_width(self, response, eta, dispersion):
        return np.exp(-0.5 * dispersion)

    def sample(self, rng, predictors, response):
        eta, dispersion = predictors
        log_a, log_b = self.link.log_inverse(eta), self.link.log_complement(eta)
        drawn = beta_shares(rng, log_a + dispersion, log_b + dispersion)
        return np.clip(drawn, TINY, 1.0 - np.finfo(float).epsneg)

    def cdf(self, response, eta, dispersion):
        from scipy.special import betainc

        a = np.exp(self.link.log_inverse(eta) + dispersion)
        b = np.exp(self.link.log_complement(eta) + dispersion)
        return betainc(np.maximum(a, TINY), np.maximum(b, TINY), response.y)


def _shape_part(x, f, data, order):
    """The part of one shape a = exp(x + f): ``-s(a) + x/2 + a (data - x)``, see by_log_means."""
    s = stirling_error.rule(x + f, order)
    a = np.exp(x + f)
    d = data - x
    w = [0.5 * x - s[0] + a * d]
    if order >= 1:
        w.append(a * (d - 1.0) - s[1] + 0.5)
    w += [a * (d - k) - s[k] for k in range(2, order + 1)]
    if order < 3:
        return w, []
    return w, [a * (d - k) - s[k + 1] for k in range(3)]


def _logarithms(response):
    """log y, log(1 - y) and the part of the log density without parameters."""

    def compute():
        logy, log1my = np.log(response.y), np.log1p(-response.y)
        return logy, log1my, -0.9189385332046727 - logy - log1my

    return response.remember("beta", compute)
