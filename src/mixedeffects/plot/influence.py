"""Which units a fit depends on."""

from __future__ import annotations

from mixedeffects.plot.chart import Chart, inline
from mixedeffects.plot.layers import LEVEL_LIMIT, PAGE_LIMIT, number_axis, reference, where
from mixedeffects.plot.library import altair
from mixedeffects.plot.names import with_room
from mixedeffects.plot.theme import BLUE, GREY, HEIGHT, INK, RED, WIDTH
from mixedeffects.views import influence_view

STEP, LEAST_HEIGHT, NARROW = 16, 60, 200


def draw_influence(fit, group=None, *, measure="cooks_distance", influence=None):
    """How much leaving out each level of a grouping factor, or each row, changes the fit.

    Parameters
    ----------
    fit : LMM or GLMM
        The fitted model; of the method, the model itself.
    group : str, optional
        A grouping factor, the first by default, or "rows".
    measure : {"cooks_distance", "mdffits", "covratio", "covtrace", "dfbetas"}
        "dfbetas" has a panel for every coefficient.
    influence : Influence, optional
        What ``fit.influence(...)`` found; computed if not given.

    Returns
    -------
    Chart
        ``data``: unit, n_rows, term, value, size, rank, named; of rows also their levels (level,
        level_2, …). Of many units the 40 most extreme levels, or the 1,000 most extreme rows.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> fit.plot.influence().data["unit"][0]
    '309'
    """
    view = influence_view(fit, group, measure=measure, influence=influence)
    facts = view.facts
    one = "row" if facts["by_row"] else f"level of {facts['group']}"
    how = "variances estimated anew" if facts["refit"] else "variances held"
    words = [f"leaving out one {one} at a time, {how}"]
    if facts["cutoff"] is not None:
        rule = "4 / n" if measure == "cooks_distance" else "2 / √n"
        words.append(f"dashed: {rule} of n = {facts['n_units']:,}, a convention")
    title = f"{facts['name']} by {facts['group']}"
    return Chart(view, influence_panel(view), fit.design.spec.to_frame, title, words)


def influence_panel(view, width=WIDTH, height=None):
    """The drawing of an `influence_view`: its coefficients side by side.

    With a `height` the names of the levels are cut to what a page has room for.
    """
    alt = altair()
    facts, table = view.facts, view.tables["data"]
    draw = _needles if facts["by_row"] else _ordered
    if len(facts["terms"]) > 1:
        width = NARROW
    panels = [
        draw(where(table, table.columns["term"] == t), facts, t, width, height)
        for t in facts["terms"]
    ]
    if len(panels) == 1:
        return panels[0]
    return alt.concat(*panels, columns=3 if facts["by_row"] else 4)


def _lines(facts, vertical):
    """Zero (or one) and the cutoffs."""
    centre = 1.0 if facts["measure"] == "covratio" else 0.0
    name = "y" if vertical else "x"
    lines = [reference(**{name: centre}, colour=INK, dash=[1, 0])]
    cut = facts["cutoff"]
    if cut is not None:
        both = (cut, -cut) if facts["measure"] == "dfbetas" else (cut,)
        lines += [reference(**{name: value}) for value in both]
    return lines


def _tooltip(facts, title):
    alt = altair()
    return [
        alt.Tooltip("unit:N", title=facts["group"]),
        *(alt.Tooltip(f"{column}:N", title=name) for column, name in facts["levels"].items()),
        alt.Tooltip("value:Q", title=title, format=".4g"),
        alt.Tooltip("n_rows:Q", title="rows", format=","),
        alt.Tooltip("rank:Q"),
    ]


def _colour(facts):
    """Red beyond the cutoff."""
    alt = altair()
    if facts["cutoff"] is None:
        return alt.value(BLUE)
    return alt.condition(alt.datum.size > facts["cutoff"], alt.value(RED), alt.value(BLUE))


def _ordered(table, facts, term, width, height):
    """Levels in order, the most extreme above, with their names."""
    alt = altair()
    base = alt.Chart(inline(table)).transform_calculate(origin=_origin(facts))
    title = f"{facts['name']} of {term}" if term else facts["name"]
    n = len(table.columns["unit"])
    names = table.columns["unit"].tolist()
    limit = PAGE_LIMIT if height else LEVEL_LIMIT
    height = height or max(STEP * n, LEAST_HEIGHT)
    y = alt.Y(
        "unit:N", sort=names, title=facts["group"],
        axis=alt.Axis(labels=height >= 9 * n, ticks=False, labelOverlap=False,
                      labelPadding=7, titlePadding=12, **with_room(limit)),
    )  # fmt: skip
    x = alt.X("value:Q", title=title, axis=number_axis(5), scale=alt.Scale(zero=False))
    tooltip = _tooltip(facts, title)
    stems = base.mark_rule(color=GREY).encode(y=y, x=x, x2=alt.X2("origin:Q"))
    dots = base.mark_point(size=45, opacity=1).encode(
        y=y, x=x, color=_colour(facts), tooltip=tooltip
    )
    return alt.layer(*_lines(facts, False), stems, dots).properties(width=width, height=height)


def _needles(table, facts, term, width, height):
    """Rows by their number, the most extreme named."""
    alt = altair()
    base = alt.Chart(inline(table)).transform_calculate(origin=_origin(facts))
    title = f"{facts['name']} of {term}" if term else facts["name"]
    x = alt.X(
        "number:Q",
        title="row" if facts["by_number"] else "row, in the table's order",
        axis=number_axis(6, format="d"),
    )
    y = alt.Y("value:Q", title=title, scale=alt.Scale(zero=False))
    stems = base.mark_rule(opacity=0.7).encode(
        x=x, y=y, y2=alt.Y2("origin:Q"), color=_colour(facts)
    )
    dots = base.mark_point(size=14, opacity=1).encode(
        x=x, y=y, color=_colour(facts), tooltip=_tooltip(facts, title)
    )
    named = (
        base.transform_filter("datum.named")
        .mark_text(dx=5, align="left", fontSize=10, color=INK)
        .encode(x=x, y=y, text=alt.Text("unit:N"))
    )
    height = height or HEIGHT
    layers = [*_lines(facts, True), stems, dots, named]
    return alt.layer(*layers).properties(width=width, height=height)


def _origin(facts):
    """Where a needle starts, in Vega's words."""
    return "1" if facts["measure"] == "covratio" else "0"
