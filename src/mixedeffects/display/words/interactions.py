"""Coefficients of products of variables: how much the effect of one differs with the others."""

from __future__ import annotations

from mixedeffects.display.words.clauses import tested_number, unclear, where
from mixedeffects.display.words.levels import mean_of, mean_value, with_level
from mixedeffects.display.words.phrases import listed, upper_first
from mixedeffects.inference.interpretation.effects import unquoted


def interaction(effect, outcome, level):
    """A coefficient of a product of variables: how much one's effect differs with the others."""
    numbers = [p for p in effect.pieces if p.kind == "number"]
    groups = [p for p in effect.pieces if p.kind in ("difference", "level", "deviation")]
    place = where(effect.given)
    place = f"{place}, " if place else ""
    if len(numbers) + len(groups) != len(effect.pieces) or len(effect.pieces) > 2:
        return (
            f"The interaction coefficient {unquoted(effect.name)} is {tested_number(effect, level)}"
            f"{outcome.place}."
        )
    fixed = [p for p in groups if p.kind == "level"]
    if len(groups) == 2 and fixed:
        return upper_first(_within(fixed, groups, effect, outcome, level))
    if len(groups) == 2:
        a, b = groups
        what = outcome.contrast(_against(a, outcome))
        text = f"{place}{what} is {outcome.changed(effect, level, *_for(b, outcome))}"
    elif len(numbers) == 2:
        a, b = numbers
        text = f"{place}per {b.unit}, {outcome.slope(a)} is {outcome.changed(effect, level)}"
    elif groups[0].kind == "level":
        text = f"{place}where {groups[0].variable} is {groups[0].label}, per {numbers[0].unit}, "
        text += outcome.moved(effect, level)
    else:
        slope = outcome.slope(numbers[0])
        text = f"{place}{slope} is {outcome.changed(effect, level, *_for(groups[0], outcome))}"
    return f"{upper_first(text)} (interaction)."


def _within(fixed, groups, effect, outcome, level):
    """Cells, or differences within the levels of another factor, of models without main effects."""
    if len(fixed) == 2:
        cell = listed(f"{p.variable} {p.label}" for p in groups)
        place = where(effect.given, outcome.offset)
        place = f"{place}, " if place else ""
        value = mean_value(effect, outcome, level)
        return f"{place}with {cell}, {outcome.level(effect)} {outcome.verb} {value}."
    other = next(p for p in groups if p.kind != "level")
    against = f"{other.variable} {other.reference}" if other.reference else mean_of(other, outcome)
    return (
        f"where {fixed[0].variable} is {fixed[0].label}, compared with {against}, "
        f"{with_level(effect, outcome, level, other)}."
    )


def _against(piece, outcome):
    if piece.kind == "difference":
        return f"{piece.variable} {piece.label} and {piece.reference}"
    return f"{piece.variable} {piece.label} and {mean_of(piece, outcome)}"


def _for(piece, outcome):
    """For which level something differs, and from which."""
    own = f"for {piece.variable} {piece.label}"
    if piece.kind == "level":
        return own, ""
    return own, f"for {piece.reference or mean_of(piece, outcome)}"


def many(effects, outcome, level):
    """An interaction with so many coefficients that the table has to say them."""
    known = [e for e in effects if e.std_error == e.std_error]
    clear = sum(not unclear(e) for e in known)
    name = unquoted(effects[0].term)
    if not known:
        return f"The {len(effects)} interaction coefficients of {name} have no standard errors."
    ends = [
        f"{tested_number(e, level)} of {unquoted(e.name)}"
        for e in (f(known, key=lambda e: e.estimate) for f in (min, max))
    ]
    verb = "has" if clear < 2 else "have"
    return (
        f"The {len(effects)} interaction coefficients of {name} go from {ends[0]} to "
        f"{ends[1]}{outcome.place}; {clear or 'none'} of them {verb} an interval without zero, "
        "and all are in the table."
    )
