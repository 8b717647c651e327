"""The caterpillar: predicted random effects in order, with intervals."""

from __future__ import annotations

from mixedeffects.plot.chart import Chart, inline
from mixedeffects.plot.layers import NAME_LIMIT, number_axis, reference
from mixedeffects.plot.library import altair
from mixedeffects.plot.names import shortened
from mixedeffects.plot.theme import INK, VERDICTS
from mixedeffects.views import caterpillar_view, event_words, scale_words
from mixedeffects.views.caterpillar import CLOSE, NAMED
from mixedeffects.views.mean_scale import unquoted

# points of a level's row: where all have their names, where some have, and where room is short
STEP, LOW, LOWEST, WIDTH = 14, 10, 7, 300
# width of a letter of a level's name, about
LETTER = 5.8
# Vega's expression for what the legend calls a verdict
LABELS = "datum.value === 'unclear' ? 'interval holds zero' : 'interval ' + datum.value + ' zero'"


def draw_caterpillar(fit, group=None, *, term=None, level=0.95):
    """Predicted random effects (BLUPs) in order of size, with intervals of prediction errors.

    Levels whose interval leaves out zero are coloured: reliably above, reliably below. Intervals
    are those of ``fit.ranef()``: they know that the average is estimated too. They are of one level
    each, not adjusted for their number.

    Parameters
    ----------
    fit : LMM or GLMM
        The fitted model; of the method, the model itself.
    group : str, optional
        Grouping factor; the first that has a variance by default.
    term : str, optional
        One of its terms; all, side by side, by default.
    level : float
        Coverage of the intervals.

    Returns
    -------
    Chart
        ``data``: term, level, rank, estimate, sd, std_error, lower, upper, verdict, named. Up to
        45 levels have their names, of more those whose interval leaves out zero.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> fit.plot.caterpillar(term="Days").data["verdict"].value_counts().to_dict()
    {'unclear': 12, 'below': 3, 'above': 3}
    """
    alt = altair()
    view = caterpillar_view(fit, group, term=term, level=level)
    facts = view.facts
    percent = f"{100 * facts['coverage']:g}%"
    panels = _panels(alt, view)
    drawing = alt.hconcat(*panels) if len(panels) > 1 else panels[0]
    said = ", ".join(
        f"{name}: {facts['above'][name]} above, {facts['below'][name]} below zero"
        for name in facts["terms"]
    )
    what = unquoted(fit.design.spec.response) + event_words(fit) + scale_words(fit)
    return Chart(
        view, drawing, fit.design.spec.to_frame, f"Random effects of {facts['group']}",
        (f"{what}: predictions with {percent} intervals (prediction error), "
         "not adjusted for their number", said),
    )  # fmt: skip


def _panels(alt, view):
    """A panel for each term: intervals in order, points, and the levels' names where they fit."""
    facts = view.facts
    data = inline(view.tables["data"])
    colour = alt.Color(
        "verdict:N",
        scale=alt.Scale(domain=list(VERDICTS), range=list(VERDICTS.values())),
        legend=alt.Legend(title=None, orient="bottom", labelExpr=LABELS),
    )
    # few levels have their names, many only their order
    shown = len(view.tables["data"].columns["rank"]) // len(facts["terms"])
    named = shown <= NAMED
    # the name of the lowest level stands left of the panel
    longest = max((len(name) for name in view.tables["data"].columns["level"]), default=0)
    y = alt.Y(
        "rank:O", sort="descending",
        axis=None if not named else alt.Axis(
            title=facts["group"], grid=False, ticks=False, domain=False, labels=False,
            titlePadding=min(LETTER * longest, NAME_LIMIT) + 8,
        ),
    )  # fmt: skip
    tooltip = [
        alt.Tooltip("level:N", title=facts["group"]),
        alt.Tooltip("estimate:Q", format=".4g"),
        alt.Tooltip("lower:Q", format=".4g"),
        alt.Tooltip("upper:Q", format=".4g"),
        alt.Tooltip("rank:Q"),
    ]
    height = shown * (STEP if named else LOW if shown <= CLOSE else LOWEST)
    panels = []
    for name in facts["terms"]:
        base = alt.Chart(data).transform_filter(alt.datum.term == name)
        title = f"{name}, deviation from the average {facts['group']}"
        x = alt.X("lower:Q", title=title, axis=number_axis())
        rules = base.mark_rule(strokeWidth=1.5).encode(
            x=x, x2=alt.X2("upper:Q"), y=y, color=colour, tooltip=tooltip
        )
        points = base.mark_point(size=36, opacity=1).encode(
            x=alt.X("estimate:Q"), y=y, color=colour, tooltip=tooltip
        )
        layers = [reference(x=0), rules, points]
        names = base.transform_filter("datum.named").transform_calculate(
            name=shortened(NAME_LIMIT, "datum.level")
        )
        # left of intervals, and right of those above zero: no name crosses the line at zero
        c = view.tables["data"].columns
        ours = c["verdict"][c["named"] & (c["term"] == name)]
        for side, align, away, which, some in (
            ("lower", "right", -5, "datum.verdict !== 'above'", ours != "above"),
            ("upper", "left", 5, "datum.verdict === 'above'", ours == "above"),
        ):
            if not some.any():
                continue
            mark = names.transform_filter(which).mark_text(
                align=align, dx=away, fontSize=10 if named else 9, color=INK
            )
            layers.append(mark.encode(x=alt.X(f"{side}:Q"), y=y, text=alt.Text("name:N")))
        panels.append(alt.layer(*layers).properties(width=WIDTH, height=height))
    return panels
