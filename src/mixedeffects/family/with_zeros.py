"""Zeros that have a probability of their own: what extra zeros and hurdles share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from mixedeffects.errors import OptionError
from mixedeffects.family.base import Family
from mixedeffects.family.rules import log_expit as log_expit_rule
from mixedeffects.family.smooth import Smooth

log_expit = Smooth(log_expit_rule)


@dataclass(frozen=True, init=False)
class WithZeros(Family):
    """A response that is zero by itself with probability expit(zi), else of family `base`.

    Prior weights multiply the log density, whatever they do in `base`.

    Parameters
    ----------
    base : Family
        A family of counts, or of responses that are not negative; its link, extra predictors and
        dispersion are this family's too.

    Raises
    ------
    OptionError
        `base` is no such family.
    """

    base: Family

    prefix: ClassVar[str]

    def __init__(self, base: Family) -> None:
        if not isinstance(base, Family) or not self.takes(base):
            raise OptionError(self.refusal(base))
        name = base.name.removeprefix("truncated_")
        taken = {
            "base": base,
            "link": base.link,
            "extras": (*base.extras, "zi"),
            "links": base.links,
            "discrete": base.discrete,
            "support": (0.0, base.support[1]),
            "atoms": () if base.discrete else tuple(sorted({0.0, *base.atoms})),
            "dispersion_name": base.dispersion_name,
            "extra_names": base.extra_names,
            "centre": base.centre,
            "part": self.part_of(base),
            "limits": self.limits_of(base),
            "name": self.name_of(base) or f"{self.prefix}_{name}",
        }
        for name, value in taken.items():
            object.__setattr__(self, name, value)

    @staticmethod
    def takes(base) -> bool:
        """Whether zeros can be added to this family."""
        raise NotImplementedError

    @classmethod
    def refusal(cls, base) -> str:
        """What to say of a family that they cannot be added to."""
        raise NotImplementedError

    @staticmethod
    def limits_of(base):
        """Limits of this family, given those of `base`."""
        return base.limits

    @staticmethod
    def part_of(base) -> str:
        """Of which part of the responses the link is."""
        return base.part

    @staticmethod
    def name_of(base) -> str | None:
        """The family's name, if it is not the prefix and the name of `base`."""
        return None

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
        return np.where(none, 0.0, self.base.sample(rng, inner, response.unweighted()))

    def cdf(self, response, *predictors):
        *inner, zi = predictors
        share = np.exp(log_expit(zi))
        with np.errstate(divide="ignore"):
            below = self.base.cdf(response.unweighted(), *inner)
        return np.where(response.y < 0, 0.0, share + (1.0 - share) * below)

    def natural(self, extra, value) -> Any:
        return np.exp(log_expit(value)) if extra == "zi" else self.base.natural(extra, value)
