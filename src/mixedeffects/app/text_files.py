"""What a text file of a table looks like: encoding, separator, decimal sign, names, cells."""

from __future__ import annotations

import csv
import gzip
import re
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from mixedeffects.errors import DataError

SEPARATORS = (",", ";", "\t")
# as people write numbers where the comma is the decimal sign, and the semicolon the separator
DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+(?:[eE][-+]?\d+)?")
DECIMAL_POINT = re.compile(r"[-+]?\d*\.\d+(?:[eE][-+]?\d+)?")
# lines read to tell which of the two a file has
PEEKED = 200
# how spreadsheets begin "Unicode text"
UTF16 = (b"\xff\xfe", b"\xfe\xff")


def opener_of(path: Path) -> Any:
    """The function that opens a file, packed or not."""
    return gzip.open if path.suffix.lower() == ".gz" else open


def is_utf16(path: Path) -> bool:
    """Whether a file begins as those in UTF-16 do."""
    with opener_of(path)(path, "rb") as file:
        return file.read(2) in UTF16


def open_text(path: Path, errors: str = "strict") -> Any:
    """Open a text file in UTF-8, or in UTF-16 where its first bytes say so."""
    encoding = "utf-16" if is_utf16(path) else "utf-8-sig"
    return opener_of(path)(path, "rt", encoding=encoding, errors=errors, newline="")


def separator_of(path: Path) -> str:
    """The separator of a text file: the one its first line has most of. Raises DataError."""
    with open_text(path) as file:
        first = file.readline()
    if not first.strip():
        raise DataError(f"{path} is empty")
    return max(SEPARATORS, key=first.count)


def decimal_sign(path: Path, separator: str) -> str:
    """The decimal sign of a text file: a comma only where another separator leaves it free.

    Returns
    -------
    str
        "," where some cell of the first lines is a number with a comma and none is one with a
        point; else ".".
    """
    if separator == ",":
        return "."
    with open_text(path) as file:
        lines = list(islice(csv.reader(file, delimiter=separator), PEEKED))
    cells = [cell.strip() for line in lines[1:] for cell in line]
    commas = any(DECIMAL_COMMA.fullmatch(cell) for cell in cells)
    return "," if commas and not any(DECIMAL_POINT.fullmatch(cell) for cell in cells) else "."


def trailing_columns(path: Path, separator: str) -> int | None:
    """The number of columns, where some row ends in a separator that the header does not have.

    Every library has its own way with rows longer than the header: pandas takes the first
    column for row names, and all others move by one.

    Returns
    -------
    int or None
        None where no row is longer than the header.

    Raises
    ------
    DataError
        A row with more values than there are columns.
    """
    with open_text(path, errors="replace") as file:  # the library says which byte is not UTF-8
        rows = csv.reader(file, delimiter=separator)
        n = len(next(rows))
        longer = False
        for row in rows:
            if len(row) > n:
                longer = True
                without_trailing(row, n, path, rows.line_num)
    return n if longer else None


def without_trailing(row: list[str], n: int, path: Any, line: int) -> list[str]:
    """A row longer than the header without the empty cell after its last separator."""
    if len(row) > n + 1 or row[n]:
        raise DataError(
            f"{path}, line {line}: {len(row)} values for {n} column{'s' * (n != 1)}\n"
            "name every column in the first line, and quote values that hold the separator"
        )
    return row[:n]


def suspicious_header(path: str | Path) -> list[str]:
    """Names of columns that look like values: the first line of a file without names.

    Returns
    -------
    list of str
        Empty where the first line looks like names.
    """
    path = Path(path)
    with open_text(path) as file:
        first = next(csv.reader(file, delimiter=separator_of(path)), [])
    numbers = sum(bool(DECIMAL_POINT.fullmatch(c) or DECIMAL_COMMA.fullmatch(c)) for c in first)
    whole = all(re.fullmatch(r"[-+]?[\d.,]+", cell) for cell in first)
    return first if numbers or whole else []


def check_header(path: Path, separator: str) -> None:
    """Refuse names that occur twice: one library renames the second, another keeps but that.

    Raises DataError.
    """
    with open_text(path, errors="replace") as file:
        counts = Counter(next(csv.reader(file, delimiter=separator)))
    twice = [name for name, n in counts.items() if n > 1 and name]
    if twice:
        names = " and of ".join(f"{counts[name]} columns {name!r}" for name in twice[:3])
        raise DataError(
            f"the first line of {path} has names of {names}\n"
            "give each column a name of its own there"
        )


@dataclass(frozen=True, slots=True)
class TextLayout:
    """How the cells of a text file are written.

    Attributes
    ----------
    separator, decimal : str
    trailing : int or None
        The number of columns, where rows end in a separator that the header does not have.
    missing : tuple of str
        Cells that stand for a missing value.
    utf16 : bool
    """

    separator: str
    decimal: str
    trailing: int | None
    missing: tuple[str, ...]
    utf16: bool


def layout_of(path: Path, missing: tuple[str, ...]) -> TextLayout:
    """Look at a text file. Raises DataError where no table can be in it."""
    separator = separator_of(path)
    check_header(path, separator)
    return TextLayout(
        separator=separator,
        decimal=decimal_sign(path, separator),
        trailing=trailing_columns(path, separator),
        missing=missing,
        utf16=is_utf16(path),
    )


def cells_of(path: str | Path) -> dict[str, list[str]]:
    """The cells of a text file as they are written, by column.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "a.csv")
    ...     _ = path.write_text("id,x\\n007,1.50\\n008,\\n")
    ...     cells_of(path)
    {'id': ['007', '008'], 'x': ['1.50', '']}
    """
    path = Path(path)
    with open_text(path) as file:
        header, *rows = (row for row in csv.reader(file, delimiter=separator_of(path)) if row)
    return {name: [row[i] for row in rows] for i, name in enumerate(header)}
