"""Columns of a raw-table chart: read, checked, and reduced to a few levels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedeffects.errors import DataError
from mixedeffects.exploration.columns import Profile, profile
from mixedeffects.exploration.names import require

#: Levels that have a colour of their own.
MOST_COLOURS = 7
#: Different numbers from which a column is a scale and not a list of levels.
SCALE = 9
OTHER = "other"


@dataclass(frozen=True, slots=True)
class Levels:
    """A column as few levels.

    Attributes
    ----------
    name : str
    codes : (n,) int array
        Positions in `labels`; -1 where missing.
    labels : list of str
    note : str
        What was put together, in words; "" if nothing.
    """

    name: str
    codes: np.ndarray
    labels: list[str]
    note: str = ""


def factor(table, name, what) -> Profile:
    """A column whose values repeat.

    Raises
    ------
    DataError
        No such column, nothing in it, or measurements that hardly repeat.
    """
    p = profile(require(table, name, what))
    if p.n_distinct == 0:
        raise DataError(f"column '{name}' has no value to show")
    if p.codes is None:
        raise DataError(
            f"{what}={name!r} has {p.n_distinct:,} different numbers: it groups nothing; cut it "
            "into classes first"
        )
    return p


def label_texts(p) -> list[str]:
    """Labels of a factor as text."""
    return p.labels.as_text() if hasattr(p.labels, "as_text") else [str(v) for v in p.labels]


def few_levels(table, name, what, most=MOST_COLOURS) -> Levels:
    """The most frequent levels of a column, the rest as "other".

    Examples
    --------
    >>> from mixedeffects.design import open_table
    >>> levels = few_levels(open_table({"g": list("aaabbc")}), "g", "by", most=1)
    >>> levels.labels, levels.codes.tolist()
    (['a', 'other'], [0, 0, 0, 1, 1, 1])
    >>> levels.note
    "the 1 most frequent of 3 levels of g, the rest as 'other'"
    """
    p = factor(table, name, what)
    texts = label_texts(p)
    if p.n_distinct <= most + 1:
        return Levels(name, p.places, texts)
    top = np.sort(np.argsort(-p.counts(), kind="stable")[:most])
    place = np.full(p.n_distinct + 1, most)
    place[top], place[-1] = np.arange(most), -1
    note = f"the {most} most frequent of {p.n_distinct:,} levels of {name}, the rest as '{OTHER}'"
    return Levels(name, place[p.places], [*(texts[i] for i in top), OTHER], note)


def left_out(n) -> str:
    """That rows lack a value.

    Examples
    --------
    >>> left_out(1), left_out(2000)
    ('1 row with missing values left out', '2,000 rows with missing values left out')
    """
    return f"{n:,} row{'s' * (n != 1)} with missing values left out"


def is_scale(column) -> bool:
    """Whether a column is a scale of numbers rather than a few levels."""
    if column.kind != "number":
        return False
    values = column.values if column.missing is None else column.values[~column.missing]
    head = np.unique(values[:4096])
    return head.size >= SCALE or np.unique(values).size >= SCALE


def quantiles(sorted_values, starts, counts, q):
    """Quantile of each block of sorted values, linear between neighbours as in NumPy.

    Parameters
    ----------
    sorted_values : (n,) array
        Sorted within each block.
    starts, counts : (L,) int arrays
    q : float

    Examples
    --------
    >>> quantiles(np.array([1.0, 3, 5, 10, 20]), np.array([0, 3]), np.array([3, 2]), 0.5).tolist()
    [3.0, 15.0]
    """
    at = starts + q * (counts - 1)
    low = np.floor(at).astype(np.intp)
    high = np.minimum(low + 1, starts + counts - 1)
    share = at - low
    return sorted_values[low] * (1 - share) + sorted_values[high] * share


def boxes(values, codes, n_levels):
    """Tukey's boxes of each level that has values.

    Parameters
    ----------
    values : (n,) float array
        Finite.
    codes : (n,) int array
    n_levels : int

    Returns
    -------
    dict of (m,) arrays
        level (position), n, mean, median, q1, q3, low, high: the whiskers end at the outermost
        values within 1.5 interquartile ranges of the box.

    Examples
    --------
    >>> found = boxes(np.array([1.0, 2, 3, 4, 50]), np.zeros(5, int), 2)
    >>> {name: float(found[name][0]) for name in ("n", "median", "q1", "q3", "low", "high")}
    {'n': 5.0, 'median': 3.0, 'q1': 2.0, 'q3': 4.0, 'low': 1.0, 'high': 4.0}
    """
    order = np.lexsort((values, codes))
    v, c = values[order], codes[order]
    counts = np.bincount(c, minlength=n_levels)
    kept = np.flatnonzero(counts)
    starts = (np.cumsum(counts) - counts)[kept]
    counts = counts[kept]
    q1, median, q3 = (quantiles(v, starts, counts, q) for q in (0.25, 0.5, 0.75))
    sums = np.add.reduceat(v, starts) if starts.size else np.empty(0)
    reach = 1.5 * (q3 - q1)
    inside = (v >= np.repeat(q1 - reach, counts)) & (v <= np.repeat(q3 + reach, counts))
    low = np.minimum.reduceat(np.where(inside, v, np.inf), starts)
    high = np.maximum.reduceat(np.where(inside, v, -np.inf), starts)
    return {
        "level": kept, "n": counts, "mean": sums / counts, "median": median, "q1": q1, "q3": q3,
        "low": np.minimum(low, q1), "high": np.maximum(high, q3),
    }  # fmt: skip
