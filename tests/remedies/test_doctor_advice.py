"""What the doctor advises: the call, the rows, the predictors and the zero it leaves alone."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

import mixedeffects as me
from mixedeffects.display.diagnosis import call
from mixedeffects.inference.checkup import checkup
from mixedeffects.remedies import measure
from mixedeffects.remedies.bench import Bench, quiet
from mixedeffects.remedies.recommending import recommend
from mixedeffects.remedies.record import Trial
from tests import tolerances as tol

SLEEP = "Reaction ~ Days + (Days | Subject)"

pytestmark = pytest.mark.filterwarnings("ignore::mixedeffects.ConvergenceWarning")


def nearly_alike(seed):
    """A predictor, another that is nearly it and adds nothing, and levels that differ."""
    rng = np.random.default_rng(seed)
    g = np.repeat(np.arange(12), 10)
    x = rng.normal(size=g.size)
    d = pd.DataFrame({"x1": x, "x2": x + 0.2 * rng.normal(size=g.size), "g": g})
    return d.assign(y=x + rng.normal(size=12)[g] + rng.normal(size=g.size))


def checked(diagnosis, name):
    """The words of one check."""
    return diagnosis.checks().set_index("check").loc[name, "words"]


def stopped(**options):
    """A fit that a rule ended after its first iteration."""
    return me.lmm(
        SLEEP, me.datasets.sleepstudy(), converged=lambda state: state.iteration >= 1, **options
    )


# --- a rule of the user's own ----------------------------------------------------------------


def test_a_fit_that_a_rule_ended_is_nowhere_called_certified():
    fit = stopped(optimizer="em")
    diagnosis = fit.diagnose()
    assert not diagnosis.changed and "Your own rule" in diagnosis.reason
    tried = fit.diagnose(remedies=True)
    others = tried.tidy().query("remedy not in ('asked', 'more iterations')")
    assert not others["verdict"].str.contains("is certified").any()
    assert tried.tidy()["certificate"][0] == "ended by rule"


def test_remedies_true_goes_on_to_the_optimum_without_the_rule():
    fit, known = stopped(optimizer="em"), me.lmm(SLEEP, me.datasets.sleepstudy())
    diagnosis = fit.diagnose(remedies=True)
    assert diagnosis.recommendation.trial.remedy == "more iterations"
    assert diagnosis.options == {"optimizer": "em"} and diagnosis.fit.certificate.proved
    assert "(other arguments as before, without converged=)" in str(diagnosis)
    assert diagnosis.fit.loglik == pytest.approx(known.loglik, abs=tol.DOCTOR_LOGLIK_ABS)


@pytest.mark.parametrize("optimizer", ["em", "L-BFGS-B"])
def test_what_the_log_likelihood_can_still_rise_by_is_about_right(optimizer):
    fit, known = stopped(optimizer=optimizer), me.lmm(SLEEP, me.datasets.sleepstudy())
    said = float(re.search(r"rise by about (\S+)\.", fit.diagnose().reason).group(1))
    assert said == pytest.approx(known.loglik - fit.loglik, rel=tol.PREDICTED_RISE_RTOL)


def test_what_one_more_step_promises_is_a_log_likelihood():
    d = me.datasets.sleepstudy()
    fit = me.lmm(SLEEP, d, optimizer="Nelder-Mead", max_iterations=20)
    assert not fit.converged
    said = float(re.search(r"promises (\S+) of", checked(fit.diagnose(), "optimum")).group(1))
    rise = me.lmm(SLEEP, d).loglik - fit.loglik
    assert said == pytest.approx(rise, rel=tol.PREDICTED_RISE_RTOL)


# --- the call --------------------------------------------------------------------------------


def test_the_call_repeats_link_weights_and_exposure():
    rng = np.random.default_rng(0)
    g = np.repeat(np.arange(8), 12)
    data = pd.DataFrame({"x": rng.normal(size=g.size), "g": g, "w": rng.integers(1, 3, g.size)})
    data["years"] = rng.uniform(1, 5, g.size)
    data["c"] = rng.poisson(data["years"] * np.exp(0.5 * data["x"]))
    data["b"] = (rng.random(g.size) < 0.4).astype(int)
    for formula, options in (
        ("b ~ x + (x | g)", {"family": "binomial", "link": "probit", "weights": "w"}),
        ("c ~ x + (x | g)", {"family": "poisson", "exposure": "years"}),
    ):
        diagnosis = me.glmm(formula, data, **options).diagnose()
        assert diagnosis.changed
        text = call(diagnosis._facts)
        again = eval(text, {"me": me, "data": data})
        assert again.loglik == pytest.approx(diagnosis.fit.loglik, abs=tol.DOCTOR_LOGLIK_ABS), text


@pytest.mark.parametrize("factor", ['C(f, "sum")', "I(f == 'a')", "f"])
def test_the_call_can_be_pasted_whatever_quotes_the_formula_has(factor):
    data = nearly_alike(1).assign(f=lambda d: np.where(d["x2"] > 0, "a", "b"))
    diagnosis = me.lmm(f"y ~ {factor} + x1 + (x2 | g)", data).diagnose()
    assert diagnosis.changed
    again = eval(call(diagnosis._facts), {"me": me, "data": data})
    assert again.loglik == pytest.approx(diagnosis.fit.loglik, abs=tol.DOCTOR_LOGLIK_ABS)


def test_a_sound_fit_is_looked_at_without_evaluating_it_again():
    fit = me.lmm(SLEEP, me.datasets.sleepstudy())
    before = fit.evaluation.objective.evaluations
    assert fit.diagnose().healthy
    assert fit.evaluation.objective.evaluations == before


def test_what_no_way_leads_to_is_not_recommended_and_the_reason_is_given():
    """A response that is constant within groups: the residual variance goes to zero."""
    rng = np.random.default_rng(1)
    g = np.repeat(np.arange(40), 6)
    d = pd.DataFrame({"y": rng.normal(size=40)[g], "x": rng.choice(list("abc"), g.size), "g": g})
    fit = me.lmm("y ~ x + (x | g)", d, max_iterations=3)
    diagnosis = fit.diagnose()
    assert not fit.converged and not diagnosis.changed
    assert "Do not report this fit" in diagnosis.reason and "RECOMMENDED" not in str(diagnosis)
    assert "residual variance goes to zero" in diagnosis.reason
    assert "by hand" not in str(diagnosis)  # it would be refused again


def test_a_slope_of_next_to_no_variance_can_go_from_a_regular_fit_too():
    rng = np.random.default_rng(1)
    g = np.repeat(np.arange(10), 4000)
    d = pd.DataFrame({"x": rng.normal(size=g.size), "g": g})
    d["y"] = d["x"] + rng.normal(size=10)[g] + rng.normal(size=g.size)
    fit = me.lmm("y ~ x + (x | g)", d)
    assert fit.certificate.proved and not fit.certificate.is_singular
    assert 0 < fit.varcorr.sd["g"][1] < 0.01
    diagnosis = fit.diagnose(remedies=True)
    assert diagnosis.formula == "y ~ x + (1 | g)"
    assert diagnosis.recommendation.trial.remedy == "drop near-zero slopes"
    assert not diagnosis.recommendation.worse
    said = float(re.search(r"test p = ([0-9.]+)", diagnosis.reason).group(1))
    assert said == round(diagnosis.fit.lrt(fit).p_value, 3)


# --- rows ------------------------------------------------------------------------------------


def test_a_formula_that_would_have_other_rows_is_named():
    d = nearly_alike(1)
    d["x2"] = d["x1"] + 1e-5 * d["x2"]
    d.loc[:9, "x1"] = np.nan
    fit = me.lmm("y ~ x1 + x2 + (1 | g)", d)
    diagnosis = fit.diagnose()
    assert diagnosis.formula == "y ~ x2 + (1 | g)" and diagnosis.fit.nobs == 110
    assert "110 complete rows of 120" in diagnosis.reason and "'x1'" in diagnosis.reason
    assert me.lmm(diagnosis.formula, d).nobs == 120  # what the words warn of
    assert "complete rows" not in str(me.lmm("y ~ x1 + x2 + (1 | g)", d.dropna()).diagnose())


# --- what is tried, and how it is told -------------------------------------------------------


@pytest.mark.parametrize(
    ("optimizer", "limit"),
    [("newton", 1), ("em", 1), ("L-BFGS-B", 1), ("Nelder-Mead", 20), ("Powell", 1), ("COBYQA", 20)],
)
def test_every_optimiser_says_that_its_limit_was_reached(optimizer, limit):
    d = me.datasets.sleepstudy()
    fit = me.lmm(SLEEP, d, optimizer=optimizer, max_iterations=limit)
    assert not fit.converged and fit.certificate.ran_out
    assert "stopped by the limit" in checked(fit.diagnose(remedies=False), "iterations")
    full = me.lmm(SLEEP, d, optimizer=optimizer)
    assert full.converged and not full.certificate.ran_out


def test_warnings_of_numpy_are_not_hidden_while_remedies_are_tried():
    with pytest.warns(RuntimeWarning, match="divide"), quiet():
        np.array([1.0]) / 0.0


def test_a_comparison_without_a_test_says_why():
    d = nearly_alike(0)
    one = me.lmm("y ~ x1 + (1 | g)", d, reml=False)
    other = me.lmm("y ~ x2 + (1 | g)", d, reml=False)
    p, why = measure.tested_against(other, one)
    assert np.isnan(p) and why == "no test: both models have as many parameters"
    more = me.lmm("y ~ x2 + center(x2):x1 + (1 | g)", d, reml=False)
    p, why = measure.tested_against(more, one)
    assert np.isnan(p) and why.startswith("no test: they are not nested")


def test_simpler_models_are_tested_against_the_optimum_of_the_asked_one():
    d = nearly_alike(0)
    unfinished = me.lmm("y ~ x1 + x2 + (x2 | g)", d, max_iterations=1)
    full = me.lmm("y ~ x1 + x2 + (x2 | g)", d, reml=False)
    assert not unfinished.converged
    diagnosis = unfinished.diagnose()
    assert diagnosis.formula == "y ~ x1 + x2 + (1 | g)"
    small = me.lmm(diagnosis.formula, d, reml=False)
    said = float(re.search(r"test p = ([0-9.]+)", diagnosis.reason).group(1))
    assert said == round(small.lrt(full).p_value, 3)


def test_a_choice_that_was_made_by_looking_at_the_data_is_called_one():
    diagnosis = me.lmm("y ~ x1 + x2 + (x2 | g)", nearly_alike(0)).diagnose()
    assert diagnosis.changed and "no confirmatory tests" in diagnosis.reason
    assert diagnosis.reason == " ".join(diagnosis.recommendation.reasons)
    unfinished = me.lmm(SLEEP, me.datasets.sleepstudy(), max_iterations=1)
    assert "confirmatory" not in unfinished.diagnose().reason  # the asked model, fitted


# --- a predictor that was lost ---------------------------------------------------------------


def stamped(seed, slope):
    """A time far from zero, which matters, and levels with a slope of x2 or without."""
    rng = np.random.default_rng(seed)
    g = np.repeat(np.arange(12), 10)
    x, z = rng.normal(size=(2, g.size))
    b = rng.normal(size=(12, 2)) * [1.0, slope]
    y = x + b[g, 0] + b[g, 1] * z + rng.normal(size=g.size)
    return pd.DataFrame({"y": y, "t": 1.7e9 + 50 * x, "x1": x, "x2": z, "g": g})


@pytest.mark.parametrize("way", [
    {"max_iterations": 1}, {"optimizer": "Nelder-Mead", "max_iterations": 20}, {},
])  # fmt: skip
def test_a_lost_predictor_comes_back_whatever_else_is_amiss(way):
    d = stamped(0, slope=1.0)
    fit = me.lmm("y ~ t + x2 + (x2 | g)", d, **way)
    assert "t" not in fit.fixef and fit.converged == (not way)
    diagnosis = fit.diagnose()
    assert "The asked fit lost t, which center(t) brings back." in diagnosis.reason
    known = me.lmm("y ~ x1 + x2 + (x2 | g)", d, reml=False)
    assert diagnosis.recommendation.aic == pytest.approx(known.aic, abs=tol.OPTIMUM_E3)
    mended = me.lmm("y ~ t + x2 + (x2 | g)", d, remedy=True, **way)
    assert list(mended.fixef) == ["(Intercept)", "center(t)", "x2"] and mended.converged


def test_a_lost_predictor_comes_back_before_the_random_effects_are_simplified():
    d = stamped(3, slope=0.0)
    diagnosis = me.lmm("y ~ t + x2 + (x2 | g)", d).diagnose()
    known = me.lmm("y ~ x1 + x2 + (x2 | g)", d, reml=False)
    assert known.certificate.is_singular
    assert diagnosis.formula == "y ~ center(t) + x2 + (1 | g)"
    tried = diagnosis.tidy()
    after = tried.query("remedy == 'simplify random effects'")
    assert after["formula"].str.contains("center(t)", regex=False).all() and len(after)
    small = me.lmm("y ~ x1 + x2 + (1 | g)", d, reml=False)
    row = tried[tried["formula"] == diagnosis.formula].iloc[0]
    assert row["p_value"] == pytest.approx(small.lrt(known).p_value, rel=tol.OPTIMUM_E3)


def test_a_predictor_that_nothing_brings_back_is_said_to_be_lost():
    fit = me.lmm("y ~ t + x2 + (x2 | g)", stamped(0, slope=1.0))
    for diagnosis in (fit.diagnose(remedies=False), fit.diagnose(budget=1e-9)):
        assert not diagnosis.changed
        assert "This fit is WITHOUT t" in diagnosis.reason and "center(t)" in diagnosis.reason


# --- predictors ------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 1, 4, 5, 7])
def test_a_predictor_is_not_given_up_because_a_random_effect_has_no_variance(seed):
    fit = me.lmm("y ~ x1 + x2 + (x2 | g)", nearly_alike(seed))
    assert fit.certificate.is_singular
    diagnosis = fit.diagnose()
    lowest = diagnosis.tidy().sort_values("aic").iloc[0]
    assert lowest["remedy"] == "check collinearity"  # which would be lower
    assert diagnosis.formula == "y ~ x1 + x2 + (1 | g)"


def test_a_zero_variance_is_no_reason_to_leave_a_copy_out():
    rng = np.random.default_rng(0)
    g = np.repeat(np.arange(12), 10)
    x = rng.normal(size=120)
    d = pd.DataFrame({"x1": x, "x2": x + 0.02 * rng.normal(size=120), "g": g})
    d["y"] = x + rng.normal(size=120)
    fit = me.lmm("y ~ x1 + x2 + (1 | g)", d)
    diagnosis = fit.diagnose()
    assert fit.certificate.is_singular and not diagnosis.changed
    lowest = diagnosis.tidy().sort_values("aic").iloc[0]
    assert lowest["remedy"] == "check collinearity"
    assert f"({lowest['formula']}) the fit is certified, with AIC {lowest['aic']:.2f}; that is " \
        "for you to decide" in diagnosis.reason  # fmt: skip
    assert "changes what the other coefficients estimate" in diagnosis.reason
    assert set(me.lmm(fit.formula, d, remedy=True).fixef) == {"(Intercept)", "x1", "x2"}


def test_a_model_without_a_predictor_is_named_and_not_used_where_no_other_is_certified():
    d = nearly_alike(0)
    asked = me.lmm("y ~ x1 + x2 + (x2 | g)", d, max_iterations=1)
    small = me.lmm("y ~ x1 + (1 | g)", d)
    trials = [
        Trial("asked", "as it is", asked.formula, fit=asked, loglik=-180.0, npar=6, aic=372.0),
        Trial("check collinearity", "'x2' left out", small.formula, fit=small, loglik=-181.0,
              npar=4, aic=370.0, gone=("x2",)),
    ]  # fmt: skip
    assert not asked.converged and small.converged
    r = recommend(trials, Bench(asked, checkup(asked), 60.0))
    assert r.trial is trials[0] and not r.changed
    assert "Do not report this fit" in r.reason
    assert "Without 'x2' (y ~ x1 + (1 | g)) the fit is certified, with AIC 370.00" in r.reason


def test_collinearity_that_is_left_is_said():
    d = nearly_alike(0)
    d["x2"] = d["x1"] + 1e-5 * d["x2"]
    fit = me.lmm("y ~ x1 + x2 + (x1 + x2 | g)", d)
    diagnosis = fit.diagnose()
    assert diagnosis.changed and {"x1", "x2"} <= set(diagnosis.fit.fixef)
    assert "still collinear" in diagnosis.reason
    assert diagnosis.fit.diagnose().formula == "y ~ x2 + (1 | g)"


def test_a_column_stays_while_its_square_does():
    d = nearly_alike(0)
    d["x1"] += 20
    diagnosis = me.lmm("y ~ x1 + I(x1^2) + (1 | g)", d).diagnose(remedies=True)
    tried = diagnosis.tidy().query("remedy == 'check collinearity'")
    assert list(tried["formula"]) == ["y ~ x1 + (1 | g)"]
    assert "center(x1)" in checked(diagnosis, "collinearity")


def test_an_interaction_is_collinear_by_where_zero_is_and_that_is_said():
    d = nearly_alike(0)
    d["f"] = np.where(d["g"] % 2, "a", "b")
    d["x1"] += 20
    far = me.lmm("y ~ f * x1 + (1 | g)", d)
    near = me.lmm("y ~ f * center(x1) + (1 | g)", d)
    assert "center(x1)" in checked(far.diagnose(), "collinearity")
    assert near.diagnose().checks().set_index("check").loc["collinearity", "verdict"] == "fine"
    assert np.allclose(near.fitted, far.fitted)


def test_correlations_are_dropped_about_the_mean_and_not_far_from_the_data():
    rng = np.random.default_rng(8)
    g = np.repeat(np.arange(15), 8)
    x = rng.normal(size=g.size)
    b = rng.normal(size=15)
    y = b[g] * (1 + 0.8 * x) + rng.normal(size=g.size)  # intercept and slope are one
    d = pd.DataFrame({"y": y, "x": x, "year": 2000 + 5 * x, "g": g})
    fit = me.lmm("y ~ year + (year | g)", d, reml=False)
    assert fit.certificate.is_singular
    table = fit.diagnose().tidy()
    first = table.iloc[1]
    assert first["formula"] == "y ~ year + (1 + center(year) || g)"
    assert "center(year)" in first["what"]
    known = me.lmm("y ~ x + (center(x) || g)", d, reml=False)
    assert first["loglik"] == pytest.approx(known.loglik, abs=tol.DOCTOR_LOGLIK_ABS)
    tried = table["formula"][table["formula"] != ""]
    assert tried.is_unique
