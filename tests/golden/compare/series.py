"""Series of nested models as lme4, lmerTest, performance and glmmTMB saw them (compare.json)."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import mixedeffects as me
from tests.golden.lmm.frames import golden_frame

SERIES: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parent / "compare.json").read_text()
)["series"]


def as_list(value: Any) -> list[Any]:
    """R writes a vector of one as a number."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


@cache
def fits(name: str, reml: bool) -> tuple[Any, ...]:
    """Every model of a series, smaller first."""
    record = SERIES[name]
    frame = golden_frame(
        {"data": record["data"], "factors": as_list(record["factors"]), "codes": None}
    )
    return tuple(
        me.lmm(formula, frame, reml=reml, weights=record["weights"])
        for formula in as_list(record["formulas"])
    )
