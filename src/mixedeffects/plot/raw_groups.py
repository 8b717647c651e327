"""Data by group: a box and a strip of points for each, in order of the medians."""

from __future__ import annotations

from mixedeffects.design import open_table, to_frame
from mixedeffects.inference import Table
from mixedeffects.plot.chart import Chart, inline
from mixedeffects.plot.layers import only
from mixedeffects.plot.library import altair
from mixedeffects.plot.names import in_rows, with_room
from mixedeffects.plot.series import shape
from mixedeffects.plot.theme import BLUE, CATEGORIES, INK, WIDTH
from mixedeffects.views.table_groups import groups_view

STEP, LOW_STEP = 26, 16
#: Groups from which rows are lower.
MANY = 16


def groups(data, y, group, *, colour=None, kind="auto"):
    """Data by group: points over boxes, in order of the medians.

    Parameters
    ----------
    data : table
        pandas, polars, pyarrow, dict of columns, or anything narwhals reads.
    y : str
        Column of numbers.
    group : str
        Column whose levels are compared.
    colour : str, optional
        A column. Where it is constant within groups, such as a treatment given to whole classes,
        its levels stand apart, each with its mean: treatment, groups and individuals at once.
    kind : {"auto", "strip", "box", "both"}
        "auto" is both, and boxes only from 40 groups on. Of more than 50 groups those with the
        lowest and the highest medians are shown.

    Returns
    -------
    Chart
        ``tables["boxes"]``: group, rank, n, mean, median, q1, q3, low, high, colour;
        ``tables["points"]``: group, y, offset, colour; ``tables["means"]``: colour, mean, n.

    Raises
    ------
    DataError, ColumnTypeError, OptionError
        For columns that cannot be used, and another `kind`.

    Examples
    --------
    >>> import mixedeffects as me
    >>> me.plot.groups(me.datasets.flipped_classrooms(), "score", "professor", colour="style")
    <Chart 'score by professor', 15 rows of data; .save(path) or .altair shows it>
    """
    alt = altair()
    table = open_table(data)
    view = groups_view(table, y, group, colour=colour, kind=kind)
    facts = view.facts
    y, group, colour = facts["y"], facts["group"], facts["colour"]
    step = STEP if facts["n_shown"] <= MANY else LOW_STEP
    hue = _colour(alt, facts)
    domain = _domain(view)
    x = {"scale": alt.Scale(domain=domain, zero=False, nice=True), "title": y}
    if facts["nested"]:
        shown = set(next(iter(view.tables.values())).columns["colour"])
        levels = [level for level in facts["colours"] if level in shown]
        panels = [
            _panel(alt, view, x, step, hue, level, last=level == levels[-1]) for level in levels
        ]
        drawing = alt.vconcat(*panels, spacing=8).resolve_scale(x="shared", color="shared")
    else:
        drawing = _panel(alt, view, x, step, hue, None, last=True)
    k = facts["n_groups"]
    said = f"{k:,} groups in order of the median; " if k > 1 else "one group; "
    said += f"dashed: mean of each {colour}" if facts["nested"] else "dashed: mean of all rows"
    return Chart(
        view, drawing, lambda columns: to_frame(columns, table.flavour), f"{y} by {group}", (said,)
    )


def _domain(view):
    """Ends of the axis that all panels share."""
    ends = []
    for name, low, high in (("boxes", "low", "high"), ("points", "y", "y")):
        if name in view.tables:
            ends += [float(view.tables[name].columns[low].min())]
            ends += [float(view.tables[name].columns[high].max())]
    return [min(ends), max(ends)]


def _colour(alt, facts):
    if facts["colour"] is None:
        return alt.value(BLUE)
    legend = (
        None if facts["nested"] else alt.Legend(title=facts["colour"], **in_rows(facts["colours"]))
    )
    return alt.Color(
        "colour:N", legend=legend, scale=alt.Scale(domain=facts["colours"], range=CATEGORIES)
    )


