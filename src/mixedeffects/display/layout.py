"""Tables of strings as text and as HTML."""

from __future__ import annotations

from html import escape
from typing import Any

# columns that read better flush left
FLUSH_LEFT = ("corr", "against", "reference", "meaning")


class TitledTable:
    """A result that prints as one table under a title, which a subclass gives by its facts.

    Parameters
    ----------
    facts : record
        What is shown, unrounded.
    to_frame : callable
        From named columns to the user's kind of data frame.
    """

    _left = 1  # columns flush left
    _below: Any = ()  # lines of text below the table

    def __init__(self, facts, to_frame):
        self.facts, self._to_frame = facts, to_frame

    def _title(self) -> str:
        raise NotImplementedError

    def _rows(self) -> tuple[list, list]:
        """Header and rows, strings only."""
        raise NotImplementedError

    def __str__(self):
        table = text_table(*self._rows(), left=self._left)
        return "\n".join([self._title(), *table, *self._below])

    __repr__ = __str__

    def _repr_html_(self):
        return html_table(self._title(), *self._rows(), left=self._left)


def text_table(header, rows, left):
    """Aligned lines.

    Parameters
    ----------
    left : int
        How many leading columns are set flush left; numbers are set flush right.

    Examples
    --------
    >>> text_table(["a", "n"], [["x", "10"], ["yy", "9"]], left=1)
    ['a    n', 'x   10', 'yy   9']
    """
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    flush = [i < left or name in FLUSH_LEFT for i, name in enumerate(header)]
    lines = []
    for row in [header, *rows]:
        cells = zip(row, widths, flush, strict=True)
        lines.append("  ".join(c.ljust(w) if f else c.rjust(w) for c, w, f in cells).rstrip())
    return lines


def html_table(caption, header, rows, left):
    """An HTML table without scripts or external resources.

    Parameters
    ----------
    header, rows, left
        As in `text_table`.
    """

    def cell(tag, text, i):
        align = "left" if i < left else "right"
        return f'<{tag} style="text-align: {align}">{escape(text)}</{tag}>'

    head = "".join(cell("th", text, i) for i, text in enumerate(header))
    body = "".join(
        "<tr>" + "".join(cell("td", text, i) for i, text in enumerate(row)) + "</tr>"
        for row in rows
    )
    return (
        f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table>"
    )
