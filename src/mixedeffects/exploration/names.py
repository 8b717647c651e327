"""Columns that a user names: found, or refused with what was probably meant."""

from __future__ import annotations

from mixedeffects.errors import ColumnTypeError, DataError
from mixedeffects.formula import close_match


def require(table, name, what="column"):
    """The column of that name.

    Parameters
    ----------
    what : str
        The option it was given by, for the message.

    Raises
    ------
    DataError
        No such column, or several of that name.

    Examples
    --------
    >>> from mixedeffects.design import open_table
    >>> require(open_table({"pain": [1, 2]}), "pian", "y")
    Traceback (most recent call last):
        ...
    mixedeffects.errors.DataError: y='pian' is not a column of the table; columns: pain; did you
    mean 'pain'?
    """
    # 1 == True: a number or a flag is a name only where a column has exactly it
    if not any(name == own and type(name) is type(own) for own in table.names):
        names = [str(n) for n in table.names]
        close = close_match(str(name), names)
        hint = f"; did you mean {close!r}?" if close else ""
        shown = ", ".join(names[:20]) + (", …" if len(names) > 20 else "")
        raise DataError(f"{what}={name!r} is not a column of the table; columns: {shown}{hint}")
    table.check_names([name])
    return table.column(name)


def require_numbers(table, name, what):
    """A column of numbers, as float64 with nan where missing or infinite.

    Raises
    ------
    DataError
        No such column, or nothing in it.
    ColumnTypeError
        It holds something else.
    """
    import numpy as np

    column = require(table, name, what)
    if column.kind not in ("number", "boolean"):
        raise ColumnTypeError(f"{what}={name!r} holds {_held(column)}; it must be numbers")
    values = np.array(column.values, dtype=np.float64)
    if column.missing is not None:
        values[column.missing] = np.nan
    values[~np.isfinite(values)] = np.nan
    if np.isnan(values).all():
        raise DataError(f"column '{name}' has no value to show")
    return values


def _held(column):
    """What a column holds, in words."""
    if column.kind == "text" and column.labels is not None:
        from mixedeffects.exploration.columns import profile

        if profile(column).written:
            return "numbers as text (me.explore says how to convert it)"
    return WORDS[column.kind]


#: Kinds of columns in the words of a message.
WORDS = {
    "number": "numbers",
    "boolean": "true or false",
    "text": "text",
    "category": "categories",
    "ordered": "ordered categories",
    "datetime": "dates",
}


def written(name):
    """A column name as a title: pandas has numbers for names too.

    Examples
    --------
    >>> written(0), written(None)
    ('0', None)
    """
    return None if name is None else str(name)
