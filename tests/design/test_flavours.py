"""The same table gives the same design whichever library holds it."""

from __future__ import annotations

import subprocess
import sys

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from mixedeffects.design import build_design, to_frame

FORMULA = "y ~ x * f + flag + poly(w, 2) + (1 + x | id) + (1 | g:t) + (f || g)"


def assert_same(one, two):
    assert one.x_names == two.x_names
    np.testing.assert_array_equal(one.X, two.X)
    np.testing.assert_array_equal(one.y, two.y)
    assert len(one.blocks) == len(two.blocks)
    for a, b in zip(one.blocks, two.blocks, strict=True):
        assert (a.factor.name, a.names, a.terms) == (b.factor.name, b.names, b.terms)
        assert list(a.factor.labels) == list(b.factor.labels)
        np.testing.assert_array_equal(a.factor.codes, b.factor.codes)
        assert a.factor.codes.dtype == b.factor.codes.dtype == np.int32
        if a.Z is None or b.Z is None:
            assert a.Z is b.Z
        else:
            np.testing.assert_array_equal(a.Z, b.Z)
    assert one.missing.by_column == two.missing.by_column


MAKERS = {
    "pandas": pd.DataFrame,
    "pandas object": lambda c: pd.DataFrame(
        {k: pd.Series(list(v), dtype=object) for k, v in c.items()}
    ),
    "pandas categorical": lambda c: pd.DataFrame(c).astype(dict.fromkeys("gtf", "category")),
    "pandas nullable": lambda c: pd.DataFrame(c).convert_dtypes(),
    "pandas arrow": lambda c: pa.table(c).to_pandas(types_mapper=pd.ArrowDtype),
    "polars": pl.DataFrame,
    "polars lazy": lambda c: pl.DataFrame(c).lazy(),
    "polars categorical": lambda c: pl.DataFrame(c).with_columns(
        pl.col("g", "t", "f").cast(pl.Categorical)
    ),
    "polars enum": lambda c: pl.DataFrame(c).with_columns(
        pl.col("g", "t", "f").cast(pl.Enum("abcduv"))
    ),
    "pyarrow": pa.table,
    "pyarrow chunked": lambda c: pa.concat_tables(
        [pa.table(c).slice(0, 10), pa.table(c).slice(10)]
    ),
    "pandas subclass": type("Mine", (pd.DataFrame,), {}),
    "narwhals": lambda c: nw.from_native(pl.DataFrame(c)),
    "lists": lambda c: {k: list(v) for k, v in c.items()},
    "dict of series": lambda c: {
        k: pd.Series(v) if k < "g" else pl.Series(v) for k, v in c.items()
    },
}


@pytest.mark.parametrize("flavour", MAKERS)
def test_same_design(columns, flavour):
    expected = build_design(FORMULA, columns, saturated=True)
    assert_same(build_design(FORMULA, MAKERS[flavour](columns), saturated=True), expected)


def with_holes(columns):
    holes = {name: list(values) for name, values in columns.items()}
    holes["x"][3] = None
    holes["g"][5] = None
    holes["f"][6] = None
    holes["flag"][7] = None
    holes["id"][8] = holes["id"][9] = None
    holes["y"][23] = None
    return holes


HOLES = {
    "pandas": pd.DataFrame,
    "pandas nullable": lambda c: pd.DataFrame(c).convert_dtypes(),
    "pandas categorical": lambda c: pd.DataFrame(c).astype(dict.fromkeys("gtf", "category")),
    "polars": lambda c: pl.DataFrame(c, strict=False),
    "polars categorical": lambda c: pl.DataFrame(c, strict=False).with_columns(
        pl.col("g", "f").cast(pl.Categorical)
    ),
    "pyarrow": pa.table,
    "pyarrow dictionary": lambda c: pa.table(
        {**c, "g": pa.array(c["g"]).dictionary_encode().cast("string").dictionary_encode()}
    ),
}


@pytest.mark.parametrize("flavour", HOLES)
def test_missing_values_look_alike(columns, flavour):
    holes = with_holes({name: np.asarray(values).tolist() for name, values in columns.items()})
    full = {name: np.asarray(values)[KEPT].tolist() for name, values in columns.items()}
    design = build_design("y ~ x * f + flag + (1 | id)", HOLES[flavour](holes))
    other = build_design("y ~ x * f + flag + (1 | id)", full)
    assert design.missing.by_column == {"y": 1, "x": 1, "f": 1, "flag": 1, "id": 2}
    assert design.missing.n_used == 18
    np.testing.assert_array_equal(design.X, other.X)
    np.testing.assert_array_equal(design.y, other.y)
    np.testing.assert_array_equal(design.blocks[0].factor.codes, other.blocks[0].factor.codes)
    assert list(design.blocks[0].factor.labels) == [4, 7, 30, 100]
    np.testing.assert_array_equal(np.flatnonzero(~design.missing.kept), [3, 6, 7, 8, 9, 23])
    grouped = build_design("y ~ 1 + (1 | g)", HOLES[flavour](holes))
    assert grouped.missing.by_column == {"y": 1, "g": 1}
    assert sorted(grouped.blocks[0].factor.labels) == ["a", "b", "c", "d"]


KEPT = [i for i in range(24) if i not in (3, 6, 7, 8, 9, 23)]


def test_labels_keep_their_type(columns):
    for make in (pd.DataFrame, pl.DataFrame, pa.table, dict):
        label = build_design("y ~ 1 + (1 | id)", make(columns)).blocks[0].factor.labels[0]
        assert label == 4
        assert isinstance(label, int)
        assert isinstance(build_design("y ~ 1 + (1|g)", columns).blocks[0].factor.labels[0], str)


def test_tables_are_not_changed_or_aliased(columns):
    frame = pd.DataFrame(columns)
    before = frame.copy()
    design = build_design(FORMULA, frame, saturated=True)
    design.y[:] = 0
    design.X[:] = 0
    for block in design.blocks:
        block.factor.codes[:] = 0
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (pd.DataFrame, pd.DataFrame),
        (pl.DataFrame, pl.DataFrame),
        (pa.table, pa.Table),
        (dict, pd.DataFrame),
    ],
)
def test_result_tables_have_the_flavour_of_the_input(columns, make, kind):
    frame = build_design("y ~ x", make(columns)).spec.to_frame(
        {"term": ["x"], "estimate": np.array([1.5])}
    )
    assert isinstance(frame, kind)
    assert list(to_frame({"a": [1]}, "polars").columns) == ["a"]


def test_importing_the_room_loads_no_table_library():
    code = (
        "import sys, mixedeffects.design as d;"
        "table = {'y': [1., 2, 4, 5], 'x': [0, 1, 0, 2], 'g': [1, 1, 2, 2]};"
        "d.build_design('y ~ x + (1 | g)', table);"
        "heavy = ('pandas', 'polars', 'pyarrow', 'narwhals', 'numba', 'scipy', 'formulaic');"
        "print([m for m in heavy if m in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_record_batch_and_wide_integers(columns):
    wide = pl.DataFrame(columns).with_columns(pl.col("id").cast(pl.Int128))
    batch = pl.DataFrame(columns).to_arrow().to_batches()[0]
    expected = build_design("y ~ x + t + flag + (1 | id)", columns)
    for table in (wide, batch):
        design = build_design("y ~ x + t + flag + (1 | id)", table)
        np.testing.assert_array_equal(design.X, expected.X)
        assert design.blocks[0].factor.labels == expected.blocks[0].factor.labels
