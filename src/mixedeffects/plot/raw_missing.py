"""Who was observed when."""

from __future__ import annotations

from mixedeffects.design import open_table, to_frame
from mixedeffects.plot.chart import Chart, inline
from mixedeffects.plot.library import altair
from mixedeffects.plot.theme import BLUE, GREY, ORANGE, PALE
from mixedeffects.views.table_missing import missing_view

#: Width of a wave, height of a pattern.
CELL, ROW, MOST_WIDTH = 46, 22, 460


def missing(data, subject, time, y=None):
    """Patterns of observed waves, how many subjects have each, and the share missing by wave.

    Parameters
    ----------
    data : table
        In long format: pandas, polars, pyarrow, dict of columns, or anything narwhals reads.
    subject, time : str
        Who and when; times come in waves.
    y : str, optional
        Column whose values may be missing; without it a wave is missing when it has no row.

    Returns
    -------
    Chart
        ``data``: pattern, wave, state, kind, subjects; ``tables["patterns"]``: pattern, kind,
        observed, subjects, share; ``tables["waves"]``: wave, observed, missing, share_missing.

    Raises
    ------
    DataError
        No such column, or times that are no waves.

    Examples
    --------
    >>> import mixedeffects as me
    >>> chart = me.plot.missing(me.datasets.pain_trial(), "patient", "time", "pain_score")
    >>> chart.tables["waves"]["missing"].tolist()
    [0, 5, 18, 24]
    """
    alt = altair()
    table = open_table(data)
    view = missing_view(table, subject, time, y)
    facts = view.facts
    subject, time, y = facts["subject"], facts["time"], facts["y"]
    waves = facts["waves"]
    width = min(CELL * len(waves), MOST_WIDTH)
    k = len(view.tables["patterns"].columns["pattern"])
    axis = alt.Axis(labelAngle=0, ticks=False, domain=False, grid=False, labelOverlap="greedy")
    x = alt.X("wave:N", sort=waves, title=time, scale=alt.Scale(domain=waves), axis=axis)
    top = _waves(alt, view, x, width)
    base = alt.Chart(inline(view.tables["cells"]))
    map_ = base.mark_rect(stroke="white", strokeWidth=1.5).encode(
        x=x,
        y=alt.Y("pattern:O", title=None, axis=None),
        color=alt.Color(
            "state:N", scale=alt.Scale(domain=["observed", "missing"], range=[BLUE, ORANGE]),
            legend=alt.Legend(title=None, orient="bottom", direction="horizontal"),
        ),
        tooltip=[
            alt.Tooltip("wave:N", title=time), alt.Tooltip("state:N"), alt.Tooltip("kind:N"),
            alt.Tooltip("subjects:Q", format=","),
        ],
    ).properties(width=width, height=ROW * k)  # fmt: skip
    bars = _frequencies(alt, view, k)
    drawing = alt.vconcat(top, alt.hconcat(map_, bars, spacing=10), spacing=6)
    what = f"{facts['n_complete']:,} of {facts['n_subjects']:,} have all {len(waves)} waves"
    title = f"Observed {y}" if y is not None else "Observed rows"
    return Chart(
        view, drawing, lambda columns: to_frame(columns, table.flavour),
        f"{title} by {subject} and {time}", (what,),
    )  # fmt: skip


def _waves(alt, view, x, width):
    above = alt.X("wave:N", sort=view.facts["waves"], axis=None, scale=x["scale"])
    base = alt.Chart(inline(view.tables["waves"])).encode(
        x=above,
        tooltip=[
            alt.Tooltip("wave:N", title=view.facts["time"]),
            alt.Tooltip("observed:Q", format=","), alt.Tooltip("missing:Q", format=","),
            alt.Tooltip("share_missing:Q", title="share", format=".1%"),
        ],
    )  # fmt: skip
    most = max(0.05, float(max(view.tables["waves"].columns["share_missing"])))
    y = alt.Y("share_missing:Q", axis=None, scale=alt.Scale(domain=[0, most * 1.35]))
    layers = [base.mark_bar(color=ORANGE, opacity=0.7).encode(y=y)]
    if len(view.facts["waves"]) <= MOST_WIDTH // 30:
        layers.append(
            base.mark_text(dy=-6, fontSize=10).encode(
                y=y, text=alt.Text("share_missing:Q", format=".0%")
            )
        )
    title = alt.TitleParams(
        "share missing", fontSize=11, fontWeight="normal", anchor="start", offset=4
    )
    return alt.layer(*layers).properties(width=width, height=50, title=title)


def _frequencies(alt, view, k):
    base = alt.Chart(inline(view.tables["patterns"])).encode(
        y=alt.Y("pattern:O", axis=None),
        tooltip=[
            alt.Tooltip("kind:N"), alt.Tooltip("subjects:Q", format=","),
            alt.Tooltip("share:Q", format=".1%"), alt.Tooltip("observed:Q", title="waves"),
        ],
    )  # fmt: skip
    most = float(max(view.tables["patterns"].columns["subjects"]))
    x = alt.X("subjects:Q", axis=None, scale=alt.Scale(domain=[0, most * 2.4]))
    bars = base.mark_bar(color=PALE, height=ROW - 8).encode(x=x)
    text = (
        base.transform_calculate(
            share_text="datum.share < 0.005 ? '<1%' : format(datum.share, '.0%')",
            label="format(datum.subjects, ',') + ' (' + datum.share_text + '), ' + datum.kind",
        )
        .mark_text(align="left", dx=4, fontSize=11)
        .encode(x=x, text=alt.Text("label:N"))
    )
    zero = base.mark_rule(color=GREY).encode(x=alt.value(0))
    return alt.layer(bars, zero, text).properties(width=260, height=ROW * k)
