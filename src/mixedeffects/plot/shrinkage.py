"""Shrinkage: every group's own estimate, and how far the model pulls it towards the average."""

from __future__ import annotations

from mixedeffects.plot.chart import Chart, inline
from mixedeffects.plot.layers import NAME_LIMIT, number_axis, reference
from mixedeffects.plot.library import altair
from mixedeffects.plot.names import shortened, with_room
from mixedeffects.plot.theme import BLUE, GREY, HEIGHT, INK, ORANGE, QUIET, WIDTH
from mixedeffects.views import scale_words, shrinkage_view
from mixedeffects.views.labels import AWAY, PLACES
from mixedeffects.views.shrinkage import MOST_NAMED

STEP = 15
# Vega's expression for an own estimate that has a place in the picture
INSIDE = "datum.raw === datum.end"
# arrowheads: size as of Vega's marks, its height in points and that of the dot it points at
HEAD, TALL, DOT = 30, 5, 3.5
# arrows up to which heads are dark
FEW = 60
RAW, SHRUNKEN = "own estimate", "shrunken (BLUP)"


def draw_shrinkage(fit, group=None, *, term=None, terms=None, layout=None, most=None):
    """Each level's own estimate (no pooling) and its prediction (BLUP), joined by an arrow.

    A level with few rows is pulled far towards zero, the average; one with many keeps what it
    says. Two terms (intercept and slope) are shown one against the other, with contours that
    hold 50% and 95% of the estimated distribution of the levels.

    Parameters
    ----------
    fit : LMM or GLMM
        The fitted model; of the method, the model itself.
    group : str, optional
        Grouping factor; the first by default.
    term : str, optional
        One of its terms, shown by itself.
    terms : (str, str), optional
        Two of its terms; the first two by default.
    layout : {"size", "order", "plane"}, optional
        Of one term: against the rows of each level (the default where sizes differ), or as a
        list in order. "plane" for two terms.
    most : int, optional
        Levels shown; of more, those evenly spaced in size or rank.

    Returns
    -------
    Chart
        ``data``: term, level, size, place, rank, raw, shrunken, kept, end, and of one term move
        and angle (of the arrow on the page). The own estimate of a
        linear model is the least-squares one of the level's rows, given the fixed effects and
        those of other factors; of a generalised one the maximum of the level's likelihood (scale
        of the link).

    References
    ----------
    Efron & Morris (1977), doi:10.1038/scientificamerican0577-119.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("stay ~ age + (1 | hospital)", me.datasets.hospital_stays())
    >>> data = fit.plot.shrinkage().data
    >>> small, large = data["size"] < 15, data["size"] > 150
    >>> bool(data["kept"][small].max() < data["kept"][large].min())
    True
    """
    alt = altair()
    view = shrinkage_view(fit, group, term=term, terms=terms, layout=layout, most=most)
    facts = view.facts
    draw = {"plane": _plane, "size": _against_size, "order": _in_order}[facts["layout"]]
    drawing = draw(alt, view)
    names = " and ".join(facts["terms"])
    scale = scale_words(fit)
    return Chart(
        view, drawing, fit.design.spec.to_frame, f"Shrinkage of {facts['group']} effects",
        (f"{names}{scale}: each level's own estimate (no pooling) and its prediction (BLUP)",),
    )  # fmt: skip


def _colour(alt, name):
    """One of the two kinds of point, in a legend that both share."""
    return alt.Color(
        "kind:N",
        scale=alt.Scale(domain=[RAW, SHRUNKEN], range=[ORANGE, BLUE]),
        legend=alt.Legend(title=None, orient="bottom", symbolOpacity=1),
    ), f"'{name}'"


