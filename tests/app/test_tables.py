"""The same file is the same table, whichever library reads it."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from mixedeffects.app import tables
from mixedeffects.app.tables import read_plain, read_table, reading_code, write_table
from mixedeffects.design import build_design
from mixedeffects.errors import DataError, MissingDependencyError

TEXT = """y,x,arm,site,smoker
1.5,1,None,03,True
2.5,,drug,03,False
0.5,3,drug,11,True
4.0,4,None,11,False
NA,5,drug,11,True
3.5,2,None,03,False
2.0,7,drug,03,True
1.0,6,None,11,True
"""
FORMULA = "y ~ x + arm + smoker + (1 | site)"


def only(monkeypatch, *installed):
    """Pretend that of the optional libraries only these are installed."""
    optional = {"pandas", "polars", "pyarrow"}
    real = tables.find_spec
    monkeypatch.setattr(
        tables, "find_spec", lambda n: None if n in optional - set(installed) else real(n)
    )


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "trial.csv"
    path.write_text(TEXT)
    return path


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow", None])
def test_every_reader_gives_the_same_design(monkeypatch, path, library):
    only(monkeypatch, *([library] if library else []))
    table = read_table(path)
    assert type(table).__module__.split(".")[0] == (library or "builtins")
    design = build_design(FORMULA, table)
    assert design.x_names == ("(Intercept)", "x", "arm[drug]", "smoker[True]")
    assert design.y.tolist() == [1.5, 0.5, 4.0, 3.5, 2.0, 1.0]
    assert design.missing.by_column["y"] == design.missing.by_column["x"] == 1
    assert design.missing.by_column.get("arm", 0) == 0


@pytest.mark.parametrize("separator", [";", "\t"])
def test_the_separator_is_taken_from_the_header(path, separator):
    path.write_text(TEXT.replace(",", separator))
    assert build_design(FORMULA, read_table(path)).n == 6


def test_a_byte_order_mark_is_not_part_of_the_first_name(monkeypatch, path):
    path.write_text("\ufeff" + TEXT, encoding="utf-8")
    assert build_design(FORMULA, read_table(path)).n == 6
    only(monkeypatch)
    assert build_design(FORMULA, read_table(path)).n == 6


def test_plain_reader_infers_kinds(path):
    table = read_plain(path)
    assert {name: values.dtype.kind for name, values in table.items()} == {
        "y": "f", "x": "f", "arm": "O", "site": "i", "smoker": "b",
    }  # fmt: skip


def test_a_ragged_file_names_the_row(monkeypatch, path):
    only(monkeypatch)
    path.write_text(TEXT + "1,2\n")
    with pytest.raises(DataError, match="row 10: 2 values for 5 columns"):
        read_table(path)


READERS = ["pandas", "polars", "pyarrow", None]


@pytest.mark.parametrize("library", READERS)
@pytest.mark.parametrize("which", ["every row", "a later row"])
def test_a_separator_after_the_last_value_moves_no_column(monkeypatch, path, library, which):
    only(monkeypatch, *([library] if library else []))
    header, *rows = TEXT.splitlines()
    plain = build_design(FORMULA, read_table(path))
    longer = [row + "," * (which == "every row" or i == 5) for i, row in enumerate(rows)]
    path.write_text("\n".join([header, *longer]) + "\n")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        design = build_design(FORMULA, read_table(path))
    np.testing.assert_array_equal(design.y, plain.y)
    np.testing.assert_array_equal(design.X, plain.X)
    assert design.x_names == plain.x_names
    assert list(design.blocks[0].factor.labels) == list(plain.blocks[0].factor.labels)


def test_the_printed_code_moves_no_column_either(path):
    header, *rows = TEXT.splitlines()
    path.write_text("\n".join([header, rows[0], *(row + "," for row in rows[1:])]) + "\n")
    named: dict = {}
    exec(reading_code(str(path)), named)
    assert list(named["data"].columns) == header.split(",")
    assert named["data"]["x"].fillna(0).tolist() == [1, 0, 3, 4, 5, 2, 7, 6]
    assert named["data"].index.tolist() == list(range(8))


@pytest.mark.parametrize("library", READERS)
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("y,x\n1,2,3\n3,4\n", "line 2: 3 values for 2 columns"),
        ("y,x\n1,2\n\n3,4,5\n", "line 4: 3 values for 2 columns"),
        ("y,x\n1,2,,\n", "line 2: 4 values for 2 columns"),
    ],
)
def test_more_values_than_columns_are_refused(monkeypatch, path, library, text, words):
    only(monkeypatch, *([library] if library else []))
    path.write_text(text)
    with pytest.raises(DataError, match=words):
        read_table(path)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.csv", b"", "is empty"),
        ("broken.parquet", b"not parquet", "cannot be read as PARQUET"),
        ("latin.csv", "y,x\nä,1\n".encode("latin-1"), "is not text in UTF-8"),
        ("table.xlsx", b"", "save a spreadsheet as CSV"),
    ],
)
def test_unreadable_files_are_refused_in_words(tmp_path, name, content, words):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError, match=words):
        read_table(path)


def test_parquet_without_a_reader_names_the_install_line(monkeypatch, tmp_path):
    path = tmp_path / "table.parquet"
    write_table({"x": np.arange(3)}, path)
    only(monkeypatch)
    with pytest.raises(MissingDependencyError, match="pip install pyarrow"):
        read_table(path)


@pytest.mark.parametrize("library", ["polars", "pyarrow"])
def test_parquet_is_read_by_either_library(monkeypatch, tmp_path, library):
    path = tmp_path / "table.parquet"
    only(monkeypatch, library)
    write_table({"x": np.arange(3), "g": ["a", "b", "b"]}, path)
    table = read_table(path)
    assert type(table).__module__.split(".")[0] == library
    assert list(table["x"].to_numpy()) == [0, 1, 2]
