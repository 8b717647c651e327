"""Names of levels where room is short: cut in the middle, because endings tell them apart."""

from __future__ import annotations

from typing import Any

from mixedeffects.plot.theme import WIDTH

# points of a letter of a name, about, and of a legend's symbol with the space around it
LETTER, SYMBOL = 6.2, 30
# letters of a name in a legend
LEGEND = 44


def shortened(room: float, of: str = "datum.label") -> str:
    """Vega's expression for a name that has `room` points, its middle left out if need be.

    Examples
    --------
    >>> shortened(62.0, "datum.level")
    "length(datum.level) > 10 ? slice(datum.level, 0, 4) + '…' + slice(datum.level, -5) : datum.level"
    """  # noqa: E501
    letters = max(int(room / LETTER), 4)
    head, tail = (letters - 1) // 2, letters // 2
    return f"length({of}) > {letters} ? slice({of}, 0, {head}) + '…' + slice({of}, -{tail}) : {of}"


def with_room(room: float) -> dict[str, Any]:
    """Options of an axis or a header whose names have so many points.

    Examples
    --------
    >>> sorted(with_room(62.0))
    ['labelExpr', 'labelLimit']
    """
    # letters that are wider than most are not cut again
    return {"labelLimit": int(1.25 * room), "labelExpr": shortened(room)}


def in_rows(names, width: float = WIDTH) -> dict[str, Any]:
    """Options of a legend below a chart: names in columns, where one row would be too wide.

    Examples
    --------
    >>> in_rows(["a", "b"]).get("columns"), in_rows(["a long name of a level"] * 8)["columns"]
    (None, 2)
    """
    out: dict[str, Any] = {
        "orient": "bottom", "labelLimit": 0, "labelExpr": shortened(LEGEND * LETTER)
    }  # fmt: skip
    sizes = [min(len(str(name)), LEGEND) * LETTER + SYMBOL for name in names]
    if sum(sizes) > width:
        out["columns"] = max(1, int(width // max(sizes)))
    return out
