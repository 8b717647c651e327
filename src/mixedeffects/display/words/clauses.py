"""Clauses about one coefficient: its number with the interval and the test, and where it holds."""

from __future__ import annotations

import math

from mixedeffects.display.words.phrases import (
    interval,
    joined,
    listed,
    minus,
    number,
    probability,
    ratio_number,
)
from mixedeffects.inference.interpretation.effects import unquoted

# variables whose place is said one by one
MOST_PLACES = 6


def tested(effect, level, ratio=False):
    """The interval and the test of a coefficient, without parentheses.

    Parameters
    ----------
    ratio : bool
        The limits of the ratio instead.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> tested(fit.interpret().facts.effects[1], 0.95)
    '95% CI 7.21 to 13.73; t = 6.77, df = 17.0, p < 0.001'
    """
    return joined([limits(effect, level, ratio), statistic_words(effect)])


def limits(effect, level, ratio=False):
    """The interval of a coefficient or its ratio."""
    if ratio:
        *_, lower, upper = effect.ratio
        return interval(lower, upper, level, lambda v: ratio_number(v, effect.std_error))
    error, lower, upper = effect.std_error, effect.lower, effect.upper
    return interval(lower, upper, level, lambda v: number(v, error))


def statistic_words(effect):
    """As in "t = 6.77, df = 17.0, p < 0.001", or z without degrees of freedom."""
    if not math.isfinite(effect.statistic):
        return "no standard error"
    statistic = minus(f"{effect.statistic:.2f}")
    if math.isinf(effect.df):
        return f"z = {statistic}, {probability(effect.p_value)}"
    return f"t = {statistic}, df = {effect.df:.1f}, {probability(effect.p_value)}"


def at_infinity(effect):
    """What to say in place of a number of a coefficient without a finite estimate; "" if it has."""
    if math.isfinite(effect.estimate):
        return ""
    if math.isnan(effect.estimate):
        return "not determined by the data (separation)"
    end = "plus" if effect.estimate > 0 else "minus"
    return f"{end} infinity (separation)"


def unclear(effect):
    """Whether the interval has no difference in it."""
    return effect.lower < 0.0 < effect.upper


def difference(effect, level, higher="higher", lower="lower", scale=""):
    """As in "10.47 higher (95% CI …)" or "12.30 lower (difference −12.30, 95% CI …)".

    Parameters
    ----------
    scale : str
        "on the probit scale", to follow them.
    """
    value, inside = number(abs(effect.estimate), effect.std_error), tested(effect, level)
    place = f" {scale}" if scale else ""
    if effect.estimate >= 0.0:
        return f"{value} {higher}{place} ({inside}){doubt(effect)}"
    signed = number(effect.estimate, effect.std_error)
    return f"{value} {lower}{place} (difference {signed}, {inside}){doubt(effect)}"


def times(effect, level, what):
    """As in "1.341 times as high (95% CI …)"."""
    estimate, error, *_ = effect.ratio
    shown = ratio_number(estimate, effect.std_error)
    if not math.isfinite(estimate) or not math.isfinite(error):
        return f"{shown} times as {what} ({statistic_words(effect)})"
    inside = tested(effect, level, ratio=True)
    return f"{shown} times as {what} ({inside}){doubt(effect, 'one')}"


def doubt(effect, none="zero"):
    """What to add where the interval does not tell the sign."""
    return f", an interval that includes {none}" if unclear(effect) else ""


def random_name(name, cell=False):
    """A column of a random term in words.

    Parameters
    ----------
    cell : bool
        Whether it is an intercept of its own at a level of a factor, as in ``(0 + f | g)``.

    Examples
    --------
    >>> random_name("(Intercept)"), random_name("Days"), random_name("style[b]")
    ('intercept', 'slope of Days', 'effect of style[b]')
    >>> random_name("style[b]", cell=True)
    'intercept at style[b]'
    """
    if name == "(Intercept)":
        return "intercept"
    name = unquoted(name)
    if cell:
        return f"intercept at {name}"
    return f"effect of {name}" if "[" in name else f"slope of {name}"


def where(given, offset=False):
    """As in "where treatment is control and time is 0"; "" where nothing is given.

    Parameters
    ----------
    offset : bool
        Whether there is an offset, which is to be zero too.
    """
    words = []
    for g in given:
        if g.kind == "reference":
            words.append(f"{g.variable} is {g.label}")
        elif g.kind == "zero":
            words.append(f"{g.variable} is 0" + (f" ({g.label})" if g.label else ""))
        elif g.kind == "basis":
            words.append(f"the columns of {g.variable} are 0")
        elif g.kind == "mean":
            words.append(f"{g.variable} is at its mean")
    if offset:
        words.append("the offset is 0")
    if len(words) > MOST_PLACES:
        words = [f"all {len(words)} variables are zero or at their reference or mean"]
    averaged = [g.variable for g in given if g.kind == "average"]
    text = f"where {listed(words)}" if words else ""
    if averaged:
        text = joined([text, f"averaged over the levels of {listed(averaged)}"], ", ")
    return text
