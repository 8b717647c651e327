"""Everything that checks a fit, on one page."""

from __future__ import annotations

import warnings

from mixedeffects.assumptions import assumptions
from mixedeffects.errors import (
    ConvergenceWarning,
    DataWarning,
    MixedEffectsError,
    NotAvailableError,
)
from mixedeffects.inference.checkup.record import FINE, LOOK, PROBLEM
from mixedeffects.plot.chart import Chart
from mixedeffects.plot.influence import influence_panel
from mixedeffects.plot.library import altair
from mixedeffects.plot.normal_quantiles import qq_panel, qq_ranef_panel
from mixedeffects.plot.page import Panel, page, wrapped
from mixedeffects.plot.quantile_residuals import ranks_panel, uniform_panel
from mixedeffects.plot.residuals_by_group import by_group_panel
from mixedeffects.plot.residuals_fitted import residuals_panel, scale_location_panel
from mixedeffects.plot.theme import GREEN, QUIET, RED
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
from mixedeffects.views.panel_verdicts import (
    BY_EYE,
    band_verdict,
    curve_verdict,
    influence_verdict,
    levels_verdict,
    normal_verdict,
    simulated_verdict,
    spread_verdict,
    uniform_verdict,
    worst,
)

WIDTH, HEIGHT, COLUMNS = 320, 230, 2
# characters of a line below the title of the page, and of a panel
PAGE_LINE, PANEL_LINE = 110, 62
# rows simulated, cells across and up, rows outside of whiskers, units: a page has less
# room than a chart
ROWS, BINS, OUTSIDE, UNITS = 1000, (40, 28), 300, 18
# predictions of random effects that have a panel of their own
MOST_TERMS = 2
# of a panel's lines, by its verdict
COLOURS = {FINE: GREEN, LOOK: RED, PROBLEM: RED, BY_EYE: QUIET}


def draw_check(fit, n=250, rng=0):
    """The charts that check a fit on one page, with the certificate of its optimum in words.

    Residuals and scale against fitted values, normal quantiles of residuals and of predicted
    random effects, residuals by group, simulated quantile residuals, and, where they need not
    fit the model anew for long, the levels that the fit depends on. Below the title of each panel
    is a verdict: "fine", "look" or "problem" as in `diagnose`, from tests and bands, or "by eye"
    where there is none. Each is a chart of its own
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
    checks = {check.name: check for check in assumptions(fit)[0]}
    for name, draw in PANELS.items():
        try:
            with altair().utils.schemapi.debug_mode(False):
                panels += draw(fit, n, rng, checks)
        except MixedEffectsError as reason:
            left_out.append(f"{name} left out: {str(reason).splitlines()[0]}")
    view, drawing = page(panels, COLUMNS)
    words = [fit.formula, *verdict_words(fit), *left_out]
    return Chart(
        view, drawing, fit.design.spec.to_frame, "Is the model right?", wrapped(words, PAGE_LINE)
    )


def _residuals(fit, n, rng, checks):
    view = residuals_view(fit, rng=rng, bins=BINS)
    title, verdict = "Residuals and fitted values", curve_verdict(checks)
    return [_panel("residuals", view, residuals_panel, title, verdict, legend=False)]


def _scale_location(fit, n, rng, checks):
    view = scale_location_view(fit, rng=rng, bins=BINS)
    title, verdict = "Scale and location", spread_verdict(checks)
    return [_panel("scale_location", view, scale_location_panel, title, verdict, legend=False)]


def _qq(fit, n, rng, checks):
    view = qq_view(fit, rng=rng)
    title = f"Normal quantiles of {view.facts['name']}s"
    return [_panel("qq", view, qq_panel, title, normal_verdict(checks, view))]


def _qq_ranef(fit, n, rng, checks):
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
            outside, coverage = view.facts["n_outside"][term], view.facts["coverage"]
            verdict = band_verdict(_rows(view), outside, "level", coverage)
            name = "qq_ranef" if not found else f"qq_ranef {len(found) + 1}"
            title = f"Normal quantiles of {term}, {view.facts['group']}"
            found.append(_panel(name, view, qq_ranef_panel, title, verdict))
        if len(found) >= MOST_TERMS:
            break
    if reason is not None and not found:
        raise reason
    return found


def _by_group(fit, n, rng, checks):
    view = by_group_view(fit, rng=rng, most_rows=OUTSIDE)
    title = f"Residuals by {view.facts['group']}"
    return [_panel("by_group", view, by_group_panel, title, levels_verdict(view))]


def _quantile_residuals(fit, n, rng, checks):
    view = quantile_residuals_view(fit, n, rng, most=ROWS)
    verdict = uniform_verdict(view)
    if view.facts["one_prediction"]:  # there is nothing to follow
        beside = simulated_verdict(view)
        both = worst(verdict[0], beside[0]), f"{verdict[1]}; {beside[1]}"
        return [_panel("quantile_residuals", view, uniform_panel, "Quantile residuals", both)]
    whole = _panel("quantile_residuals", view, uniform_panel, "Quantile residuals", verdict)
    alone = type(view)({}, (), {})
    beside = _panel(
        "quantile_residuals 2", alone, lambda _, **size: ranks_panel(view, **size),
        "Quantile residuals by prediction", simulated_verdict(view),
    )  # fmt: skip
    return [whole, beside]


def _influence(fit, n, rng, checks):
    with warnings.catch_warnings():  # the view's notes say it of the panel
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", DataWarning)
        view = influence_view(fit, influence_group(fit), most=UNITS)
    title = f"Cook's distance by {view.facts['group']}"
    return [_panel("influence", view, influence_panel, title, influence_verdict(view))]


def _panel(name, view, draw, title, verdict, **options):
    """A panel with its verdict in the first line, and what its view has to say in the next."""
    drawing = draw(view, width=WIDTH, height=HEIGHT, **options)
    state, words = verdict
    (line, *rest) = wrapped([f"{state}: {words}"], PANEL_LINE)
    line = f"{line} …" if rest else line
    notes = wrapped(["; ".join(view.notes)], PANEL_LINE) if view.notes else ()
    return Panel(name, view, drawing, title, (line, *notes), colour=COLOURS[state])


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