def _kinds(alt, base, channels, tooltip, inside, **more):
    """Own estimates and predictions as points of two colours, the latter filled."""
    layers = []
    for name, where, filled, size in (
        (RAW, channels[0], False, 26), (SHRUNKEN, channels[1], True, 34),
    ):  # fmt: skip
        colour, text = _colour(alt, name)
        layers.append(
            (base.transform_filter(inside) if name == RAW else base)
            .transform_calculate(kind=text)
            .mark_point(size=size, filled=filled, opacity=0.9, strokeWidth=1.2)
            .encode(color=colour, tooltip=tooltip, **where, **more)
        )
    return layers


def _heads(alt, base, side, few, **channels):
    """Heads of the arrows that are long enough for one, at the edge of the dot they point at.

    Parameters
    ----------
    base : altair chart
        Of rows with move and angle.
    side : float
        Points of an axis as long as a move of 1.
    few : bool
        Whether there is room for dark ones.
    **channels
        Channel to fields of where an arrow starts and ends, or to a channel as it is.
    """
    back = f"{DOT + TALL / 2.0} / ({side} * datum.move)"
    # a head with the dot and the ring leaves some of the line to be seen
    base = base.transform_filter(f"{side} * datum.move > {2.0 * DOT + TALL}")
    where = {}
    for name, value in channels.items():
        if isinstance(value, tuple):
            start, end, title = value
            base = base.transform_calculate(
                **{f"tip_{name}": f"datum.{end} + {back} * (datum.{start} - datum.{end})"}
            )
            value = getattr(alt, name.upper())(f"tip_{name}:Q", title=title)
        where[name] = value
    return base.mark_point(
        shape="triangle",
        size=HEAD,
        filled=True,
        color=INK if few else GREY,
        opacity=0.75,
        strokeWidth=0,
    ).encode(angle=alt.Angle("angle:Q", scale=None), **where)


def _few(view):
    return len(view.tables["data"].columns["level"]) <= FEW * len(view.facts["terms"])


def _tooltip(alt, group, *fields):
    return [
        alt.Tooltip("level:N", title=group),
        alt.Tooltip("size:Q", title="rows", format=","),
        *[alt.Tooltip(f"{name}:Q", title=title, format=".4g") for name, title in fields],
    ]


_ONE = (("raw", RAW), ("shrunken", SHRUNKEN), ("kept", "share kept"))


def _against_size(alt, view):
    facts = view.facts
    base = alt.Chart(inline(view.tables["data"]))
    x = alt.X(
        "place:Q",
        title=f"rows per {facts['group']}, logarithmic",
        scale=alt.Scale(type="log", nice=False, padding=12),
        axis=alt.Axis(format="~s", tickCount=5, labelOverlap=True),
    )
    title = f"{facts['terms'][0]}, deviation from the average"
    y = alt.Y("raw:Q", title=title, scale=_scale(alt, facts, 0))
    tooltip = _tooltip(alt, facts["group"], *_ONE)
    rules = base.mark_rule(color=GREY, strokeOpacity=0.5).encode(
        x=x, y=alt.Y("end:Q", title=title), y2=alt.Y2("shrunken:Q"), tooltip=tooltip
    )
    zero = reference(y=0, colour=INK)
    points = _kinds(
        alt,
        base,
        ({"x": x, "y": y}, {"x": x, "y": alt.Y("shrunken:Q", title=title)}),
        tooltip,
        INSIDE,
    )
    heads = _heads(alt, base, HEIGHT, _few(view), x=x, y=("end", "shrunken", title))
    return alt.layer(zero, rules, heads, *points).properties(width=WIDTH, height=HEIGHT)


