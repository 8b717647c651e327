"""Names of other packages' fits and functions, and what has the answer here.

One row a name: the packages that have it, what to write here, and what that gives. A name with an
underscore stands for R's dot, too.
"""

from __future__ import annotations

from typing import NamedTuple

from mixedeffects.answers import answer


class Foreign(NamedTuple):
    """What a name of another package is here.

    Attributes
    ----------
    package : str
        Whose name it is.
    ours : str
        What to write instead; of a fit called ``fit`` and its table called ``data``.
    what : str
        What that is, where the words do not say it.
    """

    package: str
    ours: str
    what: str = ""

    def sentence(self, name):
        """What an error says."""
        about = f" ({self.what})" if self.what else ""
        return f"'{name}' is a name of {self.package}; here it is {self.ours}{about}"


S, R, K, P = "statsmodels", "R", "scikit-learn", "pymer4"

FIT = {
    # coefficients
    "params": Foreign(S, "fit.fixef", "a dict; fit.test() is the table"),
    "fe_params": Foreign(S, "fit.fixef", "a dict; fit.test() is the table"),
    "coef": Foreign(R, 'fit.tidy(effects="ran_coefs")', "of every level; fit.fixef: fixed effects"),
    "coefs": Foreign(P, "fit.test()", "the table of coefficients"),
    "coef_": Foreign(K, "fit.beta", "an array; fit.fixef: a dict"),
    "intercept_": Foreign(K, 'fit.fixef["(Intercept)"]'),
    "bse": Foreign(S, 'fit.test()["std_error"]'),
    "bse_fe": Foreign(S, 'fit.test()["std_error"]'),
    "bse_re": Foreign(S, 'fit.varcorr.tidy()["vcov_std_error"]', "of the variances themselves"),
    "std_errors": Foreign("linearmodels", 'fit.test()["std_error"]'),
    "tvalues": Foreign(S, 'fit.test()["statistic"]'),
    "tstats": Foreign("linearmodels", 'fit.test()["statistic"]'),
    "pvalues": Foreign(
        S, 'fit.test()["p_value"]', 'in the order of fit.fixef; ddf="wald" for those of statsmodels'
    ),
    "conf_int": Foreign(S, "fit.confint()", 'ddf="wald" for those of statsmodels'),
    "t_test": Foreign(S, 'fit.test("Days = 10")', "any linear hypothesis in words"),
    "f_test": Foreign(S, 'fit.test(["Days = 10"], joint=True)'),
    "wald_test": Foreign(S, 'fit.test(["Days = 10"], joint=True)'),
    "wald_test_terms": Foreign(S, "fit.anova()"),
    "cov_params": Foreign(S, "fit.vcov()"),
    "normalized_cov_params": Foreign(S, "fit.vcov()"),
    "glht": Foreign(R, 'fit.test("Days = 10")', "or fit.contrasts(...)"),
    "contest": Foreign(R, 'fit.test("Days = 10")'),
    # variance components
    "VarCorr": Foreign(R, "fit.varcorr"),
    "getVarCov": Foreign(R, "fit.varcorr"),
    "cov_re": Foreign(S, "fit.varcorr", "its .tidy() has variances and covariances"),
    "vcomp": Foreign(S, "fit.varcorr"),
    "ranef_var": Foreign(P, "fit.varcorr"),
    "scale": Foreign(S, "fit.sigma**2", "the residual variance"),
    "rePCA": Foreign(R, 'fit.random_pca(units="formula")'),
    "isSingular": Foreign(R, "fit.certificate.is_singular"),
    "is_singular": Foreign(R, "fit.certificate.is_singular"),
    "getME": Foreign(R, "fit.theta", "fit.design has X, y and the grouping factors"),
    # random effects
    "random_effects_cov": Foreign(S, "fit.conditional_covariances()"),
    "blup": Foreign(R, "fit.ranef()"),
    "blups": Foreign(R, "fit.ranef()"),
    # likelihood
    "llf": Foreign(S, "fit.loglik"),
    "logLik": Foreign(R, "fit.loglik"),
    "loglike": Foreign(S, "fit.loglik"),
    "logLike": Foreign(P, "fit.loglik"),
    "AIC": Foreign(R, "fit.aic"),
    "BIC": Foreign(R, "fit.bic"),
    "deviance": Foreign(R, "fit.objective", "-2 log-likelihood, or the REML criterion"),
    "REMLcrit": Foreign(R, "fit.objective", "-2 log-likelihood, or the REML criterion"),
    "df_resid": Foreign(S, 'fit.test()["df"]', "each coefficient has its own"),
    "rsquared": Foreign(S, "fit.r2()"),
    "r_squared": Foreign(R, "fit.r2()"),
    "drop1": Foreign(R, "fit.anova()", "fit.ranova() for the random terms"),
    "update": Foreign(R, "fit.again(reml=False)", "another formula is another call of me.lmm"),
    "allFit": Foreign(R, "me.all_fit(fit)"),
    "bootMer": Foreign(R, "fit.bootstrap(100, rng=1)"),
    # rows
    "resid": Foreign(f"{S} and {R}", "fit.residuals()"),
    "resid_pearson": Foreign(S, 'fit.residuals("pearson")'),
    "fittedvalues": Foreign(S, "fit.fitted"),
    "get_prediction": Foreign(S, 'fit.predict(data, interval="confidence")'),
    "predict_proba": Foreign(K, "fit.predict(data)", "the response scale is the default"),
    "score": Foreign(K, "fit.r2()"),
    "get_params": Foreign(K, "fit.request", "what was asked for"),
    "hatvalues": Foreign(R, 'fit.augment(influence=True)[".hat"]'),
    "cooks_distance": Foreign(R, "fit.influence()", 'groups by name: fit.influence("g")'),
    "get_influence": Foreign(S, "fit.influence()", 'groups by name: fit.influence("g")'),
    "dfbetas": Foreign(R, "fit.influence().dfbetas()"),
    "model_matrix": Foreign(R, "fit.design.X"),
    "exog": Foreign(S, "fit.design.X"),
    "endog": Foreign(S, "fit.design.y"),
    "model": Foreign(S, "fit.design", "the columns; fit.formula: the formula"),
    # what follows a fit
    "lsmeans": Foreign(R, 'fit.emmeans("g")'),
    "post_hoc": Foreign(P, 'fit.contrasts("g")'),
    "pairs": Foreign(R, 'fit.contrasts("g")'),
    "profile_re": Foreign(S, 'fit.profile("random")'),
    "summary2": Foreign(S, "fit.summary()"),
    "check_model": Foreign(R, "fit.plot.check()"),
    "check_overdispersion": Foreign(R, "fit.check_dispersion()", "of a generalised model"),
    "check_convergence": Foreign(R, "fit.certificate"),
    "check_singularity": Foreign(R, "fit.certificate.is_singular"),
    "plot_model": Foreign(R, "fit.plot.coefficients()"),
    "extract_eq": Foreign(R, "fit.equation()"),
    "simulateResiduals": Foreign(R, "fit.quantile_residuals()"),
    "remove_data": Foreign(S, "fit.without_rows()"),
    "to_pickle": Foreign(S, "fit.save(path)"),
    "odds_ratios": Foreign(R, "fit.test(exponentiate=True)"),
    "overdispersion": Foreign(R, "fit.check_dispersion()", "of a generalised model"),
    "effects": Foreign(R, "fit.emmeans()", "the only factor's, or name one"),
    "marginal_effects": Foreign(R, 'fit.emtrends("Days")', "marginal slopes"),
    "mle_retvals": Foreign(S, "fit.certificate", "how the search ended"),
    "hist": Foreign(S, "fit.trace()", "the steps of the search"),
    "data": Foreign(
        R, "fit.augment()", "the table is not kept; fit.augment(data) is beside all of it"
    ),
    "frame": Foreign(R, "fit.augment()", "the rows and columns that were used"),
    "slopes": Foreign(R, 'fit.emtrends("Days")', "marginal slopes"),
    "fit": Foreign(K, "fit.again()", "what me.lmm returns is fitted"),
    "feature_names_in_": Foreign(K, "fit.design.x_names"),
    "n_groups": Foreign(S, "fit.summary().facts.groups"),
    "k_fe": Foreign(S, "len(fit.fixef)"),
    "groups": Foreign(S, 'fit.ranef()["level"]', "one for each random effect"),
    "rsquared_adj": Foreign(S, "fit.r2()"),
    "plot_residuals": Foreign(S, "fit.plot.residuals()"),
}

