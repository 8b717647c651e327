"""Columns and levels with names that nobody should have, in charts of fits."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mixedeffects as me
from mixedeffects.plot.layers import NAME_LIMIT
from tests.plot.pictures import drawn

LONG = "x" * 60
LEVELS = [
    "it's \"q\"", "<b>bold</b>", "two\nlines", LONG, "None", "nan", "3.5", "2020-01-01", "True",
    "a&b", "back\\slash", "日本語",
]  # fmt: skip


def fitted(levels):
    """The same rows, with other names of the levels."""
    rng = np.random.default_rng(0)
    n = 240
    rank = np.array([*levels], dtype=object)[np.arange(n) % 12]
    table = {
        "Mass (g)": rng.normal(size=n) + (np.arange(n) % 12) * 0.5,
        "level": rng.normal(size=n),
        "rank": rank,
        "estimate": np.array(["it's", "a<b>"], dtype=object)[rng.integers(0, 2, n)],
    }
    return me.lmm("`Mass (g)` ~ level * estimate + (level | rank)", pd.DataFrame(table))


@pytest.fixture(scope="module")
def fit():
    return fitted(LEVELS)


CHARTS = {
    "caterpillar": {}, "trajectories": {"by": "estimate"}, "shrinkage": {}, "by_group": {},
    "qq_ranef": {}, "influence": {}, "variance": {}, "coefficients": {}, "check": {},
}  # fmt: skip


@pytest.mark.parametrize("name", CHARTS)
def test_every_chart_is_drawn(fit, name):
    chart = getattr(fit.plot, name)(**CHARTS[name])
    assert drawn(chart).ink > 0.005
    if "level" in chart.data and name in ("caterpillar", "shrinkage", "by_group", "qq_ranef"):
        assert set(chart.data["level"]) == set(LEVELS)


def test_a_long_level_name_takes_no_more_room_than_the_others(fit):
    """Names have a limit: 60 letters at full length would be wider than the panel itself."""
    wide = drawn(fit.plot.caterpillar(term="level"))
    short = drawn(fitted("abcdefghijkl").plot.caterpillar(term="level"))
    # fonts differ between machines; the names and the title left of them may each have the limit
    assert wide.pixels.shape[1] - short.pixels.shape[1] < 2 * NAME_LIMIT
    assert not wide.says(LONG) and wide.says("back\\slash")


def test_brackets_in_a_column_name_call_no_function(fit):
    chart = fit.plot.trajectories()
    assert chart.title == "Mass (g) along level" and chart.view.facts["scale"] == "response"
    assert fit.plot.interaction("level", scale="response").data["estimate"].notna().all()
    assert fit.plot.predictive(rng=1).title == "Mass (g): observed and simulated"


@pytest.mark.parametrize("name", ["caterpillar", "shrinkage", "by_group", "qq_ranef", "influence"])
def test_a_group_may_be_named_without_backticks(name):
    rng = np.random.default_rng(1)
    group = np.repeat([*"abcdefgh"], 5)
    table = {"y": rng.normal(size=40) + np.repeat(rng.normal(size=8), 5), "my group": group}
    fit = me.lmm("y ~ 1 + (1 | `my group`)", pd.DataFrame(table))
    chart = getattr(fit.plot, name)
    assert chart("my group").data.equals(chart("`my group`").data)
    with pytest.raises(me.OptionError, match="my grou'"):
        chart("my grou")
