"""A result as named columns: what becomes a data frame in the user's flavour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Table:
    """Named columns of equal length, no dataframe library involved.

    Attributes
    ----------
    index : pandas Index or None
        Labels of the rows, where they are rows of a table that has them.
    flavour : str or None
        Library of the table they are rows of, where it is not that of the fit.
    """

    columns: dict[str, Any]
    index: Any = None
    flavour: str | None = None
