"""Names beside points: which of them have room."""

from __future__ import annotations

import numpy as np

# a name's width and height, as shares of the ranges of x and y
WIDE, TALL = 0.13, 0.05


def have_room(x, y, x_range, y_range):
    """Which points can have a name that does not lie on one of an earlier point.

    Returns (n,) bool array.

    Parameters
    ----------
    x, y : (n,) arrays
        Points, the most important first.
    x_range, y_range : float
        Lengths of the axes, roughly.

    Examples
    --------
    >>> import numpy as np
    >>> have_room(np.array([1.0, 1.05, 9.0]), np.array([3.0, 3.1, 3.0]), 10.0, 10.0).tolist()
    [True, False, True]
    """
    kept: list[int] = []
    for i in range(len(x)):
        near = [
            abs(x[i] - x[j]) < WIDE * x_range and abs(y[i] - y[j]) < TALL * y_range for j in kept
        ]
        if not any(near):
            kept.append(i)
    return np.isin(np.arange(len(x)), kept)
