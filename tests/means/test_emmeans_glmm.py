"""Marginal means of generalised models against R's emmeans (tests/golden/make/glmm_means.R)."""

from __future__ import annotations

import json
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit
from scipy.stats import norm

import mixedeffects as me
from mixedeffects.errors import NotAvailableError, OptionError
from mixedeffects.family import LINKS
from mixedeffects.means.inverse_link import InverseLink, total_variance
from tests import tolerances as tol
from tests.golden.glmm.frames import _frame
from tests.means.test_emmeans import listed, r_columns

MODELS = json.loads((Path(__file__).parents[1] / "golden" / "emmeans" / "glmm.json").read_text())[
    "models"
]
CALLS = [(name, i) for name, model in MODELS.items() for i in range(len(model["calls"]))]


def frame_of(name):
    model = MODELS[name]
    frame = _frame(model["data"]).copy()
    if "obs" in (model["derive"] or {}):
        frame["obs"] = np.arange(len(frame))
    return frame


@cache
def fitted(name):
    model = MODELS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", me.ConvergenceWarning)
        return me.glmm(
            model["formula"],
            frame_of(name),
            family=model["family"],
            link=model["link"],
            zi=model["zi"],
        )


def computed(name, i):
    """Our answer to a call of the golden file."""
    call, fit = MODELS[name]["calls"][i], fitted(name)
    options = {"by": call.get("by"), "at": call.get("at")}
    options["by"] = options["by"] or None
    if call["kind"] == "slopes":
        return fit.emtrends(
            call["var"], listed(call.get("specs")), scale=call["average"], **options
        )
    options |= {"weights": call["weights"], "scale": call["scale"], "average": call["average"]}
    if call.get("component") is not None:
        options["component"] = call["component"]
    if call.get("bias") is not None:
        options["bias_adjust"] = True
    if call.get("mode") == "prob":
        options["scale"] = "response"
    return fit.emmeans(listed(call["specs"]), **options)


def theirs_of(rows):
    names = dict.fromkeys(("prob", "rate", "odds.ratio"), "estimate")
    rows = {"df": [None] * len(np.atleast_1d(rows["SE"]))} | rows
    return r_columns({names.get(column, column): values for column, values in rows.items()})


def same_order(ours, theirs):
    """Their rows in our order: of probabilities emmeans varies the category first."""
    shared = [c for c in ours.columns if c in theirs.columns and ours[c].dtype.kind not in "fi"]
    if not shared:
        return theirs
    key = ["|".join(map(str, row)) for row in zip(*(ours[c] for c in shared), strict=True)]
    their_key = ["|".join(map(str, row)) for row in zip(*(theirs[c] for c in shared), strict=True)]
    if sorted(key) != sorted(their_key) or len(set(key)) < len(key):
        return theirs
    return theirs.iloc[[their_key.index(k) for k in key]].reset_index(drop=True)


def kept_inside(ours, theirs):
    """Their limits; by the logit of their estimates where some of them are no probabilities."""
    if not any("intervals by the logit" in note for note in ours.notes):
        return theirs
    assert ((theirs["lower"] < 0) | (theirs["upper"] > 1)).any()
    assert ours.tidy()["lower"].between(0, 1).all() and ours.tidy()["upper"].between(0, 1).all()
    p, z = theirs["estimate"], norm.ppf(0.975)
    half = z * theirs["std_error"] / (p * (1 - p))
    return theirs.assign(lower=expit(logit(p) - half), upper=expit(logit(p) + half))


def assert_same(ours, theirs, adjust="none", loose=tol.GLMM_MEANS):
    table, test = ours.tidy(), ours.test()
    theirs = same_order(table, theirs)
    assert len(table) == len(theirs)
    se = theirs["std_error"].to_numpy()
    difference = np.abs(table["estimate"] - theirs["estimate"]).to_numpy()
    assert (difference <= loose * se + 1e-9).all()
    np.testing.assert_allclose(table["std_error"], se, rtol=loose)
    if "lower" not in theirs:
        return
    assert np.isinf(table["df"]).all()
    # limits of ratios are exponentials: their errors in units of themselves
    theirs = kept_inside(ours, theirs)
    limit = tol.MVT_LIMIT_IN_SE if adjust == "mvt" else 10 * loose
    for column in ("lower", "upper"):
        size = np.maximum(se, np.abs(theirs[column]))
        assert (np.abs(table[column] - theirs[column]) <= limit * size).all()
    if "p_value" in theirs:
        atol = tol.MVT_P if adjust == "mvt" else 3 * loose
        np.testing.assert_allclose(test["p_value"], theirs["p_value"], atol=atol)


