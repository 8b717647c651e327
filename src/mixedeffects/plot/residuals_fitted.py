"""Residuals against fitted values, and the scale–location plot."""

from __future__ import annotations

from mixedeffects.plot.chart import Chart, inline
from mixedeffects.plot.layers import (
    cells_layer,
    names_layer,
    number_axis,
    points,
    reference,
    row_tooltip,
    smooth_layers,
    where,
)
from mixedeffects.plot.library import altair
from mixedeffects.plot.theme import BLUE, HEIGHT, WIDTH
from mixedeffects.views import residuals_view, scale_location_view

SMOOTH = "line: LOWESS with a pointwise 95% band, rows taken as independent"


def draw_residuals(fit, kind=None, *, rng=0):
    """Residuals against fitted values with a smooth line, which should stay at zero.

    Parameters
    ----------
    fit : LMM or GLMM
        The fitted model; of the method, the model itself.
    kind : str, optional
        One that ``fit.residuals`` knows, or "standardised" (of a linear model: over their own
        standard deviations). By default "pearson", or "quantile" of a generalised model, which is
        normal whatever the family if the model is right.
    rng : numpy.random.Generator or int
        Breaks the ties of discrete responses in quantile residuals.

    Returns
    -------
    Chart
        ``data``: row (label or number), fitted, residual, the levels of the row (level,
        level_2, …); of more than 4,000 rows x0, x1, y0, y1, count of cells.
        ``tables``: also "smooth" and "extreme".

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> fit.plot.residuals()
    <Chart 'Residuals and fitted values', 180 rows of data; .save(path) or .altair shows it>
    """
    view = residuals_view(fit, kind, rng=rng)
    return Chart(
        view, residuals_panel(view), fit.design.spec.to_frame, "Residuals and fitted values",
        (SMOOTH,),
    )  # fmt: skip


def draw_scale_location(fit, kind=None, *, rng=0):
    """Roots of the sizes of standardised residuals against fitted values, which should stay level.

    Parameters
    ----------
    fit : LMM or GLMM
        The fitted model; of the method, the model itself.
    kind : str, optional
        "standardised" (the default) or "scaled" of a linear model, "quantile" of a generalised
        one.
    rng : numpy.random.Generator or int
        As in `residuals`.

    Returns
    -------
    Chart
        ``data``: row (label or number), fitted, residual (the root of its size), the levels
        of the row (level, level_2, …); of more than 4,000 rows x0, x1, y0, y1, count of cells.
        ``tables``: also "smooth" and "extreme".

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> fit.plot.scale_location().title
    'Scale and location'
    """
    view = scale_location_view(fit, kind, rng=rng)
    return Chart(
        view, scale_location_panel(view), fit.design.spec.to_frame, "Scale and location",
        (SMOOTH, "dashed: what the model expects"),
    )  # fmt: skip


def residuals_panel(view, width=WIDTH, height=HEIGHT, *, legend=True):
    """The drawing of a `residuals_view`."""
    return _panel(view, 0.0, width, height, legend)


def scale_location_panel(view, width=WIDTH, height=HEIGHT, *, legend=True):
    """The drawing of a `scale_location_view`."""
    return _panel(view, view.facts["expected"], width, height, legend)


def _panel(view, level, width, height, legend):
    alt = altair()
    facts, data = view.facts, view.tables["data"]
    x_title, y_title = facts["fitted_name"], facts["name"]
    if facts["binned"]:
        main = cells_layer(data, x_title, y_title, legend=legend)
    else:
        main = points(inline(data), colour=BLUE).encode(
            x=alt.X("fitted:Q", title=x_title, scale=alt.Scale(zero=False), axis=number_axis()),
            y=alt.Y("residual:Q", title=y_title, scale=alt.Scale(zero=False, padding=8)),
            tooltip=[
                *row_tooltip(facts),
                alt.Tooltip("fitted:Q", title=x_title, format=".4g"),
                alt.Tooltip("residual:Q", title=y_title, format=".4g"),
            ],
        )
    extreme = view.tables["extreme"]
    extreme = where(extreme, extreme.columns["named"])
    named = names_layer(inline(extreme), "fitted", "residual", "row")
    layers = [main, reference(y=level), *smooth_layers(view.tables["smooth"]), named]
    return alt.layer(*layers).properties(width=width, height=height)
