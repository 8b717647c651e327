"""Families by name."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from importlib import import_module

from mixedeffects.errors import OptionError
from mixedeffects.family.base import Family

# name to the module and the class, which is imported when the name is asked for
_HOMES = {
    "binomial": ("binomial", "Binomial"),
    "betabinomial": ("betabinomial", "BetaBinomial"),
    "poisson": ("poisson", "Poisson"),
    "nbinom1": ("nbinom1", "NegativeBinomial1"),
    "nbinom2": ("nbinom2", "NegativeBinomial2"),
    "compois": ("compois", "ConwayMaxwellPoisson"),
    "gamma": ("gamma", "Gamma"),
    "inverse_gaussian": ("inverse_gaussian", "InverseGaussian"),
    "lognormal": ("lognormal", "LogNormal"),
    "tweedie": ("tweedie", "Tweedie"),
    "beta": ("beta", "Beta"),
    "one_inflated_beta": ("one_inflated", "OneInflatedBeta"),
    "ordered_beta": ("ordered_beta", "OrderedBeta"),
    "gaussian": ("gaussian", "Gaussian"),
    "t": ("student_t", "StudentT"),
    "ordinal": ("ordinal", "Ordinal"),
    "truncated_poisson": ("truncated", "TruncatedPoisson"),
    "truncated_nbinom1": ("truncated", "TruncatedNegativeBinomial1"),
    "truncated_nbinom2": ("truncated", "TruncatedNegativeBinomial2"),
    "truncated_compois": ("truncated", "TruncatedConwayMaxwellPoisson"),
}
# name to the family whose zeros are of another kind, and where all zeros are
_HURDLE = {
    "hurdle_poisson": "truncated_poisson",
    "hurdle_nbinom1": "truncated_nbinom1",
    "hurdle_nbinom2": "truncated_nbinom2",
    "hurdle_compois": "truncated_compois",
    "hurdle_gamma": "gamma",
    "hurdle_lognormal": "lognormal",
    "zero_inflated_beta": "beta",
    "zero_one_inflated_beta": "one_inflated_beta",
}
# and where some zeros are
_EXTRA_ZEROS = {
    f"zero_inflated_{name}": name
    for name in ("poisson", "nbinom1", "nbinom2", "compois", "tweedie")
}


def _class(module, name):
    return getattr(import_module(f"mixedeffects.family.{module}"), name)


def _plain(module, name) -> Callable[..., Family]:
    return lambda link=None: _class(module, name)(link)


def _wrapped(module, name, base) -> Callable[..., Family]:
    return lambda link=None: _class(module, name)(_class(*_HOMES[base])(link))


FAMILIES: dict[str, Callable[..., Family]] = {
    **{name: _plain(*home) for name, home in _HOMES.items()},
    **{name: _wrapped("hurdle", "Hurdle", base) for name, base in _HURDLE.items()},
    **{
        name: _wrapped("zero_inflated", "ZeroInflated", base) for name, base in _EXTRA_ZEROS.items()
    },
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
        from mixedeffects.family.hurdle import Hurdle
        from mixedeffects.family.with_zeros import WithZeros

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
    name = str(getattr(family, "__name__", type(family).__name__)).rsplit(".", 1)[-1].lower()
    name = ALIASES.get(name, name)
    hint = f"\nwrite family={name!r}" if name in FAMILIES else ""
    shown = type(family).__name__ if hint else repr(family)
    raise OptionError(f"family={shown} is neither a name nor a Family{hint}")


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
    from mixedeffects.family.hurdle import Hurdle
    from mixedeffects.family.zero_inflated import ZeroInflated

    if family.can_be_zero or not Hurdle.takes(family):
        return ZeroInflated(family)
    return Hurdle(family)


def _named(link):
    from mixedeffects.family.links import LINKS

    return LINKS.get(link) if isinstance(link, str) else link
