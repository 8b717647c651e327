"""The coefficients in words: what moves by how much, per what, and where."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from functools import partial

from mixedeffects.display.words.cautions import (
    code_sentences,
    extrapolations,
    mixed_sentences,
    span,
    split_sentences,
)
from mixedeffects.display.words.clauses import (
    at_infinity,
    difference,
    limits,
    statistic_words,
    tested_number,
    times,
    where,
)
from mixedeffects.display.words.interactions import interaction, many
from mixedeffects.display.words.levels import (
    MOST_LEVELS,
    compared,
    is_mean,
    many_means,
    mean_of,
    mean_value,
)
from mixedeffects.display.words.outcome import outcome_of
from mixedeffects.display.words.phrases import (
    joined,
    listed,
    number,
    probability,
    ratio_number,
    upper_first,
)
from mixedeffects.inference.interpretation.effects import unquoted
from mixedeffects.inference.separated import LRT

# logarithm of a number that means nothing to anybody, as of what would be at the year nought
BEYOND = 27.0
# dropped columns that are named
MOST_DROPPED = 3
METHODS = {
    "t (Satterthwaite)": "Degrees of freedom are Satterthwaite's.",
    "t (Kenward–Roger)": "Standard errors and degrees of freedom are Kenward and Roger's.",
    "z (Wald)": "Tests and intervals use the normal distribution (Wald).",
}
ROBUST = re.compile(r"t \((CR\w+) by (.+)\)")
CODINGS = {".L": "linear trend over the ordered levels", ".Q": "quadratic trend over the levels",
           ".C": "cubic trend over the levels"}  # fmt: skip


def effect_sentences(facts):
    """All coefficients of the main linear predictor, and what they are not. Returns list of str."""
    out = part_sentences(facts, facts.effects, outcome_of(facts))
    if not out:
        return []
    if any(e.pieces for e in facts.effects):
        alike = len({e.term for e in facts.effects if e.pieces}) > 1
        out.append(
            ("Coefficients compare rows that are alike in the other predictors: they describe "
            if alike else "Coefficients describe ")
            + "associations, and are effects only where the design of the study makes them so."
        )  # fmt: skip
    out += mixed_sentences(facts) + split_sentences(facts) + code_sentences(facts)
    out += _conditional(facts)
    out.append(method_words(facts.summary.df_method))
    return out


def method_words(method):
    """Where tests and intervals come from.

    Examples
    --------
    >>> method_words("z (Wald)")
    'Tests and intervals use the normal distribution (Wald).'
    >>> method_words("t (CR2 by patient)")
    'Standard errors are robust to correlation within patient (CR2); tests and intervals use t.'
    """
    robust = ROBUST.fullmatch(method)
    if robust:
        return (
            f"Standard errors are robust to correlation within {unquoted(robust[2])} "
            f"({robust[1]}); tests and intervals use t."
        )
    return METHODS.get(method, f"Tests and intervals: {method}.")


def _conditional(facts):
    """For which levels the numbers of a generalised model hold, and what it takes as alike."""
    out = []
    varies = any(v.sd > 0.0 for v in facts.variations if v.component == "conditional")
    if facts.kind in ("odds", "category"):
        text = (
            f"{upper_first(outcome_of(facts).ratios)} are those within a level of the grouping "
            "factors (conditional on the random effects)"
        )
        out.append(text + ("; averaged over levels they are nearer to one." if varies else "."))
    elif facts.link not in (None, "identity") and varies:
        text = "These numbers hold for a level whose random effects are zero"
        if facts.kind == "mean":
            typical = facts.expected.startswith("the median")
            text = f"{'Medians' if typical else 'Expected values'} are those of a level whose "
            text += "random effects are zero"
            text += "" if typical else "; the mean over levels is higher"
        out.append(f"{text}.")
    if facts.kind == "category":
        out.append(
            "The model takes each odds ratio to be the same at every threshold between "
            "categories (proportional odds), which these numbers cannot show."
        )
    return out


def part_sentences(facts, effects, outcome):
    """The coefficients of one linear predictor; only of the main one there are joint tests.

    Parameters
    ----------
    outcome : Outcome
        What they move.
    """
    level = facts.summary.level
    out, curves, said = [], {}, set()
    main = effects is facts.effects
    together = partial(_together, facts) if main else lambda _: ""
    effects = tuple(map(stepped, effects))
    mixed = [e for e in effects if e.holds and e.alone]
    effects = tuple(e for e in effects if e not in mixed)
    owners = [e.term for e in effects]
    last = {term: i for i, term in enumerate(owners)}
    for i, effect in enumerate(effects):
        if effect.pieces is None:
            out.append(_unknown(effect, outcome, level))
        elif not effect.pieces:
            out.append(_intercept(effect, outcome, level))
        elif not effect.alone:
            curves.setdefault(effect.term, []).append(effect)
        elif len(effect.pieces) == 1 and effect.pieces[0].kind == "difference":
            if effect.term not in said:
                said.add(effect.term)
                own = [e for e in effects if e.term == effect.term]
                out.append(compared(own, outcome, level) + together(effect.term))
        elif is_mean(effect) and owners.count(effect.term) > MOST_LEVELS:
            if effect.term not in said:
                said.add(effect.term)
                own = [e for e in effects if e.term == effect.term]
                out.append(many_means(own, outcome, level))
        elif len(effect.pieces) > 1 and owners.count(effect.term) > MOST_LEVELS:
            if effect.term not in said:
                said.add(effect.term)
                own = [e for e in effects if e.term == effect.term]
                out.append(many(own, outcome, level) + together(effect.term))
        else:
            joint = together(effect.term) if last[effect.term] == i else ""
            out.append(_one(effect, outcome, level) + joint)
    if curves:
        out += _curves(together, curves)
    if mixed:
        out.append(_holding(mixed, outcome, level))
    return out + extrapolations(effects)


def stepped(effect):
    """An effect with the numbers of the unit that it is said for."""
    step = math.prod(piece.step for piece in effect.pieces or ())
    if step == 1.0:
        return effect
    names = ("estimate", "std_error", "lower", "upper")
    numbers = {name: step * getattr(effect, name) for name in names}
    if effect.ratio is not None:
        first, lower, upper = (math.exp(numbers[n]) for n in ("estimate", "lower", "upper"))
        numbers["ratio"] = first, first * numbers["std_error"], lower, upper
    return replace(effect, **numbers)


def _holding(effects, outcome, level):
    """Coefficients that are not what their names say, because columns were dropped."""
    dropped = list(dict.fromkeys(name for e in effects for name in e.holds))
    more = len(dropped) - MOST_DROPPED
    others = listed([*map(unquoted, dropped[:MOST_DROPPED]), *([f"{more} more"] * (more > 0))])
    were = "was" if len(dropped) == 1 else "were"
    if len(effects) == 1:
        e = effects[0]
        return (
            f"The coefficient of {unquoted(e.name)}, {tested_number(e, level)}{outcome.place}, "
            f"holds that of {others} too, which {were} dropped: the data do not tell them apart."
        )
    shown = [unquoted(e.name) for e in effects[:MOST_LEVELS]]
    rest = len(effects) - len(shown)
    names = listed([*shown, *([f"{rest} more"] * (rest > 0))])
    return (
        f"The coefficients of {names} hold what {others} would have, which {were} dropped: none "
        "of them is the mean or difference that its name says, and they are left to the table; "
        "fit.emmeans gives the means and differences that can be estimated."
    )


def _unknown(effect, outcome, level):
    name = unquoted(effect.name)
    return f"The coefficient of {name} is {tested_number(effect, level)}{outcome.place}."


def _intercept(effect, outcome, level):
    place = where(effect.given, outcome.offset)
    if outcome.intercept_ratio and any(g.kind in ("average", "rows") for g in effect.given):
        place += f" {outcome.scale}"
    place = f"{place}, " if place else ""
    outside = [g for g in effect.given if g.outside is not None]
    if at_infinity(effect):
        return f"{upper_first(f'{place}the intercept')}{outcome.place} is {at_infinity(effect)}."
    about = f"{place}{outcome.level(effect)} {outcome.verb}"
    if outcome.intercept_ratio and effect.ratio is not None and abs(effect.estimate) < BEYOND:
        value = ratio_number(effect.ratio[0], effect.std_error)
        inside = limits(effect, level, ratio=True)
    else:
        value, inside = number(effect.estimate, effect.std_error), limits(effect, level)
        if outcome.intercept_ratio:
            about = f"{place}the intercept is"
            value += outcome.place
    text = f"{upper_first(about)} {value} ({inside or 'no standard error'})."
    if any(g.absent for g in effect.given):
        levels = listed(f"{g.variable} {g.label}" for g in effect.given if g.kind == "reference")
        text += f" No row has {levels} together: the number is what the coefficients add up to."
    if outside:
        names = listed((f"{g.variable} ({span(*g.outside)})" for g in outside), "or")
        text += f" That extrapolates: 0 is not among the values of {names}."
    return text


def _one(effect, outcome, level):
    """One coefficient with a meaning of its own."""
    place = where(effect.given)
    place = f"{upper_first(place)}, " if place else ""
    if len(effect.pieces) > 1:
        return interaction(effect, outcome, level)
    piece = effect.pieces[0]
    if piece.kind == "number":
        text = f"{place}per {piece.unit}, {outcome.moved(effect, level)}."
    elif piece.kind == "level":
        place = where(effect.given, outcome.offset)
        place = f"{place}, " if place else ""
        text = (
            f"{place}with {piece.variable} {piece.label}, {outcome.level(effect)} {outcome.verb} "
        )
        text += f"{mean_value(effect, outcome, level)}."
    elif piece.kind == "deviation":
        mean = mean_of(piece, outcome)
        text = f"{place}with {piece.variable} {piece.label}, compared with {mean}, "
        text += f"{outcome.moved(effect, level)}."
    else:
        coding = CODINGS.get(piece.label.removeprefix(piece.variable), "")
        named = f", the {coding}," if coding else f" (contrast {piece.label} of its coding)"
        name = unquoted(effect.name)
        text = f"{place}the coefficient of {name}{named} is {tested_number(effect, level)}"
        text += f"{outcome.place}."
    return upper_first(text)


def _together(facts, term):
    """The joint test of a factor's columns."""
    if term not in facts.joint:
        return ""
    statistic, num_df, den_df, p = facts.joint[term]
    if math.isnan(statistic):
        if facts.summary.certificate.flat:
            return ""
        return f" {_all_of(term)} together have no Wald test; {LRT}."
    if den_df == float("inf"):
        test = f"χ² = {statistic * num_df:.2f}, df = {num_df:.0f}"
    else:
        test = f"F = {statistic:.2f}, df = {num_df:.0f} and {den_df:.1f}"
    return f" {_all_of(term)} together: {test}, {probability(p)}."


