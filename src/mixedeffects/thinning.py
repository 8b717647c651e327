"""Fewer rows for a chart: every so many, some at random, or counts in cells.

A page draws a few thousand marks well and a million not at all; what a chart leaves out it says.
"""

from __future__ import annotations

import numpy as np

# marks that one layer of a chart may have
MOST_MARKS = 4000


def sampled(n, most=MOST_MARKS, seed=0):
    """Positions of a random sample without replacement, in order; None where all n fit.

    Examples
    --------
    >>> sampled(5, 10) is None, sampled(100, 3).tolist()
    (True, [51, 63, 83])
    """
    if n <= most:
        return None
    return np.sort(np.random.default_rng(seed).choice(n, most, replace=False))


def spread(n, most):
    """Positions evenly spaced from the first to the last; None where all n fit.

    Examples
    --------
    >>> spread(101, 3).tolist()
    [0, 50, 100]
    """
    if n <= most:
        return None
    return np.unique(np.linspace(0, n - 1, most).round().astype(np.intp))


def cells(x, y, bins=(60, 40)):
    """Counts of points in a grid of rectangles, empty ones left out.

    Parameters
    ----------
    x, y : (n,) arrays
        Finite.
    bins : (int, int)

    Returns
    -------
    dict of (m,) arrays
        x0, x1, y0, y1 (edges) and count.
    """
    counts, xe, ye = np.histogram2d(x, y, bins=bins)
    i, j = np.nonzero(counts)
    return {
        "x0": xe[i], "x1": xe[i + 1], "y0": ye[j], "y1": ye[j + 1],
        "count": counts[i, j].astype(np.int64),
    }  # fmt: skip
