"""Estimates, tests and intervals of marginal means, row by row."""

from __future__ import annotations

from math import isqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedeffects.errors import OptionError
from mixedeffects.inference.df import linear_estimates
from mixedeffects.inference.estimable import aliasing
from mixedeffects.inference.normal import check_level
from mixedeffects.inference.separated import limits_of
from mixedeffects.means.adjust import adjusted
from mixedeffects.means.grid import combinations
from mixedeffects.means.inverse_link import InverseLink

if TYPE_CHECKING:
    from mixedeffects.means.record import MarginalMeans


def row_names(means: MarginalMeans):
    """The label columns, or one where the means have none: an overall mean."""
    return means.labels or {"term": ["overall"] * means.missing.size}


def estimable_rows(means: MarginalMeans):
    """(m, p) coefficients of the rows on beta, and (m,) which rows can be estimated."""
    L, estimable = aliasing(means.fit).reduce(means.rows)
    return L, estimable & ~means.missing


def limits_of_rows(means: MarginalMeans):
    """(m,) what becomes of each row on the model's scale; see `limits_of`."""
    L, good = estimable_rows(means)
    limits = np.zeros(good.size)
    limits[good] = limits_of(means.fit, L[good])
    return limits


def shown_columns(means: MarginalMeans, level, null):
    """The (m,) columns of the tables, intervals and p-values adjusted, on the scale asked for."""
    columns = estimates_of_rows(means, level, null)
    p, half, _ = adjusted_by_family(means, columns["statistic"], columns["df"], level)
    columns["p_value"] = p
    half = half * columns["std_error"]
    columns["lower"], columns["upper"] = _limits(means, columns["estimate"], half)
    return _on_its_scale(means, columns)


def leaves_range(means: MarginalMeans, lower, upper):
    """Whether limits of means lie beyond what the means lie between."""
    if means.kind != "mean" or means.exact:
        return False
    low, high = means.ends
    with np.errstate(invalid="ignore"):
        return bool((lower < low).any() or (upper > high).any())


def _limits(means: MarginalMeans, estimate, half):
    """Limits from estimates and half-widths.

    Where one would lie beyond what the means lie between, all are on the scale of
    log((x - low) / (high - x)), or of the logarithm of the distance from the only end, by the
    delta method.
    """
    lower, upper = estimate - half, estimate + half
    if not leaves_range(means, lower, upper):
        return lower, upper
    low, high = means.ends
    below, above = estimate - low, high - estimate
    good = np.flatnonzero((below > 0) & (above > 0) & np.isfinite(half))
    below, above, half = below[good], above[good], half[good]
    with np.errstate(over="ignore"):
        if np.isfinite(low) and np.isfinite(high):
            width = half * (1.0 / below + 1.0 / above)
            for limit, odds in (lower, np.exp(-width)), (upper, np.exp(width)):
                share = below * odds / (below * odds + above)
                limit[good] = low + (high - low) * np.where(np.isinf(odds), 1.0, share)
        elif np.isfinite(low):
            lower[good] = low + below * np.exp(-half / below)
            upper[good] = low + below * np.exp(half / below)
        else:
            lower[good] = high - above * np.exp(half / above)
            upper[good] = high - above * np.exp(-half / above)
    return lower, upper


def estimates_of_rows(means: MarginalMeans, level, null):
    """The (m,) columns of `linear_estimates` on the model's scale, nan for rows without one."""
    check_level(level)
    L, good = estimable_rows(means)
    m = good.size
    try:
        null = np.broadcast_to(np.asarray(null, dtype=float), (m,))
    except (TypeError, ValueError):
        raise OptionError(f"null={null!r} must be {m} numbers, or one") from None
    if not np.isfinite(null).all():
        raise OptionError("null= must be finite numbers")
    options: dict[str, Any] = {"null": null[good], "offset": means.offset[good]}
    found = linear_estimates(means.fit, L[good], ddf=means.ddf, level=level, **options)
    columns = {name: np.full(m, np.nan) for name in found}
    for name, values in found.items():
        columns[name][good] = values
    if not means.exact and means.fit.recession is not None:
        at = np.isinf(columns["estimate"])
        columns["estimate"][at] = (L @ means.fit.beta + means.offset)[at]
    return columns


def adjusted_by_family(means: MarginalMeans, t, df, level):
    """p-values, half-widths of intervals and largest error, as `adjusted`, of all families."""
    if means.adjust == "none":
        return *adjusted("none", t, df, level)[:2], 0.0
    correlation = _correlation(means.vcov) if means.adjust == "mvt" else None
    p, critical, worst = np.full(t.size, np.nan), np.full(t.size, np.nan), 0.0
    for members in combinations(row_names(means), means.by).values():
        own = np.array(members)
        p[own], critical[own], error = adjusted(
            means.adjust, t[own], df[own], level, n_means=n_compared(own.size),
            correlation=None if correlation is None else correlation[np.ix_(own, own)],
        )  # fmt: skip
        worst = max(worst, error)
    return p, critical, worst


def n_compared(n_pairs):
    """Number of means that have so many pairs.

    Examples
    --------
    >>> n_compared(1), n_compared(3), n_compared(6)
    (2, 3, 4)
    """
    return (1 + isqrt(1 + 8 * n_pairs)) // 2


def _correlation(V):
    with np.errstate(invalid="ignore", divide="ignore"):
        sd = np.sqrt(np.diag(V))
        return V / np.outer(sd, sd)


def _on_its_scale(means: MarginalMeans, columns):
    """The columns on the scale of the means, errors by the delta method, intervals by their ends.

    A contrast becomes a ratio.
    """
    if means.scale == "link" or means.transformation is None or means.kind == "slope":
        return columns
    eta = columns["estimate"]
    if means.kind == "contrast":
        back = slope = means.transformation.ratio
        scale = np.log(means.transformation.ratio(1.0))
        columns["std_error"] = scale * slope(eta) * columns["std_error"]
    else:
        back = means.transformation.inverse
        columns["std_error"] = np.abs(means.transformation.derivative(eta)) * columns["std_error"]
    columns["estimate"] = back(eta)
    ends = np.sort([back(columns["lower"]), back(columns["upper"])], axis=0)
    columns["lower"], columns["upper"] = ends
    change = bounded_change(means)
    if change is not None:
        beyond = change.beyond(columns["estimate"])
        for name in ("lower", "upper"):
            columns[name] = np.clip(columns[name], *change.ends)
        for name in ("estimate", "std_error", "lower", "upper"):
            columns[name] = np.where(beyond, np.nan, columns[name])
    return columns


def bounded_change(means: MarginalMeans):
    """The inverse link of means on the response's scale, where it can leave what the family has."""
    change = means.transformation
    if means.scale == "link" or means.kind in ("contrast", "slope"):
        return None
    if not isinstance(change, InverseLink) or not np.isfinite(change.ends).any():
        return None
    return change
