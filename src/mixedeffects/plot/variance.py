"""Variance decomposition: what the fixed effects, the groups and the rest make up."""

from __future__ import annotations

import numpy as np

from mixedeffects.plot.chart import Chart, inline
from mixedeffects.plot.library import altair
from mixedeffects.plot.names import with_room
from mixedeffects.plot.theme import BLUE, CATEGORIES, GREEN, INK, ORANGE, PALE, PURPLE, RED, SKY
from mixedeffects.views import variance_view

WIDTH, BAR, STEP = 430, 34, 24
# an ICC whose number is written to the right of its point
NEAR_ZERO = 0.04
# colours of grouping factors, by turns; fixed effects and the rest have their own
GROUPS = [ORANGE, GREEN, PURPLE, RED, SKY]


def draw_variance(fit, *, level=0.95, scale="latent", approximation=None, null=None):
    """Shares of the variance, and the intraclass correlations with their intervals.

    Parameters
    ----------
    fit : LMM or GLMM
        The fitted model; of the method, the model itself.
    level : float
        Coverage of the intervals of the ICC.
    scale : {"latent", "response"}
        Of a generalised model, as in ``fit.icc``.
    approximation, null
        Of a generalised model, as in ``fit.icc``.

    Returns
    -------
    Chart
        ``data``: source, kind, position, variance, share, start, end. ``tables["icc"]``: group,
        icc, lower, upper.

    References
    ----------
    Nakagawa, Johnson & Schielzeth (2017), doi:10.1098/rsif.2017.0213.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("score ~ style + (1 | professor)", me.datasets.flipped_classrooms())
    >>> fit.plot.variance().data["source"].tolist()
    ['fixed effects', 'professor', 'residual']
    """
    alt = altair()
    view = variance_view(fit, level=level, scale=scale, approximation=approximation, null=null)
    facts = view.facts
    table = view.tables["data"]
    data = inline(table)
    sources = list(table.columns["source"])
    turns = [GROUPS[i % len(GROUPS)] for i in range(len(sources) - 2)]
    colour = alt.Color(
        "source:N", legend=None, scale=alt.Scale(domain=sources, range=[BLUE, *turns, PALE])
    )
    axis = alt.Axis(format="%", tickCount=5)
    whole = alt.Scale(domain=[0, 1])
    tooltip = [
        alt.Tooltip("source:N"), alt.Tooltip("variance:Q", format=".4g"),
        alt.Tooltip("share:Q", format=".1%"),
    ]  # fmt: skip
    base = alt.Chart(data)
    stacked = (
        base.mark_rect(stroke="white")
        .encode(
            x=alt.X("start:Q", scale=whole, axis=None), x2=alt.X2("end:Q"), y=alt.value(0),
            y2=alt.value(BAR), color=colour, tooltip=tooltip,
        )
        .properties(width=WIDTH, height=BAR)
    )  # fmt: skip
    y = alt.Y(
        "source:N", sort=sources, title=None,
        axis=alt.Axis(grid=False, ticks=False, domain=False, labelPadding=8, **with_room(200)),
    )  # fmt: skip
    bars = base.mark_bar(size=STEP - 8).encode(
        x=alt.X("share:Q", scale=whole, axis=axis, title="share of all variance"),
        y=y, color=colour, tooltip=tooltip,
    )  # fmt: skip
    words = base.transform_calculate(
        written="format(datum.share, '.1%') + '  (variance ' + format(datum.variance, '.4~g') + ')'"
    ).encode(x=alt.X("share:Q"), y=y, text=alt.Text("written:N"))
    # a long bar has its words inside
    inside = (
        words.transform_filter("datum.share > 0.6")
        .mark_text(align="right", dx=-6, fontSize=11)
        .encode(
            color=alt.condition("datum.kind === 'residual'", alt.value(INK), alt.value("white"))
        )
    )
    outside = words.transform_filter("datum.share <= 0.6").mark_text(
        align="left", dx=6, fontSize=11, color=INK
    )
    single = alt.layer(bars, outside, inside).properties(width=WIDTH, height=STEP * len(sources))
    drawing = alt.vconcat(stacked, single, _icc(alt, view, level), spacing=14).resolve_scale(
        color="independent"
    )
    shares = [(f"{facts[of]:.2f}", of) for of in ("marginal", "conditional")
              if np.isfinite(facts[of])]  # fmt: skip
    said = f"R squared: {', '.join(map(' '.join, shares))}" if shares else "R squared is not known"
    on = f"; {facts['scale']} scale" if facts["scale"] else ""
    return Chart(view, drawing, fit.design.spec.to_frame, "Where the variance lies", (said + on,))


def _icc(alt, view, level):
    """Points with intervals, one for each grouping factor."""
    table = view.tables["icc"]
    groups = list(table.columns["group"])
    base = alt.Chart(inline(table))
    y = alt.Y(
        "group:N", sort=groups, title=None,
        axis=alt.Axis(grid=False, ticks=False, domain=False, labelPadding=8, **with_room(200)),
    )  # fmt: skip
    title = "intraclass correlation"
    if np.isfinite(table.columns["lower"]).any():
        title += f", with {100 * level:g}% interval"
    whole, axis = alt.Scale(domain=[0, 1]), alt.Axis(tickCount=5)
    tooltip = [
        alt.Tooltip("group:N"),
        *[alt.Tooltip(f"{name}:Q", format=".3f") for name in ("icc", "lower", "upper")],
    ]
    rules = base.mark_rule(strokeWidth=2, color=CATEGORIES[-1]).encode(
        x=alt.X("lower:Q", scale=whole, axis=axis, title=title),
        x2=alt.X2("upper:Q"),
        y=y,
        tooltip=tooltip,
    )
    points = base.mark_point(size=60, opacity=1, color=CATEGORIES[-1]).encode(
        x=alt.X("icc:Q", scale=whole, axis=axis, title=title), y=y, tooltip=tooltip
    )
    # near zero a number in the middle of its point would run into the group's name
    words = [
        base.transform_filter(f"datum.icc {side} {NEAR_ZERO}")
        .mark_text(dy=-9, fontSize=10, color=INK, **place)
        .encode(x=alt.X("icc:Q"), y=y, text=alt.Text("icc:Q", format=".2f"))
        for side, place in ((">=", {}), ("<", {"align": "left", "dx": 5}))
    ]
    return alt.layer(rules, points, *words).properties(width=WIDTH, height=(STEP + 6) * len(groups))
