"""Some of many rows: every so many, some at random, one of each stretch, or counts in cells.

A page draws a few thousand marks well and a million not at all; what a chart leaves out it says.
A scale, a centre or a cost is known well enough from a few thousand rows.
"""

from __future__ import annotations

from functools import lru_cache

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


@lru_cache(maxsize=8)
def scattered(n, most, seed=0):
    """One position in each of `most` equal stretches, at random; None where all n fit.

    Tables are often sorted with a period (four visits of every patient), and every k-th row of them
    may be the same visit all along. Places drawn within the stretches have no period, cover the
    table from end to end, and are the same in every session. Returns (most,) int array, increasing
    and read-only, or None.

    Parameters
    ----------
    seed : int
        The generator is its own; NumPy's global state is neither read nor changed.

    Examples
    --------
    >>> import numpy as np
    >>> rows = scattered(100_000, 10_000)
    >>> int(np.bincount(rows % 10).min())
    959
    """
    if n <= most:
        return None
    edges = np.floor(np.arange(most + 1) * (n / most))
    edges[-1] = n
    at = np.random.default_rng(seed).random(most)
    rows = (edges[:-1] + np.floor(at * np.diff(edges))).astype(np.intp)
    rows.flags.writeable = False
    return rows


def spread(n, most):
    """Positions evenly spaced from the first to the last; None where all n fit.

    Only for what has been put in an order of its own, by size or by estimate: see `scattered`.

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

    Takes bins (int, int).

    Parameters
    ----------
    x, y : (n,) arrays
        Finite.

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
