"""Bootstrap intervals from replicates: percentile, basic, normal, BCa and studentized.

Davison & Hinkley (1997), Bootstrap Methods and their Application, chapter 5.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import Literal

import numpy as np

from mixedeffects.inference.normal import z_quantile

normal = NormalDist()


def percentile(estimate, replicates, level):
    """Quantiles of the replicates, per column.

    Returns lower, upper (P,) arrays.

    Parameters
    ----------
    estimate : (P,), replicates : (R, P)
        nan where a replicate has no value.

    Examples
    --------
    >>> import numpy as np
    >>> percentile(np.zeros(1), np.arange(101.0)[:, None], 0.9)
    (array([5.]), array([95.]))
    """
    tail = 0.5 * (1.0 - level)
    return quantiles(replicates, tail), quantiles(replicates, 1.0 - tail)


def basic(estimate, replicates, level):
    """The percentile interval reflected at the estimate."""
    lower, upper = percentile(estimate, replicates, level)
    with np.errstate(invalid="ignore"):
        return _reflected(estimate, lower, upper)


def _reflected(estimate, lower, upper):
    return 2.0 * estimate - upper, 2.0 * estimate - lower


def normal_theory(estimate, replicates, level):
    """Estimate less bias, plus and minus standard errors of the replicates."""
    replicates = np.where(np.isinf(replicates).any(axis=0), np.nan, replicates)
    with np.errstate(invalid="ignore"):
        centre = 2.0 * estimate - np.nanmean(replicates, axis=0)
        half = z_quantile(level) * np.nanstd(replicates, axis=0, ddof=1)
    return centre - half, centre + half


def studentized(estimate, std_error, replicates, std_errors, level, *, symmetric=False):
    """Quantiles of (replicate - estimate) / its standard error, turned round the estimate.

    Parameters
    ----------
    symmetric : bool
        Take the quantile of the modulus on both sides (Hall 1988, doi:10.1214/aos/1176350933).
        Its coverage error is of smaller order in the number of clusters.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        t = (replicates - estimate) / std_errors
    t[~np.isfinite(t)] = np.nan
    # (R + 1) p-th order statistics: with R replicates drawn from the truth they cover exactly
    if symmetric:
        half = quantiles(np.abs(t), level, method="weibull") * std_error
        return estimate - half, estimate + half
    tail = 0.5 * (1.0 - level)
    low, high = (quantiles(t, p, method="weibull") for p in (tail, 1.0 - tail))
    return estimate - high * std_error, estimate - low * std_error


def bca(estimate, replicates, jackknife, level):
    """Bias-corrected and accelerated percentiles (Efron 1987).

    Parameters
    ----------
    jackknife : (q, P) array
        Estimates with one cluster left out.

    Returns
    -------
    lower, upper : (P,) arrays
        nan where all replicates lie on one side of the estimate, or none differs from it.
    """
    lower, upper = np.full(estimate.size, np.nan), np.full(estimate.size, np.nan)
    z = z_quantile(level)
    for i in range(estimate.size):
        values = replicates[np.isfinite(replicates[:, i]), i]
        left_out = jackknife[np.isfinite(jackknife[:, i]), i]
        if values.size == 0 or left_out.size < 2 or not np.isfinite(estimate[i]):
            continue
        size = 1e-12 * max(1e-300, np.abs(values).max())
        below = np.mean(values < estimate[i] - size)
        share = below + 0.5 * np.mean(np.abs(values - estimate[i]) <= size)
        if not 0.0 < share < 1.0:
            continue
        deviation = left_out.mean() - left_out
        spread = float(deviation @ deviation) ** 1.5
        a = float(np.sum(deviation**3)) / (6.0 * spread) if spread > 0 else 0.0
        z0 = normal.inv_cdf(float(share))
        ends = []
        for side in (-z, z):
            w = z0 + side
            ends.append(normal.cdf(z0 + w / (1.0 - a * w)) if a * w < 1.0 else float(side > 0))
        lower[i], upper[i] = np.quantile(values, ends)
    return lower, upper


def quantiles(values, probability, *, method: Literal["linear", "weibull"] = "linear"):
    """Quantile of each column, nan left out; nan for a column of nan.

    Of a column with infinities, the order statistic on the outer side.
    """
    out = np.full(values.shape[1], np.nan)
    infinite = np.isinf(values).any(axis=0)
    known = np.isfinite(values).any(axis=0) & ~infinite
    if known.any():
        out[known] = np.nanquantile(values[:, known], probability, axis=0, method=method)
    outward: Literal["lower", "higher"] = "lower" if probability < 0.5 else "higher"
    for j in np.flatnonzero(infinite):  # between a number and infinity nothing is interpolated
        out[j] = np.nanquantile(values[:, j], probability, method=outward)
    return out
