"""Ids in results are what they were in the data, so that tables can be joined on them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import mixedeffects as me

LIBRARIES = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.table}
IDS = {
    "integers": np.arange(12) + 5,
    "large integers": np.arange(12) + 2**53 + 1,
    "text": np.array([f"s{i:02d}" for i in range(12)]),
    "numbers": np.arange(12) + 0.5,
    "times": np.datetime64("2020-01-01T01:00:00", "us") + np.arange(12),
}


def table_of(ids):
    rng = np.random.default_rng(1)
    y = np.repeat(rng.normal(size=ids.size), 8) + rng.normal(size=8 * ids.size)
    return {"y": y, "x": rng.normal(size=y.size), "g": np.repeat(ids, 8)}


def joined(data, effects, left, right):
    """Rows of the table that find their group's effect."""
    if isinstance(data, pd.DataFrame):
        return data.merge(effects, left_on=left, right_on=right)
    if isinstance(data, pl.DataFrame):
        return data.join(effects, left_on=left, right_on=right).to_pandas()
    return data.join(effects, left, right_keys=right, join_type="inner").to_pandas()


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("kind", IDS)
def test_effects_are_joined_to_rows_by_their_id(kind, library):
    data = LIBRARIES[library](table_of(IDS[kind]))
    fit = me.lmm("y ~ x + (1 | g)", data)
    found = joined(data, fit.ranef(), ["g"], ["level"])
    assert len(found) == 96
    fixed = fit.fixef["(Intercept)"] + fit.fixef["x"] * found["x"]
    expected = dict(zip(np.asarray(data["y"]), fit.fitted, strict=True))
    np.testing.assert_allclose(fixed + found["estimate"], [expected[y] for y in found["y"]])
    values = fit.tidy(effects="ran_coefs")
    assert len(joined(data, values, ["g"], ["level"])) == 2 * 96


def nested():
    ids, rng = np.arange(1, 7), np.random.default_rng(2)
    center, rep = np.repeat(ids, 40), np.tile(np.repeat(np.arange(1, 9), 5), ids.size)
    place = np.searchsorted(ids, center)
    y = rng.normal(size=ids.size)[place] + rng.normal(size=(ids.size, 9))[place, rep]
    return {"y": y + rng.normal(size=y.size), "center": center, "rep": rep}


@pytest.mark.parametrize("library", LIBRARIES)
def test_nested_ids_have_a_column_each(library):
    data = LIBRARIES[library](nested())
    effects = me.lmm("y ~ 1 + (1 | center / rep)", data).ranef()
    frame = pd.DataFrame(effects) if library == "pandas" else effects.to_pandas()
    inner = frame[frame["group"] == "rep:center"]
    assert list(frame)[:4] == ["group", "level", "rep", "center"]
    pairs = zip(inner["rep"].astype(int), inner["center"], strict=True)
    assert [f"{rep}:{center}" for rep, center in pairs] == list(inner["level"])
    outer = frame[frame["group"] == "center"]
    assert outer["rep"].isna().all() and outer["center"].tolist() == [1, 2, 3, 4, 5, 6]
    if library == "pandas":
        assert len(data.merge(inner, on=["center", "rep"])) == len(data)
        assert frame["rep"].dtype == "Int64" and frame["center"].dtype == "int64"
    elif library == "polars":
        part = effects.filter(pl.col("group") == "rep:center")
        assert data.join(part, on=["center", "rep"]).height == data.height


def test_ids_of_two_types_are_text_and_have_a_column_each():
    rng = np.random.default_rng(3)
    table = table_of(np.arange(12)) | {"item": np.tile(np.array(list("abcdefgh")), 12)}
    table["y"] = table["y"] + rng.normal(size=8)[np.tile(np.arange(8), 12)]
    effects = me.lmm("y ~ x + (1 | g) + (1 | item)", pd.DataFrame(table)).ranef()
    of_g = effects[effects["group"] == "g"]
    assert of_g["level"].tolist() == [str(i) for i in range(12)]
    assert of_g["g"].tolist() == list(range(12)) and of_g["item"].isna().all()
    assert len(pd.DataFrame(table).merge(of_g, on="g")) == 96


def test_ids_of_one_type_need_no_more_columns():
    table = table_of(np.arange(12)) | {"day": np.tile(np.arange(8), 12)}
    effects = me.lmm("y ~ x + (1 | g) + (1 | day)", pd.DataFrame(table)).ranef()
    assert list(effects) == [
        "group",
        "level",
        "term",
        "estimate",
        "sd",
        "std_error",
        "lower",
        "upper",
    ]
    assert effects["level"].dtype == "int64"


def test_a_grouping_column_may_be_called_as_one_of_the_tables():
    table = nested()
    table["level"], table["group"] = table.pop("center"), table.pop("rep")
    effects = me.lmm("y ~ 1 + (1 | level / group)", pd.DataFrame(table)).ranef()
    assert list(effects)[:4] == ["group", "level", "group_id", "level_id"]


def test_rows_beside_their_fitted_values_keep_ids():
    fit = me.lmm("y ~ x + (1 | g)", pl.DataFrame(table_of(np.arange(12))))
    assert fit.augment()["g"].dtype == pl.Int64
