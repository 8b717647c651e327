"""The forest of coefficients is the fit's own table, drawn."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mixedeffects as me
from mixedeffects.plot.theme import BLUE, GREY
from tests.plot.pictures import drawn
from tests.tolerances import CHART_RTOL


@pytest.fixture(scope="module")
def pain():
    return me.lmm("pain_score ~ treatment * time + (1 | patient)", me.datasets.pain_trial())


@pytest.mark.parametrize("ddf", ["satterthwaite", "kenward-roger", "wald"])
def test_data_are_the_tests_with_the_method_named(pain, ddf):
    chart = pain.plot.coefficients(ddf=ddf, level=0.9, intercept=True)
    expected = pain.test(ddf=ddf, level=0.9)
    assert chart.data["term"].tolist() == expected["term"].tolist()
    for name in ("estimate", "std_error", "df", "statistic", "p_value", "lower", "upper"):
        assert np.array_equal(chart.data[name], expected[name])
    label = {"satterthwaite": "Satterthwaite", "kenward-roger": "Kenward", "wald": "Wald"}[ddf]
    assert label in chart.subtitle[0] and "90%" in chart.subtitle[0]


def test_intercept_is_left_out_and_verdicts_follow_the_intervals(pain):
    chart = pain.plot.coefficients()
    data = chart.data.set_index("term")
    assert "(Intercept)" not in data.index
    assert data.loc["treatment[treated]", "verdict"] == "below"
    clear = (data["lower"] > 0) | (data["upper"] < 0)
    assert ((data["verdict"] == "unclear") == ~clear).all()
    picture = drawn(chart)
    assert picture.marks("point") == 3
    assert picture.says("treatment[treated]:time")
    assert picture.has_colour(BLUE) and picture.has_colour(GREY)


def test_numbers_are_written_beside(pain):
    row = pain.test().set_index("term").loc["time"]
    assert drawn(pain.plot.coefficients()).says(f"−{abs(row['estimate']):.2f}  [")


def test_ratios_are_about_one():
    fit = me.glmm("incidence / size ~ period + (1 | herd)", me.datasets.cbpp())
    chart = fit.plot.coefficients(exponentiate=True)
    plain = fit.plot.coefficients()
    assert np.allclose(chart.data["upper"], np.exp(plain.data["upper"]))
    assert chart.view.facts["null"] == 1.0
    assert (chart.data["verdict"] == plain.data["verdict"]).all()
    assert "logit scale" in plain.subtitle[0]
    assert drawn(chart).marks("point") == 3


def test_many_coefficients_are_the_clearest_and_it_says_so():
    rng = np.random.default_rng(0)
    names = [f"A rather long name of site number {i:02d}" for i in range(70)]
    table = pd.DataFrame({"site": rng.choice(names, 2000), "g": rng.integers(0, 30, 2000)})
    table["y"] = rng.normal(size=2000)
    fit = me.lmm("y ~ site + (1 | g)", table)
    chart = fit.plot.coefficients()
    statistics = fit.test()["statistic"].iloc[1:].abs()
    assert chart.data["statistic"].abs().min() == statistics.nlargest(50).min()
    assert "50 of 69 coefficients, those with the largest statistics" in chart.subtitle


def test_what_cannot_be_drawn_says_why(pain):
    fit = me.lmm("Reaction ~ 1 + (1 | Subject)", me.datasets.sleepstudy())
    with pytest.raises(me.ModelError, match="intercept=True shows it"):
        fit.plot.coefficients()
    assert fit.plot.coefficients(intercept=True).data["term"].tolist() == ["(Intercept)"]
    with pytest.raises(me.OptionError, match="not a ratio"):
        pain.plot.coefficients(exponentiate=True)
    glmm = me.glmm("incidence / size ~ period + (1 | herd)", me.datasets.cbpp())
    with pytest.raises(me.NotAvailableError, match="linear mixed models"):
        glmm.plot.coefficients(ddf="kenward-roger")


def test_every_part_of_a_model_has_its_own():
    fit = me.glmm(
        "SiblingNegotiation ~ FoodTreatment + (1 | Nest)", me.datasets.owls(), family="nbinom1",
        zi="~ FoodTreatment + SexParent",
    )  # fmt: skip
    chart = fit.plot.coefficients(component="zi", intercept=True)
    expected = fit.test(component="zi")
    assert chart.data["term"].tolist() == expected["term"].tolist()
    for name in ("estimate", "std_error", "statistic", "p_value", "lower", "upper"):
        assert np.array_equal(chart.data[name], expected[name])
    half = 1.959963984540054 * chart.data["std_error"]
    assert np.allclose(chart.data["upper"] - chart.data["estimate"], half, rtol=CHART_RTOL)
    picture = drawn(chart)
    assert chart.title == "Fixed effects of the part zi" and picture.says(chart.title)
    assert picture.marks("point") == 3 and picture.says("SexParent[Male]")


def test_references_of_categories_are_named(pain):
    assert pain.plot.coefficients().subtitle[1] == "reference: treatment = control"
    owls = me.datasets.owls()
    fit = me.glmm(
        "SiblingNegotiation ~ FoodTreatment * SexParent + (1 | Nest)", owls, family="nbinom2",
        zi="~ FoodTreatment",
    )  # fmt: skip
    both = "references: FoodTreatment = Deprived, SexParent = Female"
    assert fit.plot.coefficients().subtitle[1] == both
    zeros = fit.plot.coefficients(component="zi")
    assert zeros.subtitle[1] == "reference: FoodTreatment = Deprived"
    sas = me.lmm("score ~ C(style, SAS) + (1 | professor)", me.datasets.flipped_classrooms())
    assert sas.plot.coefficients().subtitle[1] == "reference: style = Fully"


@pytest.mark.parametrize(
    ("formula", "axis"),
    [
        ("pain_score ~ time + (1 | patient)", "estimate, per unit of the column"),
        ("pain_score ~ treatment + (1 | patient)", "difference from the reference"),
        ("pain_score ~ treatment * time + (1 | patient)",
         "per unit of the column, or difference from the reference"),
        # a deviation from the mean of all levels is neither
        ("pain_score ~ C(treatment, Sum) + (1 | patient)", "estimate"),
        ("pain_score ~ poly(time, 2) + (1 | patient)", "estimate"),
    ],
)  # fmt: skip
def test_the_axis_says_what_coefficients_are(formula, axis):
    chart = me.lmm(formula, me.datasets.pain_trial()).plot.coefficients()
    assert drawn(chart).says(axis)
    assert f'"{axis}"' in str(chart.to_dict()).replace("'", '"')
    if axis == "estimate":
        assert len(chart.subtitle) == 1


def test_a_row_of_numbers_has_as_many_digits_in_each():
    fit = me.lmm("Reaction ~ factor(Days) + (1 | Subject)", me.datasets.sleepstudy())
    picture = drawn(fit.plot.coefficients())
    assert picture.says("32.0  [11.3, 52.7]") and picture.says("80.0  [59.3, 101]")


def test_log_odds_say_of_which_category():
    table = {"status": ["alive", "dead", "dead"] * 20, "x": [0, 1, 2, 3, 4] * 12,
             "ward": [1, 2, 3, 4] * 15}  # fmt: skip
    fit = me.glmm("status ~ x + (1 | ward)", table, family="binomial")
    assert fit.plot.coefficients().subtitle[0].endswith("logit scale of status = dead")
