"""Counts whose zeros have a probability of their own: what extra zeros and hurdles share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mixedeffects.errors import OptionError
from mixedeffects.family.base import Family
from mixedeffects.family.rules import log_expit as log_expit_rule
from mixedeffects.family.smooth import Smooth

log_expit = Smooth(log_expit_rule)


@dataclass(frozen=True, init=False)
class WithZeros(Family):
    """A count that is zero by itself with probability expit(zi), else of family `base`.

    Parameters
    ----------
    base : Family
        A family of counts; its link, extra predictors and dispersion are this family's too.

    Raises
    ------
    OptionError
        `base` is not a family of counts.
    """

    base: Family

    prefix: ClassVar[str]
    discrete = True
    support = (0.0, np.inf)

    def __init__(self, base: Family) -> None:
        counts = isinstance(base, Family) and base.discrete and not base.has_size
        if not counts or base.ordinal:
            raise OptionError(
                f"base={base!r} of {type(self).__name__} must be a family of counts, such as "
                "Poisson() or NegativeBinomial2()"
            )
        taken = {
            "base": base,
            "link": base.link,
            "extras": (*base.extras, "zi"),
            "links": base.links,
            "dispersion_name": base.dispersion_name,
            "limits": self.limits_of(base),
            "name": f"{self.prefix}_{base.name.removeprefix('truncated_')}",
        }
        for name, value in taken.items():
            object.__setattr__(self, name, value)

    @staticmethod
    def limits_of(base):
        """Limits of this family, given those of the counts' own."""
        return base.limits

    def mean(self, *predictors):
        *inner, zi = predictors
        return self.base.mean(*inner) * np.exp(log_expit(-zi))

    def variance(self, *predictors, size=None):
        *inner, zi = predictors
        share = np.exp(log_expit(zi))
        mean = self.base.mean(*inner)
        return (1.0 - share) * (self.base.variance(*inner) + share * mean * mean)

    def sample(self, rng, predictors, response):
        *inner, zi = predictors
        none = rng.random(len(response)) < np.exp(log_expit(zi))
        return np.where(none, 0.0, self.base.sample(rng, inner, response))

    def cdf(self, response, *predictors):
        *inner, zi = predictors
        share = np.exp(log_expit(zi))
        below = self.base.cdf(response, *inner)
        return np.where(response.y < 0, 0.0, share + (1.0 - share) * below)

    def natural(self, extra, value):
        return np.exp(log_expit(value)) if extra == "zi" else self.base.natural(extra, value)
