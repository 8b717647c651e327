"""Families by name."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches

from mixedeffects.errors import OptionError
from mixedeffects.family.base import Family
from mixedeffects.family.beta import Beta
from mixedeffects.family.betabinomial import BetaBinomial
from mixedeffects.family.binomial import Binomial
from mixedeffects.family.compois import ConwayMaxwellPoisson
from mixedeffects.family.gamma import Gamma
from mixedeffects.family.gaussian import Gaussian
from mixedeffects.family.hurdle import Hurdle
from mixedeffects.family.inverse_gaussian import InverseGaussian
from mixedeffects.family.lognormal import LogNormal
from mixedeffects.family.nbinom1 import NegativeBinomial1
from mixedeffects.family.nbinom2 import NegativeBinomial2
from mixedeffects.family.one_inflated import OneInflatedBeta
from mixedeffects.family.ordered_beta import OrderedBeta
from mixedeffects.family.ordinal import Ordinal
from mixedeffects.family.poisson import Poisson
from mixedeffects.family.student_t import StudentT
from mixedeffects.family.truncated import (
    TruncatedConwayMaxwellPoisson,
    TruncatedNegativeBinomial1,
    TruncatedNegativeBinomial2,
    TruncatedPoisson,
)
from mixedeffects.family.tweedie import Tweedie
from mixedeffects.family.with_zeros import WithZeros
from mixedeffects.family.zero_inflated import ZeroInflated

_TRUNCATED = (
    TruncatedPoisson, TruncatedNegativeBinomial1, TruncatedNegativeBinomial2,
    TruncatedConwayMaxwellPoisson,
)  # fmt: skip
_COUNTS = (Poisson, NegativeBinomial1, NegativeBinomial2, ConwayMaxwellPoisson)
_POSITIVE = (Gamma, LogNormal, Beta, OneInflatedBeta)


def _wrapped(wrapper, base) -> Callable[..., Family]:
    return lambda link=None: wrapper(base(link))


FAMILIES: dict[str, Callable[..., Family]] = {
    **{
        family.name: family
        for family in (
            Binomial,
            BetaBinomial,
            *_COUNTS,
            Gamma,
            InverseGaussian,
            LogNormal,
            Tweedie,
            Beta,
            OneInflatedBeta,
            OrderedBeta,
            Gaussian,
            StudentT,
            Ordinal,
            *_TRUNCATED,
        )
    },
    **{f"hurdle_{b.name.removeprefix('truncated_')}": _wrapped(Hurdle, b) for b in _TRUNCATED},
    **{b.hurdle_name or f"hurdle_{b.name}": _wrapped(Hurdle, b) for b in _POSITIVE},
    **{f"zero_inflated_{b.name}": _wrapped(ZeroInflated, b) for b in (*_COUNTS, Tweedie)},
}
"""Name to what makes the family of a link, ``FAMILIES[name](link=None)``."""

ALIASES = {
    "bernoulli": "binomial",
    "negative_binomial": "nbinom2",
    "negbinomial": "nbinom2",
    "beta_binomial": "betabinomial",
    "com_poisson": "compois",
    "conway_maxwell_poisson": "compois",
    "cumulative": "ordinal",
    "normal": "gaussian",
    "student_t": "t",
    "student": "t",
    "t_family": "t",
    "log_normal": "lognormal",
    "beta_family": "beta",
    "ordbeta": "ordered_beta",
    # a positive distribution has no zeros of its own, so that all zeros are extra ones
    "zigamma": "hurdle_gamma",
    "zero_inflated_gamma": "hurdle_gamma",
    "zero_inflated_lognormal": "hurdle_lognormal",
    "hurdle_beta": "zero_inflated_beta",
    "hurdle_negbinomial": "hurdle_nbinom2",
    "zero_inflated_negbinomial": "zero_inflated_nbinom2",
    "zoib": "zero_one_inflated_beta",
}
"""Other names, of R's packages among them."""


def family_of(family, link=None) -> Family:
    """A family from its name, class or instance.

    Parameters
    ----------
    family : str, Family or subclass of Family
        The name of a family, a family, or its class.
    link : str or Link, optional
        The family's default unless given.

    Raises
    ------
    OptionError
        If there is no family of that name, it does not have this link, or a link is given for
        an instance that has another one.

    Examples
    --------
    >>> family_of("binomial", "probit")
    Binomial(link=Probit())
    >>> family_of("hurdle_poisson").name
    'hurdle_poisson'
    """
    if isinstance(family, Family):
        if link is not None and family.link not in (link, _named(link)):
            raise OptionError(
                f"link={link!r} is given for the family {family}, which has its own; give one"
            )
        return family
    if isinstance(family, type) and issubclass(family, Family):
        if issubclass(family, WithZeros):
            raise OptionError(
                f"{family.__name__} needs a family of counts or positive responses, e.g. "
                f"{family.__name__}({'TruncatedPoisson' if family is Hurdle else 'Poisson'}())"
            )
        return family(link)
    if isinstance(family, str):
        name = family.lower().replace("-", "_").replace(".", "_").replace(" ", "_")
        name = ALIASES.get(name, name)
        if name in FAMILIES:
            return FAMILIES[name](link)
        near = get_close_matches(name, [*FAMILIES, *ALIASES], n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise OptionError(f"family={family!r} is not known; {hint}there are {', '.join(FAMILIES)}")
    raise OptionError(f"family={family!r} is neither a name nor a Family")


def family_with_zeros(family: Family) -> Family:
    """A family with a probability of zeros of their own, the linear predictor "zi".

    Zeros are extra ones where the family has some of its own (`ZeroInflated`), else all that there
    are (`Hurdle`).

    Raises
    ------
    OptionError
        If it is a family that zeros cannot be added to.

    Examples
    --------
    >>> from mixedeffects.family import Gamma, Poisson
    >>> family_with_zeros(Poisson()).name, family_with_zeros(Gamma()).name
    ('zero_inflated_poisson', 'hurdle_gamma')
    """
    if "zi" in family.extras:
        return family
    if family.can_be_zero or not Hurdle.takes(family):
        return ZeroInflated(family)
    return Hurdle(family)


def _named(link):
    from mixedeffects.family.links import LINKS

    return LINKS.get(link) if isinstance(link, str) else link
