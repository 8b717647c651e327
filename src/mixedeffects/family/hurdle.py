"""Responses in two steps: whether there is any, and how much if so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedeffects.errors import ModelError
from mixedeffects.family.checks import (
    check_counts,
    check_finite,
    check_weights,
    check_zeros,
    refuse,
)
from mixedeffects.family.limits import renamed
from mixedeffects.family.rules import log_expit as log_expit_rule
from mixedeffects.family.taylor import space, where
from mixedeffects.family.with_zeros import WithZeros, log_expit


@dataclass(frozen=True, init=False)
class Hurdle(WithZeros):
    """A response that is zero with probability expit(zi), else of `base`, which is never zero.

    Of a family that has no zeros of its own, zero inflation is the same thing.

    Parameters
    ----------
    base : Family
        A family of counts that are not zero, such as ``TruncatedPoisson()``, or of positive
        measurements or shares: ``Gamma()``, ``LogNormal()``, ``Beta()``.

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
    def takes(base):
        return base.support[0] >= 0.0 and not (base.can_be_zero or base.has_size or base.ordinal)

    @classmethod
    def refusal(cls, base):
        return (
            f"base={base!r} of {cls.__name__} must be a family of counts or measurements above "
            "zero, such as TruncatedPoisson() or Gamma()"
        )

    @staticmethod
    def limits_of(base):
        return renamed(base.limits, "truncated", "hurdle")

    @staticmethod
    def part_of(base):
        return base.part if base.discrete or base.part else " where it is not zero"

    @staticmethod
    def name_of(base):
        return base.hurdle_name

    def check(self, response, name="y"):
        if self.discrete:
            check_counts(response, name, self)
        else:
            check_finite(response, name)
            check_weights(response, name)
            refuse(
                response, response.y < 0.0, name,
                f"the {self.name} family needs numbers that are not negative",
            )  # fmt: skip
            if not response.y.any():
                raise ModelError(
                    f"{name}: all responses are zero, so there is nothing to estimate beside "
                    "their probability"
                )
            some = type(response)(self._filled(response.y), row_of=response.row_of)
            self.base.check(some, name)
        check_zeros(response, name, self)

    def _filled(self, y):
        """Responses with something that is possible in place of zeros."""
        return np.where(y == 0.0, 1.0 if self.support[1] > 1.0 else 0.5, y)

    def log_density(self, response, *predictors):
        *inner, zi = predictors
        y = response.y
        some = type(response)(self._filled(y))
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
        some = self.base.expected_information(response.unweighted(), inner)
        some = some * np.exp(log_expit(-zi))
        return some if response.weights is None else some * response.weights

    def start(self, response):
        y = response.y
        positive = y[y > 0]
        positive = positive if len(positive) else self._filled(np.zeros(1))
        eta, extras = self.base.start(type(response)(positive))
        typical = np.full(len(y), np.median(eta))
        typical[y > 0] = eta
        share = float(np.clip(np.mean(y == 0), 0.02, 0.98))
        return typical, {**extras, "zi": float(np.log(share) - np.log1p(-share))}

    def relative_width(self, response, *predictors):
        rows, counted = response.remember("counted", lambda: _counted(response))
        if not len(rows):
            return None
        n = len(response)
        inner = [np.broadcast_to(x, (n,))[rows] for x in predictors[:-1]]
        widths = self.base.relative_width(counted, *inner)
        if widths is None:
            return None
        out = np.full(n, np.max(widths))
        out[rows] = widths
        return out


def _counted(response):
    """The rows that are not zero and their response, without weights."""
    rows = np.flatnonzero(response.y > 0)
    return rows, type(response)(response.y[rows])
