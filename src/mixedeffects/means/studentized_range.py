"""The studentized range: the distribution behind Tukey's comparisons of all pairs."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

# nodes over the largest of the k variables, and over the estimated standard deviation, whose
# logarithm spreads far below zero when df are few
INNER, OUTER, OUTER_FEW = 96, 128, 640
FEW = 10.0
# logarithm of a density that counts as nothing
NOTHING = 38.0
# |z| beyond which the normal density is below 1e-16 of its peak
FAR = 8.5


@lru_cache(maxsize=4)
def _nodes(n):
    return np.polynomial.legendre.leggauss(n)


def range_cdf(w, k):
    """P(range of k independent standard normals <= w).

    Takes w array.

    Examples
    --------
    >>> import numpy as np
    >>> range_cdf(np.array([2.772]), 2).round(3)
    array([0.95])
    """
    from scipy.special import ndtr

    x, weight = _nodes(INNER)
    w = np.asarray(w, dtype=float)[..., None]
    # k times the integral over the largest: all others lie within w below it
    low = np.full_like(w, -FAR)
    high = np.full_like(w, FAR)
    z = 0.5 * (high - low) * x + 0.5 * (high + low)
    density = np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)
    inner = np.maximum(ndtr(z) - ndtr(z - w), 0.0) ** (k - 1)
    return np.minimum(k * FAR * (weight * density * inner).sum(axis=-1), 1.0)


def studentized_range_sf(q, k, df):
    """P(Q > q) for the range of k means over an independent standard deviation.

    Parameters
    ----------
    k : int
        Number of means.
    df : float
        Degrees of freedom of the standard deviation; may be inf.

    References
    ----------
    Copenhaver & Holland (1988), doi:10.1080/00949658808811082; here by Gauss-Legendre quadrature.

    Examples
    --------
    >>> round(studentized_range_sf(3.877, 3, 10), 4)
    0.05
    """
    from scipy.special import gammaln

    if not np.isfinite(q):
        return 0.0 if q == np.inf else float("nan")
    if q <= 0.0:
        return 1.0
    if not np.isfinite(df):
        return float(1.0 - range_cdf(np.array([q]), k)[0])
    # s = exp(v) has s^2 df ~ chi-squared: integrate over log s, where the density is smooth
    x, weight = _nodes(OUTER if df >= FEW else OUTER_FEW)
    low, high = _ends(NOTHING / df)
    v = 0.5 * (high - low) * x + 0.5 * (high + low)
    log_density = (
        np.log(2.0) + 0.5 * df * np.log(0.5 * df) - gammaln(0.5 * df)
        + df * v - 0.5 * df * np.exp(2.0 * v)
    )  # fmt: skip
    mass = 0.5 * (high - low) * weight * np.exp(log_density)
    tail = 1.0 - range_cdf(q * np.exp(v), k)
    return float(min(max((mass * tail).sum(), 0.0), 1.0))


def _ends(drop):
    """Where v - exp(2 v) / 2 is `drop` below its largest value, -1/2."""
    low = -drop - 0.5 if drop > 1.0 else -np.sqrt(2.0 * drop)
    high = min(np.sqrt(drop), 0.5 * np.log1p(2.0 * drop) + 0.5)
    for _ in range(30):
        low -= (low - 0.5 * np.exp(2.0 * low) + 0.5 + drop) / (1.0 - np.exp(2.0 * low))
        high -= (high - 0.5 * np.exp(2.0 * high) + 0.5 + drop) / (1.0 - np.exp(2.0 * high))
    return low, high


def studentized_range_quantile(probability, k, df):
    """The value that Q stays below with the given probability.

    Examples
    --------
    >>> round(studentized_range_quantile(0.95, 3, 10), 4)
    3.8768
    """
    from scipy.optimize import brentq

    tail = 1.0 - probability
    high = 4.0
    while studentized_range_sf(high, k, df) > tail and high < 1e8:
        high *= 2.0
    return brentq(lambda q: studentized_range_sf(q, k, df) - tail, 0.0, high, xtol=1e-9)  # type: ignore[return-value]
