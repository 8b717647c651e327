"""Results of fits to polars tables."""

# pyright: reportIncompatibleMethodOverride=false

from __future__ import annotations

import polars as pl

from mixedeffects.display.exchange import Exchanged
from mixedeffects.display.results.record import Heading, Printed


class PolarsResult(Exchanged, Printed, pl.DataFrame, dict):
    """A polars DataFrame that prints itself whole; what is computed from it is a plain one.

    It is a dict of its columns, too, and runs over their names: as such pandas reads it.
    """

    heading = Heading()

    def __reduce__(self):
        return type(self).of, (self.tidy(), self.heading)

    @classmethod
    def _from_pydf(cls, py_df):
        return pl.DataFrame._from_pydf(py_df)

    def __iter__(self):
        return iter(self.columns)

    def __bool__(self):
        return self.width > 0

    def keys(self):
        """Names of the columns."""
        return list(self.columns)

    def values(self):
        """The columns."""
        return self.get_columns()

    def items(self):
        """Names and columns."""
        return list(zip(self.columns, self.get_columns(), strict=True))

    def to_dict(self, *, as_series=True):
        """Columns by name, as Series or as lists."""
        return self.tidy().to_dict(as_series=as_series)

    def n_chunks(self, *strategy, **named):
        """Of `polars.DataFrame.n_chunks`, which runs over the columns."""
        return self.tidy().n_chunks(*strategy, **named)

    def _columns(self):
        return self.to_dict(as_series=False)

    def tidy(self):
        """The plain DataFrame."""
        return pl.DataFrame._from_pydf(self._df)

    to_polars = tidy
    to_pandas = pl.DataFrame.to_pandas  # pyright: ignore[reportAssignmentType]
    to_arrow = pl.DataFrame.to_arrow  # pyright: ignore[reportAssignmentType]
    __arrow_c_stream__ = pl.DataFrame.__arrow_c_stream__  # pyright: ignore[reportAssignmentType]
