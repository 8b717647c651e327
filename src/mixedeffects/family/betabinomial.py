"""Successes among trials with more variance than the binomial has."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedeffects.errors import ModelError
from mixedeffects.family.base import Family
from mixedeffects.family.binomial import _times, bernoulli_variance, log_choose
from mixedeffects.family.checks import check_successes
from mixedeffects.family.draws import beta_shares
from mixedeffects.family.limits import Limit, simpler
from mixedeffects.family.log_means import by_log_means
from mixedeffects.family.response import Response
from mixedeffects.family.stirling import rising_derivatives, rising_excess, rising_of_counts


@dataclass(frozen=True)
class BetaBinomial(Family):
    """Successes among trials whose probability is Beta(mu phi, (1 - mu) phi).

    The dispersion predictor is log phi; the variance of the count is
    ``n mu (1 - mu) (n + phi)/(1 + phi)``.

    Examples
    --------
    >>> import numpy as np
    >>> from mixedeffects.family import Binomial, Response
    >>> response, eta = Response([1.0, 4.0], size=[3, 5]), np.array([0.5, 1.0])
    >>> big = BetaBinomial().log_density(response, eta, np.log(np.full(2, 1e12)))
    >>> np.allclose(big, Binomial().log_density(response, eta), rtol=1e-10)
    True
    """

    name = "betabinomial"
    links = ("logit", "probit", "cloglog", "loglog", "cauchit")
    extras = ("dispersion",)
    discrete = True
    support = (0.0, 1.0)
    has_size = True
    dispersion_name = "precision phi"
    limits = (
        simpler("dispersion", 1, "binomial counts", "binomial"),
        Limit(
            (("dispersion", -1),),
            "all trials of a row have the same outcome, so that the precision goes to zero",
            'count each row as one trial: a 0 / 1 response with family="binomial"',
        ),
    )

    def check(self, response, name="y"):
        check_successes(response, name, self)
        if response.size is None or response.size.max() <= 1:
            raise ModelError(
                f"{name}: no row has more than one trial, so that nothing can be said of the "
                'precision of the beta-binomial\nuse family="binomial", which is the same there'
            )

    def log_density(self, response, eta, dispersion):
        y = response.y
        size = np.ones(len(y)) if response.size is None else response.size
        failures = size - y
        log_mu, log_nu = self.link.log_inverse(eta), self.link.log_complement(eta)
        return (
            rising_excess(y, log_mu + dispersion)
            + rising_excess(failures, log_nu + dispersion)
            - rising_excess(size, dispersion)
            + _times(y, log_mu)
            + _times(failures, log_nu)
            + log_choose(response)
        )

    def derivatives(self, response, predictors, order, random=(0,)):
        if tuple(random) != (0,):
            return super().derivatives(response, predictors, order, random)
        eta, f = (np.asarray(x, dtype=float) for x in predictors)
        f = np.broadcast_to(f, eta.shape)
        y = response.y
        size = np.ones(len(y)) if response.size is None else response.size
        with np.errstate(all="ignore"):
            means = self.link.both_logs(eta, order)
            parts = [
                _count_part(x[0], f, count, order)
                for x, count in zip(means, (y, size - y), strict=True)
            ]
            out = by_log_means(order, means, parts)
            trials = rising_of_counts(response, "distinct sizes", size, f, 1 if order >= 3 else 0)
            out[()] = out[()] + (log_choose(response) - trials[0])
            if order >= 3:
                out[1,] = out[1,] - trials[1]
        return self._weighted(response, out)

    def start(self, response):
        y = response.y
        n = np.ones(len(y)) if response.size is None else response.size
        p = float(np.clip(np.sum(y) / np.sum(n), 1e-3, 1.0 - 1e-3))
        some = n > 1
        phi = 10.0
        if some.any():
            pearson = np.mean((y - n * p)[some] ** 2 / (n * p * (1.0 - p))[some])
            rho = (pearson - 1.0) / max(float(np.mean(n[some])) - 1.0, 1e-6)
            phi = 1.0 / np.clip(rho, 1e-3, 0.6) - 1.0
        mu = (y + 0.5) / (n + 1.0)
        return self._link_of_mean(mu), {"dispersion": float(np.log(phi))}

    def variance(self, eta, dispersion, size=None):
        n = 1.0 if size is None else size
        phi = np.exp(dispersion)
        return n * bernoulli_variance(self.link, eta) * ((n - 1.0) / (1.0 + phi) + 1.0)

    def sample(self, rng, predictors, response):
        eta, dispersion = predictors
        size = 1 if response.size is None else response.size.astype(np.int64)
        log_a, log_b = self.link.log_inverse(eta), self.link.log_complement(eta)
        p = beta_shares(rng, log_a + dispersion, log_b + dispersion)
        return rng.binomial(size, p).astype(float)

    def cdf(self, response, eta, dispersion):
        eta = np.broadcast_to(np.asarray(eta, dtype=float), response.y.shape)
        dispersion = np.broadcast_to(np.asarray(dispersion, dtype=float), response.y.shape)
        size = np.ones(len(response)) if response.size is None else response.size
        y = np.floor(response.y)
        total = np.zeros(len(y))
        for k in range(int(max(y.max(initial=-1.0), -1.0)) + 1):
            rows = np.flatnonzero(y >= k)
            at = Response(np.full(len(rows), float(k)), size[rows])
            total[rows] += np.exp(self.log_density(at, eta[rows], dispersion[rows]))
        return np.where(y >= size, 1.0, np.minimum(total, 1.0))


def _count_part(x, f, count, order):
    """The part of one outcome: ``rising_excess(count, x + f) + count x``, see by_log_means."""
    r = rising_derivatives(count, x + f, order)
    w = [r[0] + _times(count, x), *r[1:]]
    if order >= 1:
        w[1] = r[1] + count
    return w, r[1:]
