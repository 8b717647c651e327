"""Counts in two steps: whether there is any, and how many if so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedeffects.family.checks import check_counts, check_zeros
from mixedeffects.family.limits import renamed
from mixedeffects.family.rules import log_expit as log_expit_rule
from mixedeffects.family.taylor import space, where
from mixedeffects.family.with_zeros import WithZeros, log_expit


@dataclass(frozen=True, init=False)
class Hurdle(WithZeros):
    """A count that is zero with probability expit(zi), else of the truncated family `base`.

    Parameters
    ----------
    base : Family
        A family of counts that are not zero, such as ``TruncatedPoisson()``.

    Examples
    --------
    >>> import numpy as np
    >>> from mixedeffects.family import Response, TruncatedPoisson
    >>> family = Hurdle(TruncatedPoisson())
    >>> np.exp(family.log_density(Response([0.0]), np.zeros(1), np.zeros(1)))
    array([0.5])
    """

    prefix, zeros = "hurdle", "all"

    @staticmethod
    def limits_of(base):
        return renamed(base.limits, "truncated", "hurdle")

    def check(self, response, name="y"):
        check_counts(response, name, self)
        check_zeros(response, name)

    def log_density(self, response, *predictors):
        *inner, zi = predictors
        y = response.y
        some = type(response)(np.maximum(y, 1.0))
        counted = self.base.log_density(some, *inner) + log_expit(-zi)
        return where(y == 0, log_expit(zi), counted)

    def derivatives(self, response, predictors, order, random=(0,)):
        *inner, zi = (np.asarray(x, dtype=float) for x in predictors)
        z, n = len(inner), len(zi)
        rows, counted = response.remember("counted", lambda: _counted(response))
        of = space(z + 1, order, tuple(random))
        base_random = tuple(v for v in random if v != z) or (0,)
        out: dict = {}
        with np.errstate(all="ignore"):
            parts = self.base.derivatives(counted, [x[rows] for x in inner], order, base_random)
            for key, d in parts.items():
                if key in of.position:
                    out[key] = np.zeros(n)
                    out[key][rows] = d
            sign = response.remember("none", lambda: np.where(response.y == 0, 1.0, -1.0))
            hurdle = log_expit_rule(sign * zi, order)
            for k in range(order + 1):
                if (key := (z,) * k) in of.position:
                    term = hurdle[k] if k % 2 == 0 else sign * hurdle[k]
                    out[key] = out[key] + term if key in out else term
        return self._weighted(response, out)

    def expected_information(self, response, predictors):
        *inner, zi = (np.asarray(x, dtype=float) for x in predictors)
        some = self.base.expected_information(response, inner)
        return some * np.exp(log_expit(-zi))

    def start(self, response):
        y = response.y
        positive = y[y > 0]
        eta, extras = self.base.start(type(response)(positive if len(positive) else np.ones(1)))
        typical = np.full(len(y), np.median(eta))
        typical[y > 0] = eta
        share = float(np.clip(np.mean(y == 0), 0.02, 0.98))
        return typical, {**extras, "zi": float(np.log(share) - np.log1p(-share))}


def _counted(response):
    """The rows that are not zero and their response, without weights."""
    rows = np.flatnonzero(response.y > 0)
    return rows, type(response)(response.y[rows])
