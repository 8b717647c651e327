"""Separation: no number where there is none, the finite limit where there is one.

References are of R (tests/golden/make/separated.R): the likelihood of the rows that are not at
their limits, and profiles by offsets and uniroot.
"""

import json
import re
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mixedeffects as me
from mixedeffects.errors import DataWarning
from mixedeffects.estimation import Recession
from tests import tolerances as tol

REFERENCE = json.loads(
    (Path(__file__).parents[1] / "golden" / "separated" / "separated.json").read_text()
)
# name -> formula, options, the coefficient at infinity, and the key of its finite limit
MODELS = {
    "one_cell": ("y ~ x + arm + (1 | g)", {}, "arm[c]", "upper_of_c"),
    "two_cells": ("y ~ x + arm + (1 | g)", {}, "arm[c]", "upper_of_c"),
    "dose": ("y ~ dose + (1 | g)", {}, "dose", "lower_of_dose"),
    "poisson": ("y ~ x + arm + (1 | g)", {"family": "poisson"}, "arm[b]", "upper_of_b"),
    "nbinom2": ("y ~ x + arm + (1 | g)", {"family": "nbinom2"}, "arm[b]", "upper_of_b"),
    "hurdle": (
        "y ~ 1 + (1 | g)", {"family": "hurdle_poisson", "zi": "~ arm"}, "zi: arm[a]", "upper_of_a",
    ),
}  # fmt: skip
every = pytest.mark.parametrize("name", MODELS)


def table(name):
    frame = pd.DataFrame(REFERENCE[name]["data"])
    if name == "hurdle":
        frame["arm"] = pd.Categorical(frame["arm"], ["d", "a", "b", "c"])
    return frame


@cache
def fitted(name):
    formula, options, *_ = MODELS[name]
    with pytest.warns(me.ConvergenceWarning, match="separation"):
        return me.glmm(formula, table(name), **options)


@cache
def profiled(name):
    return fitted(name).confint(method="profile").set_index("term")


@every
def test_the_log_likelihood_is_the_supremum(name):
    assert fitted(name).loglik == pytest.approx(
        REFERENCE[name]["loglik"], abs=tol.SEPARATED_LOGLIK_ABS
    )


@every
def test_the_finite_limit_of_an_infinite_coefficient(name):
    _, _, term, key = MODELS[name]
    row = profiled(name).loc[term]
    limits = [row["lower"], row["upper"]]
    side = 0 if key.startswith("lower") else 1
    assert limits[side] == pytest.approx(REFERENCE[name][key], abs=tol.SEPARATED_LIMIT_ABS)
    assert limits[1 - side] == (np.inf if side == 0 else -np.inf) == row["estimate"]


def test_profile_limits_of_a_finite_coefficient():
    row = profiled("one_cell").loc["x"]
    assert [row["lower"], row["upper"]] == pytest.approx(
        REFERENCE["one_cell"]["limits_of_x"], abs=tol.SEPARATED_LIMIT_ABS
    )


def test_while_one_coefficient_is_held_another_stays_at_infinity():
    row = profiled("two_cells").loc["arm[d]"]
    assert row["upper"] == pytest.approx(
        REFERENCE["two_cells"]["upper_of_d"], abs=tol.SEPARATED_LIMIT_ABS
    )


def test_a_combination_of_two_infinite_coefficients_may_be_finite():
    row = profiled("dose").loc["(Intercept)"]
    assert row["upper"] == pytest.approx(
        REFERENCE["dose"]["upper_of_intercept"], abs=tol.SEPARATED_LIMIT_ABS
    )
    with pytest.warns(me.DataWarning, match="no finite estimate"):
        found = fitted("dose").test(["(Intercept) + dose", "(Intercept) + 1.5 * dose"])
    wanted = REFERENCE["dose"]["at_one"]
    assert found["estimate"][0] == pytest.approx(wanted["estimate"], abs=tol.SEPARATED_LIMIT_ABS)
    assert found["std_error"][0] == pytest.approx(wanted["se"], rel=tol.SEPARATED_SE_RTOL)
    assert found["estimate"][1] == np.inf and np.isnan(found["std_error"][1])


