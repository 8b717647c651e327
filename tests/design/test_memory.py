"""A large table is looked at, not copied."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import mixedeffects as me
from mixedeffects.design import build_design
from mixedeffects.design.column_matrix import ColumnMatrix

N = 200_000
LIMIT = 1.5


def sources(X):
    """The arrays a matrix looks at."""
    parts = [part for recipe in X.columns for part, _ in recipe]
    return [getattr(part.source, "codes", part.source) for part in parts]


@pytest.fixture(scope="module")
def slopes():
    rng = np.random.default_rng(1)
    g, t = rng.integers(0, 2_000, N), rng.normal(size=N)
    b = rng.normal(size=(2, 2_000))
    y = b[0, g] + (1 + b[1, g]) * t + rng.normal(size=N)
    return {"y": y, "t": t, "g": g, "f": pd.Categorical.from_codes(g % 3, ["a", "b", "c"])}


@pytest.fixture(scope="module")
def calls():
    return me.datasets.call_centres(flavour="pandas")


def peak(function, *args):
    """Bytes that a call allocated at its worst, code loaded and compiled before."""
    function(*args)
    tracemalloc.start()
    try:
        result = function(*args)
        return tracemalloc.get_traced_memory()[1], result
    finally:
        tracemalloc.stop()


CALLS = "call_CSAT ~ reason + age + (1 | center_ID / rep_ID)"
SLOPES = "y ~ t + (1 + t | g)"


@pytest.mark.parametrize("function", [build_design, me.lmm])
@pytest.mark.parametrize("kind", ["categories", "integers", "text"])
def test_calls(function, kind, calls):
    used = calls[["call_CSAT", "reason", "age", "center_ID", "rep_ID"]].copy()
    for name in ("reason", "center_ID", "rep_ID"):
        if kind == "integers":
            used[name] = used[name].cat.codes.astype(np.int64)
        elif kind == "text":
            used[name] = used[name].astype(str)
    bytes_used = int(used.memory_usage(index=False).sum())
    assert peak(function, CALLS, used)[0] <= LIMIT * bytes_used


@pytest.mark.parametrize("function", [build_design, me.lmm])
@pytest.mark.parametrize("levels", ["counted", "wide", "decimal"])
def test_slopes(function, levels, slopes):
    data = {name: slopes[name] for name in "ytg"}
    data["g"] = {"counted": 1, "wide": 10**9, "decimal": 0.1}[levels] * data["g"]
    bytes_used = sum(values.nbytes for values in data.values())
    assert peak(function, SLOPES, data)[0] <= LIMIT * bytes_used


def test_nested_levels_too_many_for_a_table(slopes):
    rng = np.random.default_rng(2)
    data = {"y": slopes["y"], "a": rng.integers(0, 20_000, N), "b": rng.integers(0, 20_000, N)}
    used, design = peak(lambda: build_design("y ~ 1 + (1 | a / b)", data, saturated=True))
    codes = sum(block.factor.codes.nbytes for block in design.blocks)
    # what is kept, the components of nearly N pairs, and their keys while they are sorted
    assert used <= codes + 8 * 8 * N


def test_a_fit_keeps_only_codes(slopes):
    tracemalloc.start()
    design = build_design(SLOPES, slopes)
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert kept < design.blocks[0].factor.codes.nbytes + 200_000


@pytest.mark.parametrize("make", [dict, pd.DataFrame, pl.DataFrame])
def test_numbers_are_views_of_the_table(make, slopes):
    data = make({name: slopes[name] for name in "ytg"})
    design = build_design(SLOPES, data)
    y, t = (np.asarray(data[name]) for name in "yt")
    assert np.shares_memory(design.y, y)
    assert not design.y.flags.writeable
    assert isinstance(design.X, ColumnMatrix) and design.blocks[0].Z is design.X
    assert np.shares_memory(sources(design.X)[0], t)
    codes = design.blocks[0].factor.codes
    assert codes.dtype == np.int32 and codes.flags.writeable and codes.flags.owndata


def test_numbers_of_an_arrow_table_are_views(slopes):
    table = pa.table({name: slopes[name] for name in "ytg"})
    design = build_design(SLOPES, table)
    assert np.shares_memory(design.y, table["y"].chunk(0).to_numpy())
    assert np.shares_memory(sources(design.X)[0], table["t"].chunk(0).to_numpy())


def test_codes_are_views_of_categories(slopes):
    frame = pd.DataFrame(slopes)
    design = build_design("y ~ f * t + (1 | g)", frame)
    for source in sources(design.X):
        whose = frame["f"].array.codes if source.dtype == np.int8 else frame["t"].to_numpy()
        assert np.shares_memory(source, whose)
    # levels of the random part are never the table's own, whatever their type
    grouped = build_design("y ~ t + (1 | f)", frame).blocks[0].factor.codes
    assert grouped.dtype == np.int32 and grouped.flags.writeable
    assert not np.shares_memory(grouped, frame["f"].array.codes)


def test_a_large_table_is_not_changed(slopes):
    before = {name: np.array(values) for name, values in slopes.items()}
    me.lmm("y ~ t + f + (1 + t | g)", slopes).residuals()
    for name, values in before.items():
        np.testing.assert_array_equal(values, np.asarray(slopes[name]))


def test_integers_and_missing_values_are_copied_once(slopes):
    data = {"y": slopes["y"].round().astype(np.int64), "t": slopes["t"].copy(), "g": slopes["g"]}
    assert build_design(SLOPES, data).y.dtype == np.float64
    data["t"][7] = np.nan
    used, design = peak(build_design, SLOPES, data)
    assert design.n == N - 1 and not np.shares_memory(sources(design.X)[0], data["t"])
    assert used <= 2 * 3 * 8 * N


def test_a_small_table_is_copied(slopes):
    data = {name: slopes[name][:1_000] for name in "ytg"}
    design = build_design("y ~ t", data)
    assert isinstance(design.X, np.ndarray) and design.X.flags.c_contiguous
    assert not np.shares_memory(design.y, data["y"])
