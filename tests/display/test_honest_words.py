"""What the words must not claim: limits that say nothing, optima unproved, averages of nothing."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pandas as pd
import pytest

import mixedeffects as me
from tests import tolerances as tol
from tests.display.test_words import NUMBER, read, shows, topic
from tests.display.word_models import _table


def quiet(fit):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return fit()


@pytest.fixture(scope="module")
def vague():
    """A slope's variance that the data hardly determine."""
    return me.lmm("pain_score ~ treatment * time + (time | patient)", me.datasets.pain_trial())


def test_limits_that_say_nothing_are_not_said(vague):
    text = topic(vague.interpret(), "Random effects")
    table = pd.DataFrame(vague.varcorr.tidy())
    slope, corr = table.iloc[1], table.iloc[2]
    assert slope["upper"] / slope["lower"] > 100 and corr["upper"] - corr["lower"] > 1.9
    sd = re.search(rf"slope of time varies with standard deviation ({NUMBER}), which the data "
                   "hardly determine", text)[1]  # fmt: skip
    assert shows(sd, slope["sdcor"])
    value = re.search(rf"correlate ({NUMBER}), which the data hardly determine", text)[1]
    assert shows(value, corr["sdcor"])
    assert 'fit.confint(method="profile")' in text
    assert "174369" not in text and "1.00 to 1.00" not in text
    # and what is determined keeps its limits
    intercept = re.search(rf"intercept varies with standard deviation {NUMBER} \(95% CI ({NUMBER})",
                          text)[1]  # fmt: skip
    assert shows(intercept, table["lower"][0])
    profile = pd.DataFrame(vague.confint(method="profile"))
    assert profile.set_index("term").loc["sd__time", "upper"] < 1.0


def test_determined_limits_are_said():
    fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    text = topic(fit.interpret(), "Random effects")
    assert "hardly determine" not in text and text.count("95% CI") == 3


def test_a_fit_that_a_rule_ended_is_not_called_certified():
    fit = me.lmm(
        "Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy(), optimizer="em",
        converged=me.stopping.no_effect_moves(0.1),
    )  # fmt: skip
    assert fit.certificate.converged and not fit.certificate.proved
    text = topic(fit.interpret(), "Convergence")
    assert "is certified" not in text
    assert "short of a certified optimum" in text and "no effect moves by more than 0.1" in text


def machines(formula):
    rng = np.random.default_rng(6)
    worker, machine = np.repeat(np.arange(12), 9), np.tile(np.repeat(list("ABC"), 3), 12)
    own = rng.normal(0, 3, (12, 3))[worker, np.searchsorted(list("ABC"), machine)]
    y = 50 + 8 * (machine == "B") + 14 * (machine == "C") + own + rng.normal(size=108)
    return me.lmm(formula, {"y": y, "m": machine, "w": worker})


def test_a_difference_is_not_the_average_of_levels_own_intercepts():
    """Of y ~ m + (0 + m | w) m[B] is a difference in the one part and an intercept in the other."""
    text = topic(machines("y ~ m + (0 + m | w)").interpret(), "Random effects")
    assert "the intercept at m[B] varies" in text and "lies between" not in text
    text = topic(machines("y ~ 0 + m + (0 + m | w)").interpret(), "Random effects")
    fit = machines("y ~ 0 + m + (0 + m | w)")
    low = re.search(rf"intercept at m\[B\] varies .*? lies between ({NUMBER}) and", text)[1]
    assert shows(low, fit.fixef["m[B]"] - 1.959964 * fit.varcorr.sd["w"][1])
    text = topic(machines("y ~ m + (m | w)").interpret(), "Random effects")
    assert re.search(r"the effect of m\[B\] varies .*? lies between", text)
    assert "steeper effect" not in text and "steeper intercept" not in text


def test_levels_deviate_from_zero_where_the_model_has_no_average():
    words = me.lmm("y ~ 0 + x + (1 | g)", _table()).interpret()
    assert "of zero, for the model has no average" in topic(words, "Random effects")
    assert "reliably above zero" in topic(words, "Levels that stand out")
    # indicators of all levels of a factor do have one
    words = me.lmm("y ~ 0 + f + (1 | g)", _table()).interpret()
    assert "of the average" in topic(words, "Random effects")
    assert "reliably above the average" in topic(words, "Levels that stand out")


