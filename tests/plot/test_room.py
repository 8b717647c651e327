"""Long names, many levels and small pictures: what is told apart on a wide page stays so."""

from __future__ import annotations

import io
import re
from functools import cache

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import mixedeffects as me
from mixedeffects.plot.series import DASHES, SHAPES
from mixedeffects.plot.theme import CATEGORIES
from mixedeffects.views.labels import AWAY, LETTER, LINE, PLACES, places, short_name
from tests.plot.pictures import drawn, units
from tests.tolerances import ROUNDING_E12

LONG = "Saint Bartholomew comprehensive {:02d}"


@cache
def schools():
    """80 schools with long names that differ at their ends, in two arms."""
    rng = np.random.default_rng(3)
    g = np.repeat(np.arange(80), rng.integers(1, 9, 80))
    x = rng.normal(size=g.size)
    y = 5.0 * x + rng.normal(0.0, 1.5, 80)[g] + rng.normal(size=g.size)
    names = [LONG.format(i) for i in g]
    return pd.DataFrame({"school": names, "x": x, "y": y, "arm": np.where(g % 2, "a", "b")})


@cache
def many():
    return me.lmm("y ~ x * arm + (1 | school)", schools())


@cache
def sleep():
    return me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())


def said(chart):
    """Texts of the picture."""
    return re.findall(r">([^<>]+)</text>", chart.svg())


@pytest.mark.parametrize("name", ["caterpillar", "influence", "by_group", "qq_ranef"])
def test_long_names_keep_the_endings_that_tell_them_apart(name):
    chart = getattr(many().plot, name)()
    shown = [text for text in said(chart) if text.startswith("Sa") and "…" in text]
    assert len(shown) > 1 and len(set(shown)) == len(shown)
    assert all(re.search(r"\d\d$", text) for text in shown)


def test_many_levels_of_a_caterpillar_have_names_where_they_are_flagged():
    chart = many().plot.caterpillar()
    flagged = chart.data[chart.data["verdict"] != "unclear"]
    assert chart.data["named"].tolist() == (chart.data["verdict"] != "unclear").tolist()
    assert "names: levels whose interval leaves out zero" in chart.subtitle
    shown = {text[-2:] for text in said(chart) if "…" in text}
    assert shown == {level[-2:] for level in flagged["level"]}
    # a line of text is no higher than the row of its level
    assert chart.to_dict()["height"] >= 10 * len(chart.data)


def test_more_levels_than_have_room_name_the_outermost_and_say_so():
    rng = np.random.default_rng(1)
    g = np.repeat(np.arange(1000), 3)
    y = 3.0 * rng.normal(size=1000)[g] + rng.normal(size=3000)
    data = (chart := me.lmm("y ~ 1 + (1 | g)", {"y": y, "g": g}).plot.caterpillar()).data
    at = np.flatnonzero(data["named"])
    assert at[0] == 0 and at[-1] == len(data) - 1 and np.diff(at).min() >= 2
    flagged = int((data["verdict"] != "unclear").sum())
    assert f"({at.size} of {flagged}, which have room)" in chart.subtitle[-1]


def test_no_caterpillar_name_crosses_the_line_at_zero():
    layers = sleep().plot.caterpillar(term="Days").to_dict()["layer"]
    names = {
        layer["encoding"]["x"]["field"]: layer["mark"]
        for layer in layers
        if layer["mark"]["type"] == "text"
    }
    assert (names["lower"]["align"], names["upper"]["align"]) == ("right", "left")
    assert names["lower"]["dx"] < 0 < names["upper"]["dx"]


def test_scales_are_named():
    cattle = me.glmm("incidence / size ~ period + (1 | herd)", me.datasets.cbpp())
    assert cattle.plot.caterpillar().subtitle[0].startswith("incidence / size, logit scale: ")
    assert sleep().plot.caterpillar().subtitle[0].startswith("Reaction: predictions")


