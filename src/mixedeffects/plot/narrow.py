"""Charts with little room across: panels below each other, smaller plots, words in more lines."""

from __future__ import annotations

import textwrap
from copy import deepcopy
from typing import Any

from mixedeffects.plot.names import shortened
from mixedeffects.plot.theme import WIDTH

# points across that a chart on a phone has, and that the axis at its left may take of them
ACROSS, AXIS = 350, 62
# points of a letter of a title, of an axis, and of the words below a title
TITLE_LETTER, AXIS_LETTER, LETTER = 8.4, 6.8, 6.1
# the least that a plot has, points between panels that stand below each other
LEAST, BELOW = 130, 28
# points of a name at an axis
NAME = 110
MANY = ("concat", "hconcat", "vconcat")


def narrowed(spec: dict[str, Any], across: int = ACROSS) -> dict[str, Any]:
    """A chart's specification as a narrow page has room for it, without its data.

    Panels that are side by side stand below each other, unless the right one only continues the
    rows of the left, as numbers beside a forest do. Text keeps its size, which a picture that is
    made smaller does not.

    Parameters
    ----------
    spec : dict
        Vega-Lite, with its data under "datasets".
    across : int
        Points across.

    Examples
    --------
    >>> wide = {"hconcat": [{"width": 400, "mark": "point"}] * 2, "datasets": {"a": []}}
    >>> found = narrowed(wide)
    >>> list(found), [panel["width"] for panel in found["vconcat"]]
    (['vconcat', 'spacing'], [288, 288])
    """
    out = deepcopy({k: v for k, v in spec.items() if k != "datasets"})
    config = out.get("config", {})
    out = _fitted(out, across)
    if config:
        out["config"] = config | {"legend": config.get("legend", {}) | {"columns": 2}}
    if "title" in out:
        out["title"] = _wrapped(out["title"], across)
    return out


def _fitted(spec, across):
    _limit_names(spec, across)
    if "hconcat" in spec and _continues(spec["hconcat"]):
        spec["hconcat"] = _beside(spec["hconcat"], across)
        return spec
    for name in MANY:
        if name in spec:
            panels = [_panel(panel, across) for panel in spec.pop(name)]
            spec.pop("columns", None)
            spec.pop("bounds", None)
            return {**spec, "vconcat": panels, "spacing": BELOW}
    if "facet" in spec and "spec" in spec:
        return _facets(spec, across)
    return _plot(spec, across - AXIS)


def _panel(spec, across):
    found = _fitted(spec, across)
    if "title" in found:
        found["title"] = _wrapped(found["title"], across - AXIS)
    return found


def _plot(spec, room):
    """One plot, as wide as there is room for; never wider than it was."""
    width = spec.get("width")
    if isinstance(width, int | float):
        square = spec.get("height") == width
        spec["width"] = max(min(width, room), min(width, LEAST))
        if square:  # arrows keep their directions
            spec["height"] = spec["width"]
        for part in (spec, *spec.get("layer", ())):
            x = part.get("encoding", {}).get("x")
            if isinstance(x, dict) and isinstance(x.get("title"), str):
                x["title"] = textwrap.wrap(x["title"], int((spec["width"] + AXIS) / AXIS_LETTER))
    return spec


def _continues(panels):
    """Whether the panels after the first only continue its rows: they have no axis of their own."""
    return all(_bare(panel) for panel in panels[1:])


def _bare(panel):
    layers = [panel, *panel.get("layer", ())]
    found = [layer["encoding"]["y"] for layer in layers if "y" in layer.get("encoding", {})]
    return bool(found) and all(isinstance(y, dict) and y.get("axis", 0) is None for y in found)


def _beside(panels, across):
    first, *others = panels
    _limit_names(first, across)
    return [_plot(first, LEAST), *others]


def _limit_names(spec, across):
    """Long names at the axes of a plot and of its layers are cut."""
    for part in (spec, *spec.get("layer", ())):
        for place in part.get("encoding", {}).values():
            axis = place.get("axis") if isinstance(place, dict) else None
            if isinstance(axis, dict) and axis.get("labelLimit", 0) > NAME:
                axis["labelLimit"] = NAME
                if "length(datum.label)" in axis.get("labelExpr", ""):
                    axis["labelExpr"] = shortened(NAME)
            legend = place.get("legend") if isinstance(place, dict) else None
            if isinstance(legend, dict) and "columns" in legend:
                legend["columns"] = max(1, legend["columns"] * across // WIDTH)


def _facets(spec, across):
    """Panels of one table: as many side by side as there is room for."""
    inner, facet = spec["spec"], spec["facet"]
    _limit_names(inner, across)
    width = inner.get("width")
    if "row" in facet or not isinstance(width, int | float):
        return spec
    spec["facet"] = facet.get("column", facet)
    fitting = max(1, int((across - AXIS) // (width + 10)))
    spec["columns"] = 1 if "column" in facet else min(spec.get("columns", fitting), fitting)
    spec["spec"] = _plot(inner, across - AXIS)
    return spec


def _wrapped(title, across):
    """A title and the words below it in lines that fit."""
    whole: dict[str, Any] = {"text": title} if isinstance(title, str) else dict(title)
    for name, letter in (("text", TITLE_LETTER), ("subtitle", LETTER)):
        lines = whole.get(name)
        if lines:
            lines = [lines] if isinstance(lines, str) else lines
            most = int(across / letter)
            whole[name] = [part for line in lines for part in textwrap.wrap(line, most) or [" "]]
    return whole
