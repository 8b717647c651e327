"""Tests, covariances and intervals of generalised models against car and glmmTMB."""

from __future__ import annotations

import json
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mixedeffects as me
from tests import tolerances as tol
from tests.golden.glmm.frames import golden_frame, golden_models

FILE = Path(__file__).parents[1] / "golden/glmm_tables/tables.json"
GOLDEN = json.loads(FILE.read_text())["models"]
OPTIONS = ("family", "link", "nagq", "weights", "exposure", "zi", "dispersion")
# No maximum (separation in the zero part), or on the boundary, where glmmTMB stops short of it.
NO_OPTIMUM = ("salamanders_zinb2", "epil_nbinom2", "owls_nbinom2_slopes")
REGULAR = [name for name in GOLDEN if name not in NO_OPTIMUM]
regular = pytest.mark.parametrize("name", REGULAR)


@cache
def fitted(name: str) -> Any:
    model = golden_models()[name]
    options = {key: model[key] for key in OPTIONS if model[key] is not None}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", me.ConvergenceWarning)
        return me.glmm(model["formula"], golden_frame(model), **options)


@cache
def two_categories(family: str) -> Any:
    """A response of two categories, as ordinal and as binomial, with unbalanced factors."""
    data = golden_frame(golden_models()["bacteria"]).copy()
    rng = np.random.default_rng(1)
    data["f"] = rng.choice(list("abc"), len(data))
    data["z"] = (data["y"] == "y").astype(int)
    data.loc[(data["trt"] == "drug") & (data["f"] == "a"), "f"] = "b"  # an empty cell
    return me.glmm("z ~ trt * f + week + (1 | ID)", data, family=family)


def compare_tests(ours, wanted, *, skip=()):
    """car's rows by name, without the intercept."""
    found = {t: i for i, t in enumerate(ours["term"])}
    for term, chisq, df, p in zip(
        wanted["term"], wanted["chisq"], wanted["df"], wanted["p"], strict=True
    ):
        if term == "(Intercept)" or term in skip:
            continue
        row = ours.iloc[found[term]]
        assert row["chisq"] == pytest.approx(chisq, rel=tol.GLMM_WALD_RTOL)
        assert row["num_df"] == df
        assert row["statistic"] == pytest.approx(row["chisq"] / df)
        assert np.isinf(row["den_df"])
        assert row["p_value"] == pytest.approx(p, rel=tol.PROGRAM_5E2, abs=tol.ROUNDING_E12)


# car's type II takes a factor as contained in its product with a number, and tests it without the
# product; SAS, lmerTest and we do not, and test it with the product in the model (as in type III).
TIMES_NUMBER = {
    "contraception_children": ("age", "ch"),
    "epil": ("trt",),
    "epil_slopes": ("trt",),
    "epil_nbinom1": ("trt",),
    "owls_zip": ("SexParent",),
}


@regular
def test_type_two_is_cars(name):
    compare_tests(
        fitted(name).anova(type=2), GOLDEN[name]["type2"], skip=TIMES_NUMBER.get(name, ())
    )


@regular
def test_type_three_is_cars_with_sums_to_zero(name):
    compare_tests(fitted(name).anova(type=3), GOLDEN[name]["type3"])


def test_type_two_of_products_with_numbers_is_type_three():
    fit = fitted("epil")
    two, three = fit.anova(type=2), fit.anova(type=3)
    assert two["chisq"][1] == pytest.approx(three["chisq"][1])
    assert two["chisq"][0] == pytest.approx(GOLDEN["epil"]["type2"]["chisq"][0], rel=tol.PROGRAM_E3)


@pytest.mark.parametrize(
    ("name", "component", "key"),
    [
        ("salamanders_zip_random_zi", "zi", "zi_type2"),
        ("salamanders_nbinom2_dispersion", "dispersion", "dispersion_type2"),
    ],
)
def test_terms_of_other_predictors(name, component, key):
    compare_tests(fitted(name).anova(type=2, component=component), GOLDEN[name][key])


@pytest.mark.parametrize("type", [1, 2, 3])
def test_an_ordinal_response_of_two_categories_is_binomial(type):
    with pytest.warns(me.DataWarning, match="could not be estimated"):
        ordinal = two_categories("ordinal").anova(type=type)
    with pytest.warns(me.DataWarning, match="could not be estimated"):
        binomial = two_categories("binomial").anova(type=type)
    assert ordinal["term"].tolist() == binomial["term"].tolist()
    np.testing.assert_allclose(ordinal["chisq"], binomial["chisq"], rtol=tol.OPTIMUM_E4)
    np.testing.assert_array_equal(ordinal["num_df"], binomial["num_df"])