@pytest.mark.parametrize("name", MODELS)
def test_the_fits_are_the_same(name):
    if MODELS[name]["program"] != "glmer":  # whose inner iterations stop at 1e-3 of a unit
        assert fitted(name).loglik == pytest.approx(MODELS[name]["loglik"], abs=tol.PROGRAM_E4)


@pytest.mark.parametrize(("name", "i"), CALLS)
def test_means_and_slopes_are_emmeans(name, i):
    call = MODELS[name]["calls"][i]
    # emmeans takes slopes of a curve by one-sided differences
    curved = call["kind"] == "slopes" and call["average"] == "response"
    assert_same(
        computed(name, i), theirs_of(call["rows"]),
        loose=(5 if curved else 1) * tol.GLMM_MEANS,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "i"), [c for c in CALLS if MODELS[c[0]]["calls"][c[1]].get("contrasts")]
)
def test_contrasts_are_emmeans(name, i):
    call = MODELS[name]["calls"][i]
    means = computed(name, i)
    for contrast in call["contrasts"]:
        # what is no ratio emmeans compares on the scale of the link; it asks no ratios of the
        # other sets either
        theirs = theirs_of(contrast["rows"])
        scale = "response" if {"ratio", "odds.ratio"} & set(contrast["rows"]) else "link"
        options = {"adjust": contrast["adjust"], "scale": scale}
        if call["kind"] == "means" and call["average"] == "response":
            del options["scale"]
        ours = means.contrasts(contrast["method"], **options)
        assert_same(ours, theirs, contrast["adjust"])


# --- statements about the numbers themselves ---------------------------------------------------


def test_odds_ratios_are_exponentials_of_coefficients():
    fit = fitted("cbpp")
    table = fit.contrasts("period", "treatment", scale="response", adjust="none").tidy()
    np.testing.assert_allclose(np.log(table["estimate"]), fit.beta[1:], atol=tol.ROUNDING_E12)
    se = np.sqrt(np.diag(fit.vcov_beta))[1:]
    np.testing.assert_allclose(table["std_error"], table["estimate"] * se, rtol=tol.ROUNDING_E10)
    np.testing.assert_allclose(
        np.log(table["lower"]), fit.beta[1:] - 1.959963984540054 * se, rtol=tol.ROUNDING_E9
    )
    assert "odds ratios" in fit.contrasts("period", scale="response").notes[0]


def test_averages_of_the_response_are_averages_of_predictions():
    fit = fitted("verbagg")
    cells = fit.emmeans(["btype", "situ", "Gender"], scale="response").tidy()
    by_hand = cells.groupby("btype", sort=False, observed=True)["estimate"].mean()
    table = fit.emmeans("btype", average="response").tidy()
    np.testing.assert_allclose(table["estimate"], by_hand, rtol=tol.ROUNDING_E12)


def numeric_delta(fit, value, n, step=1e-5):
    """Standard errors of a function of the first n parameters by central differences."""
    x = fit.estimates[:n]
    J = np.column_stack(
        [(value(x + step * e) - value(x - step * e)) / (2 * step) for e in np.eye(n)]
    )
    return np.sqrt(np.diag(J @ fit.vcov_parameters[:n, :n] @ J.T))


def test_mean_of_all_parts_by_hand():
    fit = fitted("salamanders_zi")
    table = fit.emmeans(["spp", "mined"], component="response").tidy()
    p = fit.beta.size
    X, _ = fit.design.spec.fixed_columns(table[["spp", "mined"]])
    Z, _ = fit.design.others["zi"].spec.fixed_columns(table[["spp", "mined"]])

    def mean(x):
        return np.exp(X @ x[:p]) / (1 + np.exp(Z @ x[p:]))

    n = p + Z.shape[1]
    np.testing.assert_allclose(table["estimate"], mean(fit.estimates[:n]), rtol=tol.ROUNDING_E10)
    np.testing.assert_allclose(
        table["std_error"], numeric_delta(fit, mean, n), rtol=tol.TRUNCATION_E6
    )


@pytest.mark.parametrize("family", ["hurdle_nbinom2", "hurdle_poisson"])
def test_mean_of_a_hurdle_model_is_the_familys(family):
    frame = _frame("golden/salamanders")
    fit = me.glmm("count ~ mined + (1 | site)", frame, family=family, zi="~ mined")
    table = fit.emmeans("mined", component="response").tidy()
    first = [int(np.argmax(frame["mined"] == level)) for level in table["mined"]]
    predictors = [x[first] for x in fit.fixed_predictors]
    np.testing.assert_allclose(
        table["estimate"], fit.family.mean(*predictors), rtol=tol.ROUNDING_E8
    )
    assert "before truncation" in fit.emmeans("mined").notes[-1]


