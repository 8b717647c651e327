"""Several panels on one page, with the data of all of them."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Any

from mixedeffects.plot.chart import unchecked
from mixedeffects.plot.theme import QUIET
from mixedeffects.views import View

# between panels, for their titles and axes
SPACING = {"row": 100, "column": 80}
# lines below a panel's title that this has room for, and of each further one
LINES, LINE = 2, 13
# what a page has once
TOP = ("$schema", "config")
TITLE = {"fontSize": 12, "subtitleFontSize": 10, "offset": 6, "anchor": "start", "frame": "group"}


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """One panel of a page.

    Attributes
    ----------
    name : str
        Under which its data are found.
    words : tuple of str
        Lines below the title.
    colour : str
        Of these lines.
    """

    name: str
    view: View
    drawing: Any
    title: str
    words: tuple[str, ...] = ()
    colour: str = QUIET


def page(panels, columns):
    """Panels in a grid, and a view with the tables of all.

    Returns
    -------
    view : View
        Tables by the panels' names: a panel's first table has the name of the panel, others
        ``"panel: table"``. Notes are not taken over; the panels' words say what must be said.
    drawing : dict
        The Vega-Lite specification. It is put together from those of the panels, because Altair
        copies every chart several times over when charts are combined.
    """
    tables, facts, parts, datasets, whole = {}, {}, [], {}, {}
    for k, panel in enumerate(panels):
        for i, (name, table) in enumerate(panel.view.tables.items()):
            tables[panel.name if i == 0 else f"{panel.name}: {name}"] = table
        facts[panel.name] = panel.view.facts
        # as many lines as the others of its row have: titles are on one height
        lines = [*panel.words, *[" "] * (_most_lines(panels, k, columns) - len(panel.words))]
        title = {"text": panel.title, **TITLE, "subtitleColor": panel.colour}
        if lines:
            title["subtitle"] = lines
        part = unchecked(panel.drawing)
        datasets |= part.pop("datasets", {})
        whole |= {name: part.pop(name) for name in TOP if name in part}
        parts.append(part | {"title": title})
    further = max(0, max((len(panel.words) for panel in panels), default=0) - LINES)
    spacing = SPACING | {"row": SPACING["row"] + LINE * further}
    grid = whole | {
        "concat": parts, "columns": columns, "bounds": "flush", "spacing": spacing,
        "resolve": {"scale": {"color": "independent"}}, "datasets": datasets,
    }  # fmt: skip
    return View(tables, (), facts), grid


def _most_lines(panels, k, columns):
    """Lines of the panel with most of them in the row that panel k is in."""
    first = k - k % columns
    return max(len(panel.words) for panel in panels[first : first + columns])


def wrapped(lines, width):
    """Lines of text, each broken into as many as it takes.

    Examples
    --------
    >>> wrapped(["one two three"], 8)
    ('one two', 'three')
    """
    return tuple(part for line in lines for part in textwrap.wrap(line, width))
