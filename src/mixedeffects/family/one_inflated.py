"""Shares that may be exactly one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mixedeffects.errors import ModelError
from mixedeffects.family.base import Family
from mixedeffects.family.beta import Beta
from mixedeffects.family.checks import check_finite, check_weights, refuse
from mixedeffects.family.rules import log_expit as log_expit_rule
from mixedeffects.family.smooth import Smooth
from mixedeffects.family.taylor import where

log_expit = Smooth(log_expit_rule)
ONES = 2


@dataclass(frozen=True)
class OneInflatedBeta(Family):
    """Shares that are one with probability expit(ones), else beta.

    With zeros of their own, `Hurdle`, it is the zero-one-inflated beta distribution of Ospina &
    Ferrari (2010), in steps: whether there is any, whether it is all, and how much if neither.

    References
    ----------
    Ospina & Ferrari (2010), *Inflated beta distributions*, doi:10.1007/s00362-008-0125-4.

    Examples
    --------
    >>> import numpy as np
    >>> from mixedeffects.family import Response
    >>> zero = np.zeros(1)
    >>> np.exp(OneInflatedBeta().log_density(Response([1.0]), zero, zero, zero))
    array([0.5])
    """

    name = "one_inflated_beta"
    hurdle_name = "zero_one_inflated_beta"
    links = Beta.links
    extras = ("dispersion", "ones")
    support = (0.0, 1.0)
    atoms = (1.0,)
    dispersion_name = "precision phi"
    extra_names: ClassVar = {"ones": "probability of a one"}
    part = " where it is neither 0 nor 1"

    @property
    def beta(self) -> Beta:
        """The distribution of what is not one."""
        return Beta(self.link)

    def check(self, response, name="y"):
        check_finite(response, name)
        check_weights(response, name)
        y = response.y
        refuse(
            response, (y <= 0.0) | (y > 1.0), name,
            f"the {self.name} family needs numbers above 0, up to 1",
            "divide percentages by 100; zeros belong to family='zero_one_inflated_beta'",
        )  # fmt: skip
        if not (y == 1.0).any():
            raise ModelError(
                f"{name}: there are no ones, so that nothing can be said of their probability\n"
                "use family='beta', or 'zero_inflated_beta' beside zeros"
            )
        if (y == 1.0).all():
            raise ModelError(f"{name}: there is nothing but ones, so nothing to estimate")

    def log_density(self, response, eta, dispersion, ones):
        one = response.y == 1.0
        inside = response.remember("inside", lambda: type(response)(np.where(one, 0.5, response.y)))
        other = self.beta.log_density(inside, eta, dispersion) + log_expit(-ones)
        return where(one, log_expit(ones), other)

    def derivatives(self, response, predictors, order, random=(0,)):
        if tuple(random) != (0,):
            return super().derivatives(response, predictors, order, random)
        eta, dispersion, ones = (np.asarray(x, dtype=float) for x in predictors)
        ones = np.broadcast_to(ones, eta.shape)
        one = response.y == 1.0
        inside = response.remember("inside", lambda: type(response)(np.where(one, 0.5, response.y)))
        with np.errstate(all="ignore"):
            parts = self.beta.derivatives(inside, (eta, dispersion), order)
            out = {key: np.where(one, 0.0, d) for key, d in parts.items()}
            sign = np.where(one, 1.0, -1.0)
            own = log_expit_rule(sign * ones, 1 if order >= 3 else 0)
        out[()] = out[()] + own[0]
        if order >= 3:
            out[ONES,] = sign * own[1]
        return self._weighted(response, out)

    def expected_information(self, response, predictors):
        *inner, ones = predictors
        return self.beta.expected_information(response, inner) * np.exp(log_expit(-ones))

    def example(self, rng, n):
        """Responses and predictors to try (``testing.check_family``)."""
        _, predictors = self.beta.example(rng, n)
        predictors = (*predictors, rng.uniform(-1.5, 0.5, n))
        from mixedeffects.family.response import Response

        return Response(self.sample(rng, predictors, Response(np.zeros(n)))), predictors

    def natural(self, extra, value):
        return np.exp(log_expit(value)) if extra == "ones" else super().natural(extra, value)

    def start(self, response):
        y, one = response.y, response.y == 1.0
        inside = y[~one] if not one.all() else np.full(1, 0.5)
        eta, extras = self.beta.start(type(response)(inside))
        out = np.full(len(y), np.median(eta))
        if not one.all():
            out[~one] = eta
        share = float(np.clip(np.mean(one), 0.02, 0.98))
        return out, {**extras, "ones": float(np.log(share) - np.log1p(-share))}

    def mean(self, eta, dispersion, ones):
        some = np.exp(log_expit(-ones))
        return np.exp(log_expit(ones)) + some * self.link.inverse(eta)

    def variance(self, eta, dispersion, ones, size=None):
        share = np.exp(log_expit(ones))
        complement = np.exp(self.link.log_complement(eta))
        return (1.0 - share) * (self.beta.variance(eta, dispersion) + share * complement**2)

    def relative_width(self, response, eta, dispersion, ones):
        return self.beta.relative_width(response, eta, dispersion)

    def sample(self, rng, predictors, response):
        *inner, ones = predictors
        one = rng.random(len(response)) < np.exp(log_expit(ones))
        return np.where(one, 1.0, self.beta.sample(rng, inner, response))

    def cdf(self, response, eta, dispersion, ones):
        below = self.beta.cdf(response, eta, dispersion) * np.exp(log_expit(-ones))
        return np.where(response.y >= 1.0, 1.0, below)
