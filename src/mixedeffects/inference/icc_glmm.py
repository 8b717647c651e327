"""Intraclass correlation and R-squared of generalised models: on two scales.

On the scale of the linear predictor ("latent") variances of random effects add up with that of the
distribution, see `mixedeffects.inference.distribution_variance`; on that of the response
("response") they are what `mixedeffects.inference.observation_scale` integrates.
"""

from __future__ import annotations

import numpy as np

from mixedeffects.design import dense
from mixedeffects.inference.coefficient_parts import place
from mixedeffects.inference.distribution_variance import (
    check_approximation,
    distribution_variance,
    mean_response,
)
from mixedeffects.inference.normal import z_quantile
from mixedeffects.inference.observation_scale import observation_variances, row_level
from mixedeffects.inference.row_sums import fixed_variance, mean_squares
from mixedeffects.inference.separated import limits_of, warn_separated
from mixedeffects.inference.table import Table
from mixedeffects.inference.variance_errors_glmm import block_slopes
from mixedeffects.inference.variance_means import mean_variances, singular_blocks


def latent_parts(fit, approximation=None, null=None):
    """Variances on the scale of the linear predictor.

    Parameters
    ----------
    fit : GLMMFit
    approximation : str, optional
    null : GLMMFit, optional
        Whose mean response is taken.

    Returns
    -------
    groups : list of int
        Blocks that are groups.
    variances : list of float
        Of every block.
    distribution : float
    approximation : str
    mean : float or None
    """
    approximation = check_approximation(fit, approximation)
    mean = None
    if approximation != "theoretical":
        mean = mean_response(fit if null is None else null)
    single = row_level(fit)
    groups = [f for f in range(len(fit.design.blocks)) if f not in single]
    distribution = distribution_variance(fit, approximation, mean)
    return groups, mean_variances(fit), distribution, approximation, mean


def shares_of_glmm(fit):
    """`variance_shares` of a generalised model."""
    groups, variances, distribution, *_ = latent_parts(fit)
    whole = sum(variances) + distribution
    values = [variances[f] for f in groups]
    values.append(sum(values))
    names = [fit.design.blocks[f].factor.name for f in groups]
    return Table(
        {"group": [*names, "total"], "variance": values, "icc": [v / whole for v in values]}
    )


def icc_of_glmm(fit, level, scale, approximation, null):
    """`icc` of a generalised model."""
    half = z_quantile(level)
    if scale == "response":
        parts = observation_variances(fit)
        names = [b.factor.name for f, b in enumerate(fit.design.blocks) if f not in row_level(fit)]
        variances = np.array([*parts.groups, parts.between])
        whole, everything = parts.between + parts.within, parts.between + parts.within + parts.fixed
        values, error = variances / whole, np.full(variances.size, np.nan)
    else:
        groups, found, distribution, approximation, mean = latent_parts(fit, approximation, null)
        names = [fit.design.blocks[f].factor.name for f in groups]
        variances = np.array([found[f] for f in groups])
        variances = np.append(variances, variances.sum())
        whole = sum(found) + distribution
        everything = whole + finite_fixed_variance(fit, "the unadjusted ICC")
        values = variances / whole
        error = _errors(fit, groups, variances, whole, approximation, mean)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        logit = np.log(values) - np.log1p(-values)
        width = half * error / (values * (1.0 - values))
        return Table(
            {
                "group": [*names, "total"],
                "variance": variances,
                "icc": values,
                "icc_unadjusted": variances / everything,
                "std_error": error,
                "lower": 1.0 / (1.0 + np.exp(width - logit)),
                "upper": 1.0 / (1.0 + np.exp(-width - logit)),
            }
        )


def _errors(fit, groups, variances, whole, approximation, mean):
    """Standard errors by the delta method, the mean response taken as known."""
    n_extra = sum(values.size for values in fit.extras.values())
    first = fit.beta.size
    covariance = np.nan_to_num(fit.vcov_parameters[first:, first:], nan=0.0)
    if fit.theta.size and np.isnan(fit.vcov_parameters).all():
        return np.full(variances.size, np.nan)
    slope = np.zeros((len(fit.design.blocks), covariance.shape[0]))
    for f, dG in enumerate(block_slopes(fit)[: len(fit.design.blocks)]):
        slope[f, n_extra:] = np.einsum("lab,ab->l", dG, mean_squares(fit, f))
    of_whole = slope.sum(axis=0)
    if approximation != "theoretical":
        of_whole[:n_extra] = _slopes_of_distribution(fit, approximation, mean)
    rows = np.vstack([slope[groups], slope[groups].sum(axis=0)])
    gradient = rows / whole - np.outer(variances, of_whole) / whole**2
    error = np.sqrt(np.maximum(np.einsum("fk,kl,fl->f", gradient, covariance, gradient), 0.0))
    unknown = set(singular_blocks(fit))
    if unknown:
        error[[i for i, f in enumerate(groups) if f in unknown]] = np.nan
        error[-1] = np.nan
    return error


def _slopes_of_distribution(fit, approximation, mean):
    """Derivatives of the distribution's variance by the other predictors' coefficients."""
    out = np.zeros(sum(values.size for values in fit.extras.values()))
    for name, values in fit.extras.items():
        start = place(fit, name).start - fit.beta.size
        for j in range(values.size):
            ends = []
            for step in (1e-5, -1e-5):
                moved = {k: v.copy() for k, v in fit.extras.items()}
                moved[name][j] += step
                ends.append(distribution_variance(fit, approximation, mean, moved))
            out[start + j] = (ends[0] - ends[1]) / 2e-5
    return out


def finite_fixed_variance(fit, what):
    """`fixed_variance`; nan, with a warning, where the linear predictor of a row is infinite.

    Parameters
    ----------
    fit : GLMMFit
    what : str
        What cannot be had without it.

    Warns
    -----
    DataWarning
    """
    limits = limits_of(fit, np.eye(fit.beta.size))
    moving = (limits != 0).any() and (limits_of(fit, dense(fit.design.X)) != 0).any()
    if not moving:
        return fixed_variance(fit)
    warn_separated(
        fit.design.x_names, limits,
        f"{what} needs the variance of the fixed part on the scale of the link, which is infinite "
        'then; scale="response" has shares of the variance of the response itself',
    )  # fmt: skip
    return np.nan


def r2_of_glmm(fit, scale, approximation, null):
    """`r2` of a generalised model."""
    blocks = fit.design.blocks
    if scale == "response":
        parts = observation_variances(fit)
        whole = parts.fixed + parts.between + parts.within
        names = ["fixed", "random", "distribution"]
        values = [parts.fixed, parts.between, parts.within]
        conditional = parts.fixed + parts.between
    else:
        groups, found, distribution, *_ = latent_parts(fit, approximation, null)
        fixed = finite_fixed_variance(fit, "R²")
        whole = fixed + sum(found) + distribution
        names = ["fixed", *(b.factor.name for b in blocks), "distribution"]
        values = [fixed, *found, distribution]
        conditional = fixed + sum(found[f] for f in groups)
    variances = [values[0], conditional, *values]
    return Table(
        {
            "measure": ["marginal", "conditional", *names],
            "variance": variances,
            "r2": [v / whole for v in variances],
        }
    )
