"""Which rows of some columns are equal, by a key per row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mixedeffects.design.chunks import CHUNK, chunks
from mixedeffects.thinning import scattered

#: Rows are merged when at least this share of them goes away.
WORTH = 0.1

#: Keys that are looked at before all are sorted.
SAMPLE = 4_096

#: Rows that Python tells apart faster than NumPy.
FEW = 200

_ODD = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9))


@dataclass(frozen=True, slots=True, eq=False)
class Collapsed:
    """Which rows are equal, in the order of their first appearance.

    Attributes
    ----------
    row_of : (n,) int array
        The distinct row that each row is equal to.
    first : (m,) int array
        The first row of each set of equal rows, increasing.
    counts : (m,) float64 array
        Number of equal rows, or the sum of their weights.
    """

    row_of: np.ndarray
    first: np.ndarray
    counts: np.ndarray

    @property
    def m(self) -> int:
        return self.first.shape[0]


def equal_rows(
    columns: Sequence[np.ndarray],
    *,
    weights: np.ndarray | None = None,
    worth: float = WORTH,
) -> Collapsed | None:
    """Rows equal in every column; None when few rows would go.

    One 64-bit key per row is made of its values. Some of the keys tell whether sorting all of them
    would pay; and rows of one key are compared value by value, so that no two rows are merged that
    differ.

    Parameters
    ----------
    columns : sequence of (n,) arrays
        Numbers, integers or booleans, without NaN.
    weights : (n,) array, optional
        To add up instead of counting rows.
    worth : float
        Least share of the rows that has to go away.

    Examples
    --------
    >>> import numpy as np
    >>> equal_rows([np.array([1.0, 2.0, 1.0]), np.array([3, 3, 3])]).row_of
    array([0, 1, 0])
    >>> equal_rows([np.arange(3)]) is None
    True
    """
    columns = list({id(column): column for column in columns}.values())
    n = columns[0].shape[0] if columns else 0
    if n < 2:
        return None
    if few_are_equal(columns, worth):
        return None
    keys = row_keys(columns)
    if n > 4 * SAMPLE:
        # keys below a limit bring all of their repetitions, however rare each key is; keys of some
        # rows show the few keys that most of the rows have
        below = keys[keys < np.uint64(int(SAMPLE / n * 2.0**64))]
        if _few_repeated(below, worth) and _few_repeated(keys[scattered(n, SAMPLE)], worth):
            return None
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    new = np.empty(n, dtype=bool)
    new[0] = True
    np.not_equal(ordered[1:], ordered[:-1], out=new[1:])
    if n - np.count_nonzero(new) < worth * n:
        return None
    row_of, first = _numbered(order, new)
    if not all(_agree(column, row_of, first) for column in columns):
        # two different rows of one key: sort by the values themselves
        order = np.lexsort([_plain(column) for column in columns])
        new[1:] = False
        for column in columns:
            values = _plain(column)[order]
            new[1:] |= values[1:] != values[:-1]
        if n - np.count_nonzero(new) < worth * n:
            return None
        row_of, first = _numbered(order, new)
    return Collapsed(row_of, first, np.bincount(row_of, weights, first.size).astype(np.float64))


def few_are_equal(columns: Sequence[np.ndarray], worth: float = WORTH) -> bool:
    """Whether fewer of a few rows are repetitions than asked for; False of many rows.

    Examples
    --------
    >>> import numpy as np
    >>> few_are_equal([np.array([1.0, 1.0])]), few_are_equal([np.array([1.0, 2.0])])
    (False, True)
    """
    n = columns[0].shape[0]
    if n > FEW:
        return False
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return n - len(set(rows)) < worth * n


def _few_repeated(keys: np.ndarray, worth: float) -> bool:
    """Whether clearly fewer keys are repetitions than asked for."""
    ordered = np.sort(keys)
    return int(np.count_nonzero(ordered[1:] == ordered[:-1])) < worth / 4 * keys.size


def row_keys(columns: Sequence[np.ndarray]) -> np.ndarray:
    """(n,) 64-bit keys, the same for equal rows."""
    n = columns[0].shape[0]
    keys = np.zeros(n, dtype=np.uint64)
    shifted = np.empty(min(n, CHUNK), dtype=np.uint64)
    for rows in chunks(n):
        piece = keys[rows]
        spare = shifted[: piece.shape[0]]
        for column in columns:
            piece ^= _bits(column[rows])
            piece *= _ODD[0]
            np.right_shift(piece, np.uint64(32), out=spare)
            piece ^= spare
        piece *= _ODD[1]
        np.right_shift(piece, np.uint64(29), out=spare)
        piece ^= spare
    return keys


def _bits(values: np.ndarray) -> np.ndarray:
    """Values as 64-bit patterns; -0.0 is 0.0."""
    if values.dtype.kind == "f":
        return (values.astype(np.float64, copy=False) + 0.0).view(np.uint64)
    return values.astype(np.uint64)


def _plain(values: np.ndarray) -> np.ndarray:
    return values.astype(np.uint8) if values.dtype == bool else values


def _numbered(order: np.ndarray, new: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of the sets of equal rows, by first appearance, and the first row of each.

    `order` sorts the rows so that equal ones are together, each set in its own order; `new` marks
    where a set begins.
    """
    first = order[new]
    rank = np.empty(first.size, dtype=np.intp)
    rank[np.argsort(first)] = np.arange(first.size)
    row_of = np.empty(order.size, dtype=np.intp)
    row_of[order] = rank[np.cumsum(new) - 1]
    return row_of, np.sort(first)


def _agree(column: np.ndarray, row_of: np.ndarray, first: np.ndarray) -> bool:
    values = column[first]
    return all(
        np.array_equal(values[row_of[rows]], column[rows]) for rows in chunks(row_of.shape[0])
    )
