"""The caterpillar shows the predicted random effects that the fit has, in order."""

from __future__ import annotations

import re

import numpy as np
import pytest

import mixedeffects as me
from mixedeffects.plot.theme import BLUE, RED
from tests.plot.pictures import drawn, units
from tests.tolerances import CHART_RTOL


@pytest.fixture(scope="module")
def fit():
    return me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())


def test_data_are_the_blups_in_order(fit):
    chart = fit.plot.caterpillar(term="Days")
    ranef = fit.ranef().query("term == 'Days'").set_index("level")
    data = chart.data.set_index("level")
    assert (data["estimate"] == ranef["estimate"].loc[data.index]).all()
    assert data["estimate"].is_monotonic_increasing
    assert data["rank"].tolist() == list(range(1, 19))
    above = data["lower"] > 0
    assert (
        data["verdict"] == np.where(above, "above", np.where(data["upper"] < 0, "below", "unclear"))
    ).all()


def test_picture_has_a_point_and_a_name_for_every_level(fit):
    picture = drawn(fit.plot.caterpillar())
    assert picture.marks("point") == 36
    assert picture.says("308") and picture.says("Random effects of Subject")
    assert picture.has_colour(RED) and picture.has_colour(BLUE)


def test_the_largest_prediction_stands_at_the_top(fit):
    chart = fit.plot.caterpillar(term="Days")
    found = re.findall(r"translate\(([^,]+),([^)]+)\)[^>]*>(\d{3})</text>", chart.svg())
    height = {level: float(y) for _, y, level in found}
    assert len(height) == 18
    assert sorted(height, key=lambda level: -height[level]) == chart.data["level"].tolist()


def test_intervals_follow_the_level(fit):
    wide = fit.plot.caterpillar(term="Days", level=0.99).data
    narrow = fit.plot.caterpillar(term="Days", level=0.5).data
    assert ((wide["upper"] - wide["lower"]) > (narrow["upper"] - narrow["lower"])).all()
    assert (wide["verdict"] == "above").sum() < (narrow["verdict"] == "above").sum()


def test_many_levels_are_thinned_and_it_says_so():
    rng = np.random.default_rng(1)
    g = np.repeat(np.arange(1000), 3)
    y = rng.normal(size=1000)[g] + rng.normal(size=3000)
    fit = me.lmm("y ~ 1 + (1 | g)", {"y": y, "g": g})
    chart = fit.plot.caterpillar()
    assert len(chart.data) == 150
    assert "150 of 1,000 levels, evenly spaced in rank" in chart.subtitle
    assert chart.data["rank"].iloc[[0, -1]].tolist() == [1, 1000]
    assert drawn(chart).ink > 0.02


def test_wrong_names_are_named(fit):
    with pytest.raises(me.OptionError, match="did you mean 'Subject'"):
        fit.plot.caterpillar("Subjekt")
    with pytest.raises(me.OptionError, match="term='Dais' is not one of"):
        fit.plot.caterpillar(term="Dais")


def test_generalised_models_have_one_too():
    fit = me.glmm("incidence / size ~ period + (1 | herd)", me.datasets.cbpp())
    chart = fit.plot.caterpillar()
    own = fit.ranef().sort_values("estimate")
    for name in ("level", "estimate", "lower", "upper"):
        assert chart.data[name].tolist() == own[name].tolist()
    half = (own["upper"] - own["lower"]) / 2
    np.testing.assert_allclose(half, 1.959963984540054 * own["std_error"], rtol=CHART_RTOL)
    picture = drawn(chart)
    assert picture.marks("point") == 15 and picture.says("Random effects of herd")


def test_marks_are_the_levels_own_and_the_pointer_names_them(fit):
    chart = fit.plot.caterpillar(term="Days")
    rule, point = (next(u for u in units(chart) if u.mark == m and u.tooltip)
                   for m in ("rule", "point"))  # fmt: skip
    assert (rule.encoding["x"]["field"], rule.encoding["x2"]["field"]) == ("lower", "upper")
    assert point.encoding["x"]["field"] == "estimate"
    for unit in (rule, point):
        assert unit.tooltip["level"] == "Subject"
        assert [row["level"] for row in unit.rows] == chart.data["level"].tolist()
    assert "95% intervals (prediction error), not adjusted for their number" in chart.subtitle[0]


def without_groups(rng):
    """A response whose groups p have equal means, and whose groups b have not."""
    p, b = np.repeat(np.arange(120), 4), np.repeat(np.arange(12), 40)
    noise = rng.normal(size=(120, 4))
    noise -= noise.mean(axis=1, keepdims=True)
    return {"y": noise.ravel() + rng.normal(size=12)[b], "flat": noise.ravel(), "p": p, "b": b}


def test_a_group_of_no_variance_is_not_the_default_and_has_no_picture():
    table = without_groups(np.random.default_rng(8))
    fit = me.lmm("y ~ 1 + (1 | p) + (1 | b)", table)
    assert fit.plot.caterpillar().title == "Random effects of b"
    assert fit.plot.shrinkage().data["level"].nunique() == 12
    for chart in (lambda: fit.plot.caterpillar("p"),
                  me.lmm("flat ~ 1 + (1 | p)", table).plot.caterpillar):  # fmt: skip
        with pytest.raises(me.NotAvailableError, match="variance of p is zero"):
            chart()
