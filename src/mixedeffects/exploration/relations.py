"""How columns relate: nested, crossed, the same, constant within; in rows where both are there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedeffects.design import Factor, nesting
from mixedeffects.exploration.columns import ColumnProfile

#: Rows that are enough to see that a column is not constant within a factor.
GLANCE = 4_096
#: Squared correlations of a second clock with time.
SAME_LINE, NEAR_LINE = 1.0 - 1e-9, 0.99


@dataclass(frozen=True, slots=True)
class Pair:
    """Two grouping columns.

    Attributes
    ----------
    first, second : str
        The one with more levels first.
    kind : str
        "nested" (each level of `first` lies in one of `second`), "crossed", "partly crossed",
        "same" (one to one), or "nested but for a few" (under a twentieth of the levels of `first`
        lie in several).
    n_first, n_second, n_pairs : int
        Levels, and combinations that occur.
    several : int
        Levels of `first` that occur with more than one level of `second`.
    """

    first: str
    second: str
    kind: str
    n_first: int
    n_second: int
    n_pairs: int
    several: int

    @property
    def share(self) -> float:
        """Combinations that occur, of all that could."""
        return self.n_pairs / (self.n_first * self.n_second)


#: Most levels of `first`, of all, that may break a nesting called "nested but for a few".
FEW = 0.05


def relate(one: ColumnProfile, two: ColumnProfile) -> Pair | None:
    """How two grouping columns relate; None where no row has both.

    Examples
    --------
    >>> from mixedeffects.exploration.columns import profiles
    >>> from mixedeffects.design import open_table
    >>> found, _ = profiles(open_table({"rep": [1, 2, 3, 3], "centre": list("aabb")}))
    >>> relate(*found).kind
    'nested'
    """
    kept = both_present(one, two)
    factors = [_factor(p, kept) for p in (one, two)]
    if factors[0].codes.size == 0:
        return None
    relation = nesting(factors)[1][0]
    by_name = {f.name: f for f in factors}
    first, second = by_name[relation.first], by_name[relation.second]
    kind, several = relation.kind, 0
    if kind not in ("same", "nested"):
        pairs = np.unique(first.codes.astype(np.int64) * second.n_levels + second.codes)
        per_level = np.bincount(pairs // second.n_levels, minlength=first.n_levels)
        several = int((per_level > 1).sum())
        if kind == "partly crossed" and several <= FEW * first.n_levels:
            kind = "nested but for a few"
    return Pair(
        first.name, second.name, kind, first.n_levels, second.n_levels, relation.n_pairs, several
    )


def both_present(one: ColumnProfile, two: ColumnProfile) -> np.ndarray | None:
    """Rows in which both have a value; None for all."""
    if one.present is None:
        return two.present
    return one.present if two.present is None else one.present & two.present


def _factor(p: ColumnProfile, kept) -> Factor:
    assert p.codes is not None
    if kept is None:
        return Factor(p.name, p.codes, p.labels)
    levels, codes = np.unique(p.codes[kept], return_inverse=True)
    return Factor(p.name, codes.astype(np.int32), tuple(levels.tolist()))


def constant_within(p: ColumnProfile, factor: ColumnProfile) -> bool:
    """Whether a column has one value in each level of a factor that has several rows.

    Rows without a value of either do not count; a factor with one row per level makes nothing
    constant.

    Examples
    --------
    >>> from mixedeffects.exploration.columns import profiles
    >>> from mixedeffects.design import open_table
    >>> found, _ = profiles(open_table({"g": [1, 1, 2], "a": [5.0, 5.0, 7.0], "b": [1, 2, 3]}))
    >>> g, a, b = found
    >>> constant_within(a, g), constant_within(b, g)
    (True, False)
    """
    if not _constant(p, factor, slice(0, GLANCE)):
        return False
    return p.n <= GLANCE or _constant(p, factor, slice(None))


def _constant(p: ColumnProfile, factor: ColumnProfile, rows) -> bool:
    assert factor.codes is not None
    values, codes = p.values[rows], factor.codes[rows]
    kept = both_present(p, factor)
    if kept is not None:
        values, codes = values[kept[rows]], codes[kept[rows]]
    home = np.empty(factor.n_distinct, dtype=values.dtype)
    home[codes] = values
    return bool((home[codes] == values).all())


def n_pairs(one: ColumnProfile, two: ColumnProfile) -> int:
    """Combinations of two coded columns that occur."""
    kept = both_present(one, two)
    assert one.codes is not None and two.codes is not None
    first, second = one.codes, two.codes
    if kept is not None:
        first, second = first[kept], second[kept]
    keys = first.astype(np.int64) * max(1, two.n_distinct) + second
    size = max(1, one.n_distinct) * max(1, two.n_distinct)
    if size <= 4 * keys.size + 65_536:
        return int(np.count_nonzero(np.bincount(keys, minlength=1)))
    return int(np.unique(keys).size)


def same_in_each(p: ColumnProfile, factor: ColumnProfile) -> bool:
    """Whether every level has the same few values equally often, as a design would set them.

    Examples
    --------
    >>> from mixedeffects.exploration.columns import profiles
    >>> from mixedeffects.design import open_table
    >>> table = {"g": [1, 1, 2, 2], "dose": [0, 5, 5, 0], "y": [1, 2, 1, 3]}
    >>> g, dose, y = profiles(open_table(table))[0]
    >>> same_in_each(dose, g), same_in_each(y, g)
    (True, False)
    """
    if p.codes is None or factor.codes is None or not 2 <= p.n_distinct <= 40:
        return False
    size = p.n_distinct * factor.n_distinct
    if size > p.n_present or p.n_present % size or p.n_present != factor.n_present:
        return False
    kept = both_present(p, factor)
    rows = slice(None) if kept is None else kept
    cells = np.bincount(
        factor.codes[rows].astype(np.int64) * p.n_distinct + p.codes[rows], minlength=size
    )
    return bool(np.ptp(cells) == 0)


def runs_along(p: ColumnProfile, time: ColumnProfile, factor: ColumnProfile) -> bool:
    """Whether a column is a straight line of time within every level, with one slope for all.

    Whole numbers, as days are, may be a little off the line.

    Examples
    --------
    >>> from mixedeffects.exploration.columns import profiles
    >>> from mixedeffects.design import open_table
    >>> table = {"id": [1, 1, 1, 2, 2, 2], "year": [0, 1, 2] * 2, "age": [30, 31, 32, 55, 56, 57]}
    >>> who, year, age = profiles(open_table(table))[0]
    >>> runs_along(age, year, who)
    True
    """
    if factor.codes is None:
        return False
    rows = both_present(p, time)
    codes = factor.codes if rows is None else factor.codes[rows]
    x = time.values.astype(np.float64) if rows is None else time.values[rows].astype(np.float64)
    y = p.values.astype(np.float64) if rows is None else p.values[rows].astype(np.float64)
    kept = codes >= 0
    codes, x, y = codes[kept], x[kept], y[kept]
    if codes.size < 3:
        return False
    x, y = (_within(v, codes, factor.n_distinct) for v in (x, y))
    size = float(x @ x) * float(y @ y)
    return size > 0 and float(x @ y) ** 2 > (NEAR_LINE if p.whole else SAME_LINE) * size


def _within(values, codes, n):
    """Values less the mean of their level."""
    rows = np.maximum(np.bincount(codes, minlength=n), 1)
    return values - (np.bincount(codes, weights=values, minlength=n) / rows)[codes]


def partition(p: ColumnProfile) -> bytes:
    """The same bytes for columns that split the rows alike, whatever their values.

    Examples
    --------
    >>> from mixedeffects.exploration.columns import profiles
    >>> from mixedeffects.design import open_table
    >>> found, _ = profiles(open_table({"a": ["x", "y", "x"], "b": [7, 3, 7], "c": [1, 1, 2]}))
    >>> [partition(p) == partition(found[0]) for p in found]
    [True, True, False]
    """
    assert p.codes is not None
    codes = p.codes + 1  # what is missing is a part of its own
    first = np.zeros(p.n_distinct + 1, dtype=np.int32)
    first[codes[::-1]] = np.arange(codes.size - 1, -1, -1)
    return first[codes].tobytes()