def _all_of(term):
    return f"The coefficients of {unquoted(term)}" if ":" in term else f"The levels of {term}"


def _curves(together, curves):
    """Terms whose columns mean nothing one by one, a sentence for each curve or surface.

    Parameters
    ----------
    together : callable
        From a term to the sentence of its joint test.
    """
    parts: list[tuple[set, list]] = []
    for term, effects in curves.items():
        own = {name for effect in effects for name in effect.curve}
        touching = [part for part in parts if part[0] & own]
        parts = [part for part in parts if not part[0] & own]
        terms = [found for part in touching for found in part[1]]
        parts.append((own.union(*(part[0] for part in touching)), [*terms, (term, effects)]))
    return [_curve(together, len(columns), terms) for columns, terms in parts]


def _curve(together, n_columns, terms):
    shown = []
    for term, effects in terms:
        columns = f"{len(effects)} columns" if len(effects) > 1 else ""
        test = together(term).partition(": ")[2].rstrip(".")
        inside = joined([columns, test])
        shown.append(f"{unquoted(term)} ({inside})" if inside else unquoted(term))
    what = "a curve" if n_columns == 1 else "a surface"
    verb, whose = ("describes", "its") if len(shown) == 1 else ("together describe", "their")
    return (
        f"{listed(shown)} {verb} {what}: {whose} coefficients mean nothing one by one and are in "
        "the table; what they mean together is seen in a chart of the effects."
    )


__all__ = ["difference", "effect_sentences", "part_sentences", "statistic_words", "times"]
