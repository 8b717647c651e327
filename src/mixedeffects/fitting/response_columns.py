"""A response, or several as the columns of an array or a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mixedeffects.design import open_table, rows_used
from mixedeffects.errors import DataError


def named_columns(y: Any, design: Any) -> tuple[tuple[Any, ...], Any] | None:
    """Names and values of the columns of an array with two dimensions, or of a table.

    Parameters
    ----------
    y : array, table, or dict of columns
        Of pandas, the labels say whose values they are.
    design : Design
        Of the rows that were used.

    Returns
    -------
    names : tuple
        Of a table's columns; 0, 1, … of an array's.
    columns : (n, R) array of numbers, or list of (n,) arrays
        None for both, where there are no columns.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (1 | Subject)", me.datasets.sleepstudy())
    >>> named_columns(fit.simulate(3, rng=1), fit.design)[0]
    (0, 1, 2)
    >>> named_columns(fit.fitted, fit.design) is None
    True
    """
    if isinstance(y, list | tuple):
        y = np.asarray(y)
    if isinstance(y, np.ndarray) and y.dtype.names is None:
        if y.ndim < 2:
            return None
        if y.ndim > 2 or y.shape[1] == 0:
            raise DataError(
                f"y has shape {y.shape}; it needs a row for each of the {design.n:,} rows of the "
                "fit and a column for each response"
            )
        return tuple(range(y.shape[1])), y if y.dtype.kind in "buif" else list(y.T)
    if not (isinstance(y, Mapping | np.ndarray) or hasattr(y, "columns")):
        return None  # a Series, a list: one response
    if isinstance(y, Mapping):
        y = {name: rows_used(f"values of {name!r}", v, design) for name, v in y.items()}
    table = open_table(rows_used("responses", y, design))
    table.check_names(table.names)
    if not table.names:
        raise DataError("y has no columns; it needs one for each response")
    return tuple(table.names), [_values(table.column(name)) for name in table.names]


def _values(column):
    """(n,) numbers, nan where missing, or texts."""
    if column.labels is not None:
        labels = np.array([str(column.labels[i]) for i in range(len(column.labels))])
        out = labels[column.values].astype(object)
        missing = column.values < 0
        return np.where(missing, np.nan, out) if missing.any() else out
    if column.kind not in ("number", "boolean"):
        raise DataError(f"response {column.name!r} holds neither numbers nor categories")
    values = np.asarray(column.values, dtype=float)
    return values if column.missing is None else np.where(column.missing, np.nan, values)