def test_one_term_of_an_ordinal_model():
    model = golden_models()["wine"]
    fit = me.glmm("rating ~ temp + (1 | judge)", golden_frame(model), family="ordinal")
    z = fit.test()["statistic"][0]
    for type in (1, 2, 3):
        assert fit.anova(type=type)["chisq"][0] == pytest.approx(z**2)


def test_sequential_chisquares_add_up():
    """Type I: Wald's statistics of one term after another are those of all terms together."""
    fit = fitted("contraception")
    joint = fit.test({n: {n: 1.0} for n in fit.fixef if n != "(Intercept)"}, joint=True)
    assert fit.anova(type=1)["chisq"].sum() == pytest.approx(
        float(joint["statistic"][0] * joint["num_df"][0])
    )


@regular
def test_coefficients_are_tidied_as_broom_mixed_does(name):
    wanted, table = GOLDEN[name]["fixed"], fitted(name).tidy(effects="fixed")
    components = {"cond": "conditional", "zi": "zi", "disp": "dispersion"}
    owners = [components[c] for c in wanted["component"]]
    for owner in dict.fromkeys(owners):
        rows = [i for i, c in enumerate(owners) if c == owner]
        ours = table[table["component"] == owner]
        for theirs, column in (
            ("estimate", "estimate"),
            ("std.error", "std_error"),
            ("conf.low", "lower"),
            ("conf.high", "upper"),
        ):
            values = np.array([wanted[theirs][i] for i in rows])
            se = np.array([wanted["std.error"][i] for i in rows])
            np.testing.assert_array_less(
                np.abs(ours[column].to_numpy() - values) / se, 2 * tol.GLMM_WALD_RTOL
            )
        assert np.isinf(ours["df"]).all()


def test_ratios_are_exponentials():
    fit = fitted("cbpp")
    plain, ratios = fit.test(), fit.test(exponentiate=True)
    np.testing.assert_allclose(ratios["estimate"], np.exp(plain["estimate"]))
    np.testing.assert_allclose(ratios["lower"], np.exp(plain["lower"]))
    np.testing.assert_allclose(ratios["std_error"], plain["std_error"] * ratios["estimate"])
    np.testing.assert_allclose(ratios["p_value"], plain["p_value"])
    one = fit.test("period[2] = period[3]", exponentiate=True)
    assert one["null"][0] == 1.0
    assert one["estimate"][0] == pytest.approx(np.exp(fit.beta[1] - fit.beta[2]))
    table = fit.confint(exponentiate=True)
    np.testing.assert_allclose(table["upper"][:4], np.exp(plain["upper"]))
    assert table["upper"][4] == pytest.approx(fit.confint()["upper"][4])  # a standard deviation
    tidied = fit.tidy(exponentiate=True)
    np.testing.assert_allclose(tidied["estimate"][:4], ratios["estimate"])
    assert tidied["estimate"][4] == pytest.approx(fit.varcorr.sd["herd"][0])


def test_ratios_of_what_is_none_are_refused():
    with pytest.raises(me.OptionError, match="probit link"):
        fitted("cbpp_probit").test(exponentiate=True)
    data = me.datasets.sleepstudy()
    with pytest.raises(me.OptionError, match="not a logarithm"):
        me.lmm("Reaction ~ Days + (1 | Subject)", data).test(exponentiate=True)
    logged = me.lmm("log(Reaction) ~ Days + (1 | Subject)", data)
    np.testing.assert_allclose(logged.test(exponentiate=True)["estimate"], np.exp(logged.beta))
    with pytest.raises(me.OptionError, match="True or False"):
        fitted("cbpp").test(exponentiate=1)


@pytest.mark.parametrize("ddf", ["satterthwaite", "kenward-roger", "CR0", "CR2"])
def test_degrees_of_freedom_are_of_linear_models(ddf):
    fit = fitted("cbpp")
    for ask in (fit.test, fit.anova, fit.tidy, fit.confint, fit.summary):
        with pytest.raises(me.NotAvailableError, match="normal distribution"):
            ask(ddf=ddf)
    assert fit.test(ddf="wald").equals(fit.test())
    with pytest.raises(me.OptionError, match="not one of"):
        fit.test(ddf="nothing")


