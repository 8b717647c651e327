"""Everything that checks a fit, on one page."""

from __future__ import annotations

import warnings

from mixedeffects.errors import (
    ConvergenceWarning,
    DataWarning,
    MixedEffectsError,
    NotAvailableError,
)
from mixedeffects.plot.chart import Chart
from mixedeffects.plot.influence import influence_panel
from mixedeffects.plot.library import altair
from mixedeffects.plot.normal_quantiles import qq_panel, qq_ranef_panel
from mixedeffects.plot.page import Panel, page, wrapped
from mixedeffects.plot.quantile_residuals import ranks_panel, uniform_panel, words_of_tests
from mixedeffects.plot.residuals_by_group import by_group_panel, sd_words
from mixedeffects.plot.residuals_fitted import residuals_panel, scale_location_panel
from mixedeffects.views import (
    by_group_view,
    influence_group,
    influence_view,
    qq_ranef_view,
    qq_view,
    quantile_residuals_view,
    residuals_view,
    scale_location_view,
    verdict_words,
)

WIDTH, HEIGHT, COLUMNS = 300, 230, 3
# characters of a line below the title of the page, and of a panel
PAGE_LINE, PANEL_LINE = 150, 58
# rows simulated, cells across and up, rows outside of whiskers, units: a page has less
# room than a chart
ROWS, BINS, OUTSIDE, UNITS = 1000, (40, 28), 300, 18
# predictions of random effects that have a panel of their own
MOST_TERMS = 2


def draw_check(fit, n=250, rng=0):
    """The charts that check a fit on one page, with the certificate of its optimum in words.

    Residuals and scale against fitted values, normal quantiles of residuals and of predicted
    random effects, residuals by group, simulated quantile residuals, and, where they need not
    fit the model anew for long, the levels that the fit depends on. Each is a chart of its own
    too: ``fit.plot.residuals()``, ``.scale_location()``, ``.qq()``, ``.qq_ranef()``,
    ``.by_group()``, ``.quantile_residuals()``, ``.influence()``.

    Parameters
    ----------
    fit : LMM or GLMM
        The fitted model; of the method, the model itself.
    n : int
        Simulations of the quantile residuals.
    rng : numpy.random.Generator or int
        Of the simulations, and for the ties of discrete responses.

    Returns
    -------
    Chart
        ``tables``: the data of all panels by name: "residuals", "scale_location", "qq", … and
        ``"residuals: smooth"``. What could not be drawn is said below the title.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> chart = fit.plot.check()
    >>> list(chart.tables)[:3]
    ['residuals', 'residuals: smooth', 'residuals: extreme']
    """
    panels, left_out = [], []
    for name, draw in PANELS.items():
        try:
            with altair().utils.schemapi.debug_mode(False):
                panels += draw(fit, n, rng)
        except MixedEffectsError as reason:
            left_out.append(f"{name} left out: {str(reason).splitlines()[0]}")
    view, drawing = page(panels, COLUMNS)
    words = [fit.formula, *verdict_words(fit), *left_out]
    return Chart(
        view, drawing, fit.design.spec.to_frame, "Is the model right?", wrapped(words, PAGE_LINE)
    )


def _residuals(fit, n, rng):
    view = residuals_view(fit, rng=rng, bins=BINS)
    return [_panel("residuals", view, residuals_panel, "Residuals and fitted values", legend=False)]


def _scale_location(fit, n, rng):
    view = scale_location_view(fit, rng=rng, bins=BINS)
    return [_panel("scale_location", view, scale_location_panel, "Scale and location",
                   "dashed: what the model expects", legend=False)]  # fmt: skip


def _qq(fit, n, rng):
    view = qq_view(fit, rng=rng)
    words = f"{view.facts['n_outside']} of {_rows(view):,} points outside of the band"
    return [_panel("qq", view, qq_panel, f"Normal quantiles of {view.facts['name']}s", words)]


def _qq_ranef(fit, n, rng):
    """The first terms of the first factor, or the first term of the first factors."""
    names = list(dict.fromkeys(b.factor.name for b in fit.design.blocks))
    found, reason = [], None
    for group in names or [None]:
        try:
            whole = qq_ranef_view(fit, group)
        except NotAvailableError as nothing:
            reason = nothing
            continue
        for term in whole.facts["terms"][: MOST_TERMS if len(names) < 2 else 1]:
            view = qq_ranef_view(fit, group, term=term) if len(whole.facts["terms"]) > 1 else whole
            words = f"{view.facts['n_outside'][term]} of {_rows(view):,} levels outside"
            name = "qq_ranef" if not found else f"qq_ranef {len(found) + 1}"
            title = f"Normal quantiles of {term}, {view.facts['group']}"
            found.append(_panel(name, view, qq_ranef_panel, title, words))
        if len(found) >= MOST_TERMS:
            break
    if reason is not None and not found:
        raise reason
    return found


def _by_group(fit, n, rng):
    view = by_group_view(fit, rng=rng, most_rows=OUTSIDE)
    words = sd_words(view.facts) if view.facts["smallest"] else ""
    return [_panel("by_group", view, by_group_panel, f"Residuals by {view.facts['group']}", words)]


def _quantile_residuals(fit, n, rng):
    view = quantile_residuals_view(fit, n, rng, most=ROWS)
    simulated = f"{view.facts['n_simulations']:,} simulations, new random effects"
    whole = _panel("quantile_residuals", view, uniform_panel, "Quantile residuals", simulated)
    drawing = ranks_panel(view, WIDTH, HEIGHT)
    empty = type(view)({}, (), {})
    words = words_of_tests(view).removeprefix("p by simulation: ")
    beside = Panel("quantile_residuals 2", empty, drawing, "Quantile residuals by prediction",
                   _short(f"p: {words}"))  # fmt: skip
    return [whole, beside]


def _influence(fit, n, rng):
    with warnings.catch_warnings():  # the view's notes say it of the panel
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", DataWarning)
        view = influence_view(fit, influence_group(fit), most=UNITS)
    words = "variances estimated anew" if view.facts["refit"] else "variances held"
    title = f"Cook's distance by {view.facts['group']}"
    return [_panel("influence", view, influence_panel, title, words)]


def _panel(name, view, draw, title, words="", **options):
    drawing = draw(view, width=WIDTH, height=HEIGHT, **options)
    notes = "; ".join(part for part in (words, *view.notes) if part)
    return Panel(name, view, drawing, title, _short(notes))


def _short(words):
    """The lines below a panel's title."""
    return wrapped([words], PANEL_LINE)


def _rows(view):
    return len(next(iter(view.tables["data"].columns.values())))


# name -> panels; a new check is one line
PANELS = {
    "residuals": _residuals,
    "scale and location": _scale_location,
    "quantiles of residuals": _qq,
    "quantiles of random effects": _qq_ranef,
    "residuals by group": _by_group,
    "quantile residuals": _quantile_residuals,
    "influence": _influence,
}
