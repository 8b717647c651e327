"""A smooth line through many points, with a band: LOWESS without its robust rounds."""

from __future__ import annotations

import numpy as np

from mixedeffects.inference.normal import z_quantile

# share of the rows that a point of the line looks at, points of the line, means it is made of
SPAN, POINTS, MEANS = 2.0 / 3.0, 60, 1000
# spread of x in a window, of its range, below which a slope is not asked for
NARROW = 1e-9


def smooth(x, y, level=0.95, *, span=SPAN):
    """Local straight lines with tricube weights, through the points or means of neighbours.

    Of more than 1,000 points, means of 1,000 groups of neighbours in x take their place.

    Parameters
    ----------
    x, y : (n,) arrays
        Finite.
    level : float
        Coverage of the band.
    span : float
        Share of the rows in each window.

    Returns
    -------
    dict of (m,) arrays
        x, mean, lower, upper. The limits are pointwise, from the squared distances of the points
        from the line, as if rows were independent. Of one different x, one row.

    References
    ----------
    Cleveland (1979), doi:10.1080/01621459.1979.10481038, without the rounds that make it robust:
    outliers are what a chart of residuals is to show.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.arange(50.0)
    >>> line = smooth(x, 1.0 + 2.0 * x)
    >>> bool(np.allclose(line["mean"], 1.0 + 2.0 * line["x"]))
    True
    """
    half = z_quantile(level)
    cx, cy, count, squares = _means(np.asarray(x, float), np.asarray(y, float))
    at = np.unique(cx)
    if at.size > POINTS:
        at = np.linspace(at[0], at[-1], POINTS)
    share = _weights(at, cx, count, span)
    mean = share @ cy
    away = cy - np.interp(cx, at, mean)
    # the variance of a mean of m rows: their mean squared distance from the line, over m
    variance = (squares + count * away**2) / count**2
    error = half * np.sqrt(share**2 @ variance)
    return {"x": at, "mean": mean, "lower": mean - error, "upper": mean + error}


def _means(x, y):
    """Means of neighbours in x: x, y, rows, and sums of squares about the mean of y."""
    order = np.argsort(x, kind="stable")
    x, y = x[order], y[order]
    if x.size <= MEANS:
        return x, y, np.ones(x.size), np.zeros(x.size)
    starts = np.linspace(0, x.size, MEANS, endpoint=False).astype(np.intp)
    count = np.diff(np.append(starts, x.size)).astype(float)
    mean = np.add.reduceat(y, starts) / count
    squares = np.add.reduceat((y - np.repeat(mean, count.astype(np.intp))) ** 2, starts)
    return np.add.reduceat(x, starts) / count, mean, count, squares


def _weights(at, x, count, span):
    """(m, c) shares of the points in each value of the line."""
    out = np.empty((at.size, x.size))
    wide = float(x.max() - x.min())
    for i, x0 in enumerate(at):
        distance = np.abs(x - x0)
        order = np.argsort(distance)
        reach = np.cumsum(count[order])
        last = min(int(np.searchsorted(reach, span * reach[-1])), x.size - 1)
        width = distance[order[last]]
        # points at the edge would get no weight, and all of them if all are there
        width = max(1.0001 * width, NARROW * max(wide, 1e-300))
        weight = np.where(distance < width, (1.0 - np.minimum(distance / width, 1.0) ** 3) ** 3, 0)
        weight = weight * count
        total = weight.sum()
        centre = weight @ x / total
        spread = weight @ (x - centre) ** 2
        out[i] = weight / total
        if spread > total * (NARROW * wide) ** 2:
            out[i] += weight * (x - centre) * (x0 - centre) / spread
    return out
