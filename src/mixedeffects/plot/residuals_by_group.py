"""Residuals level by level."""

from __future__ import annotations

from mixedeffects.plot.chart import Chart, inline
from mixedeffects.plot.layers import NAME_LIMIT, PAGE_LIMIT, number_axis, points, reference
from mixedeffects.plot.library import altair
from mixedeffects.plot.theme import BLUE, INK, SKY, WIDTH
from mixedeffects.views import by_group_view
from mixedeffects.views.labels import short_name

STEP, CLOSE, LEAST_HEIGHT = 15, 11, 60


def draw_by_group(fit, group=None, kind=None, *, order="median", rng=0):
    """Residuals of every level of a grouping factor: boxes, with the rows where these are few.

    Boxes of very different width are a sign that the residual variance differs between levels.

    Parameters
    ----------
    fit : LMM or GLMM
        The fitted model; of the method, the model itself.
    group : str, optional
        Grouping factor; the first by default.
    kind : str, optional
        As in `residuals`.
    order : {"median", "spread"}
        What levels are sorted by; "spread" is the interquartile range.
    rng : numpy.random.Generator or int
        Breaks the ties of discrete responses in quantile residuals.

    Returns
    -------
    Chart
        ``data``: level, rank, n, median, q1, q3, whisker_low, whisker_high (of Tukey), sd.
        ``tables``: also "rows". Of more than 40 levels those at both ends.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> fit.plot.by_group().subtitle[0]
    'sd of the residuals from 8.461 (309) to 57.45 (332)'
    """
    view = by_group_view(fit, group, kind, order=order, rng=rng)
    facts = view.facts
    words = [sd_words(facts)] if facts["smallest"] else []
    rows = "all rows" if facts["all_rows"] else "rows outside of the whiskers"
    words.append(f"boxes: quartiles; whiskers: Tukey's; points: {rows}")
    title = f"Residuals by {facts['group']}"
    return Chart(view, by_group_panel(view), fit.design.spec.to_frame, title, words)


def sd_words(facts):
    """Levels with the smallest and the largest residual standard deviation."""
    (low, least), (high, most) = facts["smallest"], facts["largest"]
    return f"sd of the residuals from {least:.4g} ({low}) to {most:.4g} ({high})"


def by_group_panel(view, width=WIDTH, height=None):
    """The drawing of a `by_group_view`.

    A `height` squeezes the levels into it, where their names may not fit.
    """
    alt = altair()
    facts, table = view.facts, view.tables["data"]
    data = inline(table)
    n = len(table.columns["level"])
    ranks = table.columns["rank"].tolist()
    named = height is None or height >= CLOSE * n
    limit = NAME_LIMIT if height is None else PAGE_LIMIT
    height = max(STEP * n, LEAST_HEIGHT) if height is None else height
    band = min(0.7 * height / n, 10.0)
    # the axis has places for ranks and says the levels' names, which may occur twice when shortened
    levels = [short_name(level, limit // 6) for level in table.columns["level"]]
    names = "{" + ",".join(f"'{r}':{_quoted(v)}" for r, v in
                           zip(ranks, levels, strict=True)) + "}"  # fmt: skip
    y = alt.Y(
        "rank:O", sort=ranks, title=facts["group"],
        axis=alt.Axis(
            labels=named, ticks=named, grid=True, labelExpr=f"{names}[datum.label]",
            labelLimit=int(1.25 * limit), titlePadding=12,
        ),
    )  # fmt: skip
    x_title = facts["name"]
    tooltip = [
        alt.Tooltip("level:N", title=facts["group"]),
        alt.Tooltip("n:Q", title="rows", format=","),
        *(alt.Tooltip(f"{c}:Q", format=".4g") for c in ("median", "q1", "q3", "sd")),
    ]
    base = alt.Chart(data).encode(y=y, tooltip=tooltip)
    x = alt.X("whisker_low:Q", title=x_title, scale=alt.Scale(zero=False), axis=number_axis())
    whiskers = base.mark_rule(color=INK, strokeWidth=1).encode(x=x, x2=alt.X2("whisker_high:Q"))
    boxes = base.mark_bar(color=SKY, opacity=0.65, size=band).encode(
        x=alt.X("q1:Q"), x2=alt.X2("q3:Q")
    )
    medians = base.mark_tick(color=INK, thickness=2, size=band).encode(x=alt.X("median:Q"))
    rows = points(inline(view.tables["rows"]), size=10, colour=BLUE).encode(
        x=alt.X("residual:Q"),
        y=y,
        tooltip=[
            alt.Tooltip("level:N", title=facts["group"]),
            alt.Tooltip("row:N", title="row"),
            alt.Tooltip("residual:Q", title=x_title, format=".4g"),
        ],
    )
    layers = [reference(x=0.0), whiskers, boxes, rows, medians]
    return alt.layer(*layers).properties(width=width, height=height)


def _quoted(text):
    """A text as a string of Vega's expressions."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", " ") + "'"
