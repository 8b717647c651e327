"""Whether values spread alike in all groups: Brown and Forsythe's test."""

from __future__ import annotations

import numpy as np

from mixedeffects.views.tukey import quantiles

# rows of a group below which its spread is not compared
LEAST_ROWS = 5


def brown_forsythe(values, order, start, least=LEAST_ROWS):
    """The p-value of equal spreads in all groups of at least so many rows; 1 with fewer than two.

    An analysis of variance of the distances from the medians of the groups. In groups with an odd
    number of rows one distance, that of the median itself, is zero by construction: it is left out.

    Parameters
    ----------
    values : (n,) array
        Of all rows.
    order, start : arrays
        Rows group by group in order of size, and where each group begins, as `level_order` has
        them.
    least : int
        Rows of a group below which it is left out.

    References
    ----------
    Brown & Forsythe (1974), doi:10.1080/01621459.1974.10482955; Hines & O'Hara Hines (2000),
    doi:10.1111/j.0006-341X.2000.00451.x, for the distance of zero.

    Examples
    --------
    >>> import numpy as np
    >>> from mixedeffects.views.tukey import level_order
    >>> codes = np.repeat(np.arange(8), 25)
    >>> alike = np.random.default_rng(0).normal(size=200)
    >>> def p(values):
    ...     return brown_forsythe(values, *level_order(values, codes, 8))
    >>> bool(p(alike) > 0.05), bool(p(alike * (1 + codes)) < 1e-6)
    (True, True)
    """
    from scipy.special import fdtrc

    count = np.diff(start)
    used = np.flatnonzero(count >= least)
    if used.size < 2:
        return 1.0
    home = np.repeat(np.arange(count.size), count)
    ordered = values[order]
    middle = np.zeros(count.size)
    middle[used] = quantiles(ordered, start[used], count[used], 0.5)
    keep = (count >= least)[home]
    odd = used[count[used] % 2 == 1]
    keep[start[odd] + count[odd] // 2] = False
    size, own = np.abs(ordered - middle[home])[keep], home[keep]
    n = np.bincount(own, minlength=count.size)
    mean = np.bincount(own, size, minlength=count.size) / np.maximum(n, 1)
    between = float((n * (mean - size.mean()) ** 2).sum()) / (used.size - 1)
    within = float(((size - mean[own]) ** 2).sum()) / (size.size - used.size)
    if not within > 0:
        return 1.0
    return float(fdtrc(used.size - 1, size.size - used.size, between / within))
