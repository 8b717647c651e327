"""Estimated marginal means as points with intervals."""

from __future__ import annotations

from mixedeffects.plot.chart import Chart, inline
from mixedeffects.plot.library import altair
from mixedeffects.plot.names import in_rows, with_room
from mixedeffects.plot.series import shape
from mixedeffects.plot.theme import BLUE, CATEGORIES
from mixedeffects.views import means_view

STEP, DODGE, WIDTH = 24, 14, 400


def draw_means(
    fit, specs=None, *, by=None, at=None, ddf=None, level=0.95, weights="equal", scale=None
):  # fmt: skip
    """Estimated marginal means with their confidence intervals.

    Parameters
    ----------
    fit : LMM or GLMM
        The fitted model; of the method, the model itself.
    specs : str or list of str, optional
        Columns whose combinations get a mean, as in ``fit.emmeans``.
    by : str or list of str, optional
        More such columns, told apart by colour.
    at : dict, optional
        Column to values, instead of all levels or the mean.
    ddf : str, optional
        How degrees of freedom are computed, as in `test`.
    level : float
        Coverage of the intervals, each by itself.
    weights : str
        Of the levels averaged over, as in ``fit.emmeans``.
    scale : {"response", "link"}, optional
        The response's by default.

    Returns
    -------
    Chart
        ``data``: level, by, position, estimate, std_error, df, lower, upper.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("score ~ style + (1 | professor)", me.datasets.flipped_classrooms())
    >>> fit.plot.means("style").data["level"].tolist()
    ['No', 'Some', 'Fully']
    """
    alt = altair()
    view = means_view(fit, specs, by=by, at=at, ddf=ddf, level=level, weights=weights, scale=scale)
    facts = view.facts
    base = alt.Chart(inline(view.tables["data"]))
    levels, by_levels = facts["levels"], facts["by_levels"]
    y = alt.Y(
        "level:N", sort=levels, title=None,
        axis=alt.Axis(grid=True, ticks=False, domain=False, **with_room(260)),
    )  # fmt: skip
    x = alt.X(
        "lower:Q", title=facts["axis"], scale=alt.Scale(zero=False, padding=8),
        axis=alt.Axis(tickCount=6),
    )  # fmt: skip
    tooltip = [alt.Tooltip("level:N", title=", ".join(facts["specs"]) or "mean")]
    if facts["by"]:
        tooltip.append(alt.Tooltip("by:N", title=", ".join(facts["by"])))
    tooltip += [
        alt.Tooltip(f"{name}:Q", format=".4g")
        for name in ("estimate", "lower", "upper", "std_error", "df")
    ]
    shared, mark = {"y": y, "tooltip": tooltip}, {}
    if facts["by"]:
        legend = alt.Legend(
            title=", ".join(facts["by"]), symbolOpacity=1, **in_rows(by_levels, WIDTH)
        )
        scale = alt.Scale(domain=by_levels, range=CATEGORIES[: len(by_levels)])
        shared["color"] = alt.Color("by:N", scale=scale, legend=legend)
        mark["shape"] = shape("by", by_levels, legend)
        shared["yOffset"] = alt.YOffset("by:N", sort=by_levels)
    else:
        shared["color"] = alt.value(BLUE)
    rules = base.mark_rule(strokeWidth=2).encode(x=x, x2=alt.X2("upper:Q"), **shared)
    points = base.mark_point(size=60, opacity=1).encode(x=alt.X("estimate:Q"), **shared, **mark)
    each = max(STEP, DODGE * len(by_levels) if facts["by"] else STEP)
    drawing = alt.layer(rules, points).properties(width=WIDTH, height=each * len(levels))
    along = f" by {', '.join(facts['specs'])}" if facts["specs"] else ""
    what = facts["axis"].replace("mean of", "means of", 1)
    return Chart(
        view, drawing, fit.design.spec.to_frame, f"{what[:1].upper()}{what[1:]}{along}",
        (mean_subtitle(facts),),
    )  # fmt: skip


def mean_subtitle(facts):
    """The line below the title of a chart of means: intervals, what is held, averages."""
    said = f"{100 * facts['coverage']:g}% confidence intervals, {facts['label']}"
    return "; ".join(part for part in (said, facts["said"]) if part)
