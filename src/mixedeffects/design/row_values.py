"""Numbers that go with the rows: weights and exposures, by the name of a column or as they are."""

from __future__ import annotations

from typing import Any

import numpy as np

from mixedeffects.design.columns import Column
from mixedeffects.design.missing import refuse_infinite
from mixedeffects.design.readers import from_sequence
from mixedeffects.design.row_index import in_order
from mixedeffects.design.table import SourceTable
from mixedeffects.errors import ColumnTypeError, DataError


def row_column(what: str, given: Any, table: SourceTable) -> Column:
    """A column by its name, or numbers that go with the rows.

    Parameters
    ----------
    what : str
        "weights" or "exposure", for messages.
    given : str or (n_rows,) array
        Of a pandas Series the labels say which value is whose.

    Raises
    ------
    DataError
        No such column, the wrong number of values, or labels of other rows.
    """
    if isinstance(given, str):
        if given not in table.names:
            shown = ", ".join(map(str, table.names[:30]))
            raise DataError(f"no column '{given}' in the table for the {what}\ncolumns: {shown}")
        table.check_names([given])
        return table.column(given)
    column = from_sequence(what, in_order(what, given, table.index, table.n_rows))
    if column.values.shape[0] != table.n_rows:
        raise DataError(
            f"there are {column.values.shape[0]} {what} for {table.n_rows} rows of the table"
        )
    return column


def positive_weights(column: Column) -> np.ndarray:
    """The weights of the rows used.

    Raises
    ------
    ColumnTypeError, DataError
        They are not positive numbers.
    """
    if column.kind != "number":
        raise ColumnTypeError(f"the weights '{column.name}' are {column.kind}, not numbers")
    refuse_infinite(column)
    weights = np.array(column.values, dtype=np.float64)
    bad = int(np.count_nonzero(weights <= 0))
    if bad:
        raise DataError(
            f"{bad} weight{'s are' if bad > 1 else ' is'} zero or negative; weights must be "
            "positive (leave out rows that should not count)"
        )
    return weights
