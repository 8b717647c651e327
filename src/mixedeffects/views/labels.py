"""Names beside points: which of them have room."""

from __future__ import annotations

import numpy as np

# points of a letter of a small name and of its line, of a mark, and of the way from mark to name
LETTER, LINE, MARK, AWAY = 5.4, 10.0, 4.0, 5.0
# where a name can stand: the sign of how far it is right of its mark, and above it
PLACES = {
    "right above": (1, 1), "left above": (-1, 1), "right below": (1, -1), "left below": (-1, -1),
    "right": (1, 0), "left": (-1, 0),
}  # fmt: skip
# letters of a name beside a mark
LONGEST = 17
# a name's width and height, as shares of the ranges of x and y
WIDE, TALL = 0.13, 0.05


def short_name(name, letters=LONGEST):
    """A name, its middle left out where it is longer: endings tell names apart.

    Examples
    --------
    >>> short_name("a long name 01", 10), short_name("a name")
    ('a lo…me 01', 'a name')
    """
    head, tail = (letters - 1) // 2, letters // 2
    return name if len(name) <= letters else f"{name[:head]}…{name[-tail:]}"


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


def places(names, x, y, taken_x, taken_y):
    """Where the name of each point stands, so that no two overlap and none covers a point.

    Parameters
    ----------
    names : sequence of str
        What is written beside each point.
    x, y : (n,) arrays
        Points with names, in points of the page; y upwards.
    taken_x, taken_y : (m,) arrays
        Other points.

    Returns
    -------
    list of str
        For each one of `PLACES`, or "" where there is no room.

    Examples
    --------
    >>> import numpy as np
    >>> places(["a", "b"], np.array([0.0, 9.0]), np.zeros(2), np.array([0.0, 9.0]), np.zeros(2))
    ['left above', 'right above']
    """
    boxes, out = [], [""] * len(names)
    # those that stand alone are easy: the crowded first
    spread = np.abs(x[:, None] - taken_x) + np.abs(y[:, None] - taken_y)
    for i in np.argsort(np.sort(spread, axis=1)[:, : min(4, spread.shape[1])].sum(axis=1)):
        wide = LETTER * len(names[i])
        for name, (right, up) in PLACES.items():
            middle = x[i] + right * (AWAY + wide / 2.0), y[i] + up * AWAY
            box = middle[0], middle[1], wide / 2.0, LINE / 2.0
            on = (np.abs(taken_x - box[0]) < box[2] + MARK - 1.0) & (
                np.abs(taken_y - box[1]) < box[3] + MARK - 2.0
            )
            own = (taken_x == x[i]) & (taken_y == y[i])
            if (on & ~own).any() or any(_overlap(box, other) for other in boxes):
                continue
            boxes.append(box)
            out[i] = name
            break
    return out


def _overlap(one, other):
    return abs(one[0] - other[0]) < one[2] + other[2] and abs(one[1] - other[1]) < one[3] + other[3]
