"""The sum over the number of amounts in the density of a compound Poisson-gamma total.

With lambda = y^q/(phi q), q = 2 - p, and a = q/(p - 1), the density at mu = y times y is a function
of lambda and a alone,

    sum over j >= 1 of sqrt(a)/(2 pi) exp{-S(j) - S(j a) + (1 + a) (j log(lambda/j) + j - lambda)},

S the error of Stirling's formula: Poisson and gamma densities, each written about its saddle point
(Loader 2000), so that nothing large cancels. The terms are a smooth function of j of standard
deviation sigma = sqrt(lambda/(1 + a)). Where that is wide, the sum is the integral to within
exp(-2 pi² sigma²), and the trapezoidal rule with steps of sigma / 2.5 gives it as exactly: the cost
does not grow with lambda. Compare Dunn & Smyth (2005), doi:10.1007/s11222-005-4070-y, who add up
all terms.
"""

from __future__ import annotations

import numpy as np

from mixedeffects.family.by_pieces import by_pieces
from mixedeffects.family.one_value import one_value
from mixedeffects.family.stirling import stirling_error
from mixedeffects.family.taylor import Jet

_LOG_2PI = 1.8378770664093453
# (1 + a) lambda from which on the terms near j = 1 are negligible (exp(-60) of the largest)
FAR = 60.0
# steps of the trapezoidal rule per standard deviation, and the range in standard deviations
STEPS, LEFT, RIGHT = 2.5, 9.5, 12.0
# standard deviations above its mean (and 12 more) that a Poisson count reaches with about 1e-16
COUNTS = 8.0
# below which log(1 + x) - x is summed, of so many terms
NEAR, TERMS = 0.3, 9
# doubles in an array of a chunk
DOUBLES = 500_000


def saturated(log_rate, log_shape):
    """Log density of y, at the mean y, plus log y; takes arrays, or jets of first order.

    Parameters
    ----------
    log_rate, log_shape : (n,) array
        log lambda and log a.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.special import ive  # p = 3/2: a Bessel function
    >>> rate = np.array([2.0])
    >>> exact = np.log(rate * ive(1, 2 * rate)) + 2 * rate - 2 * rate
    >>> bool(np.isclose(saturated(np.log(rate), np.zeros(1)), exact, rtol=1e-13)[0])
    True
    """
    jets = [x for x in (log_rate, log_shape) if isinstance(x, Jet)]
    if not jets:
        return _value_and_slopes(log_rate, log_shape, slopes=False)[0]
    values = [np.asarray(getattr(x, "value", x)) for x in (log_rate, log_shape)]
    found = _value_and_slopes(*values, slopes=True)
    of = jets[0].space
    parts: list = [found[0]] + [None] * (len(of.keys) - 1)
    for x, slope in zip((log_rate, log_shape), found[1:], strict=True):
        if not isinstance(x, Jet):
            continue
        for i, c in enumerate(x.coefficients):
            if i == 0 or c is None:
                continue
            if len(of.keys[i]) > 1:
                raise TypeError("the tweedie density has first derivatives by phi and p only")
            parts[i] = slope * c if parts[i] is None else parts[i] + slope * c
    return Jet(of, parts)


def saturated_slopes(log_rate, log_shape):
    """The same, and its derivatives by log lambda and log a."""
    return _value_and_slopes(log_rate, log_shape, slopes=True)


def _value_and_slopes(log_rate, log_shape, slopes):
    log_rate, log_shape = np.broadcast_arrays(log_rate, log_shape)
    if not (log_shape.size and one_value(log_shape)):
        return _all_rows(log_rate, log_shape, slopes)
    # the series in lambda^(1 + a) is zero where that is negative: at log lambda ± i pi/(1 + a)
    shape = log_shape.flat[0]
    with np.errstate(over="ignore"):
        length = min(1.0, 2.0 / (1.0 + np.exp(shape)))
    return by_pieces(lambda x: _all_rows(x, np.full_like(x, shape), slopes), log_rate, length)


