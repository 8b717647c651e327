"""Variance components of a generalised model with the covariance of their estimates.

The observed information of all parameters gives the covariance of theta, in lme4's order;
variances and covariances G = Lambda Lambda' are functions of theta alone.
"""

from __future__ import annotations

import numpy as np

from mixedeffects.covariance import structure_of
from mixedeffects.inference.component_names import places_of
from mixedeffects.inference.component_record import BOUNDARY, Components, boundary_columns

UNKNOWN = "the curvature of the likelihood is not positive: no standard error"


def theta_covariance(fit):
    """(K, K) covariance of theta, zero for parameters on the boundary, and whether it is known.

    Parameters
    ----------
    fit : GLMMFit

    Returns
    -------
    covariance : (K, K) array
    known : bool
    """
    first = fit.estimates.size - fit.theta.size
    covariance = fit.vcov_parameters[first:, first:]
    missing = np.isnan(covariance)
    return np.where(missing, 0.0, covariance), bool(
        not fit.theta.size or not missing.all() or fit.certificate.is_singular
    )


def block_slopes(fit):
    """Per block of ``fit.all_blocks``, the (n_theta, k, k) derivatives of G by the whole theta.

    Parameters
    ----------
    fit : GLMMFit

    Returns
    -------
    list of (n_theta, k, k) arrays
    """
    at, out = 0, []
    for block, Lam in zip(fit.all_blocks, fit.lambdas, strict=True):
        slopes = np.zeros((fit.theta.size, block.k, block.k))
        for term in block.terms:
            form = structure_of(term)
            part = slice(at, at + form.n_theta)
            at = part.stop
            columns = np.array(term.columns)
            inner = form.derivatives(fit.theta[part]) @ Lam[np.ix_(columns, columns)].T
            dG = inner + inner.transpose(0, 2, 1)
            slopes[np.ix_(np.arange(part.start, part.stop), columns, columns)] = dG
        out.append(slopes)
    return out


def components_of_glmm(fit):
    """Variances and covariances of all terms, in the order of `varcorr`, with their errors.

    Parameters
    ----------
    fit : GLMMFit

    Returns
    -------
    Components
    """
    covariance, known = theta_covariance(fit)
    singular, slopes = boundary_columns(fit), block_slopes(fit)
    main = len(fit.design.blocks)
    columns = {name: [] for name in ("component", "group", "first", "second", "of", "reason")}
    value, gradient, at = [], [], {}
    for f, t, a, b in places_of(fit.all_blocks):
        block, Lam = fit.all_blocks[f], fit.lambdas[f]
        if a == b:
            at[t, a] = len(value)
        bounded = {a, b} & singular.get(t, set())
        columns["component"].append("conditional" if f < main else "zi")
        columns["group"].append(block.factor.name)
        columns["first"].append(block.names[a])
        columns["second"].append(None if a == b else block.names[b])
        columns["of"].append(None if a == b else (at[t, a], at[t, b]))
        columns["reason"].append(BOUNDARY if bounded else ("" if known else UNKNOWN))
        value.append(float(Lam[a] @ Lam[b]))
        gradient.append(slopes[f][:, a, b])
    gradient = np.array(gradient).reshape(-1, fit.theta.size)
    return Components(
        value=np.array(value), covariance=gradient @ covariance @ gradient.T, **columns
    )
