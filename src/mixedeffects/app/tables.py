"""Files → tables: CSV, TSV and Parquet, with whichever library is installed.

A missing value is an empty cell or one of `MISSING`, whatever library reads the file, so that
the same file gives the same model on every machine.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

from mixedeffects.errors import DataError, MissingDependencyError, MixedEffectsError

MISSING = ("", "NA", "N/A", "NaN", "nan", "NULL", "null")
SEPARATORS = (",", ";", "\t")
TEXT = (".csv", ".tsv", ".txt")
# as people write numbers where the comma is the decimal sign, and the semicolon the separator
DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+(?:[eE][-+]?\d+)?")
DECIMAL_POINT = re.compile(r"[-+]?\d*\.\d+(?:[eE][-+]?\d+)?")
# lines read to tell which of the two a file has
PEEKED = 200
PARQUET = (".parquet", ".pq")


def read_table(path: str | Path) -> Any:
    """Read a table from a file.

    Parameters
    ----------
    path : str or path
        ``.csv``, ``.tsv`` or ``.txt`` (the separator, one of comma, semicolon and tab, is taken
        from the first line; ``.gz`` may follow), ``.parquet`` or ``.pq``.

    Returns
    -------
    pandas, polars or pyarrow table, or dict of columns
        Of the first library that is installed.

    Raises
    ------
    DataError
        The file does not exist or cannot be read as what its name says.
    MissingDependencyError
        A Parquet file without a library that reads it.
    """
    path = Path(path)
    if not path.exists():
        raise DataError(f"no file {str(path)!r}")
    if path.is_dir():
        raise DataError(f"{str(path)!r} is a folder; give the name of a file in it")
    kind = _kind(path)
    try:
        return _read_parquet(path) if kind in PARQUET else _read_text(path)
    except MixedEffectsError:
        raise
    except PermissionError:
        raise
    except UnicodeDecodeError as problem:
        raise DataError(
            f"{path} is not text in UTF-8 (byte {problem.start + 1:,} is not)\n"
            "save it again as UTF-8, in a spreadsheet as 'CSV UTF-8'"
        ) from problem
    except Exception as problem:
        reason = " ".join(str(problem).split()) or type(problem).__name__
        raise DataError(f"{path} cannot be read as {kind[1:].upper()}: {reason}") from problem


def _kind(path: Path) -> str:
    suffixes = [s.lower() for s in path.suffixes]
    if suffixes and suffixes[-1] == ".gz":
        suffixes.pop()
    kind = suffixes[-1] if suffixes else ""
    if kind not in TEXT + PARQUET:
        raise DataError(
            f"cannot tell what kind of table {path} is; CSV (.csv), TSV (.tsv) and Parquet "
            "(.parquet) files are read\nsave a spreadsheet as CSV first"
        )
    return kind


def _read_parquet(path: Path) -> Any:
    if find_spec("pyarrow"):
        import pyarrow.parquet

        return pyarrow.parquet.read_table(path)
    if find_spec("polars"):
        import polars

        return polars.read_parquet(path)
    raise MissingDependencyError(
        "reading a Parquet file needs pyarrow or polars\n    pip install pyarrow"
    )


def _read_text(path: Path) -> Any:
    separator = _separator(path)
    decimal = decimal_sign(path, separator)
    trailing = trailing_columns(path, separator)
    for library in ("pandas", "polars", "pyarrow"):
        if find_spec(library):
            return _READERS[library](path, separator, decimal, trailing)
    return read_plain(path, separator, decimal)


def _open(path: Path, errors: str = "strict") -> Any:
    opener: Any = gzip.open if path.suffix.lower() == ".gz" else open
    return opener(path, "rt", encoding="utf-8-sig", errors=errors, newline="")


def _separator(path: Path) -> str:
    with _open(path) as file:
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
    with _open(path) as file:
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
    with _open(path, errors="replace") as file:  # the library says which byte is not UTF-8
        rows = csv.reader(file, delimiter=separator)
        n = len(next(rows))
        longer = False
        for row in rows:
            if len(row) > n:
                longer = True
                _without_trailing(row, n, path, rows.line_num)
    return n if longer else None


def _without_trailing(row: list[str], n: int, path: Any, line: int) -> list[str]:
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
        Empty where the first line looks like names, and for files that are no text.
    """
    path = Path(path)
    if _kind(path) not in TEXT:
        return []
    with _open(path) as file:
        first = next(csv.reader(file, delimiter=_separator(path)), [])
    numbers = sum(bool(DECIMAL_POINT.fullmatch(c) or DECIMAL_COMMA.fullmatch(c)) for c in first)
    whole = all(re.fullmatch(r"[-+]?[\d.,]+", cell) for cell in first)
    return first if numbers or whole else []


def reading_code(data: str) -> str:
    """Python that reads the same table as `read_table`, or loads the data set of that name."""
    path = Path(data)
    if not path.exists():
        return f"data = me.datasets.load({data!r})"
    if _kind(path) in PARQUET:
        return f"import pandas as pd\n\ndata = pd.read_parquet({data!r})"
    separator = _separator(path)
    more = "" if separator == "," else f", sep={separator!r}"
    if decimal_sign(path, separator) == ",":
        more += ", decimal=','"
    trailing = trailing_columns(path, separator)
    if trailing is not None:
        more += f", usecols=range({trailing})"
    return (
        f"import pandas as pd\n\ndata = pd.read_csv(\n    {data!r}{more}, index_col=False,\n"
        f"    keep_default_na=False, na_values={list(MISSING)!r},\n)"
    )


