"""Families of distributions and their links: log densities and what follows from them."""

from typing import TYPE_CHECKING

from mixedeffects.doors import late

if TYPE_CHECKING:
    from mixedeffects.family.base import Family
    from mixedeffects.family.beta import Beta
    from mixedeffects.family.betabinomial import BetaBinomial
    from mixedeffects.family.binomial import Binomial
    from mixedeffects.family.checks import impossible_means, open_ends, require_means
    from mixedeffects.family.compois import ConwayMaxwellPoisson
    from mixedeffects.family.gamma import Gamma
    from mixedeffects.family.gaussian import Gaussian
    from mixedeffects.family.hurdle import Hurdle
    from mixedeffects.family.inverse_gaussian import InverseGaussian
    from mixedeffects.family.links import LINKS, Link, link_of
    from mixedeffects.family.lognormal import LogNormal
    from mixedeffects.family.nbinom1 import NegativeBinomial1
    from mixedeffects.family.nbinom2 import NegativeBinomial2
    from mixedeffects.family.one_inflated import OneInflatedBeta
    from mixedeffects.family.ordered_beta import OrderedBeta
    from mixedeffects.family.ordinal import Ordinal
    from mixedeffects.family.poisson import Poisson
    from mixedeffects.family.registry import FAMILIES, family_of, family_with_zeros
    from mixedeffects.family.response import Response
    from mixedeffects.family.student_t import StudentT
    from mixedeffects.family.truncated import (
        TruncatedConwayMaxwellPoisson,
        TruncatedNegativeBinomial1,
        TruncatedNegativeBinomial2,
        TruncatedPoisson,
    )
    from mixedeffects.family.tweedie import Tweedie
    from mixedeffects.family.zero_inflated import ZeroInflated

__getattr__ = late(
    __name__,
    {
        "Family": "base",
        "Beta": "beta",
        "BetaBinomial": "betabinomial",
        "Binomial": "binomial",
        **dict.fromkeys(("impossible_means", "open_ends", "require_means"), "checks"),
        "ConwayMaxwellPoisson": "compois",
        "Gamma": "gamma",
        "Gaussian": "gaussian",
        "Hurdle": "hurdle",
        "InverseGaussian": "inverse_gaussian",
        **dict.fromkeys(("LINKS", "Link", "link_of"), "links"),
        "LogNormal": "lognormal",
        "NegativeBinomial1": "nbinom1",
        "NegativeBinomial2": "nbinom2",
        "OneInflatedBeta": "one_inflated",
        "OrderedBeta": "ordered_beta",
        "Ordinal": "ordinal",
        "Poisson": "poisson",
        **dict.fromkeys(("FAMILIES", "family_of", "family_with_zeros"), "registry"),
        "Response": "response",
        "StudentT": "student_t",
        **dict.fromkeys(
            (
                "TruncatedConwayMaxwellPoisson",
                "TruncatedNegativeBinomial1",
                "TruncatedNegativeBinomial2",
                "TruncatedPoisson",
            ),
            "truncated",
        ),
        "Tweedie": "tweedie",
        "ZeroInflated": "zero_inflated",
    },
)

__all__ = [
    "FAMILIES",
    "LINKS",
    "Beta",
    "BetaBinomial",
    "Binomial",
    "ConwayMaxwellPoisson",
    "Family",
    "Gamma",
    "Gaussian",
    "Hurdle",
    "InverseGaussian",
    "Link",
    "LogNormal",
    "NegativeBinomial1",
    "NegativeBinomial2",
    "OneInflatedBeta",
    "OrderedBeta",
    "Ordinal",
    "Poisson",
    "Response",
    "StudentT",
    "TruncatedConwayMaxwellPoisson",
    "TruncatedNegativeBinomial1",
    "TruncatedNegativeBinomial2",
    "TruncatedPoisson",
    "Tweedie",
    "ZeroInflated",
    "family_of",
    "family_with_zeros",
    "impossible_means",
    "link_of",
    "open_ends",
    "require_means",
]


def __dir__():
    return sorted({*globals(), *__all__})
