"""Derivative rules: value and derivatives of functions of one variable, up to the third.

Each rule is ``rule(x, order) -> [f(x), f′(x), …]`` with `order` + 1 arrays. They are what Taylor
arithmetic composes (family/taylor.py) and what the hot families use directly. scipy.special is
imported where it is needed, never with the module.
"""

from __future__ import annotations

import numpy as np

from mixedeffects.family.polygamma import tetragamma, trigamma

# numbers up to which one call more costs more than a slow logarithm of them
FEW = 128


def tails(x):
    """``exp(-|x|)``, the smaller of expit(±x), and ``log(1 + exp(-|x|))``, each without overflow.

    One exponential and one logarithm: the loss of ``log(1 + e)`` for small e is put back by the
    rounding error of 1 + e, which is known exactly. That is faster than ``log1p`` of many numbers.

    Examples
    --------
    >>> import numpy as np
    >>> e, smaller, log1p = tails(np.array([-700.0]))
    >>> bool(smaller[0] == log1p[0] == np.exp(-700.0))
    True
    """
    e = np.abs(x)
    np.negative(e, out=e)
    np.exp(e, out=e)
    u = e + 1.0
    smaller = e / u
    if e.size <= FEW:
        return e, smaller, np.log1p(e)
    lost = u - 1.0
    np.subtract(e, lost, out=lost)
    lost /= u
    lost += np.log(u)
    return e, smaller, lost


def expit(x, order):
    """The logistic function, ``1/(1 + exp(-x))``."""
    _, small, _ = tails(x)
    p = np.where(x > 0, 1.0 - small, small)
    if order == 0:
        return [p]
    pq = small * (1.0 - small)
    signed = 1.0 - 2.0 * p
    return [p, pq, pq * signed, pq * (1.0 - 6.0 * pq)][: order + 1]


def log_expit(x, order):
    """``log(expit(x))`` without overflow or loss on either side."""
    _, small, log1p = tails(x)
    out = [np.minimum(x, 0.0) - log1p]
    if order:
        q = np.where(x > 0, small, 1.0 - small)
        pq = small * (1.0 - small)
        out += [q, -pq, -pq * (2.0 * q - 1.0)]
    return out[: order + 1]


def softplus(x, order):
    """``log(1 + exp(x))``, the cumulant function of the Bernoulli distribution."""
    _, small, log1p = tails(x)
    out = [np.maximum(x, 0.0) + log1p]
    if order:
        p = np.where(x > 0, 1.0 - small, small)
        pq = small * (1.0 - small)
        out += [p, pq, pq * (1.0 - 2.0 * p)]
    return out[: order + 1]


def log_softplus(x, order):
    """``log(log(1 + exp(x)))``, which is x itself far to the left."""
    _, small, log1p = tails(x)
    s = np.maximum(x, 0.0) + log1p
    left = x < -40.0  # log(1 + e) = e to the last digit
    with np.errstate(divide="ignore", invalid="ignore"):
        out = [np.where(left, x, np.log(s))]
        if order:
            p = np.where(x > 0, 1.0 - small, small)
            q = np.where(x > 0, small, 1.0 - small)
            r = np.where(left, 1.0, p / s)
            d = q - r
            d2 = r * d
            out += [r, d2, d2 * d - r * (small * (1.0 - small) + d2)]
    return out[: order + 1]


