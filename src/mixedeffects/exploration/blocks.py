"""Blocks of designed experiments, whose names may say nothing: I, II, III; A, B, C; Jan, Feb."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np

from mixedeffects.exploration.columns import ColumnProfile, share_of_blocks
from mixedeffects.exploration.hints import COVARIATES, TIMES, TREATMENT_VALUES, TREATMENTS, hint
from mixedeffects.exploration.relations import both_present, same_in_each

#: Levels of a block, at most; at least where labels only count, and where they say something.
MOST_LEVELS, LEAST_COUNTED, LEAST_NAMED = 40, 4, 6
ROMAN = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii")


def blocks(found) -> dict[str, str]:
    """The column that holds the blocks of a crossed design, with the reason.

    In such a design two or more columns of a few values are crossed, each combination with as many
    rows. Blocks are those whose labels only count, or else those with the most.

    Examples
    --------
    >>> from mixedeffects.exploration.columns import profiles
    >>> from mixedeffects.design import open_table
    >>> table = {"B": [*"ABCD"] * 2, "N": ["no"] * 4 + ["yes"] * 4, "Y": [1.5, 2, 3, 4, 5, 6, 7, 9]}
    >>> blocks(profiles(open_table(table))[0])
    {'B': 'its 4 labels only count, and each has all N'}
    """
    factors = [p for p in found if _few(p)]
    crossed = [(p, [q for q in factors if q is not p and same_in_each(q, p)]) for p in factors]
    best = None
    for p, others in crossed:
        if not others or hint(p.name, TREATMENTS | COVARIATES) or _named_arms(p):
            continue
        if hint(p.name, TIMES) and any(hint(q.name, TIMES) for q in found if q is not p):
            continue  # months of years are a series in time
        if any(q.n_distinct >= p.n_distinct and not hint(q.name, TREATMENTS) for q in others):
            if not counted(p) or any(counted(q) for q in others):
                continue
        least = LEAST_COUNTED if counted(p) else LEAST_NAMED
        if p.n_distinct < least or (p.kind == "number" and not counted(p)):
            continue
        if best is None or (counted(p), p.n_distinct) > (counted(best[0]), best[0].n_distinct):
            best = p, others
    if best is None:
        return {}
    p, others = best
    what = "labels only count" if counted(p) else "labels are the most"
    names = " and ".join(q.name for q in others)
    return {p.name: f"its {p.n_distinct} {what}, and each has all {names}"}


def _few(p: ColumnProfile) -> bool:
    if p.codes is None or p.kind in ("boolean", "datetime") or p.n_missing:
        return False
    return 2 <= p.n_distinct <= MOST_LEVELS and (p.is_text or p.whole)


def _named_arms(p) -> bool:
    return p.is_text and any(str(v).lower() in TREATMENT_VALUES for v in p.labels)


def counted(p: ColumnProfile) -> bool:
    """Whether labels only count: 1 to 6, I to VI, A to D, b1 to b8."""
    if p.kind == "number":
        return p.whole and p.low == 1 and p.high == p.n_distinct
    labels = [str(v).strip().lower() for v in p.labels]
    if sorted(labels) == sorted(ROMAN[: len(labels)]):
        return len(labels) > 1
    if all(len(v) == 1 for v in labels):
        letters = sorted(map(ord, labels))
        return letters[0] in (ord("a"), ord("1")) and all(b - a == 1 for a, b in pairwise(letters))
    stems = [re.fullmatch(r"(\D*?)[\s_.-]?0*(\d+)", v) for v in labels]
    if any(m is None for m in stems) or len({m[1] for m in stems if m}) > 1:
        return False
    numbers = sorted(int(m[2]) for m in stems if m)
    return numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def split_plot(block: ColumnProfile, factors) -> str | None:
    """The treatment of whole plots: each block's rows of a level of it are one run in the table.

    Parameters
    ----------
    factors : list of ColumnProfile
        Treatments and covariates that may be set on whole plots.

    Examples
    --------
    >>> from mixedeffects.exploration.columns import profiles
    >>> from mixedeffects.design import open_table
    >>> table = {"B": [1] * 4 + [2] * 4, "V": [*"aabb"] * 2, "N": [*"cdcd"] * 2}
    >>> block, *others = profiles(open_table(table))[0]
    >>> split_plot(block, others)
    'V'
    """
    for p in factors:
        if not p.is_text or not 2 <= p.n_distinct <= 12 or not same_in_each(p, block):
            continue
        cells = block.places.astype(np.int64) * p.n_distinct + p.places
        size = p.n_present // (block.n_distinct * p.n_distinct)
        if size < 2 or both_present(p, block) is not None:
            continue
        if share_of_blocks(cells) == 1.0:
            return p.name
    return None
