"""The linear predictors of a model as parts: names, coefficients and their covariance.

A linear mixed model has one, "conditional"; a generalised one may have others. A part has the
attributes of a fit that tests of coefficients ask for, so the same functions test both.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from mixedeffects.errors import DataWarning, OptionError, depth_of_package
from mixedeffects.inference.kinds import GENERALISED, Kind

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit, GeneralisedFit

MAIN = "conditional"
# links whose differences are logarithms of ratios, and of which ratios
RATIOS = {"logit": "odds", "log": "means", "cloglog": "hazards", "loglog": "hazards"}


@dataclass(frozen=True, slots=True, eq=False)
class CoefficientPart:
    """Coefficients of a predictor other than the main one, or of several together.

    Attributes
    ----------
    beta : (p,) array
        On the scale of the predictor's link.
    vcov_beta : (p, p) array
    recession : Recession or None
        Which combinations of them have no finite estimate.
    """

    component: str
    names: tuple[str, ...]
    beta: np.ndarray
    vcov_beta: np.ndarray
    default_ddf: str = "wald"
    cache: dict[str, Any] = field(default_factory=dict)
    recession: Any = None

    @property
    def kind(self) -> Kind:
        return GENERALISED


def part_names(fit: Fit):
    """Names of the model's parts: "conditional", then "dispersion", "zi", "df", "thresholds"."""
    return (MAIN, *fit.extras)


def check_component(fit: Fit, component, *, together=True):
    """Refuse a part that the model does not have.

    Raises OptionError.

    Parameters
    ----------
    together : bool
        Whether "all" is accepted.
    """
    known = (*part_names(fit), "all") if together else part_names(fit)
    if not isinstance(component, str) or component not in known:
        raise OptionError(
            f"component={component!r} is not a part of this model; it has {', '.join(known)}"
        )


def part_of(fit: Fit, component):
    """Names of the coefficients of a part, and what can be tested of them.

    Raises OptionError.

    Parameters
    ----------
    component : str
        As `part_names`; "all" for all coefficients together, named "zi: x".

    Returns
    -------
    names : tuple of str
    tested : Fit or CoefficientPart
        Has beta and vcov_beta of these coefficients.
    """
    check_component(fit, component)
    if component == MAIN or (component == "all" and not fit.extras):
        return tuple(fit.design.x_names), fit
    if component == "all":
        names = fit.parameters.coefficient_names
        part = slice(0, len(names))
    else:
        values = fit.extras[component]
        part = place(fit, component)
        names = tuple(fit.extra_names(component, values.size))
    covariance = cast("GeneralisedFit", fit).vcov_parameters[part, part]
    return names, CoefficientPart(
        component, names, fit.estimates[part], covariance, recession=fit.part_of_recession(part)
    )


def place(fit: Fit, component):
    """Where a part's coefficients stand among ``fit.estimates``."""
    at = fit.beta.size
    if component == MAIN:
        return slice(0, at)
    for name, values in fit.extras.items():
        if name == component:
            return slice(at, at + values.size)
        at += values.size
    raise KeyError(component)


def ratio_of(fit: Fit, component):
    """What exp of a coefficient is a ratio of, or None.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("log(Reaction) ~ Days + (1 | Subject)", me.datasets.sleepstudy())
    >>> ratio_of(fit, "conditional")
    'means'
    """
    if component in ("dispersion", "df"):
        return "dispersions"
    if component == "zi":
        return "odds"
    if component in fit.family.extra_names:
        return "parameters"
    if fit.family.link.name != "identity":
        return RATIOS.get(fit.family.link.name)
    from mixedeffects.inference.transformation import transformation

    found = transformation(fit)
    return "means" if found is not None and found.name in ("log", "log1p") else None


def _say_what_of(fit: Fit):
    """Say that exponentials of a model of log(y + 1) are ratios of y + 1."""
    from mixedeffects.inference.transformation import transformation

    found = transformation(fit)
    if found is not None and found.added:
        warnings.warn(
            f"exponentiate=True: of {found.text} the exponentials are ratios of {found.logged} "
            f"and the intercept's is a value of {found.logged}, not of {found.response}",
            DataWarning,
            stacklevel=depth_of_package(),
        )


def as_ratios(fit: Fit, component, columns):
    """Estimates, null values and limits as their exponentials; errors by the delta method.

    Returns a `dict`.

    Parameters
    ----------
    columns : dict of str to array
        estimate and any of null, std_error, lower, upper; changed in place.

    Raises
    ------
    OptionError
        Where the exponential of a coefficient is not a ratio of anything.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("log(Reaction) ~ Days + (1 | Subject)", me.datasets.sleepstudy())
    >>> fit.test("Days", exponentiate=True)["estimate"].round(3).item()  # per day
    1.034
    """
    parts = part_names(fit) if component == "all" else (component,)
    for part in parts:
        if ratio_of(fit, part) is None:
            what = (
                "a linear model whose response is not a logarithm"
                if fit.kind.residual
                else f"the {fit.family.link.name} link"
            )
            raise OptionError(
                f"exponentiate=True: with {what} the exponential of a coefficient is not a ratio\n"
                "it is for the logit, log, cloglog and loglog links, and for log(y)"
            )
    _say_what_of(fit)
    with np.errstate(over="ignore", invalid="ignore"):  # limits of an infinite coefficient
        estimate = np.exp(columns["estimate"])
        for name in ("null", "lower", "upper"):
            if name in columns:
                columns[name] = np.exp(columns[name])
        if "std_error" in columns:
            columns["std_error"] = columns["std_error"] * estimate
    return columns | {"estimate": estimate}


def check_flag(name, value):
    """Refuse what is neither True nor False."""
    if not isinstance(value, bool | np.bool_):
        raise OptionError(f"{name}={value!r} must be True or False")
