"""Sums over the counts of a Conway–Maxwell–Poisson distribution, by its mean.

The probability of y is exp(theta y - nu log y! - A), A the logarithm of what makes the sum one. All
that a fit needs are A, theta at a given mean, and a few joint cumulants of Y and T = -log Y!, which
are derivatives of A. The terms are log-concave in y, so that they fall off at both ends of a window
about the largest; where it lies away from zero and is wide, the sum over every h-th count, times
h, is as good (the trapezoidal rule, see tweedie_sum.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedeffects.family.by_pieces import by_pieces
from mixedeffects.family.one_value import one_value

# fall of a term's logarithm from the largest at the ends of a window, and points per standard
# deviation of the trapezoidal rule
NOTHING, STEPS = 42.0, 3.0
# most points of a row's window, beyond which a distribution is too wide to be summed
MOST = 200_000
# doubles in an array of a chunk
DOUBLES = 400_000
# relative error of the mean at which theta is found, and steps to it
CLOSE, MOST_STEPS = 1e-13, 60
# rounding errors of the sums
ROUNDING = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """Of every row: theta, A, E T and joint cumulants, k_ab of a times Y and b times T; (n,)."""

    theta: np.ndarray
    log_total: np.ndarray
    mean_t: np.ndarray
    k20: np.ndarray
    k30: np.ndarray
    k40: np.ndarray
    k11: np.ndarray
    k21: np.ndarray
    k31: np.ndarray


def sums(eta, log_nu):
    """The sums at means exp(eta) and nu = exp(log_nu), (n,) arrays.

    Examples
    --------
    >>> import numpy as np
    >>> at = sums(np.log(np.array([2.0])), np.zeros(1))  # Poisson
    >>> at.theta.round(12), at.log_total, at.k20
    (array([0.69314718]), array([2.]), array([2.]))
    """
    eta, log_nu = np.broadcast_arrays(np.asarray(eta, dtype=float), log_nu)
    if eta.size and one_value(log_nu):
        value = log_nu.flat[0]
        nu = np.exp(value)
        found = by_pieces(lambda x: _all_rows(x, np.full_like(x, nu)), eta, 1.0, ROUNDING)
    else:
        found = _all_rows(eta, np.exp(log_nu))
    return Sums(*found)


def _all_rows(eta, nu):
    """Arrays of `Sums`, row by row."""
    n = eta.size
    out = [np.full(n, np.nan) for _ in range(9)]
    with np.errstate(all="ignore"):
        theta, kept = _thetas(eta, nu), np.isfinite(eta) & np.isfinite(nu) & (nu > 0)
        for rows, y, log_h in _windows(theta, nu, kept):
            weights, log_total = _weights(y, theta[rows], nu[rows], log_h)
            for whole, part in zip(out, _cumulants(y, weights, log_total), strict=True):
                whole[rows] = part
        out[0] = theta
    return out


def _modes(theta, nu):
    """Where the terms are largest, about, and their standard deviation there."""
    mode = np.exp(np.minimum(theta / nu, 300.0))
    return mode, np.sqrt((mode + 0.5) / nu)


def _windows(theta, nu, kept, whole=False):
    """Rows of about as many points together: positions, counts (rows, m), log of the step.

    With `whole`, every count of the window, whatever their number.
    """
    from scipy.special import gammaln

    mode, sd = _modes(theta, nu)

    def fall(y):
        top = mode * theta - nu * gammaln(mode + 1.0)
        return top - (y * theta - nu * gammaln(y + 1.0))

    reach = np.maximum(10.0 * sd, 4.0)
    for _ in range(60):
        if not (short := kept & (fall(mode + reach) < NOTHING)).any():
            break
        reach = np.where(short, 1.3 * reach, reach)
    back = 10.0 * sd
    wide = (mode - back > 4.0) & (sd > STEPS) & (not whole)
    step = np.where(wide, np.floor(sd / STEPS), 1.0)
    first = np.maximum(np.floor(mode - back), 0.0)
    points = np.ceil((mode + reach - first) / step) + 1.0
    order = np.flatnonzero(kept & (points <= MOST))
    order = order[np.argsort(points[order], kind="stable")]
    lo = 0
    while lo < order.size:
        most = min(1.25 * points[order[lo]] + 8.0, points[order[-1]])
        hi = int(np.searchsorted(points[order], most, side="right"))
        hi = max(lo + 1, min(hi, lo + max(1, int(DOUBLES // most))))
        rows, lo = order[lo:hi], hi
        m = int(points[rows].max())
        yield rows, first[rows, None] + step[rows, None] * np.arange(m), np.log(step[rows])


def _weights(y, theta, nu, log_h):
    """Probabilities of the points, (n, m), and A."""
    from scipy.special import gammaln

    terms = theta[:, None] * y - nu[:, None] * gammaln(y + 1.0)
    top = terms.max(axis=1, keepdims=True)
    weights = np.exp(terms - top)
    total = weights.sum(axis=1, keepdims=True)
    return weights / total, top[:, 0] + np.log(total[:, 0]) + log_h


def _cumulants(y, weights, log_total):
    from scipy.special import gammaln

    t = -gammaln(y + 1.0)
    mean_y, mean_t = (weights * y).sum(axis=1), (weights * t).sum(axis=1)
    d, e = y - mean_y[:, None], t - mean_t[:, None]
    wd = weights * d
    k20, k11 = (wd * d).sum(axis=1), (wd * e).sum(axis=1)
    square = wd * d
    k30, k21 = (square * d).sum(axis=1), (square * e).sum(axis=1)
    cube = square * d
    k40 = (cube * d).sum(axis=1) - 3.0 * k20 * k20
    k31 = (cube * e).sum(axis=1) - 3.0 * k20 * k11
    return mean_y, log_total, mean_t, k20, k30, k40, k11, k21, k31


def _thetas(eta, nu):
    """theta of the mean exp(eta), by Newton steps on the logarithm of the mean."""
    mu = np.exp(eta)
    large = nu * np.log(np.maximum(mu + (nu - 1.0) / (2.0 * nu), 0.05 * mu))
    # a mean that is next to nothing is the odds of one
    theta = np.where(mu > 1.0, large, np.minimum(eta, large))
    open_ = np.flatnonzero(np.isfinite(eta) & np.isfinite(nu) & (nu > 0))
    low, high = np.full(eta.size, -np.inf), np.full(eta.size, np.inf)
    for _ in range(MOST_STEPS):
        if not open_.size:
            break
        still = np.zeros(eta.size, dtype=bool)
        for rows, y, log_h in _windows(theta[open_], nu[open_], np.ones(open_.size, dtype=bool)):
            at = open_[rows]
            weights, _ = _weights(y, theta[at], nu[at], log_h)
            mean = (weights * y).sum(axis=1)
            variance = (weights * (y - mean[:, None]) ** 2).sum(axis=1)
            gap = eta[at] - np.log(mean)
            low[at] = np.where(gap > 0, np.maximum(low[at], theta[at]), low[at])
            high[at] = np.where(gap < 0, np.minimum(high[at], theta[at]), high[at])
            new = theta[at] + np.clip(gap * mean / variance, -20.0, 20.0)
            middle = 0.5 * (low[at] + high[at])
            new = np.where((new > low[at]) & (new < high[at]), new, middle)
            moves = (np.abs(gap) > CLOSE) & np.isfinite(new)
            theta[at] = np.where(moves, new, theta[at])
            still[at] = moves
        open_ = np.flatnonzero(still)
    return theta


def tails(y, eta, log_nu):
    """P(Y <= y) and P(Y > y) of every row, each with all digits where it is small."""
    y, eta, log_nu = (np.array(x, dtype=float) for x in np.broadcast_arrays(y, eta, log_nu))
    below, above = np.full(eta.size, np.nan), np.full(eta.size, np.nan)
    with np.errstate(all="ignore"):
        nu = np.exp(log_nu)
        theta = sums(eta, log_nu).theta
        for rows, counts, log_h in _windows(theta, nu, np.isfinite(theta), whole=True):
            weights, _ = _weights(counts, theta[rows], nu[rows], log_h)
            under = counts <= y[rows, None]
            below[rows] = np.where(under, weights, 0.0).sum(axis=1)
            above[rows] = np.where(under, 0.0, weights).sum(axis=1)
    return below, above


def drawn(u, eta, log_nu):
    """The smallest counts whose distribution function exceeds u (n,), by inversion."""
    u, eta, log_nu = (np.array(x, dtype=float) for x in np.broadcast_arrays(u, eta, log_nu))
    out = np.full(eta.size, np.nan)
    with np.errstate(all="ignore"):
        nu = np.exp(log_nu)
        theta = sums(eta, log_nu).theta
        for rows, counts, log_h in _windows(theta, nu, np.isfinite(theta), whole=True):
            weights, _ = _weights(counts, theta[rows], nu[rows], log_h)
            place = (weights.cumsum(axis=1) <= u[rows, None]).sum(axis=1)
            out[rows] = counts[:, 0] + np.minimum(place, counts.shape[1] - 1)
    return out
