"""Values → integer codes.  Sorting distinct values only; never one Python object per row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mixedeffects.design.labels import Labels, PairedLabels, text_array
from mixedeffects.design.records import Factor


def code_integers(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Codes and sorted distinct values of an integer array.

    Looks levels up in a table when the range is moderate, and sorts otherwise.

    Examples
    --------
    >>> code_integers(np.array([30, 10, 30]))
    (array([1, 0, 1], dtype=int32), array([10, 30]))
    """
    if values.dtype.kind == "u":
        values = values.astype(np.int64) if values.dtype.itemsize < 8 else values
    low, high = int(values.min()), int(values.max())
    span = high - low + 1
    if span > 4 * values.shape[0] + 65_536 or high >= 2**63:
        distinct, codes = np.unique(values, return_inverse=True)
        return codes.astype(np.int32, copy=False), distinct
    shifted = np.subtract(values, low, dtype=np.intp, casting="unsafe") if low else values
    present = np.zeros(span, dtype=bool)
    present[shifted] = True
    distinct = np.flatnonzero(present)
    if distinct.shape[0] == span:
        return shifted.astype(np.int32), distinct + low
    rank = np.cumsum(present, dtype=np.int32)
    rank -= 1
    return rank.take(shifted), distinct + low


def code_numbers(values: np.ndarray) -> tuple[np.ndarray, Labels]:
    """Codes and labels of numbers, booleans or datetimes, in increasing order."""
    kind = values.dtype.kind
    if kind == "b":
        codes, distinct = code_integers(values.view(np.uint8))
        return codes, Labels(distinct.astype(bool))
    if kind == "M":
        codes, distinct = code_integers(values.view(np.int64))
        return codes, Labels(distinct.view(values.dtype))
    if kind in "iu":
        codes, distinct = code_integers(values)
        return codes, Labels(distinct)
    values = values.astype(np.float64, copy=False)
    if np.abs(values).max() < 2.0**53:
        whole = values.astype(np.int64)
        if np.array_equal(whole, values):
            codes, distinct = code_integers(whole)
            return codes, Labels(distinct)
    distinct, codes = np.unique(values, return_inverse=True)
    return codes.astype(np.int32), Labels(distinct)


def sort_text(codes: np.ndarray, texts: Sequence[str]) -> tuple[np.ndarray, Labels]:
    """Renumber codes so that their labels are sorted (by code point); -1 stays -1."""
    order = sorted(range(len(texts)), key=texts.__getitem__)
    labels = Labels(text_array([texts[i] for i in order]))
    rank = np.empty(len(texts) + 1, dtype=np.int32)
    rank[order] = np.arange(len(texts), dtype=np.int32)
    rank[-1] = -1
    if np.array_equal(rank[:-1], np.arange(len(texts))):
        return codes.astype(np.int32, copy=False), labels
    return rank[codes], labels


def drop_unused(codes: np.ndarray, n_levels: int) -> tuple[np.ndarray, np.ndarray | None]:
    """Codes of the levels that occur, and those levels; None when all occur."""
    present = np.zeros(n_levels, dtype=bool)
    present[codes] = True
    if present.all():
        return codes, None
    rank = np.cumsum(present, dtype=np.int32)
    rank -= 1
    return rank.take(codes), np.flatnonzero(present)


def pair_codes(first: np.ndarray, second: np.ndarray, n_second: int) -> tuple[np.ndarray, ...]:
    """Dense codes of the pairs that occur, and both components of each pair."""
    keys = first.astype(np.int64)
    keys *= n_second
    keys += second
    codes, distinct = code_integers(keys)
    return codes, distinct // n_second, distinct % n_second


def interaction(name: str, factors: Sequence[Factor]) -> Factor:
    """The factor of all combinations that occur, first component slowest as in R.

    Examples
    --------
    >>> a = Factor("a", np.array([0, 1, 1], dtype=np.int32), Labels(np.array([1, 2])))
    >>> b = Factor("b", np.array([0, 0, 1], dtype=np.int32), Labels(np.array([7, 9])))
    >>> list(interaction("a:b", [a, b]).labels)
    ['1:7', '2:7', '2:9']
    """
    codes = factors[0].codes
    index = np.arange(factors[0].n_levels)[:, None]
    for factor in factors[1:]:
        codes, first, second = pair_codes(codes, factor.codes, factor.n_levels)
        index = np.column_stack([index[first], second])
    parts = tuple(factor.labels for factor in factors)
    return Factor(name, codes, PairedLabels(parts, index.astype(np.int32)))  # type: ignore[arg-type]
