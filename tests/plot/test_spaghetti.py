"""Raw trajectories, and the means over all of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mixedeffects as me
from mixedeffects.plot.theme import BLUE, ORANGE
from tests.plot.pictures import drawn, seconds
from tests.tolerances import RAW_CHART_SECONDS, RAW_SUM_RTOL, SHARE_OF_A_THIRD


def test_lines_are_the_rows_and_means_the_means():
    data = me.datasets.pain_trial()
    chart = me.plot.spaghetti(data, "time", "pain_score", "patient", colour="treatment")
    ours = chart.data.sort_values(["group", "x"])
    theirs = data.sort_values(["patient", "time"])
    assert ours["y"].tolist() == theirs["pain_score"].tolist()
    means = data.groupby(["treatment", "time"], observed=True)["pain_score"].mean()
    found = chart.tables["means"].set_index(["colour", "x"])["y"]
    assert found[means.index].tolist() == pytest.approx(means.tolist())
    picture = drawn(chart)
    assert picture.marks("line") >= 82 - 5  # patients seen once have no line
    assert picture.has_colour(BLUE) and picture.has_colour(ORANGE)
    assert picture.says("pain_score over time")


def test_many_groups_are_sampled_and_the_means_are_of_all():
    calls = me.datasets.call_centres()
    chart, took = seconds(me.plot.spaghetti, calls, "month", "call_CSAT", "rep_ID")
    assert took + seconds(chart.png)[1] < RAW_CHART_SECONDS
    assert chart.data["group"].nunique() == 100
    assert "100 of 193 rep_ID lines, chosen at random; the means are of all" in chart.subtitle
    assert "rows of one group at the same place are averaged" in chart.subtitle
    means = calls.groupby("month")["call_CSAT"].mean()
    np.testing.assert_allclose(chart.tables["means"]["y"], means, rtol=RAW_SUM_RTOL)
    cell = chart.data.iloc[17]
    rows = calls.query("rep_ID == @cell.group and month == @cell.x")["call_CSAT"]
    assert (cell["y"], cell["n"]) == (pytest.approx(rows.mean()), len(rows))


def test_dates_and_categories_along_the_axis():
    days = pd.DataFrame(
        {"who": list("aabb"), "day": pd.to_datetime(["2024-01-01", "2024-02-01"] * 2),
         "y": [1.0, 2, 3, 5]}
    )  # fmt: skip
    chart = me.plot.spaghetti(days, "day", "y", "who")
    assert chart.tables["means"]["y"].tolist() == [2.0, 3.5]
    assert drawn(chart).marks("line") >= 3
    herds = me.plot.spaghetti(me.datasets.cbpp(), "period", "incidence", "herd")
    assert herds.tables["means"]["x"].tolist() == ["1", "2", "3", "4"]
    assert drawn(herds).ink > 0.02


def test_measurements_without_rows_in_common_are_thinned():
    rng = np.random.default_rng(0)
    n = 60_000
    data = {"who": np.arange(n) % 30, "t": rng.random(n), "y": rng.normal(size=n)}
    chart = me.plot.spaghetti(data, "t", "y", "who")
    assert len(chart.data) <= 8000 and "means" not in chart.tables
    assert any("groups" in line or "one point in" in line for line in chart.subtitle[1:])


def test_columns_that_cannot_be_used():
    with pytest.raises(me.DataError, match=r"group='Subj' .* did you mean 'Subject'"):
        me.plot.spaghetti(me.datasets.sleepstudy(), "Days", "Reaction", "Subj")
    with pytest.raises(me.ColumnTypeError, match="must be numbers"):
        me.plot.spaghetti(me.datasets.sleepstudy(), "Days", "Subject", "Subject")


def test_the_lines_drawn_are_said_once():
    x = np.tile(np.arange(4.0), 180)
    table = {"y": np.sin(np.arange(720.0)), "x": x, "p": np.repeat(np.arange(180), 4)}
    said = " ".join(me.plot.spaghetti(table, "x", "y", "p").subtitle)
    assert said.count("180") == 1 and "100 of 180 p lines, chosen at random" in said


def test_points_left_out_follow_no_period():
    """Three phases that go round: every third point would be of one phase."""
    n = 4_000
    t = np.arange(n)
    one = pd.DataFrame({"t": t, "y": np.sin(t / 300.0), "phase": np.array(["a", "b", "c"])[t % 3]})
    data = pd.concat([one.assign(who=f"s{i}") for i in range(5)], ignore_index=True)
    chart = me.plot.spaghetti(data, "t", "y", "who", colour="phase")
    share = chart.data["phase" if "phase" in chart.data else "colour"].value_counts(normalize=True)
    assert len(share) == 3
    assert share.min() > SHARE_OF_A_THIRD
    assert any("one point in" in line and "at random" in line for line in chart.subtitle)