@pytest.mark.parametrize("name", ["one_cell", "two_cells", "poisson", "nbinom2"])
def test_finite_coefficients_are_those_of_the_other_rows(name):
    names = {"(Intercept)": "(Intercept)", "x": "x", "ib": "arm[b]", "ic": "arm[c]", "id": "arm[d]"}
    wanted = REFERENCE[name]["coefs"]
    with pytest.warns(me.DataWarning, match="no finite estimate"):
        found = fitted(name).test().set_index("term")
    for term, estimate, error in zip(
        wanted["names"], wanted["estimate"], wanted["se"], strict=True
    ):
        row = found.loc[names[term]]
        assert row["estimate"] == pytest.approx(estimate, abs=tol.SEPARATED_ESTIMATE_SE * error)
        assert row["std_error"] == pytest.approx(error, rel=tol.SEPARATED_SE_RTOL)


@every
def test_no_number_where_there_is_none(name):
    fit, term = fitted(name), MODELS[name][2]
    row = fit.tidy().assign(full=lambda t: t["component"] + ": " + t["term"])
    row = row[row["full"].str.removeprefix("conditional: ") == term].iloc[0]
    assert np.isinf(row["estimate"])
    assert row[["std_error", "statistic", "p_value", "lower", "upper"]].isna().all()
    if not term.startswith("zi"):
        assert fit.fixef[term] == row["estimate"]
    with pytest.warns(me.DataWarning, match="no finite estimate"):
        limits = fit.confint()
    limits = limits[limits["term"] == term.removeprefix("zi: ")].iloc[0]
    assert np.isnan(limits["lower"]) and np.isnan(limits["upper"])
    at = fit.parameter_names.index(term)
    covariance = fit.vcov(component="all")
    assert np.isnan(covariance[at]).all() and np.isfinite(np.delete(covariance, at, 0)).any()
    lines = [line.split() for line in str(fit).splitlines()]
    own = [words for words in lines if words[:1] == [term.removeprefix("zi: ")]]
    assert [words[1:] for words in own if "∞" in words[1]] == [
        ["∞" if row["estimate"] > 0 else "-∞"]
    ]


def test_which_contrasts_are_finite_infinite_and_undetermined():
    fit = fitted("two_cells")
    contrasts = fit.emmeans("arm").contrasts()
    found = contrasts.tidy().set_index("contrast")["estimate"]
    assert np.isfinite(found["a - b"])
    assert (found[["a - c", "a - d", "b - c", "b - d"]] == np.inf).all()
    assert np.isnan(found["c - d"])
    assert "'c - d' is undetermined" in str(contrasts)
    assert (
        contrasts.tidy().set_index("contrast").loc["a - c", ["std_error", "p_value"]].isna().all()
    )
    ratios = fit.emmeans("arm").contrasts(scale="response").tidy().set_index("contrast")
    assert ratios.loc["a / c", "estimate"] == np.inf
    means = fit.emmeans("arm", scale="response").tidy().set_index("arm")
    assert means.loc["c", "estimate"] == 0.0 and np.isnan(means.loc["c", "upper"])
    assert 0.0 < means.loc["a", "lower"] < means.loc["a", "upper"] < 1.0


def test_the_recession_decides_by_linear_programming():
    # three cells of zeros: any positive combination grows, differences are undetermined
    away = Recession(np.eye(4)[1:], -np.eye(3))
    L = np.array([[1, 0, 0, 0], [1, 1, 0, 0], [0, 1, 1, 2], [0, -1, -1, 0], [0, 1, 0, -1.0]])
    np.testing.assert_array_equal(away.limits(L), [0, -np.inf, -np.inf, np.inf, np.nan])


@pytest.mark.parametrize("kind", [1, 2, 3])
def test_anova_has_no_wald_test_of_the_term_and_keeps_the_others(kind):
    with pytest.warns(me.DataWarning, match="no Wald test of 'arm'"):
        found = fitted("one_cell").anova(type=kind).set_index("term")
    assert np.isnan(found.loc["arm", "p_value"]) and found.loc["arm", "num_df"] == 3
    wanted = REFERENCE["one_cell"]["coefs"]
    if kind > 1:
        z = wanted["estimate"][1] / wanted["se"][1]
        assert found.loc["x", "chisq"] == pytest.approx(z**2, rel=tol.SEPARATED_SE_RTOL)
    assert np.isfinite(found.loc["x", "p_value"])


def test_the_likelihood_ratio_is_offered_and_right():
    small = me.glmm("y ~ x + (1 | g)", table("one_cell"))
    test = fitted("one_cell").lrt(small)
    wanted = 2 * (REFERENCE["one_cell"]["loglik"] - REFERENCE["one_cell"]["null_loglik"])
    assert test.statistic == pytest.approx(wanted, abs=tol.SEPARATED_LOGLIK_ABS)
    assert test.df == 3
    assert "can be used" in str(test) and "did not converge" not in str(test)


