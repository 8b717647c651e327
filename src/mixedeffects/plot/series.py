"""Levels of a column told apart without colours: by shapes of points, dashes of lines."""

from __future__ import annotations

from typing import Any

from mixedeffects.plot.library import altair

# one for each of the theme's colours
SHAPES = [
    "circle", "square", "triangle-up", "diamond", "triangle-down", "cross", "triangle-right",
    "triangle-left",
]  # fmt: skip
DASHES = [
    [1, 0], [7, 3], [2, 2], [9, 3, 2, 3], [4, 2], [12, 4], [6, 2, 2, 2, 2, 2], [1, 3],
]  # fmt: skip
# options of a legend that shows lines as they are drawn
STROKES = {"symbolType": "stroke", "symbolStrokeWidth": 3, "symbolSize": 400}


def shape(field: str, levels, legend: Any) -> Any:
    """The channel of points that have a shape for each level.

    With the legend that the colours have, the two are one.
    """
    alt = altair()
    scale = alt.Scale(domain=list(levels), range=SHAPES[: len(levels)])
    return alt.Shape(f"{field}:N", scale=scale, legend=legend)


def dash(field: str, levels, legend: Any) -> Any:
    """The channel of lines that are dashed for each level but the first; legend as in `shape`."""
    alt = altair()
    scale = alt.Scale(domain=list(levels), range=DASHES[: len(levels)])
    return alt.StrokeDash(f"{field}:N", scale=scale, legend=legend)
