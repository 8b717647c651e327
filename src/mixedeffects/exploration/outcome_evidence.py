"""What speaks for a column being the outcome, and what against it: each piece with its weight.

The weights are those of a choice among the columns of a table (conditional logit): the probability
that a column is the outcome is proportional to exp(sum of the weights of what is true of it). They
were fitted to published tables whose documentation names the outcome; `WEIGHTS` is printed by
``python -m tests.exploration.fit_weights``, which also says how well they do on packages left out.

McFadden, D. (1974). Conditional logit analysis of qualitative choice behavior. In P. Zarembka
(ed.), Frontiers in Econometrics, 105-142. Academic Press.
"""

from __future__ import annotations

import re

import numpy as np

from mixedeffects.exploration.columns import ColumnProfile, share_of_blocks
from mixedeffects.exploration.computed_names import derived_from, negated
from mixedeffects.exploration.hints import (
    AFTER,
    BEFORE,
    CALENDAR,
    COUNTING,
    COVARIATES,
    ERRORS,
    GENERIC_OUTCOMES,
    GROUPS,
    MAYBE_OUTCOMES,
    NUMBERINGS,
    OUTCOMES,
    PREDICTORS,
    QUANTITIES,
    TREATMENTS,
    TRIALS,
    contains,
    hint,
    tokens,
    words,
)
from mixedeffects.exploration.relations import (
    both_present,
    constant_within,
    runs_along,
    same_in_each,
)
from mixedeffects.exploration.row_numbers import counts_rows, goes_by_one
from mixedeffects.exploration.times import rising

#: Words for outcomes, from those that leave little doubt.
WORDS = (("named", OUTCOMES), ("perhaps named", MAYBE_OUTCOMES | GENERIC_OUTCOMES))
#: Names of how long something took.
LASTING = frozenset(("time", "duration", "latency", "spell"))
#: Weight of each piece of evidence. A name is "whole" where all of it is the word, "part" where the
#: word is one of its words, "inside" where the word is within one.
WEIGHTS: dict[str, float] = {
    "named whole": 3.96,
    "named part": 3.76,
    "perhaps named part": 2.84,
    "perhaps named whole": 2.77,
    "after": 2.65,
    "varies within groups": 2.64,
    "a number of something": 2.39,
    "first, flat": 2.36,
    "perhaps named inside": 2.13,
    "first after the groups": 2.07,
    "answers": 1.75,
    "first, grouped": 1.62,
    "among trials": 1.44,
    "last, flat": 1.41,
    "fine": 1.37,
    "alone measured": 1.08,
    "lasting": 0.70,
    "source of others": 0.69,
    "a logarithm": 0.46,
    "last, grouped": 0.34,
    "two numbers": 0.15,
    "trials": 0.02,
    "few numbers": 0.01,
    "latest": -0.00,
    "before": -0.25,
    "runs along with time": -0.30,
    "one letter": -0.43,
    "ordered texts": -0.50,
    "named inside": -0.66,
    "texts": -0.73,
    "the same for all at a time": -0.80,
    "two texts": -0.80,
    "an error": -0.86,
    "ends like others": -1.00,
    "a condition": -1.23,
    "the same in each group": -1.47,
    "a treatment": -1.52,
    "trials of others": -1.61,
    "denies another": -1.66,
    "a fact": -1.88,
    "derived": -1.97,
    "two values, even": -1.99,
    "begins like others": -2.00,
    "price of what is sold": -2.15,
    "earlier": -2.29,
    "orders the rows": -2.58,
    "few values, even": -2.62,
    "constant within groups": -2.64,
    "a date": -3.00,
    "counts rows": -3.35,
    "a number of things": -3.40,
    "calendar": -3.73,
}

#: Rows from which whole numbers that only go up are numbers of the rows.
MANY_ROWS = 30
#: The highest grade at school.
LAST_GRADE = 13
#: Different numbers, or their share of the rows, from which a column is measured finely.
FINE, FINE_SHARE = 20, 0.2
#: Values that a design sets equally often, at most.
MOST_SET = 12
#: Words too short or too common to count inside other words: 'separate' is no rate.
WHOLE_WORDS = frozenset(("rate", "read", "angle", "visit", "test", "seed", "cite", "fatal"))
#: Answers, of which a text may be one of two.
ANSWERS = words(
    """
    yes no y n positive negative good poor pass fail success failure correct incorrect present
    absent alive dead survived died true false
    """
)
#: Different answers, at most.
MOST_ANSWERS = 3
#: Steps within groups that do not go down, in a column by which the rows were put in order.
IN_ORDER = 0.999
#: Steps from row to row that go up, from which times are those of a clock.
CLOCK = 0.9
#: Levels per run of equal neighbours, from which a grouping is in blocks of rows.
IN_BLOCKS = 0.98


