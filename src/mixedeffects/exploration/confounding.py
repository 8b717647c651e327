"""Columns that say the same: constant within a grouping, or one for one with another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedeffects.exploration.columns import ColumnProfile
from mixedeffects.exploration.functions_of import combinations, computed_from, functions
from mixedeffects.exploration.relations import both_present, constant_within, partition

#: Correlation at which two columns are one.
SAME_LINE = 1.0 - 1e-9
#: Rows that are looked at before all of them, and the squared correlation in them.
SAMPLE, NEAR = 256, 0.999
#: Ends of names of numbers that only tell things apart.
NUMBERED = ("id", "nr", "no", "num", "code", "number")
#: Columns beyond which pairs are not looked at.
MOST_COLUMNS = 200


@dataclass(frozen=True, slots=True)
class Confounded:
    """Two columns that cannot be told apart.

    Attributes
    ----------
    column, by : str
    kind : str
        "constant within" (one value of `column` per level of the grouping `by`), "one to one"
        (each determines the other), "same line" (correlation ±1), "curve" (`column` is the square
        of `by`), "other scale" (its logarithm, square root or reciprocal), "sum of" (of others,
        each times a number; `by` is the first of them), "function of" (`column` is determined by
        the outcome `by`) or "computed from" (from the outcome `by`, by a formula).
    levels : int
        Of `by`; 0 for a line or a formula.
    how : str
        The function, in a word, or the formula.
    beside : str or None
        Another column in the formula.
    """

    column: str
    by: str
    kind: str
    levels: int
    how: str = ""
    beside: str | None = None


def confounding(found, groups, outcome=None, skipped=()) -> tuple[Confounded, ...]:
    """All pairs of columns that cannot be told apart.

    Parameters
    ----------
    groups : sequence of str
        Grouping columns.
    skipped : collection of str
        Columns that are no predictors.

    Examples
    --------
    >>> from mixedeffects.exploration.columns import profiles
    >>> from mixedeffects.design import open_table
    >>> table = {"prof": list("aabbcc"), "style": list("xxyyxx"), "y": [1.5, 2, 3, 4, 5, 6]}
    >>> [(c.column, c.kind, c.by) for c in confounding(profiles(open_table(table))[0], ["prof"])]
    [('style', 'constant within', 'prof')]
    """
    by_name = {p.name: p for p in found}
    factors = [by_name[g] for g in groups]
    out = []
    predictors = [
        p for p in found if p.name not in skipped and p.name not in groups and p.n_distinct > 1
    ]
    predictors = [p for p in predictors if p.name != outcome][:MOST_COLUMNS]
    for p in predictors:
        out += [
            Confounded(p.name, f.name, "constant within", f.n_distinct)
            for f in factors
            if constant_within(p, f)
        ]
    numbers = [p for p in predictors if p.kind == "number"]
    curves = _functions(numbers)
    out += curves
    known = {frozenset((c.column, c.by)) for c in curves}
    out += [
        Confounded(p.name, f.name, "one to one", f.n_distinct)
        for p in predictors
        for f in factors
        if _is_label(p) and p.n_distinct == f.n_distinct and partition(p) == partition(f)
    ]
    out += [c for c in _one_to_one(predictors) if frozenset((c.column, c.by)) not in known]
    out += _same_line(numbers, out)
    gone = {c.column for c in out if c.kind in ("one to one", "same line")}
    out += [
        Confounded(p.name, parts[0], "sum of", 0, _listed(parts))
        for p, parts in combinations([p for p in numbers if p.name not in gone])
    ]
    if outcome is not None and by_name[outcome].codes is not None:
        y = by_name[outcome]
        # an outcome with a row for each value determines everything, and that means nothing
        if y.n_present >= 5 * y.n_distinct:
            out += [
                Confounded(p.name, outcome, "function of", y.n_distinct)
                for p in predictors
                if constant_within(p, y)
            ]
    if outcome is not None:
        out += _computed(numbers, by_name[outcome], out)
    return tuple(out)


def _is_label(p) -> bool:
    """Whether values only tell things apart: texts, and whole numbers whose name says so."""
    return p.codes is not None and (p.is_text or (p.whole and p.name.lower().endswith(NUMBERED)))


def _listed(names):
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _functions(numbers):
    """Squares, and columns on another scale: of two names for one fact, the later one."""
    place = {p.name: i for i, p in enumerate(numbers)}
    out = {}
    for p, x, word in functions(numbers):
        pair = frozenset((p.name, x.name))
        if word == "square" or (pair not in out and place[p.name] > place[x.name]):
            kind = "curve" if word == "square" else "other scale"
            out[pair] = Confounded(p.name, x.name, kind, x.n_distinct, word)
    return [*out.values()]


def _computed(numbers, y, known):
    """Columns that were computed from the outcome, perhaps with another."""
    done = {c.column for c in known if c.kind == "function of"}
    return [
        Confounded(p.name, y.name, "computed from", 0, how, beside)
        for p, how, beside in computed_from(y, [p for p in numbers if p.name not in done])
    ]


def _one_to_one(predictors):
    homes: dict[bytes, ColumnProfile] = {}
    out = []
    for p in predictors:
        if p.codes is None or p.n_present < 1.5 * p.n_distinct:
            continue
        first = homes.setdefault(partition(p), p)
        if first is not p:
            out.append(Confounded(p.name, first.name, "one to one", first.n_distinct))
    return out


def _same_line(numbers, known):
    pairs = {frozenset((c.column, c.by)) for c in known}
    out = []
    for a, b in _likely_lines(numbers):
        if frozenset((a.name, b.name)) not in pairs and _close(a, b):
            out.append(Confounded(b.name, a.name, "same line", 0))
    return out


def _likely_lines(numbers):
    """Pairs of columns that are nearly on one line in a sample of rows, all pairs at once."""
    if len(numbers) < 2:
        return []
    n = numbers[0].n
    rows = np.unique(np.linspace(0, n - 1, min(n, SAMPLE)).astype(np.int64))
    x = np.column_stack([p.values[rows].astype(np.float64) for p in numbers])
    there = np.column_stack([
        np.ones(rows.size, dtype=bool) if p.present is None else p.present[rows] for p in numbers
    ])  # fmt: skip
    m = there.astype(np.float64)
    x = np.where(there, x, 0.0)
    x = (x - x.sum(axis=0) / np.maximum(m.sum(axis=0), 1.0)) * m
    # sums over the rows that both have; einsum, since threads cost more than they save here
    both, first, square, product = (
        np.einsum("ri,rj->ij", a, b) for a, b in ((m, m), (x, m), (x * x, m), (x, x))
    )
    count = np.maximum(both, 1.0)
    spread = np.maximum(square - first**2 / count, 0.0)
    shared = product - first * first.T / count
    near = shared**2 >= NEAR * spread * spread.T
    return [(numbers[i], numbers[j]) for i, j in np.argwhere(np.triu(near, 1)).tolist()]


def _close(a, b):
    kept = both_present(a, b)
    x, y = a.values.astype(np.float64), b.values.astype(np.float64)
    if kept is not None:
        x, y = x[kept], y[kept]
    if x.size < 5:
        return False
    x, y = x - x.mean(), y - y.mean()
    size = float(np.sqrt((x @ x) * (y @ y)))
    return size > 0 and abs(float(x @ y)) / size > SAME_LINE
