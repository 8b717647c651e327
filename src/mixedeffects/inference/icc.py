"""Intraclass correlation: the share of the variance that lies between groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.inference.in_the_data import in_the_data
from mixedeffects.inference.normal import z_quantile
from mixedeffects.inference.row_sums import mean_squares
from mixedeffects.inference.table import Table
from mixedeffects.inference.variance_means import (
    check_scale,
    finite_fixed_variance,
    latent_variances,
    singular_blocks,
)

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit


@in_the_data("variance", "icc")
def variance_shares(fit: Fit):
    """Share of the random variance per grouping factor, and in all, without standard errors.

    Returns
    -------
    Table
        group, variance, icc: one row per grouping factor, then "total".
    """
    parts = latent_variances(fit)
    names = [fit.design.blocks[f].factor.name for f in parts.groups]
    values = [*parts.between, sum(parts.between)]
    return Table(
        {"group": [*names, "total"], "variance": values, "icc": [v / parts.whole for v in values]}
    )


@in_the_data("variance", "icc")
def icc(fit: Fit, *, level=0.95, scale="latent", approximation=None, null=None):
    """Share of the random variance per grouping factor, and in all.

    Parameters
    ----------
    fit : LMM or GLMM
        The fitted model; of the method, the model itself.
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
    half = z_quantile(level)
    if scale == "response" and not fit.kind.residual:
        from mixedeffects.inference.observation_scale import observation_variances, row_level

        parts = observation_variances(fit)
        groups = [f for f in range(len(fit.design.blocks)) if f not in row_level(fit)]
        variances = np.array([*parts.groups, parts.between])
        whole, everything = parts.between + parts.within, parts.between + parts.within + parts.fixed
        values, error = variances / whole, np.full(variances.size, np.nan)
    else:
        parts = latent_variances(fit, approximation, null, slopes=True)
        groups = parts.groups
        variances = np.array([*parts.between, sum(parts.between)])
        everything = parts.whole + finite_fixed_variance(fit, "the unadjusted ICC")
        values, error = variances / parts.whole, icc_errors(fit, parts)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        logit = np.log(values) - np.log1p(-values)
        width = half * error / (values * (1.0 - values))
        return Table(
            {
                "group": [*(fit.design.blocks[f].factor.name for f in groups), "total"],
                "variance": variances,
                "icc": values,
                "icc_unadjusted": variances / everything,
                "std_error": error,
                "lower": 1.0 / (1.0 + np.exp(width - logit)),
                "upper": 1.0 / (1.0 + np.exp(-width - logit)),
            }
        )


def icc_errors(fit: Fit, parts):
    """Standard errors of the ICC of every group and of the total, by the delta method.

    Returns (groups + 1,) array.
    """
    parameters, groups = fit.parameters, parts.groups
    covariance = parameters.covariance_without_beta
    slope = np.zeros((len(fit.design.blocks), covariance.shape[0]))
    for f, of_block in enumerate(slope):
        dG = parameters.slopes[f]
        of_block[-len(dG) :] = np.einsum("lab,ab->l", dG, mean_squares(fit, f))
    assert parts.noise_slopes is not None  # they were asked for
    of_whole = slope.sum(axis=0) + parts.noise_slopes
    variances = np.array([*parts.between, sum(parts.between)])
    rows = np.vstack([slope[groups], slope[groups].sum(axis=0)])
    gradient = rows / parts.whole - np.outer(variances, of_whole) / parts.whole**2
    error = np.sqrt(np.maximum(np.einsum("fk,kl,fl->f", gradient, covariance, gradient), 0.0))
    unknown = set(singular_blocks(fit))
    if unknown:
        error[[*(i for i, f in enumerate(groups) if f in unknown), -1]] = np.nan
    elif not parameters.determined:
        error[:] = np.nan
    return error
