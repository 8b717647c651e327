"""Positive numbers that go with predicted rows: weights, trials."""

from __future__ import annotations

import numpy as np

from mixedeffects.design import in_order, open_table, rows_used
from mixedeffects.errors import DataError, OptionError


def row_numbers(name, values, data, kept, n, design):
    """A positive number for all rows, or one for each row used.

    Returns () or (n,) array. Raises DataError, OptionError.

    Parameters
    ----------
    name : str
        Of the option, for errors.
    values : str, float or array
        A column of `data`, a number, or one per row of it, in the order of a Series' labels.
    data : table or None
        None for the rows of the fit.
    kept : (n_rows,) bool array or None
        Rows of the table that are used.
    n : int
        Number of rows used.
    design : Design
        Of the fit.
    """
    if isinstance(values, str):
        if data is None:
            raise OptionError(f"{name}= names a column of data, and no data are given")
        table = open_table(data)
        if values not in table.names:
            raise DataError(f"no column '{values}' in the table for the {name}")
        values = table.column(values).values
    elif data is None:
        values = rows_used(name, values, design)
    else:
        table = open_table(data)
        values = in_order(name, values, table.index, table.n_rows)
    try:
        values = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise OptionError(f"{name} must be positive numbers or the name of a column") from None
    if values.ndim:
        rows = n if kept is None else kept.size
        if values.shape != (rows,):
            raise DataError(f"there are {values.size} {name} for {rows} rows")
        values = values if kept is None else values[kept]
    if not (np.isfinite(values) & (values > 0)).all():
        raise OptionError(f"{name} must be positive and finite")
    return values
