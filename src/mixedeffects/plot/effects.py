"""Three effects in one picture: of the treatment, of the group, and of the individual."""

from __future__ import annotations

import json

from mixedeffects.plot.chart import Chart, inline
from mixedeffects.plot.library import altair
from mixedeffects.plot.names import with_room
from mixedeffects.plot.theme import BLUE, GREY, HEIGHT, ORANGE
from mixedeffects.views import effects_view

WIDTH, NARROWEST, SPACING = 660, 70, 8
# names of groups are written where each has so many points of width
ROOM, LETTER = 22, 5.5


def draw_effects(
    fit, treatment=None, group=None, *, level=0.95, ddf=None, scale=None, most=None, seed=0
):
    """Treatment, group and individual: the three effects of a model with groups, told apart.

    One panel for each treatment. Its bar is the mean by the fixed effects, with its confidence
    interval; a short line is the mean of a group (its treatment's, moved by its random effects);
    points are rows around the mean of their group.

    Parameters
    ----------
    fit : LMM or GLMM
        The fitted model; of the method, the model itself.
    treatment : str, optional
        A categorical column of the fixed effects that is constant within groups; the first by
        default.
    group : str, optional
        A grouping factor; the first within whose levels the treatment is constant.
    level : float
        Coverage of the intervals of the treatments' means.
    ddf : str, optional
        How degrees of freedom are computed, as in `test`.
    scale : {"response", "link"}, optional
        The response's by default.
    most : int, optional
        Groups shown in all; of more, those evenly spaced in their mean.
    seed : int
        Of the points' sideways places, which mean nothing, and of a sample where they are many.

    Returns
    -------
    Chart
        ``data``: treatment, group, place, y. ``tables``: individuals, groups, treatments.

    Raises
    ------
    NotAvailableError
        No categorical column is constant within groups.
    OptionError
        The one given is not.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("score ~ style + (1 | professor)", me.datasets.flipped_classrooms())
    >>> fit.plot.effects().tables["treatments"]["treatment"].tolist()
    ['No', 'Some', 'Fully']
    """
    alt = altair()
    view = effects_view(
        fit, treatment, group, level=level, ddf=ddf, scale=scale, most=most, seed=seed
    )
    facts = view.facts
    rows = [
        {"kind": kind, "panel": f"{facts['treatment']}: {row['treatment']}", **row}
        for kind, name in (
            ("individual", "individuals"), ("group", "groups"), ("treatment", "treatments"),
        )
        for row in inline(view.tables[name]).values
    ]  # fmt: skip
    base = alt.Chart(alt.InlineData(values=rows))
    many = len(view.tables["individuals"].columns["y"]) > HEIGHT * 2
    panels = len(facts["treatments"])
    width = max(NARROWEST, WIDTH // panels)
    layers = _layers(alt, base, facts, many)
    room = width / facts["most_groups"]
    if room >= max(ROOM, LETTER * max(map(len, view.tables["groups"].columns["group"]))):
        layers.append(
            _of(base, "group")
            .mark_text(fontSize=9, color=GREY, limit=room)
            .encode(x=_place(alt, facts), y=alt.value(HEIGHT + 10), text=alt.Text("group:N"))
        )
    drawing = (
        alt.layer(*layers)
        .properties(width=width, height=HEIGHT)
        .facet(
            column=alt.Column(
                "panel:N",
                sort=[f"{facts['treatment']}: {level}" for level in facts["treatments"]],
                header=alt.Header(title=None, labelFontWeight="bold", **with_room(width)),
            ),
            spacing=SPACING,
        )
    )  # fmt: skip
    said = (
        f"{facts['group']} in order of its mean; {100 * level:g}% confidence intervals of "
        f"{facts['treatment']} means, {facts['label']}"
    )
    if facts["said"]:
        said = f"{said}; {facts['said']}"
    return Chart(
        view, drawing, fit.design.spec.to_frame,
        f"{facts['title']}: {facts['treatment']}, {facts['group']} and individual", (said,),
    )  # fmt: skip


def _of(base, kind):
    """The rows of one kind: all layers of a facet share a table."""
    return base.transform_filter(f"datum.kind === '{kind}'")


def _place(alt, facts, column="place"):
    """Groups side by side, without an axis of their own."""
    return alt.X(
        f"{column}:Q", scale=alt.Scale(domain=[0.5, facts["most_groups"] + 0.5], nice=False),
        axis=alt.Axis(labels=False, ticks=False, grid=False, title=None),
    )  # fmt: skip


def _layers(alt, base, facts, many):
    """Individuals as points, groups as ticks, treatments as bars with their intervals."""
    kinds = ["treatment", "group", "individual"]
    names = [
        f"{facts['treatment']}: mean and interval", f"{facts['group']}: mean", "individual",
    ]  # fmt: skip
    colour = alt.Color(
        "kind:N",
        scale=alt.Scale(domain=kinds, range=[BLUE, ORANGE, GREY]),
        legend=alt.Legend(
            title=None, orient="bottom", symbolOpacity=1, labelLimit=0,
            labelExpr=f"{json.dumps(dict(zip(kinds, names, strict=True)))}[datum.value]",
        ),
    )  # fmt: skip
    y_scale = alt.Scale(zero=False)

    who = [
        alt.Tooltip("treatment:N", title=facts["treatment"]),
        alt.Tooltip("group:N", title=facts["group"]),
    ]
    x = _place(alt, facts)
    points = _of(base, "individual").mark_point(size=9 if many else 14, opacity=0.5).encode(
        x=x, y=alt.Y("y:Q", title=facts["title"], scale=y_scale), color=colour,
        tooltip=[*who, alt.Tooltip("y:Q", title=facts["title"], format=".4g")],
    )  # fmt: skip
    band = _of(base, "treatment").mark_rect(opacity=0.15).encode(
        x=_place(alt, facts, "first"), x2=alt.X2("last:Q"),
        y=alt.Y("lower:Q", title=facts["title"]), y2=alt.Y2("upper:Q"), color=colour,
    )  # fmt: skip
    bar = _of(base, "treatment").mark_rule(strokeWidth=4).encode(
        x=_place(alt, facts, "first"), x2=alt.X2("last:Q"),
        y=alt.Y("mean:Q", title=facts["title"]), color=colour,
        tooltip=[
            who[0], *[alt.Tooltip(f"{n}:Q", format=".4g") for n in ("mean", "lower", "upper")]
        ],
    )  # fmt: skip
    ticks = _of(base, "group").transform_calculate(
        left="datum.place - 0.4", right="datum.place + 0.4"
    ).mark_rule(strokeWidth=3).encode(
        x=_place(alt, facts, "left"), x2=alt.X2("right:Q"),
        y=alt.Y("mean:Q", title=facts["title"]), color=colour,
        tooltip=[*who, alt.Tooltip("mean:Q", format=".4g"), alt.Tooltip("size:Q", title="rows"),
                 alt.Tooltip("effect:Q", title="random effects", format=".4g")],
    )  # fmt: skip
    return [points, band, bar, ticks]
