"""Tukey's boxes, level by level."""

from __future__ import annotations

import numpy as np

# how far whiskers reach, in interquartile ranges
WHISKER = 1.5


def level_order(values, codes, n_levels):
    """Rows level by level, in order of size, and where the rows of each level begin.

    Returns order (n,) int array, start (n_levels + 1,) int array.
    """
    counts = np.bincount(codes, minlength=n_levels)
    return np.lexsort((values, codes)), np.concatenate([[0], np.cumsum(counts)])


def boxes(values, codes, n_levels, *, ordered=None):
    """Quartiles and whiskers of each level that has values.

    Takes codes (n,) int array.

    Parameters
    ----------
    values : (n,) float array
        Finite.
    ordered : optional
        What `level_order` found, if it is known.

    Returns
    -------
    dict of (m,) arrays
        level (position), n, mean, sd (nan of one value), median, q1, q3, low, high: whiskers end
        at the outermost values within 1.5 interquartile ranges of the box, or at the box where
        quartiles between values leave none outside of it.

    References
    ----------
    Tukey (1977), Exploratory Data Analysis.

    Examples
    --------
    >>> import numpy as np
    >>> found = boxes(np.array([1.0, 2, 3, 4, 50]), np.zeros(5, int), 2)
    >>> {name: float(found[name][0]) for name in ("n", "median", "q1", "q3", "low", "high")}
    {'n': 5.0, 'median': 3.0, 'q1': 2.0, 'q3': 4.0, 'low': 1.0, 'high': 4.0}
    """
    order, start = level_order(values, codes, n_levels) if ordered is None else ordered
    kept = np.flatnonzero(np.diff(start))
    v, starts, counts = values[order], start[kept], np.diff(start)[kept]
    q1, median, q3 = (quantiles(v, starts, counts, q) for q in (0.25, 0.5, 0.75))
    if not kept.size:
        mean = sd = low = high = np.empty(0)
    else:
        mean = np.add.reduceat(v, starts) / counts
        squares = np.add.reduceat((v - np.repeat(mean, counts)) ** 2, starts)
        sd = np.full(kept.size, np.nan)
        np.sqrt(squares / np.maximum(counts - 1, 1), out=sd, where=counts > 1)
        reach = WHISKER * (q3 - q1)
        inside = (v >= np.repeat(q1 - reach, counts)) & (v <= np.repeat(q3 + reach, counts))
        low = np.minimum.reduceat(np.where(inside, v, np.inf), starts)
        high = np.maximum.reduceat(np.where(inside, v, -np.inf), starts)
    return {
        "level": kept, "n": counts, "mean": mean, "sd": sd, "median": median, "q1": q1, "q3": q3,
        "low": np.minimum(low, q1), "high": np.maximum(high, q3),
    }  # fmt: skip


def quantiles(sorted_values, starts, counts, q):
    """Quantile of each block of sorted values, linear between neighbours as in NumPy.

    Takes starts, counts (L,) int arrays.

    Parameters
    ----------
    sorted_values : (n,) array
        Sorted within each block.

    Examples
    --------
    >>> import numpy as np
    >>> quantiles(np.array([1.0, 3, 5, 10, 20]), np.array([0, 3]), np.array([3, 2]), 0.5).tolist()
    [3.0, 15.0]
    """
    at = starts + q * (counts - 1)
    low = np.floor(at).astype(np.intp)
    high = np.minimum(low + 1, starts + counts - 1)
    share = at - low
    return sorted_values[low] * (1 - share) + sorted_values[high] * share
