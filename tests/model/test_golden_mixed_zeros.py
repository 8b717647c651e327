"""Families with a long tail, zeros or ones of their own against glmmTMB, lme4 and brms
(tests/golden/make/mixed_zeros.R), and what is asked of such fits.
"""

import json
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import mixedeffects as me
from mixedeffects.errors import DataError, ModelError, OptionError
from mixedeffects.family import Response, family_of
from tests import tolerances as tol

PATH = Path(__file__).parents[1] / "golden" / "family" / "fits.json"
GOLDEN = json.loads(PATH.read_text())
FITS = GOLDEN["fits"]
EXACT = ("lognormal", "hurdle_lognormal")
# one model of each family
KINDS = [name for name in FITS if not name.endswith(("_both", "_dispersion"))]
every_fit = pytest.mark.parametrize("name", FITS)
every_kind = pytest.mark.parametrize("name", KINDS)


def table_of(name):
    return pd.DataFrame(GOLDEN["data"] | {"y": FITS[name]["y"]})


@cache
def fitted(name):
    case = FITS[name]
    options = {key: case[key] for key in ("zi", "dispersion") if case[key]}
    return me.glmm(case["formula"], table_of(name), family=case["family"], **options)


@every_fit
def test_the_optimum_is_that_of_the_other_program(name):
    fit, case = fitted(name), FITS[name]
    assert fit.converged
    assert fit.loglik == pytest.approx(case["loglik"], rel=tol.MIXED_LOGLIK_RTOL)
    assert fit.beta == pytest.approx(case["beta"], abs=tol.MIXED_ESTIMATES)
    assert fit.theta == pytest.approx(case["sd"], abs=tol.MIXED_ESTIMATES)
    assert set(fit.extras) == set(case["extras"])
    for part, values in case["extras"].items():
        assert fit.extras[part] == pytest.approx(values, abs=tol.MIXED_ESTIMATES)


@pytest.mark.parametrize("name", [name for name in FITS if name not in EXACT])
def test_standard_errors(name):
    # (lme4's, for the others, take the variances as known)
    found = np.sqrt(np.diag(fitted(name).vcov()))
    assert found == pytest.approx(FITS[name]["se"], rel=tol.MIXED_ESTIMATES)


@pytest.mark.parametrize("name", [name for name in FITS if FITS[name]["mean"]])
def test_means_have_all_parts(name):
    fit, expected = fitted(name), FITS[name]["mean"]
    assert fit.fitted == pytest.approx(expected, rel=tol.MIXED_ESTIMATES)
    predicted = fit.predict(table_of(name))
    assert np.asarray(predicted) == pytest.approx(expected, rel=tol.MIXED_ESTIMATES)


@pytest.mark.parametrize("case", GOLDEN["densities"], ids=lambda case: case["family"])
def test_densities(case):
    predictors = [np.full(len(case["y"]), x) for x in case["predictors"]]
    found = family_of(case["family"]).log_density(Response(case["y"]), *predictors)
    assert found == pytest.approx(case["log_density"], rel=tol.ROUNDING_E12)


def test_a_log_normal_model_is_a_linear_model_of_the_logarithm():
    table = table_of("lognormal")
    linear = me.lmm("log(y) ~ x + (1 | g)", table, reml=False)
    fit = fitted("lognormal")
    assert fit.loglik == pytest.approx(linear.loglik - np.log(table["y"]).sum())
    assert fit.beta == pytest.approx(linear.beta, abs=tol.MIXED_ESTIMATES)
    assert fit.dispersion == pytest.approx(linear.sigma, rel=tol.MIXED_ESTIMATES)


@pytest.mark.parametrize(
    ("given", "zi", "name"),
    [
        ("gamma", "~ z", "hurdle_gamma"),
        ("lognormal", "~ z", "hurdle_lognormal"),
        ("beta", "~ z", "zero_inflated_beta"),
        ("one_inflated_beta", "~ z", "zero_one_inflated_beta"),
        ("tweedie", "~ z", "zero_inflated_tweedie"),
    ],
)
def test_zi_gives_any_family_zeros(given, zi, name):
    fit = me.glmm("y ~ x + (1 | g)", table_of(name), family=given, zi=zi)
    assert fit.family.name == name
    assert fit.loglik == pytest.approx(fitted(name).loglik)