def test_r2_and_icc():
    fit = fitted("one_cell")
    with pytest.warns(me.DataWarning, match="infinite"):
        found = fit.r2().set_index("measure")
    assert found["r2"].isna().all() and np.isnan(found.loc["fixed", "variance"])
    assert np.isfinite(fit.r2(scale="response")["r2"]).all()
    with pytest.warns(me.DataWarning, match="unadjusted"):
        shares = fit.icc()
    variance = REFERENCE["one_cell"]["sd"] ** 2
    assert shares["icc"][0] == pytest.approx(
        variance / (variance + np.pi**2 / 3), abs=tol.SEPARATED_LIMIT_ABS
    )
    assert shares["icc_unadjusted"].isna().all()


def test_predictions_at_their_limits_have_no_interval():
    fit = fitted("one_cell")
    new = {"x": [0.0, 0.0], "g": [1, 1], "arm": ["a", "c"]}
    assert fit.predict(new)[1] == 0.0
    assert fit.predict(new, scale="link")[1] == -np.inf
    for interval in ("confidence", "prediction"):
        with pytest.warns(me.DataWarning, match="no interval for 1 of 2 rows"):
            found = fit.predict(new, interval=interval)
        assert found.loc[1, ["std_error", "lower", "upper"]].isna().all()
        assert np.isfinite(found.loc[0]).all()


def test_a_prediction_between_the_doses_is_at_its_limit():
    fit = fitted("dose")
    found = fit.predict({"dose": [0.9, 1.0, 1.1], "g": [1, 1, 1]})
    assert found[0] == 0.0 and found[2] == 1.0 and 0.0 < found[1] < 1.0


def test_the_bootstrap_has_no_interval_for_it():
    boot = fitted("one_cell").bootstrap(40, rng=1)
    assert boot.n_separated == 40 and "40 separated" in str(boot)
    with pytest.warns(me.DataWarning, match=r"no bootstrap interval for arm\[c\]"):
        found = boot.confint().set_index("term")
    assert found.loc["arm[c]", "estimate"] == -np.inf
    assert found.loc["arm[c]", ["lower", "upper"]].isna().all()
    assert np.isfinite(found.loc["x", ["lower", "upper"]]).all()
    assert boot.tidy().set_index("term").loc["arm[c]", ["std_error", "bias"]].isna().all()


def rare_cell():
    """Ten rows of an arm with a single success, of which a third of the replicates has none."""
    rng = np.random.default_rng(4)
    g = np.repeat(np.arange(20), 6)
    arm = np.where(np.arange(120) % 12 == 0, "b", "a")
    y = rng.binomial(1, 1 / (1 + np.exp(-rng.normal(0, 0.5, 20)[g])))
    y[arm == "b"] = 0
    y[np.flatnonzero(arm == "b")[0]] = 1
    return {"y": y, "g": g, "arm": arm}


@pytest.mark.parametrize("method", ["parametric", "cluster"])
def test_replicates_that_separate_are_counted(method):
    fit = me.glmm("y ~ arm + (1 | g)", rare_cell())
    assert fit.certificate.converged
    boot = fit.bootstrap(60, rng=2, method=method)
    column = boot.replicates[:, boot.terms.index("arm[b]")]
    assert boot.n_separated == np.isinf(column).sum() + np.isnan(column).sum() - boot.n_failed > 5
    assert (column[np.isinf(column)] == -np.inf).all()
    assert np.abs(column[np.isfinite(column)]).max() < tol.APPROXIMATION_80E1
    with pytest.warns(me.DataWarning, match="infinite estimates: "):
        found = boot.confint(parameters=["arm[b]"])
    assert found["lower"][0] == -np.inf and np.isfinite(found["upper"][0])
    # of 10 rows with the fitted probability, none is a success
    if method == "parametric":
        p = 1 / (1 + np.exp(-(fit.fixef["(Intercept)"] + fit.fixef["arm[b]"])))
        share = (1 - p) ** 10
        spread = np.sqrt(share * (1 - share) / 60)
        assert abs(boot.n_separated / 60 - share) < tol.SEPARATED_SHARE_SE * spread


