"""Standard errors and intervals of variance components, by the delta method.

The observed information gives the covariance of the parameters; variances, standard deviations and
correlations are functions of them, with derivatives in closed form. Everything is in the units of
the component itself: the error of a variance is not that of a ratio to sigma^2. Intervals are
symmetric on the scale on which the estimates are nearly normal: the logarithm for variances and
standard deviations, Fisher's z for correlations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.covariance import structure_of
from mixedeffects.inference.identification import NOT_IN_DATA, unknown_components
from mixedeffects.inference.normal import z_quantile
from mixedeffects.inference.table import Table

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit

BOUNDARY = "on the boundary of its space (singular fit): no standard error"
# a correlation this close to one is on the boundary
EXTREME = 1.0 - 1e-10


def boundary_columns(fit: Fit):
    """Per singular term, by position, the columns whose variances have no normal approximation.

    All columns of a correlated term, because a direction of zero variance bounds all of them; of
    uncorrelated columns only those with a variance of zero.
    """
    terms = [term for block in fit.all_blocks for term in block.terms]
    out: dict[int, set[int]] = {}
    for direction in fit.certificate.singular:
        term = terms[direction.term]
        held = [
            column
            for column, weight in zip(term.columns, direction.weights, strict=True)
            if structure_of(term).pairs or abs(weight) > 1e-8
        ]
        out.setdefault(direction.term, set()).update(held)
    return out


def missing_reasons(fit: Fit):
    """Per variance component, why it has no standard error; "" where it has one."""
    bounded, doubt = boundary_columns(fit), fit.parameters.doubt
    return [
        BOUNDARY if {c.row, c.column} & bounded.get(c.term, set()) else doubt
        for c in fit.parameters.components
    ]


def variance_errors(fit: Fit, *, level=0.95):
    """Standard errors and confidence intervals of the variance components.

    Returns
    -------
    Table
        group, term1, term2; vcov (variance or covariance) with vcov_std_error, vcov_lower,
        vcov_upper; sdcor (standard deviation or correlation) with std_error, lower, upper;
        reason, which says why a row has no standard error. The limits of a variance are the
        squares of those of its standard deviation. A generalised model's has component first,
        and no row of a residual.

    Notes
    -----
    A term that is on the boundary (a variance of zero, a correlation of one) has no normal
    approximation: its rows are nan; the others hold given that it is there. Profile
    intervals do not need the approximation and are better in small samples.

    References
    ----------
    Pinheiro & Bates (2000), section 2.4.3, doi:10.1007/b98882.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (1 | Subject)", me.datasets.sleepstudy())
    >>> table = variance_errors(fit).columns
    >>> table["std_error"].round(2), table["lower"].round(2), table["upper"].round(2)
    (array([6.81, 1.73]), array([25.91, 27.78]), array([53.19, 34.57]))
    """
    half = z_quantile(level)
    components, variances = fit.parameters.components, fit.parameters.variances
    covariance, reasons = fit.parameters.variances_covariance, missing_reasons(fit)
    n = variances.size
    spread = np.sqrt(np.maximum(np.diagonal(covariance), 0.0))
    missing = np.array([bool(reason) for reason in reasons])
    vcov_error = np.where(missing, np.nan, spread)
    out = {name: np.full(n, np.nan) for name in ("estimate", "error", "lower", "upper")}
    unknown = unknown_components(fit)
    vcov_lower, vcov_upper = np.full(n, np.nan), np.full(n, np.nan)
    place = {(c.term, c.row): i for i, c in enumerate(components) if c.is_variance}
    for i, c in enumerate(components):
        if c.is_variance:
            value = np.sqrt(variances[i])
            error = 0.5 * vcov_error[i] / value if value > 0 else np.nan
            with np.errstate(over="ignore"):  # next to zero the limits are zero and infinity
                factor = np.exp(half * error / value) if value > 0 else np.nan
                limits = value / factor, value * factor
            vcov_lower[i], vcov_upper[i] = limits[0] ** 2, limits[1] ** 2
        else:
            three = [i, place[c.term, c.row], place[c.term, c.column]]
            value, error = _correlation(variances[three], covariance[np.ix_(three, three)])
            error = np.nan if missing[i] else error
            limits = np.nan, np.nan
            if abs(value) < EXTREME:
                z, width = np.arctanh(value), half * error / (1.0 - value**2)
                limits = np.tanh(z - width), np.tanh(z + width)
            vcov_lower[i] = variances[i] - half * vcov_error[i]
            vcov_upper[i] = variances[i] + half * vcov_error[i]
        out["estimate"][i], out["error"][i] = value, error
        out["lower"][i], out["upper"][i] = limits
    for values in out.values():
        values[unknown] = np.nan
    alone = unknown_components(fit, correlations=False)
    vcov = np.where(alone, np.nan, variances)
    for values in (vcov_error, vcov_lower, vcov_upper):
        values[alone] = np.nan
    reason = [NOT_IN_DATA if u else r for u, r in zip(unknown, reasons, strict=True)]
    owner = {} if fit.parameters.has_residual else {"component": [c.predictor for c in components]}
    return Table(
        {
            **owner,
            "group": [c.group for c in components],
            "term1": [c.first for c in components],
            "term2": [c.second for c in components],
            "vcov": vcov,
            "vcov_std_error": vcov_error,
            "vcov_lower": vcov_lower,
            "vcov_upper": vcov_upper,
            "sdcor": out["estimate"],
            "std_error": out["error"],
            "lower": out["lower"],
            "upper": out["upper"],
            "reason": reason,
        }
    )


def _correlation(values, covariance):
    """A correlation and its standard error.

    Parameters
    ----------
    values : (3,) array
        The covariance and the two variances.
    covariance : (3, 3) array
        Of their estimates.
    """
    cov, va, vb = values
    if not (va > 0 and vb > 0):
        return np.nan, np.nan
    r = cov / np.sqrt(va * vb)
    if abs(r) >= EXTREME:
        return float(np.clip(r, -1.0, 1.0)), np.nan
    gradient = np.array([1.0 / np.sqrt(va * vb), -0.5 * r / va, -0.5 * r / vb])
    return r, float(np.sqrt(max(gradient @ covariance @ gradient, 0.0)))