def test_zi_beside_a_truncated_family_is_a_hurdle():
    owls = me.datasets.owls()
    formula = "SiblingNegotiation ~ 1 + (1 | Nest)"
    one = me.glmm(formula, owls, family="truncated_poisson", zi="~ 1")
    assert one.family == family_of("hurdle_poisson")


@pytest.mark.parametrize(
    ("foreign", "name"),
    [
        ("ziGamma", "hurdle_gamma"), ("zero_inflated_gamma", "hurdle_gamma"),
        ("ordbeta", "ordered_beta"), ("beta_family", "beta"), ("hurdle_beta", "zero_inflated_beta"),
        ("Gamma", "gamma"), ("inverse.gaussian", "inverse_gaussian"), ("student", "t"),
        ("negbinomial", "nbinom2"), ("zoib", "zero_one_inflated_beta"), ("Tweedie", "tweedie"),
    ],
)  # fmt: skip
def test_names_of_other_programs(foreign, name):
    assert family_of(foreign).name == name


@every_kind
def test_a_file_brings_the_fit_back(name, tmp_path):
    fit = fitted(name)
    fit.save(tmp_path / "fit", rows=True)
    again = me.load(tmp_path / "fit")
    assert again.family == fit.family
    assert again.loglik == pytest.approx(fit.loglik, rel=tol.ROUNDING_E10)
    assert str(again.summary()) == str(fit.summary())
    fit.save(tmp_path / "few")
    assert str(me.load(tmp_path / "few").interpret()) == str(fit.interpret())


@every_kind
def test_quantile_residuals_are_normal(name):
    found = fitted(name).residuals("quantile", rng=3)
    assert stats.kstest(found, "norm").pvalue > 0.01
    tests = fitted(name).quantile_residuals(rng=1).tests().set_index("test")
    assert tests.loc["uniformity", "meaning"] == "as the model says"


def test_amounts_that_no_tweedie_distribution_has_are_seen():
    rng = np.random.default_rng(1)
    table = table_of("tweedie")
    table["y"] = np.where(rng.random(len(table)) < 0.5, 0.0, np.exp(0.1 * rng.normal(size=360)))
    fit = me.glmm("y ~ x + (1 | g)", table, family="tweedie")
    tests = fit.quantile_residuals(rng=1).tests().set_index("test")
    assert tests.loc["uniformity", "p_value"] < 0.05
    assert "zeros" in tests.index


@every_kind
def test_simulated_responses_have_the_shares_of_zeros_and_ones(name):
    fit = fitted(name)
    drawn = np.array(list(fit.simulate(60, rng=2, groups="conditional")))
    drawn = drawn if drawn.shape[0] == 60 else drawn.T
    for atom in fit.family.atoms:
        at = Response(np.full(fit.design.n, atom))
        share = np.exp(fit.family.log_density(at, *fit.predictors)).mean()
        assert (drawn == atom).mean() == pytest.approx(share, abs=tol.MIXED_SIMULATED)
    assert drawn.mean() == pytest.approx(fit.fitted.mean(), rel=5 * tol.MIXED_SIMULATED)


@every_kind
def test_prediction_intervals_end_at_zero_and_one(name):
    fit = fitted(name)
    rows = slice(0, 360, 3)
    limits = fit.predict(table_of(name)[rows], interval="prediction")
    y = np.asarray(FITS[name]["y"])[rows]
    lower, upper = limits["lower"].to_numpy(), limits["upper"].to_numpy()
    inside = ((y >= lower) & (y <= upper)).mean()
    assert inside > 0.93
    at = [x[rows] for x in fit.predictors]
    shares = [np.exp(fit.family.log_density(Response(np.full(y.size, a)), *at))
              for a in fit.family.atoms]  # fmt: skip
    for atom, share in zip(fit.family.atoms, shares, strict=True):
        end = lower if atom == 0.0 else upper
        assert (end[share > 0.06] == atom).all()


