"""Factors of the fixed effects whose levels occur within one level of another factor only.

The forms of a treatment that the control does not have, areas of a region: most combinations of
such levels do not exist. Means are of those that do, and the average over a nested factor is over
its levels within each level of the other, which are averaged afterwards (as R's emmeans does).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.inference.row_sums import kept

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit


def nesting(fit: Fit, axes):
    """Which factors are nested in which.

    Of two factors that group the rows alike the later one is nested in the earlier.

    Parameters
    ----------
    axes : sequence of Axis
        Variables of a grid.

    Returns
    -------
    dict of str to dict of str to (n_levels,) int array
        Per nested factor, by the factors that it is nested in: the level of theirs that every one
        of its levels occurs in.
    """
    coded = [axis for axis in axes if axis.codes is not None]
    found = {}
    for i, child in enumerate(coded):
        for j, parent in enumerate(coded):
            if i == j:
                continue
            home = _homes(fit, child, parent)
            if home is not None and (j < i or _homes(fit, parent, child) is None):
                found.setdefault(child.name, {})[parent.name] = _of_values(home, child, parent)
    return found


def _homes(fit: Fit, child, parent):
    """The level of a parent that each level of a child occurs in, -1 where it has no rows.

    None where one is in several, or the parent has one level only. Rows are looked at once.
    """
    own, other = (a.codes if a.all_codes is None else a.all_codes for a in (child, parent))

    def found():
        if other.min(initial=0) == other.max(initial=0):
            return None
        home = np.full(own.max() + 1, -1)
        home[own] = other
        return home if np.array_equal(home[own], other) else None

    return kept(fit, ("nested", child.name, parent.name), found)


def _of_values(home, child, parent):
    """The same of the values of the axes; -1 for a level that is not in the grid."""
    chosen = np.arange(len(child.values)) if child.chosen is None else child.chosen
    home = np.append(home, -1)[np.minimum(chosen, home.size)]
    if parent.chosen is None:
        return home
    place = np.full(max(home.max(), parent.chosen.max()) + 2, -1)  # the last is for -1
    place[parent.chosen] = np.arange(parent.chosen.size)
    return place[home]


def with_parents(names, nested):
    """The names asked for, and those of the factors that they are nested in."""
    out = list(names)
    for name in names:
        out += [parent for parent in nested.get(name, ()) if parent not in out]
    return out


def existing(index, names, nested):
    """Whether points of a grid have combinations that exist.

    Parameters
    ----------
    index : dict of str to (m,) int array
        The place of every point along each axis.
    names : sequence of str
        The axes to look at.
    """
    m = len(next(iter(index.values()), [0]))
    good = np.ones(m, dtype=bool)
    for child in names:
        for parent, home in nested.get(child, {}).items():
            if parent in names:
                good &= home[index[child]] == index[parent]
    return good


def equal_weights(index, nested, sizes, good):
    """(m,) weights of the points of a grid: equal within each combination of what nests them.

    Parameters
    ----------
    sizes : dict of str to int
        Number of values of each axis that is averaged over.
    good : (m,) bool array
        From `existing`.
    """
    weight = good.astype(float)
    for child, size in sizes.items():
        parents = nested.get(child, {})
        if not parents:
            weight /= size
            continue
        # its levels that are in the same levels of all of its parents
        together = np.column_stack(list(parents.values()))
        _, group, count = np.unique(together, axis=0, return_inverse=True, return_counts=True)
        weight /= count[group.reshape(-1)][index[child]]
    return weight
