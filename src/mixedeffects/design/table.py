"""Tables of any library: read columns, and write result tables in the same flavour.

pandas, polars and pyarrow are read through their own buffers, because a general layer costs
more than a small fit; whatever else narwhals reads is turned into an Arrow table first.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from numbers import Integral
from typing import Any, cast

import numpy as np

from mixedeffects.design.columns import Column
from mixedeffects.design.readers import READERS, pandas_getter
from mixedeffects.design.remember import remember
from mixedeffects.design.row_index import in_order, labels_of
from mixedeffects.errors import ColumnTypeError, DataError


@remember
def index_names(index: Any) -> tuple[Any, ...]:
    """Names in a pandas Index."""
    return tuple(index.tolist())


class SourceTable:
    """Named columns of equal length.

    Attributes
    ----------
    native : object
        The table as given; never changed.
    flavour : str
        "pandas", "polars", "pyarrow" or "dict".
    names : tuple
        Column names.
    n_rows : int
    index : pandas Index or None
        Labels of the rows: of a pandas table, or of the first Series of a dict of columns, whose
        others are brought into its order.
    """

    __slots__ = ("_cache", "_get", "flavour", "index", "n_rows", "names", "native")

    def __init__(self, native: Any, flavour: str) -> None:
        self.native = native
        self.flavour = flavour
        self.index: Any = None
        self._cache: dict[str, Column] = {}
        if flavour == "dict":
            self.names = tuple(native)
            lengths = {str(name): _length(str(name), values) for name, values in native.items()}
            if len(set(lengths.values())) > 1:
                shown = ", ".join(f"'{name}' has {n}" for name, n in list(lengths.items())[:6])
                raise DataError(f"the columns differ in length: {shown}")
            self.n_rows = next(iter(lengths.values()), 0)
            self._get = native.__getitem__
            found = (labels_of(values) for values in native.values())
            self.index = next((index for index in found if index is not None), None)
            if self.index is not None:
                self._get = self._aligned
        elif flavour == "pyarrow":
            self.names = tuple(native.column_names)
            self.n_rows = native.num_rows
            self._get = native.column
        else:
            columns = native.columns
            self.names = tuple(columns) if isinstance(columns, list) else index_names(columns)
            self.n_rows = native.shape[0]
            self._get = native.__getitem__
            if flavour == "pandas":
                self.index = native.index
                self._get = pandas_getter(native, self.names)

    def column(self, name: str) -> Column:
        """Read a column, once."""
        column = self._cache.get(name)
        if column is None:
            column = READERS[self.flavour](name, self._get(name))
            self._cache[name] = column
        return column

    def _aligned(self, name: str) -> Any:
        values = self.native[name]
        return in_order(f"values of '{name}'", values, self.index, self.n_rows, "other columns")

    def check_names(self, used: Iterable[str]) -> None:
        """Refuse names that occur twice."""
        if len(set(self.names)) == len(self.names):
            return
        for name in used:
            if self.names.count(name) > 1:
                raise DataError(f"the table has {self.names.count(name)} columns named '{name}'")


def _length(name: str, values: Any) -> int:
    try:
        return len(values)
    except TypeError:
        raise ColumnTypeError(
            f"column '{name}' is a single value, not a column; of one row it is [{values!r}]"
        ) from None


def open_table(data: Any) -> SourceTable:
    """Wrap a table for reading.

    Parameters
    ----------
    data : pandas, polars or pyarrow table, dict of columns, or anything narwhals reads
        Lazy tables are collected.

    Raises
    ------
    ColumnTypeError
        Not a table.

    Examples
    --------
    >>> open_table({"x": [1, 2], "g": ["a", "b"]}).names
    ('x', 'g')
    """
    if isinstance(data, SourceTable):
        return data
    module = _library(data)
    name = type(data).__name__
    if module in ("pandas", "polars") and name != "LazyFrame" and hasattr(data, "columns"):
        return SourceTable(data, module)
    if module == "pyarrow" and hasattr(data, "column_names"):
        return SourceTable(data, module)
    if isinstance(data, Mapping):
        return SourceTable(data, "dict")
    if isinstance(data, np.ndarray) and data.dtype.names:
        return SourceTable({field: data[field] for field in data.dtype.names}, "dict")
    import narwhals

    try:
        frame: Any = narwhals.from_native(cast(Any, data))
        if isinstance(frame, narwhals.LazyFrame):
            frame = frame.collect()
        native = frame.to_native()
        module = _library(native)
        if module in ("pandas", "polars", "pyarrow"):
            return SourceTable(native, module)
        return SourceTable(frame.to_arrow(), "pyarrow")
    except (TypeError, AttributeError):
        raise ColumnTypeError(
            f"the data must be a table, not {name}; give a pandas, polars or pyarrow table, "
            f"or a dict of columns{_made_of(data)}"
        ) from None


def _made_of(data: Any) -> str:
    """How a table is made of what is none, as the end of a message."""
    if isinstance(data, str):
        if "~" in data:
            return "\nthe formula comes first, and then the table"
        return f"\nof a file it is pandas.read_csv({data!r}), or that of polars"
    if isinstance(data, list | tuple) and data and isinstance(data[0], Mapping):
        return "\nof such records it is pandas.DataFrame(data), or polars.DataFrame(data)"
    if isinstance(data, np.ndarray) and data.ndim == 2:
        return "\nof an array it is pandas.DataFrame(data, columns=[...]), with names for columns"
    if type(data).__name__ == "Series" and _library(data) == "pandas":
        return "\nof a row of a frame it is data.to_frame().T; table.iloc[[0]] stays a table"
    return ""


def _library(data: Any) -> str:
    """The library a table belongs to, also for a subclass of its table class."""
    for kind in type(data).__mro__:
        module = kind.__module__.split(".", 1)[0]
        if module in READERS:
            return module
    return ""


def to_frame(columns: Mapping[str, Any], flavour: str, index: Any = None) -> Any:
    """A table with these columns, of the library `flavour`.

    A fit from a dict answers with pandas if it is installed, else with a dict of arrays. Only
    pandas has row labels: there `index` are those of the table.

    Examples
    --------
    >>> to_frame({"term": ["x"], "estimate": [1.5]}, "polars").shape
    (1, 2)
    """
    library = "pandas" if flavour == "dict" else flavour
    try:
        module = importlib.import_module(library)
    except ImportError:
        return {name: np.asarray(values) for name, values in columns.items()}
    plain = {name: _plain(values) for name, values in columns.items()}
    if library == "pandas":
        for name, values in plain.items():
            if isinstance(values, list) and _whole_with_gaps(values):  # else they become floats
                plain[name] = module.array(values, dtype="Int64")
        return module.DataFrame(plain, index=index)
    return module.table(plain) if library == "pyarrow" else module.DataFrame(plain)


def _whole_with_gaps(values: list[Any]) -> bool:
    """Whether values are whole numbers and some are missing.

    Examples
    --------
    >>> _whole_with_gaps([1, None]), _whole_with_gaps([None]), _whole_with_gaps([True, None])
    (True, False, False)
    """
    if not any(value is None for value in values):
        return False
    known = [value for value in values if value is not None]
    return bool(known) and all(
        isinstance(value, Integral) and not isinstance(value, bool) for value in known
    )


def _plain(values: Any) -> Any:
    if isinstance(values, np.ndarray) and values.dtype != object:
        return values
    return list(values)
