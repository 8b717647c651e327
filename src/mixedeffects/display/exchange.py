"""A result in the words of any library of data frames."""

from __future__ import annotations

import copyreg
from importlib import import_module
from typing import Any

from mixedeffects.errors import MissingDependencyError


def library(name):
    """A library of data frames.

    Raises MissingDependencyError.
    """
    try:
        return import_module(name)
    except ImportError:
        raise MissingDependencyError(f"{name} is not installed\n    pip install {name}") from None


class Exchanged:
    """The conversions of a table with ``_columns()``."""

    def _columns(self) -> dict[str, Any]:
        """Names and values of the columns."""
        raise NotImplementedError

    def to_pandas(self):
        """The table as a pandas DataFrame."""
        return library("pandas").DataFrame(self._columns())

    def to_polars(self):
        """The table as a polars DataFrame."""
        return library("polars").DataFrame(self._columns())

    def to_arrow(self):
        """The table as a pyarrow Table."""
        return library("pyarrow").table(self._columns())

    def __arrow_c_stream__(self, requested_schema=None):
        """The table as an Arrow stream, which polars and others read."""
        try:
            table = self.to_arrow()
        except MissingDependencyError:
            table = self.to_polars()
        return table.__arrow_c_stream__(requested_schema)


class Tabular(Exchanged, dict):
    """A result that shows more than a table, and is a dict of the columns of its ``tidy()``.

    So ``result["p_value"]`` is a column, and pandas and polars take the result for a table.
    """

    def tidy(self) -> Any:
        """The table."""
        raise NotImplementedError

    def _columns(self):
        frame = self.tidy()
        return frame.to_pydict() if hasattr(frame, "to_pydict") else frame._columns()

    def __getitem__(self, name):
        return self.tidy()[name]

    def __iter__(self):
        return iter(self._columns())

    def __len__(self):
        return len(next(iter(self._columns().values()), ()))

    def __contains__(self, name):
        return name in self._columns()

    def __bool__(self):
        return True

    def keys(self):
        """Names of the columns."""
        return self._columns().keys()

    def values(self):
        """The columns."""
        return self._columns().values()

    def items(self):
        """Names and columns."""
        return self._columns().items()

    def __reduce_ex__(self, protocol):
        return copyreg.__newobj__, (type(self),), self.__dict__  # pyright: ignore[reportAttributeAccessIssue]

    __eq__ = object.__eq__
    __ne__ = object.__ne__
    __hash__ = object.__hash__  # pyright: ignore[reportAssignmentType]
