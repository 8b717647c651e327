"""Clauses about one coefficient: its number with the interval and the test, and where it holds."""

from __future__ import annotations

import math
import re

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

# a correlation that is one but for rounding
ONE = 1.0 - 1e-9
# share of the range of a variable beyond which a zero outside of it is far
DISTANT = 0.25
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


def tested_number(effect, level):
    """A coefficient with its interval and its test, or that it is infinite."""
    if at_infinity(effect):
        return at_infinity(effect)
    estimate = number(effect.estimate, effect.std_error)
    return f"{estimate} ({tested(effect, level)})"


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


def offset_words(facts):
    """Where an offset stands for which an intercept holds; "" where there is none to be said."""
    if not facts.offset or facts.rate:
        return ""
    return "the offset is 0" + (f" ({facts.exposure} is 1)" if facts.exposure else "")


def where(given, offset=""):
    """As in "where treatment is control and time is 0"; "" where nothing is given.

    Parameters
    ----------
    offset : str
        Of `offset_words`, to be said too.
    """
    words = []
    for g in given:
        if g.kind == "reference":
            words.append(f"{g.variable} is {g.label}")
        elif g.kind == "zero":
            words.append(f"{g.variable} is 0" + (f" ({g.label})" if g.label else ""))
        elif g.kind == "basis":
            words.append(f"the columns of {g.variable} are 0")
        elif g.kind == "least":
            words.append(f"{g.variable} is {g.label}, its smallest value,")
        elif g.kind == "mean":
            words.append(f"{g.variable} is at its mean")
    if offset:
        words.append(offset)
    if len(words) > MOST_PLACES:
        words = [f"all {len(words)} variables are zero or at their reference or mean"]
    averaged = [g.variable for g in given if g.kind == "average"]
    text = f"where {listed(words)}".rstrip(",") if words else ""
    if averaged:
        text = joined([text, f"averaged over the levels of {listed(averaged)}"], ", ")
    rows = [g.variable for g in given if g.kind == "rows"]
    if rows:
        text = joined([text, f"averaged over the rows' values of {listed(rows)}"], ", ")
    return text


def deviation_place(facts, group, name, others=()):
    """Where a level's deviation is what is said: it differs only with what has slopes there.

    As in "where Days is 0" of an intercept beside slopes of Days; "" where a level deviates by the
    same everywhere.

    Parameters
    ----------
    others : sequence of str
        Factors whose deviations are part of it.
    """
    return where(own_places(facts, group, name, others))


def own_places(facts, group, name, others=()):
    """Where the variables stand that have slopes of the same factor. Returns list of Given."""
    effect = next((e for e in facts.effects if e.name == name), None)
    slopes = [
        column for owner, columns, _ in facts.random if owner in (group, *others)
        for column in columns if column not in ("(Intercept)", name)
    ]  # fmt: skip
    return [
        given for given in (() if effect is None else effect.given)
        if any(re.search(rf"(?<![\w.]){re.escape(given.variable)}(?![\w.])", s) for s in slopes)
    ]  # fmt: skip


def distant(given):
    """Whether a zero lies so far outside the data that lines through it have drifted apart.

    Examples
    --------
    >>> from mixedeffects.inference.interpretation.record import Given
    >>> [distant(Given("x", "zero", outside=ends)) for ends in ((1.0, 64.0), (1.0, 2.0), None)]
    [False, True, False]
    """
    if given.outside is None:
        return False
    low, high = given.outside
    return min(abs(low), abs(high)) > DISTANT * (high - low)
