"""One column of a table as arrays: numbers, or integer codes with labels."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from math import isfinite
from typing import Any

import numpy as np

from mixedeffects.design.coding import code_numbers, drop_unused, sort_text
from mixedeffects.design.labels import Labels, text_array
from mixedeffects.errors import ColumnTypeError


@dataclass(frozen=True, slots=True)
class Column:
    """A column that has been read.

    Attributes
    ----------
    name : str
    kind : str
        "number", "boolean", "text", "category", "ordered" or "datetime".
    values : (n,) array
        Numbers, booleans or datetimes; int32 codes (-1 missing) for text and categories.
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
    if values.dtype == np.float64 and values.flags.c_contiguous and isfinite(np.vdot(values, values)):
        return True
    return bool(np.isfinite(values).all())


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
            (places.setdefault(value, len(places)) for value in values), np.int64, len(values)
        )
    except TypeError:
        raise ColumnTypeError(_nested(name)) from None
    return from_distinct(name, codes, list(places))


def _nested(name: str) -> str:
    return f"column '{name}' holds lists or other nested values; it needs one value per row"


def from_distinct(name: str, codes: np.ndarray, distinct: list[Any]) -> Column:
    """A column from codes of distinct Python objects (-1 missing), some of them perhaps missing."""
    real = [i for i, value in enumerate(distinct) if not _is_missing(value)]
    rank = np.full(len(distinct) + 1, -1, dtype=np.int64)
    rank[real] = np.arange(len(real))
    codes, values = rank[codes], [distinct[i] for i in real]
    kinds = {_kind_of(name, value) for value in values}
    missing = codes < 0
    absent = missing if missing.any() else None
    if not kinds:
        return Column(name, "number", np.full(codes.shape, np.nan), None, np.ones(codes.shape, bool))
    if kinds == {"text"}:
        return from_texts(name, codes, values)
    if kinds == {"boolean"}:
        table = np.array([*values, False], dtype=bool)
        return Column(name, "boolean", table[codes], None, absent)
    if kinds <= {"number", "boolean"}:
        table = np.array([float(value) for value in values] + [np.nan])
        return Column(name, "number", table[codes], None, absent)
    if kinds == {"datetime"}:
        table = np.array([*(np.datetime64(value) for value in values), np.datetime64("NaT")])
        return Column(name, "datetime", table[codes], None, absent)
    raise ColumnTypeError(
        f"column '{name}' mixes {' and '.join(sorted(kinds))} values; convert it to one type"
    )


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
    if hasattr(value, "isoformat") or isinstance(value, np.datetime64):
        return "datetime"
    if isinstance(value, list | tuple | dict | set | frozenset | np.ndarray):
        raise ColumnTypeError(_nested(name))
    raise ColumnTypeError(
        f"column '{name}' holds values of type {type(value).__name__}; "
        "convert it to numbers, text or categories first"
    )


def from_pandas(name: str, series: Any) -> Column:
    """A column from a pandas Series, through its codes or buffers."""
    dtype = series.dtype
    if isinstance(dtype, np.dtype):
        if dtype.kind != "O":
            return from_numpy(name, series.to_numpy())
        try:
            codes, distinct = series.factorize()
        except TypeError:
            raise ColumnTypeError(_nested(name)) from None
        return from_distinct(name, codes, list(distinct))
    form = type(dtype).__name__
    if form == "CategoricalDtype":
        codes = np.asarray(series.array.codes).astype(np.int32)
        labels = _category_labels(dtype.categories.to_numpy())
        return from_codes(name, "ordered" if dtype.ordered else "category", codes, labels)
    if form == "StringDtype":
        codes, distinct = series.factorize()
        return from_texts(name, codes, distinct.tolist())
    if form == "ArrowDtype":
        return from_arrow(name, sys.modules["pyarrow"].chunked_array([series.array.__arrow_array__()])
                          if not hasattr(series.array.__arrow_array__(), "chunks")
                          else series.array.__arrow_array__())  # fmt: skip
    if hasattr(dtype, "numpy_dtype"):
        missing = series.isna().to_numpy()
        if not missing.any():
            return from_numpy(name, series.to_numpy(dtype=dtype.numpy_dtype))
        values = series.to_numpy(dtype=dtype.numpy_dtype, na_value=dtype.numpy_dtype.type(0))
        return from_numpy(name, values, missing)
    if form == "DatetimeTZDtype":
        return from_numpy(name, series.to_numpy(dtype="datetime64[ns]"))
    if form == "SparseDtype":
        return from_numpy(name, np.asarray(series))
    if form in ("PeriodDtype", "IntervalDtype"):
        codes, distinct = series.factorize(sort=True)
        labels = Labels(text_array([str(value) for value in distinct]))
        return from_codes(name, "category", codes.astype(np.int32), labels)
    return from_numpy(name, series.to_numpy())


def _category_labels(values: np.ndarray) -> Labels:
    if values.dtype.kind in "iufbM":
        return Labels(values)
    kinds = {type(value) for value in values.tolist()}
    if kinds <= {str}:
        return Labels(text_array(values.tolist()))
    return Labels(text_array([str(value) for value in values]))


