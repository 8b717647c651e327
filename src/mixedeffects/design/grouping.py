"""Grouping factors: codes in training, and the codes of new rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from mixedeffects.design.chunks import take
from mixedeffects.design.columns import Column
from mixedeffects.design.evaluate import Evaluator
from mixedeffects.design.integer_codes import interaction
from mixedeffects.design.labels import Labels, PairedLabels, match_labels
from mixedeffects.design.records import Factor
from mixedeffects.errors import ModelError
from mixedeffects.formula import Group, Name, Variable, column_names, unparse

# pairs of levels, beside two per row, that are looked up in a table and not in a sorted list
TABLE = 65_536


def group_column(variable: Variable, values: Evaluator) -> Column:
    """The column behind one component of a grouping factor."""
    if isinstance(variable.node, Name):
        return values.columns[variable.node.name]
    inner = next(column_names(variable.node), None)
    first = variable.node.args[0]  # type: ignore[union-attr]
    if inner is not None and first == inner:
        return values.columns[inner.name]
    return Column(unparse(first), "number", values.vector(first))


class Grouping:
    """Codes grouping factors of one table; components shared by factors are coded once."""

    def __init__(self, values: Evaluator) -> None:
        self.values = values
        self.notes: list[str] = []
        self._parts: dict[str, Factor] = {}

    def component(self, variable: Variable) -> Factor:
        factor = self._parts.get(variable.text)
        if factor is None:
            column = group_column(variable, self.values)
            codes, labels, unused = column.coded()
            factor = Factor(variable.text, codes, labels)  # type: ignore[arg-type]
            self._parts[variable.text] = factor
            if unused:
                many = len(unused) > 1
                why = column.why_unused(self.values.kept, many=many)
                self.notes.append(
                    f"{len(unused)} level{'s' * many} of '{variable.text}' "
                    f"{why}: {', '.join(str(label) for label in unused[:5])}"
                    f"{', …' if len(unused) > 5 else ''}"
                )
        return factor

    def factor(self, name: str, group: Group) -> Factor:
        """The grouping factor of one random term."""
        parts = [self.component(variable) for variable in group]
        factor = self._owned(parts[0]) if len(parts) == 1 else interaction(name, parts)
        if factor.n_levels < 2:
            only = factor.labels[0] if factor.n_levels else "none"
            raise ModelError(
                f"the grouping factor '{name}' has one level ({only}) in the rows used; "
                "a variance between groups needs at least two"
            )
        return factor

    def _owned(self, factor: Factor) -> Factor:
        """The factor with int32 codes of its own: not the table's, whatever their type."""
        codes = factor.codes
        if codes.dtype != np.int32 or not codes.flags.writeable:
            factor = replace(factor, codes=codes.astype(np.int32))
            self._parts[factor.name] = factor
        return factor


def new_codes(group: Group, values: Evaluator, labels: Any, n: int) -> np.ndarray:
    """Codes of new rows among trained levels, -1 for a level that was not there."""
    if n == 0:
        return np.empty(0, dtype=np.int32)
    known = labels.parts if isinstance(labels, PairedLabels) else (labels,)
    parts = []
    for variable, trained in zip(group, known, strict=True):
        codes, fresh, _ = group_column(variable, values).coded()
        parts.append(take(match_labels(fresh, trained), codes))
    if len(parts) == 1:
        return parts[0]
    return combined_codes(parts, labels.codes, [len(part) for part in known])


def combined_codes(parts, trained, sizes):
    """Codes of combinations of levels among those that were trained, -1 for any other.

    Two components at a time: a pair of their codes is a number, and where it stands among the
    numbers of the trained pairs is the code of the pair.

    Parameters
    ----------
    parts : sequence of (n,) int arrays
        Codes of the rows in every component, -1 for a level that was not there.
    trained : (L, m) int array
        Codes of the trained combinations.
    sizes : sequence of int
        Levels of every component.

    Returns
    -------
    (n,) int32 array

    Examples
    --------
    >>> import numpy as np
    >>> trained = np.array([[0, 1], [1, 0]])
    >>> combined_codes([np.array([1, 0, -1, 1]), np.array([0, 0, 1, 0])], trained, [2, 2])
    array([ 1, -1, -1,  1], dtype=int32)
    """
    codes, own, levels = parts[0], trained[:, 0], sizes[0]
    for part, other, size in zip(parts[1:], trained.T[1:], sizes[1:], strict=True):
        pairs, own = np.unique(own.astype(np.int64) * size + other, return_inverse=True)
        nowhere = (codes < 0) | (part < 0)
        keys = codes.astype(np.int64) * size + part
        keys[nowhere] = 0
        if levels * size <= TABLE + 2 * keys.size:
            place = np.full(levels * size, -1, dtype=np.int32)
            place[pairs] = np.arange(pairs.size, dtype=np.int32)
            codes = place.take(keys)
        else:
            codes = np.minimum(np.searchsorted(pairs, keys), pairs.size - 1).astype(np.int32)
            nowhere |= pairs[codes] != keys
        codes[nowhere] = -1
        levels = pairs.size
    row_of = np.empty(len(trained) + 1, dtype=np.int32)
    row_of[own], row_of[-1] = np.arange(len(trained), dtype=np.int32), -1
    return row_of[codes]


def labels_to_dict(labels: Any) -> dict[str, Any]:
    """JSON form of labels."""
    if isinstance(labels, PairedLabels):
        return {
            "parts": [labels_to_dict(part) for part in labels.parts],
            "codes": labels.codes.tolist(),
        }
    kind = labels.values.dtype.kind
    return {"kind": str(labels.values.dtype) if kind in "iufbM" else "text", "values": list(labels)}


def labels_from_dict(data: dict[str, Any]) -> Any:
    """Inverse of `labels_to_dict`."""
    if "parts" in data:
        parts = tuple(labels_from_dict(part) for part in data["parts"])
        codes = np.array(data["codes"], dtype=np.int32).reshape(-1, len(parts))
        return PairedLabels(parts, codes)
    if data["kind"] == "text":
        out = np.empty(len(data["values"]), dtype=object)
        out[:] = data["values"]
        return Labels(out)
    return Labels(np.array(data["values"], dtype=np.dtype(data["kind"])))
