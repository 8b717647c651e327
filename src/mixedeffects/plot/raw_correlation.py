"""The heat map of correlations."""

from __future__ import annotations

from mixedeffects.design import open_table, to_frame
from mixedeffects.plot.chart import Chart, inline
from mixedeffects.plot.library import altair
from mixedeffects.plot.names import with_room
from mixedeffects.plot.theme import DIVERGING, INK
from mixedeffects.views.table_correlation import correlation_view

#: Side of a cell, and of cells without numbers; columns up to which cells have numbers.
CELL, SMALL, NUMBERED = 52, 22, 14


def correlation(data, columns=None, method="pearson"):
    """Heat map of the correlations of columns of numbers, from the rows that have both.

    Parameters
    ----------
    data : table
        pandas, polars, pyarrow, dict of columns, or anything narwhals reads.
    columns : list of str, optional
        In the order wanted; all columns of numbers by default, similar ones side by side when
        there are many.
    method : {"pearson", "spearman"}
        Correlation of the values or of their ranks.

    Returns
    -------
    Chart
        ``data``: row, column, r, n. Without intervals: rows of one group are not independent.

    Raises
    ------
    DataError, OptionError

    Examples
    --------
    >>> import mixedeffects as me
    >>> chart = me.plot.correlation(me.datasets.hospital_stays())
    >>> len(chart.data), chart.title
    (9, 'Correlations')
    """
    alt = altair()
    table = open_table(data)
    view = correlation_view(table, columns, method=method)
    facts = view.facts
    order = facts["order"]
    numbered = len(order) <= NUMBERED
    side = (CELL if numbered else SMALL) * len(order)
    x = alt.X(
        "column:N", sort=order, title=None,
        axis=alt.Axis(labelAngle=-45, ticks=False, domain=False, grid=False, **with_room(140)),
    )  # fmt: skip
    y = alt.Y(
        "row:N", sort=order, title=None,
        axis=alt.Axis(ticks=False, domain=False, grid=False, **with_room(160)),
    )  # fmt: skip
    base = alt.Chart(inline(view.tables["data"])).encode(
        x=x, y=y,
        tooltip=[
            alt.Tooltip("row:N", title="and"), alt.Tooltip("column:N", title="of"),
            alt.Tooltip("r:Q", format=".4f"), alt.Tooltip("n:Q", title="rows", format=","),
        ],
    )  # fmt: skip
    cells = base.mark_rect(stroke="white", strokeWidth=1).encode(
        color=alt.Color(
            "r:Q", title="r",
            scale=alt.Scale(domain=[-1, 0, 1], range=DIVERGING, interpolate="rgb"),
            legend=alt.Legend(
                gradientLength=min(side, 200), values=[-1, -0.5, 0, 0.5, 1], format=".1f"
            ),
        )
    )  # fmt: skip
    layers = [cells]
    if numbered:
        white = alt.expr.abs(alt.datum.r) > 0.6
        layers.append(
            base.mark_text(fontSize=12).encode(
                text=alt.Text("r:Q", format=".2f"),
                color=alt.condition(white, alt.value("white"), alt.value(INK)),
            )
        )
    drawing = alt.layer(*layers).properties(width=side, height=side)
    sizes = view.tables["data"].columns["n"]
    rows = (
        f"{sizes.min():,}" if sizes.min() == sizes.max() else f"{sizes.min():,} to {sizes.max():,}"
    )
    words = {"pearson": "Pearson", "spearman": "Spearman rank"}[method]
    said = (f"{words} correlations, {rows} rows per pair",)
    return Chart(
        view, drawing, lambda columns: to_frame(columns, table.flavour), "Correlations", said
    )
