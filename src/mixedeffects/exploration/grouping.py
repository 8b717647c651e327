"""Which columns group rows: by name, by blocks of rows, by how their values repeat."""

from __future__ import annotations

import itertools
import re

import numpy as np

from mixedeffects.exploration.blocks import blocks
from mixedeffects.exploration.columns import NUMBER, ColumnProfile, share_of_blocks
from mixedeffects.exploration.hints import (
    AMOUNTS_OF,
    COVARIATES,
    GROUPS,
    MEASURES,
    NUMBERINGS,
    OCCASION_WORDS,
    OUTCOMES,
    PERSONS,
    PLACES,
    REMARKS,
    SEASONS,
    TIMES,
    TREATMENTS,
    TRIALS,
    abbreviates,
    contains,
    heads,
    hint,
    tokens,
)
from mixedeffects.exploration.relations import (
    both_present,
    constant_within,
    n_pairs,
    same_in_each,
)
from mixedeffects.exploration.row_numbers import counts_rows
from mixedeffects.exploration.times import are_years

#: Text with this many levels is a grouping whatever its name.
MANY_TEXTS = 10
#: Points of a scale, and rows of each of them, at least.
MOST_POINTS, ROWS_OF_POINT = 7, 50
#: Years at school after which many leave.
GRADUATIONS = (8.0, 10.0, 11.0, 12.0, 13.0, 16.0)
#: Levels of a grouping whose name is cut short.
LEAST_SHORT = 5
#: Facts about people that texts of many labels can hold.
FACTS = frozenset(
    ("birth", "gender", "education", "religion", "ethnic", "marital", "occupation", "diagnos")
)
#: Rows per level, on average, that a grouping has.
REPEATS = 1.2
#: Whole numbers without a telling name: levels needed, and how full their range must be.
MANY_NUMBERS, DENSE = 100, 0.4
#: Rows of the most frequent label for each of the median one, where labels begin at 0.
EVEN = 3.0
#: Blocks of equal neighbours: levels per block.
IN_BLOCKS = 0.98
#: Smallest number from which numbers in order are labels rather than a measurement; share of texts
#: that are numbers, from which the others are remarks.
LARGE, MOSTLY = 1000.0, 0.7
#: Facts about a group that are looked at in pairs, at most.
MOST_FACTS = 8
#: Numbers with a name for a measurement that may be units all the same, at least.
LEAST_UNITS = 8
#: Names of the counts of a table of counts.
FREQUENCIES = frozenset(("freq", "frequency"))
#: First words of names that say how many: 'number of patients' numbers none.
COUNTED = frozenset(("number", "num", "n", "count", "total", "mean", "avg"))
#: Rows of each number, at least, where nothing but their order says that they are labels.
LEAST_EVEN = 3
#: Letters of a label, at most, that may be a code.
SHORT_CODE = 3
#: Last words of names of categories.
KINDS = frozenset(("type", "kind", "category", "status"))
#: Levels of a text that has one row at each time, at least.
LEAST_OVER_TIME = 5
#: Words of a label, on average, from which it is a sentence.
SENTENCE = 4
DATE = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}\b")
#: Levels of the finer grouping in each of the coarser, from which labels can start anew.
ANEW = 1.5


