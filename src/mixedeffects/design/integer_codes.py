"""Values → integer codes.  Sorting distinct values only; never one Python object per row."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from mixedeffects.design.chunks import CHUNK, chunks, take
from mixedeffects.design.labels import Labels, PairedLabels, text_array
from mixedeffects.design.records import Factor


def code_integers(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Codes and sorted distinct values of an integer array.

    Looks levels up in a table when the range is moderate, and sorts otherwise.

    Examples
    --------
    >>> import numpy as np
    >>> code_integers(np.array([30, 10, 30]))
    (array([1, 0, 1], dtype=int32), array([10, 30]))
    """
    low, high = int(values.min()), int(values.max())
    return _code(values.__getitem__, values.shape[0], low, high)


def _code(
    keys: Callable[[slice], np.ndarray], n: int, low: int, high: int
) -> tuple[np.ndarray, np.ndarray]:
    """Codes and sorted distinct values of integers between `low` and `high`.

    Parameters
    ----------
    keys : callable
        The integers of a slice of the `n` rows, which are never all made at once.
    """
    span = high - low + 1
    if span > 2 * n + 65_536 or high >= 2**63:
        return _code_by_sorting(keys, n)
    present = np.zeros(span, dtype=bool)
    shifted = np.empty(0, dtype=np.intp)
    for rows in chunks(n):
        shifted = _shift(keys(rows), low)
        present[shifted] = True
    distinct = np.flatnonzero(present)
    rank = None
    if distinct.shape[0] < span:
        rank = np.cumsum(present, dtype=np.int32)
        rank -= 1
    if n <= CHUNK:
        codes = shifted.astype(np.int32) if rank is None else rank.take(shifted)
        return codes, distinct + low
    codes = np.empty(n, dtype=np.int32)
    for rows in chunks(n):
        shifted = _shift(keys(rows), low)
        codes[rows] = shifted if rank is None else rank.take(shifted)
    return codes, distinct + low


def _shift(values: np.ndarray, low: int) -> np.ndarray:
    return np.subtract(values, low, dtype=np.intp, casting="unsafe") if low else values


def _code_by_sorting(keys: Callable[[slice], np.ndarray], n: int) -> tuple[np.ndarray, np.ndarray]:
    """Codes and sorted distinct values of numbers of any range.

    Each piece of the rows is coded by itself, and then from its own values to those of all.
    """
    codes = np.empty(n, dtype=np.int32)
    found: list[np.ndarray] = []
    distinct, merged = keys(slice(0, 0)), 0
    for rows in chunks(n):
        values, codes[rows] = np.unique(keys(rows), return_inverse=True)
        found.append(values)
        # a merge now and then: few levels take little room, however many rows there are
        if rows.stop == n or len(found) == merged + 4:
            if len(found) > 1:
                values = _merge([distinct, *found[merged:]])
            distinct, merged = values, len(found)
    if len(found) > 1:
        for rows, values in zip(chunks(n), found, strict=True):
            codes[rows] = np.searchsorted(distinct, values)[codes[rows]]
    return codes, distinct


def _merge(parts: list[np.ndarray]) -> np.ndarray:
    """Sorted distinct values of several arrays."""
    values = np.concatenate(parts)
    values.sort()
    new = np.ones(values.shape[0], dtype=bool)
    np.not_equal(values[1:], values[:-1], out=new[1:])
    return values[new]


def code_numbers(values: np.ndarray) -> tuple[np.ndarray, Labels]:
    """Codes and labels of numbers, booleans or datetimes, in increasing order."""
    kind = values.dtype.kind
    if values.shape[0] == 0:
        return np.empty(0, dtype=np.int32), Labels(values)
    if kind == "b":
        codes, distinct = code_integers(values.view(np.uint8))
        return codes, Labels(distinct.astype(bool))
    if kind == "M":
        codes, distinct = code_integers(values.view(np.int64))
        return codes, Labels(distinct.view(values.dtype))
    if kind in "iu":
        codes, distinct = code_integers(values)
        return codes, Labels(distinct)
    n = values.shape[0]
    low, high = float(values.min()), float(values.max())
    if max(-low, high) < 2.0**53 and all(_whole(values[rows]) for rows in chunks(n)):
        codes, distinct = _code(lambda rows: values[rows].astype(np.int64), n, int(low), int(high))
    else:
        codes, distinct = _code_by_sorting(lambda rows: values[rows].astype(np.float64), n)
    return codes, Labels(distinct)


def _whole(values: np.ndarray) -> bool:
    return np.array_equal(values.astype(np.int64), values)


def narrow(codes: np.ndarray, n_levels: int) -> np.ndarray:
    """Codes in the smallest type that holds them; unchanged when there are few of them."""
    if codes.shape[0] <= CHUNK:
        return codes
    dtype = np.min_scalar_type(-n_levels)
    return codes.astype(dtype) if dtype.itemsize < codes.dtype.itemsize else codes


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
    for rows in chunks(codes.shape[0]):
        present[codes[rows]] = True
        if present.all():
            return codes, None
    rank = np.cumsum(present, dtype=np.int32)
    rank -= 1
    return take(rank, codes), np.flatnonzero(present)


def pair_codes(first: np.ndarray, second: np.ndarray, n_second: int) -> tuple[np.ndarray, ...]:
    """Dense codes of the pairs that occur, and both components of each pair."""

    def keys(rows: slice) -> np.ndarray:
        pairs = first[rows].astype(np.int64)
        pairs *= n_second
        pairs += second[rows]
        return pairs

    high = (int(first.max()) + 1) * n_second - 1
    codes, distinct = _code(keys, first.shape[0], 0, high)
    return codes, distinct // n_second, distinct % n_second


def interaction(name: str, factors: Sequence[Factor]) -> Factor:
    """The factor of all combinations that occur, first component slowest as in R.

    Examples
    --------
    >>> import numpy as np
    >>> from mixedeffects.design.labels import Labels
    >>> from mixedeffects.design.records import Factor
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
