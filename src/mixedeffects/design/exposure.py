"""Exposure: the time, area or number at risk that a count refers to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mixedeffects.design.columns import Column
from mixedeffects.design.missing import refuse_infinite
from mixedeffects.design.records import table_row
from mixedeffects.errors import ColumnTypeError, DataError, FormulaError
from mixedeffects.formula import Call, Formula, Name, Variable, unparse

#: What a spec remembers of an exposure that was numbers and not a column.
NUMBERS = ""


def with_exposure(formula: Formula, exposure: str | None) -> Formula:
    """The formula with the logarithm of a column among its offsets.

    Parameters
    ----------
    exposure : str or None
        A column; None or `NUMBERS` leaves the formula as it is.

    Raises
    ------
    FormulaError
        The formula has that offset already.

    Examples
    --------
    >>> from mixedeffects.formula import parse
    >>> str(with_exposure(parse("deaths ~ age + (1 | area)"), "person years"))
    'deaths ~ 1 + age + offset(log(`person years`)) + (1 | area)'
    """
    if not exposure:
        return formula
    column = Name(exposure, 0, len(formula.text))
    node = Call("log", (column,), (), 0, len(formula.text))
    offset = Variable(unparse(node), node)
    if any(known.text == offset.text for known in formula.offsets):
        raise FormulaError(
            f"the exposure '{exposure}' is in the formula too, as offset({offset.text}); "
            "give it once",
            formula.text,
        )
    names = dict.fromkeys((*formula.column_names, exposure))
    return replace(formula, offsets=(*formula.offsets, offset), column_names=tuple(names))


def check_exposure(column: Column, kept: np.ndarray | None) -> np.ndarray:
    """The exposure of the rows used, positive numbers.

    Raises ColumnTypeError, DataError.

    Parameters
    ----------
    column : Column
        Rows used.
    kept : (n_rows,) bool array or None
        To name rows of the table as given.
    """
    if column.kind != "number":
        raise ColumnTypeError(f"the exposure '{column.name}' is {column.kind}, not numbers")
    refuse_infinite(column)
    bad = np.flatnonzero(column.values <= 0)
    if bad.size:
        raise DataError(
            f"the exposure '{column.name}' must be positive: row {table_row(bad[0], kept)} "
            f"(counted from 0) has {column.values[bad[0]]:g}"
            f"{f', and {bad.size - 1} more rows' if bad.size > 1 else ''}"
        )
    return np.asarray(column.values, dtype=np.float64)