def test_ordered_categories():
    data = table("one_cell")
    rng = np.random.default_rng(8)
    data["y"] = rng.integers(0, 3, len(data))
    data.loc[data["arm"] == "c", "y"] = 2
    with pytest.warns(me.ConvergenceWarning, match="separation"):
        fit = me.glmm("y ~ x + arm + (1 | g)", data, family="ordinal")
    rest = me.glmm("y ~ x + arm + (1 | g)", data[data["arm"] != "c"], family="ordinal")
    assert fit.loglik == pytest.approx(rest.loglik, abs=tol.SEPARATED_LOGLIK_ABS)
    assert fit.fixef["arm[c]"] == np.inf
    np.testing.assert_allclose(
        fit.extras["thresholds"], rest.extras["thresholds"], atol=tol.SEPARATED_LIMIT_ABS
    )
    row = fit.confint(method="profile").set_index("term").loc["arm[c]"]
    assert row["upper"] == np.inf and np.isfinite(row["lower"])
    found = fit.predict(data[data["arm"] == "c"].head(1))
    assert found.to_numpy()[0].tolist() == [0.0, 0.0, 1.0]


def test_two_thresholds_and_a_slope_at_infinity():
    """A number that orders all categories: thresholds go with the slope."""
    x = np.linspace(-1, 1, 60)
    data = {"y": np.digitize(x, [-0.3, 0.4]), "x": x, "g": np.arange(60) % 6}
    with pytest.warns(me.ConvergenceWarning, match="separation"):
        fit = me.glmm("y ~ x + (1 | g)", data, family="ordinal")
    assert fit.fixef["x"] == np.inf
    assert fit.loglik == pytest.approx(0.0, abs=tol.SEPARATED_LOGLIK_ABS)
    found = fit.predict({"x": [-0.9, 0.0, 0.9], "g": [0, 0, 0]}).to_numpy()
    np.testing.assert_array_equal(found, np.eye(3))


def test_complete_separation_leaves_nothing_to_determine_the_variance():
    x = np.linspace(-2, 2, 40)
    data = {"y": (x > 0).astype(int), "x": x, "g": np.arange(40) % 8}
    with pytest.warns(me.ConvergenceWarning, match="separation") as caught:
        fit = me.glmm("y ~ x + (1 | g)", data)
    assert "standard deviations are not determined" in str(caught[0].message)
    # the sign of the intercept depends on where between two values of x the curve is put
    assert fit.fixef["x"] == np.inf and np.isnan(fit.fixef["(Intercept)"])
    found = fit.confint(method="profile").set_index("term")
    assert found.loc["(Intercept)", ["lower", "upper"]].tolist() == [-np.inf, np.inf]
    assert found.loc["sd__(Intercept)", ["lower", "upper"]].tolist() == [0.0, np.inf]
    assert np.isfinite(found.loc["x", "lower"]) and found.loc["x", "upper"] == np.inf
    gap = x[x < 0].max(), x[x > 0].min()
    new = {"x": [gap[0], 0.5 * sum(gap), gap[1]], "g": [0, 0, 0]}
    np.testing.assert_array_equal(fit.predict(new), [0.0, np.nan, 1.0])


def test_which_way_a_dispersion_goes():
    """Counts of one arm are less dispersed than Poisson's, those of the others are more."""
    rng = np.random.default_rng(5)
    g, arm = np.repeat(np.arange(30), 8), np.array(list("abcd"))[np.arange(240) % 4]
    mu = np.exp(1 + rng.normal(0, 0.4, 30)[g])
    y = np.where(arm == "a", np.round(mu), rng.negative_binomial(1.5, 1.5 / (1.5 + mu)))
    with pytest.warns(me.ConvergenceWarning, match="rises for ever"):
        fit = me.glmm(
            "y ~ 1 + (1 | g)", {"y": y, "g": g, "arm": arm}, family="nbinom2", dispersion="~ arm"
        )
    with pytest.warns(me.DataWarning, match="no finite estimate"):
        found = fit.test(component="dispersion")
    assert found["estimate"].tolist() == [np.inf, -np.inf, -np.inf, -np.inf]
    row = fit.confint(method="profile").set_index("term").loc["dispersion: (Intercept)"]
    assert row["upper"] == np.inf
    # theta of the arm at the limit: its Poisson likelihood is then lost by as much as allowed
    assert 1.0 < row["lower"] < 6.0


def test_extra_zeros_that_are_none_go_to_minus_infinity():
    rng = np.random.default_rng(7)
    g = np.repeat(np.arange(20), 8)
    y = rng.binomial(4, 1 / (1 + np.exp(-rng.normal(0.0, 0.4, 20)[g])))
    with pytest.warns(me.ConvergenceWarning, match="no more zeros"):
        fit = me.glmm("y ~ 1 + (1 | g)", {"y": y, "g": g}, family="poisson", zi="~ 1")
    plain = me.glmm("y ~ 1 + (1 | g)", {"y": y, "g": g}, family="poisson")
    assert fit.loglik == pytest.approx(plain.loglik, abs=tol.SEPARATED_LOGLIK_ABS)
    boot = fit.bootstrap(20, rng=1)
    assert 0 < boot.n_separated <= 20


