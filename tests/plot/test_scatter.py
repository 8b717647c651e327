"""Scatter plots: all points or all counted, lines of least squares."""

from __future__ import annotations

import numpy as np
import pytest

import mixedeffects as me
from mixedeffects.plot.theme import BLUE, ORANGE
from tests.plot.pictures import drawn, seconds
from tests.tolerances import RAW_CHART_SECONDS


def test_points_and_lines_of_each_colour():
    data = me.datasets.pain_trial()
    chart = me.plot.scatter(data, "time", "pain_score", colour="treatment", group="patient")
    assert sorted(chart.data["y"]) == sorted(data["pain_score"])
    assert set(chart.data["group"]) == set(data["patient"].astype(str))
    for line in chart.tables["lines"].itertuples():
        part = data[data["treatment"] == line.colour]
        slope, intercept = np.polyfit(part["time"], part["pain_score"], 1)
        assert (line.slope, line.intercept) == pytest.approx((slope, intercept))
        assert line.r == pytest.approx(np.corrcoef(part["time"], part["pain_score"])[0, 1])
        assert line.y1 == pytest.approx(intercept + slope * 6)
    picture = drawn(chart)
    assert picture.marks("point") == 273
    assert picture.has_colour(BLUE) and picture.has_colour(ORANGE) and picture.says("treated")


def test_tooltip_names_the_group():
    chart = me.plot.scatter(me.datasets.sleepstudy(), "Days", "Reaction", group="Subject")
    spec = str(chart.to_dict())
    assert "'field': 'group', 'title': 'Subject'" in spec


def test_many_points_are_counted_in_cells_and_none_is_lost():
    calls = me.datasets.call_centres()
    chart, took = seconds(me.plot.scatter, calls, "age", "call_CSAT", colour="reason")
    assert took + seconds(chart.png)[1] < RAW_CHART_SECONDS
    cells = chart.data
    assert cells.groupby("colour")["count"].sum().to_dict() == (
        calls["reason"].value_counts().to_dict()
    )
    assert "695,205 points counted in cells" in chart.subtitle
    # a cell holds the rows between its edges
    cell = cells.iloc[len(cells) // 3]
    rows = calls[calls["reason"] == cell["colour"]]
    inside = rows["age"].between(cell["x0"], cell["x1"], inclusive="left")
    inside &= rows["call_CSAT"].between(cell["y0"], cell["y1"], inclusive="left")
    assert cell["count"] == inside.sum()
    assert drawn(chart).marks('rect mark"') == len(cells)


def test_whole_numbers_have_a_cell_each():
    """Cells of another width would hold one whole number here and two there: stripes."""
    x = np.tile(np.arange(18, 81), 200)
    cells = me.plot.scatter({"x": x, "y": np.random.default_rng(0).normal(size=x.size)}, "x", "y")
    counts = cells.data.groupby("x0")["count"].sum()
    assert counts.tolist() == [200] * 63


def test_a_scale_of_numbers_colours_points_and_cells():
    stays = me.datasets.hospital_stays()
    few = me.plot.scatter(stays.head(300), "age", "stay", colour="severity")
    assert few.data["colour"].tolist() == stays["severity"].head(300).tolist()
    many = me.plot.scatter(stays, "age", "stay", colour="severity").data
    total = (many["colour"] * many["count"]).sum()
    assert total == pytest.approx(stays["severity"].sum())
    assert drawn(few).says("severity")


def test_without_a_line_and_without_spread():
    assert "lines" not in me.plot.scatter({"a": [1, 2], "b": [1, 3]}, "a", "b", trend=False).tables
    flat = me.plot.scatter({"a": [2.0, 2.0, 2.0], "b": [1.0, 3.0, 4.0]}, "a", "b")
    assert len(flat.tables["lines"]) == 0 and drawn(flat).marks("point") == 3


def test_columns_that_cannot_be_used():
    data = me.datasets.sleepstudy()
    with pytest.raises(me.DataError, match=r"y='reaction' .* did you mean 'Reaction'"):
        me.plot.scatter(data, "Days", "reaction")
    with pytest.raises(me.DataError, match="colour='Sub'"):
        me.plot.scatter(data, "Days", "Reaction", colour="Sub")
    with pytest.raises(me.DataError, match="no row has both"):
        me.plot.scatter({"a": [1.0, None], "b": [None, 2.0]}, "a", "b")
