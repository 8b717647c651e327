"""Distributions on shared bins, one for each level of a column."""

from __future__ import annotations

import numpy as np

from mixedeffects.errors import OptionError
from mixedeffects.exploration.names import require_numbers, written
from mixedeffects.inference import Table
from mixedeffects.options import check_count
from mixedeffects.views import View, boxes
from mixedeffects.views.table_levels import few_levels, left_out

FEWEST_BINS, MOST_BINS = 8, 60
#: Columns of the boxes.
BOX = ("n", "mean", "median", "q1", "q3", "low", "high")
#: Bins that can be asked for.
MOST_ASKED = 1000


def histogram_view(table, x, *, by=None, bins=None):
    """Counts in bins, and a box, for each level.

    Parameters
    ----------
    by : str, optional
        Column whose levels are laid over each other.
    bins : int, optional
        How many; by default from the spread and the number of values.

    Returns
    -------
    View
        "bars": by, x0, x1, count, share (of the level's values), empty bins included. "boxes": by,
        n, mean, median, q1, q3, low, high. Facts: x, by, levels.

    Examples
    --------
    >>> from mixedeffects.design import open_table
    >>> view = histogram_view(open_table({"x": [1, 1, 2, 3, 3, 3]}), "x")
    >>> view.tables["bars"].columns["count"].tolist()
    [2, 1, 3]
    """
    values = require_numbers(table, x, "x")
    hue = None if by is None else few_levels(table, by, "by")
    kept = ~np.isnan(values)
    if hue is not None:
        kept &= hue.codes >= 0
    v = values[kept]
    codes = np.zeros(v.size, dtype=np.intp) if hue is None else hue.codes[kept]
    labels = ["all"] if hue is None else hue.labels
    notes = [] if hue is None or not hue.note else [hue.note]
    if v.size < values.size:
        notes.append(left_out(values.size - v.size))
    edges = bin_edges(v, bins)
    k = edges.size - 1
    place = np.clip(np.searchsorted(edges, v, side="right") - 1, 0, k - 1)
    counts = np.bincount(codes * k + place, minlength=len(labels) * k).reshape(len(labels), k)
    totals = counts.sum(axis=1)
    level, bin_ = (part.ravel() for part in np.indices(counts[totals > 0].shape))
    level = np.flatnonzero(totals)[level]
    names = np.array(labels, dtype=object)
    bars = Table(
        {
            "by": names[level],
            "x0": edges[bin_],
            "x1": edges[bin_ + 1],
            "count": counts[level, bin_],
            "share": counts[level, bin_] / totals[level],
        }
    )
    box = boxes(v, codes, len(labels))
    facts = {
        "x": written(x), "by": written(by), "n": int(v.size), "n_bins": int(k),
        "width": float(edges[1] - edges[0]),
        "levels": [labels[i] for i in box["level"]],
    }  # fmt: skip
    box = {"by": names[box["level"]]} | {name: box[name] for name in BOX}
    return View({"bars": bars, "boxes": Table(box)}, tuple(notes), facts)


def bin_edges(values, bins=None):
    """Edges of equal bins; whole numbers of a small range have a bin each.

    The width is Freedman and Diaconis's, 2 IQR / n^(1/3), rounded to 1, 2 or 5 times a power of
    ten, with between 8 and 60 bins.

    Raises
    ------
    OptionError
        `bins` is not a positive whole number.

    References
    ----------
    Freedman & Diaconis (1981), doi:10.1007/BF01025868.

    Examples
    --------
    >>> import numpy as np
    >>> bin_edges(np.array([0.0, 1, 2])).tolist()
    [-0.5, 0.5, 1.5, 2.5]
    >>> bin_edges(np.array([0.0, 10.0]), 2).tolist()
    [0.0, 5.0, 10.0]
    """
    low, high = float(values.min()), float(values.max())
    if bins is not None:
        if check_count(bins, "bins") > MOST_ASKED:
            raise OptionError(f"bins={bins!r} is more than {MOST_ASKED:,}")
        if high == low:
            low, high = low - 0.5, high + 0.5
        return np.linspace(low, high, int(bins) + 1)
    if high == low:
        return np.array([low - 0.5, low + 0.5])
    whole = bool((np.floor(values) == values).all())
    if whole and high - low < FEWEST_BINS * 5:
        return np.arange(low - 0.5, high + 1)
    q1, q3 = np.quantile(values, [0.25, 0.75])
    width = 2 * (q3 - q1) / values.size ** (1 / 3)
    span = high - low
    width = min(max(width, span / MOST_BINS), span / FEWEST_BINS)
    width = _round_width(width)
    while span / width > MOST_BINS:
        width = _round_width(1.9 * width)
    if whole:
        width = max(1.0, np.round(width))
        if width == 1:
            return np.arange(low - 0.5, high + 1)
    first = np.floor(low / width) * width
    k = max(1, int(np.ceil((high - first) / width - 1e-9)))
    return first + width * np.arange(k + 1)


def _round_width(width):
    """The nearest of 1, 2, 5, 10 times a power of ten, as ratios go.

    Examples
    --------
    >>> [_round_width(w) for w in (0.9, 6.4, 30.0)]
    [1.0, 5.0, 20.0]
    """
    power = 10.0 ** np.floor(np.log10(width))
    nice = power * np.array([1.0, 2.0, 5.0, 10.0])
    return float(nice[np.argmin(np.abs(np.log(nice / width)))])
