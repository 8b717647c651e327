"""Standard errors and intervals of variance components, by the delta method.

The observed information gives the covariance of theta~ and log sigma^2 (of a generalised model,
of all its parameters); variances, standard deviations and correlations are functions of them, with
derivatives in closed form. Everything
is in the units of the component itself: the error of a variance is not that of a ratio to
sigma^2. Intervals are symmetric on the scale on which the estimates are nearly normal: the
logarithm for variances and standard deviations, Fisher's z for correlations.
"""

from __future__ import annotations

import numpy as np

from mixedeffects.inference.component_names import component_places
from mixedeffects.inference.component_record import BOUNDARY, Components, boundary_columns
from mixedeffects.inference.df.variance_information import variance_information
from mixedeffects.inference.identification import NOT_IN_DATA, unknown_components
from mixedeffects.inference.normal import z_quantile
from mixedeffects.inference.table import Table

FLAT = "the data say nothing about some direction of the variance parameters"
# a correlation this close to one is on the boundary
EXTREME = 1.0 - 1e-10


def components(fit):
    """Variances and covariances of all terms, in the order of `varcorr`, with their errors.

    Parameters
    ----------
    fit : FitRecord

    Returns
    -------
    Components
    """
    if "components" not in fit.cache:
        if fit.linear:
            fit.cache["components"] = _components(fit)
        else:
            from mixedeffects.inference.variance_errors_glmm import components_of_glmm

            fit.cache["components"] = components_of_glmm(fit)
    return fit.cache["components"]


def _components(fit):
    information = variance_information(fit)
    T_blocks = fit.evaluation.objective.stats.reference.T_blocks
    K = information.covariance.shape[0] - 1
    sigma2 = fit.sigma**2
    flat = unexplained_flatness(fit, information)
    singular = boundary_columns(fit)
    columns = {name: [] for name in ("group", "first", "second", "of", "reason")}
    value, gradient, at = [], [], {}
    G = [sigma2 * (Lam @ Lam.T) for Lam in fit.lambdas]
    slopes = [
        sigma2 * (T @ dG @ T.T) for T, dG in zip(T_blocks, information.derivatives, strict=True)
    ]
    starts = np.cumsum([0, *(dG.shape[0] for dG in slopes)])
    for f, t, a, b in component_places(fit.design):
        block = fit.design.blocks[f]
        if a == b:
            at[t, a] = len(value)
        columns["group"].append(block.factor.name)
        columns["first"].append(block.names[a])
        columns["second"].append(None if a == b else block.names[b])
        columns["of"].append(None if a == b else (at[t, a], at[t, b]))
        bounded = {a, b} & singular.get(t, set())
        columns["reason"].append(BOUNDARY if bounded else (FLAT if flat else ""))
        row = np.zeros(K + 1)
        row[starts[f] : starts[f + 1]] = slopes[f][:, a, b]
        row[K] = G[f][a, b]
        value.append(float(G[f][a, b]))
        gradient.append(row)
    row = np.zeros(K + 1)
    row[K] = sigma2
    for name, entry in zip(
        columns, ("Residual", None, None, None, FLAT if flat else ""), strict=True
    ):
        columns[name].append(entry)
    value.append(sigma2)
    gradient = np.array([*gradient, row])
    return Components(
        value=np.array(value),
        covariance=gradient @ information.covariance @ gradient.T,
        **columns,
    )


def unexplained_flatness(fit, information):
    """Whether some direction was left out of the information, on no boundary and no known one."""
    certificate = fit.certificate
    return not (information.determined or certificate.is_singular or certificate.flat)


def variance_errors(fit, *, level=0.95):
    """Standard errors and confidence intervals of the variance components.

    Parameters
    ----------
    fit : FitRecord
    level : float

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
    c = components(fit)
    n = c.value.size
    spread = np.sqrt(np.maximum(np.diagonal(c.covariance), 0.0))
    missing = np.array([bool(reason) for reason in c.reason])
    vcov_error = np.where(missing, np.nan, spread)
    out = {name: np.full(n, np.nan) for name in ("estimate", "error", "lower", "upper")}
    unknown = unknown_components(fit)
    vcov_lower, vcov_upper = np.full(n, np.nan), np.full(n, np.nan)
    for i in range(n):
        pair = c.of[i]
        if pair is None:
            value = np.sqrt(c.value[i])
            error = 0.5 * vcov_error[i] / value if value > 0 else np.nan
            with np.errstate(over="ignore"):  # next to zero the limits are zero and infinity
                factor = np.exp(half * error / value) if value > 0 else np.nan
                limits = value / factor, value * factor
            vcov_lower[i], vcov_upper[i] = limits[0] ** 2, limits[1] ** 2
        else:
            value, error = _correlation(c, i, *pair)
            error = np.nan if missing[i] else error
            limits = np.nan, np.nan
            if abs(value) < EXTREME:
                z, width = np.arctanh(value), half * error / (1.0 - value**2)
                limits = np.tanh(z - width), np.tanh(z + width)
            vcov_lower[i] = c.value[i] - half * vcov_error[i]
            vcov_upper[i] = c.value[i] + half * vcov_error[i]
        out["estimate"][i], out["error"][i] = value, error
        out["lower"][i], out["upper"][i] = limits
    for values in out.values():
        values[unknown] = np.nan
    alone = unknown_components(fit, correlations=False)
    vcov = np.where(alone, np.nan, c.value)
    for values in (vcov_error, vcov_lower, vcov_upper):
        values[alone] = np.nan
    reason = [NOT_IN_DATA if u else r for u, r in zip(unknown, c.reason, strict=True)]
    owner = {} if c.component is None else {"component": list(c.component)}
    return Table(
        {
            **owner,
            "group": list(c.group),
            "term1": list(c.first),
            "term2": list(c.second),
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


def _correlation(c, i, a, b):
    """Correlation of component i, a covariance, and its standard error."""
    va, vb, cov = c.value[a], c.value[b], c.value[i]
    if not (va > 0 and vb > 0):
        return np.nan, np.nan
    r = cov / np.sqrt(va * vb)
    if abs(r) >= EXTREME:
        return float(np.clip(r, -1.0, 1.0)), np.nan
    gradient = np.array([1.0 / np.sqrt(va * vb), -0.5 * r / va, -0.5 * r / vb])
    part = c.covariance[np.ix_([i, a, b], [i, a, b])]
    return r, float(np.sqrt(max(gradient @ part @ gradient, 0.0)))