def groupings(found) -> tuple[dict[str, str], set[str]]:
    """Grouping columns with the reason for each, and those whose labels start anew.

    Parameters
    ----------
    found : list of ColumnProfile
        Columns that may be groupings.

    Returns
    -------
    dict of str to str, set of str
        Reasons; columns that only number the levels of another within a third.

    Examples
    --------
    >>> from mixedeffects.exploration.columns import profiles
    >>> from mixedeffects.design import open_table
    >>> table = {"school": [7, 7, 9, 9], "sex": list("fmfm"), "score": [1.0, 2.5, 3.0, 4.0]}
    >>> groupings(profiles(open_table(table))[0])
    ({'school': "its name has 'school', and its 2 values repeat"}, set())
    """
    if cells_of_counts(found):
        return {}, set()
    named, others = {}, {}
    for p in found:
        if p.codes is None or p.n_distinct < 2 or p.n_present < REPEATS * p.n_distinct:
            continue
        reason = _by_name(p, found) or _by_abbreviation(p, found)
        if reason is not None:
            named[p.name] = reason
            continue
        reason = _by_values(p, found)
        if reason is not None:
            others[p.name] = reason
    by_name = {p.name: p for p in found}
    certain = [by_name[g] for g in named]
    panel = _panel(found, certain) if others else None
    for name, reason in others.items():
        p = by_name[name]
        # what a named group has one of is a fact about the group, and a number that goes up in each
        # counts its rows
        if any(constant_within(p, g) for g in certain):
            continue
        if not p.is_text and panel is not None and not constant_within(panel, p):
            continue
        if not p.is_text and any(counts_rows(p, g) for g in certain):
            if share_of_blocks(p.places) < 1.0:
                continue
            # of two that number each other's rows, the one whose rows are together is the unit
            for g in certain:
                if not hint(g.name, PERSONS) and counts_rows(g, p):
                    named.pop(g.name, None)
        named[name] = reason
    named = {g: reason for g, reason in named.items() if not _second_name(by_name[g], certain)}
    named = {g: reason for g, reason in named.items() if not _combination(by_name[g], found, named)}
    if not named:
        named = _over_time(found) or blocks(found)
    reused = _reused(found, named)
    named |= reused
    return {p.name: named[p.name] for p in found if p.name in named}, set(reused)


def _panel(found, named) -> ColumnProfile | None:
    """A named group with one row at each time: other numbers, such as ranks, are facts of a row."""
    times = [q for q in found if q.codes is not None and (hint(q.name, TIMES) or are_years(q))]
    for p in named:
        for time in times:
            if time is not p and n_pairs(p, time) == p.n_present == time.n_present:
                return p
    return None


def _second_name(p: ColumnProfile, named) -> bool:
    """Whether a group has names of its own beside: species and species_id."""
    parts = [t for t in tokens(p.name) if t not in NUMBERINGS | {"name"}]
    return any(
        q is not p and constant_within(p, q) and q.n_distinct > p.n_distinct
        and [t for t in tokens(q.name) if t not in NUMBERINGS | {"name"}] == parts
        for q in named
    )  # fmt: skip


def _combination(p: ColumnProfile, found, named) -> bool:
    """Whether labels stand for all combinations of two factors that are no groups: treatments."""
    facts = [
        q for q in found
        if q.name not in named and q.codes is not None and 1 < q.n_distinct < p.n_distinct
        and p.n_distinct % q.n_distinct == 0 and (q.is_text or q.whole) and constant_within(q, p)
    ]  # fmt: skip
    return any(
        a.n_distinct * b.n_distinct == p.n_distinct == n_pairs(a, b)
        for a, b in itertools.combinations(facts[:MOST_FACTS], 2)
    )


def cells_of_counts(found) -> bool:
    """Whether rows are the cells of a table of counts: a frequency for each combination of labels.

    Examples
    --------
    >>> from mixedeffects.exploration.columns import profiles
    >>> from mixedeffects.design import open_table
    >>> table = {"hair": [*"abab"], "eyes": [*"xxyy"], "Freq": [5, 3, 8, 1]}
    >>> cells_of_counts(profiles(open_table(table))[0])
    True
    """
    counts = [p for p in found if p.whole and p.low >= 0 and hint(p.name, FREQUENCIES)]
    others = [p for p in found if p not in counts]
    if len(counts) != 1 or len(others) < 2 or any(p.codes is None for p in others):
        return False
    if not all(p.is_text or p.n_distinct <= MANY_TEXTS for p in others):
        return False
    return len(set(zip(*(p.places.tolist() for p in others), strict=True))) == counts[0].n


