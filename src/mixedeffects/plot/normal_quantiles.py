"""Normal quantile plots of residuals and of predicted random effects."""

from __future__ import annotations

from mixedeffects.plot.chart import Chart, inline
from mixedeffects.plot.layers import names_layer, number_axis, row_tooltip, where
from mixedeffects.plot.library import altair
from mixedeffects.plot.theme import BLUE, GREY, HEIGHT, PALE, RED, WIDTH
from mixedeffects.views import qq_ranef_view, qq_view

SIDE = 260


def draw_qq(fit, kind=None, *, level=0.95, rng=0):
    """Standardised residuals against normal quantiles, with a simultaneous confidence band.

    Parameters
    ----------
    fit : LMM or GLMM
        The fitted model; of the method, the model itself.
    kind : str, optional
        "standardised" (the default: residuals over their own standard deviations) or "scaled"
        (over sigma) of a linear model, "quantile" of a generalised one.
    level : float
        Probability with which all points shown lie in the band, if the model is right and
        residuals are taken as independent.
    rng : numpy.random.Generator or int
        Breaks the ties of discrete responses in quantile residuals.

    Returns
    -------
    Chart
        ``data``: row (label or number), the levels of the row (level, level_2, …),
        theoretical, sample, lower, upper, outside, named.

    References
    ----------
    Aldor-Noiman, Brown, Buja, Rolke & Stine (2013), doi:10.1080/00031305.2013.847865.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> fit.plot.qq().subtitle
    ('4 of 180 points outside of the band', 'band: 95% simultaneous (Aldor-Noiman et al. 2013)')
    """
    view = qq_view(fit, kind, level=level, rng=rng)
    facts = view.facts
    shown = len(view.tables["data"].columns["sample"])
    words = (f"{facts['n_outside']} of {shown:,} points outside of the band", band_words(facts))
    title = f"Normal quantiles of {facts['name']}s"
    return Chart(view, qq_panel(view), fit.design.spec.to_frame, title, words)


def draw_qq_ranef(fit, group=None, *, term=None, level=0.95):
    """Standardised predictions of random effects (BLUPs) against normal quantiles.

    Each prediction is divided by its own standard deviation under the model, so that levels with
    few rows can be compared with others.

    Parameters
    ----------
    fit : LMM or GLMM
        The fitted model; of the method, the model itself.
    group : str, optional
        Grouping factor; the first by default.
    term : str, optional
        One of its terms; all, side by side, by default.
    level : float
        Probability with which all points shown of a term lie in the band, if the model is right
        and predictions are taken as independent.

    Returns
    -------
    Chart
        ``data``: term, level, estimate, theoretical, sample, lower, upper, outside, named.

    References
    ----------
    Lange & Ryan (1989), doi:10.1214/aos/1176347130.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> fit.plot.qq_ranef("Subject", term="Days")
    <Chart 'Normal quantiles of random effects of Subject', 18 rows of data; .save(path) or .altair shows it>
    """  # noqa: E501
    view = qq_ranef_view(fit, group, term=term, level=level)
    facts = view.facts
    outside = ", ".join(f"{t}: {n}" for t, n in facts["n_outside"].items())
    words = (
        f"levels outside of the band: {outside}",
        "predictions over their standard deviations under the model",
        f"{band_words(facts)}, predictions taken as independent",
    )
    title = f"Normal quantiles of random effects of {facts['group']}"
    return Chart(view, qq_ranef_panel(view), fit.design.spec.to_frame, title, words)


def band_words(facts):
    """What the band is."""
    return f"band: {100 * facts['coverage']:g}% simultaneous (Aldor-Noiman et al. 2013)"


def qq_panel(view, width=WIDTH, height=HEIGHT):
    """The drawing of a `qq_view`."""
    who = row_tooltip(view.facts)
    return _panel(view.tables["data"], "row", who, view.facts["name"], width, height)


def qq_ranef_panel(view, width=None, height=SIDE):
    """The drawing of a `qq_ranef_view`: its terms side by side."""
    alt = altair()
    facts, table = view.facts, view.tables["data"]
    width = width or (WIDTH if len(facts["terms"]) == 1 else SIDE)
    who = [alt.Tooltip("level:N", title=facts["group"])]
    who.append(alt.Tooltip("estimate:Q", format=".4g"))
    panels = [
        _panel(
            where(table, table.columns["term"] == term), "level", who, f"standardised {term}",
            width, height,
        )
        for term in facts["terms"]
    ]  # fmt: skip
    return alt.hconcat(*panels) if len(panels) > 1 else panels[0]


def _panel(table, name, who, y_title, width, height):
    alt = altair()
    base = alt.Chart(inline(table))
    x = alt.X("theoretical:Q", title="normal quantile", axis=number_axis())
    tooltip = [
        *who,
        alt.Tooltip("sample:Q", title=y_title, format=".4g"),
        alt.Tooltip("theoretical:Q", title="expected", format=".4g"),
        alt.Tooltip("lower:Q", format=".4g"),
        alt.Tooltip("upper:Q", format=".4g"),
    ]
    band = base.mark_area(color=PALE, opacity=0.6).encode(
        x=x, y=alt.Y("lower:Q"), y2=alt.Y2("upper:Q")
    )
    line = base.mark_line(color=GREY, strokeWidth=1).encode(x=x, y=alt.Y("theoretical:Q"))
    dots = base.mark_point(size=22, opacity=0.8).encode(
        x=x,
        y=alt.Y("sample:Q", title=y_title),
        color=alt.Color(
            "outside:N", scale=alt.Scale(domain=[False, True], range=[BLUE, RED]), legend=None
        ),
        tooltip=tooltip,
    )
    c = table.columns
    low = names_layer(
        inline(where(table, c["named"] & (c["sample"] < 0))), "theoretical", "sample", name,
        down=7,
    )  # fmt: skip
    high = names_layer(
        inline(where(table, c["named"] & (c["sample"] >= 0))), "theoretical", "sample", name,
        left=True, down=-7,
    )  # fmt: skip
    return alt.layer(band, line, dots, low, high).properties(width=width, height=height)
