"""Columns → a data frame of the flavour asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from mixedeffects.errors import MissingDependencyError, OptionError

if TYPE_CHECKING:
    import numpy as np

    from mixedeffects.datasets.record import Truth


@dataclass(frozen=True, slots=True, eq=False)
class LabelledFactor:
    """A categorical column.

    Parameters
    ----------
    codes : (n,) array of int
        Position of each row's level.
    levels : tuple of str
        Level names; the first is the reference level of a contrast.
    """

    codes: np.ndarray
    levels: tuple[str, ...]


Columns = Mapping[str, "np.ndarray | LabelledFactor"]


def _pandas(columns: Columns, truth: Truth) -> Any:
    import pandas as pd

    def column(values: np.ndarray | LabelledFactor) -> Any:
        if isinstance(values, LabelledFactor):
            return pd.Categorical.from_codes(values.codes, list(values.levels))
        return values

    frame = pd.DataFrame({name: column(values) for name, values in columns.items()})
    frame.attrs["truth"] = truth.as_dict()
    return frame


def _polars(columns: Columns, truth: Truth) -> Any:
    import polars as pl

    def column(name: str, values: np.ndarray | LabelledFactor) -> Any:
        if isinstance(values, LabelledFactor):
            levels = pl.Series(name, list(values.levels), dtype=pl.Enum(list(values.levels)))
            return levels.gather(values.codes)
        return pl.Series(name, values)

    return pl.DataFrame([column(name, values) for name, values in columns.items()])


def _pyarrow(columns: Columns, truth: Truth) -> Any:
    import pyarrow as pa

    def column(values: np.ndarray | LabelledFactor) -> Any:
        if isinstance(values, LabelledFactor):
            codes = pa.array(values.codes.astype("int32"))
            return pa.DictionaryArray.from_arrays(codes, list(values.levels))
        return pa.array(values)

    return pa.table({name: column(values) for name, values in columns.items()})


def _dict(columns: Columns, truth: Truth) -> Any:
    import numpy as np

    from mixedeffects.datasets.plain import PlainTable

    def column(values: np.ndarray | LabelledFactor) -> np.ndarray:
        if isinstance(values, LabelledFactor):
            return np.asarray(values.levels)[values.codes]
        return values

    return PlainTable((name, column(values)) for name, values in columns.items())


FLAVOURS: dict[str, Callable[[Columns, Truth], Any]] = {
    "pandas": _pandas,
    "polars": _polars,
    "pyarrow": _pyarrow,
    "dict": _dict,
}


def build_table(columns: Columns, truth: Truth, flavour: str | None) -> Any:
    """A table of the flavour asked for.

    Takes columns mapping of str to (n,) array or LabelledFactor.

    Parameters
    ----------
    truth : Truth
        Its values go to ``attrs["truth"]`` where the flavour has such a place (pandas).
    flavour : {"pandas", "polars", "pyarrow", "dict"} or None
        None takes the first of these that is installed; ``"dict"`` is name → NumPy array.

    Raises
    ------
    OptionError
        For any other flavour.
    MissingDependencyError
        When the flavour's package is not installed.
    """
    if flavour is None:
        flavour = next(name for name in FLAVOURS if name == "dict" or find_spec(name))
    if flavour not in FLAVOURS:
        offered = ", ".join(repr(name) for name in FLAVOURS)
        raise OptionError(f"no flavour {flavour!r}; there are: {offered}")
    if flavour != "dict" and find_spec(flavour) is None:
        raise MissingDependencyError(
            f"flavour={flavour!r} needs the package {flavour}: pip install {flavour}"
        )
    return FLAVOURS[flavour](columns, truth)
