"""Which column is the outcome, by points for name, place and variation; or which two may be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedeffects.exploration.columns import ColumnProfile, share_of_blocks
from mixedeffects.exploration.hints import (
    CALENDAR,
    COVARIATES,
    DERIVED,
    ERRORS,
    GENERIC_OUTCOMES,
    MAYBE_OUTCOMES,
    NUMBERINGS,
    OCCASION_WORDS,
    OUTCOMES,
    QUANTITIES,
    TREATMENT_VALUES,
    TREATMENTS,
    contains,
    hint,
    tokens,
)
from mixedeffects.exploration.relations import (
    constant_within,
    runs_along,
    same_in_each,
)
from mixedeffects.exploration.row_numbers import counts_rows
from mixedeffects.exploration.times import rising

#: Points an outcome needs, and those by which it is ahead of the next when there is no doubt.
ENOUGH, AHEAD = 1.0, 1.0
#: Rows from which whole numbers that only go up are numbers of the rows.
MANY_ROWS = 30
#: The highest grade at school.
LAST_GRADE = 13
#: Words too short or too common to count inside other words: 'separate' is no rate.
WHOLE_WORDS = frozenset(("rate", "read", "angle", "visit", "test", "seed", "cite", "fatal"))
#: Answers, of which a text may be one of two.
ANSWERS = frozenset(
    (
        "yes",
        "no",
        "y",
        "n",
        "positive",
        "negative",
        "good",
        "poor",
        "pass",
        "fail",
        "success",
        "failure",
        "correct",
        "incorrect",
        "present",
        "absent",
    )
)
#: Steps within groups that do not go down, in a column by which the rows were put in order.
IN_ORDER = 0.999


@dataclass(frozen=True, slots=True)
class Guess:
    """The likeliest column, why, and another that is about as likely.

    Attributes
    ----------
    rival : str or None
        None where the first is ahead of all others.
    """

    name: str
    reason: str
    rival: str | None = None


def guess_outcome(left, found, factors, time=None) -> Guess | None:
    """The most likely outcome; None where nothing looks like one.

    Parameters
    ----------
    left, found : list of ColumnProfile
        Columns without a role yet, and all of them.
    factors : list of ColumnProfile
        Grouping columns, the finest first.
    time : ColumnProfile, optional
        When rows were measured.

    Examples
    --------
    >>> import mixedeffects as me
    >>> from mixedeffects.design import open_table
    >>> from mixedeffects.exploration.columns import profiles
    >>> reaction, days, subject = profiles(open_table(me.datasets.sleepstudy()))[0]
    >>> guess_outcome([reaction], [reaction, days, subject], [subject], days).name
    'Reaction'
    """
    context = _Context(left, found, factors, time)
    ranked = []
    for p in left:
        points, reasons = _points(p, context)
        if points >= ENOUGH:
            named = hint(p.name, OUTCOMES) is not None
            ranked.append((-points, len(ranked), p.name, ", ".join(reasons), named))
    ranked.sort()
    if not ranked:
        return _two_answers(left, factors[0]) if factors else None
    best, *others = ranked
    # beside a column that is named like an outcome only another such is as likely
    near = [o for o in others if o[0] <= best[0] + AHEAD and o[4] >= best[4]]
    return Guess(best[2], best[3], near[0][2] if near else None)


class _Context:
    """What a column is compared with."""

    __slots__ = (
        "axes", "factors", "first", "found", "measured", "names", "ordered_by", "sold", "time",
    )  # fmt: skip

    def __init__(self, left, found, factors, time):
        self.found, self.factors, self.time = found, factors, time
        self.names = {p.name.lower() for p in found}
        self.sold = any(hint(p.name, QUANTITIES) for p in found)
        self.axes = self.names >= {"x", "y", "z"}
        keys = {f.name for f in factors} | ({time.name} if time is not None else set())
        free = [p for p in left if not any(constant_within(p, f) for f in factors)]
        self.measured = [p for p in free if p.kind == "number" and p.n_distinct > 2]
        # the first column after those that say who and when, where the table begins with them
        start = next((i for i, p in enumerate(found) if p.name not in keys), 0)
        self.first = found[start].name
        self.ordered_by = None
        if factors and time is None and share_of_blocks(factors[0].codes) > 0.98:
            self.ordered_by = next(
                (p.name for p in self.measured if rising(p, factors[0]) >= IN_ORDER), None
            )


def _points(p: ColumnProfile, context: _Context):
    points, reasons = _by_name(p, context)
    for value, reason in (*_by_relations(p, context), *_by_values(p)):
        points += value
        if reason:
            reasons.append(reason)
    if p.name == context.found[-1].name:
        points, reasons = points + 1, [*reasons, "it is the last column"]
    elif p.name == context.found[0].name:
        points, reasons = points + 0.75, [*reasons, "it is the first column"]
    elif p.name == context.first:
        points, reasons = points + 0.9, [*reasons, "it is the first after who and when"]
    return points, reasons


def _by_name(p, context):
    points, reasons = 0.0, []
    generic = GENERIC_OUTCOMES if len(context.measured) <= 1 else frozenset()
    for words, value in ((OUTCOMES | generic, 4.0), (MAYBE_OUTCOMES | GENERIC_OUTCOMES, 2.0)):
        if context.axes and p.name.lower() == "y":
            break  # a side of a box
        word = hint(p.name, words)
        if word == "y" and p.name.lower() != "y":
            word = None  # y98 is a year
        inside = word or contains(p.name, words - WHOLE_WORDS)
        if inside in COVARIATES or (inside and _no_outcome(p, inside, context)):
            break
        if inside:
            whole = p.name.lower() == word
            points += value + (1.0 if whole else 0.0 if word else -1.0)
            reasons.append(f"it is called '{p.name}'" if whole else f"its name has '{inside}'")
            break
    if hint(p.name, COVARIATES):
        points -= 2.5
    if hint(p.name, TREATMENTS):
        points -= 3
    if hint(p.name, {"trials", "attempts", "denominator"}):
        points -= 3
    if p.name.lower() in CALENDAR or _numbers_things(p):
        points -= 4
    if p.name.lower() == "case" and p.n_distinct == 2:
        points, reasons = points + 4, [*reasons, "it is called 'case' and has two values"]
    if derived_from(p.name, context.names) or p.name.lower().startswith("cum"):
        points -= 2
    if context.sold and hint(p.name, {"price"}):
        points -= 2
    if p.name.lower() in ERRORS or tokens(p.name)[:1] == ["var"]:
        points -= 3
    if tokens(p.name)[-1:] == ["post"]:
        points, reasons = points + 1.5, [*reasons, "its name ends in 'post'"]
    return points, reasons


def _no_outcome(p, word, context) -> bool:
    """Whether a word for outcomes is none here: a dose without times, the grade of a pupil."""
    if word in ("conc", "concentration"):
        return context.time is None and len(context.measured) > 1
    return word == "grade" and p.whole and p.low >= 0 and p.high <= LAST_GRADE


def _by_relations(p, context):
    """Points for how a column varies within groups and over time."""
    if not context.factors:
        return
    finest = context.factors[0]
    if any(constant_within(p, f) for f in context.factors):
        yield -4.0, ""
        return
    yield 2.0, f"it varies within {finest.name}"
    if p.name == context.ordered_by:
        yield -2.0, ""  # what the rows were put in order by
    if same_in_each(p, finest):
        yield -3.0, ""  # set by whoever designed the study
    elif counts_rows(p, finest):
        yield -4.0, ""  # the number of an occasion
    time = context.time
    if time is None or time.kind != "number" or p.kind != "number" or time.n_distinct < 3:
        return
    if time.codes is not None and time.n_present > 2 * time.n_distinct:
        if constant_within(p, time):
            yield -3.0, ""  # the same for all at a time: prices, the weather
    if runs_along(p, time, finest):
        yield -4.0, ""  # a second clock


def _by_values(p):
    if p.kind in ("number", "boolean"):
        if p.n_distinct > min(20, p.n_present / 5):
            yield 1.5, f"{p.n_distinct:,} different numbers"
        few = p.codes is not None and 2 < p.n_distinct <= 12 and p.n_present > p.n_distinct
        if few and np.ptp(p.counts()) == 0:
            yield -3.0, ""  # as many rows of each value: set by whoever designed the study
        return
    if p.is_text and p.n_distinct == 2 and {str(v).lower() for v in p.labels} <= ANSWERS:
        yield 0.5, f"it is '{p.labels[0]}' or '{p.labels[1]}'"
    else:
        yield (-1.5 if p.kind != "ordered" else -0.5), ""
    if p.kind == "datetime":
        yield -3.0, ""


def derived_from(name, names) -> str | None:
    """Another column that a name says this one was computed from: lwage from wage.

    Parameters
    ----------
    names : collection of str
        All names, in lower case.

    Examples
    --------
    >>> derived_from("lwage", {"wage", "lwage"}), derived_from("wage_1", {"wage"})
    ('wage', 'wage')
    >>> derived_from("expersq", {"exper"}), derived_from("cost", {"os"})
    ('exper', None)
    """
    whole = name.lower()
    for other in names:
        if other == whole or len(other) < 2:
            continue
        if whole.endswith(other) and whole[: -len(other)].strip("_. ") in DERIVED:
            return other
        if whole.startswith(other):
            rest = whole[len(other) :]
            if rest.strip("_. ") in DERIVED and (len(rest) > 1 or rest[:1] in "_."):
                return other
            if rest.removeprefix("_").removeprefix(".").isdigit():
                return other
    return None


def _two_answers(left, factor) -> Guess | None:
    """A text of two values that varies within the groups: good or poor."""
    known = COVARIATES | TREATMENTS
    for p in left:
        if p.is_text and p.n_distinct == 2 and not hint(p.name, known):
            words = {str(v).lower() for v in p.labels}
            if not words & (TREATMENT_VALUES | OCCASION_WORDS) and not constant_within(p, factor):
                said = " or ".join(f"'{v}'" for v in p.labels)
                return Guess(p.name, f"it is {said}, and varies within {factor.name}")
    return None


def _numbers_things(p):
    """Whether numbers only tell things apart: 'sample number', or ever larger ones."""
    if not p.whole:
        return False
    parts = tokens(p.name)
    if parts and parts[-1] in NUMBERINGS:
        return True
    if p.n_distinct < p.n_present or hint(p.name, OUTCOMES | MAYBE_OUTCOMES):
        return False
    return p.n_present > MANY_ROWS and bool((np.diff(p.numbers()) > 0).all())
