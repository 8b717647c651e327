"""Arrows of a chart: which way they point on the page, and how long they are there."""

from __future__ import annotations

import numpy as np

# room left beyond the outermost points, as a share of what they span
ROOM = 0.05


def axis_domain(*values, reach=None):
    """Ends of an axis that holds zero and all values, with some room; or from -reach to reach.

    Returns (float, float).

    Parameters
    ----------
    *values : arrays
        Values that are not finite are passed over.

    Examples
    --------
    >>> import numpy as np
    >>> axis_domain(np.array([1.0, np.nan]), np.array([10.0]))
    (-0.5, 10.5)
    """
    if reach is not None:
        return -float(reach), float(reach)
    whole = np.concatenate([[0.0], *(np.ravel(v) for v in values)])
    whole = whole[np.isfinite(whole)]
    low, high = float(whole.min()), float(whole.max())
    if low == high:
        return -1.0, 1.0
    room = ROOM * (high - low)
    return low - room, high + room


def arrows(x0, y0, x1, y1, x_domain=(0.0, 1.0), y_domain=(0.0, 1.0)):
    """Lengths and directions on a square page of arrows from (x0, y0) to (x1, y1).

    Takes x0, y0, x1, y1 (n,) arrays or floats.

    Parameters
    ----------
    x_domain, y_domain : (float, float)
        Ends of the axes, both linear.

    Returns
    -------
    move : (n,) array
        Length, in sides of the page.
    angle : (n,) array
        Degrees clockwise from upwards, 0 to 360; 0 for arrows of no length.

    Examples
    --------
    >>> import numpy as np
    >>> arrows(0.0, 0.0, np.array([0.0, 2.0, 0.0]), np.array([5.0, 0.0, -5.0]), (0, 4), (0, 10))
    (array([0.5, 0.5, 0.5]), array([  0.,  90., 180.]))
    """
    across = (np.asarray(x1, dtype=float) - x0) / (x_domain[1] - x_domain[0])
    up = (np.asarray(y1, dtype=float) - y0) / (y_domain[1] - y_domain[0])
    return np.hypot(across, up), np.degrees(np.arctan2(across, up)) % 360.0
