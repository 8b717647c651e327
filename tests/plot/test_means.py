"""Charts of means and of interactions draw the estimated marginal means."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mixedeffects as me
from mixedeffects.plot.theme import BLUE, ORANGE
from tests import tolerances as tol
from tests.plot.pictures import drawn
from tests.tolerances import CHART_RTOL

NUMBERS = ("estimate", "std_error", "df", "lower", "upper")


@pytest.fixture(scope="module")
def owls():
    return me.glmm(
        "SiblingNegotiation ~ FoodTreatment * SexParent + ArrivalTime + offset(log(BroodSize)) "
        "+ (1 | Nest)",
        me.datasets.owls(),
        family="poisson",
    )


@pytest.fixture(scope="module")
def pain():
    return me.lmm("pain_score ~ treatment * time + (1 | patient)", me.datasets.pain_trial())


def test_means_are_emmeans_on_the_responses_scale(owls):
    chart = owls.plot.means("FoodTreatment", by="SexParent", level=0.9)
    expected = owls.emmeans("FoodTreatment", by="SexParent", scale="response", level=0.9).tidy()
    assert chart.data["level"].tolist() == expected["FoodTreatment"].tolist()
    assert chart.data["by"].tolist() == expected["SexParent"].tolist()
    for name in NUMBERS:
        assert np.allclose(chart.data[name], expected[name], rtol=CHART_RTOL)
    on_link = owls.plot.means("FoodTreatment", by="SexParent", scale="link").data
    assert np.allclose(np.exp(on_link["estimate"]), chart.data["estimate"])
    picture = drawn(chart)
    assert picture.marks("point") == 4
    assert picture.has_colour(BLUE) and picture.has_colour(ORANGE)


def test_what_was_held_is_said(owls):
    arrival = me.datasets.owls()["ArrivalTime"].mean()
    said = owls.plot.means("FoodTreatment").subtitle[0]
    assert f"at ArrivalTime = {arrival:.4g}" in said and "averaged over SexParent" in said


def test_one_line_below_the_title_says_how_means_were_made(owls, pain):
    assert pain.plot.means("treatment").subtitle == (
        "95% confidence intervals, t (Satterthwaite); at time = 2.187",
    )
    assert len(pain.plot.interaction("time", "treatment").subtitle) == 1
    herds = me.glmm("incidence / size ~ period + (1 | herd)", me.datasets.cbpp())
    assert herds.plot.means().subtitle == ("95% confidence intervals, z (Wald)",)
    soup = me.glmm("rating ~ temp * contact + (1 | judge)", _wine(), family="ordinal")
    assert len(soup.plot.means("temp", at={"contact": ["no"]}).subtitle) == 1
    # what the averages hide is a warning, and has a line of its own
    assert "may hide that effects differ" in owls.plot.means("FoodTreatment").subtitle[1]


def test_many_held_columns_are_counted():
    rng = np.random.default_rng(3)
    table = {name: rng.normal(size=120) for name in ("y", "a", "b", "c", "d", "e")}
    table |= {"f": np.tile(["u", "v"], 60), "g": np.arange(120) % 12}
    fit = me.lmm("y ~ f + a + b + c + d + e + (1 | g)", table)
    assert fit.plot.means().subtitle[0].endswith(" and 2 more")
    assert len(fit.plot.means().subtitle) == 1


@pytest.mark.parametrize(
    ("answer", "words"),
    [("text", "status = dead"), ("number", "status = 1"), ("comparison", "I(status > 0)")],
)
def test_the_axis_says_which_of_two_categories_the_probability_is_of(answer, words):
    rng = np.random.default_rng(4)
    dead = rng.random(200) < 0.4
    status = np.where(dead, "dead", "alive") if answer == "text" else dead.astype(int)
    table = {"status": status, "x": rng.normal(size=200), "arm": np.tile(["a", "b"], 100),
             "ward": np.arange(200) % 20}  # fmt: skip
    left = "I(status > 0)" if answer == "comparison" else "status"
    fit = me.glmm(f"{left} ~ x * arm + (1 | ward)", table, family="binomial")
    title = f"probability of {words}"
    for chart in (fit.plot.means("arm"), fit.plot.interaction("x", "arm"), fit.plot.trajectories()):
        assert drawn(chart).says(title), chart.title
        assert chart.title.startswith(f"Probability of {words} ")
    assert drawn(fit.plot.means("arm", scale="link")).says(f"mean of {words}, logit scale")
    assert "mean of incidence / size" in str(
        me.glmm("incidence / size ~ period + (1 | herd)", me.datasets.cbpp()).plot.means().to_dict()
    )


def _wine():
    rng = np.random.default_rng(7)
    n = 144
    table = {"temp": np.tile(["cold", "warm"], n // 2), "judge": np.arange(n) % 9,
             "contact": np.repeat(["no", "yes"], n // 2)}  # fmt: skip
    latent = (table["temp"] == "warm") + rng.logistic(size=n)
    return table | {"rating": np.digitize(latent, [-0.5, 0.5, 1.5])}


def test_balanced_means_are_those_of_the_data():
    table = me.datasets.flipped_classrooms()
    fit = me.lmm("score ~ style + (1 | professor)", table)
    data = fit.plot.means("style").data.set_index("level")
    expected = table.groupby("style", observed=True)["score"].mean()
    assert np.allclose(data["estimate"].loc[expected.index], expected)


def test_long_names_are_written_in_full():
    rng = np.random.default_rng(0)
    names = [f"A rather long name of site number {i:02d}" for i in range(30)]
    table = pd.DataFrame({"site": rng.choice(names, 900), "g": rng.integers(0, 30, 900)})
    table["y"] = rng.normal(size=900)
    fit = me.lmm("y ~ site + (1 | g)", table)
    picture = drawn(fit.plot.means("site"))
    assert all(picture.says(name) for name in names)
    assert drawn(fit.plot.interaction("site")).marks("point") == 30


def test_lines_along_numbers_are_predictions(pain):
    chart = pain.plot.interaction("time", "treatment")
    data = chart.data
    new = pd.DataFrame({"time": data["x"], "treatment": data["by"]})
    expected = pain.predict(new, groups="population", interval="confidence")
    assert np.allclose(data["estimate"], expected["prediction"], rtol=CHART_RTOL)
    assert np.allclose(data["lower"], expected["lower"], rtol=tol.ROUNDING_E6)
    assert data["x"].min() == 0 and data["x"].max() == 6
    picture = drawn(chart)
    assert picture.has_colour(BLUE) and picture.says("treated")


def test_interaction_of_factors_is_a_dodged_line(owls):
    chart = owls.plot.interaction("FoodTreatment", "SexParent")
    expected = owls.emmeans(["FoodTreatment", "SexParent"], scale="response").tidy()
    merged = chart.data.merge(
        expected, left_on=["x", "by"], right_on=["FoodTreatment", "SexParent"]
    )
    assert len(merged) == 4
    assert np.allclose(merged["estimate_x"], merged["estimate_y"])
    assert drawn(chart).marks("point") == 4


def test_many_numbers_are_shown_at_three(owls):
    chart = owls.plot.interaction("FoodTreatment", "ArrivalTime")
    arrival = me.datasets.owls()["ArrivalTime"]
    expected = [f"{arrival.mean() + k * arrival.std():.4g}" for k in (-1, 0, 1)]
    assert chart.view.facts["by_levels"] == expected
    assert "ArrivalTime at its mean and one standard deviation either side" in chart.subtitle
    given = owls.plot.interaction("FoodTreatment", "ArrivalTime", at={"ArrivalTime": [23, 28]})
    assert given.view.facts["by_levels"] == ["23", "28"]


def test_ordered_categories_have_their_probabilities(rdata):
    fit = me.glmm("rating ~ temp + (1 | judge)", rdata("ordinal", "wine"), family="ordinal")
    data = fit.plot.interaction("temp").data
    assert np.allclose(data.groupby("x")["estimate"].sum(), 1.0)
    assert data["by"].nunique() == 5


def test_what_cannot_be_drawn_says_why(pain):
    with pytest.raises(me.OptionError, match="'style' is not a column"):
        pain.plot.means("style")
    with pytest.raises(me.OptionError, match="x: 'tine' is not a column"):
        pain.plot.interaction("tine", "treatment")
    with pytest.raises(me.OptionError, match="x and by are both"):
        pain.plot.interaction("time", "time")
    rng = np.random.default_rng(0)
    table = {"y": rng.normal(size=300), "a": np.tile(np.arange(30), 10).astype(str)}
    table |= {"b": rng.choice(["u", "v"], 300), "g": rng.integers(0, 20, 300)}
    fit = me.lmm("y ~ a + b + (1 | g)", table)
    for draw in (lambda: fit.plot.means("b", by="a"), lambda: fit.plot.interaction("b", "a")):
        with pytest.raises(me.OptionError, match="has 30 levels; a chart tells 8 apart"):
            draw()
    squared = me.lmm("I(y ** 2) ~ b + (1 | g)", table)
    assert squared.plot.means("b").view.facts["scale"] == "link"
    with pytest.raises(me.OptionError, match="no inverse is known"):
        squared.plot.means("b", scale="response")


def test_a_centred_covariate_is_held_at_zero_and_not_at_what_rounding_leaves(rdata):
    fit = me.lmm("mAch ~ cses + sector + (1 | school)", rdata("mlmRev", "Hsb82"))
    assert fit.plot.means("sector").subtitle[-1].endswith("; at cses = 0")
    assert fit.plot.effects().subtitle[0].endswith("; at cses = 0")


def test_other_factors_are_averaged_as_asked_for(owls):
    options = {"scale": "response", "level": 0.9}
    equal, asked = (
        owls.emmeans("FoodTreatment", weights=w, **options).tidy() for w in ("equal", "cells")
    )
    data = owls.plot.means("FoodTreatment", weights="cells", **options).data
    for column in ("estimate", "lower", "upper"):
        assert np.allclose(data[column], asked[column], rtol=CHART_RTOL)
        assert not np.allclose(asked[column], equal[column], rtol=CHART_RTOL)