def test_a_reference_outside_of_the_data_has_no_range():
    """No "expected 3e+20" for the year nought."""
    table = _table()
    table["year"] = 2010.0 + np.arange(240) % 12
    fit = quiet(lambda: me.glmm("count ~ year + (1 | g)", table, family="poisson"))
    text = topic(fit.interpret(), "Random effects")
    half = re.search(rf"it is within ({NUMBER}) of the average on the log scale", text)[1]
    assert shows(half, 1.959964 * fit.varcorr.sd["g"][0])
    assert "expected count from" not in text


def test_offsets_are_where_the_intercept_holds():
    fit = me.glmm("count ~ x + offset(log(hours)) + (1 | g)", _table(), family="poisson")
    assert "Where x is 0 and the offset is 0 (hours is 1), the expected count" in topic(
        fit.interpret(), "Fixed effects"
    )
    assert "where x is 0 and the offset is 0 (hours is 1)" in topic(
        fit.interpret(), "Random effects"
    )
    assert "model of rates, of count per unit of hours" in topic(fit.interpret(), "Model")


def test_small_ratios_are_not_rounded_to_nothing():
    fit = quiet(lambda: me.glmm("count ~ x + (1 | g)", _table(), family="poisson", zi="~ x"))
    text = topic(fit.interpret(), "Other parts")
    lower = fit.test(component="zi", exponentiate=True)["lower"][0]
    found = re.search(rf"odds of an extra zero are {NUMBER} \(95% CI ({NUMBER}) to", text)[1]
    assert read(found)[0] == pytest.approx(lower, rel=tol.PRINTED_E2) and lower < 1e-4
    assert not re.search(r"\b0\.0+\b (to|times)", text)


def test_doubts_follow_the_scale_they_belong_to():
    fit = me.glmm("rating ~ x + f + (1 | g)", _table(), family="ordinal", link="probit")
    text = topic(fit.interpret(), "Fixed effects")
    assert "an interval that includes zero on the" not in text
    assert re.search(r"higher on the probit scale \(95% CI", text)


def test_odds_ratios_are_said_to_be_conditional_and_proportional():
    text = topic(
        me.glmm("rating ~ x + (1 | g)", _table(), family="ordinal").interpret(), "Fixed effects"
    )
    assert "conditional on the random effects" in text and "proportional odds" in text
    singular = quiet(lambda: me.glmm("yes ~ z + (1 | h)", _table(), family="binomial"))
    text = topic(singular.interpret(), "Fixed effects")
    # no variance between levels: averaging over them changes nothing
    assert ("nearer to one" in text) == (singular.varcorr.sd["h"][0] > 0)
    text = topic(me.glmm("count ~ x + (1 | g)", _table(), family="poisson").interpret(),
                 "Fixed effects")  # fmt: skip
    assert "random effects are zero; the mean over levels is higher" in text


def test_interactions_are_tested_together():
    fit = me.lmm("y ~ f * h + (1 | g)", _table())
    text = topic(fit.interpret(), "Fixed effects")
    table = pd.DataFrame(fit.anova()).set_index("term").loc["f:h"]
    found = re.search(
        rf"coefficients of f:h together: F = ({NUMBER}), df = 10 and ({NUMBER})", text
    )
    assert shows(found[1], table["statistic"]) and shows(found[2], table["den_df"])
    # the test of a main effect within it would depend on the coding
    assert "levels of f together" not in text
    # ten coefficients are summed up
    own = pd.DataFrame(fit.test()).set_index("term")
    own = own[own.index.str.contains(":")]
    low, high = own["estimate"].idxmin(), own["estimate"].idxmax()
    found = re.search(rf"of f:h go from ({NUMBER}) .* of {re.escape(low)} to ({NUMBER}) .* of "
                      rf"{re.escape(high)};", text)  # fmt: skip
    assert shows(found[1], own["estimate"].min()) and shows(found[2], own["estimate"].max())


def test_contrasts_other_than_differences_have_a_joint_test():
    for formula in ("y ~ C(f, Sum) + (1 | g)", "y ~ C(f, Helmert) + (1 | g)"):
        fit = me.lmm(formula, _table())
        text = topic(fit.interpret(), "Fixed effects")
        found = re.search(rf"together: F = ({NUMBER}), df = 2", text)
        assert shows(found[1], fit.anova()["statistic"][0])
    # intercepts of their own against zero are no comparison
    assert "together" not in topic(
        me.lmm("y ~ 0 + f + (1 | g)", _table()).interpret(), "Fixed effects"
    )


