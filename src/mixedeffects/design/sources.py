"""The columns behind the fixed effects, kept for questions that come after the fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from mixedeffects.design.chunks import CHUNK
from mixedeffects.design.columns import Column
from mixedeffects.design.exposure import with_exposure
from mixedeffects.design.grouping import labels_from_dict, labels_to_dict
from mixedeffects.formula import Call, Formula, Name, column_names, parse, strip


@dataclass(frozen=True, slots=True, eq=False)
class SourceColumns:
    """Columns that the fixed effects and offsets read, on the rows used.

    Means, levels and cell counts follow from them when something asks; a fit only pays for the
    references. Of a large table the columns are the table's own, as those of a `ColumnMatrix`.

    Attributes
    ----------
    columns : dict of str to Column
    categorical : frozenset of str
        Those that enter as categories: text, categories, booleans, and what ``factor`` and
        ``C`` are applied to.
    """

    columns: dict[str, Column]
    categorical: frozenset[str]

    def levels(self, name: str) -> tuple[np.ndarray, list[Any]]:
        """(n,) codes and the labels of a column, numbers in increasing order."""
        codes, labels, _ = self.columns[name].coded()
        return codes, list(labels)

    def numbers(self, name: str) -> np.ndarray:
        """(n,) values of a numeric column."""
        return np.asarray(self.columns[name].values, dtype=np.float64)

    def first_row(self) -> dict[str, Column]:
        """The columns cut to one row."""
        return {
            name: replace(column, values=column.values[:1], missing=None, all_used=False)
            for name, column in self.columns.items()
        }

    def to_dict(self) -> tuple[list[dict[str, Any]], dict[str, np.ndarray]]:
        """What `json.dumps` accepts, and arrays by name; `from_dict` is the inverse."""
        plain, arrays = [], {}
        for i, (name, column) in enumerate(self.columns.items()):
            labels = None if column.labels is None else labels_to_dict(column.labels)
            known = name in self.categorical
            plain.append(
                {"name": name, "kind": column.kind, "labels": labels, "categorical": known}
            )
            arrays[f"predictor_{i}"] = np.asarray(column.values)
        return plain, arrays

    @classmethod
    def from_dict(cls, plain: list[dict[str, Any]], arrays: Mapping[str, Any]) -> SourceColumns:
        """The columns that `to_dict` wrote."""
        columns = {}
        for i, entry in enumerate(plain):
            labels = None if entry["labels"] is None else labels_from_dict(entry["labels"])
            columns[entry["name"]] = Column(
                entry["name"], entry["kind"], arrays[f"predictor_{i}"], labels
            )
        return cls(columns, frozenset(entry["name"] for entry in plain if entry["categorical"]))


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
    formula : Formula
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
