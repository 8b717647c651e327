"""Layers that several charts have: reference lines, smooth lines with bands, cells, named rows."""

from __future__ import annotations

import numpy as np

from mixedeffects.inference import Table
from mixedeffects.plot.chart import inline
from mixedeffects.plot.library import altair
from mixedeffects.plot.names import shortened
from mixedeffects.plot.theme import COUNTS, GREY, INK, RED, SKY

DASH = [4, 3]
# pixels between the labels of an axis of numbers
APART = 6
# pixels of a name beside a point, of a level at an axis, and of one on a page of panels
NAME_LIMIT, LEVEL_LIMIT, PAGE_LIMIT = 110, 160, 52


def reference(*, x=None, y=None, colour=GREY, dash=DASH):
    """A rule through the whole panel at x or at y."""
    alt = altair()
    name, value = ("x", x) if y is None else ("y", y)
    data = alt.InlineData(values=[{name: value}])
    mark = alt.Chart(data).mark_rule(color=colour, strokeDash=dash)
    return mark.encode(**{name: getattr(alt, name.upper())(f"{name}:Q")})


def number_axis(ticks=7, **options):
    """An axis of numbers whose labels do not touch."""
    return altair().Axis(
        tickCount=ticks, labelFlush=False, labelOverlap=True, labelSeparation=APART, **options
    )


def ticks_of(whole):
    """Options of an axis, which for a column of whole numbers has no ticks between them."""
    return {"tickMinStep": 1} if whole else {}


def smooth_layers(table, *, colour=RED):
    """A line with its band: columns x, mean, lower, upper."""
    alt = altair()
    base = alt.Chart(inline(table)).encode(x=alt.X("x:Q"))
    return [
        base.mark_area(color=colour, opacity=0.18).encode(y=alt.Y("lower:Q"), y2=alt.Y2("upper:Q")),
        base.mark_line(color=colour, strokeWidth=2).encode(y=alt.Y("mean:Q")),
    ]


def row_tooltip(facts):
    """Whose row a point is: its levels (fact "levels": column to grouping factor), its number."""
    alt = altair()
    levels = [alt.Tooltip(f"{column}:N", title=name) for column, name in facts["levels"].items()]
    return [*levels, alt.Tooltip("row:N", title="row")]


def cells_layer(table, x_title, y_title, *, legend=True):
    """Rectangles coloured by the rows in them: columns x0, x1, y0, y1, count."""
    alt = altair()
    colour = alt.Color(
        "count:Q", scale=alt.Scale(type="log", range=COUNTS),
        legend=alt.Legend(title="rows", gradientLength=110, format="~s", tickCount=4)
        if legend
        else None,
    )  # fmt: skip
    return (
        alt.Chart(inline(table))
        .mark_rect()
        .encode(
            x=alt.X("x0:Q", title=x_title, scale=alt.Scale(zero=False), axis=number_axis()),
            x2=alt.X2("x1:Q"),
            y=alt.Y("y0:Q", title=y_title, scale=alt.Scale(zero=False)),
            y2=alt.Y2("y1:Q"),
            color=colour,
            tooltip=cell_tooltip(x_title, y_title),
        )
    )


def cell_tooltip(x_title, y_title):
    """What a cell of counts says: its rows and its edges."""
    alt = altair()
    return [
        alt.Tooltip("count:Q", title="rows", format=","),
        alt.Tooltip("x0:Q", title=f"{x_title} from", format=".4g"),
        alt.Tooltip("x1:Q", title="to", format=".4g"),
        alt.Tooltip("y0:Q", title=f"{y_title} from", format=".4g"),
        alt.Tooltip("y1:Q", title="to", format=".4g"),
    ]


def names_layer(data, x, y, text, *, left=False, down=0):
    """Small names beside points: right of them, or left, and so many pixels lower."""
    alt = altair()
    named = alt.Chart(data).transform_calculate(name=shortened(NAME_LIMIT, f"datum.{text}"))
    mark = named.mark_text(
        align="right" if left else "left", baseline="middle", dx=-6 if left else 6, dy=down,
        fontSize=10, color=INK,
    )  # fmt: skip
    return mark.encode(x=alt.X(f"{x}:Q"), y=alt.Y(f"{y}:Q"), text="name:N")


def where(table, mask):
    """The rows of a Table where a mask is true."""
    at = np.flatnonzero(mask)
    return Table({name: np.asarray(values)[at] for name, values in table.columns.items()})


def only(table, column, value):
    """The rows of a Table that have a value in a column; all of them for None."""
    if value is None:
        return table
    return where(table, np.asarray(table.columns[column], dtype=object) == value)


def points(data, *, size=18, opacity=0.55, colour=SKY):
    """Points of one colour."""
    return altair().Chart(data).mark_point(size=size, opacity=opacity, color=colour)
