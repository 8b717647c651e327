"""Names and options of other packages are answered with ours, and the answer runs."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pytest

import mixedeffects as me
from mixedeffects.model.foreign.names import FIT, PACKAGE
from mixedeffects.model.foreign.options import FAMILIES

SLEEP = me.datasets.sleepstudy()
# what other packages call it -> what it is here: from the manuals of statsmodels 0.14 (MixedLM),
# scikit-learn 1.5, pymer4 0.8, linearmodels 6, lme4 1.1, lmerTest 3.1, nlme 3.1, emmeans 1.8,
# performance 0.10 and DHARMa 0.4
ANSWERS = {
    "params": "fit.fixef", "fe_params": "fit.fixef", "coef_": "fit.beta",
    "intercept_": 'fit.fixef["(Intercept)"]', "coef": 'fit.tidy(effects="ran_coefs")',
    "coefs": "fit.test()", "bse": 'fit.test()["std_error"]', "bse_fe": 'fit.test()["std_error"]',
    "std_errors": 'fit.test()["std_error"]', "tvalues": 'fit.test()["statistic"]',
    "tstats": 'fit.test()["statistic"]', "pvalues": 'fit.test()["p_value"]',
    "conf_int": "fit.confint()", "t_test": 'fit.test("Days = 10")',
    "f_test": 'fit.test(["Days = 10"], joint=True)',
    "wald_test": 'fit.test(["Days = 10"], joint=True)', "wald_test_terms": "fit.anova()",
    "cov_params": "fit.vcov()", "glht": 'fit.test("Days = 10")', "VarCorr": "fit.varcorr",
    "getVarCov": "fit.varcorr", "cov_re": "fit.varcorr", "vcomp": "fit.varcorr",
    "ranef_var": "fit.varcorr", "scale": "fit.sigma**2",
    "rePCA": 'fit.random_pca(units="formula")', "isSingular": "fit.certificate.is_singular",
    "getME": "fit.theta", "random_effects_cov": "fit.conditional_covariances()",
    "blup": "fit.ranef()", "llf": "fit.loglik", "logLik": "fit.loglik", "loglike": "fit.loglik",
    "AIC": "fit.aic", "BIC": "fit.bic", "deviance": "fit.objective", "REMLcrit": "fit.objective",
    "df_resid": 'fit.test()["df"]', "rsquared": "fit.r2()", "drop1": "fit.anova()",
    "update": "fit.again(reml=False)", "allFit": "me.all_fit(fit)",
    "bootMer": "fit.bootstrap(100, rng=1)", "resid": "fit.residuals()",
    "fittedvalues": "fit.fitted",
    "get_prediction": 'fit.predict(data, interval="confidence")',
    "predict_proba": "fit.predict(data)", "score": "fit.r2()", "get_params": "fit.request",
    "hatvalues": 'fit.augment(influence=True)[".hat"]', "cooks_distance": "fit.influence()",
    "get_influence": "fit.influence()", "dfbetas": "fit.influence().dfbetas()",
    "model_matrix": "fit.design.X", "exog": "fit.design.X", "endog": "fit.design.y",
    "model": "fit.design", "lsmeans": 'fit.emmeans("g")', "post_hoc": 'fit.contrasts("g")',
    "pairs": 'fit.contrasts("g")', "profile_re": 'fit.profile("random")',
    "summary2": "fit.summary()", "check_model": "fit.plot.check()",
    "check_overdispersion": "fit.check_dispersion()", "check_convergence": "fit.certificate",
    "plot_model": "fit.plot.coefficients()", "extract_eq": "fit.equation()",
    "simulateResiduals": "fit.quantile_residuals()", "remove_data": "fit.without_rows()",
    "to_pickle": "fit.save(path)",
}  # fmt: skip


@pytest.fixture(scope="module")
def fit():
    rng = np.random.default_rng(1)
    data = SLEEP.assign(g=rng.choice(["a", "b"], 180))
    return me.lmm("Reaction ~ Days + g + (Days | Subject)", data)


@pytest.mark.parametrize("name", ANSWERS)
def test_a_name_of_another_package_is_answered(fit, name):
    with pytest.raises(AttributeError, match=re.escape(ANSWERS[name])):
        getattr(fit, name)
    assert not hasattr(fit, name)


@pytest.mark.parametrize("name", FIT)
def test_every_answer_runs(fit, name, tmp_path):
    ours = FIT[name].ours
    owner = fit
    if "check_dispersion" in ours or "exponentiate" in ours:
        owner = me.glmm("incidence / size ~ period + (1 | herd)", me.datasets.cbpp())
    here = {"fit": owner, "me": me, "data": SLEEP.assign(g="a"), "path": tmp_path / "fit.me"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        eval(ours, here)


def test_every_name_has_its_answer_written_down():
    assert len(ANSWERS) >= 60 and set(ANSWERS) <= set(FIT)


@pytest.mark.parametrize("name", PACKAGE)
def test_a_function_of_another_package_is_answered(name):
    with pytest.raises(AttributeError, match=re.escape(PACKAGE[name].ours)):
        getattr(me, name)


def test_a_name_of_nothing_is_simply_missing(fit):
    with pytest.raises(AttributeError, match="has no attribute 'no_such_name'"):
        fit.no_such_name
    with pytest.raises(AttributeError, match="has no attribute 'no_such_name'"):
        me.no_such_name


def test_a_property_that_fails_says_why_itself():
    class Broken(me.LMM):
        @property
        def llf(self):
            return object().inside

    fit = me.lmm("Reaction ~ Days + (1 | Subject)", SLEEP)
    broken = Broken(**{name: getattr(fit, name) for name in (
        "design", "plan", "request", "certificate", "objective", "sigma", "theta", "beta",
        "lambdas", "evaluation")})  # fmt: skip
    with pytest.raises(AttributeError, match="inside"):
        broken.llf


def test_completion_lists_what_users_ask_for(fit):
    names = dir(fit)
    assert {"fixef", "test", "anova", "predict", "summary", "theta", "certificate"} <= set(names)
    assert not [name for name in names if name.startswith("_")]
    assert not {"cache", "gls", "all_blocks", "optimum_arrays", "row_scores"} & set(names)
    assert [name for name in names if not hasattr(fit, name)] == []
    binomial = me.glmm("incidence / size ~ period + (1 | herd)", me.datasets.cbpp())
    assert {"check_dispersion", "nagq", "dispersion"} <= set(dir(binomial))
    assert [name for name in dir(binomial) if not hasattr(binomial, name)] == []
    assert dir(me) == sorted(me.__all__)


# ---- options -----------------------------------------------------------------------------------


def test_options_of_other_packages_with_one_meaning_work(fit):
    ml = me.lmm("Reaction ~ Days + (Days | Subject)", SLEEP, REML=False)
    assert not ml.reml
    np.testing.assert_array_equal(fit.confint(alpha=0.1)["lower"], fit.confint(level=0.9)["lower"])
    np.testing.assert_array_equal(fit.test(alpha=0.1)["upper"], fit.test(level=0.9)["upper"])
    for name in ("KR", "Kenward-Roger", "kenward_roger", "kenward-roger"):
        np.testing.assert_array_equal(fit.test(ddf=name)["df"], fit.test(ddf="kenward-roger")["df"])
    assert (fit.test(ddf="z")["df"] == np.inf).all()
    assert "Kenward" in str(fit.summary(ddf="KR"))
    np.testing.assert_array_equal(
        fit.predict(newdata=SLEEP.assign(g="a")), fit.predict(SLEEP.assign(g="a"))
    )
    new = SLEEP.head(3).assign(g="a", Subject=1)
    np.testing.assert_array_equal(
        fit.predict(new, allow_new_levels=True), fit.predict(new, new_levels="population")
    )
    one, two = fit.bootstrap(nsim=5, seed=1), fit.bootstrap(5, rng=1)
    np.testing.assert_array_equal(one.tidy()["estimate"], two.tidy()["estimate"])


def test_an_option_given_twice_is_refused(fit):
    with pytest.raises(me.OptionError, match="give one of them"):
        fit.confint(alpha=0.1, level=0.9)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_link_named_as_a_family_is_its_family(name):
    fit = me.glmm("incidence / size ~ period + (1 | herd)", me.datasets.cbpp(), family=name)
    assert (fit.family.name, fit.family.link.name) == FAMILIES[name]


@pytest.mark.parametrize(
    ("options", "written"),
    [
        ({"groups": "Subject"}, '"Reaction ~ Days + (1 | Subject)"'),
        ({"groups": "Subject", "re_formula": "~Days"}, "(1 + Days | Subject)"),
        ({"re_formula": "1 + Days", "groups": "Subject"}, "(1 + Days | Subject)"),
        ({"groups": "Subject", "re_formula": "0 + Days"}, "(0 + Days | Subject)"),
        ({"groups": SLEEP["Subject"]}, '"Reaction ~ Days + (1 | g)" with a column g of the table'),
        ({"vc_formula": {"a": "0 + C(a)"}}, "(1 | a/b)"),
        ({"subset": "Days > 1"}, "data[condition]"),
        ({"family": "binomial"}, "me.glmm"),
    ],
)  # fmt: skip
def test_what_belongs_into_the_formula_is_written_out(options, written):
    with pytest.raises(me.OptionError, match=re.escape(written)):
        me.lmm("Reaction ~ Days", SLEEP, **options)


def test_the_formula_that_is_written_out_runs():
    with pytest.raises(me.OptionError) as said:
        me.lmm("Reaction ~ Days", SLEEP, groups="Subject", re_formula="~Days")
    formula = re.search(r'"(.*)"', str(said.value))[1]
    assert me.lmm(formula, SLEEP).theta.size == 3


def test_options_that_mean_nothing_anywhere_are_errors_of_python(fit):
    with pytest.raises(TypeError, match="nonsense"):
        me.lmm("Reaction ~ Days + (1 | Subject)", SLEEP, nonsense=1)
    with pytest.raises(TypeError, match="nonsense"):
        fit.test(nonsense=1)


def test_anova_of_several_models_compares_them(fit):
    other = me.lmm("Reaction ~ 1 + (Days | Subject)", SLEEP)
    fit = me.lmm("Reaction ~ Days + (Days | Subject)", SLEEP)
    expected = str(me.compare(fit, other))
    assert str(fit.anova(other)) == str(me.compare([fit, other])) == expected
    assert str(fit.anova(2)) == str(fit.anova("II")) == str(fit.anova(type=2))
