"""Whose row is which: the labels that a pandas table and its columns carry.

A Series that goes with a table belongs to the rows of its labels, wherever these stand. Arrays,
lists and columns of libraries without labels go by position.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from mixedeffects.errors import DataError


def labels_of(values: Any) -> Any:
    """The index of a pandas Series or table; None of everything else.

    Examples
    --------
    >>> import pandas
    >>> labels_of(pandas.Series([1.0, 2.0], index=["a", "b"])).tolist(), labels_of([1.0, 2.0])
    (['a', 'b'], None)
    """
    for kind in type(values).__mro__:
        if kind.__name__ in ("Series", "DataFrame") and kind.__module__.split(".")[0] == "pandas":
            return values.index
    return None


def in_order(what: str, values: Any, index: Any, n_rows: int, of: str = "the table") -> Any:
    """Values in the order of a table's rows, by their labels where they have some.

    Parameters
    ----------
    what : str
        For messages.
    values : pandas Series or another
        What has no labels is returned as it is.
    index : pandas Index or None
        Labels of the rows; None of a table that has none.
    of : str
        What has the rows, for messages.

    Raises
    ------
    DataError
        The labels are not those of the rows, or occur more than once in another order.

    Examples
    --------
    >>> import pandas
    >>> w = pandas.Series([1.0, 2.0, 3.0], index=["a", "b", "c"])
    >>> in_order("weights", w, pandas.Index(["c", "a", "b"]), 3).tolist()
    [3.0, 1.0, 2.0]
    """
    given = labels_of(values)
    if given is None or given is index or len(given) != n_rows:
        return values  # whose length the caller checks
    if index is None:
        if is_range(given):
            return values
        why = f"have an index of their own, and {of} has none"
        raise DataError(f"the {what} {why}\n{BY_POSITION}")
    places = places_of(index, given)
    if places is not None:
        return values if given.equals(index) else values.iloc[places]
    if given.is_unique and index.is_unique:
        first = int(np.flatnonzero(given.get_indexer(index) < 0)[0])
        why = f"have no value for row {_shown(index[first])} of {of}: their index is another one"
    else:
        why = f"have labels that occur more than once, in another order than {of}"
    raise DataError(f"the {what} {why}\n{BY_POSITION}")


def places_of(index: Any, among: Any) -> np.ndarray | None:
    """Position of each label of an index in another of the same length; None where that is unknown.

    Examples
    --------
    >>> import pandas
    >>> places_of(pandas.Index(["b", "a"]), pandas.Index(["a", "b"])).tolist()
    [1, 0]
    """
    if among.equals(index):
        return np.arange(len(index))
    if not (among.is_unique and index.is_unique):
        return None
    places = among.get_indexer(index)
    return places if (places >= 0).all() else None


BY_POSITION = "give them the index of the rows they belong to, or use .to_numpy() to go by position"


def rows_used(what: str, values: Any, design: Any) -> Any:
    """Values for the rows a design used, in their order, by their labels where they have some.

    A pandas Series with the labels of all rows of the table gives its values of the rows used.

    Parameters
    ----------
    what : str
        For messages.
    values : pandas Series or another
        What has no labels is returned as it is.

    Raises
    ------
    DataError
        As `in_order`.
    """
    given = labels_of(values)
    if given is None:
        return values
    missing = design.missing
    if missing.kept is not None and len(given) == missing.n_rows:
        return in_order(what, values, design.index, missing.n_rows)[missing.kept]
    return in_order(what, values, design.used_index, missing.n_used, "the rows that were used")


def is_range(index: Any) -> bool:
    """Whether labels are 0, 1, …: those that pandas gives when none were asked for."""
    return type(index).__name__ == "RangeIndex" and index.start == 0 and index.step == 1


def row_labels(design: Any) -> Any:
    """Labels of the rows a design used: of a pandas index, else their numbers from 0.

    Returns (n,) int array, or list of labels.
    """
    if design.index is not None:
        return as_labels(design.used_index, design.n)
    kept = design.missing.kept
    return np.arange(design.n) if kept is None else np.flatnonzero(kept)


def as_labels(index: Any, n: int) -> Any:
    """Labels of an index, or the numbers of n rows: an array of integers, or a list.

    Examples
    --------
    >>> import pandas
    >>> as_labels(pandas.Index(["b", "a"]), 2), as_labels(None, 2)
    (['b', 'a'], array([0, 1]))
    """
    if index is None:
        return np.arange(n)
    if isinstance(index.dtype, np.dtype) and index.dtype.kind in "iu":
        return index.to_numpy()
    return index.tolist()


def label_text(label: Any) -> str:
    """A label as text; of an index with several levels, all of them.

    Examples
    --------
    >>> label_text(("s1", 3)), label_text(7)
    ('s1, 3', '7')
    """
    return ", ".join(map(str, label)) if isinstance(label, tuple) else str(label)


def _shown(label: Any) -> str:
    return repr(label) if isinstance(label, str) else label_text(label)


def index_to_dict(index: Any) -> tuple[dict[str, Any] | None, dict[str, np.ndarray]]:
    """An index as what JSON can hold, and arrays by name.

    Labels that are neither numbers, times nor text are kept as text.
    """
    if index is None:
        return None, {}
    header: dict[str, Any] = {"names": [None if n is None else str(n) for n in index.names]}
    if type(index).__name__ == "RangeIndex":
        return header | {"range": [index.start, index.stop, index.step]}, {}
    arrays, zones = {}, []
    for i in range(index.nlevels):
        level = index.get_level_values(i)
        zone = getattr(level, "tz", None)
        zones.append(None if zone is None else str(zone))
        if zone is not None:
            level = level.tz_convert("UTC").tz_localize(None)
        values = level.to_numpy()
        if values.dtype.kind not in "biufmM":
            values = np.array([str(value) for value in values.tolist()], dtype=np.str_)
        arrays[f"index_{i}"] = values
    return header | {"zones": zones}, arrays


def index_from_dict(header: dict[str, Any] | None, arrays: Any) -> Any:
    """The index that `index_to_dict` took apart; None without pandas."""
    if header is None:
        return None
    try:
        pandas = importlib.import_module("pandas")
    except ImportError:
        return None
    names = header["names"]
    if "range" in header:
        return pandas.RangeIndex(*header["range"], name=names[0])
    levels = [pandas.Index(arrays[f"index_{i}"]) for i in range(len(names))]
    for i, zone in enumerate(header["zones"]):
        if zone is not None:
            levels[i] = levels[i].tz_localize("UTC").tz_convert(zone)
    if len(levels) == 1:
        return levels[0].rename(names[0])
    return pandas.MultiIndex.from_arrays(levels, names=names)
