"""A result as named columns: what becomes a data frame in the user's flavour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Table:
    """Named columns of equal length, no dataframe library involved.

    Attributes
    ----------
    columns : dict of str to sequence
    """

    columns: dict[str, Any]