def _by_name(p: ColumnProfile, found) -> str | None:
    if p.kind in ("boolean", "datetime") or (p.kind == "number" and not p.whole):
        return None
    word = heads(p.name, GROUPS)
    if word is None:
        return None
    if not p.is_text and _counted(p, word):
        return None
    if _is_kind(p):
        return None  # the type of a plot is no plot
    if word == "group" and hint(p.name, COVARIATES):
        return None  # an age group is an age, and groups no rows that belong together
    if p.n_distinct <= 4 and hint(p.name, TREATMENTS):
        return None  # 'group' with two or three levels is a treatment
    if p.n_distinct == 2 and word not in PLACES - {"class"}:
        return None
    if not p.is_text and hint(p.name, MEASURES if word not in PERSONS | PLACES else COVARIATES):
        # a number of the school, such as its size, unless it is the number of the school
        if word not in PERSONS | PLACES or tokens(p.name)[-1] not in NUMBERINGS:
            return None
    if not p.is_text and word in PERSONS | PLACES and _says_how_much(p, found):
        return None
    if not p.is_text and word not in PERSONS | PLACES | {"id", "ids"}:
        numbered = tokens(p.name)[-1] in NUMBERINGS or p.name.lower().endswith("id")
        if not (numbered or _like_numbers_of_units(p) or _has_facts(p, found)):
            return None
    return f"its name has '{word}', and its {p.n_distinct:,} values repeat"


def _is_kind(p: ColumnProfile) -> bool:
    """Whether a name says that labels are categories: plot_type, payor_group."""
    *before, last = tokens(p.name)
    if last in KINDS:
        return True
    if last not in ("group", "class") or not p.is_text or p.n_distinct > MANY_TEXTS:
        return False
    if before:
        return not hint(" ".join(before), PLACES)
    return all(str(label).isalpha() and len(str(label)) > SHORT_CODE for label in p.labels)


def _says_how_much(p: ColumnProfile, found) -> bool:
    """Whether whole numbers with a name for people or places are an amount, or points of a scale.

    Numbers of units come in blocks of rows, or other columns say something of each unit.
    """
    parts = tokens(p.name)
    if hint(p.name, AMOUNTS_OF) or parts[0] in COUNTED:
        return True
    if parts[-1] in NUMBERINGS or share_of_blocks(p.codes) > IN_BLOCKS:
        return False
    some = len(parts) > 1 and not (p.low == 1 and p.high == p.n_distinct)
    scale = p.n_distinct <= MOST_POINTS and p.n_present > ROWS_OF_POINT * p.n_distinct
    mode = float(p.labels[int(np.argmax(p.counts()))])
    schooling = parts[-1] in ("school", "schooling") and p.high <= 22 and mode in GRADUATIONS
    return schooling or ((some or scale) and not _has_facts(p, found))


def _like_numbers_of_units(p: ColumnProfile) -> bool:
    """Whether whole numbers are small, with few gaps, or come in blocks of rows."""
    return p.n_distinct >= DENSE * (p.high + 1) or share_of_blocks(p.codes) >= IN_BLOCKS


def _has_facts(p: ColumnProfile, found) -> bool:
    """Whether another column has one value in each level, and is no function of it."""
    return any(
        q is not p and q.n_distinct > 1 and constant_within(q, p) and not _goes_with(q, p)
        for q in found
    )


def _goes_with(q: ColumnProfile, p: ColumnProfile) -> bool:
    """Whether numbers go up or down with others throughout, as their logarithms do."""
    if p.is_text or q.is_text or (hint(p.name, GROUPS) and 2 * q.n_distinct < p.n_distinct):
        return False
    rows = both_present(p, q)
    x, y = (c.values if rows is None else c.values[rows] for c in (p, q))
    steps = np.diff(y[np.argsort(x, kind="stable")].astype(np.float64))
    return bool((steps >= 0).all() or (steps <= 0).all())


