"""Trajectories draw what `predict` says, of the population and of single groups."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import mixedeffects as me
from mixedeffects.plot.theme import BLUE, ORANGE
from tests.plot.pictures import drawn, units
from tests.tolerances import CHART_RTOL, SHARE_OF_A_THIRD


@pytest.fixture(scope="module")
def sleep():
    return me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())


@pytest.fixture(scope="module")
def pain():
    return me.lmm(
        "pain_score ~ treatment * time + (time | patient)", me.datasets.pain_trial()
    )  # fmt: skip


@pytest.fixture(scope="module")
def owls():
    return me.glmm(
        "SiblingNegotiation ~ FoodTreatment * poly(ArrivalTime, 2) + offset(log(BroodSize)) "
        "+ (1 | Nest)",
        me.datasets.owls(),
        family="poisson",
    )


def test_band_is_the_populations_prediction(sleep):
    fixed = sleep.plot.trajectories(level=0.9).tables["fixed"]
    new = pd.DataFrame({"Days": fixed["x"]})
    expected = sleep.predict(new, groups="population", interval="confidence", level=0.9)
    for name in ("prediction", "lower", "upper"):
        assert np.allclose(fixed[name], expected[name], rtol=CHART_RTOL)


def test_individual_lines_are_the_groups_predictions(sleep):
    lines = sleep.plot.trajectories().data
    assert lines["level"].nunique() == 18
    expected = sleep.predict(pd.DataFrame({"Days": lines["x"], "Subject": lines["level"]}))
    assert np.allclose(lines["prediction"], expected, rtol=CHART_RTOL)


def test_points_are_the_rows(sleep):
    points = sleep.plot.trajectories().tables["points"]
    table = me.datasets.sleepstudy()
    assert (points["y"].to_numpy() == table["Reaction"].to_numpy()).all()
    assert (points["level"] == table["Subject"].astype(str).to_numpy()).all()


def test_lines_have_their_own_treatment_and_range(pain):
    table = me.datasets.pain_trial()
    chart = pain.plot.trajectories(by="treatment", most=80)
    lines = chart.data
    own = table.groupby("patient", observed=True)["treatment"].first()
    assert (lines["by"] == own.loc[lines["level"]].astype(str).to_numpy()).all()
    last = table.groupby("patient", observed=True)["time"].max()
    assert (lines.groupby("level")["x"].max() == last.loc[lines["level"].unique()]).all()
    new = pd.DataFrame({"time": lines["x"], "treatment": lines["by"], "patient": lines["level"]})
    assert np.allclose(lines["prediction"], pain.predict(new), rtol=CHART_RTOL)
    picture = drawn(chart)
    assert picture.has_colour(BLUE) and picture.has_colour(ORANGE)
    assert picture.says("treated") and picture.says("control")


def test_without_by_the_thick_line_is_at_the_reference_and_says_so(pain):
    chart = pain.plot.trajectories()
    assert "thick line at treatment = control" in chart.subtitle
    assert "each thin line has its own treatment" in chart.subtitle
    fixed = chart.tables["fixed"]
    new = pd.DataFrame({"time": fixed["x"], "treatment": "control"})
    expected = pain.predict(new, groups="population")
    assert np.allclose(fixed["prediction"], expected, rtol=CHART_RTOL)
    assert "lines of 60 of 80 levels of patient, chosen at random" in chart.subtitle
    own = me.datasets.pain_trial().groupby("patient", observed=True)["treatment"].first()
    lines = chart.data
    new = pd.DataFrame({"time": lines["x"], "patient": lines["level"]})
    new["treatment"] = own.loc[lines["level"]].astype(str).to_numpy()
    assert np.allclose(lines["prediction"], pain.predict(new), rtol=CHART_RTOL)


def test_counts_with_offset_and_polynomial_are_means(owls):
    chart = owls.plot.trajectories(by="FoodTreatment")
    table = me.datasets.owls()
    brood = table.groupby("Nest", observed=True)["BroodSize"].first()
    lines = chart.data
    new = pd.DataFrame(
        {
            "ArrivalTime": lines["x"], "FoodTreatment": lines["by"], "Nest": lines["level"],
            "BroodSize": brood.loc[lines["level"]].to_numpy(),
        }
    )  # fmt: skip
    assert np.allclose(lines["prediction"], owls.predict(new), rtol=CHART_RTOL)
    fixed = chart.tables["fixed"]
    new = pd.DataFrame(
        {
            "ArrivalTime": fixed["x"], "FoodTreatment": fixed["by"],
            "BroodSize": table["BroodSize"].mean(),
        }
    )  # fmt: skip
    expected = owls.predict(new, groups="population", interval="confidence")
    for name in ("prediction", "lower", "upper"):
        assert np.allclose(fixed[name], expected[name], rtol=CHART_RTOL)
    on_link = owls.plot.trajectories(by="FoodTreatment", scale="link")
    assert np.allclose(np.exp(on_link.data["prediction"]), lines["prediction"], rtol=CHART_RTOL)
    assert len(on_link.tables["points"]) == 0


def test_extra_zeros_are_part_of_the_mean():
    fit = me.glmm(
        "SiblingNegotiation ~ FoodTreatment + ArrivalTime + (1 | Nest)",
        me.datasets.owls(), family="poisson", zi="~ FoodTreatment",
    )  # fmt: skip
    chart = fit.plot.trajectories(by="FoodTreatment")
    for frame, groups in ((chart.data, "conditional"), (chart.tables["fixed"], "population")):
        new = pd.DataFrame({"ArrivalTime": frame["x"], "FoodTreatment": frame["by"]})
        new["Nest"] = frame["level"] if groups == "conditional" else "Bochet"
        expected = fit.predict(new, groups=groups)
        assert np.allclose(frame["prediction"], expected, rtol=CHART_RTOL)


def test_a_transformed_response_is_brought_back():
    fit = me.lmm("log(Reaction) ~ bs(Days, df=4) + (Days | Subject)", me.datasets.sleepstudy())
    chart = fit.plot.trajectories()
    fixed = chart.tables["fixed"]
    expected = fit.predict(
        pd.DataFrame({"Days": fixed["x"]}), groups="population", interval="confidence"
    )
    assert np.allclose(np.log(fixed["upper"]), expected["upper"], rtol=CHART_RTOL)
    assert np.allclose(chart.tables["points"]["y"], me.datasets.sleepstudy()["Reaction"])
    assert chart.title == "Reaction along Days"


def test_yes_or_no_responses_are_shares():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"g": np.repeat(np.arange(20), 30), "x": np.tile(np.arange(6.0), 100)})
    table["y"] = rng.integers(0, 2, 600)
    fit = me.glmm("y ~ x + (1 | g)", table)
    points = fit.plot.trajectories().tables["points"].set_index("x")
    assert np.allclose(points["y"], table.groupby("x")["y"].mean())
    assert (points["n"] == 100).all()


def test_panels_are_one_for_each_level(sleep):
    chart = sleep.plot.trajectories(facets=True)
    lines = chart.data
    expected = sleep.predict(pd.DataFrame({"Days": lines["x"]}), groups="population")
    assert np.allclose(lines["fixed"], expected, rtol=CHART_RTOL)
    picture = drawn(chart)
    assert picture.says("308") and picture.says("372")
    assert picture.marks("point") == 180


def test_factor_of_numbers_with_a_slope_has_its_levels_only():
    fit = me.lmm("Reaction ~ factor(Days) + (Days | Subject)", me.datasets.sleepstudy())
    chart = fit.plot.trajectories()
    assert sorted(chart.tables["fixed"]["x"]) == list(range(10))
    expected = fit.predict(
        pd.DataFrame({"Days": chart.data["x"].astype(int), "Subject": chart.data["level"]})
    )
    assert np.allclose(chart.data["prediction"], expected, rtol=CHART_RTOL)


@pytest.mark.parametrize("text", ["factor(Days)", "C(Days, Sum)", "as.factor(Days)"])
def test_a_factor_alone_is_no_numeric_axis(text):
    fit = me.lmm(f"Reaction ~ {text} + (1 | Subject)", me.datasets.sleepstudy())
    with pytest.raises(me.NotAvailableError, match="shows the means of categories"):
        fit.plot.trajectories()
    with pytest.raises(me.OptionError, match="reads it as a factor only"):
        fit.plot.trajectories("Days")
    assert fit.plot.means("Days").data["level"].tolist() == [str(k) for k in range(10)]
    both = me.lmm(f"Reaction ~ Days + {text} + (1 | Subject)", me.datasets.sleepstudy())
    assert both.plot.trajectories().title == "Reaction along Days"


def test_effects_of_the_enclosing_factor_are_in_and_of_a_crossed_one_are_not(rdata):
    oats = rdata("nlme", "Oats")
    fit = me.lmm("yield ~ nitro + (1 | Block/Variety)", oats)
    lines = fit.plot.trajectories().data
    new = lines["level"].str.split(":", expand=True).set_axis(["Variety", "Block"], axis=1)
    new["nitro"] = lines["x"]
    assert np.allclose(lines["prediction"], fit.predict(new), rtol=CHART_RTOL)
    crossed = me.lmm("yield ~ nitro + (1 | Block) + (1 | Variety)", oats).plot.trajectories()
    assert "thin lines leave out the effects of Variety" in crossed.subtitle


def test_large_data_are_sampled_and_it_says_so():
    rng = np.random.default_rng(1)
    g = np.repeat(np.arange(500), 20)
    x = rng.normal(size=g.size)
    y = x + rng.normal(size=500)[g] + rng.normal(size=g.size)
    chart = me.lmm("y ~ x + (1 | g)", {"y": y, "x": x, "g": g}).plot.trajectories()
    assert "points: 1,500 of 10,000 rows, at random" in chart.subtitle
    assert chart.data["level"].nunique() == 60
    assert drawn(chart).ink > 0.02


def test_what_cannot_be_drawn_says_why(sleep, pain, rdata):
    with pytest.raises(me.OptionError, match="'Dais' is not a column"):
        sleep.plot.trajectories("Dais")
    with pytest.raises(me.OptionError, match="has categories, not numbers"):
        pain.plot.trajectories("treatment")
    with pytest.raises(me.OptionError, match="'patient' is not a column that the fixed effects"):
        pain.plot.trajectories(by="patient")
    with pytest.raises(me.OptionError, match="x and by are both"):
        pain.plot.trajectories("time", by="time")
    with pytest.raises(me.NotAvailableError, match="no numeric column"):
        me.lmm("Reaction ~ 1 + (1 | Subject)", me.datasets.sleepstudy()).plot.trajectories()
    table = me.datasets.sleepstudy().assign(z=np.tile(np.arange(9.0), 20))
    fit = me.lmm("Reaction ~ Days + (1 + log(z + 1) | Subject)", table)
    with pytest.raises(me.NotAvailableError, match="random effects read 'z'"):
        fit.plot.trajectories()
    wine = rdata("ordinal", "wine")
    fit = me.glmm("rating ~ temp + contact + (1 | judge)", wine, family="ordinal")
    with pytest.raises(me.NotAvailableError, match="ordered categories"):
        fit.plot.trajectories()


def test_points_of_panels_are_the_rows_of_their_level(sleep):
    chart = sleep.plot.trajectories(facets=True)
    points = chart.tables["points"]
    table = me.datasets.sleepstudy()
    rows = table.assign(Subject=table["Subject"].astype(str)).set_index(["Subject", "Days"])
    assert len(points) == 180
    own = rows["Reaction"].loc[list(zip(points["level"], points["x"], strict=True))]
    np.testing.assert_array_equal(points["y"], own)
    drawn_ = next(unit for unit in units(chart) if unit.mark == "point")
    assert [row["y"] for row in drawn_.rows] == points["y"].tolist()


def test_the_link_scale_is_the_linear_predictor():
    rng = np.random.default_rng(3)
    g, x = np.arange(600) % 20, rng.uniform(0.0, 4.0, 600)
    y = rng.poisson(np.exp(0.5 + 0.3 * x + 0.5 * rng.normal(size=20)[g]))
    fit = me.glmm("y ~ x + (x | g)", {"y": y, "x": x, "g": g}, family="poisson")
    chart = fit.plot.trajectories(scale="link", level=0.9)
    fixed, lines = chart.tables["fixed"], chart.data
    a, b = fit.fixef["(Intercept)"], fit.fixef["x"]
    X = np.column_stack([np.ones(len(fixed)), fixed["x"]])
    half = stats.norm.ppf(0.95) * np.sqrt(np.einsum("ni,ij,nj->n", X, fit.vcov(), X))
    for name, expected in (("prediction", 0.0), ("lower", -half), ("upper", half)):
        np.testing.assert_allclose(fixed[name], a + b * fixed["x"] + expected, rtol=CHART_RTOL)
    effects = pd.DataFrame(fit.ranef()).pivot(index="level", columns="term", values="estimate")
    own = effects.loc[lines["level"].astype(int)].to_numpy()
    columns = list(effects.columns)
    line = a + own[:, columns.index("(Intercept)")]
    line = line + (b + own[:, columns.index("x")]) * lines["x"]
    np.testing.assert_allclose(lines["prediction"], line, rtol=CHART_RTOL)
    picture = drawn(chart)
    assert picture.marks("line") >= 21 and picture.has_colour(BLUE, share=1e-6)
    assert "data have no place on the scale of the link" in chart.subtitle


def test_lines_shown_are_of_every_kind_of_group():
    """Patients given two treatments in turn: every second one would be of one treatment."""
    rng = np.random.default_rng(8)
    who = np.repeat(np.arange(119), 4)  # 118 steps, 2 for each of 59
    data = pd.DataFrame(
        {
            "who": who, "t": np.tile(np.arange(4.0), 119),
            "arm": np.array(["a", "b"])[who % 2], "y": rng.normal(size=476) + who % 2,
        }
    )  # fmt: skip
    data["y"] += rng.normal(size=119)[who]
    chart = me.lmm("y ~ t * arm + (1 | who)", data).plot.trajectories()
    arms = np.bincount(chart.data["level"].astype(int).unique() % 2)
    assert arms.sum() == 60
    assert arms.min() > SHARE_OF_A_THIRD * 60
    assert "lines of 60 of 119 levels of who, chosen at random" in chart.subtitle