def _pandas(path: Path, separator: str, decimal: str, trailing: int | None) -> Any:
    import pandas

    return pandas.read_csv(
        path, sep=separator, encoding="utf-8-sig", keep_default_na=False, na_values=list(MISSING),
        decimal=decimal, index_col=False, usecols=None if trailing is None else range(trailing),
    )  # fmt: skip


def _polars(path: Path, separator: str, decimal: str, trailing: int | None) -> Any:
    import polars

    return polars.read_csv(
        path, separator=separator, null_values=list(MISSING), infer_schema_length=None,
        decimal_comma=decimal == ",", truncate_ragged_lines=trailing is not None,
    )  # fmt: skip


def _pyarrow(path: Path, separator: str, decimal: str, trailing: int | None) -> Any:
    from pyarrow import csv as arrow

    source: Any = path
    if trailing is not None:  # which it has no option for
        text = io.StringIO()
        writer = csv.writer(text, delimiter=separator, lineterminator="\n")
        with _open(path) as file:
            writer.writerows(row[:trailing] for row in csv.reader(file, delimiter=separator))
        source = io.BytesIO(text.getvalue().encode())
    return arrow.read_csv(
        source,
        parse_options=arrow.ParseOptions(delimiter=separator),
        convert_options=arrow.ConvertOptions(
            null_values=list(MISSING), strings_can_be_null=True, decimal_point=decimal
        ),
    )


def read_plain(path: str | Path, separator: str = ",", decimal: str = ".") -> dict[str, Any]:
    """Read a CSV file with Python alone.

    Returns
    -------
    dict of str to (n,) array
        int64 or float64 where every value is a number, bool where all are true or false,
        else objects: text, with None where the value is missing.
    """
    with _open(Path(path)) as file:
        lines = csv.reader(file, delimiter=separator)
        rows = [(row, lines.line_num) for row in lines if row]
    header, body = rows[0][0], []
    for number, (row, line) in enumerate(rows[1:], start=2):
        if len(row) > len(header):
            row = _without_trailing(row, len(header), path, line)
        if len(row) < len(header):
            raise DataError(f"{path}, row {number}: {len(row)} values for {len(header)} columns")
        body.append(row)
    if decimal == ",":
        body = [
            [cell.replace(",", ".") if DECIMAL_COMMA.fullmatch(cell) else cell for cell in row]
            for row in body
        ]
    columns = list(zip(*body, strict=True)) or [()] * len(header)
    return {name: column_of(values) for name, values in zip(header, columns, strict=True)}


def column_of(cells: Any) -> Any:
    """An array of the narrowest kind that holds every cell.

    Examples
    --------
    >>> column_of(["1", "2"]), column_of(["1", "NA"]), column_of(["b", ""])
    (array([1, 2]), array([ 1., nan]), array(['b', None], dtype=object))
    """
    import numpy as np

    present = [cell for cell in cells if cell not in MISSING]
    whole = len(present) == len(cells)
    if whole and all(cell.lower() in ("true", "false") for cell in cells) and cells:
        return np.array([cell.lower() == "true" for cell in cells])
    if whole:
        try:
            return np.array([int(cell) for cell in cells], dtype=np.int64)
        except (ValueError, OverflowError):
            pass
    try:
        return np.array([float("nan" if cell in MISSING else cell) for cell in cells])
    except ValueError:
        out = np.empty(len(cells), dtype=object)
        out[:] = [None if cell in MISSING else cell for cell in cells]
        return out


_READERS: dict[str, Any] = {"pandas": _pandas, "polars": _polars, "pyarrow": _pyarrow}


def write_table(columns: dict[str, Any], path: str | Path) -> None:
    """Write named columns as CSV, TSV or Parquet, by the name of the file.

    Raises
    ------
    DataError
        The name ends in nothing known.
    MissingDependencyError
        Parquet without a library that writes it.
    """
    path = Path(path)
    kind = _kind(path)
    if kind in PARQUET:
        if find_spec("pyarrow"):
            import pyarrow
            import pyarrow.parquet

            pyarrow.parquet.write_table(pyarrow.table(columns), path)
            return
        if find_spec("polars"):
            import polars

            polars.DataFrame(columns).write_parquet(path)
            return
        raise MissingDependencyError(
            "writing a Parquet file needs pyarrow or polars\n    pip install pyarrow"
        )
    opener: Any = gzip.open if path.suffix.lower() == ".gz" else open
    with opener(path, "wt", encoding="utf-8", newline="") as file:
        write_rows(columns, file, separator="\t" if kind == ".tsv" else ",")


def write_rows(columns: dict[str, Any], file: Any, *, separator: str = ",") -> None:
    """Write named columns as delimited text; None and nan are empty cells."""
    plain = [
        values.tolist() if hasattr(values, "tolist") else values for values in columns.values()
    ]
    writer = csv.writer(file, delimiter=separator, lineterminator="\n")
    writer.writerow(columns)
    for row in zip(*plain, strict=True):
        writer.writerow(["" if cell is None or cell != cell else cell for cell in row])
