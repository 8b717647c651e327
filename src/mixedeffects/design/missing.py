"""Rows that cannot be used because a value is missing, and values that are infinite."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from mixedeffects.design.columns import Column
from mixedeffects.design.records import MissingReport
from mixedeffects.errors import DataError


def find_missing(columns: Iterable[Column], n_rows: int, new: bool = False) -> MissingReport:
    """Which rows are complete in these columns; of `new` rows there may be none.

    Raises
    ------
    DataError
        The table has no rows, a column has no values, or no row is complete.
    """
    if n_rows == 0 and not new:
        raise DataError("the table has no rows")
    by_column: dict[str, int] = {}
    gone: np.ndarray | None = None
    for column in columns:
        if column.missing is None:
            continue
        count = int(np.count_nonzero(column.missing))
        if count == 0:
            continue
        if count == n_rows and not new:
            raise DataError(f"every value of column '{column.name}' is missing")
        by_column[column.name] = count
        gone = column.missing.copy() if gone is None else np.logical_or(gone, column.missing, gone)
    if gone is None:
        return MissingReport(n_rows, n_rows)
    kept = np.logical_not(gone, out=gone)
    n_used = int(np.count_nonzero(kept))
    if n_used == 0 and not new:
        counts = ", ".join(f"'{name}' {count}" for name, count in by_column.items())
        raise DataError(f"no row is complete; missing values: {counts}")
    return MissingReport(n_rows, n_used, by_column, kept)


def refuse_infinite(column: Column) -> None:
    """Raise a DataError when a numeric column holds infinite values."""
    if column.finite or column.kind != "number" or column.values.dtype.kind != "f":
        return
    count = int(np.count_nonzero(np.isinf(column.values)))
    if count:
        raise DataError(
            f"column '{column.name}' has {count} infinite value{'s' * (count > 1)}; "
            "remove these rows or mark the values as missing"
        )
