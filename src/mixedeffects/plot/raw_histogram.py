"""Histograms laid over each other, with a box for each above."""

from __future__ import annotations

from mixedeffects.design import open_table, to_frame
from mixedeffects.inference import Table
from mixedeffects.plot.chart import Chart, inline
from mixedeffects.plot.library import altair
from mixedeffects.plot.names import in_rows, with_room
from mixedeffects.plot.series import STROKES, dash
from mixedeffects.plot.theme import BLUE, CATEGORIES, HEIGHT, WIDTH
from mixedeffects.views.table_histogram import histogram_view

#: Height of a box; levels up to which bars are filled.
BOX, FILLED = 22, 3


def histogram(data, x, *, by=None, bins=None):
    """Histograms on shared bins, laid over each other, with boxes in the margin.

    With `by`, heights are shares of each level's own rows, so that levels of different size can be
    compared.

    Parameters
    ----------
    data : table
        pandas, polars, pyarrow, dict of columns, or anything narwhals reads.
    x : str
        Column of numbers.
    by : str, optional
        Column whose levels are compared, such as a treatment.
    bins : int, optional
        How many; by default Freedman and Diaconis's, rounded.

    Returns
    -------
    Chart
        ``data``: by, x0, x1, count, share; ``tables["boxes"]``: by, n, mean, median, q1, q3, low,
        high.

    Raises
    ------
    DataError, ColumnTypeError, OptionError

    Examples
    --------
    >>> import mixedeffects as me
    >>> chart = me.plot.histogram(me.datasets.pain_trial(), "pain_score", by="treatment")
    >>> chart.data.groupby("by")["share"].sum().round(9).to_dict()
    {'control': 1.0, 'treated': 1.0}
    """
    alt = altair()
    table = open_table(data)
    view = histogram_view(table, x, by=by, bins=bins)
    facts = view.facts
    x, by = facts["x"], facts["by"]
    several = by is not None
    levels = facts["levels"]
    scale = alt.Scale(domain=levels, range=CATEGORIES)
    colour, legend = alt.value(BLUE), None
    if several:
        legend = alt.Legend(title=by, symbolOpacity=1, **STROKES, **in_rows(levels))
        colour = alt.Color("by:N", scale=scale, legend=legend)
    edges = view.tables["bars"].columns
    across = alt.Scale(
        domain=[float(edges["x0"].min()), float(edges["x1"].max())], zero=False, nice=False
    )
    height = alt.Y(
        "share:Q" if several else "count:Q", stack=None,
        title=f"share of the rows of each {by}" if several else "rows",
        axis=alt.Axis(format="%" if several else "~s"),
    )  # fmt: skip
    tooltip = [
        *([alt.Tooltip("by:N", title=by)] if several else []),
        alt.Tooltip("x0:Q", title="from", format=".5g"),
        alt.Tooltip("x1:Q", title="to", format=".5g"),
        alt.Tooltip("count:Q", title="rows", format=","),
        alt.Tooltip("share:Q", format=".1%"),
    ]
    base = alt.Chart(inline(view.tables["bars"]))
    many = len(levels) > FILLED
    bars = base.mark_bar(
        opacity=0.08 if many else 0.45 if several else 0.75, binSpacing=0,
        strokeWidth=0 if several else 0.5, stroke="white",
    ).encode(
        x=alt.X("x0:Q", scale=across, title=x, axis=alt.Axis(grid=False)), x2=alt.X2("x1:Q"),
        y=height, y2=alt.Y2Datum(0), color=colour, tooltip=tooltip,
    ).properties(width=WIDTH, height=HEIGHT)  # fmt: skip
    if several:  # fills of many colours make mud, and in grey those of few: outlines do not
        outlines = (
            alt.Chart(inline(_corners(view.tables["bars"].columns)))
            .mark_line(interpolate="step-after", strokeWidth=1.5)
            .encode(
                x=alt.X("x0:Q", scale=across), y=height, color=colour,
                strokeDash=dash("by", levels, legend),
            )
        )  # fmt: skip
        bars = alt.layer(bars, outlines).properties(width=WIDTH, height=HEIGHT)
    boxes = _boxes(alt, view, by, colour, across)
    drawing = alt.vconcat(boxes, bars, spacing=4).resolve_scale(color="shared", strokeDash="shared")
    bins = "one bin" if facts["n_bins"] == 1 else f"{facts['n_bins']} bins"
    width = f"{bins} of width {facts['width']:.4g}"
    title = f"Distribution of {x}" + (f" by {by}" if several else "")
    said = (f"{facts['n']:,} rows in {width}",)
    return Chart(view, drawing, lambda columns: to_frame(columns, table.flavour), title, said)


def _corners(bars):
    """Left ends of the bins, and the right end of each level's last: a step line stops there."""
    last = [i for i, x in enumerate(bars["x1"]) if x == max(bars["x1"])]
    ends = {"by": bars["by"], "x0": bars["x1"], "share": bars["share"], "count": bars["count"]}
    return Table({k: [*bars[k], *(ends[k][i] for i in last)] for k in ends})


def _boxes(alt, view, by, colour, across):
    levels = view.facts["levels"]
    place = alt.Y(
        "by:N", sort=levels, title=None,
        axis=alt.Axis(
            labels=by is not None, ticks=False, domain=False, grid=False, **with_room(190)
        ),
    )  # fmt: skip
    base = alt.Chart(inline(view.tables["boxes"])).encode(
        y=place, color=colour,
        tooltip=[
            *([alt.Tooltip("by:N", title=by)] if by else []),
            alt.Tooltip("n:Q", title="rows", format=","),
            *(alt.Tooltip(f"{k}:Q", format=".5g") for k in ("mean", "median", "q1", "q3")),
        ],
    )  # fmt: skip
    axis = alt.Axis(labels=False, ticks=False, grid=False, title=None, domain=False)
    x = {"scale": across, "axis": axis}
    return alt.layer(
        base.mark_rule(strokeWidth=1.5).encode(x=alt.X("low:Q", **x), x2=alt.X2("high:Q")),
        base.mark_bar(height=12, opacity=0.6).encode(x=alt.X("q1:Q", **x), x2=alt.X2("q3:Q")),
        base.mark_tick(size=14, thickness=2.5, color="black").encode(
            x=alt.X("median:Q", **x), color=alt.value("#222222")
        ),
    ).properties(width=WIDTH, height=BOX * len(levels))
