"""Which columns group rows: by name, by blocks of rows, by how their values repeat."""

from __future__ import annotations

import numpy as np

from mixedeffects.exploration.blocks import blocks
from mixedeffects.exploration.columns import ColumnProfile, share_of_blocks
from mixedeffects.exploration.group_structure import (
    cells_of_counts,
    combination,
    over_time,
    panel_of,
    reused_labels,
    second_name,
)
from mixedeffects.exploration.hints import (
    AMOUNTS_OF,
    COVARIATES,
    GROUPS,
    MEASURES,
    NUMBERINGS,
    PERSONS,
    PLACES,
    TREATMENTS,
    abbreviates,
    heads,
    hint,
    tokens,
)
from mixedeffects.exploration.labels import by_values, has_facts, like_numbers_of_units
from mixedeffects.exploration.relations import constant_within
from mixedeffects.exploration.row_numbers import counts_rows

#: Text with this many levels is a grouping whatever its name.
MANY_TEXTS = 10
#: Points of a scale, and rows of each of them, at least.
MOST_POINTS, ROWS_OF_POINT = 7, 50
#: Years at school after which many leave.
GRADUATIONS = (8.0, 10.0, 11.0, 12.0, 13.0, 16.0)
#: Levels of a grouping whose name is cut short.
LEAST_SHORT = 5
#: Rows per level, on average, that a grouping has.
REPEATS = 1.2
#: Blocks of equal neighbours: levels per block.
IN_BLOCKS = 0.98
#: First words of names that say how many: 'number of patients' numbers none.
COUNTED = frozenset(("number", "num", "n", "count", "total", "mean", "avg"))
#: Letters of a label, at most, that may be a code.
SHORT_CODE = 3
#: Last words of names of categories.
KINDS = frozenset(("type", "kind", "category", "status"))
#: Levels of a text that has one row at each time, at least.
LEAST_OVER_TIME = 5


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
        reason = by_values(p, found)
        if reason is not None:
            others[p.name] = reason
    by_name = {p.name: p for p in found}
    certain = [by_name[g] for g in named]
    panel = panel_of(found, certain) if others else None
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
    named = {g: reason for g, reason in named.items() if not second_name(by_name[g], certain)}
    named = {g: reason for g, reason in named.items() if not combination(by_name[g], found, named)}
    if not named:
        named = over_time(found) or blocks(found)
    reused = reused_labels(found, named)
    named |= reused
    return {p.name: named[p.name] for p in found if p.name in named}, set(reused)


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
    if word == "study" and p.n_distinct < LEAST_OVER_TIME:
        return None
    if not p.is_text and hint(p.name, MEASURES if word not in PERSONS | PLACES else COVARIATES):
        # a number of the school, such as its size, unless it is the number of the school
        if word not in PERSONS | PLACES or tokens(p.name)[-1] not in NUMBERINGS:
            return None
    if not p.is_text and word in PERSONS | PLACES and _says_how_much(p, found):
        return None
    if not p.is_text and word not in PERSONS | PLACES | {"id", "ids"}:
        numbered = tokens(p.name)[-1] in NUMBERINGS or p.name.lower().endswith("id")
        if not (numbered or like_numbers_of_units(p) or has_facts(p, found)):
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
    return schooling or ((some or scale) and not has_facts(p, found))


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
    if not p.is_text and not (like_numbers_of_units(p) and has_facts(p, found)):
        return None
    return f"its name may be short for '{word}', and its {p.n_distinct:,} values repeat"


def _counted(p: ColumnProfile, word) -> bool:
    """Whether whole numbers count things of a name: stations that saw a quake, hospital stays."""
    many = {f"{word}s", f"{word}es"} & {*tokens(p.name)}
    none = p.low == 0 and int(np.argmax(p.counts())) == 0 and float(p.counts()[0]) > 0.3 * p.n
    return p.low >= 0 and bool(many or none)
