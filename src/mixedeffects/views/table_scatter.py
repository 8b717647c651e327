"""Two columns against each other: points, or counts in cells where there are many."""

from __future__ import annotations

import numpy as np

from mixedeffects.errors import DataError
from mixedeffects.exploration.names import require, require_numbers, written
from mixedeffects.inference import Table
from mixedeffects.thinning import MOST_MARKS, cells
from mixedeffects.views import View
from mixedeffects.views.table_levels import few_levels, is_scale, left_out

#: Different numbers up to which each has its tick.
FEW_TICKS = 12


def scatter_view(table, x, y, *, colour=None, group=None, trend=True, most=MOST_MARKS):
    """Points with colours, and a straight line for each colour.

    Parameters
    ----------
    colour : str, optional
        A column of few levels, or a scale of numbers.
    group : str, optional
        Column that says whose point it is.
    trend : bool
        Whether to compute least-squares lines.
    most : int
        Points beyond which cells are counted.

    Returns
    -------
    View
        "points": x, y, colour, group; or "cells": x0, x1, y0, y1, count, colour (for a scale, the
        mean in the cell). "lines": colour, x0, y0, x1, y1, slope, intercept, r, n, of all rows.
        Facts: x, y, colour, group, scale, levels, binned.

    Examples
    --------
    >>> from mixedeffects.design import open_table
    >>> view = scatter_view(open_table({"a": [0, 1, 2, 3], "b": [1, 3, 5, 7]}), "a", "b")
    >>> float(view.tables["lines"].columns["slope"][0].round(9))
    2.0
    """
    a, b = require_numbers(table, x, "x"), require_numbers(table, y, "y")
    kept = ~(np.isnan(a) | np.isnan(b))
    scale = hue = None
    notes = []
    if colour is not None:
        if is_scale(require(table, colour, "colour")):
            scale = require_numbers(table, colour, "colour")
            kept &= ~np.isnan(scale)
        else:
            hue = few_levels(table, colour, "colour")
            kept &= hue.codes >= 0
            notes += [hue.note] if hue.note else []
    who = None if group is None else _texts(table, group)
    n = int(kept.sum())
    if n == 0:
        raise DataError(f"no row has both '{x}' and '{y}'" + (f" and '{colour}'" if colour else ""))
    if n < a.size:
        notes.append(left_out(a.size - n))
    a, b = a[kept], b[kept]
    codes = np.zeros(n, dtype=np.intp) if hue is None else hue.codes[kept]
    labels = ["all"] if hue is None else hue.labels
    tables = {}
    if n > most:
        notes.append(f"{n:,} points counted in cells")
        tables["cells"] = _cells(a, b, codes, labels, None if scale is None else scale[kept])
    else:
        points = {"x": a, "y": b}
        if hue is not None:
            points["colour"] = np.array(labels, dtype=object)[codes]
        if scale is not None:
            points["colour"] = scale[kept]
        if who is not None:
            points["group"] = who(kept)
        tables["points"] = Table(points)
    if trend:
        tables["lines"] = _lines(a, b, codes, labels)
    facts = {
        "x": written(x), "y": written(y), "colour": written(colour), "group": written(group),
        "scale": scale is not None,
        "levels": [labels[i] for i in np.flatnonzero(np.bincount(codes, minlength=len(labels)))],
        "binned": n > most, "n": n, "ticks": _ticks(a),
    }  # fmt: skip
    return View(tables, tuple(notes), facts)


def _ticks(values):
    """The different numbers, where these are few."""
    distinct = np.unique(values[:4096])
    if distinct.size > FEW_TICKS or np.unique(values).size > FEW_TICKS:
        return []
    return np.unique(values).tolist()


def _texts(table, name):
    """Labels of the kept rows of a column, as text."""
    column = require(table, name, "group")

    def of(kept):
        values = column.values[kept]
        if column.labels is None:
            return np.array([str(v) for v in values.tolist()], dtype=object)
        texts = np.array([*column.labels.as_text(), ""], dtype=object)
        return texts[values]

    return of


def _cells(a, b, codes, labels, scale):
    parts = []
    # one grid for all colours, so that facets compare
    bins = (_bins(a, 60), _bins(b, 40)) if len(labels) < 3 else (_bins(a, 40), _bins(b, 30))
    edges = np.array([[a.min(), b.min()], [a.max(), b.max()]])
    for i, label in enumerate(labels):
        rows = codes == i
        if not rows.any():
            continue
        u, v = a[rows], b[rows]
        # the corners are added once each and taken off again
        found = cells(np.append(u, edges[:, 0]), np.append(v, edges[:, 1]), bins)
        found = _without_corners(found)
        if scale is not None:
            found["colour"] = _cell_means(found, u, v, scale[rows], bins, edges)
        else:
            found["colour"] = np.full(found["count"].size, label, dtype=object)
        parts.append(found)
    names = list(parts[0])
    return Table({k: np.concatenate([part[k] for part in parts]) for k in names})


def _bins(values, most):
    """Number of cells along an axis: one per whole number where these are few.

    A cell of another width would hold now one whole number and now two.
    """
    span = float(values.max() - values.min())
    if span > 1.5 * most or not (np.floor(values[:4096]) == values[:4096]).all():
        return most
    return int(span) + 1 if (np.floor(values) == values).all() else most


def _without_corners(found):
    count = found["count"].copy()
    low = (found["x0"] == found["x0"].min()) & (found["y0"] == found["y0"].min())
    high = (found["x1"] == found["x1"].max()) & (found["y1"] == found["y1"].max())
    count[low] -= 1
    count[high] -= 1
    found["count"] = count
    kept = count > 0
    return {k: v[kept] for k, v in found.items()}


def _cell_means(found, u, v, z, bins, edges):
    i = _bin(u, edges[0, 0], edges[1, 0], bins[0])
    j = _bin(v, edges[0, 1], edges[1, 1], bins[1])
    sums = np.bincount(i * bins[1] + j, z, minlength=bins[0] * bins[1])
    counts = np.bincount(i * bins[1] + j, minlength=bins[0] * bins[1])
    ci = _bin(0.5 * (found["x0"] + found["x1"]), edges[0, 0], edges[1, 0], bins[0])
    cj = _bin(0.5 * (found["y0"] + found["y1"]), edges[0, 1], edges[1, 1], bins[1])
    at = ci * bins[1] + cj
    return sums[at] / np.maximum(counts[at], 1)


def _bin(values, low, high, k):
    if high == low:
        low, high = low - 0.5, high + 0.5
    return np.clip(((values - low) / (high - low) * k).astype(np.intp), 0, k - 1)


def _lines(a, b, codes, labels):
    out = []
    for i, label in enumerate(labels):
        rows = codes == i
        u, v = a[rows], b[rows]
        if u.size < 3 or np.ptp(u) == 0:
            continue
        mu, mv = u.mean(), v.mean()
        du, dv = u - mu, v - mv
        sxx, sxy, syy = du @ du, du @ dv, dv @ dv
        slope = sxy / sxx
        ends = np.array([u.min(), u.max()])
        fit = mv + slope * (ends - mu)
        r = sxy / np.sqrt(sxx * syy) if syy > 0 else np.nan
        out.append((label, *ends, *fit, slope, mv - slope * mu, r, u.size))
    names = ("colour", "x0", "x1", "y0", "y1", "slope", "intercept", "r", "n")
    columns = {name: [row[k] for row in out] for k, name in enumerate(names)}
    return Table({k: v if k == "colour" else np.array(v) for k, v in columns.items()})
