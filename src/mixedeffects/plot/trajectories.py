"""Trajectories: the fixed line with its band, every group's own line, and the data."""

from __future__ import annotations

from mixedeffects.plot.chart import Chart, inline
from mixedeffects.plot.layers import ticks_of
from mixedeffects.plot.library import altair
from mixedeffects.plot.names import in_rows, with_room
from mixedeffects.plot.series import STROKES, dash
from mixedeffects.plot.theme import BLUE, CATEGORIES, GREY, HEIGHT, INK, ORANGE, WIDTH
from mixedeffects.views import trajectories_view

# width and height of a panel and panels a row: of many, and of few
MANY, FEW, FEW_PANELS = (118, 92, 6), (210, 150, 3), 9
# width of a letter of a panel's name, about
TICKS, LETTER = 6, 6.2


def draw_trajectories(
    fit, x=None, *, by=None, group=None, level=0.95, facets=False, most=None, scale=None, ddf=None
):
    """Predictions along a numeric variable: of the fixed effects, and of single groups.

    The thick line and its band are the fixed effects, other columns held; thin lines are
    predictions of levels of a grouping factor, over the range of their own rows and with their
    own values of what is constant within them; points are rows.

    Parameters
    ----------
    fit : LMM or GLMM
        The fitted model; of the method, the model itself.
    x : str, optional
        Numeric column of the fixed effects; the first with a random slope, or the first.
    by : str, optional
        A column with few values, such as a treatment: each has lines of a colour of its own.
    group : str, optional
        Grouping factor of the individual lines; the first by default.
    level : float
        Coverage of the band, a confidence interval of the fixed effects.
    facets : bool
        One panel for each level, with its rows, its line, and the fixed line for its covariates.
    most : int, optional
        Levels that have lines (60, or 24 panels); of more, some chosen at random.
    scale : {"response", "link"}, optional
        The response's by default: a transformation such as log(y), or the link, is undone.
    ddf : str, optional
        Degrees of freedom of the band, as in `emmeans`.

    Returns
    -------
    Chart
        ``data``: level, by, x, prediction, fixed. ``tables``: lines, fixed, points.

    Raises
    ------
    NotAvailableError
        No numeric column, ordered categories.
    OptionError

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> chart = fit.plot.trajectories()
    >>> chart.tables["fixed"][["x", "prediction"]].iloc[0].round(1).tolist()
    [0.0, 251.4]
    """
    alt = altair()
    view = trajectories_view(
        fit, x, by=by, group=group, level=level, facets=facets, most=most, scale=scale, ddf=ddf
    )
    facts = view.facts
    drawing = _panels(alt, view) if facets else _together(alt, view)
    percent = f"{100 * level:g}%"
    if facets:
        said = f"{facts['group']}: line with its own effects; dashed: fixed effects alone"
    else:
        said = (
            f"thick: fixed effects with {percent} band, {facts['label']}; thin: predictions of "
            f"{facts['group']}"
        )
    # a column keeps its own letters
    what = facts["title"].replace("probability of", "Probability of", 1)
    return Chart(view, drawing, fit.design.spec.to_frame, f"{what} along {facts['x']}", (said,))


def _colour(alt, facts, legend=True):
    if facts["by"] is None:
        return alt.value(BLUE)
    levels = facts["by_levels"]
    return alt.Color(
        "by:N",
        scale=alt.Scale(domain=levels, range=CATEGORIES[: len(levels)]),
        legend=alt.Legend(title=facts["by"], symbolOpacity=1, **STROKES, **in_rows(levels))
        if legend
        else None,
    )


def _axes(alt, facts, column="prediction", ticks=TICKS):
    x = alt.X(
        "x:Q", title=facts["x"], scale=alt.Scale(zero=False, nice=False, padding=6),
        axis=alt.Axis(tickCount=ticks, **ticks_of(facts["whole"])),
    )  # fmt: skip
    y = alt.Y(f"{column}:Q", title=facts["title"], scale=alt.Scale(zero=False))
    return x, y


def _tooltip(alt, facts, value):
    out = [alt.Tooltip("level:N", title=facts["group"])]
    if facts["by"] is not None:
        out.append(alt.Tooltip("by:N", title=facts["by"]))
    return [
        *out, alt.Tooltip("x:Q", title=facts["x"], format=".4g"),
        alt.Tooltip(f"{value}:Q", title=facts["title"], format=".4g"),
    ]  # fmt: skip