def from_polars(name: str, series: Any) -> Column:
    """A column from a polars Series."""
    polars = sys.modules["polars"]
    dtype = series.dtype
    if dtype == polars.Enum:
        labels = Labels(text_array(dtype.categories.to_list()))
        return from_codes(name, "category", _physical(series), labels)
    if dtype in (polars.String, polars.Categorical):
        distinct = series.unique().drop_nulls().cast(polars.String).sort()
        coded = series.cast(polars.Enum(distinct))
        return from_codes(name, "text", _physical(coded), Labels(text_array(distinct.to_list())))
    if dtype == polars.Null:
        return from_objects(name, [None] * len(series))
    if isinstance(dtype, polars.Decimal):
        series, dtype = series.cast(polars.Float64), polars.Float64()
    if dtype.is_temporal() and dtype in (polars.Date, polars.Datetime):
        return from_numpy(name, series.cast(polars.Datetime("us")).to_numpy())
    if dtype.is_numeric() or dtype == polars.Boolean:
        if series.null_count():
            zero = False if dtype == polars.Boolean else 0
            return from_numpy(name, series.fill_null(zero).to_numpy(), series.is_null().to_numpy())
        return from_numpy(name, series.to_numpy())
    if dtype == polars.Object:
        return from_objects(name, series.to_list())
    if dtype.is_nested():
        raise ColumnTypeError(_nested(name))
    raise ColumnTypeError(
        f"column '{name}' has type {dtype}; convert it to numbers, text or categories first"
    )


def _physical(series: Any) -> np.ndarray:
    codes = series.to_physical()
    if codes.null_count():
        polars = sys.modules["polars"]
        return codes.cast(polars.Int32).fill_null(-1).to_numpy()
    return codes.to_numpy().astype(np.int32)


def from_arrow(name: str, column: Any) -> Column:
    """A column from a pyarrow ChunkedArray."""
    pyarrow = sys.modules["pyarrow"]
    types, kind = pyarrow.types, column.type
    if types.is_string(kind) or types.is_large_string(kind) or str(kind) == "string_view":
        coded = column.dictionary_encode().combine_chunks()
        return from_texts(name, _indices(coded), _one(coded).dictionary.to_pylist())
    if types.is_dictionary(kind):
        coded = _one(column.unify_dictionaries().combine_chunks())
        labels = _category_labels(coded.dictionary.to_numpy(zero_copy_only=False))
        form = "ordered" if kind.ordered else "category"
        return from_codes(name, form, _indices(coded), labels)
    if types.is_decimal(kind):
        column = column.cast(pyarrow.float64())
    elif types.is_null(kind):
        return from_objects(name, [None] * len(column))
    elif types.is_date(kind) or types.is_timestamp(kind):
        column = column.cast(pyarrow.timestamp("us"))
        return from_numpy(name, column.to_numpy())
    elif types.is_nested(kind):
        raise ColumnTypeError(_nested(name))
    elif not (types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind)):
        raise ColumnTypeError(
            f"column '{name}' has type {kind}; convert it to numbers, text or categories first"
        )
    if column.null_count:
        missing = column.is_null().to_numpy()
        zero = pyarrow.scalar(0).cast(column.type)
        return from_numpy(name, column.fill_null(zero).to_numpy(), missing)
    return from_numpy(name, column.to_numpy())


def _one(array: Any) -> Any:
    if hasattr(array, "chunks"):
        return array.chunk(0) if array.num_chunks else array.type.wrap_array([])
    return array


def _indices(array: Any) -> np.ndarray:
    indices = _one(array).indices
    if indices.null_count:
        indices = indices.fill_null(-1)
    return indices.to_numpy(zero_copy_only=False).astype(np.int32)


def from_sequence(name: str, values: Any) -> Column:
    """A column from a list, tuple, array or anything that converts to one."""
    module = type(values).__module__.split(".", 1)[0]
    if module in READERS and not isinstance(values, np.ndarray):
        if module == "pandas" and not hasattr(values, "to_frame"):
            values = sys.modules["pandas"].Series(values)
        if module == "pyarrow" and not hasattr(values, "chunks"):
            values = sys.modules["pyarrow"].chunked_array([values])
        return READERS[module](name, values)
    if not isinstance(values, np.ndarray) and hasattr(values, "__array__"):
        values = np.asarray(values)
    if isinstance(values, np.ma.MaskedArray):
        return from_numpy(name, values.filled(), np.ma.getmaskarray(values))
    if isinstance(values, np.ndarray):
        return from_numpy(name, values)
    if isinstance(values, str) or not hasattr(values, "__len__"):
        raise ColumnTypeError(f"column '{name}' is a single {type(values).__name__}, not a column")
    return from_objects(name, list(values))


#: Library of a table → reader of its columns.
READERS: dict[str, Callable[[str, Any], Column]] = {
    "pandas": from_pandas,
    "polars": from_polars,
    "pyarrow": from_arrow,
    "dict": from_sequence,
}
