"""The forest of fixed effects: coefficients with their confidence intervals."""

from __future__ import annotations

from mixedeffects.inference.coefficient_parts import MAIN
from mixedeffects.plot.chart import Chart, inline
from mixedeffects.plot.layers import reference
from mixedeffects.plot.library import altair
from mixedeffects.plot.names import with_room
from mixedeffects.plot.theme import BLUE, GREY, INK
from mixedeffects.views import coefficients_view, event_words, few, scale_words

STEP, WIDTH, NUMBERS = 22, 320, 190
# Vega's expression for a row's numbers in words
# nothing beside the interval is zero: what rounding has left of it is not a number to read
WRITTEN = "{} + '  [' + {} + ', ' + {} + ']'".format(
    *(
        f"(abs(datum.{name}) < 1e-10 * (datum.upper - datum.lower) ? '0' : format(datum.{name}, "
        f"abs(datum.{name}) < 1e-4 || abs(datum.{name}) >= 1e7 ? '.3~e' : ',.3r'))"
        for name in ("estimate", "lower", "upper")
    )
)
# what an axis is called, by what coefficients are: of numbers, of categories, both, or unknown
AXES = {
    "number": "estimate, per unit of the column",
    "category": "difference from the reference",
    "both": "per unit of the column, or difference from the reference",
    "other": "estimate",
}
RATIOS = {
    "number": "ratio per unit of the column, logarithmic",
    "category": "ratio to the reference, logarithmic",
    "both": "ratio per unit, or to the reference, logarithmic",
    "other": "ratio, logarithmic",
}


def draw_coefficients(
    fit, *, ddf=None, level=0.95, intercept=False, exponentiate=False, component="conditional"
):
    """Coefficients of the fixed effects with their confidence intervals, in the formula's order.

    Those whose interval leaves out no effect are coloured. Coefficients of numbers are per unit of
    their columns, so that lengths compare only between columns of one unit; those of categories are
    differences from a reference, which is named below the title.

    Parameters
    ----------
    fit : LMM or GLMM
        The fitted model; of the method, the model itself.
    ddf : str, optional
        Degrees of freedom, as in ``fit.test``.
    level : float
        Coverage of the intervals.
    intercept : bool
        Show the intercept too.
    exponentiate : bool
        Ratios (of odds, of means) on a logarithmic axis.
    component : str
        Of a generalised model with several parts: "zi", "dispersion", …

    Returns
    -------
    Chart
        ``data``: term, position, estimate, std_error, df, statistic, p_value, lower, upper,
        verdict.

    Raises
    ------
    ModelError
        There is no coefficient but the intercept.
    OptionError
        Ratios of a model whose coefficients have none.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("score ~ style + (1 | professor)", me.datasets.flipped_classrooms())
    >>> fit.plot.coefficients().data["term"].tolist()
    ['style[Some]', 'style[Fully]']
    """
    alt = altair()
    view = coefficients_view(
        fit, ddf=ddf, level=level, intercept=intercept, exponentiate=exponentiate,
        component=component,
    )  # fmt: skip
    facts = view.facts
    drawing = _forest(alt, view)
    part = "" if component == MAIN else f" of the part {component}"
    on = "" if exponentiate or component != MAIN else scale_words(fit)
    if on and (event := event_words(fit)):
        on += f" of {fit.design.spec.response}{event}"
    return Chart(
        view, drawing, fit.design.spec.to_frame, f"Fixed effects{part}",
        (f"{100 * level:g}% confidence intervals, {facts['label']}{on}", *_references(facts)),
    )  # fmt: skip


def _references(facts):
    """The level that each factor's coefficients are differences from, as a line."""
    found = [f"{factor} = {level}" for factor, level in facts["references"].items()]
    if not found:
        return ()
    return (f"{'references' if len(found) > 1 else 'reference'}: {few(found)}",)


def _forest(alt, view):
    """Points with intervals, and the same numbers in words beside them."""
    ratio, data = view.facts["exponentiate"], inline(view.tables["data"])
    n = len(view.tables["data"].columns["term"])
    y = alt.Y(
        "term:N", sort=alt.EncodingSortField("position"), title=None,
        axis=alt.Axis(grid=False, ticks=False, domain=False, labelPadding=8, **with_room(260)),
    )  # fmt: skip
    title, scale = AXES[view.facts["kinds"]], alt.Scale(padding=8)
    if ratio:
        title = RATIOS[view.facts["kinds"]]
        scale = alt.Scale(type="log", nice=False, padding=8)
    x = alt.X("lower:Q", title=title, scale=scale, axis=alt.Axis(tickCount=5, labelOverlap=True))
    colour = alt.condition("datum.verdict === 'unclear'", alt.value(GREY), alt.value(BLUE))
    tooltip = [alt.Tooltip("term:N")] + [
        alt.Tooltip(f"{name}:Q", format=".4g")
        for name in ("estimate", "lower", "upper", "std_error", "df", "statistic", "p_value")
    ]
    base = alt.Chart(data)
    null = reference(x=view.facts["null"], colour=INK)
    rules = base.mark_rule(strokeWidth=2).encode(
        x=x, x2=alt.X2("upper:Q"), y=y, color=colour, tooltip=tooltip
    )
    points = base.mark_point(size=60, opacity=1).encode(
        x=alt.X("estimate:Q", scale=scale), y=y, color=colour, tooltip=tooltip
    )
    bare = alt.Y("term:N", sort=alt.EncodingSortField("position"), axis=None)
    numbers = (
        base.transform_calculate(written=WRITTEN)
        .mark_text(align="left", color=INK, fontSize=11)
        .encode(y=bare, x=alt.value(0), text=alt.Text("written:N"))
        .properties(width=NUMBERS, height=STEP * n)
    )
    forest = alt.layer(null, rules, points).properties(width=WIDTH, height=STEP * n)
    return alt.hconcat(forest, numbers, spacing=16)