def log1mexp(x, order):
    """``log(1 - exp(x))`` for x < 0; -inf at 0 and not a number above."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        out = [np.where(x > -0.6931, np.log(-np.expm1(x)), np.log1p(-np.exp(x)))]
        if order:
            h = 1.0 / np.expm1(-x)
            out += [-h, -h * (1.0 + h), -h * (1.0 + h) * (1.0 + 2.0 * h)]
    return out[: order + 1]


def log_cloglog(x, order):
    """``log(1 - exp(-exp(x)))``, the log probability of the complementary log-log link."""
    with np.errstate(under="ignore", divide="ignore", invalid="ignore"):
        h = np.exp(np.minimum(x, 6.6))  # beyond, exp(-h) underflows
        mu = -np.expm1(-h)
        out = [np.log(mu)]
        small = x < -36.0  # 1 - exp(-h) = h to the last digit
        some = small.any()
        if some:
            out[0] = np.where(small, x, out[0])
        if order:
            g = np.exp(-h)
            g *= h
            g /= mu
            if some:
                g = np.where(small, 1.0, g)
            d = 1.0 - h - g
            d2 = g * d
            out += [g, d2, d2 * d - g * (h + d2)]
    return out[: order + 1]


def minus_exp(x, order):
    """``-exp(x)``, the log of one minus the probability of the complementary log-log link."""
    with np.errstate(over="ignore"):
        f = -np.exp(x)
    return [f] * (order + 1)


# λ(-t) = t + 1/t - 2/t³ + 10/t⁵ - …, the inverse of Mills' ratio (OEIS A000698)
_MILLS = (1.0, -2.0, 10.0, -74.0, 706.0, -8162.0, 110410.0, -1708394.0)


def log_ndtr(x, order):
    """``log Φ(x)``; derivatives by Mills' ratio, far to the left by its asymptotic series."""
    from scipy.special import erfcx, log_ndtr

    out = [log_ndtr(x)]
    if order:
        with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
            # exp(-x²/2)/Φ(x): for x < 0 as a ratio that neither overflows nor cancels
            neg = np.minimum(x, 0.0)
            pos = np.maximum(x, 0.0)
            r = np.sqrt(2.0 / np.pi) / erfcx(neg * -np.sqrt(0.5))
            r = np.where(x > 0, np.exp(-0.5 * pos * pos - out[0]) * 0.3989422804014327, r)
            d = x + r
            d2 = -r * d
            d3 = r * (d * d + r * d - 1.0)
            if np.any(far := x < -30.0):
                t = -np.asarray(x)[far]
                r[far], d2[far], d3[far] = _mills_series(t)
            out += [r, d2, d3]
    return out[: order + 1]


def _mills_series(t):
    """λ, λ′ and λ″ by x = -t for large t."""
    v = 1.0 / t
    v2 = v * v
    first, second, third = t.copy(), np.full_like(t, -1.0), np.zeros_like(t)
    power = v
    for k, c in enumerate(_MILLS):
        m = 2 * k + 1
        first += c * power
        second += m * c * power * v
        third += m * (m + 1) * c * power * v2
        power = power * v2
    return first, second, third


def ndtr(x, order):
    """The standard normal distribution function."""
    from scipy.special import ndtr

    out = [ndtr(x)]
    if order:
        with np.errstate(under="ignore"):
            f = np.exp(-0.5 * x * x) * 0.3989422804014327
        out += [f, -x * f, (x * x - 1.0) * f]
    return out[: order + 1]


def cauchy(x, order):
    """``1/2 + arctan(x)/π`` without cancellation on the left."""
    out = [np.arctan2(1.0, -x) / np.pi]
    if order:
        f = 1.0 / (np.pi * (1.0 + x * x))
        m = -2.0 * x / (1.0 + x * x)
        out += [f, f * m, f * (6.0 * x * x - 2.0) / (1.0 + x * x) ** 2]
    return out[: order + 1]


def log_cauchy(x, order):
    """Logarithm of :func:`cauchy`."""
    p = np.arctan2(1.0, -x) / np.pi
    out = [np.log(p)]
    if order:
        u = 1.0 + x * x
        r = 1.0 / (np.pi * u * p)
        m = -2.0 * x / u
        d = m - r
        d2 = r * d
        out += [r, d2, d2 * d + r * (2.0 * (x * x - 1.0) / (u * u) - d2)]
    return out[: order + 1]


def exp(x, order):
    """``exp(x)``."""
    f = np.exp(x)
    return [f] * (order + 1)


def expm1(x, order):
    """``exp(x) - 1``."""
    f = np.exp(x) if order else None
    return [np.expm1(x), f, f, f][: order + 1]


def log(x, order):
    """``log(x)``."""
    out = [np.log(x)]
    if order:
        r = 1.0 / x
        out += [r, -r * r, 2.0 * r * r * r]
    return out[: order + 1]


def log1p(x, order):
    """``log(1 + x)``."""
    out = [np.log1p(x)]
    if order:
        r = 1.0 / (1.0 + x)
        out += [r, -r * r, 2.0 * r * r * r]
    return out[: order + 1]