class Context:
    """What a column is compared with.

    Parameters
    ----------
    left, found : list of ColumnProfile
        Columns without a role yet, and all of them.
    factors : list of ColumnProfile
        Grouping columns, the finest first.
    time : ColumnProfile, optional
        When rows were measured.
    """

    __slots__ = (
        "axes", "beginnings", "derived", "endings", "factors", "first", "found", "measured",
        "names", "ordered_by", "parts", "place", "series", "sold", "sources", "time", "trials",
    )  # fmt: skip

    def __init__(self, left, found, factors, time):
        self.found, self.factors, self.time = found, factors, time
        names = self.names = {p.name.lower() for p in found}
        self.derived = {p.name: derived_from(p.name, names) for p in found}
        self.sources = {*self.derived.values()}
        self.place = {p.name: i for i, p in enumerate(found)}
        self.sold = any(hint(p.name, QUANTITIES) for p in found)
        keys = {f.name for f in factors} | ({time.name} if time is not None else set())
        free = [p for p in left if not any(constant_within(p, f) for f in factors)]
        self.measured = [p for p in free if p.kind == "number" and p.n_distinct > 2]
        self.axes = names >= {"x", "y", "z"}
        # the first column after those that say who and when, where the table begins with them
        start = next((i for i, p in enumerate(found) if p.name not in keys), 0)
        self.first = found[start].name
        self.trials = [p for p in left if p.whole and p.low >= 0 and hint(p.name, TRIALS)]
        self.parts = {
            p.name: q.name
            for q in self.trials
            for p in left
            if p.whole and p.low >= 0 and p.high > 1 and p not in self.trials and _within(p, q)
        }
        self.ordered_by = None
        if factors and time is None and share_of_blocks(factors[0].codes) > IN_BLOCKS:
            self.ordered_by = next(
                (p.name for p in self.measured if rising(p, factors[0]) >= IN_ORDER), None
            )
        parts = [(tokens(p.name), p.is_text) for p in found]
        self.beginnings = [(t[0], text) for t, text in parts if len(t) > 1 and len(t[0]) > 1]
        self.endings = [(t[-1], text) for t, text in parts if len(t) > 1 and len(t[-1]) > 1]
        self.series: dict[str, list[int]] = {}
        for p in found:
            if (wave := _wave(p.name)) is not None:
                self.series.setdefault(wave[0], []).append(wave[1])


def evidence(p: ColumnProfile, context: Context) -> dict[str, str]:
    """What is true of a column, with words for what speaks for it; "" for what needs none.

    Examples
    --------
    >>> from mixedeffects.design import open_table
    >>> from mixedeffects.exploration.columns import profiles
    >>> table = {"dose": [1, 1, 2, 2], "yield": [4.5, 3.5, 6.5, 8.0]}
    >>> found, _ = profiles(open_table(table))
    >>> [*evidence(found[1], Context(found, found, [], None))]
    ['named whole', 'alone measured', 'fine', 'last, flat']
    """
    out = dict(_by_name(p, context))
    out.update(_by_relations(p, context))
    out.update(_by_values(p, context))
    out.update(_by_place(p, context))
    return out


def _by_name(p, context):
    name = p.name
    yield from _outcome_word(p, context)
    if hint(name, COVARIATES):
        yield "a fact", ""
    if hint(name, PREDICTORS):
        yield "a condition", ""
    if hint(name, TREATMENTS):
        yield "a treatment", ""
    if p in context.trials:
        yield ("trials of others" if context.parts else "trials"), ""
    elif name in context.parts:
        yield "among trials", f"it is never above {context.parts[name]}"
    if hint(name, LASTING) and _goes_up_and_down(p):
        yield "lasting", ""
    if name.lower() in CALENDAR:
        yield "calendar", ""
    if _numbers_things(p):
        yield "a number of things", ""
    if negated(name, context.names) is not None:
        yield "denies another", ""
    if context.derived[name] is not None or name.lower().startswith("cum"):
        yield "derived", ""
    if name.lower() in context.sources:
        yield "source of others", "others are computed from it"
    if context.sold and hint(name, {"price"}):
        yield "price of what is sold", ""
    parts = tokens(name)
    if name.lower() in ERRORS or parts[:1] == ["var"]:
        yield "an error", ""
    if p.whole and parts and parts[0] in COUNTING and len(parts) > 1:
        yield "a number of something", "its name says how many"
    if parts[:1] in (["log"], ["ln"]) and context.derived[name] is None:
        yield "a logarithm", "it is a logarithm of what is not in the table"
    if len(name) == 1:
        yield "one letter", ""
    ends = {*parts[:1], *parts[-1:]} if len(parts) > 1 else set()
    if ends & AFTER:
        yield "after", "its name says that it came last"
    if ends & BEFORE:
        yield "before", ""
    wave = _wave(name)
    if wave is not None and len(context.series[wave[0]]) > 1:
        latest = wave[1] == max(context.series[wave[0]])
        yield ("latest", "it is the last of its kind") if latest else ("earlier", "")
    if len(parts) > 1:
        if context.beginnings.count((parts[0], p.is_text)) > 1:
            yield "begins like others", ""
        if not parts[-1].isdigit() and context.endings.count((parts[-1], p.is_text)) > 1:
            yield "ends like others", ""


