"""The record of what a chart shows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from mixedeffects.inference.table import Table


@dataclass(frozen=True, slots=True)
class View:
    """The numbers behind one chart, after binning or sampling: what is drawn, no more.

    Columns have fixed names (``level``, ``estimate``, ``lower``): those of the user's table are
    values or `facts`, so that no name can upset the drawing.

    Attributes
    ----------
    tables : dict of str to Table
        The layers' data by name; the first is the chart's `data`.
    notes : tuple of str
        What the reader of the chart must know (rows sampled, levels left out), in words.
    facts : dict
        Names and single numbers that titles and reference lines need.
    """

    tables: dict[str, Table]
    notes: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)
