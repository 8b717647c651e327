"""Check of the approximation of a generalised model's likelihood."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from mixedeffects.inference.approximation import (
    CROSSED,
    DEAR,
    EXACT,
    FINE,
    LOST,
    MOST,
    OFF,
    UNSETTLED,
    approximation,
)
from mixedeffects.inference.checkup.record import FINE as NO_TROUBLE
from mixedeffects.inference.checkup.record import LOOK, PROBLEM, Check
from mixedeffects.inference.doubtful import doubtful

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit, GeneralisedFit

WHY = (
    "with few or all but equal responses per level, and a large standard deviation, Laplace's "
    "approximation can be far from the integral: variances, and coefficients with them, are then "
    "pulled towards zero"
)


def accuracy(fit: Fit):
    """Whether Laplace's approximation is near the integral that it stands for."""
    found = approximation(fit)
    if found.status == EXACT:
        return Check("approximation", float("nan"), NO_TROUBLE, "the likelihood is exact")
    if found.status == MOST:
        words = f"quadrature with {found.points} points, of which there are no more to compare with"
        return Check("approximation", float("nan"), NO_TROUBLE, words)
    if found.status == FINE:
        words = (
            f"quadrature with {found.points} points would move no estimate by more than "
            f"{found.errors:.2g} standard errors"
        )
        return Check("approximation", found.errors, NO_TROUBLE, words)
    if found.status in (OFF, LOST, UNSETTLED):
        return Check(
            "approximation", found.errors, PROBLEM, off_words(cast("GeneralisedFit", fit), found)
        )
    if not doubtful(fit):
        return Check("approximation", float("nan"), NO_TROUBLE, f"not compared: {why_not(found)}")
    words = f"{why_not(found)}; {WHY}"
    return Check("approximation", float("nan"), LOOK, words)


def off_words(fit: GeneralisedFit, found):
    """What quadrature says where the approximation is off, and how to ask for it."""
    what = "Laplace's approximation"
    if fit.nagq != 1:
        what = (
            f"quadrature with nagq={fit.nagq}" if fit.nagq else "the quick approximation, nagq=0,"
        )
    if found.status == LOST:
        return (
            f"{what} is not accurate here: at the estimates quadrature says that they move, but "
            "the search for its optimum did not get there, as where a density has several modes; "
            "compare fits with nagq=5, 15 and 25, and believe only what no longer changes"
        )
    words = (
        f"{what} is not accurate here: by quadrature {found.name} is {four(found.moved)} in place "
        f"of {four(found.estimate)}, {found.errors:.2g} standard errors away"
    )
    if found.status == OFF:
        return f"{words}; fit the model with nagq={found.points}, beyond which nothing changes"
    return (
        f"{words}, and with {found.points} points, the most that can be computed here, it still "
        "changes: no nagq= is known to suffice; use fewer random effects per level, or simulate"
    )


def four(value):
    """A number with four digits, zeros at its end included, which say that they are known.

    Examples
    --------
    >>> four(1.09997), four(1.067), four(1234.5)
    ('1.100', '1.067', '1234')
    """
    return f"{value:#.4g}".rstrip(".")


def why_not(found):
    """Why there was no comparison, in words."""
    if found.status == CROSSED:
        return "the approximation cannot be checked by quadrature, which is for one grouping factor"
    if found.status == DEAR:
        return (
            "the approximation was not compared with quadrature, which would take too long here; "
            "fit with nagq=5 to see"
        )
    return "the estimates have no standard errors to compare with"


def approximation_note(fit: Fit):
    """What a summary says of the approximation; "" where there is nothing to say."""
    if not doubtful(fit):
        return ""
    found = approximation(fit)
    if found.status in (OFF, LOST, UNSETTLED):
        words = off_words(cast("GeneralisedFit", fit), found)
    elif found.status in (CROSSED, DEAR):
        words = f"{why_not(found)}; {WHY}"
    else:
        return ""
    return f"{words[0].upper()}{words[1:]}."


__all__ = ["accuracy", "approximation_note"]
