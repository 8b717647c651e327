"""Patterns of observed waves."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mixedeffects as me
from mixedeffects.plot.theme import BLUE, ORANGE
from tests.plot.pictures import drawn


@pytest.fixture
def chart():
    return me.plot.missing(me.datasets.pain_trial(), "patient", "time", "pain_score")


def test_patterns_are_those_of_the_table(chart):
    data = me.datasets.pain_trial()
    seen = pd.crosstab(data["patient"], data["time"]) > 0
    counts = seen.value_counts()
    patterns = chart.tables["patterns"]
    assert patterns["subjects"].tolist() == sorted(counts, reverse=True)
    assert patterns["kind"].tolist() == ["complete", "dropout", "dropout", "dropout"]
    states = chart.data.pivot(index="pattern", columns="wave", values="state") == "observed"
    for pattern, row in states.iterrows():
        assert counts[tuple(row)] == patterns.set_index("pattern").loc[pattern, "subjects"]
    assert chart.tables["waves"]["share_missing"].tolist() == pytest.approx(
        (1 - seen.mean()).tolist()
    )


def test_picture_has_a_cell_for_each_pattern_and_wave(chart):
    picture = drawn(chart)
    assert picture.marks('rect mark"') == 16
    assert picture.has_colour(BLUE) and picture.has_colour(ORANGE)
    assert picture.says("56 (70%), complete") and picture.says("30%")
    assert picture.says("56 of 80 have all 4 waves")


def test_values_count_when_a_column_is_named():
    data = me.datasets.pain_trial()
    data.loc[0, "pain_score"] = np.nan
    waves = me.plot.missing(data, "patient", "time", "pain_score").tables["waves"]
    rows = me.plot.missing(data, "patient", "time").tables["waves"]
    assert waves["missing"].tolist() == [1, 5, 18, 24]
    assert rows["missing"].tolist() == [0, 5, 18, 24]


def test_many_patterns_are_cut_and_it_says_so():
    rng = np.random.default_rng(0)
    who, when = np.divmod(np.arange(3000), 10)
    kept = rng.random(3000) < 0.7
    chart = me.plot.missing({"who": who[kept], "wave": when[kept]}, "who", "wave")
    assert len(chart.tables["patterns"]) == 20
    assert any("the 20 most frequent of" in line for line in chart.subtitle)
    assert drawn(chart).marks('rect mark"') == 200


def test_times_that_are_no_waves():
    calls = me.datasets.call_centres().head(20_000)
    with pytest.raises(me.DataError, match="many rows of a rep_ID share"):
        me.plot.missing(calls, "rep_ID", "month")
    with pytest.raises(me.DataError, match="did you mean 'patient'"):
        me.plot.missing(me.datasets.pain_trial(), "patients", "time")