def test_covariances_of_parts():
    fit = fitted("salamanders_zip_random_zi")
    whole = fit.vcov(component="all")
    p, z = fit.beta.size, fit.extras["zi"].size
    assert whole.shape == (len(fit.parameter_names),) * 2
    np.testing.assert_array_equal(fit.vcov(), whole[:p, :p])
    np.testing.assert_array_equal(fit.vcov(component="zi"), whole[p : p + z, p : p + z])
    across = fit.test("`zi: mined[no]` = `mined[no]`", component="all")
    a, b = fit.parameter_names.index("zi: mined[no]"), fit.design.x_names.index("mined[no]")
    v = whole[a, a] + whole[b, b] - 2 * whole[a, b]
    assert across["std_error"][0] == pytest.approx(np.sqrt(v))
    with pytest.raises(me.OptionError, match="it has conditional, zi"):
        fit.vcov(component="dispersion")
    with pytest.raises(me.OptionError, match="no formula"):
        fitted("epil_nbinom1").anova(component="dispersion")
    with pytest.raises(me.NotAvailableError):
        fit.vcov(method="CR2")


def test_intervals_of_all_parameters():
    """Wald: coefficients on their own scale, standard deviations on the logarithm's."""
    fit = fitted("salamanders_zip_random_zi")
    table, errors = fit.confint(level=0.9), fit.varcorr.tidy(level=0.9)
    assert table["component"].tolist() == ["conditional"] * 8 + ["zi"] * 2 + ["conditional", "zi"]
    sd, se = errors["sdcor"].to_numpy(), errors["std_error"].to_numpy()
    np.testing.assert_allclose(table["lower"][-2:], sd * np.exp(-1.6448536 * se / sd))
    np.testing.assert_allclose(table["lower"][:8], fit.test(level=0.9)["lower"])


def test_a_linear_model_has_one_part():
    fit = me.lmm("Reaction ~ Days + (1 | Subject)", me.datasets.sleepstudy())
    assert fit.test(component="all")["component"].tolist() == ["conditional"] * 2
    np.testing.assert_array_equal(fit.vcov(component="all"), fit.vcov())
    with pytest.raises(me.OptionError, match="it has conditional"):
        fit.test(component="zi")


def test_the_default_is_the_models_own():
    linear = me.lmm("Reaction ~ Days + (1 | Subject)", me.datasets.sleepstudy())
    assert linear.test().equals(linear.test(ddf="satterthwaite"))
    assert linear.anova().equals(linear.anova(ddf="satterthwaite"))
    assert linear.confint().equals(linear.confint(ddf="satterthwaite"))
    assert str(linear) == str(linear.summary(ddf="satterthwaite"))
    assert np.isinf(fitted("cbpp").test()["df"]).all()


def test_without_standard_errors():
    """A likelihood whose curvature is not positive: nan, and words where nan would be all."""
    model = golden_models()["cbpp"]
    fit = me.glmm(model["formula"], golden_frame(model), family="binomial")
    fit.parameters.__dict__["half"] = None
    assert "the curvature of the likelihood is not positive" in str(fit)
    assert fit.test()["std_error"].isna().all()
    assert fit.test(exponentiate=True)["p_value"].isna().all()
    assert fit.varcorr.tidy()["reason"].str.contains("curvature").all()
    assert fit.icc()["std_error"].isna().all()
    assert fit.tidy()["std_error"].isna().all()
    with pytest.raises(me.NotAvailableError, match="cannot be tested"):
        fit.anova(type=1)
    assert fit.test("period[2] = period[3]", joint=True)["p_value"].isna().all()


@pytest.mark.parametrize(
    ("seed", "formula", "family"),
    [(14, "b ~ x + (x | g)", "binomial"), (17, "k ~ x + (x | g)", "poisson")],
)
@pytest.mark.filterwarnings("ignore::mixedeffects.errors.ConvergenceWarning")
def test_next_to_the_boundary_coefficients_have_standard_errors(seed, formula, family):
    """A variance that is all but zero: the likelihood hardly changes with its correlation.

    The simplex, which knows no curvature, finds no higher likelihood; and the standard errors are
    between those of the models with that variance at zero and without the correlation.
    """
    rng = np.random.default_rng(seed)
    g, x = np.repeat(np.arange(25), 8), rng.normal(size=200)
    eta = 0.5 + 0.3 * x + rng.normal(size=25)[g] * 0.5 * x
    k = rng.poisson(np.exp(eta))
    b = (rng.random(200) < 1 / (1 + np.exp(-eta))) * 1
    data = {"g": g, "x": x, "k": k, "b": b}
    fit = me.glmm(formula, data, family=family)
    assert fit.certificate.proved
    simplex = me.glmm(formula, data, family=family, optimizer="Nelder-Mead")
    assert fit.loglik > simplex.loglik - tol.OPTIMUM_E6
    without = me.glmm(formula.replace("(x", "(0 + x"), data, family=family)
    np.testing.assert_allclose(
        fit.test()["std_error"], without.test()["std_error"], rtol=tol.OPTIMUM_5E2
    )
    table = fit.predict(interval="confidence")
    assert np.isfinite(np.asarray(table["lower"])).all()
