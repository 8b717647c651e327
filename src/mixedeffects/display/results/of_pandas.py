"""Results of fits to pandas tables."""

from __future__ import annotations

import pandas as pd

from mixedeffects.display.exchange import Exchanged
from mixedeffects.display.results.record import Heading, Printed


class PandasResult(Exchanged, Printed, pd.DataFrame):
    """A pandas DataFrame that prints itself whole; what is computed from it is a plain one."""

    _metadata = ["heading"]  # noqa: RUF012  # pandas reads a list
    heading = Heading()

    @property
    def _constructor(self):
        return pd.DataFrame

    @classmethod
    def of(cls, frame, heading):
        """The frame itself, as one that prints with a heading."""
        frame.__class__ = cls  # a copy would cost more than the test that it holds
        object.__setattr__(frame, "heading", heading)  # pandas looks for a column first
        return frame

    def __getitem__(self, key):
        try:
            return super().__getitem__(key)
        except KeyError:
            if isinstance(key, str) and "term" in self.columns and key in self["term"].tolist():
                raise KeyError(
                    f"{key!r} is no column but a row: result[result['term'] == {key!r}], or "
                    f"result.set_index('term').loc[{key!r}]"
                ) from None
            raise

    def __copy__(self, deep=False):  # pyright: ignore[reportIncompatibleMethodOverride]
        return self.of(self.copy(deep), self.heading)

    def __deepcopy__(self, memo=None):  # pyright: ignore[reportIncompatibleMethodOverride]
        return self.__copy__(deep=True)

    def _columns(self):
        return {str(name): plain(self[name]) for name in self.columns}

    def tidy(self):
        """The plain DataFrame."""
        return pd.DataFrame(self)

    to_pandas = tidy
    __arrow_c_stream__ = pd.DataFrame.__arrow_c_stream__  # pyright: ignore[reportAssignmentType]


def plain(column):
    """The values of a column, None for what is missing among texts."""
    values = column.tolist()
    if any(isinstance(value, str) for value in values):
        return [value if isinstance(value, str) else None for value in values]
    return values