def test_names_of_shrinkage_neither_overlap_nor_cover_points():
    for fit in (sleep(), close()):
        chart = fit.plot.shrinkage()
        plane = chart.tables["plane"]
        (low, high), (bottom, top) = chart.view.facts["domains"]
        page = {
            name: np.column_stack([
                420.0 * (plane[f"{name}_x"] - low) / (high - low),
                420.0 * (plane[f"{name}_y"] - bottom) / (top - bottom),
            ])
            for name in ("raw", "shrunken")
        }  # fmt: skip
        every, boxes = np.vstack([page["raw"], page["shrunken"]]), []
        for i, place in enumerate(plane["label"]):
            if not place:
                continue
            right, up = PLACES[place]
            half = LETTER * len(short_name(plane["level"][i])) / 2.0
            middle = page["raw"][i] + [right * (AWAY + half), up * AWAY]
            inside = np.abs(every - middle) < [half, LINE / 2.0]
            assert not inside.all(axis=1).any()
            for other, width in boxes:
                apart = np.abs(middle - other) >= [half + width - 1e-9, LINE - 1e-9]
                assert apart.any()
            boxes.append((middle, half))
        unnamed = int((plane["label"] == "").sum())
        assert (unnamed == 0) == ("no room" not in " ".join(chart.subtitle))


def close():
    """Ten groups without variance: their estimates lie on a line, some next to each other."""
    rng = np.random.default_rng(0)
    x, g = np.tile(np.arange(6), 10), np.repeat(list("abcdefghij"), 6)
    table = pd.DataFrame({"g": g, "x": x, "y": 2.0 * x + rng.normal(size=60)})
    table["y"] -= table.groupby("g")["y"].transform("mean")
    return me.lmm("y ~ x + (x | g)", table)


def test_a_name_without_room_is_left_out():
    at = np.zeros(9)
    assert places(["one"] * 9, at, at, at, at).count("") >= 3


@pytest.mark.parametrize("name", ["check", "qq_ranef", "trace", "caterpillar", "profile"])
def test_pictures_of_many_panels_have_one_column_where_they_are_narrow(name):
    chart = getattr(sleep().plot, name)()
    wide, narrow = (Image.open(io.BytesIO(chart.png(scale=1, width=w))) for w in (None, 300))
    assert narrow.width <= 300 + 40 < wide.width
    assert narrow.height > wide.height
    assert {text for text in said(chart) if text.isalpha() and len(text) > 4} <= set(
        re.findall(r"[\w]+", chart.svg(width=300))
    )


def test_widths_that_cannot_be_are_refused(tmp_path):
    chart = sleep().plot.residuals()
    for width in (50, "300", True):
        with pytest.raises(me.OptionError, match="240 or more"):
            chart.png(width=width)
    with pytest.raises(me.OptionError, match="of pictures"):
        chart.save(tmp_path / "chart.html", width=300)
    for ending in ("svg", "png", "pdf"):
        chart.save(tmp_path / f"chart.{ending}", width=300)
        assert (tmp_path / f"chart.{ending}").stat().st_size > 1000


def test_legends_are_as_wide_as_their_charts():
    picture = me.plot.histogram(schools(), "y", by="school").png(scale=1)
    assert Image.open(io.BytesIO(picture)).width < 700


def test_levels_are_told_apart_without_colours():
    assert len(SHAPES) == len(DASHES) == len(CATEGORIES)
    assert len(set(SHAPES)) == len(SHAPES) and len({*map(tuple, DASHES)}) == len(DASHES)
    pain = me.datasets.pain_trial()
    fit = me.lmm("pain_score ~ treatment * factor(time) + (1 | patient)", pain)
    for chart in (
        fit.plot.means("treatment", by="time"),
        fit.plot.interaction("time", by="treatment"),
        me.plot.spaghetti(pain, "time", "pain_score", "patient", colour="treatment"),
        me.plot.scatter(pain, "time", "pain_score", colour="treatment"),
        many().plot.trajectories("x", by="arm"),
        many().plot.interaction("x", by="arm"),
    ):
        channels = [set(unit.encoding) & {"shape", "strokeDash"} for unit in units(chart)]
        assert any(channels), chart.title
        assert drawn(chart).ink > 0.01


