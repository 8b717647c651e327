"""A line for each group, and the mean over all groups."""

from __future__ import annotations

import numpy as np

from mixedeffects.errors import DataError
from mixedeffects.exploration.columns import profile
from mixedeffects.exploration.names import require, require_numbers, written
from mixedeffects.inference import Table
from mixedeffects.thinning import MOST_MARKS, sampled
from mixedeffects.views import View
from mixedeffects.views.table_levels import factor, few_levels, label_texts, left_out

#: Groups drawn; of more, a random sample.
MOST_LINES = 100
#: Different values of x up to which the means are joined.
MOST_MEANS = 120
#: Different numbers up to which each has its tick.
FEW_TICKS = 12


def spaghetti_view(table, x, y, group, *, colour=None, most=MOST_LINES):
    """Raw trajectories.

    Parameters
    ----------
    x, y, group : str
        `x` may be numbers, dates, or categories in their order.
    colour : str, optional
        Column of few levels.
    most : int
        Groups drawn.

    Returns
    -------
    View
        "lines": group, x, y, n (rows averaged), colour. "means" (where x has few values): x, y,
        n, colour, of all rows. Facts: x, y, group, colour, levels, x_kind ("number", "date" or
        "category"), n_groups, n_shown.

    Examples
    --------
    >>> import mixedeffects as me
    >>> from mixedeffects.design import open_table
    >>> view = spaghetti_view(open_table(me.datasets.sleepstudy()), "Days", "Reaction", "Subject")
    >>> len(view.tables["lines"].columns["y"]), len(view.tables["means"].columns["y"])
    (180, 10)
    """
    when = profile(require(table, x, "x"))
    if when.n_distinct == 0:
        raise DataError(f"column '{x}' has no value to show")
    values = require_numbers(table, y, "y")
    who = factor(table, group, "group")
    hue = None if colour is None else few_levels(table, colour, "colour")
    kept = ~np.isnan(values) & (who.places >= 0)
    if when.present is not None:
        kept &= when.present
    if hue is not None:
        kept &= hue.codes >= 0
    n = int(kept.sum())
    if n == 0:
        raise DataError(f"no row has '{x}', '{y}' and '{group}'")
    notes = [hue.note] if hue is not None and hue.note else []
    if n < values.size:
        notes.append(left_out(values.size - n))
    place, ticks = _places(when, kept)
    labels = ["all"] if hue is None else hue.labels
    tint = np.zeros(n, dtype=np.intp) if hue is None else hue.codes[kept]
    v, g = values[kept], who.places[kept]
    # a mean needs rows that share a place
    means = ticks.size <= MOST_MEANS and 2 * ticks.size <= n
    lines, said, shown = _lines(v, g, place, tint, ticks, who, labels, most, means, written(group))
    notes += said
    tables = {"lines": lines}
    if means:
        tables["means"] = _means(v, place, tint, ticks, labels)
    kind = "date" if when.kind == "datetime" else "category" if when.is_text else "number"
    facts = {
        "x": written(x), "y": written(y), "group": written(group), "colour": written(colour),
        "x_kind": kind,
        "levels": [labels[i] for i in np.flatnonzero(np.bincount(tint, minlength=len(labels)))],
        "n_groups": int(np.unique(g).size), "n_shown": shown,
        "ticks": [str(t) for t in ticks.tolist()] if kind == "category" else [],
        "few": [float(t) for t in ticks] if kind == "number" and ticks.size <= FEW_TICKS else [],
        "n_ticks": int(ticks.size),
    }  # fmt: skip
    if hue is None:
        for t in tables.values():
            t.columns.pop("colour")
    return View(tables, tuple(notes), facts)


def _places(when, kept):
    """Position of each row's x among the different ones, and these in order."""
    if when.is_text:
        return when.codes[kept], np.array(label_texts(when), dtype=object)
    if when.codes is not None:
        ticks = np.asarray(when.labels.values if hasattr(when.labels, "values") else when.labels)
        return when.codes[kept], ticks
    ticks, place = np.unique(when.values[kept], return_inverse=True)
    return place, ticks


def _lines(v, g, place, tint, ticks, who, labels, most, means, name):
    averaged = thinned = ""
    present = np.unique(g)
    total, rows = present.size, np.arange(v.size)
    if total > most:
        chosen = present[sampled(total, most)]
        visible = np.zeros(who.n_distinct, dtype=bool)
        visible[chosen] = True
        rows = np.flatnonzero(visible[g])
    # rows of one group, x and colour become their mean
    key = (g[rows].astype(np.int64) * ticks.size + place[rows]) * len(labels) + tint[rows]
    cells, back, counts = np.unique(key, return_inverse=True, return_counts=True)
    y = np.bincount(back, v[rows]) / counts
    if cells.size < rows.size:
        averaged = "rows of one group at the same place are averaged"
    if cells.size > 2 * MOST_MARKS:
        cut = np.unique(cells // (ticks.size * len(labels)))
        fewer = max(5, int(cut.size * 2 * MOST_MARKS / cells.size))
        chosen = cut[sampled(cut.size, fewer)] if fewer < cut.size else cut
        inside = np.isin(cells // (ticks.size * len(labels)), chosen)
        cells, y, counts = cells[inside], y[inside], counts[inside]
        # not every k-th: in sorted balanced data that is one moment of every line
        shown = sampled(cells.size, 2 * MOST_MARKS)
        if shown is not None:
            thinned = f"one point in {cells.size / shown.size:.2g}, at random"
            cells, y, counts = cells[shown], y[shown], counts[shown]
    hue = np.array(labels, dtype=object)[cells % len(labels)]
    cells //= len(labels)
    names = np.array(label_texts(who), dtype=object)
    groups = cells // ticks.size
    columns = {
        "group": names[groups], "x": ticks[cells % ticks.size], "y": y, "n": counts,
        "colour": hue,
    }  # fmt: skip
    drawn, some = int(np.unique(groups).size), ""
    if drawn < total:
        of_all = "; the means are of all" if means else ""
        some = f"{drawn:,} of {total:,} {name} lines, chosen at random{of_all}"
    return Table(columns), [note for note in (some, averaged, thinned) if note], drawn


def _means(v, place, tint, ticks, labels):
    key = tint * ticks.size + place
    counts = np.bincount(key, minlength=len(labels) * ticks.size)
    sums = np.bincount(key, v, minlength=counts.size)
    there = np.flatnonzero(counts)
    return Table(
        {
            "x": ticks[there % ticks.size],
            "y": sums[there] / counts[there],
            "n": counts[there],
            "colour": np.array(labels, dtype=object)[there // ticks.size],
        }
    )
