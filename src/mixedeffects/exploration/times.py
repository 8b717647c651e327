"""Which column says when."""

from __future__ import annotations

import numpy as np

from mixedeffects.exploration.hints import CALENDAR, MEASURES, OCCASION_WORDS, TIMES, hint
from mixedeffects.exploration.relations import both_present, constant_within, n_pairs

#: Distinct values beyond which numbers must go up within a group to be a time.
MOST_WAVES = 60
#: Values up to which "days" may be a list of occasions where nothing repeats.
FEW = 12
#: Years that tables have, the fewest that make a time, and their share of all from first to last.
YEARS, FEWEST_YEARS, MOST_YEARS = (1750, 2100), 5, 0.9
#: Different times for each row of the largest group, at most, where they do not go up.
FEW_EACH = 4
#: Rows that must go up.
RISING = 0.9


def guess_time(found, factors):
    """Name and reason of the column that says when a row was measured; None if none does.

    Parameters
    ----------
    factors : list of ColumnProfile
        Grouping columns, the finest first.
    """
    best = None
    for p in found:
        points, reason = _points(p, factors)
        if points > 0 and (best is None or points > best[0]):
            best = points, p.name, reason
    return None if best is None else best[1:]


def _points(p, factors):
    word = hint(p.name, TIMES)
    occasions = p.is_text and all(str(v).lower() in OCCASION_WORDS for v in p.labels[:12])
    age = hint(p.name, {"age"})
    birth = any(w in p.name.lower() for w in ("birth", "born", "built"))
    if p.kind == "datetime":
        points, reason = 3.0, "dates"
    elif not word and are_years(p):
        points, reason = 2.5, "its numbers are years"
    elif word:
        points, reason = 3.0, f"its name has '{word}'"
    elif occasions:
        points, reason = 3.0, f"its values are occasions ({p.labels[0]}, {p.labels[1]} …)"
    elif age and p.kind == "number":
        points, reason = 1.0, "an age that rises within each"
    else:
        return 0.0, ""
    varying = [f for f in factors if not constant_within(p, f)]
    if birth and not word:
        return 0.0, ""
    if factors and not varying:
        return 0.0, ""
    if not factors:
        # nobody is measured twice: only a short list of occasions is a time
        ok = (word or occasions) and p.codes is not None and p.n_distinct <= MOST_WAVES
        if word and word not in CALENDAR and p.n_distinct > FEW and not _in_order(p):
            ok = False  # how long something took
        if word and word.endswith("s") and p.n_distinct > FEW:
            ok = False  # days absent, weeks of gestation: an amount of time
        return (points - 1.5, reason) if ok and (p.whole or p.is_text) else (0.0, "")
    f = varying[0]
    waves = p.codes is not None and (p.whole or p.is_text) and p.n_distinct <= MOST_WAVES
    if waves and word not in CALENDAR and p.kind == "number":
        # far more times than a group has rows: how long something took, unless they go up
        waves = p.n_distinct <= FEW_EACH * max(int(g.counts().max()) for g in varying)
    single = max(_single(p, g) for g in varying)
    if age and not word:
        ordered = single > 0.98 and rising(p, f) > RISING
        return (points, f"{reason} {f.name}") if ordered else (0.0, "")
    if word and word.endswith("s") and single < 0.5 and not p.is_text:
        return 0.0, ""  # visits to a doctor: a number of them
    if not waves and p.kind != "datetime" and rising(p, f) < RISING:
        return 0.0, ""  # a clock time or a duration, not the order of measurements
    reason = f"{reason}, and it varies within {f.name}"
    if single < 0.5:
        reason += ", of which several rows share one"
        points -= 1.0
    return points, reason


def are_years(p) -> bool:
    """Whether whole numbers are years of the calendar, most of a range of them.

    Examples
    --------
    >>> from mixedeffects.exploration.columns import profiles
    >>> from mixedeffects.design import open_table
    >>> found, _ = profiles(open_table({"iyear": [*range(1990, 2000)], "n": [*range(10)]}))
    >>> [are_years(p) for p in found]
    [True, False]
    """
    if p.kind != "number" or not p.whole or p.codes is None or p.n_distinct < FEWEST_YEARS:
        return False
    first, last = YEARS
    if hint(p.name, MEASURES) or not first <= p.low <= p.high <= last:
        return False
    return p.n_distinct > MOST_YEARS * (p.high - p.low + 1)


def _in_order(p) -> bool:
    """Whether times never go back from row to row."""
    return p.kind == "number" and bool((np.diff(p.numbers()) >= 0).all())


def _single(p, factor):
    """Combinations of group and time, for each row."""
    if p.codes is None:
        return 1.0
    return n_pairs(p, factor) / max(1, min(p.n_present, factor.n_present))


def rising(p, factor) -> float:
    """Share of steps between neighbouring rows of a group that do not go down."""
    kept = both_present(p, factor)
    values, codes = p.values, factor.codes
    if kept is not None:
        values, codes = values[kept], codes[kept]
    inside = codes[1:] == codes[:-1]
    # rows of a group need not be neighbours: then they are put together in their order
    if inside.sum() < 0.5 * max(1, codes.size - factor.n_distinct):
        order = np.argsort(codes, kind="stable")
        values, codes = values[order], codes[order]
        inside = codes[1:] == codes[:-1]
    if not inside.any():
        return 0.0
    return float((values[1:] >= values[:-1])[inside].mean())