def test_slopes_of_the_mean_are_derivatives():
    fit = fitted("grouseticks")
    table = fit.emtrends("cHEIGHT", scale="response", at={"cHEIGHT": [10.0]}).tidy()
    step = 1e-3
    high, low = (
        fit.emmeans([], average="response", at={"cHEIGHT": [10.0 + d]}).tidy()["estimate"][0]
        for d in (step, -step)
    )
    assert table["estimate"][0] == pytest.approx((high - low) / (2 * step), rel=tol.TRUNCATION_E6)


def test_the_categories_of_an_ordinal_model_add_up():
    for average in ("link", "response"):
        table = fitted("wine").emmeans("temp", scale="response", average=average).tidy()
        total = table.groupby("temp", observed=True)["estimate"].sum()
        np.testing.assert_allclose(total, 1.0, atol=tol.ROUNDING_E12)
    trend = fitted("wine").emmeans(["temp", "contact"], scale="response")
    assert list(trend.tidy().columns[:3]) == ["temp", "contact", "rating"]


def test_cumulative_odds_ratios():
    fit = fitted("wine_probit")
    with pytest.raises(OptionError, match="differences of the probit"):
        fit.emmeans("temp").contrasts(scale="response")
    fit = fitted("wine")
    ours = fit.emmeans("temp", by="contact").contrasts(scale="response").tidy()["estimate"]
    np.testing.assert_allclose(np.log(ours[0]), -fit.fixef["temp[warm]"], rtol=tol.ROUNDING_E10)


@pytest.mark.parametrize("link", ["logit", "probit", "cloglog", "log", "sqrt", "identity"])
def test_means_over_the_random_effects(link):
    """Against brute force; the second-order form is right for small variances."""
    eta = np.array([-2.0, -0.5, -0.1])
    z = np.linspace(-9, 9, 4001)
    weight = np.exp(-0.5 * z**2)
    weight /= weight.sum()
    for sd, atol in ((0.9, None), (0.05, 1e-5)):
        exact = (LINKS[link].inverse((eta[:, None] + sd * z).ravel()).reshape(3, -1)) @ weight
        change = InverseLink(LINKS[link], "", sd=sd, integrate=True)
        np.testing.assert_allclose(change.inverse(eta), exact, rtol=tol.ROUNDING_E9)
        if atol:
            second = InverseLink(LINKS[link], "", sd=sd)
            np.testing.assert_allclose(second.inverse(eta), exact, atol=atol)
    for integrate in (False, True):
        change = InverseLink(LINKS[link], "", sd=0.7, integrate=integrate)
        step = 1e-5
        slope = (change.inverse(eta + step) - change.inverse(eta - step)) / (2 * step)
        np.testing.assert_allclose(
            change.derivative(eta), slope, rtol=tol.TRUNCATION_E6, atol=tol.ROUNDING_E9
        )


def test_total_variance_of_slopes_is_the_mean_over_the_rows(sleepstudy):
    fit = me.glmm("Reaction ~ Days + (Days | Subject)", sleepstudy, family="gaussian")
    Z = np.column_stack([np.ones(180), sleepstudy["Days"]])
    G = fit.lambdas[0] @ fit.lambdas[0].T
    assert total_variance(fit) == pytest.approx(
        np.mean(np.sum(Z @ G * Z, axis=1)), rel=tol.ROUNDING_E12
    )


def test_adjusted_means_take_a_standard_deviation():
    fit = fitted("cbpp")
    sd = float(np.sqrt(total_variance(fit)))
    one, other = (fit.emmeans("period", scale="response", bias_adjust=b).tidy() for b in (True, sd))
    pd.testing.assert_frame_equal(one, other)
    assert f"{sd:.4g}" in " ".join(fit.emmeans("period", scale="response", bias_adjust=sd).notes)


def test_gaussian_models_have_the_means_of_linear_ones(sleepstudy):
    linear = me.lmm("Reaction ~ factor(Days) + (1 | Subject)", sleepstudy, reml=False)
    other = me.glmm("Reaction ~ factor(Days) + (1 | Subject)", sleepstudy, family="gaussian")
    ours = linear.emmeans("Days", ddf="wald").contrasts(adjust="none").tidy()
    theirs = other.emmeans("Days").contrasts(adjust="none").tidy()
    np.testing.assert_allclose(ours["estimate"], theirs["estimate"], rtol=tol.OPTIMUM_E5)
    np.testing.assert_allclose(ours["std_error"], theirs["std_error"], rtol=tol.OPTIMUM_E4)


