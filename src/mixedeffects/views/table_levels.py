"""Columns of a raw-table chart: read, checked, and reduced to a few levels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedeffects.errors import DataError
from mixedeffects.exploration.columns import ColumnProfile, profile
from mixedeffects.exploration.names import require

#: Levels that have a colour of their own.
MOST_COLOURS = 7
#: Different numbers from which a column is a scale and not a list of levels.
SCALE = 9
OTHER = "other"


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """A column as few levels.

    Attributes
    ----------
    codes : (n,) int array
        Positions in `labels`; -1 where missing.
    note : str
        What was put together, in words; "" if nothing.
    """

    name: str
    codes: np.ndarray
    labels: list[str]
    note: str = ""


def factor(table, name, what) -> ColumnProfile:
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
