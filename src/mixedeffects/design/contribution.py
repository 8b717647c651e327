"""What one variable contributes to a column of a model matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mixedeffects.design.categorical import Coded

ALL = slice(None)


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One variable's columns within a term.

    Attributes
    ----------
    suffixes : tuple of str
        Names of its columns.
    hot : list of int or None
        For a factor coded by indicators, the level of each column.
    table : (L, k) array or None
        For a factor coded otherwise, the numbers of each level.
    """

    source: np.ndarray | Coded
    suffixes: tuple[str, ...]
    hot: list[int] | None = None
    table: np.ndarray | None = None

    def write(self, column: int, out: np.ndarray, first: bool, rows: Any = ALL) -> None:
        """Set `out` to this part's column on some rows, or multiply `out` by it."""
        if isinstance(self.source, Coded):
            codes = self.source.codes[rows]
            if self.hot is not None:
                level = self.hot[column]
                if first:
                    np.equal(codes, level, out=out, casting="unsafe")
                    return
                values = codes == level
            else:
                assert self.table is not None
                values = self.table[:, column].take(codes)
        else:
            values = self.source[rows] if self.source.ndim == 1 else self.source[rows, column]
        if first:
            out[...] = values
        else:
            out *= values