def _all_rows(log_rate, log_shape, slopes):
    n = log_rate.size
    out = [np.empty(n) for _ in range(3 if slopes else 1)]
    with np.errstate(all="ignore"):
        rate, a = np.exp(log_rate), np.exp(log_shape)
        far = (1.0 + a) * rate >= FAR
        few = ~far & (rate < 3.0)
        one = np.ones(1)
        for rows, start, step, points in (
            (np.flatnonzero(few), one, one, 40),
            (np.flatnonzero(~far & ~few), one, one, 160),
            (np.flatnonzero(far), *_windows(rate[far], a[far]), int((LEFT + RIGHT) * STEPS) + 2),
        ):
            grid = np.arange(points, dtype=float)
            size = max(1, DOUBLES // points)
            for lo in range(0, rows.size, size):
                at = rows[lo : lo + size]
                if start is one:  # j = 1, 2, …
                    by, j = one, 1.0 + grid[None, :]
                    distance = j - rate[at, None]
                else:
                    by = step[lo : lo + size]
                    distance = start[lo : lo + size, None] + by[:, None] * grid
                    j = rate[at, None] + distance
                found = _summed(j, distance, by, a[at], log_rate[at], log_shape[at], slopes)
                for whole, part in zip(out, found, strict=True):
                    whole[at] = part
                out[0][at] += np.log(by)
    return out


def _windows(rate, a):
    """First point, from lambda, and step of the trapezoidal rule; narrow terms: whole numbers."""
    sigma = np.sqrt(rate / (1.0 + a))
    step = np.maximum(1.0, sigma / STEPS)
    start = -LEFT * np.maximum(sigma, 1.0 / STEPS)
    return np.where(step == 1.0, np.floor(rate + start) - rate, start), step


def _summed(j, distance, step, a, log_rate, log_shape, slopes):
    """Log of the sum over the points j (n, m) or (1, m), and its derivatives.

    The distances of the points from lambda have the digits that the points themselves lose where
    lambda is large. The mean of the distance, about 1 among distances as large as sigma, comes
    there from the integral of the terms' derivative by j, which is zero.
    """
    a, log_shape = a[:, None], log_shape[:, None]
    inside = j >= 0.5
    j = np.where(inside, j, 1.0)
    x = -distance / j
    # log(lambda / j) - (lambda / j - 1), also where lambda underflows beside j
    fall = np.where(np.abs(x) < 0.5, log1p_less(x), log_rate[:, None] - np.log(j) - x)
    log_j = np.log(j)
    same = one_value(log_shape[:, 0])
    shape_error = _stirling_errors(log_j + (log_shape[:1] if same else log_shape), int(slopes))
    count_error = _stirling_errors(log_j, int(slopes))
    terms = (1.0 + a) * (j * fall) - count_error[0] - shape_error[0]
    terms = np.where(inside, terms, -np.inf)
    top = terms.max(axis=1, keepdims=True)
    weights = np.exp(terms - top)
    total = weights.sum(axis=1)
    value = top[:, 0] + np.log(total) + 0.5 * log_shape[:, 0] - _LOG_2PI
    if not slopes:
        return [value]
    weights = weights / total[:, None]
    by_rate = (1.0 + a[:, 0]) * (weights * distance).sum(axis=1)
    if (wide := step > 1.0).any():
        share = 1.0 + x  # lambda / j
        parts = (1.0 + a) * (share * (j * fall) - distance * x)
        parts = parts - share * (count_error[1] + shape_error[1])
        by_rate = np.where(wide, (weights * parts).sum(axis=1), by_rate)
    by_shape = 0.5 + (weights * (a * j * fall - shape_error[1])).sum(axis=1)
    return [value, by_rate, by_shape]


def log1p_less(x):
    """``log(1 + x) - x`` with all of its digits near zero, too.

    By r = x/(2 + x), as log(1 + x) = 2 atanh(r) and x = 2r/(1 - r) (Loader 2000).

    Examples
    --------
    >>> import numpy as np
    >>> log1p_less(np.array([1e-9, 1.0]))  # -x²/2; log 2 - 1
    array([-5.00000000e-19, -3.06852819e-01])
    """
    r = x / (2.0 + x)
    square = r * r
    total = np.full_like(r, 1.0 / (2 * TERMS + 3))
    for k in range(TERMS, 0, -1):
        total *= square
        total += 1.0 / (2 * k + 1)
    near = 2.0 * square * (r * total - 1.0 / (1.0 - r))
    return np.where(np.abs(x) < NEAR, near, np.log1p(x) - x)


def _stirling_errors(t, order):
    """The errors, and their first derivatives, of an array of any shape."""
    return [d.reshape(t.shape) for d in stirling_error.rule(t.ravel(), order)]


def compound_cdf(y, mean, rate, a):
    """P(Y <= y) of totals of Poisson(rate) many gamma amounts of shape a, with this mean."""
    from scipy.special import gammainc

    y, mean, rate, a = np.broadcast_arrays(y, mean, rate, a)
    out = np.exp(-rate)
    with np.errstate(all="ignore"):
        # a gamma amount has the scale mean / (rate a): a total of j of them is below y
        ratio = y * rate * a / mean
        sigma = np.sqrt(rate)
        step = np.maximum(1.0, np.floor(sigma / (STEPS * np.sqrt(1.0 + a))))
        start = np.maximum(1.0, np.floor(rate - LEFT * sigma))
        points = np.ceil((rate + COUNTS * sigma + 12.0 - start) / step)
        positive = (y > 0.0) & np.isfinite(points)
        order = np.flatnonzero(positive)[np.argsort(points[positive], kind="stable")]
        lo = 0
        while lo < order.size:
            m = int(points[order[lo]])
            # rows of about the same number of points together
            most = min(int(1.2 * m) + 2, int(points[order[-1]]))
            hi = int(np.searchsorted(points[order], most, side="right"))
            hi = max(lo + 1, min(hi, lo + max(1, DOUBLES // most)))
            rows, lo = order[lo:hi], hi
            j = start[rows, None] + step[rows, None] * np.arange(most)
            x = (rate[rows, None] - j) / j
            fall = np.where(np.abs(x) < 0.5, log1p_less(x), np.log(rate[rows, None] / j) - x)
            log_j = np.log(j)
            mass = np.exp(j * fall - _stirling_errors(log_j, 0)[0] - 0.5 * (_LOG_2PI + log_j))
            below = gammainc(j * a[rows, None], ratio[rows, None])
            out[rows] += step[rows] * (mass * below).sum(axis=1)
    return np.where(y < 0.0, 0.0, np.minimum(out, 1.0))
