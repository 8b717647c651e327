"""Wide to long: the same rows as pandas' own functions, in every flavour, and errors that help."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mixedeffects as me


@pytest.fixture
def wide():
    """The pain trial with a column per visit, and a second variable with fewer visits."""
    trial = me.datasets.pain_trial()
    out = trial.pivot(index=["patient", "treatment"], columns="time", values="pain_score")
    out = out.add_prefix("pain_").reset_index().rename_axis(columns=None)
    rng = np.random.default_rng(1)
    out["mood_0"], out["mood_6"] = rng.integers(1, 9, 80), rng.integers(1, 9, 80)
    return out


FLAVOURS = {
    "pandas": (lambda frame: frame, lambda long: long),
    "polars": (pl.from_pandas, lambda long: long.to_pandas()),
    "pyarrow": (
        lambda frame: pa.Table.from_pandas(frame, preserve_index=False),
        lambda long: long.to_pandas(),
    ),
    "dict": (lambda frame: {c: frame[c].tolist() for c in frame}, pd.DataFrame),
}


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_same_rows_as_pandas_wide_to_long(wide, flavour):
    there, back = FLAVOURS[flavour]
    long = me.reshape_long(there(wide))
    assert type(long).__module__.split(".")[0] == {"dict": "builtins"}.get(flavour, flavour)
    ours = back(long)
    theirs = pd.wide_to_long(
        wide, ["pain", "mood"], i=["patient", "treatment"], j="time", sep="_"
    ).reset_index()
    assert list(ours.columns) == ["patient", "treatment", "time", "pain", "mood"]
    order = ["patient", "time"]
    ours = ours.astype({"patient": str, "treatment": str}).sort_values(order)
    theirs = theirs.astype({"patient": str, "treatment": str}).sort_values(order)
    pd.testing.assert_frame_equal(
        ours.reset_index(drop=True), theirs[list(ours.columns)].reset_index(drop=True),
        check_dtype=False,
    )  # fmt: skip


def test_same_values_as_melt(wide):
    long = me.reshape_long(wide, ["pain"], value="score")
    kept = wide.drop(columns=["mood_0", "mood_6"])
    melted = kept.melt(["patient", "treatment"], var_name="time", value_name="score")
    melted["time"] = melted["time"].str.removeprefix("pain_").astype(int)
    both = long.merge(melted, on=["patient", "treatment", "time"], suffixes=("", "_melt"))
    assert len(both) == len(long) == len(melted)
    pd.testing.assert_series_equal(both["score"], both["score_melt"], check_names=False)


def test_round_trip_of_the_pain_trial(wide):
    long = me.reshape_long(wide.drop(columns=["mood_0", "mood_6"]), drop_missing=True)
    trial = me.datasets.pain_trial().rename(columns={"pain_score": "pain"})
    same = [c.sort_values(["patient", "time"]).reset_index(drop=True) for c in (long, trial)]
    pd.testing.assert_frame_equal(same[0], same[1][list(same[0].columns)], check_like=True)


def test_column_types_are_kept_and_the_table_is_not_changed(wide):
    before = wide.copy(deep=True)
    long = me.reshape_long(wide)
    assert long["patient"].dtype == wide["patient"].dtype
    assert long["treatment"].dtype == wide["treatment"].dtype
    assert long["time"].dtype.kind == "i"
    pd.testing.assert_frame_equal(wide, before)


def test_missing_cells_stay_as_missing_rows_unless_dropped(wide):
    assert len(me.reshape_long(wide)) == 80 * 4
    assert me.reshape_long(wide, ["mood"])["mood"].notna().all()
    dropped = me.reshape_long(wide[["patient", "pain_0", "pain_6"]], drop_missing=True)
    assert len(dropped) == wide[["pain_0", "pain_6"]].notna().sum().sum()
    # a wave that a variable does not have is missing, not left out
    assert me.reshape_long(wide).query("time == 3")["mood"].isna().all()


@pytest.mark.parametrize(
    ("names", "waves", "value"),
    [
        (["Wave1", "Wave2", "Wave10"], [1, 2, 10], "value"),
        (["x.1", "x.2"], [1, 2], "x"),
        (["score_pre", "score_post"], ["pre", "post"], "score"),
        (["dose_0.5", "dose_1.5"], [0.5, 1.5], "dose"),
        (["t0", "t0.5", "t1"], [0, 0.5, 1], "value"),
        (["pain month 3", "pain month 12"], [3, 12], "pain"),
        (["t1_mood", "t0_mood"], [0, 1], "mood"),
        (["2019", "2020"], [2019, 2020], "value"),
    ],
)
def test_families_of_columns_are_found_by_name(names, waves, value):
    wide = pd.DataFrame({"who": ["a", "b"], **{n: [1.5, 2.5] for n in names}})
    long = me.reshape_long(wide)
    assert list(long.columns) == ["who", "time", value]
    assert long["time"].tolist() == waves * 2


def test_columns_named_by_numbers_and_an_index_with_names():
    trial = me.datasets.pain_trial()
    pivot = trial.pivot(index=["patient", "treatment"], columns="time", values="pain_score")
    long = me.reshape_long(pivot, time="month", value="pain")
    assert list(long.columns) == ["patient", "treatment", "month", "pain"]
    assert long["pain"].notna().sum() == len(trial)


WAYS = {
    "dict of waves": {"pain": {"pain_0": 0, "pain_1": 1, "pain_3": 3, "pain_6": 6}},
    "dict of columns": {"pain": ["pain_0", "pain_1", "pain_3", "pain_6"]},
    "list of columns": ["pain_0", "pain_1", "pain_3", "pain_6"],
    "variable": ["pain"],
    "text": "pain",
    "pattern": r"(?P<variable>pain)_(?P<time>\d+)",
}


@pytest.mark.parametrize("way", WAYS)
def test_columns_can_be_said_in_many_ways(wide, way):
    wide = wide.drop(columns=["mood_0", "mood_6"])
    pd.testing.assert_frame_equal(me.reshape_long(wide, WAYS[way]), me.reshape_long(wide))


def test_waves_can_be_renamed(wide):
    long = me.reshape_long(wide, {"pain": {"pain_0": "start", "pain_6": "end"}})
    assert long["time"].tolist()[:2] == ["start", "end"]
    assert {"pain_1", "pain_3"} <= set(long.columns)


def test_a_row_id_is_made_and_said_only_where_none_is_there(wide):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        me.reshape_long(wide)
    with pytest.warns(me.DataWarning, match="'row', 1 to 80"):
        long = me.reshape_long(wide.drop(columns="patient"))
    assert long["row"].tolist()[:8] == [1] * 4 + [2] * 4
    # two columns of names that together tell the rows apart need none
    pairs = pd.DataFrame({"a": list("xxyy"), "b": list("pqpq"), "y_1": 1.5, "y_2": 2.5})
    assert list(me.reshape_long(pairs).columns) == ["a", "b", "time", "y"]


@pytest.mark.parametrize(
    ("change", "options", "error", "message"),
    [
        ({}, {"columns": ["pian"]}, me.DataError, "did you mean 'pain'"),
        ({}, {"columns": {"p": {"pain_7": 1}}}, me.DataError, "not a column"),
        ({"time": 1}, {}, me.DataError, "'time' is already in the table; give .* time="),
        ({"pain": 1}, {}, me.DataError, "'pain' is already in the table"),
        ({"pain_3": "x"}, {"columns": ["pain_0", "pain_3"]}, me.ColumnTypeError,
         "'pain_0' holds numbers and 'pain_3' holds text"),
        ({}, {"columns": {"a": ["pain_0", "pain_1"], "b": ["pain_1", "pain_3"]}}, me.DataError,
         "'pain_1' is in both 'a' and 'b'"),
        ({}, {"columns": {"a": {"pain_0": 1, "pain_1": 1}}}, me.DataError, "several columns"),
        ({}, {"id": "treatment"}, me.DataError, "treatment = .* has 40 rows"),
        ({}, {"id": "pain_0"}, me.DataError, "one of the columns to reshape"),
        ({}, {"value": "v"}, me.OptionError, "there are 2: pain, mood"),
        ({}, {"columns": "(?P<wave>x"}, me.OptionError, "not a regular expression"),
        ({}, {"columns": "(?P<wave>x)"}, me.OptionError, "needs a group"),
        ({}, {"columns": 3}, me.OptionError, "must be a dict, a list"),
        ({}, {"columns": {}}, me.OptionError, "empty"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said(wide, change, options, error, message):
    with pytest.raises(error, match=message):
        me.reshape_long(wide.assign(**change), **options)


def test_no_family_is_said_with_the_way_out():
    with pytest.raises(me.DataError, match="say which: columns="):
        me.reshape_long(me.datasets.sleepstudy())


@given(
    st.integers(1, 6),
    st.lists(st.integers(0, 99), min_size=2, max_size=5, unique=True),
    st.integers(0, 2**31),
)
def test_long_and_back_is_the_same_table(n, waves, seed):
    rng = np.random.default_rng(seed)
    wide = pd.DataFrame({"who": [f"p{i}" for i in range(n)]})
    for w in waves:
        wide[f"y_{w}"] = np.where(rng.random(n) < 0.2, np.nan, rng.normal(size=n))
    long = me.reshape_long(wide, id="who")
    assert long["time"].tolist() == sorted(waves) * n
    back = long.pivot(index="who", columns="time", values="y")
    for w in waves:
        np.testing.assert_array_equal(back[w].to_numpy(), wide.set_index("who")[f"y_{w}"])


def test_words_for_occasions_are_in_the_order_of_time():
    wide = {"id": [1, 2], "mood_fup": [3, 6], "mood_pre": [1, 4], "mood_post": [2, 5]}
    long = me.reshape_long(wide)
    assert list(long["time"]) == ["pre", "post", "fup"] * 2
    assert list(long["mood"]) == [1, 2, 3, 4, 5, 6]
