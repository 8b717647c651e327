"""How the response of a model is read: as which form, with which categories."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from mixedeffects.design.categorical import releveled
from mixedeffects.design.columns import Column
from mixedeffects.design.evaluate import Evaluator
from mixedeffects.design.grouping import labels_from_dict, labels_to_dict
from mixedeffects.design.labels import Labels, match_labels
from mixedeffects.design.records import table_row
from mixedeffects.errors import DataError
from mixedeffects.formula import Call, Name, Node, strip, unparse


@dataclass(frozen=True, slots=True, eq=False)
class ResponseForm:
    """How a response was read, so that the response of new rows is read alike.

    Attributes
    ----------
    kind : str
        What the family wants: "binomial", "ordinal", "count" or "number".
    form : str
        "number", "levels" (two categories, the second the success; or ordered categories),
        "trials" (``successes / trials`` and ``cbind``), or "proportion" (numbers from 0 to 1 with
        the number of trials as weights).
    labels : Labels or None
        Of the categories.
    """

    kind: str
    form: str = "number"
    labels: Labels | None = None

    def to_dict(self) -> dict[str, Any]:
        """A form that `json.dumps` accepts; `from_dict` is its inverse."""
        labels = None if self.labels is None else labels_to_dict(self.labels)
        return {"kind": self.kind, "form": self.form, "labels": labels}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> ResponseForm:
        """The form that `to_dict` wrote."""
        labels = None if data["labels"] is None else labels_from_dict(data["labels"])
        return cls(data["kind"], data["form"], labels)


class ReadResponse(NamedTuple):
    """A response on some rows.

    Attributes
    ----------
    y : (n,) float64 array
        Number of successes, code of the category, or the number itself.
    size : (n,) float64 array or None
        Number of trials; None when it is one for all.
    weights : (n,) float64 array or None
        Prior weights; None when they were the trials.
    """

    y: np.ndarray
    size: np.ndarray | None
    weights: np.ndarray | None
    form: ResponseForm
    notes: tuple[str, ...] = ()


def factor_column(node: Node, values: Evaluator) -> Column | None:
    """The column of a bare name or of ``factor(name, levels=…)``; None for arithmetic.

    Numbers and booleans in ``factor()`` are categories in increasing order.
    """
    if isinstance(node, Name):
        return values.columns.get(node.name)
    if not isinstance(node, Call) or node.function not in ("factor", "as.factor"):
        return None
    options = dict(node.kwargs)
    levels = options.pop("levels", None)
    if len(node.args) != 1 or options:
        raise values.error(f"{node.function}() of a response takes a column and levels=", node)
    inner = strip(node.args[0])
    if isinstance(inner, Name) and inner.name in values.columns:
        column = values.columns[inner.name]
    else:
        column = Column(unparse(inner), "number", values.vector(inner))
    if levels is not None:
        given = values.option(levels)
        return releveled(values, column, given if isinstance(given, list) else [given], node)
    if column.labels is None:
        codes, labels, _ = column.coded()
        kind = "ordered" if column.kind in ("number", "boolean") else "category"
        return Column(column.name, kind, codes, labels, all_used=True)
    return column


def known_codes(codes: np.ndarray, labels: Labels, text: str, known: ResponseForm) -> np.ndarray:
    """(n,) float64 codes of new rows among the categories of the fit."""
    assert known.labels is not None
    place = match_labels(labels, known.labels)
    if (place < 0).any():
        new = [label for label, at in zip(labels.as_text(), place, strict=True) if at < 0]
        raise DataError(
            f"the response '{text}' has categories the model was not fitted to: "
            f"{', '.join(new[:5])}{', …' if len(new) > 5 else ''}\n"
            f"known: {', '.join(known.labels.as_text()[:20])}"
        )
    return place[codes].astype(np.float64)


def unused_notes(text: str, unused: tuple[Any, ...]) -> list[str]:
    """What to say about categories that no row has."""
    if not unused:
        return []
    shown = ", ".join(str(label) for label in unused[:5])
    return [f"levels of '{text}' that no row has: {shown}{', …' if len(unused) > 5 else ''}"]


def refuse_rows(
    bad: np.ndarray, text: str, values: Evaluator, what: Any, hint: str | None = None
) -> None:
    """Raise a DataError that names the first bad row and what it holds."""
    if not bad.any():
        return
    rows = np.flatnonzero(bad)
    more = f" (and {rows.size - 1} more)" if rows.size > 1 else ""
    raise DataError(
        f"{text}: row {table_row(rows[0], values.kept)}, counted from 0, has {what(rows[0])}{more}"
        + (f"\n{hint}" if hint else "")
    )


def refuse_fractions(counts: np.ndarray, text: str, of: str, values: Evaluator) -> None:
    """Raise a DataError when counts are not whole."""
    refuse_rows(
        counts != np.round(counts), text, values, lambda i: f"{counts[i]:.6g} {of}",
        f"the number of {of} must be whole; for proportions that count nothing use family='beta'",
    )  # fmt: skip