def _in_order(alt, view):
    facts = view.facts
    base = alt.Chart(inline(view.tables["data"]))
    shown = len(view.tables["data"].columns["level"])
    y = alt.Y(
        "level:N",
        sort=alt.EncodingSortField("rank", order="descending"),
        title=facts["group"],
        axis=alt.Axis(grid=False, ticks=False, domain=False, **with_room(220)),
    )
    title = f"{facts['terms'][0]}, deviation from the average"
    x = alt.X("raw:Q", title=title, scale=_scale(alt, facts, 0), axis=number_axis(8))
    tooltip = _tooltip(alt, facts["group"], *_ONE)
    rules = base.mark_rule(color=GREY).encode(
        x=alt.X("end:Q", title=title), x2=alt.X2("shrunken:Q"), y=y, tooltip=tooltip
    )
    zero = reference(x=0, colour=INK)
    points = _kinds(
        alt,
        base,
        ({"x": x, "y": y}, {"x": alt.X("shrunken:Q", title=title), "y": y}),
        tooltip,
        INSIDE,
    )
    heads = _heads(alt, base, WIDTH, _few(view), x=("end", "shrunken", title), y=y)
    return alt.layer(zero, rules, heads, *points).properties(width=WIDTH, height=STEP * shown)


def _plane(alt, view):
    facts = view.facts
    base = alt.Chart(inline(view.tables["plane"]))
    first, second = facts["terms"]
    x_title = f"{first}, deviation from the average"
    y_title = f"{second}, deviation from the average"
    x = alt.X("raw_x:Q", title=x_title, scale=_scale(alt, facts, 0), axis=number_axis(8))
    y = alt.Y("raw_y:Q", title=y_title, scale=_scale(alt, facts, 1))
    tooltip = _tooltip(
        alt, facts["group"], ("raw_x", f"{first}, own"), ("shrunken_x", f"{first}, shrunken"),
        ("raw_y", f"{second}, own"), ("shrunken_y", f"{second}, shrunken"),
    )  # fmt: skip
    contours = alt.Chart(inline(view.tables["contours"])).mark_line(
        color=BLUE, opacity=0.35, strokeWidth=1, clip=True
    ).encode(
        x=alt.X("x:Q"), y=alt.Y("y:Q"), order=alt.Order("point:O"), detail=alt.Detail("coverage:N")
    )  # fmt: skip
    zero = [reference(x=0, colour=INK), reference(y=0, colour=INK)]
    few = len(view.tables["plane"].columns["level"]) <= MOST_NAMED
    rules = base.mark_rule(color=GREY, strokeOpacity=0.8 if few else 0.35).encode(
        x=alt.X("end_x:Q", title=x_title),
        y=alt.Y("end_y:Q", title=y_title),
        x2=alt.X2("shrunken_x:Q"),
        y2=alt.Y2("shrunken_y:Q"),
        tooltip=tooltip,
    )
    ends = {"x": alt.X("shrunken_x:Q", title=x_title), "y": alt.Y("shrunken_y:Q", title=y_title)}
    inside = "datum.raw_x === datum.end_x && datum.raw_y === datum.end_y"
    more = {}
    if facts["unequal"]:
        more["opacity"] = alt.Opacity(
            "size:Q", scale=alt.Scale(type="log", range=[0.3, 1], nice=False),
            legend=alt.Legend(title=f"rows per {facts['group']}", orient="bottom", tickCount=3),
        )  # fmt: skip
    points = _kinds(alt, base, ({"x": x, "y": y}, ends), tooltip, inside, **more)
    heads = _heads(
        alt,
        base,
        WIDTH,
        _few(view),
        x=("end_x", "shrunken_x", x_title),
        y=("end_y", "shrunken_y", y_title),
    )
    layers = [*zero, contours, rules, heads, *points]
    for place in sorted({*view.tables["plane"].columns["label"]} - {""}):
        right, up = PLACES[place]
        layers.append(
            base.transform_filter(f"datum.label === '{place}'")
            .transform_calculate(name=shortened(NAME_LIMIT, "datum.level"))
            .mark_text(
                align="left" if right > 0 else "right", dx=AWAY * right, dy=-AWAY * up, fontSize=9,
                color=QUIET,
            )
            .encode(x=x, y=y, text=alt.Text("name:N"))
        )  # fmt: skip
    return alt.layer(*layers).properties(width=WIDTH, height=WIDTH)


def _scale(alt, facts, place):
    """The scale of one term, which the directions of the arrows are for."""
    return alt.Scale(domain=list(facts["domains"][place]), nice=False)