def test_the_units_of_the_likelihoods_are_compared():
    table = table_of("tweedie")
    tweedie = fitted("tweedie")
    hurdle = me.glmm("y ~ x + (1 | g)", table, family="hurdle_gamma", zi="~ 1")
    assert me.compare(tweedie, hurdle) is not None
    normal = me.glmm("y ~ x + (1 | g)", table, family="gaussian")
    with pytest.raises(ModelError, match="a probability in tweedie and a density in gaussian"):
        me.compare(tweedie, normal)


@pytest.mark.parametrize(
    ("family", "y", "error", "match"),
    [
        ("hurdle_gamma", [1.0, -2.0, 0.0], DataError, "row 1 has -2.*not negative"),
        ("hurdle_gamma", [1.0, 2.0, 3.0], ModelError, "no zeros.*\n.*family='gamma'"),
        ("hurdle_gamma", [0.0, 0.0, 0.0], ModelError, "all responses are zero"),
        ("zero_inflated_beta", [0.0, 0.5, 1.0], DataError, "row 2 has 1"),
        ("zero_one_inflated_beta", [0.0, 0.5, 0.4], ModelError, "no ones.*\n.*zero_inflated_beta"),
        ("ordered_beta", [0.0, 0.5, 0.4], ModelError, "no ones.*\n.*zero_inflated_beta"),
        ("ordered_beta", [1.0, 0.5, 0.4], ModelError, "no zeros.*\n.*one_inflated_beta"),
        ("ordered_beta", [1.0, 0.0, 0.0], ModelError, "nothing between.*\n.*binomial"),
        ("ordered_beta", [1.0, 0.0, 1.2], DataError, "row 2 has 1.2.*from 0 to 1"),
        ("one_inflated_beta", [1.0, 0.0, 0.2], DataError, "row 1 has 0.*zero_one_inflated_beta"),
        ("tweedie", [1.0, -1.0, 0.0], DataError, "row 1 has -1.*at least 0"),
        ("lognormal", [1.0, 0.0, 2.0], DataError, "row 1 has 0.*hurdle_lognormal"),
    ],
)
def test_refusals_name_the_row_and_the_family_to_use(family, y, error, match):
    with pytest.raises(error, match=match):
        family_of(family).check(Response(y), "y")


def test_families_that_zeros_cannot_be_added_to():
    with pytest.raises(OptionError, match="family of counts"):
        me.glmm("y ~ x + (1 | g)", table_of("tweedie"), family="gaussian", zi="~ 1")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("lognormal", ("the median y is", "Medians are those of a level", "log-normal")),
        ("hurdle_gamma", ("the expected y where it is not zero", "the odds of a zero")),
        ("ordered_beta", ("where it is neither 0 nor 1", "The cutpoint of 0 (logit scale) is")),
        ("tweedie", ("The power p of the variance is", "the expected y is")),
        ("zero_one_inflated_beta", ("The probability of a one is", "the odds of a zero")),
    ],
)
def test_words(name, said):
    words = " ".join(str(fitted(name).interpret()).split())
    for text in said:
        assert text in words
    assert "truncated" not in words


def test_equations_have_the_other_parameters():
    assert "OrderedBeta(μ_ij, φ, c_0, c_1)" in str(fitted("ordered_beta").equation())
    power = 1.0 + 1.0 / (1.0 + np.exp(-FITS["tweedie"]["extras"]["power"][0]))
    assert f"μ_ij^{power:.3f}" in str(fitted("tweedie").equation(estimates=True))
    low, gap = (FITS["ordered_beta"]["extras"][part][0] for part in ("cut", "gap"))
    high = low + np.exp(gap)
    assert f"{-low:.3f}, {high:.3f})" in str(fitted("ordered_beta").equation(estimates=True))