def test_an_exposure_of_numbers_is_held_at_its_geometric_mean():
    frame = frame_of("owls")
    formula = "SiblingNegotiation ~ FoodTreatment + (1 | Nest)"
    named = me.glmm(formula, frame, family="poisson", exposure="BroodSize")
    given = me.glmm(formula, frame, family="poisson", exposure=frame["BroodSize"].to_numpy())
    typical = float(np.exp(np.log(frame["BroodSize"]).mean()))
    ours = given.emmeans("FoodTreatment")
    theirs = named.emmeans("FoodTreatment", at={"BroodSize": typical}).tidy()
    np.testing.assert_allclose(ours.tidy()["estimate"], theirs["estimate"], rtol=tol.OPTIMUM_E6)
    assert any("geometric mean" in note for note in ours.notes)
    one = named.emmeans("FoodTreatment", at={"BroodSize": 1}, scale="response").tidy()
    assert one["estimate"][0] == pytest.approx(np.exp(named.beta[0]))


def test_dropped_columns_leave_open_what_they_leave_open():
    frame = frame_of("salamanders")
    frame = frame[~((frame["spp"] == "GP") & (frame["mined"] == "yes"))]
    fit = me.glmm("count ~ spp * mined + (1 | site)", frame, family="nbinom2")
    for options in ({}, {"average": "response"}):
        table = fit.emmeans(["spp", "mined"], **options).tidy()
        lost = table["estimate"].isna()
        assert table[lost][["spp", "mined"]].to_numpy().tolist() == [["GP", "yes"]]


def test_models_without_predictors(sleepstudy):
    table = {"y": [0, 1, 3, 2, 6, 4, 1, 0, 2, 9, 7, 4], "g": list("aaaabbbbcccc")}
    fit = me.glmm("y ~ 1 + (1 | g)", table, family="poisson")
    for options in ({"scale": "response"}, {"average": "response"}, {"component": "response"}):
        row = fit.emmeans([], **options).tidy()
        assert row["estimate"][0] == pytest.approx(np.exp(fit.beta[0]))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"scale": "prob"}, "scale="),
        ({"scale": "link", "type": "response"}, "two names"),
        ({"average": "mean"}, "average="),
        ({"component": "zero"}, "component="),
        ({"component": "zi"}, "no such part"),
        ({"bias_adjust": True}, "needs scale"),
        ({"bias_adjust": -1.0, "scale": "response"}, "not negative"),
        ({"bias_adjust": "yes", "scale": "response"}, "bias_adjust="),
        ({"bias_adjust": True, "component": "response"}, "no meaning"),
    ],
)
def test_refusals_say_why(options, said):
    with pytest.raises(OptionError, match=said):
        fitted("cbpp").emmeans("period", **options)


def test_methods_of_linear_models_are_refused():
    with pytest.raises(NotAvailableError, match="linear mixed models"):
        fitted("cbpp").emmeans("period", ddf="satterthwaite")
    frame = _frame("golden/salamanders")
    constant = me.glmm("count ~ mined + (1 | site)", frame, family="poisson", zi="~ 1")
    with pytest.raises(OptionError, match="the same everywhere"):
        constant.emmeans("mined", component="zi")


def test_limits_of_means_keep_to_their_range():
    """The mean count of a few counts, and contrasts of means, which have no such range."""
    rng = np.random.default_rng(2)
    g = np.repeat(np.arange(6), 6)
    data = pd.DataFrame({"a": np.tile(["p", "q", "r"], 12), "g": g})
    data["y"] = rng.poisson(np.exp(-3.0 + 3.0 * (data["a"] == "r") + rng.normal(size=6)[g]))
    data.loc[0, "y"] = 1
    fit = me.glmm("y ~ a + (1 | g)", data, family="poisson")
    means = fit.emmeans("a", average="response")
    table = means.tidy()
    assert "intervals by the logarithm of the means: others would leave their range" in means.notes
    estimate, se, z = table["estimate"], table["std_error"], norm.ppf(0.975)
    assert (estimate - z * se < 0).any()
    np.testing.assert_allclose(table["lower"], estimate * np.exp(-z * se / estimate))
    np.testing.assert_allclose(table["upper"], estimate * np.exp(z * se / estimate))
    contrasts = means.contrasts(adjust="none")
    assert not any("intervals by" in note for note in contrasts.notes)
    table = contrasts.tidy()
    np.testing.assert_allclose(table["lower"], table["estimate"] - z * table["std_error"])