PACKAGE = {
    "lmer": Foreign(R, "me.lmm(formula, data)"),
    "lme": Foreign(R, "me.lmm(formula, data)", "random terms are in the formula: (1 | g)"),
    "mixedlm": Foreign(S, "me.lmm(formula, data)", "groups are in the formula: (1 | g)"),
    "MixedLM": Foreign(S, "me.lmm(formula, data)", "groups are in the formula: (1 | g)"),
    "Lmer": Foreign(P, "me.lmm(formula, data)"),
    "glmer": Foreign(R, "me.glmm(formula, data, family=...)"),
    "glmmTMB": Foreign(R, "me.glmm(formula, data, family=...)"),
    "clmm": Foreign(R, 'me.glmm(formula, data, family="ordinal")'),
    "gee": Foreign(S, "me.lmm(formula, data)", 'with fit.test(ddf="CR2") for robust errors'),
    "anova": Foreign(R, "me.compare(fit, other)", "fit.anova() tests the terms of one model"),
    "allFit": Foreign(R, "me.all_fit(fit)"),
    "bootMer": Foreign(R, "fit.bootstrap()"),
    "VarCorr": Foreign(R, "fit.varcorr"),
    "fixef": Foreign(R, "fit.fixef"),
    "ranef": Foreign(R, "fit.ranef()"),
    "emmeans": Foreign(R, "fit.emmeans(...)"),
    "isSingular": Foreign(R, "fit.certificate.is_singular"),
    "mixed_lm": Foreign("pymer4", "me.lmm(formula, data)"),
    "LinearMixedModel": Foreign("MixedModels.jl", "me.lmm(formula, data)"),
    "GeneralizedLinearMixedModel": Foreign("MixedModels.jl", "me.glmm(formula, data, family=...)"),
    "BinomialBayesMixedGLM": Foreign(S, 'me.glmm(formula, data, family="binomial")'),
    "ols_fit": Foreign(S, "me.ols(formula, data)"),
    "lm": Foreign(R, "me.ols(formula, data)"),
    "glm": Foreign(R, "me.glmm(formula, data, family=...)", "it needs a random term"),
    "contrasts": Foreign(R, "fit.contrasts(...)"),
    "test": Foreign(R, "fit.test(...)"),
    "predict": Foreign(R, "fit.predict(data)"),
    "summary": Foreign(R, "fit.summary()"),
    "confint": Foreign(R, "fit.confint()"),
    "resid": Foreign(R, "fit.residuals()"),
    "simulate": Foreign(R, "fit.simulate(n)"),
    "coef": Foreign(R, 'fit.tidy(effects="ran_coefs")', "fit.fixef: fixed effects"),
    "icc": Foreign(R, "fit.icc()"),
    "r2": Foreign(R, "fit.r2()"),
    "ranova": Foreign(R, "fit.ranova()"),
    "r2_nakagawa": Foreign(R, "fit.r2()"),
    "tidy": Foreign(R, "fit.tidy()"),
    "glance": Foreign(R, "fit.glance()"),
    "augment": Foreign(R, "fit.augment()"),
    "AIC": Foreign(R, "fit.aic"),
    "logLik": Foreign(R, "fit.loglik"),
    "sleepstudy": Foreign(R, "me.datasets.sleepstudy()"),
    "read_csv": Foreign("pandas", "pandas.read_csv(path)", "any table goes into me.lmm"),
}


def of_fits(fit, name, public=()):
    """What an AttributeError says of a name that a fit does not have.

    Parameters
    ----------
    fit : str
        The class of the fit.
    name : str
        What was asked for.
    public : sequence of str
        Names that it has, of which one may have been meant.

    Examples
    --------
    >>> of_fits("LMM", "llf")
    "'llf' is a name of statsmodels; here it is fit.loglik"
    """
    found = FIT.get(name)
    if found is not None:
        return found.sentence(name)
    return f"a fitted {fit} has no attribute {name!r}{answer(name, {}, public)}"


def of_package(name, public=()):
    """What an AttributeError says of a name that the package does not have.

    Parameters
    ----------
    name : str
        What was asked for.
    public : sequence of str
        Names that it has, of which one may have been meant.

    Examples
    --------
    >>> of_package("lmer")
    "'lmer' is a name of R; here it is me.lmm(formula, data)"
    """
    found = PACKAGE.get(name)
    if found is None:
        return f"module 'mixedeffects' has no attribute {name!r}{answer(name, {}, public)}"
    return found.sentence(name)
