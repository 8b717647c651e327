"""Tidy tables in the style of R's broom.mixed: tidy, glance, augment."""

from __future__ import annotations

import numpy as np

from mixedeffects.inference.information import aic, bic, loglik, n_parameters
from mixedeffects.inference.predict import fitted
from mixedeffects.inference.table import Table
from mixedeffects.inference.varcorr import varcorr
from mixedeffects.inference.coefficients import coefficient_table


def tidy(fit, *, level=0.95):
    """One row per parameter: fixed effects, then standard deviations and correlations.

    Parameters
    ----------
    fit : FitRecord
    level : float

    Returns
    -------
    Table
        effect ("fixed" or "ran_pars"), group, term, estimate, std_error, statistic, p_value,
        lower, upper.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> fit.tidy()["term"].tolist()[2:]
    ['sd__(Intercept)', 'sd__Days', 'cor__(Intercept).Days', 'sd__Observation']
    """
    fixed = coefficient_table(fit, level=level).columns
    random = varcorr(fit).table().columns
    terms = []
    for group, a, b in zip(random["group"], random["term1"], random["term2"], strict=True):
        if group == "Residual":
            terms.append("sd__Observation")
        else:
            terms.append(f"sd__{a}" if b is None else f"cor__{a}.{b}")
    n, m = len(fixed["term"]), len(terms)
    nan = np.full(m, np.nan)
    out = {
        "effect": ["fixed"] * n + ["ran_pars"] * m,
        "group": [None] * n + list(random["group"]),
        "term": list(fixed["term"]) + terms,
        "estimate": np.concatenate([fixed["estimate"], random["sdcor"]]),
    }
    for name in ("std_error", "statistic", "p_value", "lower", "upper"):
        out[name] = np.concatenate([fixed[name], nan])
    return Table(out)


def glance(fit):
    """One row about the whole fit.

    Returns
    -------
    Table
        nobs, sigma, loglik, aic, bic, reml_criterion or minus_two_loglik as "objective",
        df (parameters), df_residual, converged, singular.
    """
    df = n_parameters(fit)
    return Table(
        {
            "nobs": [fit.design.n],
            "sigma": [fit.sigma],
            "loglik": [loglik(fit)],
            "aic": [aic(fit)],
            "bic": [bic(fit)],
            "objective": [fit.objective],
            "reml": [fit.reml],
            "df": [df],
            "df_residual": [fit.design.n - df],
            "converged": [fit.certificate.converged],
            "singular": [fit.certificate.is_singular],
        }
    )


def augment(fit):
    """One row per row used: response, groups, fitted values and residuals.

    Returns
    -------
    Table
        row (position in the table that was given), the response, one column per grouping
        factor, fitted, fixed (fitted value of an average group), resid.
    """
    design = fit.design
    kept = design.missing.kept
    rows = np.arange(design.n) if kept is None else np.flatnonzero(kept)
    columns = {"row": rows, design.spec.response: design.y}
    for block in design.blocks:
        labels = np.empty(block.factor.n_levels, dtype=object)
        labels[:] = [str(label) for label in block.factor.labels]
        columns[block.factor.name] = labels[block.factor.codes]
    conditional = fitted(fit)
    columns[".fitted"] = conditional
    columns[".fixed"] = fitted(fit, groups="population")
    columns[".resid"] = design.y - conditional
    return Table(columns)
