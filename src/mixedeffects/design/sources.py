"""The columns behind the fixed effects, kept for questions that come after the fit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from mixedeffects.design.chunks import CHUNK
from mixedeffects.design.columns import Column
from mixedeffects.design.exposure import with_exposure
from mixedeffects.design.grouping import labels_from_dict, labels_to_dict
from mixedeffects.errors import NotAvailableError
from mixedeffects.formula import Call, Formula, Name, column_names, parse, strip

# a mean below this share of the largest value is what rounding left of zero
ROUNDING = 1e-13


@dataclass(frozen=True, slots=True)
class NumberSummary:
    """What is asked of a column of numbers.

    Attributes
    ----------
    low, high, mean, median : float
        A mean that is rounding is 0.
    two_valued : bool
        Whether it has no value but the lowest and the highest, and these differ.
    """

    low: float
    high: float
    mean: float
    median: float
    two_valued: bool


class NumbersOfRows:
    """The summary of numbers that are at hand, each part computed when it is asked for.

    Examples
    --------
    >>> import numpy as np
    >>> NumbersOfRows(np.array([0.1, 0.2, -0.3])).mean, NumbersOfRows(np.array([1.0, 2.0])).mean
    (0.0, 1.5)
    """

    def __init__(self, values: np.ndarray) -> None:
        self.values = values

    @cached_property
    def low(self) -> float:
        return float(self.values.min())

    @cached_property
    def high(self) -> float:
        return float(self.values.max())

    @cached_property
    def mean(self) -> float:
        mean = float(np.mean(self.values))
        return 0.0 if abs(mean) < ROUNDING * float(np.abs(self.values).max()) else mean

    @cached_property
    def median(self) -> float:
        return float(np.median(self.values))

    @cached_property
    def two_valued(self) -> bool:
        values, low, high = self.values, self.low, self.high
        return low < high and bool(((values == low) | (values == high)).all())

    def kept(self) -> NumberSummary:
        """All of it, without the numbers."""
        return NumberSummary(self.low, self.high, self.mean, self.median, self.two_valued)


@dataclass(frozen=True, slots=True, eq=False)
class SourceColumns:
    """Columns that the fixed effects and offsets read, on the rows used.

    Means, levels and cell counts follow from them when something asks; a fit only pays for the
    references. Of a large table the columns are the table's own, as those of a `ColumnMatrix`.

    Attributes
    ----------
    columns : dict of str to Column
        Without rows: one entry per combination of categories and two-valued numbers that rows
        have; other numbers at their means.
    categorical : frozenset of str
        Those that enter as categories: text, categories, booleans, and what ``factor`` and
        ``C`` are applied to.
    counts : (m,) float64 array or None
        Rows of each combination; None where every entry is a row.
    summaries : dict of str to NumberSummary or None
        Of the numbers of the rows that were left out; None where there are rows.
    """

    columns: dict[str, Column]
    categorical: frozenset[str]
    counts: np.ndarray | None = None
    summaries: dict[str, NumberSummary] | None = None

    @classmethod
    def together(cls, given: Iterable[SourceColumns | None]) -> SourceColumns:
        """The columns of several linear predictors of the same rows."""
        known = [one for one in given if one is not None]
        columns = {name: column for one in known for name, column in one.columns.items()}
        categorical = frozenset().union(*(one.categorical for one in known))
        if not known:
            return cls({}, categorical)
        return replace(known[0], columns=columns, categorical=categorical)

    def levels(self, name: str) -> tuple[np.ndarray, list[Any]]:
        """(n,) codes and the labels of a column, numbers in increasing order."""
        codes, labels, _ = self.columns[name].coded()
        return codes, list(labels)

    def numbers(self, name: str) -> np.ndarray:
        """(n,) values of a numeric column."""
        if self.summaries is not None:
            raise NotAvailableError(
                f"this fit is without the rows it was fitted to, and this asks for '{name}' of "
                "each\nuse the fit itself, or save it with fit.save(path, rows=True)"
            )
        return np.asarray(self.columns[name].values, dtype=np.float64)

    def summary(self, name: str) -> NumberSummary | NumbersOfRows:
        """What is asked of a numeric column."""
        if self.summaries is not None:
            return self.summaries[name]
        return NumbersOfRows(self.numbers(name))

    def upper(self, name: str) -> np.ndarray:
        """(n,) 0 or 1: which entries of a two-valued column have the higher value."""
        values = np.asarray(self.columns[name].values, dtype=np.float64)
        return (values == self.summary(name).high).astype(np.intp)

    def without_rows(self) -> SourceColumns:
        """The same in sums over the rows."""
        if self.summaries is not None:
            return self
        numeric = [name for name in self.columns if name not in self.categorical]
        numeric = [name for name in numeric if self.columns[name].kind == "number"]
        summaries = {name: NumbersOfRows(self.numbers(name)).kept() for name in numeric}
        cells = [n for n in self.columns if n not in summaries or summaries[n].two_valued]
        n = next((c.values.shape[0] for c in self.columns.values()), 0)
        keys = [np.unique(self.columns[name].values, return_inverse=True)[1] for name in cells]
        first, counts = np.arange(min(n, 1)), np.full(min(n, 1), float(n))
        if keys:
            _, first, counts = np.unique(
                np.column_stack([key.ravel() for key in keys]),
                axis=0, return_index=True, return_counts=True,
            )  # fmt: skip
        columns = {}
        for name, column in self.columns.items():
            values = np.asarray(column.values)
            if name in cells:
                values = values[first]
            else:
                values = np.full(first.size, summaries[name].mean)
            columns[name] = replace(column, values=values, missing=None)
        return SourceColumns(columns, self.categorical, counts.astype(np.float64), summaries)

    def of(self, names: Iterable[str]) -> SourceColumns:
        """Some of the columns; without rows they keep their places among all combinations."""
        names = list(names)
        columns = {name: self.columns[name] for name in names}
        return replace(self, columns=columns, categorical=self.categorical & set(names))

    def first_row(self) -> dict[str, Column]:
        """The columns cut to one row."""
        return {
            name: replace(column, values=column.values[:1], missing=None, all_used=False)
            for name, column in self.columns.items()
        }

    def to_dict(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """What `json.dumps` accepts, and arrays by name; `from_dict` is the inverse."""
        plain, arrays = [], {}
        for i, (name, column) in enumerate(self.columns.items()):
            labels = None if column.labels is None else labels_to_dict(column.labels)
            known = name in self.categorical
            plain.append(
                {"name": name, "kind": column.kind, "labels": labels, "categorical": known}
            )
            arrays[f"predictor_{i}"] = np.asarray(column.values)
        header: dict[str, Any] = {"columns": plain}
        if self.summaries is not None:
            header["summaries"] = {name: asdict(one) for name, one in self.summaries.items()}
            arrays["predictor_counts"] = np.asarray(self.counts)
        return header, arrays

    @classmethod
    def from_dict(cls, header: Any, arrays: Mapping[str, Any]) -> SourceColumns:
        """The columns that `to_dict` wrote."""
        if isinstance(header, list):  # a file of an earlier version
            header = {"columns": header}
        plain, columns = header["columns"], {}
        for i, entry in enumerate(plain):
            labels = None if entry["labels"] is None else labels_from_dict(entry["labels"])
            columns[entry["name"]] = Column(
                entry["name"], entry["kind"], arrays[f"predictor_{i}"], labels
            )
        summaries = None
        if "summaries" in header:
            summaries = {name: NumberSummary(**one) for name, one in header["summaries"].items()}
        return cls(
            columns,
            frozenset(entry["name"] for entry in plain if entry["categorical"]),
            arrays.get("predictor_counts"),
            summaries,
        )


def keep_sources(
    formula: Formula,
    dot: tuple[str, ...] | None,
    columns: Mapping[str, Column],
    exposure: str | None = None,
) -> SourceColumns:
    """The columns that the fixed part of a formula reads.

    Small numeric columns are copied: the table they were read from may change.

    Parameters
    ----------
    dot : tuple of str or None
        Columns of the table when the formula has a ``.``.
    columns : dict of str to Column
        Of the rows used.
    exposure : str or None
        Column whose logarithm is one of the offsets.
    """
    kept: dict[str, Column] = {}
    categorical = []
    for name, as_factor in _reads(formula.text, dot, exposure):
        column = columns.get(name)
        if column is None:
            continue
        if as_factor or column.is_factor:
            categorical.append(name)
        if column.labels is None and column.values.shape[0] <= CHUNK:
            column = Column(name, column.kind, column.values.copy())
        kept[name] = column
    return SourceColumns(kept, frozenset(categorical))


@lru_cache(maxsize=512)
def _reads(
    text: str, dot: tuple[str, ...] | None, exposure: str | None
) -> tuple[tuple[str, bool], ...]:
    """Names that fixed effects and offsets read, and whether as a factor."""
    formula = parse(text, response=False)
    if dot is not None:
        formula = formula.with_columns(dot)
    formula = with_exposure(formula, exposure)
    found: dict[str, bool] = {}
    for variable in (*formula.fixed.variables, *formula.offsets):
        node = strip(variable.node)
        for used in column_names(node):
            found.setdefault(used.name, False)
        inner = node
        while isinstance(inner, Call) and inner.function in ("factor", "as.factor", "C"):
            inner = strip(inner.args[0])
        if inner is not node and isinstance(inner, Name):
            found[inner.name] = True
    return tuple(found.items())
