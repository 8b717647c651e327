"""Results of fits to Arrow tables."""

from __future__ import annotations

from typing import Any

from mixedeffects.display.exchange import Exchanged
from mixedeffects.display.results.record import Heading, Printed


class ArrowResult(Exchanged, Printed, dict):
    """A pyarrow Table that prints itself; pyarrow has no subclasses of its own.

    Columns by name, as of a dict, which is what pandas and polars take it for; any other
    attribute is that of the table.

    Attributes
    ----------
    table : pyarrow Table
    """

    heading = Heading()
    table: Any

    @classmethod
    def of(cls, frame, heading):
        """The same table with a heading."""
        out = cls(zip(frame.column_names, frame.columns, strict=True))
        out.table, out.heading = frame, heading
        return out

    def __getattr__(self, name):
        if name.startswith("_") or name == "table":
            raise AttributeError(name)
        return getattr(self.table, name)

    def _columns(self):
        return self.table.to_pydict()

    def to_arrow(self):
        return self.table

    def to_pandas(self):
        return self.table.to_pandas()

    def tidy(self):
        """The pyarrow Table."""
        return self.table