def test_names_are_said_without_the_quotes_that_a_formula_needs():
    table = {**_table(), "blood pressure": _table()["x"], "school (old)": _table()["g"]}
    fit = me.lmm("y ~ `blood pressure` + f:`blood pressure` + (1 | `school (old)`)", table)
    words = fit.interpret()
    assert "`" not in words.text
    assert "for each level of school (old)" in topic(words, "Model")
    assert "`" not in fit.equation().text and "`" not in fit.equation().latex


def test_logarithms_have_units_that_can_be_said():
    text = topic(me.lmm("y ~ log2(hours) + (1 | g)", _table()).interpret(), "Fixed effects")
    assert "Per doubling of hours, the expected y is" in text
    text = topic(me.lmm("y ~ log(hours) + (1 | g)", _table()).interpret(), "Fixed effects")
    assert "Per unit of log(hours) (hours 2.72 times as high), the expected y" in text
    text = topic(me.lmm("y ~ I(x - 2) * f + (1 | g)", _table()).interpret(), "Fixed effects")
    assert "Where x - 2 is 0" in text and "per unit of x - 2" in text


@pytest.mark.parametrize("formula", ["y ~ 1 + (1 | g)", "y ~ x + (1 | g)"])
def test_explained_variance_is_not_claimed_of_nothing(formula):
    text = topic(me.lmm(formula, _table()).interpret(), "Explained variance")
    assert ("fixed effects explain" in text) == ("x" in formula)
    assert "less than 1% of the variance (marginal R² = 0.000)" not in text


def test_one_random_effect_is_one():
    text = topic(me.lmm("y ~ x + (1 | g)", _table()).interpret(), "Model")
    assert "its random effect is an intercept for each level of g." in text
    text = topic(me.lmm("y ~ x + (x | g) + (1 | h)", _table()).interpret(), "Model")
    assert "its random effects are an intercept and a slope of x (correlated)" in text


def test_a_name_with_a_minus_is_no_combination():
    rng = np.random.default_rng(1)
    table = {**_table(), "noise": rng.normal(size=240)}
    fit = quiet(lambda: me.lmm("noise ~ I(x - 2) + (0 + I(x - 2) | h)", table))
    if fit.certificate.is_singular:
        assert "the combination" not in topic(fit.interpret(), "Convergence")
    singular = quiet(lambda: me.lmm("flat ~ I(x - 2) + (1 | g) + (0 + I(x - 2) | h)", _table()))
    text = topic(singular.interpret(), "Convergence")
    assert "the combination" not in text and text.count("singular") == 1


def test_zeros_have_letters_of_their_own():
    """Effects of a factor among the zeros are others than those among the counts."""
    fit = quiet(
        lambda: me.glmm("count ~ x + (1 | g)", _table(), family="poisson", zi="~ 1 + (1 | g)")
    )
    lines = str(fit.equation()).splitlines()
    assert sum(line.strip().startswith("b_0j ~") for line in lines) == 1
    assert sum(line.strip().startswith("c_0j ~") for line in lines) == 1
    assert any("logit(π_ij) = γ_0 + c_0j" in line for line in lines)
    assert "zi:" not in fit.interpret().text


def test_rounded_zeros_have_no_sign():
    assert not re.search(
        r"−0\.?0*(?![\d.])", me.lmm("y ~ x*f + (1 | g)", _table()).interpret().text
    )
    from mixedeffects.display.words.phrases import minus, probability

    assert minus("-0.000") == "0.000" and minus("-0.010") == "−0.010"
    assert probability(0.9999) == "p > 0.999"


def test_a_variance_between_a_few_levels_is_doubted():
    table = {**_table(), "pair": np.tile(["a", "b"], 120)}
    text = topic(quiet(lambda: me.lmm("y ~ x + (1 | pair)", table)).interpret(), "Random effects")
    assert "pair has only 2 levels" in text
    fit = me.lmm("Reaction ~ Days + (1 | Subject)", me.datasets.sleepstudy())
    assert "has only" not in topic(fit.interpret(), "Random effects")


def test_robust_standard_errors_are_named(vague):
    text = topic(vague.interpret(ddf="CR2"), "Fixed effects")
    assert "robust to correlation within patient (CR2)" in text


def test_many_predictors_are_not_listed_one_by_one():
    rng = np.random.default_rng(3)
    table = _table() | {f"x{k}": rng.normal(size=240) for k in range(12)}
    names = " + ".join(f"x{k}" for k in range(12))
    text = topic(me.lmm(f"y ~ {names} + (1 | g)", table).interpret(), "Fixed effects")
    assert text.startswith("Where all 12 variables are zero or at their reference or mean, the")