def _by_abbreviation(p: ColumnProfile, found) -> str | None:
    """A name that begins a word for groups, of labels that say something of other columns."""
    if (
        p.kind in ("boolean", "datetime")
        or p.n_distinct < LEAST_SHORT
        or (p.kind == "number" and not (p.whole and p.low >= 0))
    ):
        return None
    known = COVARIATES | TREATMENTS | MEASURES
    word = abbreviates(p.name, GROUPS)
    if word is None or hint(p.name, known):
        return None
    if not p.is_text and not (_like_numbers_of_units(p) and _has_facts(p, found)):
        return None
    return f"its name may be short for '{word}', and its {p.n_distinct:,} values repeat"


def _counted(p: ColumnProfile, word) -> bool:
    """Whether whole numbers count things of a name: stations that saw a quake, hospital stays."""
    many = {f"{word}s", f"{word}es"} & {*tokens(p.name)}
    none = p.low == 0 and int(np.argmax(p.counts())) == 0 and float(p.counts()[0]) > 0.3 * p.n
    return p.low >= 0 and bool(many or none)


def _by_values(p: ColumnProfile, found) -> str | None:
    if p.kind == "datetime" or p.kind == "boolean" or p.kind == "ordered" or are_years(p):
        return None
    if p.is_text:
        words = sum(str(label).lower() in OCCASION_WORDS for label in p.labels[:20])
        if _mostly_numbers(p.labels):
            return None
        if contains(p.name, FACTS) or hint(p.name, REMARKS):
            return None
        if _are_dates(p.labels) or _are_sentences(p.labels):
            return None
        if p.n_distinct >= MANY_TEXTS and words < 3 and not hint(p.name, MEASURES | OUTCOMES):
            return f"{p.n_distinct:,} labels that repeat"
        return None
    if not p.whole or p.low < 0 or p.n_distinct < LEAST_OVER_TIME:
        return None
    if hint(p.name, MEASURES | TRIALS):
        blocks_of_rows = p.n_distinct >= LEAST_UNITS and share_of_blocks(p.codes) == 1.0
        labels = blocks_of_rows and (_uneven_steps(p) or (p.low == 1 and _counts_from_one(p)))
        codes = share_of_blocks(p.codes) == 1.0 and p.low > LARGE and not hint(p.name, TIMES)
        if codes and p.n_present >= LEAST_UNITS * p.n_distinct:
            return f"{p.n_distinct:,} large numbers, each in one block of rows"
        if labels and any(same_in_each(q, p) for q in found):
            return f"{p.n_distinct:,} numbers, each in one block of rows that are alike"
        return None
    if _is_amount(p):
        return None
    if p.n_present >= 2 * p.n_distinct and share_of_blocks(p.codes) >= IN_BLOCKS:
        # rows may as well be in the order of a measurement
        labels = p.low == 1 and _counts_from_one(p)
        labels = labels or p.low > LARGE or _has_facts(p, found)
        some = p.n_distinct >= LEAST_UNITS and p.n_present >= LEAST_EVEN * p.n_distinct
        if labels or (some and not in_order(p)) or _uneven_steps(p):
            return f"{p.n_distinct:,} whole numbers, each in one block of rows"
    dense = p.n_distinct / (p.high - p.low + 1)
    many = p.n_distinct >= MANY_NUMBERS and p.n_present >= 2 * p.n_distinct
    if many and dense >= DENSE and (_even(p) or p.low == 1 or _has_facts(p, found)):
        if not _smooth(p.counts()):
            return f"{p.n_distinct:,} whole numbers that repeat like labels, not like a measurement"
    return None


def _even(p: ColumnProfile) -> bool:
    """Whether whole numbers from 0 are about equally frequent."""
    counts = p.counts()
    return p.low == 0 and float(counts.max()) <= EVEN * float(np.median(counts))


