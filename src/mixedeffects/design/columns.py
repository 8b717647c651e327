"""One column of a table as arrays: numbers, or integer codes with labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, time
from decimal import Decimal
from math import isfinite
from typing import Any

import numpy as np

from mixedeffects.design.chunks import chunks
from mixedeffects.design.integer_codes import code_numbers, drop_unused, sort_text
from mixedeffects.design.labels import Labels
from mixedeffects.errors import ColumnTypeError


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """A column that has been read.

    Attributes
    ----------
    kind : str
        "number", "boolean", "text", "category", "ordered" or "datetime".
    values : (n,) array
        Numbers, booleans or datetimes, as they stand in the table where possible; integer codes
        (-1 missing) for text and categories.
    labels : Labels or None
        Of the codes.
    missing : (n,) bool array or None
    finite : bool
        Known to hold no infinite value.
    all_used : bool
        Known to have every level in some row.
    """

    name: str
    kind: str
    values: np.ndarray
    labels: Labels | None = None
    missing: np.ndarray | None = None
    finite: bool = False
    all_used: bool = False

    @property
    def is_factor(self) -> bool:
        """Whether the column is a factor without being asked to be one."""
        return self.kind in ("text", "category", "ordered", "boolean")

    def select(self, kept: np.ndarray | None) -> Column:
        """The kept rows."""
        if kept is None:
            return self
        return replace(self, values=self.values[kept], missing=None, all_used=False)

    def why_unused(self, kept: np.ndarray | None, *, many: bool = True) -> str:
        """Why no row used has a level, in words: only categories name levels without rows."""
        if kept is None:
            return "that no row has"
        if self.kind in ("category", "ordered"):
            return "that no row used has"
        return f"left out with {'their' if many else 'its'} rows (missing values)"

    def coded(self) -> tuple[np.ndarray, Labels, tuple[Any, ...]]:
        """Codes, labels and the labels that no row has (categories only)."""
        if self.labels is None:
            codes, labels = code_numbers(self.values)
            return codes, labels, ()
        if self.all_used:
            return self.values, self.labels, ()
        codes, present = drop_unused(self.values, len(self.labels))
        if present is None:
            return codes, self.labels, ()
        used = set(present.tolist())
        unused = [self.labels[i] for i in range(len(self.labels)) if i not in used]
        return codes, self.labels.take(present), tuple(unused)


def from_codes(name: str, kind: str, codes: np.ndarray, labels: Labels) -> Column:
    """A column of codes, -1 where missing."""
    gone = codes.shape[0] > 0 and int(codes.min()) < 0
    return Column(name, kind, codes, labels, codes < 0 if gone else None, all_used=kind == "text")


def from_texts(name: str, codes: np.ndarray, texts: Sequence[str]) -> Column:
    """A text column from codes of its distinct texts in any order."""
    ordered, labels = sort_text(codes, texts)
    return from_codes(name, "text", ordered, labels)


def all_finite(values: np.ndarray) -> bool:
    """Whether a float array is free of NaN and infinity.

    A finite sum of squares proves it without a temporary array; only when that sum is not
    finite (it may overflow) is each value looked at.
    """
    if values.dtype == np.float64 and values.flags.c_contiguous:
        if isfinite(np.vdot(values, values)):
            return True
    return all(np.isfinite(values[rows]).all() for rows in chunks(values.shape[0]))


def from_numpy(name: str, values: np.ndarray, missing: np.ndarray | None = None) -> Column:
    """A column from an array; NaN and NaT are missing."""
    kind = values.dtype.kind
    if values.ndim != 1:
        raise ColumnTypeError(f"column '{name}' has {values.ndim} dimensions; one is needed")
    if kind == "f":
        if all_finite(values):
            return Column(name, "number", values, None, missing, finite=True)
        nan = np.isnan(values)
        if nan.any():
            missing = nan if missing is None else missing | nan
        return Column(name, "number", values, None, missing)
    if kind in "iu":
        return Column(name, "number", values, None, missing, finite=True)
    if kind == "b":
        return Column(name, "boolean", values, None, missing)
    if kind == "M":
        nat = np.isnat(values)
        if nat.any():
            missing = nat if missing is None else missing | nat
        return Column(name, "datetime", values, None, missing)
    if kind in "US":
        if kind == "S":
            values = values.astype("U")
        texts, codes = np.unique(values, return_inverse=True)
        return from_texts(name, codes, texts.tolist())
    if kind in "OT":
        return from_objects(name, values.tolist())
    what = {"c": "complex numbers", "m": "time differences", "V": "structured values"}
    raise ColumnTypeError(
        f"column '{name}' holds {what.get(kind, str(values.dtype))}; "
        "convert it to numbers, text or categories first"
    )


def from_objects(name: str, values: Sequence[Any]) -> Column:
    """A column from Python objects, which must all be numbers, texts, booleans or dates."""
    places: dict[Any, int] = {}
    try:
        codes = np.fromiter(
            (places.setdefault(value, len(places)) for value in values), np.int32, len(values)
        )
    except TypeError:
        raise ColumnTypeError(nested(name)) from None
    return from_distinct(name, codes, list(places))


def nested(name: str) -> str:
    """Message for a column with several values per row."""
    return f"column '{name}' holds lists or other nested values; it needs one value per row"


def from_distinct(name: str, codes: np.ndarray, distinct: list[Any]) -> Column:
    """A column from codes of distinct Python objects (-1 missing), some of them perhaps missing."""
    real = [i for i, value in enumerate(distinct) if not _is_missing(value)]
    rank = np.full(len(distinct) + 1, -1, dtype=np.int32)
    rank[real] = np.arange(len(real))
    codes, values = rank[codes], [distinct[i] for i in real]
    kinds = {_kind_of(name, value) for value in values}
    missing = codes < 0
    absent = missing if missing.any() else None
    if not kinds:
        nothing = np.full(codes.shape, np.nan)
        return Column(name, "number", nothing, None, np.ones(codes.shape, bool))
    if kinds == {"text"}:
        return from_texts(name, codes, values)
    if kinds == {"boolean"}:
        table = np.array([*values, False], dtype=bool)
        return Column(name, "boolean", table[codes], None, absent)
    if kinds <= {"number", "boolean"}:
        table = np.array([float(value) for value in values] + [np.nan])
        return Column(name, "number", table[codes], None, absent)
    if kinds == {"datetime"}:
        table = np.array([*(_moment(value) for value in values), np.datetime64("NaT")])
        return Column(name, "datetime", table[codes], None, absent)
    raise ColumnTypeError(
        f"column '{name}' mixes {' and '.join(sorted(kinds))} values; convert it to one type"
    )


def _moment(value: Any) -> np.datetime64:
    """A date or a time as NumPy has it, which knows no time zones: in universal time."""
    if getattr(value, "tzinfo", None) is not None:
        value = value.astimezone(UTC).replace(tzinfo=None)
    return np.datetime64(value)


def _is_missing(value: Any) -> bool:
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float | np.floating) and bool(value != value)


def _kind_of(name: str, value: Any) -> str:
    if isinstance(value, str):
        return "text"
    if isinstance(value, bool | np.bool_):
        return "boolean"
    if isinstance(value, complex | np.complexfloating):
        raise ColumnTypeError(f"column '{name}' holds complex numbers; use their parts")
    if isinstance(value, int | float | np.integer | np.floating | Decimal):
        return "number"
    if isinstance(value, time):
        raise ColumnTypeError(
            f"column '{name}' holds times of day; convert it to a number such as hours"
        )
    if hasattr(value, "isoformat") or isinstance(value, np.datetime64):
        return "datetime"
    if isinstance(value, list | tuple | dict | set | frozenset | np.ndarray):
        raise ColumnTypeError(nested(name))
    raise ColumnTypeError(
        f"column '{name}' holds values of type {type(value).__name__}; "
        "convert it to numbers, text or categories first"
    )