def _outcome_word(p, context):
    for kind, known in WORDS:
        if context.axes and p.name.lower() == "y":
            return  # a side of a box
        word = hint(p.name, known)
        if word == "y" and p.name.lower() != "y":
            word = None  # y98 is a year
        inside = word or contains(p.name, known - WHOLE_WORDS)
        if inside in GENERIC_OUTCOMES and p.name.lower().removesuffix("s") != inside:
            inside = None  # comparison values
        if inside is None:
            continue
        if inside in COVARIATES or _no_outcome(p, inside, context):
            return
        if p.name.lower() == word:
            yield f"{kind} whole", f"it is called '{p.name}'"
        else:
            yield f"{kind} {'part' if word else 'inside'}", f"its name has '{inside}'"
        return


def _are_answers(p) -> bool:
    return p.n_distinct <= MOST_ANSWERS and {str(v).lower() for v in p.labels} <= ANSWERS


def _no_outcome(p, word, context) -> bool:
    """Whether a word for outcomes is none here: a dose without times, the grade of a pupil."""
    if word in ("conc", "concentration"):
        return context.time is None and len(context.measured) > 1
    return word == "grade" and p.whole and p.low >= 0 and p.high <= LAST_GRADE


def _by_relations(p, context):
    """How a column varies within groups and over time."""
    if not context.factors:
        return
    finest = context.factors[0]
    if any(constant_within(p, f) for f in context.factors):
        yield "constant within groups", ""
        return
    yield "varies within groups", f"it varies within {finest.name}"
    if p.name == context.ordered_by:
        yield "orders the rows", ""
    if same_in_each(p, finest):
        yield "the same in each group", ""  # set by whoever designed the study
    elif counts_rows(p, finest) or goes_by_one(p, finest):
        yield "counts rows", ""  # the number of an occasion
    time = context.time
    if time is None or time.kind != "number" or p.kind != "number" or time.n_distinct < 3:
        return
    if time.codes is not None and time.n_present > 2 * time.n_distinct:
        if constant_within(p, time):
            yield "the same for all at a time", ""  # prices, the weather
    if runs_along(p, time, finest):
        yield "runs along with time", ""  # a second clock


def _by_values(p, context):
    even = p.codes is not None and p.n_present > p.n_distinct and 2 <= p.n_distinct <= MOST_SET
    if even and np.ptp(p.counts()) == 0:
        # as many rows of each value: set by whoever designed the study
        yield ("two values, even" if p.n_distinct == 2 else "few values, even"), ""
    if p.kind in ("number", "boolean"):
        if context.measured == [p]:
            yield "alone measured", "no other column is measured"
        if p.n_distinct > min(FINE, FINE_SHARE * p.n_present):
            yield "fine", f"{p.n_distinct:,} different numbers"
        else:
            yield ("few numbers" if p.n_distinct > 2 else "two numbers"), ""
    elif p.kind == "datetime":
        yield "a date", ""
    elif p.n_distinct == 2:
        yield "two texts", ""
        if _are_answers(p):
            yield "answers", f"it is '{p.labels[0]}' or '{p.labels[1]}'"
    elif p.kind == "ordered":
        yield "ordered texts", ""
    else:
        yield "texts", ""


def _by_place(p, context):
    kind = "grouped" if context.factors else "flat"
    if context.place[p.name] == len(context.found) - 1:
        yield f"last, {kind}", "it is the last column"
    elif context.place[p.name] == 0:
        yield f"first, {kind}", "it is the first column"
    elif p.name == context.first:
        yield "first after the groups", "it is the first after who and when"


def _within(p, q) -> bool:
    """Whether a number is never above another in the same row, and is often below it."""
    if p.high > q.high:
        return False
    rows = both_present(p, q)
    x, y = (c.values if rows is None else c.values[rows] for c in (p, q))
    return bool((x <= y).all() and (x < y).any())


def _goes_up_and_down(p) -> bool:
    """Whether numbers are in no order of rows, as those of a clock are."""
    if p.kind != "number":
        return False
    return p.n_present < 3 or float((np.diff(p.numbers()) >= 0).mean()) < CLOCK


def _wave(name):
    """Stem and number of a name that ends in one: re78."""
    match = re.fullmatch(r"(.*?[A-Za-z])[_.]?(\d+)", name)
    return None if match is None else (match[1].lower(), int(match[2]))


def _numbers_things(p) -> bool:
    """Whether numbers only tell things apart: 'sample number', ids, or ever larger ones."""
    if not p.whole:
        return False
    parts = tokens(p.name)
    if len(parts) > 1 and parts[-1] in NUMBERINGS:
        return True
    if parts and parts[-1] != "number" and parts[-1].endswith(("id", "code", "index")):
        return True
    if p.n_distinct < p.n_present or hint(p.name, OUTCOMES | MAYBE_OUTCOMES):
        return False
    if hint(p.name, GROUPS):
        return True
    return p.n_present > MANY_ROWS and bool((np.diff(p.numbers()) > 0).all())