def _is_amount(p: ColumnProfile) -> bool:
    """Whether whole numbers from 0 are amounts: the small ones frequent, or with gaps."""
    if p.low > 0:
        return False
    counts = p.counts()
    return _smooth(counts) or p.high - p.low + 1 > p.n_distinct


def _are_dates(labels) -> bool:
    """Whether texts are dates, year first."""
    return all(DATE.match(str(label)) for label in labels[:20])


def _are_sentences(labels) -> bool:
    return bool(np.mean([len(str(label).split()) for label in labels[:200]]) >= SENTENCE)


def _mostly_numbers(labels) -> bool:
    """Whether most texts are numbers: a measurement with remarks in place of some values."""
    some = [str(label) for label in labels[:: max(1, len(labels) // 200)]]
    return float(np.mean([NUMBER.fullmatch(label) is not None for label in some])) > MOSTLY


def in_order(p: ColumnProfile) -> bool:
    """Whether numbers never go down from row to row, or never up."""
    steps = np.diff(p.numbers())
    return bool((steps >= 0).all() or (steps <= 0).all())


def _uneven_steps(p: ColumnProfile) -> bool:
    """Whether numbers have as many rows each, and uneven steps between them, as few amounts do."""
    counts = p.counts()
    steps = np.diff(np.unique(p.numbers()))
    return bool(np.ptp(counts) == 0 and counts[0] >= LEAST_EVEN and np.ptp(steps) > 0)


def _smooth(counts) -> bool:
    """Whether neighbouring values are about equally frequent, as in a measurement."""
    c = counts.astype(np.float64)
    c -= c.mean()
    total = float(c @ c)
    return total > 0 and float(c[1:] @ c[:-1]) / total > 0.5


def _reused(found, named) -> dict[str, str]:
    """Labels that start anew in each level of a grouping, when the combination is there too."""
    by_name = {p.name: p for p in found}
    out = {}
    for p in found:
        if not (p.is_text or _counts_from_one(p)) or p.codes is None:
            continue
        if hint(p.name, TREATMENTS | COVARIATES):
            continue
        for fine in named:
            for coarse in named:
                a, b = by_name[fine], by_name[coarse]
                if len({fine, coarse, p.name}) < 3 or not 2 <= p.n_distinct < a.n_distinct:
                    continue
                if a.n_distinct < ANEW * b.n_distinct:
                    continue
                if not (constant_within(p, a) and constant_within(b, a)):
                    continue
                if p.n_distinct < b.n_distinct and n_pairs(p, b) == a.n_distinct:
                    out.setdefault(
                        p.name,
                        f"its labels start anew in each {coarse}: {coarse}:{p.name} is {fine}",
                    )
    return out


def _over_time(found) -> dict[str, str]:
    """A text, or numbers from 1, with one row at each of several times: the units of a panel."""
    times = [
        p for p in found
        if p.codes is not None and (p.kind == "datetime" or hint(p.name, TIMES))
        and p.n_present >= 2 * p.n_distinct and p.n_distinct > 2
    ]  # fmt: skip
    for p in sorted(found, key=lambda p: -p.n_distinct):
        if p.codes is None or p.n_distinct < LEAST_OVER_TIME or p.n_present < 2 * p.n_distinct:
            continue
        if not (p.is_text or _counts_from_one(p)) or hint(p.name, TREATMENTS | COVARIATES):
            continue
        if hint(p.name, SEASONS) or (not p.is_text and hint(p.name, MEASURES | OUTCOMES)):
            continue
        for time in times:
            if time is not p and n_pairs(p, time) == p.n_present == time.n_present:
                return {p.name: f"each of its {p.n_distinct:,} values has one row for each {time.name}"}
    return {}


def _counts_from_one(p: ColumnProfile) -> bool:
    """Whether whole numbers are 1, 2, … without a gap, as numbers of things are."""
    return p.whole and p.low in (0, 1) and p.high - p.low + 1 == p.n_distinct
