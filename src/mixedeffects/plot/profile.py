"""Profile likelihoods, parameter by parameter."""

from __future__ import annotations

from mixedeffects.plot.chart import Chart, inline
from mixedeffects.plot.layers import number_axis, only, reference, where
from mixedeffects.plot.library import altair
from mixedeffects.plot.names import with_room
from mixedeffects.plot.theme import BLUE, GREY, INK, RED, SKY
from mixedeffects.views import profile_view

WIDTH, HEIGHT, COLUMNS, THIN = 220, 170, 3, 34
# thickness of the bars, the narrowest interval first
SIZES = (18, 14, 11, 8, 5)
TITLES = {"zeta": "Profile zeta", "density": "Profile densities", "interval": "Profile intervals"}


def draw_profile(fit, parameters="all", *, profile=None, kind="zeta"):
    """Profile likelihoods: zeta, density, or intervals of several levels.

    A straight zeta means that the likelihood is quadratic and a Wald interval would do as well; a
    bent one shows where it would not. Rules of zeta mark the limits of the 50, 80, 90, 95 and 99%
    intervals.

    Parameters
    ----------
    fit : LMM or GLMM
        The fitted model; of the method, the model itself.
    parameters : str or sequence of str
        "all", "random", "fixed" or names, as in ``fit.profile``.
    profile : Profile, optional
        What ``fit.profile(...)`` found; computed if not given.
    kind : {"zeta", "density", "interval"}
        Signed roots of the likelihood ratio, confidence densities, or intervals of every level.

    Returns
    -------
    Chart
        ``data``: parameter, value, zeta, density, inside; of intervals parameter, level, lower,
        upper, estimate. ``tables``: also "points", "estimates", "limits".

    References
    ----------
    Bates & Watts (1988), Nonlinear Regression Analysis, section 6.1.2.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> fit.plot.profile("Days").title
    'Profile zeta'
    """
    alt = altair()
    view = profile_view(fit, parameters, profile=profile, kind=kind)
    facts = view.facts
    draw = {"zeta": _zeta, "density": _density, "interval": _interval}[kind]
    panels = [draw(view, name) for name in facts["parameters"]]
    columns = 1 if kind == "interval" else COLUMNS
    drawing = panels[0] if len(panels) == 1 else alt.concat(*panels, columns=columns)
    what = "ML deviance" if facts["criterion"] == "ml" else "REML criterion"
    percent = ", ".join(f"{100 * level:g}" for level in facts["levels"])
    words = {
        "zeta": (f"signed root of the rise of the {what}; straight where it is quadratic",
                 f"steps: {percent}% intervals"),
        "density": (f"normal density of zeta ({what}) times its slope", "shaded: 95% interval"),
        "interval": (f"from the {what}: {percent}%, estimates as points",),
    }[kind]  # fmt: skip
    return Chart(view, drawing, fit.design.spec.to_frame, TITLES[kind], words)


def _of(view, name, parameter):
    return only(view.tables[name], "parameter", parameter)


def _zeta(view, name):
    alt = altair()
    x = alt.X("value:Q", title=name, scale=alt.Scale(zero=False), axis=number_axis(5))
    y = alt.Y("zeta:Q", title="zeta")
    tooltip = [alt.Tooltip("value:Q", format=".5g"), alt.Tooltip("zeta:Q", format=".3f")]
    steps = alt.Chart(inline(_of(view, "limits", name))).mark_rule(color=GREY).encode(
        x=x, y=y, y2=alt.datum(0.0),
        tooltip=[alt.Tooltip("level:Q", format=".0%"), alt.Tooltip("value:Q", format=".5g")],
    )  # fmt: skip
    line = alt.Chart(inline(_of(view, "data", name))).mark_line(color=BLUE).encode(x=x, y=y)
    dots = (
        alt.Chart(inline(_of(view, "points", name)))
        .mark_point(color=BLUE, size=14, opacity=1)
        .encode(x=x, y=y, tooltip=tooltip)
    )
    layers = [reference(y=0.0, colour=INK, dash=[1, 0]), steps, line, dots]
    return alt.layer(*layers).properties(width=WIDTH, height=HEIGHT)


def _density(view, name):
    alt = altair()
    table = _of(view, "data", name)
    base = alt.Chart(inline(table))
    x = alt.X("value:Q", title=name, scale=alt.Scale(zero=False), axis=number_axis(5))
    y = alt.Y("density:Q", title="density", axis=number_axis(4))
    inside = alt.Chart(inline(where(table, table.columns["inside"])))
    shade = inside.mark_area(color=SKY, opacity=0.35).encode(x=x, y=y)
    line = base.mark_line(color=BLUE).encode(x=x, y=y)
    estimate = alt.Chart(inline(_of(view, "estimates", name))).mark_rule(color=GREY).encode(
        x=alt.X("estimate:Q"), tooltip=[alt.Tooltip("estimate:Q", format=".5g")]
    )  # fmt: skip
    return alt.layer(shade, estimate, line).properties(width=WIDTH, height=HEIGHT)


def _interval(view, name):
    alt = altair()
    base = alt.Chart(inline(_of(view, "data", name)))
    x = alt.X("lower:Q", title=None, scale=alt.Scale(zero=False), axis=number_axis(6))
    y = alt.Y(
        "parameter:N", title=None, axis=alt.Axis(minExtent=200, ticks=False, **with_room(160))
    )
    widths = dict(zip(sorted(view.facts["levels"]), SIZES, strict=False))
    bars = [
        base.transform_filter(alt.datum.level == level)
        .mark_bar(color=BLUE, opacity=0.25, size=size)
        .encode(
            x=x, x2=alt.X2("upper:Q"), y=y,
            tooltip=[
                alt.Tooltip("parameter:N"), alt.Tooltip("level:Q", format=".0%"),
                alt.Tooltip("lower:Q", format=".5g"), alt.Tooltip("upper:Q", format=".5g"),
            ],
        )
        for level, size in widths.items()
    ]  # fmt: skip
    dot = base.mark_point(color=RED, size=40, opacity=1).encode(x=alt.X("estimate:Q"), y=y)
    return alt.layer(*bars, dot).properties(width=2 * WIDTH, height=THIN)
