"""Columns of pandas, polars, Arrow and plain Python, through their own buffers and codes.

No library is imported: a column of a library exists only when the library is loaded.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from mixedeffects.design.columns import (
    Column,
    from_codes,
    from_distinct,
    from_numpy,
    from_objects,
    from_texts,
    nested,
)  # fmt: skip
from mixedeffects.design.labels import Labels, text_array
from mixedeffects.design.remember import remember
from mixedeffects.errors import ColumnTypeError

FEW_VALUES = 4_096


def pandas_getter(frame: Any, names: tuple[Any, ...]) -> Callable[[str], Any]:
    """Access to the columns of a pandas frame, without a Series where that is possible.

    ``frame[name]`` takes as long as a tenth of a small fit (and copies the frame's ``attrs``
    each time); the array behind a plain or categorical column is there at once. pandas does
    not document that access, so anything unusual falls back to the Series.
    """
    array_at = getattr(frame, "_get_column_array", None)
    if array_at is None:
        return frame.__getitem__

    def get(name: str) -> Any:
        array = array_at(names.index(name))
        if isinstance(array, np.ndarray):
            return array if array.ndim == 1 and array.dtype.kind in "biuf" else frame[name]
        return array if type(array).__name__ == "Categorical" else frame[name]

    return get


def from_pandas(name: str, series: Any) -> Column:
    """A column from a pandas Series or the array behind it, through its codes or buffers."""
    if isinstance(series, np.ndarray):
        return from_numpy(name, series)
    dtype = series.dtype
    if isinstance(dtype, np.dtype):
        if dtype.kind != "O":
            return from_numpy(name, series.to_numpy())
        try:
            # a table for a few values first: one for as many values as rows takes 24 bytes a row
            pandas = sys.modules["pandas"]
            codes, distinct = pandas.factorize(series.to_numpy(), size_hint=FEW_VALUES)
        except TypeError:
            raise ColumnTypeError(nested(name)) from None
        return from_distinct(name, codes, list(distinct))
    form = type(dtype).__name__
    if form == "CategoricalDtype":
        codes = np.asarray(getattr(series, "array", series).codes)
        labels = _index_labels(dtype.categories)
        return from_codes(name, "ordered" if dtype.ordered else "category", codes, labels)
    if form == "StringDtype":
        codes, distinct = series.factorize()
        return from_texts(name, codes, distinct.tolist())
    if form == "ArrowDtype":
        return from_sequence(name, series.array.__arrow_array__())
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


@remember
def _index_labels(index: Any) -> Labels:
    """Labels of the categories in a pandas Index."""
    return _category_labels(index.to_numpy())


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
    if str(dtype) in ("Int128", "UInt128"):
        small = series.cast(polars.Int64, strict=False)
        if small.null_count() > series.null_count():
            raise ColumnTypeError(f"column '{name}' has whole numbers of more than 64 bits")
        series, dtype = small, polars.Int64()
    if dtype.is_numeric() or dtype == polars.Boolean:
        if series.null_count():
            zero = False if dtype == polars.Boolean else 0
            return from_numpy(name, series.fill_null(zero).to_numpy(), series.is_null().to_numpy())
        return from_numpy(name, series.to_numpy())
    if dtype == polars.Object:
        return from_objects(name, series.to_list())
    if dtype.is_nested():
        raise ColumnTypeError(nested(name))
    raise ColumnTypeError(
        f"column '{name}' has type {dtype}; convert it to numbers, text or categories first"
    )


def _physical(series: Any) -> np.ndarray:
    codes = series.to_physical()
    if codes.null_count():
        polars = sys.modules["polars"]
        return codes.cast(polars.Int32).fill_null(-1).to_numpy()
    return codes.to_numpy()


def from_arrow(name: str, column: Any) -> Column:
    """A column from a pyarrow ChunkedArray, or an Array of a RecordBatch."""
    pyarrow = sys.modules["pyarrow"]
    if not hasattr(column, "chunks"):
        column = pyarrow.chunked_array([column])
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
        raise ColumnTypeError(nested(name))
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
    return indices.to_numpy(zero_copy_only=False)


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
