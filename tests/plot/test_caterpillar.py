"""The caterpillar shows the predicted random effects that the fit has, in order."""

from __future__ import annotations

import numpy as np
import pytest

import mixedeffects as me
from mixedeffects.plot.theme import BLUE, RED
from tests.plot.pictures import drawn


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