def _together(alt, view):
    facts = view.facts
    colour = _colour(alt, facts)
    x, y = _axes(alt, facts)
    coloured = facts["by"] is not None
    points = alt.Chart(inline(view.tables["points"]))
    tooltip = _tooltip(alt, facts, "y")
    if facts["shares"]:
        tooltip = [*tooltip[1:], alt.Tooltip("n:Q", title="rows", format=",")]
        points = points.mark_point(opacity=0.8, filled=False).encode(
            size=alt.Size("n:Q", scale=alt.Scale(range=[15, 150], zero=True), legend=None)
        )
    else:
        many = len(view.tables["points"].columns["x"]) > HEIGHT
        points = points.mark_point(size=9 if many else 16, opacity=0.3 if many else 0.5)
    points = points.encode(
        x=x, y=alt.Y("y:Q", title=facts["title"]),
        color=colour if coloured else alt.value(GREY), tooltip=tooltip,
    )  # fmt: skip
    lines = (
        alt.Chart(inline(view.tables["lines"]))
        .mark_line(strokeWidth=1, opacity=0.45 if coloured else 0.6)
        .encode(
            x=x, y=y, detail=[alt.Detail("level:N"), alt.Detail("by:N")],
            color=colour if coloured else alt.value(GREY),
            tooltip=_tooltip(alt, facts, "prediction"),
        )
    )  # fmt: skip
    fixed = alt.Chart(inline(view.tables["fixed"]))
    band = fixed.mark_area(opacity=0.22 if len(facts["by_levels"]) < 3 else 0.12).encode(
        x=x, y=alt.Y("lower:Q", title=facts["title"]), y2=alt.Y2("upper:Q"), color=colour
    )
    told = {"strokeDash": dash("by", facts["by_levels"], colour["legend"])} if coloured else {}
    middle = fixed.mark_line(strokeWidth=3).encode(
        x=x, y=y, color=colour, **told,
        tooltip=[*_tooltip(alt, facts, "prediction")[1:], alt.Tooltip("lower:Q", format=".4g"),
                 alt.Tooltip("upper:Q", format=".4g")],
    )  # fmt: skip
    return alt.layer(points, lines, band, middle).properties(width=WIDTH, height=HEIGHT)


def _panels(alt, view):
    facts = view.facts
    roomy = len(facts["levels"]) <= FEW_PANELS
    roomy |= LETTER * max(map(len, facts["levels"])) > MANY[0]
    width, height, a_row = FEW if roomy else MANY
    rows = [
        {"kind": kind, **row}
        for kind, name in (("line", "lines"), ("point", "points"))
        for row in inline(view.tables[name]).values
    ]
    base = alt.Chart(alt.InlineData(values=rows))
    colour = _colour(alt, facts)
    x, y = _axes(alt, facts, ticks=TICKS // 2)
    of_lines = base.transform_filter("datum.kind === 'line'")
    points = (
        base.transform_filter("datum.kind === 'point'")
        .mark_point(size=14, opacity=0.7)
        .encode(
            x=x, y=alt.Y("y:Q", title=facts["title"]),
            color=colour if facts["by"] is not None else alt.value(INK),
            tooltip=_tooltip(alt, facts, "y"),
        )
    )  # fmt: skip
    fixed = of_lines.mark_line(strokeWidth=1, strokeDash=[4, 3], color=GREY).encode(
        x=x, y=alt.Y("fixed:Q", title=facts["title"]), detail=alt.Detail("by:N")
    )
    ours = of_lines.mark_line(strokeWidth=2).encode(
        x=x, y=y, color=colour if facts["by"] is not None else alt.value(ORANGE),
        detail=alt.Detail("by:N"), tooltip=_tooltip(alt, facts, "prediction"),
    )  # fmt: skip
    return (
        alt.layer(fixed, points, ours)
        .properties(width=width, height=height)
        .facet(
            facet=alt.Facet(
                "level:N", sort=facts["levels"], title=None, header=alt.Header(**with_room(width))
            ),
            columns=a_row,
            spacing=10,
        )
    )
