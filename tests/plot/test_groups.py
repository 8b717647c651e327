"""Data by group: boxes are quantiles, points are rows, treatments stand apart."""

from __future__ import annotations

import numpy as np
import pytest

import mixedeffects as me
from mixedeffects.plot.theme import BLUE, GREEN, ORANGE
from tests.plot.pictures import drawn, seconds, units
from tests.tolerances import RAW_CHART_SECONDS, RAW_SUM_RTOL


def test_boxes_are_quantiles_in_order_of_the_medians():
    data = me.datasets.flipped_classrooms()
    boxes = me.plot.groups(data, "score", "professor").data
    assert boxes["median"].is_monotonic_increasing
    assert boxes["rank"].tolist() == list(range(1, 16))
    for line in boxes.itertuples():
        y = data.loc[data["professor"] == line.group, "score"].to_numpy()
        q1, median, q3 = np.quantile(y, [0.25, 0.5, 0.75])
        assert (line.n, line.q1, line.median, line.q3) == pytest.approx((y.size, q1, median, q3))
        assert line.mean == pytest.approx(y.mean())
        inside = y[(y >= q1 - 1.5 * (q3 - q1)) & (y <= q3 + 1.5 * (q3 - q1))]
        assert (line.low, line.high) == (inside.min(), inside.max())


def test_points_are_the_rows_and_a_treatment_has_its_mean():
    data = me.datasets.flipped_classrooms()
    chart = me.plot.groups(data, "score", "professor", colour="style")
    points = chart.tables["points"]
    assert sorted(points["y"]) == sorted(data["score"])
    means = chart.tables["means"].set_index("colour")["mean"]
    expected = data.groupby("style", observed=True)["score"].mean()
    assert means[expected.index].tolist() == pytest.approx(expected.tolist())
    home = data.groupby("professor", observed=True)["style"].first()
    assert (chart.data.set_index("group")["colour"] == home[chart.data["group"]]).all()
    picture = drawn(chart)
    assert picture.marks("point") == 375
    assert picture.marks("tick") == 15
    assert all(picture.has_colour(c) for c in (BLUE, ORANGE, GREEN))
    assert picture.says("P01") and picture.says("Fully") and picture.says("score by professor")


def test_colours_that_vary_within_groups_colour_the_points():
    chart = me.plot.groups(me.datasets.owls(), "SiblingNegotiation", "Nest", colour="FoodTreatment")
    assert "colour" not in chart.data and "colour" in chart.tables["points"]
    assert drawn(chart).says("Satiated")


def test_of_many_groups_the_extremes_are_shown_and_it_says_so():
    data = me.datasets.hospital_stays()
    chart = me.plot.groups(data, "stay", "hospital")
    medians = data.groupby("hospital", observed=True)["stay"].median().sort_values()
    shown = chart.data["median"].to_numpy()
    assert shown.tolist() == pytest.approx([*medians[:25], *medians[-25:]])
    assert "the 25 lowest and 25 highest medians, of 200 groups" in chart.subtitle
    assert "points" not in chart.tables
    assert drawn(chart).marks("tick") == 50


def test_kinds():
    data = me.datasets.sleepstudy()
    assert list(me.plot.groups(data, "Reaction", "Subject", kind="box").tables) == [
        "boxes", "means",
    ]  # fmt: skip
    strip = me.plot.groups(data, "Reaction", "Subject", kind="strip")
    assert list(strip.tables) == ["points", "means"] and drawn(strip).marks("tick") == 0
    with pytest.raises(me.OptionError, match="kind='violin'"):
        me.plot.groups(data, "Reaction", "Subject", kind="violin")


def test_hundreds_of_thousands_of_rows_are_sampled_and_it_says_so():
    calls = me.datasets.call_centres()
    drawn(me.plot.groups(calls.head(100), "call_CSAT", "rep_ID"))
    chart, took = seconds(me.plot.groups, calls, "call_CSAT", "center_ID", colour="reason")
    assert took + seconds(chart.png)[1] < RAW_CHART_SECONDS
    assert len(chart.tables["points"]) == 4000
    assert "a random 4,000 of 695,205 points; boxes are of all" in chart.subtitle
    means = calls.groupby("center_ID", observed=True)["call_CSAT"].mean()
    found = chart.data.set_index("group")["mean"]
    assert found[means.index].to_numpy() == pytest.approx(means.to_numpy(), rel=RAW_SUM_RTOL)


def test_one_group_negative_values_and_missing_ones():
    data = {"y": [1.0, -4.0, None, 2.0], "g": ["a name of a level that is long"] * 4}
    chart = me.plot.groups(data, "y", "g")
    assert chart.data["n"].tolist() == [3]
    assert "1 row with missing values left out" in chart.subtitle
    assert drawn(chart).marks("point") == 3


def test_columns_that_cannot_be_used():
    data = me.datasets.sleepstudy()
    with pytest.raises(me.DataError, match="did you mean 'Reaction'"):
        me.plot.groups(data, "Raction", "Subject")
    with pytest.raises(me.ColumnTypeError, match="holds categories; it must be numbers"):
        me.plot.groups(data, "Subject", "Days")
    calls = me.datasets.call_centres().head(50_000)
    with pytest.raises(me.DataError, match="it groups nothing"):
        me.plot.groups(calls, "age", "call_CSAT")


@pytest.mark.parametrize("flavour", ["polars", "pyarrow", "dict"])
def test_other_flavours(flavour):
    chart = me.plot.groups(me.datasets.cbpp(flavour=flavour), "incidence", "herd")
    expected = me.plot.groups(me.datasets.cbpp(), "incidence", "herd").data
    ours = dict(zip([str(g) for g in chart.data["group"]], map(str, chart.data["q3"]), strict=True))
    assert ours == dict(zip(expected["group"], map(str, expected["q3"]), strict=True))


def test_boxes_alone_are_drawn_when_asked_for():
    data = me.datasets.sleepstudy()
    chart = me.plot.groups(data, "Reaction", "Subject", kind="box")
    medians = data.groupby("Subject", observed=True)["Reaction"].median().sort_values()
    assert chart.data["group"].tolist() == medians.index.astype(str).tolist()
    assert chart.data["median"].tolist() == pytest.approx(medians.tolist())
    picture = drawn(chart)
    # a box and a median each, and no point
    assert (picture.marks("bar"), picture.marks("tick"), picture.marks("point")) == (18, 18, 0)
    assert picture.says("308") and picture.has_colour(BLUE, share=1e-6)
    bar = next(unit for unit in units(chart) if unit.mark == "bar")
    assert [row["q1"] for row in bar.rows] == chart.data["q1"].tolist()


def test_the_dashed_line_is_the_mean_of_all_rows_or_of_a_treatment():
    data = me.datasets.flipped_classrooms()
    plain = units(me.plot.groups(data, "score", "professor"))
    assert plain[0].rows[0]["mean"] == pytest.approx(data["score"].mean())
    assert plain[0].rows[0]["n"] == 375
    chart = me.plot.groups(data, "score", "professor", colour="style")
    rules = [unit.rows[0] for unit in units(chart) if "mean" in unit.tooltip and not
             {"q1"} & set(unit.tooltip)]  # fmt: skip
    expected = data.groupby("style", observed=True)["score"].mean()
    assert {row["colour"]: row["mean"] for row in rules} == pytest.approx(expected.to_dict())
