"""Gauss–Hermite rules of any size: nodes, and logarithms of weights that would underflow.

The nodes are the eigenvalues of the Jacobi matrix of the recurrence (Golub & Welsch 1969,
doi:10.1090/S0025-5718-69-99647-1), improved by a Newton step. With p_k the polynomials that are
orthonormal for N(0, 1), x p_k = sqrt(k + 1) p_(k+1) + sqrt(k) p_(k-1), the weight of node x is
1/(n p_(n-1)(x)²), as p_n' = sqrt(n) p_(n-1). Values of polynomials outgrow what a number can hold
(p_400 at its outermost roots is 1e170, its weight 1e-343), so they are divided by powers of two on
the way, which are kept apart.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

# size of a polynomial's value from which on it is made small again, by so many factors of two
LARGE, HALVINGS = 2.0**300, 300


@lru_cache(maxsize=16)
def hermite_rule(points):
    """Nodes (points,) and log weights (points,) for averages over N(0, 1); do not write into them.

    Examples
    --------
    >>> import numpy as np
    >>> x, log_weights = hermite_rule(3)
    >>> x, np.exp(log_weights).round(12)  # exact up to the power 5
    (array([-1.73205081,  0.        ,  1.73205081]), array([0.16666667, 0.66666667, 0.16666667]))
    """
    steps = np.sqrt(np.arange(1.0, points))
    x = np.linalg.eigvalsh(np.diag(steps, 1) + np.diag(steps, -1))
    value, slope, _ = _last_two(x, points)
    x = x - value / (np.sqrt(points) * slope)
    x = 0.5 * (x - x[::-1])  # they lie about zero, which one of them is if their number is odd
    _, last, halvings = _last_two(x, points)
    log_weights = -np.log(points) - 2.0 * (np.log(np.abs(last)) + halvings * np.log(2.0))
    log_weights = 0.5 * (log_weights + log_weights[::-1])
    for array in (x, log_weights):
        array.flags.writeable = False
    return x, log_weights


def _last_two(x, n):
    """p_n and p_(n-1) at x, both divided by the same power of two, and that power."""
    before, now = np.zeros_like(x), np.ones_like(x)
    halvings = np.zeros_like(x)
    for k in range(n):
        before, now = now, (x * now - np.sqrt(k) * before) / np.sqrt(k + 1.0)
        big = np.abs(now) > LARGE
        if big.any():
            scale = np.where(big, 2.0**-HALVINGS, 1.0)
            before, now = before * scale, now * scale
            halvings += np.where(big, HALVINGS, 0)
    return now, before, halvings
