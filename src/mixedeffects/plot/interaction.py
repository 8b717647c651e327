"""Interaction plot: means along one variable, a line for each level of another."""

from __future__ import annotations

from mixedeffects.plot.chart import Chart, inline
from mixedeffects.plot.layers import ticks_of
from mixedeffects.plot.library import altair
from mixedeffects.plot.means import mean_subtitle
from mixedeffects.plot.names import in_rows, with_room
from mixedeffects.plot.series import STROKES, dash, shape
from mixedeffects.plot.theme import BLUE, CATEGORIES, HEIGHT, WIDTH
from mixedeffects.views import interaction_view

STEP, SHIFT, WIDEST = 46, 0.5, 1100
# width of a letter of an axis label, about
LETTER = 6.2


def draw_interaction(
    fit, x=None, by=None, *, ddf=None, level=0.95, at=None, weights="equal", scale=None
):
    """Means across x for each value of `by`: parallel lines where the two do not interact.

    Parameters
    ----------
    fit : LMM or GLMM
        The fitted model; of the method, the model itself.
    x : str, optional
        Column of the fixed effects: the levels of a factor, or the range of a number. Without
        it, x and by are the first two columns of the formula that interact.
    by : str, optional
        Another; numbers with many values are shown at the mean and one standard deviation either
        side.
    ddf : str, optional
        How degrees of freedom are computed, as in `test`.
    level : float
        Coverage of the intervals, each by itself.
    at : dict, optional
        Values of any column, instead of these.
    weights : str
        Of the levels averaged over, as in ``fit.emmeans``.
    scale : {"response", "link"}, optional
        The response's by default. Lines may be parallel on one scale and not on the other.

    Returns
    -------
    Chart
        ``data``: x, by, position, estimate, std_error, df, lower, upper.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.glmm("incidence / size ~ period + (1 | herd)", me.datasets.cbpp())
    >>> fit.plot.interaction("period").data["estimate"].round(3).tolist()
    [0.198, 0.084, 0.074, 0.048]
    """
    alt = altair()
    view = interaction_view(fit, x, by, ddf=ddf, level=level, at=at, weights=weights, scale=scale)
    facts = view.facts
    x = facts["x"]
    base = alt.Chart(inline(view.tables["data"]))
    by_levels = facts["by_levels"]
    colour, told = alt.value(BLUE), {}
    if facts["by"]:
        strokes = STROKES if facts["numeric"] else {}
        legend = alt.Legend(title=facts["by"], symbolOpacity=1, **strokes, **in_rows(by_levels))
        scale = alt.Scale(domain=by_levels, range=CATEGORIES[: len(by_levels)])
        colour = alt.Color("by:N", scale=scale, legend=legend)
        if facts["numeric"]:
            told["strokeDash"] = dash("by", by_levels, legend)
        else:
            told["shape"] = shape("by", by_levels, legend)
    y = alt.Y("estimate:Q", title=facts["axis"], scale=alt.Scale(zero=False))
    tooltip = [alt.Tooltip("x:Q" if facts["numeric"] else "x:N", title=x)]
    if facts["by"]:
        tooltip.append(alt.Tooltip("by:N", title=facts["by"]))
    tooltip += [alt.Tooltip(f"{name}:Q", format=".4g") for name in ("estimate", "lower", "upper")]
    chance = not facts["axis"].startswith("mean of")
    title = f"{facts['axis'][:1].upper()}{facts['axis'][1:]}" if chance else "Means"
    draw = _along_numbers if facts["numeric"] else _along_levels
    drawing = draw(alt, base, facts, y, colour, tooltip, told)
    return Chart(
        view, drawing, fit.design.spec.to_frame,
        f"{title} along {x}" + (f" by {facts['by']}" if facts["by"] else ""),
        (mean_subtitle(facts),),
    )  # fmt: skip


def _along_numbers(alt, base, facts, y, colour, tooltip, told):
    x = alt.X(
        "x:Q", title=facts["x"], scale=alt.Scale(zero=False, nice=False, padding=4),
        axis=alt.Axis(tickCount=6, **ticks_of(facts["whole"])),
    )  # fmt: skip
    band = base.mark_area(opacity=0.2 if len(facts["by_levels"]) < 3 else 0.12).encode(
        x=x,
        y=alt.Y("lower:Q", title=facts["axis"]),
        y2=alt.Y2("upper:Q"),
        color=colour,
    )
    line = base.mark_line(strokeWidth=2.5).encode(x=x, y=y, color=colour, tooltip=tooltip, **told)
    return alt.layer(band, line).properties(width=WIDTH, height=HEIGHT)


def _along_levels(alt, base, facts, y, colour, tooltip, told):
    levels, m = facts["levels"], len(facts["by_levels"])
    step = max(STEP, 8 * m)
    width = min(max(WIDTH, step * len(levels)), WIDEST)
    straight = LETTER * max(map(len, levels)) < width / len(levels)
    x = alt.X(
        "x:N", sort=levels, title=facts["x"], scale=alt.Scale(type="point", padding=SHIFT),
        axis=alt.Axis(
            labelAngle=0 if straight else -40, grid=False, **with_room(170)
        ),
    )  # fmt: skip
    shift = {}
    if facts["by"]:
        # next to each other by a few points, not by a share of the step
        room = min(10 * (m - 1), step * 0.5) / 2.0
        shift["xOffset"] = alt.XOffset(
            "by:N", sort=facts["by_levels"], scale=alt.Scale(type="point", range=[-room, room])
        )
    rules = base.mark_rule(strokeWidth=2).encode(
        x=x, y=alt.Y("lower:Q", title=facts["axis"]), y2=alt.Y2("upper:Q"),
        color=colour, tooltip=tooltip, **shift,
    )  # fmt: skip
    lines = base.mark_line(strokeWidth=1.5, opacity=0.7).encode(
        x=x, y=y, color=colour, order=alt.Order("position:O"), **shift
    )
    points = base.mark_point(size=55, opacity=1).encode(
        x=x, y=y, color=colour, tooltip=tooltip, **shift, **told
    )
    return alt.layer(rules, lines, points).properties(width=width, height=HEIGHT)