def _panel(alt, view, x, step, hue, level, last):
    """Groups of one level of the colour; of all without one."""
    facts = view.facts
    tables = {k: only(t, "colour", level) for k, t in view.tables.items() if k != "means"}
    names = list(dict.fromkeys(n for n in facts["order"] if _has(tables, n)))
    place = alt.Y(
        "group:N", sort=names, scale=alt.Scale(domain=names, paddingInner=0.25),
        axis=alt.Axis(title=facts["group"] if level is None else None, grid=False, ticks=False,
                      domain=False, labelPadding=6, maxExtent=290, **with_room(220)),
    )  # fmt: skip
    axis = alt.Axis(title=x["title"], tickCount=8)
    if not last:
        axis = alt.Axis(title=None, labels=False, ticks=False, domain=False, tickCount=8)
    named = [] if level is None else [alt.Tooltip("colour:N", title=facts["colour"])]
    tooltip = [
        alt.Tooltip("mean:Q", format=".4g"), alt.Tooltip("n:Q", title="rows", format=",")
    ]  # fmt: skip
    layers = []
    if "points" in tables:
        layers.append(_strip(alt, tables["points"], place, hue, facts, x, axis, step))
    if "boxes" in tables:
        layers += _boxes(alt, tables["boxes"], place, hue, facts, x, axis, step)
    if level is None:
        at = {"mean": [facts["mean"]], "n": [facts["n"]]}
    else:
        at = only(view.tables["means"], "colour", level).columns
    rule = alt.Chart(inline(Table(at))).mark_rule(
        strokeDash=[4, 3], strokeWidth=1.5, color=INK if level is None else _of_level(facts, level)
    ).encode(
        x=alt.X("mean:Q", scale=x["scale"], axis=axis), tooltip=[*named, *tooltip],
    )  # fmt: skip
    panel = alt.layer(rule, *layers).properties(width=WIDTH, height=step * len(names))
    if level is None:
        return panel
    title = f"{facts['colour']}: {level}"
    return panel.properties(
        title=alt.TitleParams(
            title, fontSize=11, fontWeight="bold", anchor="start", frame="group", offset=4
        )
    )


def _of_level(facts, level):
    return CATEGORIES[facts["colours"].index(level) % len(CATEGORIES)]


def _has(tables, name):
    return any((t.columns["group"] == name).any() for t in tables.values())


def _strip(alt, points, place, hue, facts, x, axis, step):
    tooltip = [
        alt.Tooltip("group:N", title=facts["group"]),
        alt.Tooltip("y:Q", title=facts["y"], format=".5g"),
    ]
    if facts["colour"] is not None:
        tooltip.append(alt.Tooltip("colour:N", title=facts["colour"]))
    many = len(points.columns["y"]) > 800
    told = {}
    if facts["colour"] is not None and not facts["nested"]:
        told["shape"] = shape("colour", facts["colours"], hue["legend"])
    return (
        alt.Chart(inline(points))
        .mark_point(size=10 if many else 16, opacity=0.35 if many else 0.5)
        .encode(
            x=alt.X("y:Q", scale=x["scale"], axis=axis), y=place,
            yOffset=alt.YOffset("offset:Q", scale=alt.Scale(domain=[-1.6, 1.6])),
            color=hue, tooltip=tooltip, **told,
        )
    )  # fmt: skip


def _boxes(alt, table, place, hue, facts, x, axis, step):
    neutral = alt.value(INK)
    colour = hue if facts["nested"] or facts["colour"] is None else neutral
    tooltip = [
        alt.Tooltip("group:N", title=facts["group"]),
        alt.Tooltip("n:Q", title="rows", format=","),
        *(alt.Tooltip(f"{k}:Q", format=".5g") for k in ("median", "q1", "q3", "mean")),
        alt.Tooltip("rank:Q", title="rank of the median"),
    ]
    base = alt.Chart(inline(table)).encode(y=place, tooltip=tooltip)
    along = {"scale": x["scale"], "axis": axis}
    tall = round(step * 0.55)
    alone = facts["kind"] == "box"
    return [
        base.mark_rule(strokeWidth=1).encode(
            x=alt.X("low:Q", **along), x2=alt.X2("high:Q"), color=colour
        ),
        base.mark_bar(
            height=tall, fillOpacity=0.35 if alone else 0.12, strokeWidth=1, strokeOpacity=0.9
        ).encode(
            x=alt.X("q1:Q", **along), x2=alt.X2("q3:Q"), color=colour,
            stroke=_stroke(alt, colour),
        ),
        base.mark_tick(size=tall, thickness=2.5, opacity=1).encode(
            x=alt.X("median:Q", **along), color=colour
        ),
    ]  # fmt: skip


def _stroke(alt, colour):
    if isinstance(colour, alt.Color):
        return alt.Stroke("colour:N", legend=None, scale=colour["scale"])
    return colour