def test_a_saved_fit_says_the_same(tmp_path):
    fit = fitted("two_cells")
    fit.save(tmp_path / "fit", rows=True)
    again = me.load(tmp_path / "fit")
    assert str(again) == str(fit)
    assert str(again.emmeans("arm").contrasts()) == str(fit.emmeans("arm").contrasts())
    pd.testing.assert_frame_equal(
        again.confint(method="profile"), fit.confint(method="profile"), rtol=tol.OPTIMUM_E6
    )


def test_words_and_report(tmp_path):
    fit = fitted("one_cell")
    words = " ".join(str(fit.interpret()).split())
    assert "is minus infinity (separation)" in words
    assert "together have no Wald test" in words and "nan" not in words.lower().split()
    assert "R² on the scale of the linear predictor does not exist" in words
    assert "NO MAXIMUM" in str(fit) and "curvature of the likelihood is not positive" not in str(
        fit
    )
    fit.report(tmp_path / "report.md", charts="none")
    page = (tmp_path / "report.md").read_text()
    assert "minus infinity" in page and "-∞" in page


def test_polars_and_dict_say_the_same():
    polars = pytest.importorskip("polars")
    frame = table("one_cell")
    for data in (polars.DataFrame(frame), frame.to_dict("list")):
        with pytest.warns(me.ConvergenceWarning, match="separation"):
            fit = me.glmm("y ~ x + arm + (1 | g)", data)
        assert fit.fixef["arm[c]"] == -np.inf


@pytest.mark.parametrize(
    "options", [{"nagq": 9}, {"link": "probit"}, {"link": "cloglog"}, {"link": "cauchit"}]
)
def test_other_links_and_quadrature(options):
    with pytest.warns(me.ConvergenceWarning, match="separation"):
        fit = me.glmm("y ~ x + arm + (1 | g)", table("one_cell"), **options)
    assert fit.certificate.infinite == ("arm[c]",)
    found = fit.confint(method="profile").set_index("term")
    upper = found.loc["arm[c]", "upper"]
    # the limit is where holding the coefficient costs as much as the level allows
    data = table("one_cell").assign(held=lambda t: upper * (t["arm"] == "c"))
    data["other"] = data["arm"].replace("c", "a")
    held = me.glmm("y ~ x + other + offset(held) + (1 | g)", data, **options)
    assert 2 * (fit.loglik - held.loglik) == pytest.approx(3.841459, abs=tol.SEPARATED_RISE_ABS)


def test_large_counts_and_strong_effects_are_not_accused():
    rng = np.random.default_rng(6)
    g = np.repeat(np.arange(12), 10)
    x = rng.normal(size=120)
    data = {"g": g, "x": x, "y": rng.poisson(np.exp(7 + 0.5 * x + rng.normal(0, 0.3, 12)[g]))}
    strong = {"g": g, "x": x, "y": (rng.logistic(size=120) + 8 * x > 0).astype(int)}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for fit in (
            me.glmm("y ~ x + (1 | g)", data, family="poisson"), me.glmm("y ~ x + (1 | g)", strong),
        ):  # fmt: skip
            assert fit.converged and fit.certificate.recession is None
            assert np.isfinite(fit.test()["p_value"]).all()


def test_a_step_that_leaves_the_likelihood_does_not_end_in_an_error():
    """All counts where a is w are zero; a step on the way to the limit has no finite likelihood."""
    y = np.zeros(28)
    y[[8, 15, 24]] = 1.0, 4.0, 18.0
    data = {"y": y, "a": list("vvvwwvuvvvwuwvuuuuwvvuvwvvuv"), "g": np.repeat(np.arange(14), 2)}
    with pytest.warns(me.ConvergenceWarning, match=re.escape("a[w]")):
        fit = me.glmm("y ~ 0 + a + (1 | g)", data, family="zero_inflated_poisson", zi="~ 1")
    assert fit.certificate.infinite == ("a[w]",) and not fit.converged
    with pytest.warns(DataWarning, match="no finite estimate"):
        assert fit.test().set_index("term")["estimate"]["a[w]"] == -np.inf
