"""Rows a piece at a time, so that no temporary array is as long as the table."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

#: Rows of a piece; an intermediate result of 8 bytes a row takes half a MiB.
CHUNK = 65_536

#: From this size on, arrays that only repeat the table are not made.
LARGE_BYTES = 2**21


def chunks(n: int, size: int | None = None) -> Iterator[slice]:
    """Slices that cover ``range(n)``.

    Examples
    --------
    >>> list(chunks(5, 3))
    [slice(0, 3, None), slice(3, 5, None)]
    """
    size = CHUNK if size is None else size
    return (slice(lo, min(lo + size, n)) for lo in range(0, n, size))


def is_large(n_bytes: int) -> bool:
    """Whether an array of this size should not be made when it can be avoided."""
    return n_bytes >= LARGE_BYTES


def take(table: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """``table[codes]`` for codes of any integer type, without widening all of them at once."""
    if codes.shape[0] <= CHUNK:
        return table[codes]
    out = np.empty(codes.shape[0], table.dtype)
    for rows in chunks(codes.shape[0]):
        out[rows] = table[codes[rows]]
    return out
