"""`explore(...).plot`: charts with the columns that were found."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mixedeffects as me
from mixedeffects.plot.theme import BLUE, ORANGE
from tests.plot.pictures import drawn


@pytest.fixture(scope="module")
def plots():
    return me.explore(me.datasets.pain_trial()).plot


def test_charts_take_the_columns_found(plots):
    data = me.datasets.pain_trial()
    pairs = [
        (plots.missing(), me.plot.missing(data, "patient", "time", "pain_score")),
        (plots.outcome(), me.plot.histogram(data, "pain_score", by="treatment")),
        (plots.groups(), me.plot.groups(data, "pain_score", "patient", colour="treatment")),
        (plots.correlation(), me.plot.correlation(data)),
        (plots.spaghetti(),
         me.plot.spaghetti(data, "time", "pain_score", "patient", colour="treatment")),
    ]  # fmt: skip
    for ours, theirs in pairs:
        assert ours.title == theirs.title
        pd.testing.assert_frame_equal(ours.data, theirs.data)
    assert drawn(pairs[0][0]).ink > 0.05


def test_a_wide_table_is_drawn_as_its_long_one(plots):
    trial = me.datasets.pain_trial()
    wide = trial.pivot(index=["patient", "treatment"], columns="time", values="pain_score")
    found = me.explore(wide.add_prefix("pain_").reset_index())
    chart = found.plot.missing()
    pd.testing.assert_frame_equal(chart.tables["waves"], plots.missing().tables["waves"])
    assert found.plot.outcome().title == "Distribution of pain by treatment"


def test_groups_of_several_levels(rdata):
    found = me.explore(me.datasets.call_centres().head(30_000))
    assert found.plot.groups("rep_ID").title == "call_CSAT by rep_ID"
    pastes = me.explore(rdata("lme4", "Pastes")).plot
    assert pastes.groups().title == "strength by batch"


def test_what_was_not_found_is_asked_for(rdata):
    plots = me.explore(rdata("datasets", "mtcars")).plot
    with pytest.raises(me.DataError, match=r"no subject was found .* subject="):
        plots.missing()
    with pytest.raises(me.DataError, match="no grouping column"):
        plots.groups()
    assert "missing()" in repr(plots)


def test_columns_named_by_numbers_have_charts():
    rng = np.random.default_rng(4)
    table = pd.DataFrame({0: rng.normal(size=40), 1: rng.normal(size=40), 2: np.arange(40) % 5})
    assert drawn(me.plot.scatter(table, 0, 1, colour=2, group=2)).says("0")
    assert drawn(me.plot.groups(table, 0, 2, colour=2)).says("2")
    assert me.plot.histogram(table, 1, by=2).title == "Distribution of 1 by 2"
    assert me.plot.spaghetti(table, 2, 0, 2).title.startswith("0")


def test_the_five_charts_draw_what_pandas_finds(plots):
    """Each against the table itself, and on its picture."""
    data = me.datasets.pain_trial()
    y = data["pain_score"]
    waves = plots.missing().tables["waves"].set_index("wave")
    seen = data.dropna(subset=["pain_score"]).groupby("time")["patient"].nunique()
    assert waves["observed"].tolist() == seen.tolist()
    assert waves["missing"].tolist() == (80 - seen).tolist()
    picture = drawn(plots.missing())
    assert picture.says("56 (70%), complete") and picture.has_colour(ORANGE)

    bars = plots.outcome().data
    for level, part in bars.groupby("by"):
        edges = [*part["x0"], part["x1"].iloc[-1]]
        own = y[data["treatment"] == level]
        assert part["count"].tolist() == np.histogram(own, edges)[0].tolist()
    assert drawn(plots.outcome()).marks("bar") == len(bars) + 2

    boxes = plots.groups().data.set_index("group")["median"]
    medians = data.groupby("patient", observed=True)["pain_score"].median()
    assert boxes.tolist() == pytest.approx(medians[boxes.index].tolist())
    assert boxes.size == 48 and drawn(plots.groups()).marks("tick") == 48

    pairs = plots.correlation().data.set_index(["row", "column"])["r"]
    assert pairs["pain_score", "time"] == pytest.approx(y.corr(data["time"]))
    assert drawn(plots.correlation()).says(f"{y.corr(data['time']):.2f}".replace("-", "−"))

    chart = plots.spaghetti()
    means = chart.tables["means"].set_index(["colour", "x"])["y"]
    expected = data.groupby(["treatment", "time"], observed=True)["pain_score"].mean()
    assert means[expected.index].tolist() == pytest.approx(expected.tolist())
    lines = chart.data.set_index(["group", "x"])["y"]
    own = data.set_index(["patient", "time"])["pain_score"]
    assert lines.tolist() == own[lines.index].tolist() and len(lines) == own.notna().sum()
    picture = drawn(chart)
    assert picture.has_colour(BLUE) and picture.has_colour(ORANGE)
    assert picture.says("pain_score over time") and picture.says("treated")
