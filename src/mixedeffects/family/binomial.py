"""Bernoulli and binomial responses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedeffects.family.base import Family
from mixedeffects.family.checks import check_successes
from mixedeffects.family.rules import tails
from mixedeffects.family.smooth import derivatives_of
from mixedeffects.family.taylor import Jet, where

# of the value and of derivatives by the one predictor
KEYS = ((), (0,), (0, 0), (0, 0, 0))
# a sum of squares of linear predictors none of which can over- or underflow
MODERATE = 1e5


@dataclass(frozen=True)
class Binomial(Family):
    """Successes among trials: ``y ~ Binomial(size, mu)``, ``link(mu) = eta``.

    Examples
    --------
    >>> import numpy as np
    >>> from mixedeffects.family import Response
    >>> d = Binomial().derivatives(Response([1.0, 2.0], size=[1, 4]), [np.zeros(2)], order=2)
    >>> d[0,], d[0, 0]
    (array([0.5, 0. ]), array([-0.25, -1.  ]))
    """

    name = "binomial"
    links = ("logit", "probit", "cloglog", "loglog", "cauchit", "log", "identity")
    discrete = True
    support = (0.0, 1.0)
    has_size = True

    def check(self, response, name="y"):
        check_successes(response, name, self)

    def log_density(self, response, eta):
        y, size = response.y, response.size
        if size is None:
            return where(y > 0, self.link.log_inverse(eta), self.link.log_complement(eta))
        failures = size - y
        return (
            _times(y, self.link.log_inverse(eta))
            + _times(failures, self.link.log_complement(eta))
            + log_choose(response)
        )

    def derivatives(self, response, predictors, order, random=(0,)):
        eta = np.asarray(predictors[0], dtype=float)
        # to hide flags takes as long as three operations, and of moderate numbers there are none
        if self.link.name == "logit" and np.vdot(eta, eta) < MODERATE:
            parts = _logistic(response, eta, order)
            return self._weighted(response, dict(zip(KEYS, parts, strict=False)))
        with np.errstate(all="ignore"):
            if self.link.name == "logit":
                parts = _logistic(response, eta, order)
            elif response.size is None and self.link.symmetric:
                parts = _reflected(self.link, response, eta, order)
            else:
                parts = _two_sided(self.link, response, eta, order)
        return self._weighted(response, dict(zip(KEYS, parts, strict=False)))

    def expected_information(self, response, predictors):
        eta = np.asarray(predictors[0], dtype=float)
        with np.errstate(all="ignore"):
            a, b = self.link.both_logs(eta, 1)
            # (dmu)²/(mu (1 - mu)) = -(d log mu)(d log(1 - mu))
            information = -a[1] * b[1]
        for factor in (response.size, response.weights):
            if factor is not None:
                information = information * factor
        return information

    def start(self, response):
        size = 1.0 if response.size is None else response.size
        mu = (response.y + 0.5) / (size + 1.0)
        return self._link_of_mean(mu), {}

    def variance(self, eta, size=None):
        return bernoulli_variance(self.link, eta) * (1.0 if size is None else size)

    def sample(self, rng, predictors, response):
        size = 1 if response.size is None else response.size.astype(np.int64)
        return rng.binomial(size, self.mean(predictors[0])).astype(float)

    def cdf(self, response, eta):
        from scipy.special import betainc

        size = np.ones(len(response)) if response.size is None else response.size
        y = np.floor(response.y)
        k = np.clip(y, 0.0, np.maximum(size - 1.0, 0.0))
        failure = np.exp(self.link.log_complement(eta))
        inside = betainc(np.maximum(size - k, 1.0), k + 1.0, failure)
        return np.where(y < 0, 0.0, np.where(y >= size, 1.0, inside))


def bernoulli_variance(link, eta):
    """``mu (1 - mu)``, with all digits where mu is next to 0 or to 1."""
    if link.name == "logit" and np.ndim(eta):
        _, smaller, _ = tails(np.asarray(eta, dtype=float))
        return smaller * (1.0 - smaller)
    return np.exp(link.log_inverse(eta) + link.log_complement(eta))


def log_choose(response):
    """Log binomial coefficients of the rows, remembered; zero for single trials."""
    known = response.constants.get("log choose")
    if known is not None:
        return known

    def compute():
        if response.size is None or not np.any(response.size > 1):
            return 0.0
        from scipy.special import gammaln

        y, n = response.y, response.size
        return gammaln(n + 1.0) - gammaln(y + 1.0) - gammaln(n - y + 1.0)

    return response.remember("log choose", compute)


def _times(count, log_probability):
    """``count * log_probability`` with 0 · -inf = 0, for arrays and jets."""
    product = log_probability * count
    value = product.value if isinstance(product, Jet) else product
    if np.all(np.isfinite(value)):
        return product
    return where(count == 0, 0.0, product)


def _logistic(response, eta, order):
    """Value and derivatives with the logit link; relative accuracy is kept in both tails."""
    y, n = response.y, response.size
    e, small, log1p = tails(eta)
    positive = ~np.signbit(eta)
    surplus = y - positive if n is None else y - n * positive
    if n is not None:
        log1p *= n
        small_n = small * n
    else:
        small_n = small
    value = surplus * eta
    value -= log1p
    constant = log_choose(response)
    if not isinstance(constant, float):
        value += constant
    parts = [value]
    if order >= 1:
        # y - n expit(eta), with the smaller tail's probability, so that nothing cancels
        parts.append(surplus + np.copysign(small_n, eta))
    if order >= 2:
        second = small - 1.0
        second *= small_n
        parts.append(second)
    if order >= 3:
        third = (1.0 - e) / (1.0 + e)
        third *= second
        parts.append(np.copysign(third, eta))
    return parts


def _reflected(link, response, eta, order):
    """Single trials and a symmetric link: a failure at eta is a success at -eta."""
    sign = response.remember("sign", lambda: np.where(response.y > 0, 1.0, -1.0))
    parts = derivatives_of(link.log_inverse, sign * eta, order)
    return [part if k % 2 == 0 else sign * part for k, part in enumerate(parts)]


def _two_sided(link, response, eta, order):
    """Any link: successes times log mu and failures times log(1 - mu)."""
    y = response.y
    if response.size is None:
        won = y > 0
        out = [np.empty_like(eta) for _ in range(order + 1)]
        for rows, function in ((won, link.log_inverse), (~won, link.log_complement)):
            for whole, part in zip(out, derivatives_of(function, eta[rows], order), strict=True):
                whole[rows] = part
        return out
    failures = response.size - y
    a, b = link.both_logs(eta, order)
    parts = [_times(y, u) + _times(failures, v) for u, v in zip(a, b, strict=True)]
    parts[0] = parts[0] + log_choose(response)
    return parts
