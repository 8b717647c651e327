"""Residuals, and the roots of their sizes, against fitted values."""

from __future__ import annotations

import numpy as np

from mixedeffects.inference.table import Table
from mixedeffects.thinning import MOST_MARKS, cells
from mixedeffects.views.fit_residuals import fit_residuals
from mixedeffects.views.labels import have_room
from mixedeffects.views.record import View
from mixedeffects.views.row_levels import level_names, row_levels
from mixedeffects.views.smooth import smooth

# rows that are named
NAMED = 3
BINS = (60, 40)
# E sqrt|Z| of a standard normal Z: 2^(1/4) Gamma(3/4) / sqrt(pi)
ROOT_MEAN = 0.8221789586624584


def residuals_view(fit, kind=None, *, rng=0, most=MOST_MARKS, bins=BINS):
    """Residuals against fitted values, with a smooth line.

    Parameters
    ----------
    kind, rng
        As in `fit_residuals`.
    most : int
        Rows drawn one by one; more are counted in cells.
    bins : (int, int)
        Cells across and up.

    Returns
    -------
    View
        "data": row (label or number), fitted, residual, and the row's level of every
        grouping factor (level, level_2, …); of many rows x0, x1, y0, y1, count (cells, x
        fitted). "smooth": x, mean, lower, upper. "extreme": the rows with the largest residuals,
        and whether there is room for their numbers (named). Facts: n, kind, name, fitted_name,
        binned, levels (column of levels to grouping factor).

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> view = residuals_view(fit)
    >>> view.facts["n"], view.tables["extreme"].columns["row"].tolist()
    (180, [56, 7, 59])
    """
    found = fit_residuals(fit, kind, rng)
    return _against_fitted(fit, found, found.values, found.name, most, bins)


def scale_location_view(fit, kind=None, *, rng=0, most=MOST_MARKS, bins=BINS):
    """Roots of the sizes of standardised residuals against fitted values, with a smooth line.

    Parameters
    ----------
    kind : str, optional
        "standardised" (the default) or "scaled" of a linear model, "quantile" of others.
    rng, most, bins
        As in `residuals_view`.

    Returns
    -------
    View
        As `residuals_view`, with the root in place of the residual; fact expected is its mean
        under the model.

    References
    ----------
    Cleveland (1993), Visualizing Data, for the spread-location plot.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> list(scale_location_view(fit).tables["data"].columns)
    ['row', 'fitted', 'residual', 'level']
    """
    found = fit_residuals(fit, kind, rng, normal=True)
    roots = np.sqrt(np.abs(found.values))
    view = _against_fitted(fit, found, roots, f"√|{found.name}|", most, bins)
    # roots are not negative, whatever a straight line and a symmetric band say
    line = view.tables["smooth"].columns
    line |= {name: np.maximum(line[name], 0.0) for name in ("mean", "lower", "upper")}
    tables = view.tables | {"smooth": Table(line)}
    return View(tables, view.notes, view.facts | {"expected": ROOT_MEAN})


def _against_fitted(fit, found, values, name, most, bins):
    n = values.size
    size = np.abs(found.values)
    top = np.argpartition(-size, min(NAMED, n) - 1)[:NAMED]
    top = top[np.argsort(-size[top], kind="stable")]
    extreme = {
        "row": found.rows[top], "fitted": found.fitted[top], "residual": values[top],
        "named": have_room(
            found.fitted[top], values[top], np.ptp(found.fitted), np.ptp(values)
        ),
        **row_levels(fit, found.kept[top]),
    }  # fmt: skip
    notes = list(found.notes)
    binned = n > most
    if binned:
        data = cells(found.fitted, values, bins)
        notes.append(f"{n:,} rows counted in cells")
    else:
        data = {"row": found.rows, "fitted": found.fitted, "residual": values}
        data |= row_levels(fit, found.kept)
    facts = {
        "n": n, "kind": found.kind, "name": name, "fitted_name": found.fitted_name,
        "binned": binned, "levels": level_names(fit),
    }  # fmt: skip
    line = smooth(found.fitted, values)
    tables = {"data": Table(data), "smooth": Table(line), "extreme": Table(extreme)}
    return View(tables, tuple(notes), facts)