def reciprocal(x, order):
    """``1/x``."""
    r = 1.0 / x
    return [r, -r * r, 2.0 * r**3, -6.0 * r**4][: order + 1] if order else [r]


def power(x, order, c):
    """``x**c``, c a number or an array."""
    out = []
    factor = np.asarray(1.0)
    for k in range(order + 1):
        with np.errstate(divide="ignore", invalid="ignore"):
            out.append(np.where(factor == 0.0, 0.0, factor * np.power(x, c - k)))
        factor = factor * (c - k)
    return out


def sqrt(x, order):
    """``sqrt(x)``."""
    s = np.sqrt(x)
    if order == 0:
        return [s]
    r = 1.0 / x
    return [s, 0.5 * s * r, -0.25 * s * r * r, 0.375 * s * r**3][: order + 1]


def arctan(x, order):
    """``arctan(x)``."""
    u = 1.0 / (1.0 + x * x)
    return [np.arctan(x), u, -2.0 * x * u * u, (6.0 * x * x - 2.0) * u**3][: order + 1]


def tanh(x, order):
    """``tanh(x)``."""
    t = np.tanh(x)
    u = 1.0 - t * t
    return [t, u, -2.0 * t * u, u * (6.0 * t * t - 2.0)][: order + 1]


def sin(x, order):
    """``sin(x)``."""
    s, c = np.sin(x), np.cos(x)
    return [s, c, -s, -c][: order + 1]


def cos(x, order):
    """``cos(x)``."""
    s, c = np.sin(x), np.cos(x)
    return [c, -s, -c, s][: order + 1]


def sinh(x, order):
    """``sinh(x)``."""
    s, c = np.sinh(x), np.cosh(x)
    return [s, c, s, c][: order + 1]


def cosh(x, order):
    """``cosh(x)``."""
    s, c = np.sinh(x), np.cosh(x)
    return [c, s, c, s][: order + 1]


def logit(x, order):
    """``log(x/(1 - x))``."""
    from scipy.special import logit

    a, b = 1.0 / x, 1.0 / (1.0 - x)
    return [logit(x), a + b, b * b - a * a, 2.0 * (a**3 + b**3)][: order + 1]


def erf(x, order):
    """The error function."""
    from scipy.special import erf

    f = np.exp(-x * x) * (2.0 / np.sqrt(np.pi))
    return [erf(x), f, -2.0 * x * f, (4.0 * x * x - 2.0) * f][: order + 1]


def gammaln(x, order):
    """``log Γ(x)`` for x > 0."""
    from scipy.special import gammaln, psi

    out = [gammaln(x)]
    if order >= 1:
        out.append(psi(x))
    if order >= 2:
        out.append(trigamma(x))
    if order >= 3:
        out.append(tetragamma(x))
    return out


def digamma(x, order):
    """The derivative of ``log Γ(x)``, for x > 0."""
    from scipy.special import psi, zeta

    out = [psi(x)]
    if order >= 1:
        out.append(trigamma(x))
    if order >= 2:
        out.append(tetragamma(x))
    if order >= 3:
        out.append(6.0 * zeta(4.0, x))
    return out


UNARY = {
    "exp": exp,
    "expm1": expm1,
    "log": log,
    "log1p": log1p,
    "reciprocal": reciprocal,
    "sqrt": sqrt,
    "arctan": arctan,
    "tanh": tanh,
    "sin": sin,
    "cos": cos,
    "sinh": sinh,
    "cosh": cosh,
    "expit": expit,
    "log_expit": log_expit,
    "logit": logit,
    "ndtr": ndtr,
    "log_ndtr": log_ndtr,
    "erf": erf,
    "gammaln": gammaln,
    "psi": digamma,
    "digamma": digamma,
    "_power": power,
    "_softplus": softplus,
}
"""Rules by the name of the ufunc; those with an underscore are called by arithmetic itself."""

_COMPARISONS = ("greater", "greater_equal", "less", "less_equal", "equal", "not_equal")
_PROPERTIES = ("isfinite", "isnan", "isinf", "sign", "signbit", "floor", "ceil")
VALUES_ONLY = frozenset((*_COMPARISONS, *_PROPERTIES))
"""Ufuncs that see the values only."""
