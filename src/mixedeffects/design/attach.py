"""The table of a fit, given again: where its rows are in the design, and columns added."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from mixedeffects.design.row_index import places_of
from mixedeffects.design.table import open_table, to_frame

# rows of two model matrices that are compared at a time
PART = 65_536
ROUNDING = 1e-9


def places_among(design, table, new):
    """Place of each complete row of a table among the rows of a design; None for another table.

    Takes as `new` the columns that the design makes of the table. Where both have labels of rows,
    these say which is which.
    """
    if table.n_rows != design.missing.n_rows:
        return None
    kept = np.ones(table.n_rows, dtype=bool) if new.kept is None else new.kept
    places = np.arange(table.n_rows)
    if design.index is not None and table.index is not None:
        places = places_of(table.index, design.index)
    used = np.ones(table.n_rows, dtype=bool) if design.missing.kept is None else design.missing.kept
    if places is None or not np.array_equal(used[places], kept):
        return None
    places = (np.cumsum(used) - 1)[places[kept]]
    return places if _same_rows(design, new, places) else None


def _same_rows(design, new, places):
    """Whether response, columns and levels are those of the design's rows at these places."""
    if not np.array_equal(new.y, design.y[places]):
        return False
    for (codes, _), block in zip(new.blocks, design.blocks, strict=True):
        if not np.array_equal(codes, block.factor.codes[places]):
            return False
    for lo in range(0, places.size, PART):
        part = slice(lo, lo + PART)
        X = design.X[places[part]]
        # what poly() and splines learnt gives their columns again to rounding only
        if not np.allclose(new.X[part], X, rtol=ROUNDING, atol=ROUNDING * np.abs(X).max(initial=0)):
            return False
    return True


def with_columns(data: Any, columns: Mapping[str, np.ndarray]) -> Any:
    """A copy of a table with more columns, its own kept in their types.

    Parameters
    ----------
    data : table
        Never changed.
    columns : dict of str to (n_rows,) array
        Replace columns of the same name.

    Returns
    -------
    table
        Of the same library; a dict becomes what `to_frame` makes of one.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas
    >>> with_columns(pandas.DataFrame({"x": [1, 2]}, index=[7, 8]), {"y": np.array([0.5, 1])})
       x    y
    7  1  0.5
    8  2  1.0
    """
    table = open_table(data)
    native = table.native
    if table.flavour == "dict":
        return to_frame({**native, **columns}, "dict")
    if table.flavour == "pandas":
        added = native.copy(deep=False)
        for name, values in columns.items():
            added[name] = values
        return added
    import narwhals

    frame = narwhals.from_native(cast(Any, native), eager_only=True)
    series = [
        narwhals.new_series(name, values, backend=frame.implementation)
        for name, values in columns.items()
    ]
    return frame.with_columns(*series).to_native()
