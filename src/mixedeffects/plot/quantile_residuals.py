"""Simulated quantile residuals: uniform quantiles, and quartiles along the predictions."""

from __future__ import annotations

from mixedeffects.plot.chart import Chart, inline
from mixedeffects.plot.layers import number_axis, points, reference, row_tooltip
from mixedeffects.plot.library import altair
from mixedeffects.plot.theme import BLUE, GREY, PALE, RED
from mixedeffects.views import quantile_residuals_view

SIDE = 290
UNIT = (0.0, 1.0)


def draw_quantile_residuals(fit, n=250, rng=0, *, groups="new"):
    """Where responses stand among simulations of them: anywhere alike, if the model is right.

    Left, the residuals in order against uniform quantiles; right, residuals along the ranks of
    the predictions, with their quartiles, which should lie at 0.25, 0.5 and 0.75. Bands hold 95%
    of the simulations, point by point.

    Parameters
    ----------
    fit : LMM or GLMM
        The fitted model; of the method, the model itself.
    n : int
        Simulations.
    rng : numpy.random.Generator or int
        Source of random numbers, or its seed: the same chart every time by default.
    groups : {"new", "conditional"}
        New random effects in every simulation (predictions are then those of the fixed part), or
        those of the fit.

    Returns
    -------
    Chart
        ``data``: row (label or number), rank, residual, the levels of the row (level,
        level_2, …). ``tables``: also "uniform", "quantiles" and "tests", as
        ``fit.quantile_residuals().tests()``. Of more than 3,000 rows a random sample is
        simulated.

    References
    ----------
    Hartig, DHARMa (R package); Dunn & Smyth (1996), doi:10.1080/10618600.1996.10474708.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.glmm("incidence / size ~ period + (1 | herd)", me.datasets.cbpp())
    >>> fit.plot.quantile_residuals(rng=1).title
    'Simulated quantile residuals'
    """
    view = quantile_residuals_view(fit, n, rng, groups=groups)
    alt = altair()
    panels = [uniform_panel(view)]
    effects = "new random effects" if groups == "new" else "the fit's random effects"
    words = (
        f"{view.facts['n_simulations']:,} simulations, {effects}; bands hold 95% of them",
        words_of_tests(view),
    )
    if view.facts["one_prediction"]:
        words += ("every row has the same prediction: there are none to follow",)
    else:
        panels.append(ranks_panel(view))
    drawing = alt.hconcat(*panels)
    return Chart(view, drawing, fit.design.spec.to_frame, "Simulated quantile residuals", words)


def words_of_tests(view):
    """The p-values of the tests, one after the other."""
    c = view.tables["tests"].columns
    return "p by simulation: " + ", ".join(
        f"{test} {p:.3f}" for test, p in zip(c["test"], c["p_value"], strict=True)
    )


def uniform_panel(view, width=SIDE, height=SIDE):
    """Residuals in order against uniform quantiles."""
    alt = altair()
    base = alt.Chart(inline(view.tables["uniform"]))
    x = alt.X("expected:Q", title="uniform quantile", scale=alt.Scale(domain=UNIT),
              axis=number_axis(5))  # fmt: skip
    band = base.mark_area(color=PALE, opacity=0.6).encode(
        x=x, y=alt.Y("lower:Q"), y2=alt.Y2("upper:Q")
    )
    line = base.mark_line(color=GREY, strokeWidth=1).encode(x=x, y=alt.Y("expected:Q"))
    dots = base.mark_point(size=16, opacity=0.8, color=BLUE).encode(
        x=x,
        y=alt.Y("residual:Q", title="residual", scale=alt.Scale(domain=UNIT)),
        tooltip=[*row_tooltip(view.facts), alt.Tooltip("residual:Q", format=".3f"),
                 alt.Tooltip("expected:Q", format=".3f")],
    )  # fmt: skip
    return alt.layer(band, line, dots).properties(width=width, height=height)


def ranks_panel(view, width=SIDE, height=SIDE):
    """Residuals along the ranks of the predictions, with their quartiles."""
    alt = altair()
    x = alt.X("rank:Q", title="rank of the prediction", scale=alt.Scale(domain=UNIT),
              axis=number_axis(5))  # fmt: skip
    dots = points(inline(view.tables["data"]), size=8, opacity=0.35, colour=BLUE).encode(
        x=x,
        y=alt.Y("residual:Q", title="residual", scale=alt.Scale(domain=UNIT)),
        tooltip=[*row_tooltip(view.facts), alt.Tooltip("residual:Q", format=".3f")],
    )
    base = alt.Chart(inline(view.tables["quantiles"])).encode(x=x, detail=alt.Detail("quantile:N"))
    band = base.mark_area(color=GREY, opacity=0.3).encode(y=alt.Y("lower:Q"), y2=alt.Y2("upper:Q"))
    line = base.mark_line(color=RED, strokeWidth=2, point={"color": RED, "size": 20}).encode(
        y=alt.Y("value:Q"),
        tooltip=[alt.Tooltip("quantile:Q"), alt.Tooltip("value:Q", format=".3f")],
    )
    levels = [reference(y=q) for q in (0.25, 0.5, 0.75)]
    return alt.layer(dots, band, *levels, line).properties(width=width, height=height)
