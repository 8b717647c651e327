"""Residuals level by level."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import mixedeffects as me
from mixedeffects.views import residuals_by_group
from tests.plot.pictures import drawn


@pytest.fixture(scope="module")
def fit():
    return me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())


def test_boxes_are_the_quartiles_of_each_level(fit):
    chart = fit.plot.by_group()
    data = chart.data.set_index("level")
    subject = me.datasets.sleepstudy()["Subject"].astype(str)
    for level, own in fit.plot.residuals().data.groupby(subject)["residual"]:
        q1, median, q3 = np.quantile(own, [0.25, 0.5, 0.75])
        inside = own[(own >= q1 - 1.5 * (q3 - q1)) & (own <= q3 + 1.5 * (q3 - q1))]
        wanted = [median, q1, q3, inside.min(), inside.max(), own.std()]
        names = ["median", "q1", "q3", "whisker_low", "whisker_high", "sd"]
        np.testing.assert_allclose(data.loc[level, names].to_numpy(float), wanted)
    assert data["median"].is_monotonic_decreasing
    assert drawn(chart).marks("point") == 180


def test_a_level_with_more_variance_is_said_and_comes_first_by_spread():
    rng = np.random.default_rng(2)
    g = np.repeat(np.array([f"level {i:02d}" for i in range(20)]), 50)
    y = rng.normal(size=1000) * np.where(g == "level 07", 6.0, 1.0)
    fit = me.lmm("y ~ 1 + (1 | g)", {"y": y, "g": g})
    chart = fit.plot.by_group(order="spread")
    assert chart.data["level"].iloc[0] == "level 07"
    assert chart.subtitle[0].endswith("(level 07)")
    assert drawn(chart).says("level 07")


def test_of_many_levels_both_ends_are_shown():
    rng = np.random.default_rng(3)
    g = np.repeat(np.arange(300), 20)
    y = rng.normal(size=300)[g] + rng.normal(size=6000)
    fit = me.lmm("y ~ 1 + (1 | g)", {"y": y, "g": g})
    chart = fit.plot.by_group()
    medians = np.array([np.median(fit.residuals()[g == k]) for k in range(300)])
    ordered = np.argsort(-medians)
    wanted = [str(k) for k in [*ordered[:20], *ordered[-20:]]]
    assert chart.data["level"].tolist() == wanted
    assert chart.data["rank"].iloc[[0, 19, 20, 39]].tolist() == [1, 20, 281, 300]
    assert "40 of 300 levels: the largest and the smallest medians" in chart.subtitle
    assert drawn(chart).ink > 0.02


def test_of_many_rows_those_outside_of_the_whiskers_are_shown():
    rng = np.random.default_rng(4)
    g = np.repeat(np.arange(10), 1000)
    fit = me.lmm("y ~ 1 + (1 | g)", {"y": rng.normal(size=10_000), "g": g})
    chart = fit.plot.by_group()
    box = chart.data.set_index("level")
    rows = chart.tables["rows"]
    own = box.loc[rows["level"]]
    value = rows["residual"].to_numpy()
    low, high = own["whisker_low"].to_numpy(), own["whisker_high"].to_numpy()
    assert ((value < low) | (value > high)).all()
    np.testing.assert_array_equal(value, fit.residuals()[rows["row"]])


def test_one_row_a_level_and_names_with_quotes_are_drawn():
    rng = np.random.default_rng(5)
    table = {
        "y": rng.normal(size=30),
        "g": [f'it\'s {i} \\ "a" rather long name' for i in range(10)] * 3,
    }
    picture = drawn(me.lmm("y ~ 1 + (1 | g)", table).plot.by_group())
    assert picture.says("it's 3")


def test_wrong_options_are_named(fit):
    with pytest.raises(me.OptionError, match="order='size' is not one of median, spread"):
        fit.plot.by_group(order="size")
    with pytest.raises(me.OptionError, match="did you mean 'Subject'"):
        fit.plot.by_group("Subjec")


def test_rows_without_a_residual_leave_the_others_at_their_levels(fit, monkeypatch):
    """Where a fitted mean is at the end of its range, some rows have no residual of a kind."""
    real = residuals_by_group.fit_residuals
    lost = np.r_[0:4, 25, 90:97]

    def without(*arguments):
        found = real(*arguments)
        kept = np.delete(np.arange(180), lost)
        return replace(found, values=found.values[kept], fitted=found.fitted[kept], kept=kept,
                       rows=found.rows[kept])  # fmt: skip

    monkeypatch.setattr(residuals_by_group, "fit_residuals", without)
    view = residuals_by_group.by_group_view(fit)
    data, rows = (pd.DataFrame(view.tables[name].columns) for name in ("data", "rows"))
    subject = me.datasets.sleepstudy()["Subject"].astype(str).to_numpy()
    assert (subject[rows["row"]] == rows["level"]).all()
    assert sorted(rows["row"]) == sorted(set(range(180)) - set(lost.tolist()))
    left = np.delete(np.arange(180), lost)
    residual = real(fit, None, 0).values
    for row in data.itertuples():
        own = residual[left[subject[left] == row.level]]
        assert row.n == own.size
        assert (row.median, row.sd) == pytest.approx((np.median(own), own.std(ddof=1)))
