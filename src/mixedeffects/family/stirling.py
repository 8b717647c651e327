"""Log gamma functions without the cancellation that large dispersion parameters bring.

A negative binomial with theta = 1e8 is a Poisson, but ``gammaln(y + theta) - gammaln(theta)`` has
lost half of its digits by then. The two functions here are what remains after the parts that cancel
are taken out by algebra. Both take the *logarithm* of the large (or tiny) parameter, since
that is what a model's linear predictor gives, and are exact at both ends.

References
----------
Loader (2000), *Fast and accurate computation of binomial probabilities*.
Abramowitz & Stegun (1964), 6.1.40.
"""

from __future__ import annotations

import numpy as np

from mixedeffects.family.one_value import one_value
from mixedeffects.family.polygamma import tetragamma, trigamma
from mixedeffects.family.smooth import Smooth

# s(x) = 1/(12 x) - 1/(360 x³) + …
_SERIES = (
    1 / 12,
    -1 / 360,
    1 / 1260,
    -1 / 1680,
    1 / 1188,
    -691 / 360360,
    1 / 156,
    -3617 / 122400,
)
_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)
_DIGAMMA = tuple(b / (2 * k + 2) for k, b in enumerate(_BERNOULLI))
_TETRAGAMMA = tuple(b * (2 * k + 3) for k, b in enumerate(_BERNOULLI))
_SHIFT = 8
_FEW = 32
_HALF_LOG_2PI = 0.9189385332046727


def _piecewise(t, order, large, small, *more):
    """A rule that is one formula where exp(t) >= 10 and another below."""
    t = np.asarray(t, dtype=float)
    is_large = t >= 2.302585092994046
    if is_large.all():
        return large(t, order, *more)
    if not is_large.any():
        return small(t, order, *more)
    out = [np.empty(t.shape) for _ in range(order + 1)]
    for rows, formula in ((is_large, large), (~is_large, small)):
        for whole, part in zip(out, formula(t[rows], order, *(m[rows] for m in more)), strict=True):
            whole[rows] = part
    return out


def _error_large(t, order):
    v = np.exp(-t)
    v2 = v * v
    return [
        v * _series_sum([c * (-(2 * k + 1)) ** j for k, c in enumerate(_SERIES)], v2)
        for j in range(order + 1)
    ]


def _error_small(t, order):
    """By the recurrence of log Γ up to x + 8, where the series holds: few passes, no slow calls."""
    x = np.exp(t)
    shifted = x + _SHIFT
    log_shifted = np.log(shifted)
    v = 1.0 / shifted
    v2 = v * v
    series = _series_sum(_SERIES, v2) * v
    factor = np.ones_like(x)
    sums = [np.zeros_like(x) for _ in range(order)]  # of (x + k)^-1, ^-2, ^-3
    for k in range(1, _SHIFT):
        each = x + k
        factor *= each
        if order:
            np.divide(1.0, each, out=each)
            power = each
            for j in range(order):
                sums[j] += power
                if j + 1 < order:
                    power = power * each
    value = (shifted - 0.5) * log_shifted - _SHIFT + series - np.log(factor) - (x + 0.5) * t
    out = [value]
    if order >= 1:
        psi = log_shifted - 0.5 * v - v2 * _series_sum(_DIGAMMA, v2) - sums[0]
        xpsi, xt = x * psi, x * t
        out.append(xpsi - xt - 0.5)
    if order >= 2:
        psi1 = v + 0.5 * v2 + v * v2 * _series_sum(_BERNOULLI, v2) + sums[1]
        x2 = x * x * psi1
        out.append(xpsi + x2 - xt - x)
    if order >= 3:
        psi2 = -v2 - v * v2 - v2 * v2 * _series_sum(_TETRAGAMMA, v2) - 2.0 * sums[2]
        out.append(xpsi + 3.0 * x2 + x**3 * psi2 - xt - 2.0 * x)
    return out


def _series_sum(coefficients, v2):
    """``c[0] + c[1] v² + c[2] v⁴ + …``."""
    total = np.full_like(v2, coefficients[-1])
    for c in coefficients[-2::-1]:
        total *= v2
        total += c
    return total


def _error_rule(t, order):
    t = np.asarray(t, dtype=float)
    if t.ndim and len(t) > 1 and one_value(t):
        return [np.broadcast_to(part, t.shape) for part in _error_rule(t[:1], order)]
    return _piecewise(t, order, _error_large, _error_small)


stirling_error = Smooth(_error_rule)
"""What Stirling's formula leaves of log Γ(x), by t = log x: ``log Γ(x) - (x - 1/2) log x + x -
log(2π)/2``; about 1/(12 x) for large x.

Examples
--------
>>> float(stirling_error(np.log(np.array([1e8])))[0])  # 1/(12e8)
8.33...e-10
"""


def log1pmx(x):
    """``log(1 + x) - x`` for x >= 0, accurate for small x.

    Examples
    --------
    >>> import numpy as np
    >>> float(log1pmx(np.array([1e-9]))[0])
    -4.99999...e-19
    """
    s = x / (2.0 + x)  # log(1 + x) = 2 artanh(s)
    s2 = np.minimum(s * s, 0.03)
    total = np.zeros_like(s)
    for k in range(11, -1, -1):
        total *= s2
        total += 1.0 / (2 * k + 3)
    return np.where(x < 0.35, 2.0 * s * s2 * total - s * x, np.log1p(x) - x)


