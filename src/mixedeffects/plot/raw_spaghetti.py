"""Raw trajectories: a line for each group."""

from __future__ import annotations

from mixedeffects.design import open_table, to_frame
from mixedeffects.plot.chart import Chart, inline
from mixedeffects.plot.library import altair
from mixedeffects.plot.names import in_rows
from mixedeffects.plot.series import dash, shape
from mixedeffects.plot.theme import BLUE, CATEGORIES, HEIGHT, INK, WIDTH
from mixedeffects.views.table_spaghetti import spaghetti_view

#: Places up to which points are drawn on the lines.
POINTS = 25


def spaghetti(data, x, y, group, *, colour=None):
    """A thin line for each group, and the mean over all of them as a thick one.

    Parameters
    ----------
    data : table
        In long format: pandas, polars, pyarrow, dict of columns, or anything narwhals reads.
    x : str
        Time: numbers, dates or categories in their order.
    y : str
        Column of numbers.
    group : str
        Whose line it is.
    colour : str, optional
        Column of few levels, such as a treatment; each has its mean.

    Returns
    -------
    Chart
        ``data``: group, x, y, n (rows averaged), colour; ``tables["means"]``: x, y, n, colour.

    Raises
    ------
    DataError, ColumnTypeError

    Examples
    --------
    >>> import mixedeffects as me
    >>> trial = me.datasets.pain_trial()
    >>> chart = me.plot.spaghetti(trial, "time", "pain_score", "patient", colour="treatment")
    >>> chart.tables["means"]["n"].tolist()
    [40, 37, 28, 25, 40, 38, 34, 31]
    """
    alt = altair()
    table = open_table(data)
    view = spaghetti_view(table, x, y, group, colour=colour)
    facts = view.facts
    x, y, group, colour = (facts[name] for name in ("x", "y", "group", "colour"))
    kind = {"number": "Q", "date": "T", "category": "O"}[facts["x_kind"]]
    across = alt.X(
        f"x:{kind}", title=x,
        **{
            "O": {"sort": facts["ticks"], "axis": alt.Axis(labelAngle=0)},
            "Q": {"scale": alt.Scale(zero=False, nice=False, padding=8), "axis": _axis(alt, facts)},
            "T": {"scale": alt.Scale(padding=8)},
        }[kind],
    )  # fmt: skip
    up = alt.Y("y:Q", title=y, scale=alt.Scale(zero=False))
    hue, thick, lines, dots = alt.value(BLUE), alt.value(INK), {}, {}
    if colour is not None:
        legend = alt.Legend(
            title=colour, symbolOpacity=1, symbolStrokeWidth=3, **in_rows(facts["levels"])
        )
        scale = alt.Scale(domain=facts["levels"], range=CATEGORIES)
        hue = thick = alt.Color("colour:N", scale=scale, legend=legend)
        if facts["n_ticks"] <= POINTS:
            dots["shape"] = shape("colour", facts["levels"], legend)
        else:
            lines["strokeDash"] = dash("colour", facts["levels"], legend)
    detail = [alt.Detail("group:N")]
    if colour is not None:
        detail.append(alt.Detail("colour:N"))
    many = facts["n_shown"] > 40
    base = alt.Chart(inline(view.tables["lines"])).encode(
        x=across, y=up, color=hue,
        tooltip=[
            alt.Tooltip("group:N", title=group), alt.Tooltip(f"x:{kind}", title=x),
            alt.Tooltip("y:Q", title=y, format=".5g"), alt.Tooltip("n:Q", title="rows", format=","),
            *([alt.Tooltip("colour:N", title=colour)] if colour else []),
        ],
    )  # fmt: skip
    layers = [base.mark_line(opacity=0.25 if many else 0.4, strokeWidth=1).encode(detail=detail)]
    if facts["n_ticks"] <= POINTS:
        layers.append(base.mark_point(size=8 if many else 14, opacity=0.3 if many else 0.5))
    # where some are left out, the view's note has both numbers
    said = [f"{facts['n_groups']:,} {group} lines"] if facts["n_shown"] == facts["n_groups"] else []
    if "means" in view.tables:
        means = alt.Chart(inline(view.tables["means"])).encode(
            x=across, y=up, color=thick,
            tooltip=[
                alt.Tooltip(f"x:{kind}", title=x), alt.Tooltip("y:Q", title="mean", format=".5g"),
                alt.Tooltip("n:Q", title="rows", format=","),
                *([alt.Tooltip("colour:N", title=colour)] if colour else []),
            ],
        )  # fmt: skip
        layers.append(means.mark_line(strokeWidth=3.5, opacity=1).encode(**lines))
        if facts["n_ticks"] <= POINTS:
            layers.append(means.mark_point(size=60, opacity=1).encode(**dots))
        said.append("thick: mean of the rows observed" + (f" of each {colour}" if colour else ""))
    return Chart(
        view, alt.layer(*layers).properties(width=WIDTH, height=HEIGHT),
        lambda columns: to_frame(columns, table.flavour), f"{y} over {x}",
        ("; ".join(said),) if said else (),
    )  # fmt: skip


def _axis(alt, facts):
    """A tick for each measurement where these are few."""
    return alt.Axis(values=facts["few"]) if facts["few"] else alt.Axis()
