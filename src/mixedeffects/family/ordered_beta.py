"""Shares that may be exactly zero or one, by one linear predictor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mixedeffects.errors import ModelError
from mixedeffects.family.base import Family
from mixedeffects.family.beta import Beta
from mixedeffects.family.checks import check_finite, check_weights, refuse
from mixedeffects.family.response import Response
from mixedeffects.family.rules import log_cloglog as log_cloglog_rule
from mixedeffects.family.rules import log_expit as log_expit_rule
from mixedeffects.family.smooth import Smooth
from mixedeffects.family.taylor import where

log_expit = Smooth(log_expit_rule)
log_cloglog = Smooth(log_cloglog_rule)
CUT, GAP = 2, 3


@dataclass(frozen=True)
class OrderedBeta(Family):
    """Shares that are 0 below a cutpoint, 1 above another, and beta between.

    ``P(y = 0) = expit(cut - eta)``, ``P(y = 1) = expit(eta - cut - exp(gap))``, else the beta
    distribution with mean ``expit(eta)`` and precision phi. The predictors after eta are log phi,
    the cutpoint of zero, and the logarithm of the distance from there to the cutpoint of one.

    References
    ----------
    Kubinec (2022), *Ordered beta regression*, doi:10.1017/pan.2022.20.

    Examples
    --------
    >>> import numpy as np
    >>> from mixedeffects.family import Response
    >>> zero = np.zeros(1)
    >>> np.exp(OrderedBeta().log_density(Response([0.0]), zero, zero, zero, zero))
    array([0.5])
    """

    name = "ordered_beta"
    links = ("logit",)
    extras = ("dispersion", "cut", "gap")
    support = (0.0, 1.0)
    atoms = (0.0, 1.0)
    dispersion_name = "precision phi"
    extra_names: ClassVar = {
        "cut": "cutpoint of 0 (logit scale)",
        "gap": "distance from there to the cutpoint of 1",
    }
    part = " where it is neither 0 nor 1"

    @property
    def beta(self) -> Beta:
        """The distribution of what lies between."""
        return Beta(self.link)

    def check(self, response, name="y"):
        check_finite(response, name)
        check_weights(response, name)
        y = response.y
        refuse(
            response, (y < 0.0) | (y > 1.0), name,
            f"the {self.name} family needs numbers from 0 to 1", "divide percentages by 100",
        )  # fmt: skip
        for end, word, other in (
            (0.0, "zeros", "'beta' (or 'one_inflated_beta' beside ones)"),
            (1.0, "ones", "'beta' (or 'zero_inflated_beta' beside zeros)"),
        ):
            if not (y == end).any():
                raise ModelError(
                    f"{name}: there are no {word}, so that nothing can be said of their "
                    f"cutpoint\nuse family={other}"
                )
        if not ((y > 0.0) & (y < 1.0)).any():
            raise ModelError(
                f"{name}: there is nothing between 0 and 1, so that nothing can be said of the "
                "precision\nuse family='binomial'"
            )

    def log_density(self, response, eta, dispersion, cut, gap):
        y = response.y
        none, full = log_expit(cut - eta), log_expit(eta - cut - np.exp(gap))
        # expit(a) - expit(b) = expit(a) expit(-b) (1 - exp(b - a))
        between = log_expit(cut + np.exp(gap) - eta) + log_expit(eta - cut) + log_cloglog(gap)
        inner = between + self.beta.log_density(_inside(response), eta, dispersion)
        return where(y == 0.0, none, where(y == 1.0, full, inner))

    def derivatives(self, response, predictors, order, random=(0,)):
        if tuple(random) != (0,):
            return super().derivatives(response, predictors, order, random)
        eta, dispersion, cut, gap = (np.asarray(x, dtype=float) for x in predictors)
        y = response.y
        none, full = y == 0.0, y == 1.0
        ends = none | full
        with np.errstate(all="ignore"):
            parts = self.beta.derivatives(_inside(response), (eta, dispersion), order)
            out = {key: np.where(ends, 0.0, d) for key, d in parts.items()}
            upper = cut + np.exp(gap)
            # by x = eta - cut, in rows above zero rising with it, and by x = eta - upper
            low = log_expit_rule(np.where(none, cut - eta, eta - cut), order)
            high = log_expit_rule(np.where(full, eta - upper, upper - eta), order)
            by_low = [np.where(full, 0.0, np.where(none, (-1.0) ** k, 1.0) * d)
                      for k, d in enumerate(low)]  # fmt: skip
            by_high = [np.where(none, 0.0, np.where(full, 1.0, (-1.0) ** k) * d)
                       for k, d in enumerate(high)]  # fmt: skip
            for k in range(order + 1):
                out[(0,) * k] = out[(0,) * k] + by_low[k] + by_high[k]
            width = log_cloglog_rule(np.broadcast_to(gap, eta.shape), 1)
            out[()] = out[()] + np.where(ends, 0.0, width[0])
            if order >= 3:
                e = np.exp(gap)
                for k, key in enumerate(((), (0,), (0, 0))):
                    out[*key, CUT] = -by_low[k + 1] - by_high[k + 1]
                    out[*key, GAP] = -by_high[k + 1] * e
                out[GAP,] = out[GAP,] + np.where(ends, 0.0, width[1])
        return self._weighted(response, out)

    def expected_information(self, response, predictors):
        eta, dispersion, cut, gap = (np.asarray(x, dtype=float) for x in predictors)
        zero, one, between, slopes = _shares(eta, cut, gap)
        with np.errstate(all="ignore"):
            inner = self.beta.expected_information(response.unweighted(), (eta, dispersion))
            # Fisher's information of an ordered category: sum of P′²/P
            change = sum(np.where(p > 0.0, s * s / p, 0.0)
                         for p, s in zip((zero, one, between), slopes, strict=True))  # fmt: skip
        information = between * inner + change
        return information if response.weights is None else information * response.weights

    def example(self, rng, n):
        """Responses and predictors to try (``testing.check_family``)."""
        _, predictors = self.beta.example(rng, n)
        predictors = (*predictors, rng.uniform(-2.5, -0.5, n), rng.uniform(0.5, 1.2, n))
        return Response(self.sample(rng, predictors, Response(np.zeros(n)))), predictors

    def natural(self, extra, value):
        return value if extra == "cut" else super().natural(extra, value)

    def start(self, response):
        y = response.y
        inside = (y > 0.0) & (y < 1.0)
        some = y[inside] if inside.any() else np.full(1, 0.5)
        eta, extras = self.beta.start(Response(some))
        middle = float(np.median(eta))
        out = np.full(len(y), middle)
        if inside.any():
            out[inside] = eta
        zero, one = (float(np.clip(np.mean(y == end), 0.01, 0.9)) for end in (0.0, 1.0))
        cut, upper = middle + np.log(zero / (1.0 - zero)), middle - np.log(one / (1.0 - one))
        return out, {**extras, "cut": cut, "gap": float(np.log(max(upper - cut, 0.1)))}

    def mean(self, eta, dispersion, cut, gap):
        between = np.exp(
            log_expit(cut + np.exp(gap) - eta) + log_expit(eta - cut) + log_cloglog(gap)
        )
        return np.exp(log_expit(eta - cut - np.exp(gap))) + between * self.link.inverse(eta)

    def variance(self, eta, dispersion, cut, gap, size=None):
        _, one, between, _ = _shares(eta, cut, gap)
        mu = self.link.inverse(eta)
        mean = one + between * mu
        inner = self.beta.variance(eta, dispersion)
        return (
            one * (1.0 - mean) ** 2
            + between * (inner + (mu - mean) ** 2)
            + ((1.0 - one - between) * mean**2)
        )

    def relative_width(self, response, eta, dispersion, cut, gap):
        return self.beta.relative_width(response, eta, dispersion)

    def sample(self, rng, predictors, response):
        eta, dispersion, cut, gap = predictors
        zero, one, *_ = _shares(eta, cut, gap)
        u = rng.random(len(response))
        drawn = self.beta.sample(rng, (eta, dispersion), response.unweighted())
        return np.where(u < zero, 0.0, np.where(u >= 1.0 - one, 1.0, drawn))

    def cdf(self, response, eta, dispersion, cut, gap):
        zero, _, between, _ = _shares(eta, cut, gap)
        y = response.y
        below = zero + between * self.beta.cdf(_inside(response), eta, dispersion)
        return np.where(y < 0.0, 0.0, np.where(y >= 1.0, 1.0, np.where(y == 0.0, zero, below)))


def _inside(response):
    """The responses with a half in place of zeros and ones, without weights."""

    def compute():
        y = response.y
        return Response(np.where((y > 0.0) & (y < 1.0), y, 0.5))

    return response.remember("inside", compute)


def _shares(eta, cut, gap):
    """Probabilities of zero, of one and of what is between, and their slopes by eta."""
    a, b = eta - cut, eta - cut - np.exp(gap)
    zero, one = np.exp(log_expit(-a)), np.exp(log_expit(b))
    between = np.exp(log_expit(-b) + log_expit(a) + log_cloglog(gap))
    fall, rise = -zero * np.exp(log_expit(a)), one * np.exp(log_expit(-b))
    return zero, one, between, (fall, rise, -fall - rise)
