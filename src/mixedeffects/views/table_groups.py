"""Data by group, in order of the medians."""

from __future__ import annotations

import numpy as np

from mixedeffects.errors import OptionError
from mixedeffects.exploration.names import require_numbers, written
from mixedeffects.inference import Table
from mixedeffects.thinning import MOST_MARKS, sampled
from mixedeffects.views import View, boxes
from mixedeffects.views.table_levels import factor, few_levels, label_texts, left_out

#: Groups shown; of more, those with the lowest and the highest medians.
MOST_GROUPS = 50
#: Groups up to which points are drawn too, when nothing is said.
STRIPS = 40
KINDS = ("auto", "strip", "box", "both")


def groups_view(table, y, group, *, colour=None, kind="auto", most=MOST_GROUPS):
    """Boxes and points of each group.

    Parameters
    ----------
    colour : str, optional
        A column; where it is constant within groups (a treatment), groups stand together by it.
    most : int
        Groups shown.

    Returns
    -------
    View
        "boxes": group, rank, n, mean, median, q1, q3, low, high, colour, and "points": group, y,
        offset, colour (either may be absent; the first is the chart's data). "means": colour,
        mean, n over all rows. Facts: y, group, colour, nested (colour constant within groups),
        colours, mean and n of all rows.

    Examples
    --------
    >>> import mixedeffects as me
    >>> from mixedeffects.design import open_table
    >>> view = groups_view(open_table(me.datasets.flipped_classrooms()), "score", "professor")
    >>> [(name, len(t.columns["group"])) for name, t in view.tables.items() if name != "means"]
    [('boxes', 15), ('points', 375)]
    """
    if kind not in KINDS:
        raise OptionError(f"kind={kind!r} is not one of {', '.join(KINDS)}")
    values = require_numbers(table, y, "y")
    p = factor(table, group, "group")
    hue = None if colour is None else few_levels(table, colour, "colour")
    kept = (p.places >= 0) & ~np.isnan(values)
    if hue is not None:
        kept &= hue.codes >= 0
    notes = [] if hue is None or not hue.note else [hue.note]
    lost = values.size - int(kept.sum())
    if lost:
        notes.append(left_out(lost))
    v, c = values[kept], p.places[kept]
    h = None if hue is None else hue.codes[kept]
    found = boxes(v, c, p.n_distinct)
    names = np.array(label_texts(p), dtype=object)
    nested = h is not None and _nested(c, h, p.n_distinct)
    order = np.argsort(found["median"], kind="stable")
    total = order.size
    if total > most:
        home = _home(c, h, p.n_distinct)[found["level"]] if nested else np.zeros(total, np.intp)
        order, half = _extremes(order, home[order], most)
        where = f" in each {colour}" if nested else ""
        notes.append(f"the {half} lowest and {half} highest medians{where}, of {total:,} groups")
    shown = found["level"][order]
    table_ = {"group": names[shown], "rank": _rank(found["median"])[order]}
    table_ |= {k: found[k][order] for k in ("n", "mean", "median", "q1", "q3", "low", "high")}
    if hue is not None and nested:
        home = _home(c, h, p.n_distinct)
        table_["colour"] = np.array(hue.labels, dtype=object)[home[shown]]
    tables = {}
    if kind == "auto":
        kind = "both" if total <= STRIPS else "box"
    if kind in ("box", "both"):
        tables["boxes"] = Table(table_)
    if kind in ("strip", "both"):
        tables["points"], note = _points(v, c, h, hue, names, shown, p.n_distinct)
        notes += note
    tables["means"] = _means(v, h, hue)
    facts = {
        "y": written(y), "group": written(group), "colour": written(colour),
        "nested": nested, "kind": kind,
        "order": [str(n) for n in names[shown]], "n_groups": total, "n_shown": shown.size,
        "colours": [] if hue is None else hue.labels, "mean": float(v.mean()), "n": int(v.size),
    }  # fmt: skip
    return View(tables, tuple(notes), facts)


def _rank(medians):
    rank = np.empty(medians.size, dtype=np.intp)
    rank[np.argsort(medians, kind="stable")] = np.arange(1, medians.size + 1)
    return rank


def _nested(codes, hue, n):
    return bool((_home(codes, hue, n)[codes] == hue).all())


def _home(codes, hue, n):
    """The colour of each group."""
    home = np.zeros(n, dtype=np.intp)
    home[codes] = hue
    return home


def _extremes(order, home, most):
    """The first and last few of each part, in the same order, and how many at each end.

    Parameters
    ----------
    order : (m,) int array
        Groups by median.
    home : (m,) int array
        Part of each.
    most : int
        Groups in all.
    """
    half = max(1, most // (2 * np.unique(home).size))
    kept = np.zeros(order.size, dtype=bool)
    for part in np.unique(home):
        rows = np.flatnonzero(home == part)
        kept[rows[:half]] = kept[rows[-half:]] = True
    return order[kept], half


def _points(v, c, h, hue, names, shown, n_levels):
    visible = np.zeros(n_levels, dtype=bool)
    visible[shown] = True
    rows = np.flatnonzero(visible[c])
    chosen = sampled(rows.size, MOST_MARKS)
    notes = []
    if chosen is not None:
        notes.append(f"a random {MOST_MARKS:,} of {rows.size:,} points; boxes are of all")
        rows = rows[chosen]
    # a fixed scatter across the strip, the same each time
    offset = np.random.default_rng(0).uniform(-1, 1, rows.size)
    out = {"group": names[c[rows]], "y": v[rows], "offset": offset}
    if h is not None:
        out["colour"] = np.array(hue.labels, dtype=object)[h[rows]]
    return Table(out), notes


def _means(v, h, hue):
    if h is None:
        return Table({"colour": ["all"], "mean": np.array([v.mean()]), "n": np.array([v.size])})
    counts = np.bincount(h, minlength=len(hue.labels))
    sums = np.bincount(h, v, minlength=len(hue.labels))
    kept = counts > 0
    return Table(
        {
            "colour": [name for name, k in zip(hue.labels, kept, strict=True) if k],
            "mean": sums[kept] / counts[kept],
            "n": counts[kept],
        }
    )
