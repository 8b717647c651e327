"""Files → tables: CSV, TSV and Parquet, with whichever library is installed.

A missing value is an empty cell or one of `MISSING`, whatever library reads the file, so that
the same file gives the same model on every machine.
"""

from __future__ import annotations

import csv
import io
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mixedeffects.app.text_files import (
    DECIMAL_COMMA,
    TextLayout,
    layout_of,
    open_text,
    opener_of,
    without_trailing,
)
from mixedeffects.errors import DataError, MissingDependencyError, MixedEffectsError

MISSING = ("", "NA", "N/A", "NaN", "nan", "NULL", "null", "n/a", "#N/A", "<NA>")
TEXT = (".csv", ".tsv", ".txt")
PARQUET = (".parquet", ".pq")
READ = (*TEXT, *PARQUET)


def read_table(path: str | Path, missing: tuple[str, ...] = ()) -> Any:
    """Read a table from a file.

    Parameters
    ----------
    path : str or path
        ``.csv``, ``.tsv`` or ``.txt`` (the separator, one of comma, semicolon and tab, is taken
        from the first line; ``.gz`` may follow), ``.parquet`` or ``.pq``.
    missing : tuple of str
        Cells of a text file that stand for a missing value, besides those of `MISSING`.

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
        raise DataError(f"no file {str(path)!r}{near(path)}")
    if path.is_dir():
        raise DataError(f"{str(path)!r} is a folder; give the name of a file in it")
    kind = kind_of(path)
    try:
        return _read_parquet(path) if kind in PARQUET else _read_text(path, missing)
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


def near(path: Path) -> str:
    """A guess at the file that was meant, as the end of a message."""
    if not path.parent.is_dir():
        return f"; there is no folder {str(path.parent)!r}"
    tables = [file.name for file in path.parent.iterdir() if file.is_file()]
    known = [name for name in tables if _suffix(Path(name)) in READ]
    found = get_close_matches(path.name, known, n=1, cutoff=0.75)
    return f"; did you mean {str(path.parent / found[0])!r}?" if found else ""


def _suffix(path: Path) -> str:
    suffixes = [s.lower() for s in path.suffixes]
    if suffixes and suffixes[-1] == ".gz":
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def kind_of(path: Path) -> str:
    """The kind of table that a file is, by the ending of its name. Raises DataError."""
    kind = _suffix(path)
    if kind not in READ:
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


def _read_text(path: Path, missing: tuple[str, ...]) -> Any:
    layout = layout_of(path, (*MISSING, *missing))
    source: Any = path
    if layout.utf16:  # which no library but pandas reads
        with open_text(path) as file:
            source = io.BytesIO(file.read().encode())
    for library in ("pandas", "polars", "pyarrow"):
        if find_spec(library):
            return _READERS[library](path, source, layout)
    return read_plain(path, layout.separator, layout.decimal, layout.missing)


def reading_code(data: str, missing: tuple[str, ...] = ()) -> str:
    """Python that reads the same table as `read_table`, or loads the data set of that name."""
    path = Path(data)
    if not path.exists():
        return f"data = me.datasets.load({data!r})"
    if kind_of(path) in PARQUET:
        return f"import pandas as pd\n\ndata = pd.read_parquet({data!r})"
    layout = layout_of(path, (*MISSING, *missing))
    more = "" if layout.separator == "," else f", sep={layout.separator!r}"
    if layout.decimal == ",":
        more += ", decimal=','"
    if layout.utf16:
        more += ", encoding='utf-16'"
    if layout.trailing is not None:
        more += f", usecols=range({layout.trailing})"
    return (
        f"import pandas as pd\n\ndata = pd.read_csv(\n    {data!r}{more}, index_col=False,\n"
        f"    keep_default_na=False, na_values={list(layout.missing)!r},\n)"
    )


def _pandas(path: Path, source: Any, layout: TextLayout) -> Any:
    import pandas

    trailing = layout.trailing
    return pandas.read_csv(
        source, sep=layout.separator, encoding="utf-8-sig", keep_default_na=False,
        na_values=list(layout.missing), decimal=layout.decimal, index_col=False,
        usecols=None if trailing is None else range(trailing),
    )  # fmt: skip


def _polars(path: Path, source: Any, layout: TextLayout) -> Any:
    import polars

    table = polars.read_csv(
        source, separator=layout.separator, null_values=list(layout.missing),
        infer_schema_length=None, decimal_comma=layout.decimal == ",",
        truncate_ragged_lines=layout.trailing is not None,
    )  # fmt: skip
    # numbers with a space or a plus before them, which the other libraries take for numbers
    stripped = {
        name: table[name].str.strip_chars().str.strip_prefix("+")
        for name, kind in table.schema.items()
        if kind == polars.String
    }
    for kind in (polars.Float64, polars.Int64):
        for name, cells in stripped.items():
            numbers = cells.cast(kind, strict=False)
            if numbers.null_count() == table[name].null_count() < table.height:
                table = table.with_columns(numbers.alias(name))
    return table


def _pyarrow(path: Path, source: Any, layout: TextLayout) -> Any:
    import pyarrow
    from pyarrow import csv as arrow

    if layout.trailing is not None:  # which it has no option for
        text = io.StringIO()
        writer = csv.writer(text, delimiter=layout.separator, lineterminator="\n")
        with open_text(path) as file:
            rows = csv.reader(file, delimiter=layout.separator)
            writer.writerows(row[: layout.trailing] for row in rows)
        source = io.BytesIO(text.getvalue().encode())

    def read(types: dict[str, Any]) -> Any:
        if hasattr(source, "seek"):
            source.seek(0)
        return arrow.read_csv(
            source,
            parse_options=arrow.ParseOptions(delimiter=layout.separator),
            convert_options=arrow.ConvertOptions(
                null_values=list(layout.missing), strings_can_be_null=True,
                decimal_point=layout.decimal, column_types=types,
            ),
        )  # fmt: skip

    table = read({})
    # dates and times are text to the other libraries
    dated = [field.name for field in table.schema if pyarrow.types.is_temporal(field.type)]
    return read(dict.fromkeys(dated, pyarrow.string())) if dated else table


def read_plain(
    path: str | Path, separator: str = ",", decimal: str = ".", missing: tuple[str, ...] = MISSING
) -> dict[str, Any]:
    """Read a CSV file with Python alone.

    Returns
    -------
    dict of str to (n,) array
        int64 or float64 where every value is a number, bool where all are true or false,
        else objects: text, with None where the value is missing.
    """
    with open_text(Path(path)) as file:
        lines = csv.reader(file, delimiter=separator)
        rows = [(row, lines.line_num) for row in lines if row]
    header, body = rows[0][0], []
    for number, (row, line) in enumerate(rows[1:], start=2):
        if len(row) > len(header):
            row = without_trailing(row, len(header), path, line)
        if len(row) < len(header):
            raise DataError(f"{path}, row {number}: {len(row)} values for {len(header)} columns")
        body.append(row)
    if decimal == ",":
        body = [
            [cell.replace(",", ".") if DECIMAL_COMMA.fullmatch(cell) else cell for cell in row]
            for row in body
        ]
    columns = list(zip(*body, strict=True)) or [()] * len(header)
    return {name: column_of(cells, missing) for name, cells in zip(header, columns, strict=True)}


def column_of(cells: Any, missing: tuple[str, ...] = MISSING) -> Any:
    """An array of the narrowest kind that holds every cell.

    Examples
    --------
    >>> column_of(["1", "2"]), column_of(["1", "NA"]), column_of(["b", ""])
    (array([1, 2]), array([ 1., nan]), array(['b', None], dtype=object))
    """
    import numpy as np

    present = [cell for cell in cells if cell not in missing]
    whole = len(present) == len(cells)
    if present and all(cell.lower() in ("true", "false") for cell in present):
        truths = [None if cell in missing else cell.lower() == "true" for cell in cells]
        return np.array(truths, dtype=bool if whole else object)
    if any("_" in cell for cell in present):  # which Python takes for a number
        return _texts(cells, missing)
    if whole:
        try:
            return np.array([int(cell) for cell in cells], dtype=np.int64)
        except (ValueError, OverflowError):
            pass
    try:
        return np.array([float("nan" if cell in missing else cell) for cell in cells])
    except ValueError:
        return _texts(cells, missing)


def _texts(cells: Any, missing: tuple[str, ...]) -> Any:
    import numpy as np

    out = np.empty(len(cells), dtype=object)
    out[:] = [None if cell in missing else cell for cell in cells]
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
    kind = kind_of(path)
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
    with opener_of(path)(path, "wt", encoding="utf-8", newline="") as file:
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
