"""Whether labels and numbers without a telling name group rows, by how they repeat."""

from __future__ import annotations

import re

import numpy as np

from mixedeffects.exploration.columns import NUMBER, ColumnProfile, share_of_blocks
from mixedeffects.exploration.hints import (
    GROUPS,
    MEASURES,
    OCCASION_WORDS,
    OUTCOMES,
    REMARKS,
    TIMES,
    TRIALS,
    contains,
    hint,
)
from mixedeffects.exploration.relations import both_present, constant_within, same_in_each
from mixedeffects.exploration.times import are_years

#: Text with this many levels is a grouping whatever its name.
MANY_TEXTS = 10
#: Facts about people that texts of many labels can hold.
FACTS = frozenset(
    ("birth", "gender", "education", "religion", "ethnic", "marital", "occupation", "diagnos")
)
#: Whole numbers without a telling name: levels needed, and how full their range must be.
MANY_NUMBERS, DENSE = 100, 0.4
#: Rows of the most frequent label for each of the median one, where labels begin at 0.
EVEN = 3.0
#: Blocks of equal neighbours: levels per block.
IN_BLOCKS = 0.98
#: Smallest number from which numbers in order are labels rather than a measurement; share of texts
#: that are numbers, from which the others are remarks.
LARGE, MOSTLY = 1000.0, 0.7
#: Numbers with a name for a measurement that may be units all the same, at least.
LEAST_UNITS = 8
#: Rows of each number, at least, where nothing but their order says that they are labels.
LEAST_EVEN = 3
#: Levels of a text that has one row at each time, at least.
LEAST_OVER_TIME = 5
#: Ends of names of numbers of things; the share that is most.
NUMBERED, HALF = ("nr", "id", "code"), 0.5
#: Words of a label, on average, from which it is a sentence.
SENTENCE = 4
DATE = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}\b")


def like_numbers_of_units(p: ColumnProfile) -> bool:
    """Whether whole numbers are small, with few gaps, or come in blocks of rows."""
    return p.n_distinct >= DENSE * (p.high + 1) or share_of_blocks(p.codes) >= IN_BLOCKS


def has_facts(p: ColumnProfile, found) -> bool:
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


def by_values(p: ColumnProfile, found) -> str | None:
    """Why a column without a telling name groups rows; None where it does not.

    Examples
    --------
    >>> from mixedeffects.exploration.columns import profiles
    >>> from mixedeffects.design import open_table
    >>> table = {"q": [7001, 7001, 7001, 7005, 7005, 7005] + [7009 + i // 3 for i in range(9)]}
    >>> by_values(profiles(open_table(table))[0][0], [])
    '5 whole numbers, each in one block of rows'
    """
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
    numbered = p.name.lower().endswith(NUMBERED) and p.n_distinct >= MANY_TEXTS
    if numbered and not hint(p.name, MEASURES | TRIALS) and has_facts(p, found):
        return (
            f"its name ends like that of a number of things, and its {p.n_distinct:,} values repeat"
        )
    if hint(p.name, MEASURES | TRIALS):
        blocks_of_rows = p.n_distinct >= LEAST_UNITS and share_of_blocks(p.codes) == 1.0
        labels = blocks_of_rows and (_uneven_steps(p) or (p.low == 1 and counts_from_one(p)))
        codes = share_of_blocks(p.codes) == 1.0 and p.low > LARGE and not hint(p.name, TIMES)
        codes = codes and not _round(p)
        if codes and p.n_present >= LEAST_UNITS * p.n_distinct:
            return f"{p.n_distinct:,} large numbers, each in one block of rows"
        if labels and any(same_in_each(q, p) for q in found):
            return f"{p.n_distinct:,} numbers, each in one block of rows that are alike"
        return None
    if _is_amount(p):
        return None
    if p.n_present >= 2 * p.n_distinct and share_of_blocks(p.codes) >= IN_BLOCKS:
        # rows may as well be in the order of a measurement
        labels = p.low == 1 and counts_from_one(p)
        labels = labels or (p.low > LARGE and (numbered or not _round(p)))
        labels = labels or has_facts(p, found)
        some = p.n_distinct >= LEAST_UNITS and p.n_present >= LEAST_EVEN * p.n_distinct
        if labels or (some and not in_order(p)) or _uneven_steps(p):
            return f"{p.n_distinct:,} whole numbers, each in one block of rows"
    dense = p.n_distinct / (p.high - p.low + 1)
    many = p.n_distinct >= MANY_NUMBERS and p.n_present >= 2 * p.n_distinct
    if many and dense >= DENSE and (_even(p) or p.low == 1 or has_facts(p, found)):
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


def _round(p: ColumnProfile) -> bool:
    """Whether most of the different numbers are multiples of ten, as amounts are."""
    return float((np.asarray(p.labels, dtype=np.float64) % 10 == 0).mean()) > HALF


def _smooth(counts) -> bool:
    """Whether neighbouring values are about equally frequent, as in a measurement."""
    c = counts.astype(np.float64)
    c -= c.mean()
    total = float(c @ c)
    return total > 0 and float(c[1:] @ c[:-1]) / total > 0.5


def counts_from_one(p: ColumnProfile) -> bool:
    """Whether whole numbers are 1, 2, … without a gap, as numbers of things are."""
    return p.whole and p.low in (0, 1) and p.high - p.low + 1 == p.n_distinct
