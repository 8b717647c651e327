"""Rows of several columns one below the other, with the column type kept, in every flavour.

A position of -1 is a cell that the wide table does not have: it becomes missing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np


def stack(flavour: str, columns: list[Any], positions: np.ndarray) -> Any:
    """Cells of columns laid end to end.

    Returns column of that library.

    Parameters
    ----------
    flavour : str
        As `design.Table.flavour`.
    columns : list
        Columns of that library, of equal length.
    positions : (m,) int array
        Into the columns end to end; -1 for a missing cell.

    Examples
    --------
    >>> import numpy as np
    >>> stack("dict", [np.array([1, 2]), np.array([3, 4])], np.array([0, 2, -1])).tolist()
    [1.0, 3.0, nan]
    """
    return _STACKS[flavour](columns, positions)


def assemble(flavour: str, columns: dict[Any, Any]) -> Any:
    """A table of columns that `stack` made, or of arrays."""
    if flavour == "dict":
        return columns
    module = sys.modules[flavour]
    if flavour == "pyarrow":
        return module.table({str(name): values for name, values in columns.items()})
    return module.DataFrame(columns)


def _pandas(columns, positions):
    pandas = sys.modules["pandas"]
    whole = columns[0] if len(columns) == 1 else pandas.concat(columns, ignore_index=True)
    whole = whole.reset_index(drop=True)
    if positions.size and int(positions.min()) < 0:
        return whole.reindex(positions).reset_index(drop=True)
    return whole.take(positions).reset_index(drop=True)


def _polars(columns, positions):
    polars = sys.modules["polars"]
    if len({str(c.dtype) for c in columns}) > 1 and not all(c.dtype.is_numeric() for c in columns):
        columns = [c if c.dtype == polars.Null else c.cast(polars.String) for c in columns]
    frames = [polars.DataFrame({"x": c}) for c in columns]
    whole = polars.concat(frames, how="vertical_relaxed")["x"]
    at = polars.Series(positions)
    return whole.gather(polars.select(polars.when(at >= 0).then(at)).to_series())


def _pyarrow(columns, positions):
    pyarrow = sys.modules["pyarrow"]
    if len({str(c.type) for c in columns}) > 1 and any(
        pyarrow.types.is_dictionary(c.type) for c in columns
    ):
        columns = [c.cast(pyarrow.string()) for c in columns]
    tables = [pyarrow.table({"x": c}) for c in columns]
    whole = pyarrow.concat_tables(tables, promote_options="permissive").column("x")
    return whole.take(pyarrow.array(positions, mask=positions < 0))


def _arrays(columns, positions):
    whole = np.concatenate([np.asarray(c) for c in columns])
    if not (positions < 0).any():
        return whole[positions]
    holes = whole.astype(object if whole.dtype.kind not in "iufb" else np.float64)
    out = holes[np.maximum(positions, 0)]
    out[positions < 0] = np.nan if holes.dtype.kind == "f" else None
    return out


_STACKS: dict[str, Callable[[list[Any], np.ndarray], Any]] = {
    "pandas": _pandas,
    "polars": _polars,
    "pyarrow": _pyarrow,
    "dict": _arrays,
}
