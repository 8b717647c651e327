"""Histograms: counts of NumPy's on shared bins."""

from __future__ import annotations

import numpy as np
import pytest

import mixedeffects as me
from mixedeffects.plot.theme import BLUE, ORANGE
from tests.plot.pictures import drawn, units


def test_counts_are_numpys_and_shares_are_of_each_level():
    data = me.datasets.pain_trial()
    chart = me.plot.histogram(data, "pain_score", by="treatment")
    for level, part in chart.data.groupby("by"):
        y = data.loc[data["treatment"] == level, "pain_score"]
        edges = [*part["x0"], part["x1"].iloc[-1]]
        assert part["count"].tolist() == np.histogram(y, edges)[0].tolist()
        assert part["share"].sum() == pytest.approx(1.0)
    assert chart.data.groupby("by")["x0"].apply(tuple).nunique() == 1
    medians = data.groupby("treatment", observed=True)["pain_score"].median()
    boxes = chart.tables["boxes"].set_index("by")["median"]
    assert boxes.to_dict() == pytest.approx(medians.to_dict())


def test_picture_has_both_colours_and_boxes():
    picture = drawn(me.plot.histogram(me.datasets.pain_trial(), "pain_score", by="treatment"))
    # 14 bins of two levels, and a box of each
    assert picture.marks("bar") == 30
    assert picture.marks("tick") == 2
    assert picture.says("treated") and picture.says("pain_score")
    assert picture.ink > 0.1


def test_many_levels_are_outlined_and_folded():
    chart = me.plot.histogram(me.datasets.call_centres(), "call_CSAT", by="center_ID")
    assert "the 7 most frequent of 10 levels of center_ID, the rest as 'other'" in chart.subtitle
    assert chart.data["count"].sum() == 695_205
    picture = drawn(chart)
    assert picture.marks("line") >= 8 and picture.has_colour(BLUE) and picture.has_colour(ORANGE)


def test_bins():
    data = {"x": [0, 1, 1, 2, 5]}
    whole = me.plot.histogram(data, "x").data
    assert whole["x0"].tolist() == [-0.5, 0.5, 1.5, 2.5, 3.5, 4.5]
    assert whole["count"].tolist() == [1, 2, 1, 0, 0, 1]
    assert me.plot.histogram(data, "x", bins=5).data["count"].tolist() == [1, 2, 1, 0, 1]
    assert me.plot.histogram({"x": [3.0, 3.0]}, "x").data["count"].tolist() == [2]
    for bins in (0, 2.5, "many", True):
        with pytest.raises(me.OptionError):
            me.plot.histogram(data, "x", bins=bins)


@pytest.mark.parametrize("n", [30, 300, 30_000])
def test_there_are_neither_few_nor_many_bins(n):
    x = np.random.default_rng(n).lognormal(size=n)
    counts = me.plot.histogram({"x": x}, "x").data["count"]
    assert 4 <= len(counts) <= 61 and counts.sum() == n


def test_columns_that_cannot_be_used():
    with pytest.raises(me.DataError, match=r"x='Raction'.*did you mean 'Reaction'"):
        me.plot.histogram(me.datasets.sleepstudy(), "Raction")
    with pytest.raises(me.DataError, match="no value to show"):
        me.plot.histogram({"x": [None, None]}, "x")


def test_marginal_boxes_are_tukeys():
    data = me.datasets.pain_trial()
    chart = me.plot.histogram(data, "pain_score", by="treatment")
    boxes = chart.tables["boxes"].set_index("by")
    assert list(boxes) == ["n", "mean", "median", "q1", "q3", "low", "high"]
    for level, y in data.groupby("treatment", observed=True)["pain_score"]:
        y = y.dropna().to_numpy()
        q1, median, q3 = np.quantile(y, [0.25, 0.5, 0.75])
        inside = y[(y >= q1 - 1.5 * (q3 - q1)) & (y <= q3 + 1.5 * (q3 - q1))]
        expected = [y.size, y.mean(), median, q1, q3, inside.min(), inside.max()]
        assert boxes.loc[level].tolist() == pytest.approx(expected)
    drawn_ = {u.mark: u.encoding for u in units(chart) if "median" in u.tooltip}
    assert (drawn_["rule"]["x"]["field"], drawn_["rule"]["x2"]["field"]) == ("low", "high")
    assert (drawn_["bar"]["x"]["field"], drawn_["bar"]["x2"]["field"]) == ("q1", "q3")
    assert drawn_["tick"]["x"]["field"] == "median"


def test_whiskers_never_end_inside_of_their_box():
    """Of 1, 1, 1, 10 the third quartile is 3.25, and no value lies between it and its fence."""
    box = me.plot.histogram({"x": [1.0, 1, 1, 10]}, "x").tables["boxes"].iloc[0]
    assert (box["q3"], box["low"], box["high"]) == (3.25, 1.0, 3.25)
