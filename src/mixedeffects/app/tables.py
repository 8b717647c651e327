"""Files → tables: CSV, TSV and Parquet, with whichever library is installed.

A missing value is an empty cell or one of `MISSING`, whatever library reads the file, so that
the same file gives the same model on every machine.
"""

from __future__ import annotations

import csv
import gzip
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mixedeffects.errors import DataError, MissingDependencyError, MixedEffectsError

MISSING = ("", "NA", "N/A", "NaN", "nan", "NULL", "null")
SEPARATORS = (",", ";", "\t")
TEXT = (".csv", ".tsv", ".txt")
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
    kind = _kind(path)
    try:
        return _read_parquet(path) if kind in PARQUET else _read_text(path)
    except MixedEffectsError:
        raise
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
    for library in ("pandas", "polars", "pyarrow"):
        if find_spec(library):
            return _READERS[library](path, separator)
    return read_plain(path, separator)


def _open(path: Path) -> Any:
    opener: Any = gzip.open if path.suffix.lower() == ".gz" else open
    return opener(path, "rt", encoding="utf-8-sig", newline="")


def _separator(path: Path) -> str:
    with _open(path) as file:
        first = file.readline()
    if not first.strip():
        raise DataError(f"{path} is empty")
    return max(SEPARATORS, key=first.count)


def _pandas(path: Path, separator: str) -> Any:
    import pandas

    return pandas.read_csv(
        path, sep=separator, encoding="utf-8-sig", keep_default_na=False, na_values=list(MISSING)
    )


def _polars(path: Path, separator: str) -> Any:
    import polars

    return polars.read_csv(
        path, separator=separator, null_values=list(MISSING), infer_schema_length=None
    )


def _pyarrow(path: Path, separator: str) -> Any:
    from pyarrow import csv as arrow

    return arrow.read_csv(
        path,
        parse_options=arrow.ParseOptions(delimiter=separator),
        convert_options=arrow.ConvertOptions(null_values=list(MISSING), strings_can_be_null=True),
    )


def read_plain(path: str | Path, separator: str = ",") -> dict[str, Any]:
    """Read a CSV file with Python alone.

    Parameters
    ----------
    path : str or path
    separator : str

    Returns
    -------
    dict of str to (n,) array
        int64 or float64 where every value is a number, bool where all are true or false,
        else objects: text, with None where the value is missing.
    """
    with _open(Path(path)) as file:
        rows = [row for row in csv.reader(file, delimiter=separator) if row]
    header, body = rows[0], rows[1:]
    for number, row in enumerate(body, start=2):
        if len(row) != len(header):
            raise DataError(f"{path}, row {number}: {len(row)} values for {len(header)} columns")
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

    Parameters
    ----------
    columns : dict of str to sequence
    path : str or path

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
