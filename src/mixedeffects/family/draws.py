"""Draws from distributions whose parameters may lie at the ends of what floating point holds.

NumPy's generators refuse a shape of zero and a mean above 9e18; a fitted mean of exactly 0 or 1, an
infinite precision or a random effect drawn far out lead there.
"""

from __future__ import annotations

import numpy as np

# mean from which on a Poisson count is drawn from the normal distribution, which differs by 7e-7 of
# probability there; NumPy's rejection loses its digits beyond, and its variance is 10% off at 3e14
MANY = 1e10
# sum of the shapes of a beta distribution, or shape of a gamma distribution, that leaves no spread
POINT = 1e17
TINY = np.finfo(float).tiny


def poisson_counts(rng, mean):
    """(n,) Poisson counts; infinite where the mean is.

    Examples
    --------
    >>> import numpy as np
    >>> poisson_counts(np.random.default_rng(1), np.array([0.0, 2.0, 1e30, np.inf]))
    array([0.e+00, 2.e+00, 1.e+30,    inf])
    """
    mean = np.asarray(mean, dtype=float)
    many = mean > MANY
    if not many.any():
        return rng.poisson(mean).astype(float)
    out = rng.poisson(np.where(many, 0.0, mean)).astype(float)
    with np.errstate(invalid="ignore"):
        drawn = np.floor(mean + np.sqrt(mean) * rng.standard_normal(mean.shape))
    return np.where(many, np.where(np.isinf(mean), np.inf, drawn), out)


def gamma_rates(rng, shape, mean):
    """(n,) gamma variates by shape and mean; the mean itself where the shape is next to infinite.

    Examples
    --------
    >>> import numpy as np
    >>> gamma_rates(np.random.default_rng(1), np.array([np.inf, 0.0]), np.array([3.0, 3.0]))
    array([3., 0.])
    """
    shape, mean = np.broadcast_arrays(np.asarray(shape, dtype=float), mean)
    sure = shape > POINT
    drawn = rng.standard_gamma(np.where(sure, 1.0, shape))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        out = np.where(shape > 0, drawn / np.where(sure, 1.0, shape) * mean, 0.0)
    return np.where(sure, mean, out)


def beta_shares(rng, log_a, log_b):
    """(n,) beta variates by the logarithms of the shapes; 0 and 1 where one shape vanishes.

    Examples
    --------
    >>> import numpy as np
    >>> beta_shares(np.random.default_rng(1), np.array([3.0, -800.0]), np.array([-800.0, 3.0]))
    array([1., 0.])
    """
    log_a, log_b = np.broadcast_arrays(np.asarray(log_a, dtype=float), log_b)
    with np.errstate(over="ignore", under="ignore"):
        a, b = np.exp(log_a), np.exp(log_b)
        total = np.logaddexp(log_a, log_b)
        mean = np.exp(log_a - total)
    # a vanishing shape: nearly all of the mass is at one end, with the mean's share at the other
    ends = (a < TINY) | (b < TINY)
    sure = ~ends & (np.minimum(a, b) > POINT)
    plain = ~(ends | sure)
    out = np.where(ends, (rng.random(a.shape) < mean).astype(float), mean)
    out[plain] = rng.beta(a[plain], b[plain])
    return out


def log_series_counts(rng, log_odds):
    """(n,) logarithmic variates with p = expit(log_odds)."""
    p = np.exp(-np.logaddexp(0.0, -log_odds))
    return rng.logseries(np.minimum(p, 1.0 - np.finfo(float).epsneg)).astype(float)