def test_whole_numbers_have_bins_about_them():
    rng = np.random.default_rng(2)
    g = np.repeat(np.arange(40), 6)
    score = np.clip(np.round(6.0 + rng.normal(size=40)[g] + 2.0 * rng.normal(size=240)), 1, 11)
    chart = me.lmm("score ~ 1 + (1 | g)", {"score": score, "g": g}).plot.predictive()
    assert ((chart.data["high"] - chart.data["low"]) == 1.0).all()
    counts = chart.data.set_index("middle")["observed"] * 240
    values, n = np.unique(score, return_counts=True)
    np.testing.assert_allclose(counts.loc[values], n)
    # whole numbers in many places have bins as before
    cents = me.lmm("y ~ 1 + (1 | g)", {"y": np.round(1000.0 * score + g), "g": g})
    assert not cents.plot.predictive().view.facts["whole"]


def test_what_rounding_leaves_of_nothing_is_written_as_zero():
    g = np.repeat(list("abcdef"), 4)
    x = np.tile([0.0, 0.0, 1.0, 1.0], 6)
    y = np.array([0.1, 0.3, 0.1, 0.3] * 6) + np.repeat([1.0, 2.0, 4.0, 3.0, 5.0, 2.0], 4) / 3.0
    chart = me.lmm("y ~ x + (1 | g)", {"y": y, "x": x, "g": g}).plot.coefficients()
    assert abs(chart.data["estimate"][0]) < ROUNDING_E12
    assert any(re.match(r"0  \[", text) for text in said(chart))


def test_the_path_shows_variances_before_coefficients_where_not_all_have_room():
    rng = np.random.default_rng(1)
    g = np.repeat(np.arange(30), 10)
    table = {f"x{i:02d}": rng.normal(size=300) for i in range(15)}
    formula = f"y ~ {' + '.join(table)} + (1 | g)"
    chart = me.lmm(formula, {**table, "y": rng.normal(size=30)[g] + rng.normal(size=300), "g": g})
    shown = (path := chart.plot.trace()).view.facts["parameters"]
    assert shown[:2] == ["sd__(Intercept)", "sd__Observation"] and len(shown) == 12
    assert "12 of 18 parameters, those of the variances first" in path.subtitle


def test_one_prediction_has_no_panel_along_predictions():
    table = {"y": np.arange(40.0) % 7, "g": np.repeat(np.arange(10), 4)}
    fit = me.lmm("y ~ 1 + (1 | g)", table)
    assert "Quantile residuals by prediction" not in said(fit.plot.check())
    assert "every row has the same prediction: there are none to follow" in (
        fit.plot.quantile_residuals().subtitle
    )
    assert "Quantile residuals by prediction" in said(sleep().plot.check())


def test_points_are_said_to_be_of_all_levels_where_the_line_is_of_one():
    assert "points: whatever their arm" in many().plot.trajectories("x").subtitle
    assert not any("whatever" in line for line in sleep().plot.trajectories().subtitle)


def test_whole_numbers_have_no_ticks_between():
    table = me.datasets.pain_trial().query("time < 4")
    fit = me.lmm("pain_score ~ time * treatment + (1 | patient)", table)
    for chart in (fit.plot.trajectories("time"), fit.plot.interaction("time", by="treatment")):
        assert not {"0.5", "1.5", "2.5"} & set(said(chart))


def test_an_interaction_takes_one_column_and_says_where_there_is_none():
    with pytest.raises(me.OptionError, match=r"by= takes one column\nfit.plot.means"):
        many().plot.interaction("x", by=["arm"])
    alone = me.lmm("y ~ 1 + (1 | school)", schools())
    with pytest.raises(me.OptionError, match="columns: none"):
        alone.plot.interaction()
