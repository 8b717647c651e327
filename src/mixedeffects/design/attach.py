"""A user's table with columns added."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from mixedeffects.design.table import open_table, to_frame


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
