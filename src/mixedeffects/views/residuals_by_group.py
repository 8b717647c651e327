"""Residuals of every level of a grouping factor: boxes, and the rows where they are few."""

from __future__ import annotations

import numpy as np

from mixedeffects.errors import OptionError
from mixedeffects.inference.table import Table
from mixedeffects.thinning import sampled
from mixedeffects.views.brown_forsythe import LEAST_ROWS, brown_forsythe
from mixedeffects.views.choice import chosen_group
from mixedeffects.views.fit_residuals import fit_residuals
from mixedeffects.views.record import View
from mixedeffects.views.tukey import boxes, level_order

MOST_LEVELS = 40
ORDERS = ("median", "spread")
# rows drawn one by one; beyond, only those outside of the whiskers
MOST_ROWS, MOST_OUTSIDE = 1500, 1000
# names of the whiskers here and in `boxes`
WHISKERS = {"whisker_low": "low", "whisker_high": "high"}


def by_group_view(
    fit, group=None, kind=None, *, order="median", rng=0, most=MOST_LEVELS, most_rows=MOST_OUTSIDE
):
    """Residuals level by level, in order of their median or of their spread.

    Parameters
    ----------
    group : str, optional
        Grouping factor; the first by default.
    kind, rng
        As in `fit_residuals`.
    order : {"median", "spread"}
        What levels are sorted by, the largest first; "spread" is the interquartile range.
    most : int
        Levels shown: of more, as many from either end.
    most_rows : int
        Rows outside of the whiskers that are shown: of more, a random sample.

    Returns
    -------
    View
        "data": level, rank (1 is the largest), n, median, q1, q3, whisker_low, whisker_high, sd.
        "rows": rank, level, row (label or number), residual: all rows, or those outside of
        the whiskers. Facts: group, n_levels, name, kind, all_rows, smallest and largest (level,
        sd) among levels of at least five rows, spread_p (whether they spread alike).

    References
    ----------
    Tukey (1977), Exploratory Data Analysis, for the whiskers.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> by_group_view(fit, order="spread").tables["data"].columns["level"][0]
    '332'
    """
    if order not in ORDERS:
        raise OptionError(f"order={order!r} is not one of {', '.join(ORDERS)}")
    name = chosen_group(fit, group)
    found = fit_residuals(fit, kind, rng)
    factor = next(b.factor for b in fit.design.blocks if b.factor.name == name)
    labels = np.array([str(label) for label in factor.labels], dtype=object)
    codes = np.asarray(factor.codes)[found.kept]
    ordered = level_order(found.values, codes, labels.size)
    box = boxes(found.values, codes, labels.size, ordered=ordered)
    key = box["median"] if order == "median" else box["q3"] - box["q1"]
    ranked = np.argsort(-key, kind="stable")
    notes = list(found.notes)
    shown = np.arange(ranked.size)
    if ranked.size > most:
        half = most // 2
        shown = np.r_[:half, ranked.size - (most - half) : ranked.size]
        which = "medians" if order == "median" else "spreads"
        notes.append(f"{most} of {ranked.size:,} levels: the largest and the smallest {which}")
    places = ranked[shown]
    levels = box["level"][places]
    data = {"level": labels[levels], "rank": shown + 1}
    data |= {name: box[name][places] for name in ("n", "median", "q1", "q3")}
    data |= {name: box[own][places] for name, own in WHISKERS.items()} | {"sd": box["sd"][places]}
    rows, all_rows, words = _rows(found, data, *ordered, levels, most_rows)
    facts = {
        "group": name, "n_levels": int(ranked.size), "name": found.name, "kind": found.kind,
        "all_rows": all_rows, **_extremes(box, labels[box["level"]]),
        "spread_p": brown_forsythe(found.values, *ordered),
    }  # fmt: skip
    return View({"data": Table(data), "rows": Table(rows)}, (*notes, *words), facts)


def _rows(found, data, by_level, start, levels, most):
    """Rows that are drawn one by one, whether they are all, and what to say of them."""
    everyone = int(data["n"].sum()) <= MOST_ROWS
    place, rank, level = [], [], []
    for j, which in enumerate(levels):
        own = by_level[start[which] : start[which + 1]]
        if not everyone:
            value = found.values[own]
            own = own[(value < data["whisker_low"][j]) | (value > data["whisker_high"][j])]
        place.append(own)
        rank.append(np.full(own.size, data["rank"][j]))
        level.append(np.full(own.size, data["level"][j], dtype=object))
    place = np.concatenate(place)
    chosen, words = sampled(place.size, most), []
    if everyone or chosen is None:
        chosen = slice(None)
    else:
        words = [f"{most:,} of {place.size:,} rows outside of the whiskers, at random"]
    place = place[chosen]
    rows = {
        "rank": np.concatenate(rank)[chosen],
        "level": np.concatenate(level)[chosen],
        "row": found.rows[place],
        "residual": found.values[place],
    }
    return rows, everyone, words


def _extremes(boxes, labels, least=LEAST_ROWS):
    """Levels with the smallest and the largest standard deviation."""
    enough = np.flatnonzero(boxes["n"] >= least)
    if enough.size < 2:
        return {"smallest": None, "largest": None}
    sd = boxes["sd"][enough]
    low, high = enough[sd.argmin()], enough[sd.argmax()]
    return {
        "smallest": (labels[low], float(boxes["sd"][low])),
        "largest": (labels[high], float(boxes["sd"][high])),
    }
