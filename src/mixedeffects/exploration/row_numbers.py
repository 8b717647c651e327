"""Numbers that only count the rows of a level: trials, occasions, the pupils of a school."""

from __future__ import annotations

import numpy as np

from mixedeffects.exploration.columns import ColumnProfile
from mixedeffects.exploration.hints import (
    NUMBERINGS,
    PARTS,
    PERSONS,
    PLACES,
    TIMES,
    hint,
    tokens,
    words,
)
from mixedeffects.exploration.relations import n_pairs, relate
from mixedeffects.exploration.times import rising

#: Combinations with one row, of all rows, where numbers count rows.
ONE_ROW = 0.95
#: Levels in which numbers of their rows begin with the first number, and those in which they have
#: no gap, at least.
FROM_FIRST, WITHOUT_GAPS = 0.5, 0.9
#: Occasions for each that has a row, at most.
MISSED = 2.0
#: Combinations of number and place, of all, below which no number is in all places.
MOST_COMBINATIONS = 0.5
#: Steps from row to row of a level that are one, at least.
BY_ONE = 0.9
#: Facts that people keep; share of numbers, of those with several rows, that have several of one.
FIXED, CHANGED = words("sex gender race born birthyear"), 0.3
#: Places of which a person is in one, even where each has as many.
HOMES = words(
    "school class classroom hospital clinic center centre city village county country farm company "
    "university college district"
)


def counts_rows(p: ColumnProfile, factor: ColumnProfile) -> bool:
    """Whether whole numbers go up from row to row of each level, as numbers of trials do.

    Examples
    --------
    >>> from mixedeffects.exploration.columns import profiles
    >>> from mixedeffects.design import open_table
    >>> table = {"id": [*"aaabbb"], "occ": [1, 2, 3, 1, 2, 3], "y": [5, 6, 4, 3, 7, 9]}
    >>> who, occ, y = profiles(open_table(table))[0]
    >>> counts_rows(occ, who), counts_rows(y, who)
    (True, False)
    """
    if p.kind != "number" or not p.whole or p.low not in (0, 1) or p.n_missing or factor.n_missing:
        return False
    first, last, rows = _ends(p, factor)
    if float((first == p.low).mean()) <= FROM_FIRST or int(rows.max()) < 2:
        return False
    gapless = float((last - first + 1 <= MISSED * rows).mean()) >= WITHOUT_GAPS
    return gapless and _once(p, factor) and rising(p, factor) >= ONE_ROW


def goes_by_one(p: ColumnProfile, factor: ColumnProfile) -> bool:
    """Whether whole numbers go up by one from row to row of each level, as occasions do.

    Examples
    --------
    >>> from mixedeffects.exploration.columns import profiles
    >>> from mixedeffects.design import open_table
    >>> table = {"id": [*"aaabbb"], "occ": [3, 4, 5, 7, 8, 9], "y": [5, 6, 4, 3, 7, 9]}
    >>> who, occ, y = profiles(open_table(table))[0]
    >>> goes_by_one(occ, who), goes_by_one(y, who)
    (True, False)
    """
    if p.kind != "number" or not p.whole or p.n_missing or factor.n_missing:
        return False
    inside = np.diff(factor.places) == 0
    steps = np.diff(p.values.astype(np.float64))[inside]
    return steps.size >= factor.n_distinct and float((steps == 1.0).mean()) >= BY_ONE


def row_number(p: ColumnProfile, others, factors=()) -> tuple[str, float] | None:
    """The place within which a person's number only tells rows apart, and how surely.

    Parameters
    ----------
    others : sequence of ColumnProfile
        Grouping columns beside it.
    factors : sequence of ColumnProfile
        Treatments.

    Examples
    --------
    >>> from mixedeffects.exploration.columns import profiles
    >>> from mixedeffects.design import open_table
    >>> found, _ = profiles(open_table({"school": [*"aaabb"], "pupil": [1, 2, 3, 1, 2]}))
    >>> row_number(found[1], found[:1])
    ('school', 1.0)
    """
    if p.kind == "number" and hint(p.name, PARTS) and tokens(p.name)[-1] in NUMBERINGS:
        for other in factors:
            if other is not p and n_pairs(p, other) == p.n_present == other.n_present:
                return other.name, 1.0  # plants are in one pot, or have one treatment
    person = hint(p.name, PERSONS | {"id"}) is not None
    if not person and (p.is_text or p.low not in (0, 1) or hint(p.name, PLACES) is None):
        return None
    for other in others:
        if hint(other.name, PLACES) is None:
            continue
        pair = relate(p, other)
        if pair is None or pair.kind in ("nested", "same"):
            continue
        share = pair.n_pairs / p.n_present
        if not person:  # the districts of a state
            if share >= ONE_ROW and pair.share < MOST_COMBINATIONS and pair.kind != "crossed":
                return other.name, share
            continue
        sparse = pair.share < MOST_COMBINATIONS and p.n_distinct > other.n_distinct
        ragged = pair.kind != "crossed" or hint(other.name, HOMES) is not None
        if share >= ONE_ROW and (
            (sparse and pair.kind != "crossed") or (ragged and _numbered_in(p, other))
        ):
            return other.name, share
    return None


def drawn_anew(p: ColumnProfile, found) -> str | None:
    """The time at each of which people are numbered anew, as in surveys: most numbers change sex.

    Examples
    --------
    >>> from mixedeffects.exploration.columns import profiles
    >>> from mixedeffects.design import open_table
    >>> table = {"id": [1, 2, 3] * 2, "year": [1990] * 3 + [1992] * 3, "sex": [*"mffffm"]}
    >>> found, _ = profiles(open_table(table))
    >>> drawn_anew(found[0], found)
    'year'
    """
    if p.codes is None or p.n_missing or hint(p.name, PERSONS | {"id"}) is None:
        return None
    facts = [q for q in found if q.codes is not None and hint(q.name, FIXED) and not q.n_missing]
    times = [q for q in found if q.codes is not None and q is not p and hint(q.name, TIMES)]
    for fact in facts:
        rows = p.counts()
        several = np.bincount(
            np.unique(p.places.astype(np.int64) * fact.n_distinct + fact.places) // fact.n_distinct,
            minlength=p.n_distinct,
        )
        again = rows > 1
        if not again.any() or float((several[again] > 1).mean()) < CHANGED:
            continue
        for time in times:
            if n_pairs(p, time) == p.n_present:
                return time.name
    return None


def _numbered_in(p, other) -> bool:
    """Whether every place has the numbers from the first to that of its rows, without a gap."""
    if p.kind != "number" or not p.whole or p.low not in (0, 1) or p.n_missing or other.n_missing:
        return False
    first, last, rows = _ends(p, other)
    return float(((first == p.low) & (last - first + 1 == rows)).mean()) >= WITHOUT_GAPS


def _ends(p, factor):
    """Smallest and largest number, and rows, of each level."""
    values = p.values.astype(np.float64)
    first, last = np.full(factor.n_distinct, p.high), np.full(factor.n_distinct, p.low)
    np.minimum.at(first, factor.places, values)
    np.maximum.at(last, factor.places, values)
    return first, last, factor.counts()


def _once(p, factor) -> bool:
    return n_pairs(p, factor) >= ONE_ROW * p.n_present
