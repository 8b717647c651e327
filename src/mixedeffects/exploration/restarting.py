"""Ids that start anew in each place: patient 1 of centre A is not patient 1 of centre B."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mixedeffects.exploration.columns import ColumnProfile
from mixedeffects.exploration.hints import GROUPS, PLACES, TIMES, hint
from mixedeffects.exploration.relations import both_present, constant_within, n_pairs

#: Share of the ids that occur in several places when they start anew in each.
MOST = 0.5
#: Rows of a combination of id and place, on average, from which facts about it can be seen.
REPEATS = 1.5


def restarting(found, groups) -> dict[str, str]:
    """Grouping columns whose ids start anew, each with the column of the place.

    They are seen by facts, such as a sex, of which each id has several and each id of a place one;
    or by times, of which each id of a place has one row each.

    Parameters
    ----------
    found : list of ColumnProfile
        All columns.
    groups : sequence of str
        Names of grouping columns.

    Examples
    --------
    >>> from mixedeffects.exploration.columns import profiles
    >>> from mixedeffects.design import open_table
    >>> table = {
    ...     "centre": [*"aaaaaabbbbbb"],
    ...     "id": [1, 1, 2, 2, 3, 3] * 2,
    ...     "sex": [*"ffmmmmmmffff"],
    ... }
    >>> restarting(profiles(open_table(table))[0], ["id", "centre"])
    {'id': 'centre'}
    """
    by_name = {p.name: p for p in found}
    places = [p for p in found if p.codes is not None and p.n_distinct > 1 and _is_place(p)]
    out = {}
    for name in groups:
        p = by_name[name]
        for place in places:
            if place is p or name in out:
                continue
            if hint(name, GROUPS - PLACES) and _starts_anew(p, place, found):
                out[name] = place.name
    return out


def _is_place(p) -> bool:
    return hint(p.name, PLACES | {"block", "group", "batch", "study", "trial", "lab"}) is not None


def _starts_anew(p, place, found) -> bool:
    pairs = n_pairs(p, place)
    if pairs < (1.0 + MOST) * max(p.n_distinct, place.n_distinct):
        return False  # ids that stay in one place, or places that have one id
    if p.n_present < REPEATS * pairs:
        return False
    both = combined(p, place)
    facts, times = [], []
    for q in found:
        if q is p or q is place or q.n_distinct < 2 or constant_within(q, place):
            continue
        if hint(q.name, TIMES) and q.codes is not None:
            once = n_pairs(both, q) == min(both.n_present, q.n_present)
            times.append(once and n_pairs(p, q) < 0.9 * min(p.n_present, q.n_present))
        elif constant_within(q, both):
            facts.append(not constant_within(q, p))
    # a fact that each id has one of, wherever it is, says that it is one and the same
    return (bool(facts) and all(facts)) or (not facts and any(times))


def combined(p: ColumnProfile, place: ColumnProfile) -> ColumnProfile:
    """The ids of the places, under the name of the ids.

    Examples
    --------
    >>> from mixedeffects.exploration.columns import profiles
    >>> from mixedeffects.design import open_table
    >>> found, _ = profiles(open_table({"id": [1, 2, 1], "centre": ["a", "a", "b"]}))
    >>> both = combined(*found)
    >>> both.name, both.n_distinct, both.labels
    ('id', 3, ('a:1', 'a:2', 'b:1'))
    """
    kept = both_present(p, place)
    rows = np.ones(p.n, dtype=bool) if kept is None else kept
    keys = place.places[rows].astype(np.int64) * p.n_distinct + p.places[rows]
    levels, inverse = np.unique(keys, return_inverse=True)
    codes = np.full(p.n, -1, dtype=np.int32)
    codes[rows] = inverse
    outer, inner = place.labels, p.labels
    labels = tuple(f"{outer[k // p.n_distinct]}:{inner[k % p.n_distinct]}" for k in levels.tolist())
    return replace(
        p, kind="text", values=codes, codes=codes, labels=labels, n_distinct=levels.size,
        present=kept, n_missing=p.n - int(rows.sum()), whole=False,
    )  # fmt: skip
