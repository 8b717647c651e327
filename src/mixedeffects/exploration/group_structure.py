"""Groups seen by how columns relate: panels, second names, combinations, labels begun anew."""

from __future__ import annotations

import itertools

from mixedeffects.exploration.columns import ColumnProfile
from mixedeffects.exploration.hints import (
    COVARIATES,
    MEASURES,
    NUMBERINGS,
    OUTCOMES,
    SEASONS,
    TIMES,
    TREATMENTS,
    hint,
    tokens,
)
from mixedeffects.exploration.labels import counts_from_one
from mixedeffects.exploration.relations import constant_within, n_pairs
from mixedeffects.exploration.times import are_years

#: Text with this many levels is a grouping whatever its name.
MANY_TEXTS = 10
#: Facts about a group that are looked at in pairs, at most.
MOST_FACTS = 8
#: Names of the counts of a table of counts.
FREQUENCIES = frozenset(("freq", "frequency"))
#: Levels of a text that has one row at each time, at least.
LEAST_OVER_TIME = 5
#: Levels of the finer grouping in each of the coarser, from which labels can start anew.
ANEW = 1.5


def panel_of(found, named) -> ColumnProfile | None:
    """A named group with one row at each time: other numbers, such as ranks, are facts of a row."""
    times = [q for q in found if q.codes is not None and (hint(q.name, TIMES) or are_years(q))]
    for p in named:
        for time in times:
            if time is not p and n_pairs(p, time) == p.n_present == time.n_present:
                return p
    return None


def second_name(p: ColumnProfile, named) -> bool:
    """Whether a group has names of its own beside: species and species_id."""
    parts = [t for t in tokens(p.name) if t not in NUMBERINGS | {"name"}]
    return any(
        q is not p and constant_within(p, q) and q.n_distinct > p.n_distinct
        and [t for t in tokens(q.name) if t not in NUMBERINGS | {"name"}] == parts
        for q in named
    )  # fmt: skip


def combination(p: ColumnProfile, found, named) -> bool:
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


def reused_labels(found, named) -> dict[str, str]:
    """Labels that start anew in each level of a grouping, when the combination is there too."""
    by_name = {p.name: p for p in found}
    out = {}
    for p in found:
        if not (p.is_text or counts_from_one(p)) or p.codes is None:
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


def over_time(found) -> dict[str, str]:
    """A text, or numbers from 1, with one row at each of several times: the units of a panel."""
    times = [
        p for p in found
        if p.codes is not None and (p.kind == "datetime" or hint(p.name, TIMES))
        and p.n_present >= 2 * p.n_distinct and p.n_distinct > 2
    ]  # fmt: skip
    for p in sorted(found, key=lambda p: -p.n_distinct):
        if p.codes is None or p.n_distinct < LEAST_OVER_TIME or p.n_present < 2 * p.n_distinct:
            continue
        if not (p.is_text or counts_from_one(p)) or hint(p.name, TREATMENTS | COVARIATES):
            continue
        if hint(p.name, SEASONS) or (not p.is_text and hint(p.name, MEASURES | OUTCOMES)):
            continue
        for time in times:
            if time is not p and n_pairs(p, time) == p.n_present == time.n_present:
                return {
                    p.name: f"each of its {p.n_distinct:,} values has one row for each {time.name}"
                }
    return {}
