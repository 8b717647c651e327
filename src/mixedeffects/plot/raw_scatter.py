"""Two columns against each other, with colours and straight lines."""

from __future__ import annotations

from mixedeffects.design import open_table, to_frame
from mixedeffects.plot.chart import Chart, inline
from mixedeffects.plot.layers import cell_tooltip, only
from mixedeffects.plot.library import altair
from mixedeffects.plot.names import in_rows
from mixedeffects.plot.series import dash, shape
from mixedeffects.plot.theme import BLUE, CATEGORIES, COUNTS, HEIGHT, INK, WIDTH
from mixedeffects.views.table_scatter import scatter_view

FACET = 250


def scatter(data, x, y, *, colour=None, group=None, trend=True):
    """Points of two columns; where there are many, counts in cells.

    Parameters
    ----------
    data : table
        pandas, polars, pyarrow, dict of columns, or anything narwhals reads.
    x, y : str
        Columns of numbers.
    colour : str, optional
        Column of few levels, or a scale of numbers.
    group : str, optional
        Column that says whose point it is; shown when the pointer is over it.
    trend : bool
        Least-squares lines, one for each colour, of all rows. They ignore the grouping: a model
        does not.

    Returns
    -------
    Chart
        ``tables["points"]``: x, y, colour, group; or ``tables["cells"]``: x0, x1, y0, y1, count,
        colour. ``tables["lines"]``: colour, x0, x1, y0, y1, slope, intercept, r, n.

    Raises
    ------
    DataError, ColumnTypeError

    Examples
    --------
    >>> import mixedeffects as me
    >>> chart = me.plot.scatter(me.datasets.sleepstudy(), "Days", "Reaction", group="Subject")
    >>> chart.tables["lines"]["slope"].round(2).tolist()
    [10.47]
    """
    alt = altair()
    table = open_table(data)
    view = scatter_view(table, x, y, colour=colour, group=group, trend=trend)
    facts = view.facts
    x, y, colour = facts["x"], facts["y"], facts["colour"]
    draw = _cells if facts["binned"] else _points
    said = [f"{facts['n']:,} rows"]
    if trend and "lines" in view.tables and len(view.tables["lines"].columns["r"]):
        line = view.tables["lines"].columns
        if len(line["r"]) == 1:
            said[0] += f", least-squares line: slope {line['slope'][0]:.4g}, r = {line['r'][0]:.2f}"
        else:
            said[0] += f", least-squares line for each {colour}"
    return Chart(
        view, draw(alt, view), lambda columns: to_frame(columns, table.flavour), f"{y} by {x}", said
    )


def _axes(alt, facts):
    # room for the outermost points; cells fill the plane to its edges
    pad = {} if facts["binned"] else {"padding": 8, "nice": False}
    across = alt.Axis(values=facts["ticks"], format="~g") if facts["ticks"] else alt.Axis()
    return (
        {"title": facts["x"], "scale": alt.Scale(zero=False, **pad), "axis": across},
        {"title": facts["y"], "scale": alt.Scale(zero=False, **pad)},
    )


def _hue(alt, facts):
    if facts["colour"] is None:
        return alt.value(BLUE)
    if facts["scale"]:
        return alt.Color("colour:Q", title=facts["colour"], scale=alt.Scale(scheme="viridis"))
    scale = alt.Scale(domain=facts["levels"], range=CATEGORIES)
    return alt.Color("colour:N", scale=scale, legend=_legend(alt, facts))


def _legend(alt, facts):
    return alt.Legend(title=facts["colour"], **in_rows(facts["levels"]))


def _told(alt, facts, channel):
    """Shapes or dashes of the levels, where there are levels."""
    if facts["colour"] is None or facts["scale"] or facts["binned"]:
        return {}
    made = {"shape": shape, "strokeDash": dash}[channel]
    return {channel: made("colour", facts["levels"], _legend(alt, facts))}


def _points(alt, view):
    facts = view.facts
    across, up = _axes(alt, facts)
    n = len(view.tables["points"].columns["x"])
    tooltip = [
        alt.Tooltip("x:Q", title=facts["x"], format=".5g"),
        alt.Tooltip("y:Q", title=facts["y"], format=".5g"),
    ]
    if facts["group"] is not None:
        tooltip.insert(0, alt.Tooltip("group:N", title=facts["group"]))
    if facts["colour"] is not None:
        kind = "Q" if facts["scale"] else "N"
        tooltip.append(alt.Tooltip(f"colour:{kind}", title=facts["colour"]))
    points = (
        alt.Chart(inline(view.tables["points"]))
        .mark_point(size=36 if n < 400 else 18, opacity=0.6 if n < 400 else 0.4)
        .encode(
            x=alt.X("x:Q", **across), y=alt.Y("y:Q", **up), color=_hue(alt, facts),
            tooltip=tooltip, **_told(alt, facts, "shape"),
        )
    )  # fmt: skip
    layers = [points]
    if "lines" in view.tables:
        hue = alt.value(INK) if facts["colour"] is None or facts["scale"] else _hue(alt, facts)
        layers.append(_line(alt, view.tables["lines"], hue, facts))
    return alt.layer(*layers).properties(width=WIDTH, height=HEIGHT)


def _line(alt, table, hue, facts):
    """A rule from end to end for each colour."""
    named = [alt.Tooltip("colour:N", title=facts["colour"])] if facts["colour"] else []
    return (
        alt.Chart(inline(table))
        .mark_rule(strokeWidth=2.5)
        .encode(
            x=alt.X("x0:Q"), x2=alt.X2("x1:Q"), y=alt.Y("y0:Q"), y2=alt.Y2("y1:Q"), color=hue,
            **_told(alt, facts, "strokeDash"),
            tooltip=[
                *named, alt.Tooltip("slope:Q", format=".4g"), alt.Tooltip("r:Q", format=".3f"),
                alt.Tooltip("n:Q", title="rows", format=","),
            ],
        )
    )  # fmt: skip


def _cells(alt, view):
    facts = view.facts
    across, up = _axes(alt, facts)
    table = view.tables["cells"]
    if facts["scale"]:
        hue = alt.Color(
            "colour:Q", title=f"mean {facts['colour']}", scale=alt.Scale(scheme="viridis")
        )
    else:
        hue = alt.Color("count:Q", title="rows", scale=alt.Scale(range=COUNTS, type="log"))
    several = len(facts["levels"]) > 1
    panels = []
    for level in facts["levels"] if several else [None]:
        base, line = alt.Chart(inline(only(table, "colour", level))), view.tables.get("lines")
        rects = base.mark_rect(strokeWidth=0).encode(
            x=alt.X("x0:Q", **across), x2=alt.X2("x1:Q"), y=alt.Y("y0:Q", **up), y2=alt.Y2("y1:Q"),
            color=hue, tooltip=cell_tooltip(facts["x"], facts["y"]),
        )  # fmt: skip
        layers = [rects]
        if line is not None:
            layers.append(_line(alt, only(line, "colour", level), alt.value("#D55E00"), facts))
        panel = alt.layer(*layers).properties(width=WIDTH, height=HEIGHT)
        if several:
            title = alt.TitleParams(
                f"{facts['colour']}: {level}", fontSize=11, fontWeight="normal", anchor="middle"
            )
            panel = panel.properties(width=FACET, height=FACET * 0.8, title=title)
        panels.append(panel)
    if not several:
        return panels[0]
    return alt.concat(*panels, columns=3).resolve_scale(color="shared", x="shared", y="shared")
