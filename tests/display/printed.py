"""Tables read back from what is printed, and what a printed cell may be for a value.

Nothing here formats: a cell is read, and compared with half a unit of its last digit.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from tests import tolerances as tol

NUMBER = re.compile(r"[-−]?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?%?")
# decimals that are enough whatever the size of a number, and digits that are enough without them
DECIMALS, DIGITS = 2, 2


@dataclass(frozen=True)
class P:
    """A p-value: three decimals, or that it is below 0.0005."""

    value: float


@dataclass
class Printed:
    """A table that was printed.

    Attributes
    ----------
    header : list of str
    rows : list of list of str
    """

    header: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tables: list[Printed] = []
        self._cell: list[str] | None = None

    def handle_starttag(self, tag, attrs):
        if tag == "table":
            self.tables.append(Printed())
        elif tag == "tr" and self.tables[-1].header:
            self.tables[-1].rows.append([])
        elif tag in ("th", "td"):
            self._cell = []

    def handle_endtag(self, tag):
        if tag in ("th", "td") and self._cell is not None:
            table = self.tables[-1]
            (table.header if tag == "th" else table.rows[-1]).append("".join(self._cell))
            self._cell = None

    def handle_data(self, data):
        if self._cell is not None:
            self._cell.append(data)


def html_tables(markup: str) -> list[Printed]:
    """Every table of a piece of HTML."""
    reader = _Reader()
    reader.feed(markup)
    return reader.tables


def markdown_tables(text: str) -> dict[str, Printed]:
    """Every table of a Markdown text, by its caption."""
    found: dict[str, Printed] = {}
    caption = ""
    for line in text.replace("\\", "").splitlines():
        if line.startswith("**"):
            caption, table = line.strip("*"), Printed()
        elif line.startswith("|"):
            cells = [cell.strip() for cell in line.strip("|").split(" | ")]
            cells = [cell.strip("| ").strip() for cell in cells]
            if not table.header:
                table.header, found[caption] = cells, table
            elif not set(line) <= set("|-: "):
                table.rows.append(cells)
    return found


def in_text(text: str, table: Printed, columns: int | None = None) -> bool:
    """Whether the lines of a text have the cells of a table, one row below the other.

    Of a table whose last cells are folded, as many `columns` as are not.
    """
    lines = [line.split() for line in text.splitlines()]
    wanted = [" ".join(row[:columns]).split() for row in (table.header, *table.rows)]
    if columns is not None:
        return all(any(line[: len(row)] == row for line in lines) for row in wanted)
    places = [i for i, line in enumerate(lines) if line == wanted[0]]
    return any(lines[i : i + len(wanted)] == wanted for i in places)


def says(cell: str, value: Any) -> bool:
    """Whether a cell is what may be printed for a value."""
    if isinstance(value, P):
        if math.isnan(value.value):
            return cell == ""
        if cell == "<0.001":
            return 0 <= value.value < 0.0005
        return re.fullmatch(r"\d\.\d{3}", cell) is not None and rounds(cell, value.value)
    if value is None:
        return cell == ""
    if isinstance(value, str):
        return cell == value
    if isinstance(value, list | tuple):
        parts = cell.split()
        return len(parts) == len(value) and all(map(says, parts, value))
    if math.isnan(value):
        return cell in ("", "–")
    if math.isinf(value):
        return cell == ("∞" if value > 0 else "-∞")
    return NUMBER.fullmatch(cell) is not None and rounds(cell, float(value))


def rounds(cell: str, value: float) -> bool:
    """Whether a number as written is a value, rounded, to enough digits."""
    plain = cell.replace("−", "-").replace(",", "").rstrip("%")
    mantissa, _, exponent = plain.partition("e")
    decimals = len(mantissa.partition(".")[2]) - int(exponent or 0)
    if cell.endswith("%"):
        value *= 100.0
    half = 0.5 * 10.0**-decimals
    digits = len(mantissa.replace("-", "").replace(".", "").lstrip("0"))
    enough = decimals >= DECIMALS or digits >= DIGITS or value == float(plain) or "%" in cell
    return enough and abs(float(plain) - value) <= half * (
        1 + tol.ROUNDING_E9
    ) + tol.ROUNDING_E12 * abs(value)


def assert_says(table: Printed, header: list[str], rows: list[list[Any]]) -> None:
    """A printed table has these columns, and these values in its cells."""
    assert table.header == header
    assert len(table.rows) == len(rows), (table.rows, rows)
    for printed, values in zip(table.rows, rows, strict=True):
        for name, cell, value in zip(header, printed, values, strict=True):
            assert says(cell, value), f"{name}: {cell!r} for {value!r} in {printed}"
