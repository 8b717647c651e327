"""Intraclass correlation: the share of the variance that lies between groups."""

from __future__ import annotations

import numpy as np

from mixedeffects.inference.in_the_data import in_the_data
from mixedeffects.inference.normal import z_quantile
from mixedeffects.inference.row_sums import fixed_variance, mean_noise, mean_squares
from mixedeffects.inference.table import Table
from mixedeffects.inference.variance_means import check_scale, mean_variances, singular_blocks


@in_the_data("variance", "icc")
def variance_shares(fit):
    """Share of the random variance per grouping factor, and in all, without standard errors.

    Parameters
    ----------
    fit : FitRecord

    Returns
    -------
    Table
        group, variance, icc: one row per grouping factor, then "total".
    """
    if not fit.linear:
        from mixedeffects.inference.icc_glmm import shares_of_glmm

        return shares_of_glmm(fit)
    variances = mean_variances(fit)
    whole = sum(variances) + fit.sigma**2 * mean_noise(fit)
    names = [b.factor.name for b in fit.design.blocks]
    values = [*variances, sum(variances)]
    return Table(
        {"group": [*names, "total"], "variance": values, "icc": [v / whole for v in values]}
    )


@in_the_data("variance", "icc")
def icc(fit, *, level=0.95, scale="latent", approximation=None, null=None):
    """Share of the random variance per grouping factor, and in all.

    Parameters
    ----------
    fit : FitRecord
    level : float
        Coverage of ``lower`` and ``upper``, which are symmetric on the logit scale.
    scale : {"latent", "response"}
        For a generalised model: variances on the scale of the linear predictor, or of the
        response itself (of one trial, where it counts successes), which has no standard errors.
    approximation : {"theoretical", "delta", "lognormal", "trigamma"}, optional
        For a generalised model, on the latent scale: how the distribution's variance is found.
        "theoretical" (the default for binomial and ordinal responses): pi^2 / 3 for logit, 1 for
        probit, pi^2 / 6 for cloglog and loglog. "delta": Var(Y) / (dE[Y]/d eta)^2 at the mean
        response, the default for others. "lognormal" (the default for the log link) and
        "trigamma": variance of the logarithm.
    null : GLMM, optional
        The model without predictors, whose mean response the last three then take, as Nakagawa
        and others do; the mean of the model itself by default.

    Returns
    -------
    Table
        group, variance, icc, icc_unadjusted, std_error, lower, upper: one row per grouping
        factor, then "total". ``icc`` is the share of the variance that the fixed effects
        leave, ``icc_unadjusted`` of all variance, theirs included; the error and the limits
        are those of ``icc``, by the delta method from the observed information. They are nan
        for a factor with a term on the boundary (and for the total of such a fit), and for all
        when the data say nothing about some direction of the variance parameters.

    Notes
    -----
    With slopes a factor's variance is its mean over the rows. With prior weights the residual
    variance is the mean of sigma^2 / weights. In a generalised model a factor with one level per
    row is overdispersion, not a group: its variance is part of the whole only. On the response
    scale a factor's variance is the covariance of two responses that share its level only
    (Goldstein, Browne & Rasbash 2002, doi:10.1207/S15328031US0104_02); means are over at most
    5,000 different rows (fewer with large variances), evenly spaced in the linear predictor.

    References
    ----------
    Nakagawa, Johnson & Schielzeth (2017), doi:10.1098/rsif.2017.0213; Johnson (2014),
    doi:10.1111/2041-210X.12225.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (1 | Subject)", me.datasets.sleepstudy())
    >>> table = fit.icc()
    >>> table["icc"].round(3).tolist(), table["icc_unadjusted"].round(3).tolist()
    ([0.589, 0.589], [0.424, 0.424])
    >>> table["lower"].round(3).tolist(), table["upper"].round(3).tolist()
    ([0.403, 0.403], [0.753, 0.753])
    """
    check_scale(fit, scale, approximation, null)
    if not fit.linear:
        from mixedeffects.inference.icc_glmm import icc_of_glmm

        return icc_of_glmm(fit, level, scale, approximation, null)
    half = z_quantile(level)
    columns = dict(variance_shares(fit).columns)
    values = np.array(columns["icc"])
    variances = np.array(columns["variance"])
    # the sum may be in the data where a total without the residuals is not
    everything = sum(mean_variances(fit)) + fit.sigma**2 * mean_noise(fit) + fixed_variance(fit)
    error = icc_errors(fit)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        logit = np.log(values) - np.log1p(-values)
        width = half * error / (values * (1.0 - values))
        columns |= {
            "icc_unadjusted": variances / everything,
            "std_error": error,
            "lower": 1.0 / (1.0 + np.exp(width - logit)),
            "upper": 1.0 / (1.0 + np.exp(-width - logit)),
        }
    return Table(columns)


def icc_errors(fit):
    """Standard errors of the ICC of every grouping factor and of the total.

    The ICC depends on theta only: with relative variances v_f = <G_f / sigma^2, mean zz'> and
    noise r it is v_f / (sum v + r).

    Returns
    -------
    (blocks + 1,) array
    """
    from mixedeffects.inference.df.variance_information import variance_information

    information = variance_information(fit)
    blocks = fit.design.blocks
    T_blocks = fit.evaluation.objective.stats.reference.T_blocks
    K = information.covariance.shape[0] - 1
    v = np.zeros(len(blocks) + 1)
    slope = np.zeros((len(blocks) + 1, K))
    start = 0
    for f, (Lam, T, dG) in enumerate(
        zip(fit.lambdas, T_blocks, information.derivatives, strict=True)
    ):
        M = mean_squares(fit, f)
        v[f] = np.einsum("ab,ab->", Lam @ Lam.T, M)
        slope[f, start : start + dG.shape[0]] = np.einsum("lab,ab->l", T @ dG @ T.T, M)
        start += dG.shape[0]
    v[-1], slope[-1] = v.sum(), slope.sum(axis=0)
    whole = v[-1] + mean_noise(fit)
    gradient = slope / whole - np.outer(v, slope[-1]) / whole**2
    covariance = information.covariance[:K, :K]
    error = np.sqrt(np.maximum(np.einsum("fk,kl,fl->f", gradient, covariance, gradient), 0.0))
    unknown = singular_blocks(fit)
    if unknown:
        error[[*unknown, -1]] = np.nan
    elif not information.determined:
        error[:] = np.nan
    return error
