"""Tables of strings as text, no wider than the terminal, and as HTML."""

from __future__ import annotations

import re
from html import escape
from shutil import get_terminal_size
from typing import Any

from mixedeffects.display.exchange import Tabular

# columns that read better flush left
FLUSH_LEFT = (
    "corr",
    "against",
    "reference",
    "meaning",
    "method",
    "reason",
    "refused",
    "hypothesis",
)
# narrowest page that is laid out for, and the least room that is left to a column
NARROWEST, LEAST = 40, 12
# share of the page that names of rows may take where the page is too narrow
NAMES = 0.6
GAP = "  "
# where a long cell may be cut: after a space or a sign that joins names
CUT = re.compile(r"(?<=[ :/*+,.])")


class TitledTable(Tabular):
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


def page_width():
    """Characters in a line of the terminal (or of ``COLUMNS``); 80 where there is none."""
    return max(NARROWEST, get_terminal_size((80, 24)).columns)


def text_table(header, rows, left, *, indent="", width=None):
    """Aligned lines, none of them wider than the page.

    What does not fit beside the first columns goes below, with the first columns again; a cell
    that is still too long takes several lines.

    Parameters
    ----------
    left : int
        How many leading columns are set flush left; numbers are set flush right.
    indent : str
        What every line starts with.
    width : int, optional
        Of the page; by default that of the terminal.

    Examples
    --------
    >>> text_table(["a", "n"], [["x", "10"], ["yy", "9"]], left=1)
    ['a    n', 'x   10', 'yy   9']
    >>> text_table(["a", "first", "second"], [["x", "1", "2"]], left=1, width=12)
    ['a  first', 'x      1', '', 'a  second', 'x       2']
    """
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    flush = [i < left or name in FLUSH_LEFT for i, name in enumerate(header)]
    room = (page_width() if width is None else width) - len(indent)
    if sum(widths) + len(GAP) * (len(widths) - 1) <= room:
        parts = [list(range(len(header)))]
    else:
        widths, parts = fitted(widths, flush, left, room)
    lines = []
    for n, part in enumerate(parts):
        if n:
            lines.append("")
        for row in [header, *rows]:
            lines += [f"{indent}{line}".rstrip() for line in row_lines(row, part, widths, flush)]
    return lines


def fits(header, rows):
    """Whether a table is as wide as the page, or narrower.

    Examples
    --------
    >>> fits(["a", "n"], [["x", "10"]])
    True
    """
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    return sum(widths) + len(GAP) * (len(widths) - 1) <= page_width()


def fitted(widths, flush, left, room):
    """Widths of the columns of a page that is too narrow, and which columns stand side by side.

    Returns
    -------
    widths : list of int
    parts : list of list of int
        Columns of each part, the first `left` in every one.
    """
    widths = list(widths)
    most = max(LEAST * left, int(NAMES * room) - len(GAP) * left)
    while sum(widths[:left]) > most:  # the longest names take more lines, not more room
        widths[widths.index(max(widths[:left]))] -= 1
    used = sum(widths[:left]) + len(GAP) * left
    for i in range(left, len(widths)):
        if flush[i]:
            widths[i] = min(widths[i], max(LEAST, room - used))
    parts, at = [], room + 1
    for i in range(left, len(widths)):
        need = widths[i] + (len(GAP) if at > used else 0)
        if at + need > room:
            parts.append(list(range(left)))
            at, need = used, widths[i]
        parts[-1].append(i)
        at += need
    return widths, parts or [list(range(left))]


def row_lines(row, part, widths, flush):
    """The lines of some cells of a row."""
    cells = [cut(row[i], widths[i]) for i in part]
    for n in range(max(len(lines) for lines in cells)):
        texts = [lines[n] if n < len(lines) else "" for lines in cells]
        yield GAP.join(
            text.ljust(widths[i]) if flush[i] else text.rjust(widths[i])
            for text, i in zip(texts, part, strict=True)
        )


def cut(text, width):
    """A text in lines of at most `width` characters, cut between words where it can be.

    Examples
    --------
    >>> cut("arm[treated]:visit[month 12]", 16)
    ['arm[treated]:', 'visit[month 12]']
    """
    if len(text) <= width:
        return [text]
    lines = [""]
    for word in CUT.split(text):
        if lines[-1] and len(lines[-1]) + len(word.rstrip()) > width:
            lines.append("")
        lines[-1] += word
        while len(lines[-1].rstrip()) > width:
            lines[-1:] = [lines[-1][:width], lines[-1][width:]]
    return [line.rstrip() for line in lines]


def html_table(caption, header, rows, left):
    """An HTML table without scripts or external resources.

    Parameters
    ----------
    header, rows, left
        As in `text_table`.
    """

    def cell(tag, text, i):
        align = "left" if i < left or header[i] in FLUSH_LEFT else "right"
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
