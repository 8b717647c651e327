"""Three effects: treatments' means, groups' means around those, individuals around these."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mixedeffects as me
from mixedeffects.plot.theme import BLUE, ORANGE
from tests import tolerances as tol
from tests.plot.pictures import drawn
from tests.tolerances import CHART_RTOL


@pytest.fixture(scope="module")
def flipped():
    return me.lmm("score ~ style + (1 | professor)", me.datasets.flipped_classrooms())


def test_three_layers_are_the_three_effects(flipped):
    chart = flipped.plot.effects()
    tables = chart.tables
    means = flipped.emmeans("style").tidy().set_index("style")
    treatments = tables["treatments"].set_index("treatment")
    assert np.allclose(treatments["mean"], means["estimate"].loc[treatments.index])
    assert np.allclose(treatments["upper"], means["upper"].loc[treatments.index])
    groups = tables["groups"].set_index("group")
    fitted = flipped.predict(
        pd.DataFrame({"style": groups["treatment"], "professor": groups.index})
    )
    assert np.allclose(groups["mean"], fitted, rtol=CHART_RTOL)
    blups = flipped.ranef().set_index("level")["estimate"]
    assert np.allclose(groups["effect"], blups.loc[groups.index])
    table = me.datasets.flipped_classrooms()
    assert sorted(tables["individuals"]["y"]) == sorted(table["score"])


def test_individuals_stand_in_the_place_of_their_group(flipped):
    tables = flipped.plot.effects().tables
    places = tables["groups"].set_index("group")["place"]
    rows = tables["individuals"]
    assert (np.abs(rows["place"] - places.loc[rows["group"]].to_numpy()) <= tol.HALF_A_COLUMN).all()
    for _, own in tables["groups"].groupby("treatment"):
        assert own.sort_values("place")["mean"].is_monotonic_increasing
        assert sorted(own["place"]) == [1, 2, 3, 4, 5]


def test_picture_tells_them_apart(flipped):
    picture = drawn(flipped.plot.effects())
    assert picture.marks("point") == 375
    assert picture.has_colour(BLUE) and picture.has_colour(ORANGE)
    for text in ("style: Fully", "professor: mean", "individual", "P03"):
        assert picture.says(text)


def test_same_seed_same_places(flipped):
    first, again, other = (flipped.plot.effects(seed=s).data["place"] for s in (1, 1, 2))
    assert (first == again).all() and (first != other).any()


def test_groups_within_groups_carry_the_enclosing_effect(rdata):
    fit = me.lmm("score ~ Machine + (1 | Worker/Machine)", rdata("nlme", "Machines"))
    chart = fit.plot.effects()
    assert chart.view.facts["group"] == "Machine:Worker"
    groups = chart.tables["groups"]
    new = groups["group"].str.split(":", expand=True).set_axis(["Machine", "Worker"], axis=1)
    assert np.allclose(groups["mean"], fit.predict(new), rtol=CHART_RTOL)
    with pytest.raises(me.OptionError, match="Machine varies within the levels of Worker"):
        fit.plot.effects("Machine", "Worker")


def test_generalised_model_is_on_the_responses_scale():
    rng = np.random.default_rng(0)
    g = np.repeat(np.arange(30), 12)
    table = pd.DataFrame({"g": g, "arm": np.where(g % 2, "b", "a")})
    table["y"] = rng.poisson(np.exp(1 + 0.5 * (g % 2) + 0.4 * rng.normal(size=30)[g]))
    fit = me.glmm("y ~ arm + (1 | g)", table, family="poisson")
    chart = fit.plot.effects()
    groups = chart.tables["groups"]
    new = pd.DataFrame({"arm": groups["treatment"], "g": groups["group"].astype(int)})
    assert np.allclose(groups["mean"], fit.predict(new), rtol=CHART_RTOL)
    assert sorted(chart.data["y"]) == sorted(table["y"])
    link = fit.plot.effects(scale="link")
    assert np.allclose(np.exp(link.tables["groups"]["mean"]), groups["mean"])
    assert len(link.data) == 0


def test_many_groups_and_rows_are_thinned_and_it_says_so():
    rng = np.random.default_rng(0)
    g = np.repeat(np.arange(400), 100)
    y = rng.normal(size=400)[g] + rng.normal(size=g.size)
    fit = me.lmm("y ~ t + (1 | g)", {"y": y, "g": g, "t": np.where(g % 2, "new", "old")})
    chart = fit.plot.effects()
    assert "60 of 400 levels of g, evenly spaced in their means" in chart.subtitle
    assert "points: 2,500 of 6,000 rows, at random" in chart.subtitle
    assert len(chart.tables["groups"]) == 60 and len(chart.data) == 2500


def test_what_has_no_such_effects_says_why():
    sleep = me.lmm("Reaction ~ Days + (1 | Subject)", me.datasets.sleepstudy())
    with pytest.raises(me.NotAvailableError, match="no categorical column"):
        sleep.plot.effects()
    owls = me.glmm(
        "SiblingNegotiation ~ FoodTreatment + (1 | Nest)", me.datasets.owls(), family="poisson"
    )
    with pytest.raises(me.NotAvailableError, match="FoodTreatment varies within the levels of"):
        owls.plot.effects()
    pain = me.lmm("pain_score ~ treatment + time + (1 | patient)", me.datasets.pain_trial())
    with pytest.raises(me.OptionError, match="did you mean 'treatment'"):
        pain.plot.effects("treatmet")
    with pytest.raises(me.OptionError, match="did you mean 'patient'"):
        pain.plot.effects(group="patients")


def test_a_treatment_that_varies_within_groups_is_the_reason_and_the_charts_named_work():
    owls = me.glmm(
        "SiblingNegotiation ~ FoodTreatment * SexParent + (1 | Nest)", me.datasets.owls(),
        family="nbinom1", exposure="BroodSize", zi="~ FoodTreatment",
    )  # fmt: skip
    with pytest.raises(me.NotAvailableError, match="vary within the levels of Nest") as refused:
        owls.plot.effects()
    assert "scale=" not in str(refused.value) and "trajectories" not in str(refused.value)
    assert (
        "fit.plot.means('FoodTreatment') or fit.plot.interaction('FoodTreatment', 'SexParent')"
        in str(refused.value)
    )
    assert len(owls.plot.means("FoodTreatment").data) == 2
    assert len(owls.plot.interaction("FoodTreatment", "SexParent").data) == 4
