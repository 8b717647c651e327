"""Averages of functions over a normal distribution, row by row.

By the trapezoidal rule: for functions that are smooth in a strip about the real line, as inverse
links are, it converges exponentially (Trefethen & Weideman 2014, doi:10.1137/130932132), and
unlike a Gauss-Hermite rule it does not need more points for large standard deviations than their
scale asks for.
"""

from __future__ import annotations

import numpy as np

# half-width of the standard normal distribution, and distance of the points where s is at most 1
HALF_WIDTH, STEP = 9.0, 0.2
# most points on each side: beyond, a probability is nearly a step, good to about 1e-3
MOST_POINTS = 3000
# doubles in an array of a chunk
DOUBLES = 2_000_000


def normal_points(spread):
    """Points and weights for averages over N(0, 1) of functions of ``spread * point``.

    Functions may grow like exp(spread * point), whose product with the density has its centre at
    `spread`. Returns points, weights (m,) arrays.

    Examples
    --------
    >>> import numpy as np
    >>> x, w = normal_points(2.0)
    >>> float((w @ np.exp(2.0 * x)).round(10)), float(np.exp(2.0).round(10))
    (7.3890560989, 7.3890560989)
    """
    width = HALF_WIDTH + spread
    m = min(int(np.ceil(width * max(1.0, spread) / STEP)), MOST_POINTS)
    points = np.linspace(-width, width, 2 * m + 1)
    weights = np.exp(-0.5 * points * points)
    return points, weights / weights.sum()


def average(function, value, spread, *others, growth=1.0):
    """E f(value + spread Z, *others) of every row, Z ~ N(0, 1).

    Takes value, spread (n,) arrays; *others (n,) arrays. Returns (n,) array.

    Parameters
    ----------
    function : callable
        Of (rows, m) arrays, element by element.
    growth : float
        The function grows no faster than exp(growth value).

    Examples
    --------
    >>> import numpy as np
    >>> average(np.square, np.array([1.0]), np.array([3.0])).round(12)  # 1 + 9
    array([10.])
    """
    out = np.array(function(value, *others), dtype=float)  # not a view of the values
    wide = np.flatnonzero(spread)
    if not wide.size:
        return out
    points, weights = normal_points(growth * float(np.max(spread)))
    step = max(1, DOUBLES // points.size)
    for lo in range(0, wide.size, step):
        rows = wide[lo : lo + step]
        at = value[rows, None] + spread[rows, None] * points
        rest = [np.broadcast_to(x[rows, None], at.shape).ravel() for x in others]
        out[rows] = np.asarray(function(at.ravel(), *rest)).reshape(at.shape) @ weights
    return out
