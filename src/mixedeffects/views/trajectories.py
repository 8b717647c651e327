"""Data, fixed effects with their band, and single groups' predictions along one variable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mixedeffects.design import text_array
from mixedeffects.errors import OptionError
from mixedeffects.inference.table import Table
from mixedeffects.means import emmeans
from mixedeffects.means.grid import check_name, label_text, predictors_of
from mixedeffects.thinning import sampled, scattered
from mixedeffects.views.choice import chosen_group
from mixedeffects.views.covariates import (
    all_whole,
    chosen_axis,
    grid_of,
    held_note,
    held_values,
    levels_of,
    moving_columns,
    values_of,
)
from mixedeffects.views.individual_lines import (
    LevelRows,
    block_codes,
    extra_columns,
    level_columns,
    line_predictions,
)
from mixedeffects.views.mean_notes import few
from mixedeffects.views.mean_scale import (
    chosen_scale,
    mean_options,
    mean_title,
    refuse_ordinal,
    response_on,
    typical_note,
)
from mixedeffects.views.record import View

# points of the fixed line, and of each individual one
FINE, COARSE = 80, 25
MOST_LINES, MOST_PANELS, MOST_POINTS, MOST_COLOURS = 60, 24, 1500, 8
# values of x up to which yes-or-no responses have their share at each, and bins of more
FEW, BINS = 15, 12


@dataclass(frozen=True, slots=True, eq=False)
class Moving:
    """What moves along a trajectory.

    Attributes
    ----------
    values : (n,) array
        Of x, on the rows used.
    codes : (n,) int array
        Level of by of each row; 0 without by.
    labels : list
        Of these levels.
    """

    x: str
    values: np.ndarray
    by: str | None
    codes: np.ndarray
    labels: list[Any]

    @classmethod
    def of(cls, fit, x, by):
        """The columns of a fit with these names."""
        if by is None:
            codes, labels = np.zeros(fit.design.n, dtype=np.intp), [""]
        else:
            check_name(by, moving_columns(fit), "by")
            if by == x:
                raise OptionError(f"x and by are both {by!r}")
            codes, labels = levels_of(fit, by, MOST_COLOURS)
        return cls(x, values_of(fit, x), by, codes, labels)

    @property
    def names(self):
        """The columns."""
        return [self.x] if self.by is None else [self.x, self.by]

    @property
    def texts(self):
        """Labels as a column of texts."""
        return text_array([label_text(v) for v in self.labels])


def trajectories_view(
    fit, x=None, *, by=None, group=None, level=0.95, facets=False, most=None, scale=None, ddf=None
):
    """A fixed line with its band, a line for each of some groups, and the data.

    Takes scale {"response", "link"}, optional.

    Parameters
    ----------
    x : str, optional
        Numeric column of the fixed effects; the first with a random slope, or the first.
    by : str, optional
        A column with few values, each of which has lines of its own.
    group : str, optional
        Grouping factor of the individual lines; the first by default.
    level : float
        Coverage of the band.
    facets : bool
        One panel for each level of the group.
    most : int, optional
        Individual lines: of more levels, some chosen at random.
    ddf : str, optional
        Degrees of freedom of the band, as in `emmeans`.

    Returns
    -------
    View
        "lines": level, by, x, prediction, fixed (for the same covariates, without the level's
        effects). "fixed": by, x, prediction, lower, upper. "points": level, by, x, y, n (rows
        behind the point). Facts: x, by, group, title, coverage, scale, by_levels, levels,
        label (of the df method), shares (whether points are shares of rows).

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> view = trajectories_view(fit)
    >>> {name: len(table.columns["x"]) for name, table in view.tables.items()}
    {'lines': 450, 'fixed': 80, 'points': 180}
    """
    refuse_ordinal(fit, "trajectories", "fit.plot.interaction shows the probabilities")
    scale = chosen_scale(fit, scale)
    name = chosen_group(fit, group)
    x = chosen_axis(fit, x, name)
    along = Moving.of(fit, x, by)
    factor = next(b.factor for b in fit.design.blocks if b.factor.name == name)
    if most is None:
        most = MOST_PANELS if facets else MOST_LINES
    shown = scattered(factor.n_levels, most)
    levels = np.arange(factor.n_levels) if shown is None else shown
    found = LevelRows.of(factor, levels)
    held = held_values(fit, along.names)
    texts = [str(factor.labels[int(j)]) for j in levels]
    lines, own, extra, lost, gaps = _lines(fit, found, texts, along, scale)
    fixed, label, unknown = _fixed(fit, along, held, level, scale, ddf)
    points, notes = _points(fit, along, factor, found, scale, facets)
    plural = f"levels of {name}"
    if shown is not None:
        notes.insert(
            0, f"lines of {levels.size:,} of {factor.n_levels:,} {plural}, chosen at random"
        )
    if facets:
        notes += held_note({n: v for n, v in held.items() if n not in own}, "lines")
    else:
        notes += held_note(held, "thick line")
        if held and len(points["x"]):
            notes.append(f"points: whatever their {few(list(held))}")
    notes += held_note(extra, "thin lines")
    if own and not facets:
        notes.append(f"each thin line has its own {', '.join(own)}")
    notes += typical_note(fit, scale)
    if lost:
        notes.append(f"thin lines leave out the effects of {', '.join(lost)}")
    if gaps is not None or unknown:
        why = gaps.why if gaps is not None else unknown
        which = "lines" if gaps is not None and unknown else "thin lines" if gaps else "thick line"
        notes.append(f"{which} are absent where they cannot be estimated: {why}")
    facts = {
        "x": x, "by": by, "group": name, "title": mean_title(fit, scale), "coverage": level,
        "scale": scale, "by_levels": along.texts.tolist(), "label": label,
        "levels": texts, "whole": all_whole(along.values), "shares": "n" in points
        and bool(len(points["n"])) and int(np.max(points["n"])) > 1,
    }  # fmt: skip
    tables = {"lines": Table(lines), "fixed": Table(fixed), "points": Table(points)}
    return View(tables, tuple(notes), facts)


def _fixed(fit, along, held, level, scale, ddf):
    """The line of the fixed effects and its band, along the range that each level of by has."""
    predictors, x = predictors_of(fit), along.x
    places = grid_of(fit, x, FINE)
    at: dict[str, Any] = {n: [v] for n, v in held.items()}
    at[x] = predictors.levels(x)[1] if x in predictors.categorical else places
    if along.by is not None:
        at[along.by] = along.labels
    options = mean_options(fit, scale)
    means = emmeans(fit, along.names, at=at, ddf=ddf, level=level, **options)
    table = means.table().columns
    m = len(along.labels)
    which = np.repeat(np.arange(m), places.size)
    out = {
        "by": along.texts[which], "x": np.tile(places, m), "prediction": table["estimate"],
        "lower": table["lower"], "upper": table["upper"],
    }  # fmt: skip
    low, high = _ends(along.values, along.codes, m)
    inside = (out["x"] >= low[which]) & (out["x"] <= high[which])
    why = "; ".join(means.lost_notes) if means.lost_notes else ""
    return {name: column[inside] for name, column in out.items()}, means.label, why


def _ends(values, codes, m):
    """Smallest and largest value of each code."""
    low, high = np.full(m, np.inf), np.full(m, -np.inf)
    np.minimum.at(low, codes, values)
    np.maximum.at(high, codes, values)
    return low, high


def _lines(fit, found, texts, along, scale):
    """Predictions of every level along the range of its own rows, for each of its by values."""
    predictors, x, m = predictors_of(fit), along.x, len(along.labels)
    pair = found.codes * m + along.codes[found.rows]
    which = np.unique(pair)
    low, high = _ends(along.values[found.rows], np.searchsorted(which, pair), which.size)
    moving: dict[str, Any] = {}
    if x in predictors.categorical:
        labels = predictors.levels(x)[1]
        ladder = np.asarray(labels, dtype=np.float64)
        place = np.tile(np.arange(ladder.size), which.size)
        at, line = ladder[place], np.repeat(np.arange(which.size), ladder.size)
        inside = (at >= low[line]) & (at <= high[line])
        at, line = at[inside], line[inside]
        moving[x] = [labels[i] for i in place[inside].tolist()]
    else:
        at = np.linspace(low, high, COARSE, axis=1).ravel()
        line = np.repeat(np.arange(which.size), COARSE)
        moving[x] = at
    level_of, by_of = which[line] // m, which[line] % m
    if along.by is not None:
        moving[along.by] = [along.labels[i] for i in by_of.tolist()]
    columns, own = level_columns(fit, found, along.names)
    table = moving | {
        n: v[level_of] if isinstance(v, np.ndarray) else [v[i] for i in level_of.tolist()]
        for n, v in columns.items()
    }
    extra = extra_columns(fit, table)
    table |= {n: [v] * at.size for n, v in extra.items()}
    codes, lost = block_codes(fit, found)
    ours, fixed, gaps = line_predictions(fit, table, level_of, codes, scale)
    out = {
        "level": text_array(texts)[level_of], "by": along.texts[by_of], "x": at,
        "prediction": ours, "fixed": fixed,
    }  # fmt: skip
    return out, own, extra, lost, gaps


def _points(fit, along, factor, found, scale, facets):
    """The data: some rows, or shares of a yes-or-no response."""
    y = response_on(fit, scale)
    if y is None:
        empty = {name: np.empty(0) for name in ("level", "by", "x", "y", "n")}
        return empty, ["data have no place on the scale of the link"]
    if not facets and fit.family.discrete and np.isin(y, (0.0, 1.0)).all():
        return _shares(y, along)
    rows = found.rows if facets else np.arange(y.size)
    some = sampled(rows.size, MOST_POINTS)
    notes = []
    if some is not None:
        notes.append(f"points: {some.size:,} of {rows.size:,} rows, at random")
        rows = rows[some]
    points = {
        "level": text_array([str(factor.labels[j]) for j in factor.codes[rows].tolist()]),
        "by": along.texts[along.codes[rows]],
        "x": along.values[rows], "y": np.asarray(y)[rows], "n": np.ones(rows.size, dtype=np.int64),
    }  # fmt: skip
    return points, notes


def _shares(y, along):
    """Means of a yes-or-no response where x is the same, or nearly."""
    values, texts = along.values, along.texts
    different, place = np.unique(values, return_inverse=True)
    if different.size > FEW:
        edges = np.unique(np.quantile(values, np.linspace(0.0, 1.0, BINS + 1)))
        place = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, edges.size - 2)
    cell = place * texts.size + along.codes
    which, cell = np.unique(cell, return_inverse=True)
    n = np.bincount(cell)
    points = {
        "level": text_array([""] * which.size), "by": texts[which % texts.size],
        "x": np.bincount(cell, values) / n, "y": np.bincount(cell, y) / n, "n": n,
    }  # fmt: skip
    return points, ["points: shares of rows, larger for more"]
