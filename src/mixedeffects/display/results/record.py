"""What a result prints, and which class prints it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from html import escape
from importlib import import_module
from typing import Any

from mixedeffects.display.folding import folded_rows, folded_terms
from mixedeffects.display.layout import fits, html_table, text_table
from mixedeffects.display.results.cells import cell_texts, is_number


@dataclass(frozen=True, slots=True)
class Heading:
    """What stands over and under a table.

    Attributes
    ----------
    title : str
        What it is, and by which method.
    notes : tuple of str
    """

    title: str = ""
    notes: tuple[str, ...] = ()


# library of the frame -> module and class of the result
CLASSES = {
    "pandas": ("mixedeffects.display.results.of_pandas", "PandasResult"),
    "polars": ("mixedeffects.display.results.of_polars", "PolarsResult"),
    "pyarrow": ("mixedeffects.display.results.of_arrow", "ArrowResult"),
    "builtins": ("mixedeffects.display.results.plain", "PlainResult"),
}


def printed(frame, heading=None):
    """A frame of results as one that prints itself whole.

    Parameters
    ----------
    frame : table
        pandas, polars, pyarrow, or a dict of columns.
    heading : Heading, optional
        Nothing stands over the table without one.

    Returns
    -------
    table
        Still a frame of its library: a subclass, but for pyarrow, whose tables have none.

    Examples
    --------
    >>> print(printed({"term": ["x"], "p_value": [1e-9]}, Heading("Tests")))
    Tests
    term  p_value
    x      <0.001
    """
    if isinstance(frame, Printed):
        return frame
    return class_of(type(frame)).of(frame, heading or Heading())


def printed_frame(frame):
    """A frame that others pass on, as one that prints itself where its library lets it."""
    return frame if type(frame).__module__.startswith("pyarrow") else printed(frame)


@dataclass(frozen=True, slots=True)
class Printing:
    """From named columns to a frame, as `to_frame` makes it, that prints itself.

    A class, because results that hold a function of functions could not be stored.

    Attributes
    ----------
    to_frame : callable
    """

    to_frame: Any

    def __call__(self, *args, **options):
        return printed_frame(self.to_frame(*args, **options))


@cache
def class_of(kind):
    """The class of results that are frames of a kind."""
    module, name = CLASSES[kind.__module__.split(".", 1)[0]]
    return getattr(import_module(module), name)


class Printed:
    """A table that prints itself whole: all columns, at any width of the page."""

    heading: Heading

    @classmethod
    def of(cls, frame, heading):
        """The same frame with a heading."""
        out: Any = cls(frame)  # pyright: ignore[reportCallIssue]
        out.heading = heading
        return out

    def _columns(self) -> dict[str, Any]:
        """Names and values of the columns."""
        raise NotImplementedError

    def tidy(self) -> Any:
        """The plain frame."""
        raise NotImplementedError

    def _cells(self):
        """Header, rows of texts, and how many of the first columns are names of rows."""
        columns = self._columns()
        names = list(columns)
        n = len(next(iter(columns.values()), ()))
        places = list(range(n))
        if n and "term" in columns and all(isinstance(t, str) for t in columns["term"]):
            places = folded_terms(columns["term"])
        places = folded_rows(places)
        shown = [i for i in places if not isinstance(i, str)]
        texts = cell_texts({name: [values[i] for i in shown] for name, values in columns.items()})
        of_place = dict(zip(shown, zip(*texts, strict=True), strict=True))
        rows = [
            [i, *[""] * (len(names) - 1)] if isinstance(i, str) else list(of_place[i])
            for i in places
        ]
        return names, rows, leading(columns)

    def __str__(self):
        header, rows, left = self._cells()
        title = [self.heading.title] if self.heading.title else []
        if len(rows) == 1 and not fits(header, rows):  # one thing: a line for each number
            header, rows, left = (
                ["", ""],
                [list(pair) for pair in zip(header, rows[0], strict=True)],
                1,
            )
            lines = text_table(header, rows, left)[1:]
        else:
            lines = text_table(header, rows, left) if header else []
        return "\n".join([*title, *lines, *self.heading.notes])

    __repr__ = __str__

    def _repr_html_(self):
        notes = "".join(f"<p>{escape(note)}</p>" for note in self.heading.notes)
        header, rows, left = self._cells()
        return html_table(self.heading.title, header, rows, left) + notes


def leading(columns):
    """How many columns come before the first of numbers.

    Examples
    --------
    >>> leading({"group": ["g", float("nan")], "term": ["a", "b"], "estimate": [1.0, 2.0]})
    2
    """
    for i, values in enumerate(columns.values()):
        known = [value for value in values if value is not None and value == value]
        if known and all(is_number(value) for value in known):
            return max(i, 1)
    return len(columns)