def _powers_of_error(v, v2, order):
    """x^j s^(j)(x) for j = 0..order at x = 1/v."""
    out = []
    for j in range(order + 1):
        falling = [
            (1, -m, m * (m + 1), -m * (m + 1) * (m + 2))[j] for m in range(1, 2 * len(_SERIES), 2)
        ]
        out.append(v * _series_sum([c * f for c, f in zip(_SERIES, falling, strict=True)], v2))
    return out


def _rising_large(t, order, y):
    theta = np.exp(t)
    r = y / theta
    rho = 1.0 / (1.0 + r)
    v = 1.0 / theta
    at_theta = _powers_of_error(v, v * v, order)
    w = v * rho
    at_sum = _powers_of_error(w, w * w, order)
    loss = log1pmx(r)
    value = (theta + y - 0.5) * loss + (y - 0.5) * r + at_sum[0] - at_theta[0]
    out = [value]
    if order >= 1:
        a1 = theta * loss + 0.5 * r * rho + rho * at_sum[1] - at_theta[1]
        out.append(a1)
    if order >= 2:
        rr = rho * rho
        a2 = y * r * rho - 0.5 * r * (2.0 + r) * rr + rr * at_sum[2] - at_theta[2]
        out.append(a1 + a2)
    if order >= 3:
        a3 = (
            -y * r * (3.0 + 2.0 * r) * rr
            + r * (3.0 + 3.0 * r + r * r) * rr * rho
            + rr * rho * at_sum[3]
            - at_theta[3]
        )
        out.append(a1 + 3.0 * a2 + a3)
    return out


def _rising_small(t, order, y):
    few = (y <= _FEW) & (t > -18.0) & (y == np.floor(y))
    if few.all():
        return _rising_few(t, order, y)
    out = _rising_gamma(t, order, y)
    if few.any():
        for whole, part in zip(out, _rising_few(t[few], order, y[few]), strict=True):
            whole[few] = part
    return out


def _rising_few(t, order, y):
    """The product of 1 + k/θ for k < y, of few whole y: nothing but multiplication."""
    theta = np.exp(t)
    inverse = 1.0 / theta
    product = np.ones_like(theta)
    sums = [np.zeros_like(theta) for _ in range(order)]
    for k in range(1, int(y.max(initial=0.0))):
        more = y > k
        each = inverse * k
        each *= more
        each += 1.0
        product *= each
        if order:
            p = k / (theta + k)
            p *= more
            sums[0] -= p
        if order >= 2:
            pq = p * (1.0 - p)
            sums[1] += pq
        if order >= 3:
            sums[2] -= pq * (1.0 - 2.0 * p)
    return [np.log(product), *sums]


def _rising_gamma(t, order, y):
    from scipy.special import gammaln, psi

    theta = np.exp(t)
    top, bottom = theta + y, theta + 1.0
    out = [gammaln(top) - gammaln(bottom) + t - y * t]
    if order >= 1:
        a1 = theta * (psi(top) - psi(bottom))
        out.append(a1 + 1.0 - y)
    if order >= 2:
        a2 = theta**2 * (trigamma(top) - trigamma(bottom))
        out.append(a1 + a2)
    if order >= 3:
        out.append(a1 + 3.0 * a2 + theta**3 * (tetragamma(top) - tetragamma(bottom)))
    return [np.where(y == 0, 0.0, part) for part in out]


def _rising_rule(t, order, y):
    t, y = np.asarray(t, dtype=float), np.asarray(y, dtype=float)
    if y.ndim and len(y) > 1 and one_value(y) and one_value(t):
        t = t[:1] if t.ndim else t
        return [np.broadcast_to(part, y.shape) for part in _rising_rule(t, order, y[:1])]
    t, y = np.broadcast_arrays(t, y)
    return _piecewise(t, order, _rising_large, _rising_small, y)


_rising = Smooth(_rising_rule)


def rising_excess(y, t):
    """``log(Γ(θ + y) / Γ(θ)) - y log θ`` by t = log θ: how much more than y factors of θ.

    Zero for y = 0 and 1, about y (y - 1)/(2 θ) for large θ. Takes t (n,) array or Jet.

    Parameters
    ----------
    y : (n,) array
        At least 0; not a variable.

    Examples
    --------
    >>> import numpy as np
    >>> rising_excess(np.array([3.0]), np.log(np.array([1e12])))
    array([3.e-12])
    """
    return _rising(t, y)


def rising_derivatives(y, t, order):
    """Value and derivatives by t of :func:`rising_excess`, a list of `order` + 1 arrays."""
    return _rising_rule(t, order, y)


def rising_of_counts(response, key, counts, t, order):
    """:func:`rising_derivatives`, by the distinct counts where `t` is one number.

    Parameters
    ----------
    response : Response
        Remembers the distinct `counts` under `key`.
    """
    if len(t) and one_value(t):
        values, place = response.remember(key, lambda: np.unique(counts, return_inverse=True))
        if 2 * len(values) < len(counts):
            at = np.full(len(values), t[0])
            return [part[place] for part in rising_derivatives(values, at, order)]
    return rising_derivatives(counts, t, order)
