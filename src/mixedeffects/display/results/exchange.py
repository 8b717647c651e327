"""A result in the words of any library of data frames."""

from __future__ import annotations

from importlib import import_module

from mixedeffects.display.results.record import Printed
from mixedeffects.errors import MissingDependencyError


def library(name):
    """A library of data frames.

    Raises MissingDependencyError.
    """
    try:
        return import_module(name)
    except ImportError:
        raise MissingDependencyError(f"{name} is not installed\n    pip install {name}") from None


class Exchanged(Printed):
    """The conversions of a table with ``_columns()``."""

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
