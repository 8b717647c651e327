"""Coefficients of factors: levels against a reference, against their mean, and means of levels."""

from __future__ import annotations

import math

from mixedeffects.display.words.clauses import (
    limits,
    tested_number,
    unclear,
    where,
)
from mixedeffects.display.words.phrases import listed, ratio_number, upper_first

# levels of a factor that are all said; of more, the extremes
MOST_LEVELS = 8


def compared(effects, outcome, level):
    """The levels of a factor against its reference, in one sentence."""
    first = effects[0].pieces[0]
    place = where(effects[0].given)
    place = f"{place}, " if place else ""
    head = upper_first(f"{place}compared with {first.variable} {first.reference}, ")
    known = [e for e in effects if e.std_error == e.std_error]
    if len(effects) > MOST_LEVELS and known:
        ordered = sorted(known, key=lambda e: e.estimate)
        clear = sum(not unclear(e) for e in known)
        parts = [with_level(e, outcome, level) for e in (ordered[0], ordered[-1])]
        none = "one" if outcome.ratio and effects[0].ratio is not None else "zero"
        return (
            f"{head}{listed(parts)}: the extremes of {len(effects)} levels, {clear} of which have "
            f"an interval without {none}."
        )
    return f"{head}{'; '.join(with_level(e, outcome, level) for e in effects)}."


def with_level(effect, outcome, level, piece=None):
    """As in "with treatment drug the expected pain is 12.3 lower (…)"."""
    piece = piece or effect.pieces[0]
    return f"with {piece.variable} {piece.label} {outcome.moved(effect, level)}"


def is_mean(effect):
    """Whether a coefficient is the mean of a level."""
    return len(effect.pieces) == 1 and effect.pieces[0].kind == "level"


def many_means(effects, outcome, level):
    """The means of so many levels that the table has to say them."""
    known = [e for e in effects if math.isfinite(e.estimate) and e.std_error == e.std_error]
    variable = effects[0].pieces[0].variable
    place = where(effects[0].given, outcome.offset)
    place = f"{place}, " if place else ""
    if not known:
        return f"The {len(effects)} levels of {variable} have no standard errors."
    low, high = (f(known, key=lambda e: e.estimate) for f in (min, max))
    ends = [
        f"{mean_value(e, outcome, level)} with {variable} {e.pieces[0].label}" for e in (low, high)
    ]
    return upper_first(
        f"{place}{outcome.level(effects[0])} {outcome.verb} from {ends[0]} to {ends[1]}: the "
        f"extremes of {len(effects)} levels, and all are in the table."
    )


def mean_value(effect, outcome, level):
    """A mean of a level with its interval, as an intercept is said: odds, not their logarithm."""
    if outcome.intercept_ratio and effect.ratio is not None and math.isfinite(effect.estimate):
        value = ratio_number(effect.ratio[0], effect.std_error)
        return f"{value} ({limits(effect, level, ratio=True) or 'no standard error'})"
    return tested_number(effect, level)


def mean_of(piece, outcome):
    """What a level is compared with that is compared with all: of ratios a geometric mean."""
    mean = "geometric mean" if outcome.ratio else "mean"
    return f"the {mean} of the levels of {piece.variable}"
