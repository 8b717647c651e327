"""Means along one variable for each level of another: how two effects interact."""

from __future__ import annotations

import numpy as np

from mixedeffects.design import text_array
from mixedeffects.errors import OptionError
from mixedeffects.formula import column_names
from mixedeffects.inference.table import Table
from mixedeffects.means import emmeans
from mixedeffects.means.grid import check_name, label_text, predictors_of
from mixedeffects.views.covariates import FEW_VALUES, all_whole, grid_of, is_numeric, moving_columns
from mixedeffects.views.mean_notes import mean_line, mean_warnings, short_labels
from mixedeffects.views.mean_scale import chosen_scale, mean_axis, mean_options, mean_title
from mixedeffects.views.record import View

POINTS, MOST_COLOURS, MOST_LEVELS = 50, 8, 60


def interaction_view(
    fit, x=None, by=None, *, ddf=None, level=0.95, at=None, weights="equal", scale=None
):
    """Estimated marginal means across x, for each value of `by`.

    Takes scale {"response", "link"}, optional.

    Parameters
    ----------
    x : str, optional
        Column of the fixed effects: a factor has a point for each level, numbers have a line.
        Without it, x and by are the first two columns of the formula that interact.
    by : str, optional
        Another: a factor, or numbers, which are shown at their values where few and at the mean
        and one standard deviation either side where many.
    ddf, level, weights
        As in `emmeans`.
    at : dict, optional
        Values of any column, instead of these.

    Returns
    -------
    View
        "data": x (text or number), by, position, estimate, std_error, df, lower, upper. Facts: x,
        by, numeric, title, axis (of the means), said (what they are held at and averaged over),
        label, coverage, levels, by_levels.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("pain_score ~ treatment * time + (1 | patient)", me.datasets.pain_trial())
    >>> view = interaction_view(fit, "time", "treatment")
    >>> view.facts["numeric"], view.facts["by_levels"]
    (True, ['control', 'treated'])
    """
    names = moving_columns(fit)
    if x is None:
        x, by = _interacting(fit, names, by)
    check_name(x, names, "x")
    at = dict(at or {})
    numeric = is_numeric(fit, x) and x not in predictors_of(fit).categorical
    if numeric and x not in at:
        at[x] = grid_of(fit, x, POINTS).tolist()
    notes = []
    if isinstance(by, list | tuple):
        raise OptionError("by= takes one column\nfit.plot.means takes several")
    if by is not None:
        check_name(by, names, "by")
        if by == x:
            raise OptionError(f"x and by are both {by!r}")
        notes += _few_values(fit, by, at)
    scale = chosen_scale(fit, scale)
    specs = [x] if by is None else [x, by]
    means = emmeans(
        fit, specs, at=at, ddf=ddf, level=level, weights=weights, **mean_options(fit, scale)
    )
    colours = [name for name in means.labels if name != x]
    by_texts = short_labels(means.labels[colours[0]]) if colours else [""] * len(means.missing)
    if len(colours) > 1:  # of an ordinal model, the categories of the response
        by_texts = [
            ", ".join(map(label_text, row))
            for row in zip(*(means.labels[name] for name in colours), strict=True)
        ]
    by_levels = list(dict.fromkeys(by_texts))
    place = means.labels[x]
    levels = [] if numeric else list(dict.fromkeys(label_text(v) for v in place))
    _refuse_many(x, levels, colours, by_levels)
    table = means.table().columns
    columns = {
        "x": np.asarray(place, dtype=float)
        if numeric
        else text_array([label_text(v) for v in place]),
        "by": text_array(by_texts),
        "position": np.arange(len(by_texts)),
        **{k: table[k] for k in ("estimate", "std_error", "df", "lower", "upper")},
    }
    facts = {
        "x": x, "by": ", ".join(colours), "numeric": numeric, "title": mean_title(fit, scale),
        "axis": mean_axis(fit, scale), "said": mean_line(fit, means, at), "label": means.label,
        "coverage": level, "scale": scale, "levels": levels, "by_levels": by_levels,
        "whole": numeric and all_whole(predictors_of(fit).numbers(x)),
    }  # fmt: skip
    return View({"data": Table(columns)}, (*notes, *mean_warnings(means)), facts)


def _interacting(fit, names, by):
    """The first two columns that interact, or the one that `by` interacts with; numbers as x.

    Raises OptionError.
    """
    formula = fit.design.spec.formula.fixed
    for term in formula.terms:
        used = [c.name for i in term for c in column_names(formula.variables[i].node)]
        pair = [name for name in dict.fromkeys(used) if name in names]
        if len(pair) != 2 or (by is not None and by not in pair):
            continue
        if by is not None:
            return next(name for name in pair if name != by), by
        pair.sort(key=lambda name: name in predictors_of(fit).categorical)
        return pair[0], pair[1]
    raise OptionError(
        f"x= and by= must say which columns: {'no two columns' if by is None else 'nothing'} of "
        f"the formula {'interact' if by is None else f'interacts with {by}'}\n"
        f"columns: {', '.join(names) or 'none'}"
    )


def _few_values(fit, by, at):
    """Values of a numeric column to show, written to `at`, and what they are."""
    predictors = predictors_of(fit)
    if by in predictors.categorical or by in at:
        return []
    values = predictors.numbers(by)
    different = np.unique(values)
    if different.size <= FEW_VALUES:
        at[by] = different.tolist()
        return []
    mean, sd = float(values.mean()), float(values.std(ddof=1))
    at[by] = [mean - sd, mean, mean + sd]
    return [f"{by} at its mean and one standard deviation either side"]


def _refuse_many(x, levels, colours, by_levels):
    if len(by_levels) > MOST_COLOURS:
        raise OptionError(
            f"by={', '.join(colours)} has {len(by_levels)} levels; a chart tells {MOST_COLOURS} "
            "apart\nput it on the x axis, or choose some of its levels with at="
        )
    if len(levels) > MOST_LEVELS:
        raise OptionError(
            f"x={x!r} has {len(levels):,} levels, too many for a chart (at most {MOST_LEVELS})\n"
            "choose some with at="
        )