def test_a_zero_inflated_model_holds_the_plain_one():
    table = table_of("zero_inflated_tweedie")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", me.ConvergenceWarning)
        plain = me.glmm("y ~ x + (1 | g)", table, family="tweedie")
        more = me.glmm("y ~ x + (1 | g)", table, family="tweedie", zi="~ 1")
    result = more.lrt(plain)
    assert float(result.statistic) == pytest.approx(2.0 * (more.loglik - plain.loglik))
    assert more.loglik > plain.loglik


def test_a_power_at_its_limits_is_said():
    """Without zeros p goes to 2, the gamma distribution; with counts to 1, and there is no end."""
    table = table_of("lognormal")
    with pytest.warns(me.ConvergenceWarning, match=r"goes to infinity: .*p goes to 2"):
        fit = me.glmm("y ~ x + (1 | g)", table, family="tweedie")
    gamma = me.glmm("y ~ x + (1 | g)", table, family="gamma")
    assert fit.loglik == pytest.approx(gamma.loglik)
    assert fit.beta == pytest.approx(gamma.beta, abs=tol.MIXED_ESTIMATES)
    assert float(fit.lrt(gamma).statistic) == pytest.approx(0.0, abs=tol.MIXED_ESTIMATES)
    assert "Power p of the variance 2.000\n" in str(fit.summary())
    table["y"] = np.round(table["y"])
    with pytest.warns(me.ConvergenceWarning, match=r"goes to minus infinity: .*p goes to 1"):
        me.glmm("y ~ x + (1 | g)", table, family="tweedie")


def test_an_exact_fit_of_what_is_not_zero_is_said():
    table = table_of("hurdle_gamma")
    table["y"] = np.where(table["y"] > 0.0, np.exp(0.3 + 0.2 * table["x"]), 0.0)
    for family in ("hurdle_gamma", "hurdle_lognormal"):
        with pytest.warns(me.ConvergenceWarning, match="fits responses exactly"):
            me.glmm("y ~ x + (1 | g)", table, family=family)


@every_kind
def test_marginaleffects_has_the_means_of_all_parts(name):
    marginaleffects = pytest.importorskip("marginaleffects")
    fit = fitted(name)
    found = marginaleffects.avg_predictions(fit.to_marginaleffects())
    expected = np.asarray(fit.predict(table_of(name), groups="population")).mean()
    assert found["estimate"][0] == pytest.approx(expected)
    means = fit.emmeans("x", at={"x": [0.0, 1.0]}, component="response")
    table = pd.DataFrame({"x": [0.0, 1.0], "z": table_of(name)["z"].mean(), "g": 1})
    expected = np.asarray(fit.predict(table, groups="population"))
    assert np.asarray(means.tidy()["estimate"]) == pytest.approx(expected)


def test_a_poisson_model_is_a_case_of_conway_maxwells():
    """At phi = 1, within the range of phi: the test is an ordinary one."""
    table = table_of("compois")
    poisson = me.glmm("y ~ x + (1 | g)", table, family="poisson")
    result = fitted("compois").lrt(poisson)
    statistic = 2.0 * (fitted("compois").loglik - poisson.loglik)
    assert float(result.statistic) == pytest.approx(statistic)
    assert float(result.p_value) == pytest.approx(stats.chi2.sf(statistic, 1))
    assert fitted("compois").dispersion < 1.0


@pytest.mark.parametrize(
    ("name", "family"), [("tweedie", "hurdle_gamma"), ("ordered_beta", "ordered_beta")]
)
def test_a_linear_model_of_such_a_response_is_told_the_family(name, family):
    linear = me.lmm("y ~ x + (1 | g)", table_of(name))
    text = " ".join(str(linear.diagnose()).split())
    assert f'family="{family}"' in text
    own = " ".join(str(fitted(name).diagnose()).split())
    assert "as if it were cut off" not in own
