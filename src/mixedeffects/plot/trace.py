"""How optimisers came down to the optimum."""

from __future__ import annotations

import math

from mixedeffects.display.words.phrases import minus
from mixedeffects.plot.chart import Chart, inline
from mixedeffects.plot.layers import number_axis, where
from mixedeffects.plot.library import altair
from mixedeffects.plot.series import STROKES, dash
from mixedeffects.plot.theme import CATEGORIES
from mixedeffects.views import trace_view

WIDTH, HEIGHT, SMALL, COLUMNS = 560, 220, (150, 90), 3
# iterations between ticks, some of which keeps them few enough
STEPS = [k * 10**e for e in range(12) for k in (1, 2, 5)]
# powers of ten at the axis of the objective
MOST_POWERS = 6
# points beside a small panel that its title may use
ROOM = 40


def draw_trace(fit, *others):
    """The objective above its lowest value, and every parameter, iteration by iteration.

    Parameters
    ----------
    fit : LMM or GLMM
        The fitted model; of the method, the model itself.
    *others : LMM or GLMM
        Fits of the same model by other optimisers, overlaid in other colours.

    Returns
    -------
    Chart
        ``data``: fit (the optimiser), iteration, evaluations, seconds, objective, gap, height,
        gradient. ``tables``: also "parameters".

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> other = me.lmm(fit.formula, me.datasets.sleepstudy(), optimizer="L-BFGS-B")
    >>> sorted(set(fit.plot.trace(other).data["fit"]))
    ['L-BFGS-B', 'newton']
    """
    alt = altair()
    view = trace_view(fit, *others)
    facts = view.facts
    several = len(facts["fits"]) > 1
    legend = alt.Legend(title="optimiser", orient="top", **STROKES) if several else None
    colour = alt.Color(
        "fit:N", scale=alt.Scale(domain=facts["fits"], range=CATEGORIES), sort=facts["fits"],
        legend=legend,
    )  # fmt: skip
    told = {"strokeDash": dash("fit", facts["fits"], legend)} if several else {}
    x = alt.X("iteration:Q", title="iteration", axis=_steps(facts["last"], 7))
    base = alt.Chart(inline(view.tables["data"]))
    criterion = minus(facts["criterion"])
    y = alt.Y(
        "height:Q", title=f"{criterion} above the lowest",
        scale=alt.Scale(type="log", nice=False), axis=_powers(view),
    )  # fmt: skip
    tooltip = [
        alt.Tooltip("fit:N", title="optimiser"),
        alt.Tooltip("iteration:Q"),
        alt.Tooltip("evaluations:Q"),
        alt.Tooltip("objective:Q", format=".8g"),
        alt.Tooltip("gap:Q", format=".3g"),
        alt.Tooltip("gradient:Q", format=".2g"),
        alt.Tooltip("seconds:Q", format=".3g"),
    ]
    top = alt.layer(
        base.mark_line(strokeWidth=1.5).encode(x=x, y=y, color=colour, **told),
        base.mark_point(size=22, opacity=1).encode(x=x, y=y, color=colour, tooltip=tooltip),
    ).properties(width=WIDTH, height=HEIGHT)
    table = view.tables["parameters"]
    small = [
        alt.Chart(inline(where(table, table.columns["parameter"] == name)))
        .mark_line(strokeWidth=1.5, point={"size": 10})
        .encode(
            x=alt.X("iteration:Q", title=None, axis=_steps(facts["last"], 4)),
            y=alt.Y(
                "value:Q", title=None, scale=_scale(facts, name),
                axis=number_axis(4, format=f".{facts['digits'][name]}~g"),
            ),
            color=colour,
            **told,
            tooltip=[
                alt.Tooltip("fit:N", title="optimiser"), alt.Tooltip("iteration:Q"),
                alt.Tooltip("value:Q", title=name, format=".6g"),
            ],
        )
        .properties(width=SMALL[0], height=SMALL[1], title=_panel_title(name))
        for name in facts["parameters"]
    ]  # fmt: skip
    below = alt.concat(*small, columns=COLUMNS, bounds="flush", spacing={"row": 52, "column": 66})
    drawing = alt.vconcat(top, below, spacing=30)
    said = [
        f"{name}: {_counted(steps, 'iteration')}, {_counted(evaluations, 'evaluation')}"
        for name, steps, evaluations in _ends(view)
    ]
    lowest = minus(f"{facts['objective']:.6f}")
    where_ = ", drawn at the bottom" if view.tables["data"].columns["gap"].any() else ""
    words = (*said, f"lowest {criterion}: {lowest}{where_}")
    return Chart(view, drawing, fit.design.spec.to_frame, "The optimiser's path", words)


def _scale(facts, name):
    alt = altair()
    domain = facts["domains"].get(name)
    return alt.Scale(zero=False) if domain is None else alt.Scale(domain=domain)


def _steps(last, most):
    """An axis of whole iterations: a layered chart forgets the smallest step between ticks."""
    step = next(s for s in STEPS if last / s <= most)
    return number_axis(most, format="d", values=list(range(0, last + 1, step)))


def _powers(view):
    """An axis of powers of ten, few enough to be read; none where nothing was to win."""
    c = view.tables["data"].columns
    if not c["gap"].any():
        return altair().Axis(labels=False, ticks=False, grid=False)
    low, high = (math.log10(float(end(c["height"]))) for end in (min, max))
    powers = range(math.ceil(low - 1e-9), math.floor(high + 1e-9) + 1)
    step = max(1, -(-len(powers) // MOST_POWERS))
    return number_axis(values=[10.0**k for k in powers[::step]], format="~e")


def _counted(number, noun):
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _panel_title(name):
    return {
        "text": name, "fontSize": 11, "fontWeight": "normal", "offset": 4, "frame": "group",
        "limit": SMALL[0] + ROOM,
    }  # fmt: skip


def _ends(view):
    """Name, last iteration and evaluations of every fit."""
    c = view.tables["data"].columns
    for name in view.facts["fits"]:
        own = c["fit"] == name
        yield name, int(c["iteration"][own][-1]), int(c["evaluations"][own][-1])
