"""Which columns group rows: by name, by blocks of rows, by how their values repeat."""

from __future__ import annotations

import re

import numpy as np

from mixedeffects.exploration.blocks import blocks
from mixedeffects.exploration.columns import ColumnProfile, share_of_blocks
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
    TREATMENTS,
    TRIALS,
    abbreviates,
    contains,
    hint,
    tokens,
)
from mixedeffects.exploration.relations import constant_within, n_pairs
from mixedeffects.exploration.row_numbers import counts_rows

#: Text with this many levels is a grouping whatever its name.
MANY_TEXTS = 10
#: Points of a scale, and rows of each of them, at least.
MOST_POINTS, ROWS_OF_POINT = 7, 50
#: Years at school after which many leave.
GRADUATIONS = (8.0, 10.0, 11.0, 12.0, 13.0, 16.0)
#: Levels of a grouping whose name is cut short.
LEAST_SHORT = 5
#: Facts about people that texts of many labels can hold.
FACTS = frozenset(("birth", "gender", "education", "religion", "ethnic", "marital"))
#: Rows per level, on average, that a grouping has.
REPEATS = 1.2
#: Whole numbers without a telling name: levels needed, and how full their range must be.
MANY_NUMBERS, DENSE = 100, 0.4
#: Rows of the most frequent label for each of the median one, where labels begin at 0.
EVEN = 3.0
#: Blocks of equal neighbours: levels per block.
IN_BLOCKS = 0.98
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
    for name, reason in others.items():
        p = by_name[name]
        # a number that a named group has one of is a fact about the group, and one that goes up
        # in each counts its rows
        if not p.is_text and any(
            constant_within(p, by_name[g]) or counts_rows(p, by_name[g]) for g in named
        ):
            continue
        named[name] = reason
    if not named:
        named = blocks(found)
    reused = _reused(found, named)
    named |= reused
    return {p.name: named[p.name] for p in found if p.name in named}, set(reused)


def _by_name(p: ColumnProfile, found) -> str | None:
    if p.kind in ("boolean", "datetime") or (p.kind == "number" and not p.whole):
        return None
    word = hint(p.name, GROUPS)
    if word is None:
        return None
    if not p.is_text and _counted(p, word):
        return None
    if word == "group" and hint(p.name, COVARIATES):
        return None  # an age group is an age, and groups no rows that belong together
    if p.n_distinct <= 4 and hint(p.name, TREATMENTS):
        return None  # 'group' with two or three levels is a treatment
    if p.n_distinct == 2 and word not in PLACES:
        return None
    if not p.is_text and hint(p.name, MEASURES if word not in PERSONS | PLACES else COVARIATES):
        # a number of the school, such as its size, unless it is the number of the school
        if word not in PERSONS | PLACES or not NUMBERINGS & set(tokens(p.name)):
            return None
    if not p.is_text and word in PERSONS | PLACES and _says_how_much(p, found):
        return None
    return f"its name has '{word}', and its {p.n_distinct:,} values repeat"


def _says_how_much(p: ColumnProfile, found) -> bool:
    """Whether whole numbers with a name for people or places are an amount, or points of a scale.

    Numbers of units come in blocks of rows, or other columns say something of each unit.
    """
    parts = tokens(p.name)
    if NUMBERINGS & {*parts} or share_of_blocks(p.codes) > IN_BLOCKS:
        return False
    if hint(p.name, AMOUNTS_OF):
        return True
    some = len(parts) > 1 and not (p.low == 1 and p.high == p.n_distinct)
    scale = p.n_distinct <= MOST_POINTS and p.n_present > ROWS_OF_POINT * p.n_distinct
    mode = p.low + float(np.argmax(p.counts())) if p.high - p.low + 1 == p.n_distinct else -1.0
    schooling = parts[-1] in ("school", "schooling") and p.high <= 22 and mode in GRADUATIONS
    return (some or scale or schooling) and not _has_facts(p, found)


def _like_numbers_of_units(p: ColumnProfile) -> bool:
    """Whether whole numbers are small, with few gaps, or come in blocks of rows."""
    return p.n_distinct >= DENSE * (p.high + 1) or share_of_blocks(p.codes) >= IN_BLOCKS


def _has_facts(p: ColumnProfile, found) -> bool:
    """Whether another column has one value in each level."""
    return any(q is not p and q.n_distinct > 1 and constant_within(q, p) for q in found)


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
    if p.kind == "datetime" or p.kind == "boolean" or p.kind == "ordered":
        return None
    if p.is_text:
        words = sum(str(label).lower() in OCCASION_WORDS for label in p.labels[:20])
        if contains(p.name, FACTS) or hint(p.name, REMARKS):
            return None
        if _are_dates(p.labels) or _are_sentences(p.labels):
            return None
        if p.n_distinct >= MANY_TEXTS and words < 3 and not hint(p.name, MEASURES | OUTCOMES):
            return f"{p.n_distinct:,} labels that repeat"
        return None
    if not p.whole or p.low < 0 or hint(p.name, MEASURES | TRIALS) or p.n_distinct < 5:
        return None
    if _is_amount(p):
        return None
    if p.n_present >= 2 * p.n_distinct and share_of_blocks(p.codes) >= IN_BLOCKS:
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


def _counts_from_one(p: ColumnProfile) -> bool:
    """Whether whole numbers are 1, 2, … without a gap, as numbers of things are."""
    return p.whole and p.low in (0, 1) and p.high - p.low + 1 == p.n_distinct
