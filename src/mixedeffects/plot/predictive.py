"""The response's distribution, observed and simulated."""

from __future__ import annotations

from mixedeffects.plot.chart import Chart, inline
from mixedeffects.plot.layers import number_axis
from mixedeffects.plot.library import altair
from mixedeffects.plot.theme import HEIGHT, INK, PALE, RED, WIDTH
from mixedeffects.views import predictive_view


def draw_predictive(fit, n=100, rng=0, *, groups="new"):
    """Shares of the responses in bins, with what simulations of the fit give.

    Parameters
    ----------
    fit : LMM or GLMM
        The fitted model; of the method, the model itself.
    n : int
        Simulations; parameters are held at their estimates.
    rng : numpy.random.Generator or int
        Source of random numbers, or its seed: the same chart every time by default.
    groups : {"new", "conditional"}
        New random effects in every simulation, or those of the fit.

    Returns
    -------
    Chart
        ``data``: low, high, middle, label, observed, expected, lower, upper. Of more than 10,000
        rows a random sample.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> fit.plot.predictive(rng=1).title
    'Reaction: observed and simulated'
    """
    view = predictive_view(fit, n, rng, groups=groups)
    facts = view.facts
    alt = altair()
    base = alt.Chart(inline(view.tables["data"]))
    tooltip = [
        alt.Tooltip("label:N", title=facts["response"]),
        *(alt.Tooltip(f"{c}:Q", format=".2%") for c in ("observed", "expected", "lower", "upper")),
    ]
    y_title = "share of the rows"
    if facts["whole"]:
        labels = view.tables["data"].columns["label"].tolist()
        x = alt.X("label:N", sort=labels, title=facts["response"], axis=alt.Axis(labelAngle=0))
        at, bars = x, base.mark_bar(color=PALE).encode(x=x)
    else:
        x = alt.X("low:Q", title=facts["response"], scale=alt.Scale(zero=False, nice=False),
                  axis=number_axis())  # fmt: skip
        at = alt.X("middle:Q")
        bars = base.mark_bar(color=PALE, binSpacing=1).encode(x=x, x2=alt.X2("high:Q"))
    y = alt.Y("observed:Q", title=y_title, axis=alt.Axis(format="%"), scale=alt.Scale(domainMin=0))
    bars = bars.encode(y=y, y2=alt.datum(0.0), tooltip=tooltip)
    rules = base.mark_rule(color=INK).encode(x=at, y=alt.Y("lower:Q"), y2=alt.Y2("upper:Q"))
    dots = base.mark_point(color=RED, size=24, opacity=1).encode(
        x=at, y=alt.Y("expected:Q"), tooltip=tooltip
    )
    n_bars = len(view.tables["data"].columns["low"])
    effects = "new random effects" if groups == "new" else "the fit's random effects"
    words = (
        f"bars: observed; points: medians and 95% of {facts['n_simulations']:,} simulations",
        f"{effects}; {facts['n_outside']} of {n_bars} bars outside",
    )
    drawing = alt.layer(bars, rules, dots).properties(width=WIDTH, height=HEIGHT)
    title = f"{facts['response']}: observed and simulated"
    return Chart(view, drawing, fit.design.spec.to_frame, title, words)
