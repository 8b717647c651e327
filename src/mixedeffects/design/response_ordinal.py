"""Ordered categories."""

from __future__ import annotations

import numpy as np

from mixedeffects.design.columns import Column
from mixedeffects.design.evaluate import Evaluator
from mixedeffects.design.labels import Labels
from mixedeffects.design.response_form import (
    ReadResponse,
    ResponseForm,
    factor_column,
    known_codes,
    unused_notes,
)  # fmt: skip
from mixedeffects.errors import DataError, ModelError
from mixedeffects.formula import Call, Node, unparse

#: Most categories of an ordinal response.
MOST_CATEGORIES = 1_000


def ordinal_response(
    node: Node,
    values: Evaluator,
    weights: np.ndarray | None,
    known: ResponseForm | None,
    ordered: bool,
) -> ReadResponse:
    """Codes of ordered categories.

    Takes weights (n,) array or None.

    Parameters
    ----------
    node : Node
        The response.
    known : ResponseForm or None
        How it was read in the fit.
    ordered : bool
        Whether plain categories are in a declared order.
    """
    text = unparse(node)
    column = factor_column(node, values)
    if column is None:
        column = Column(text, "number", values.vector(node))
    if column.kind == "datetime":
        raise DataError(f"the response '{text}' holds dates; an ordinal response has categories")
    codes, labels, unused = column.coded()
    if known is not None:
        return ReadResponse(known_codes(codes, labels, text, known), None, weights, known)
    by_hand = isinstance(node, Call) and "levels" in dict(node.kwargs)
    if column.kind == "text" or (column.kind == "category" and not (by_hand or ordered)):
        raise DataError(_how_to_order(column, labels, text))
    if len(labels) < 2:
        raise ModelError(
            f"the response '{text}' has one category in the rows used "
            f"({', '.join(labels.as_text())}): nothing varies"
        )
    if len(labels) > MOST_CATEGORIES:
        raise ModelError(
            f"the response '{text}' has {len(labels)} different values; an ordinal response can "
            f"have {MOST_CATEGORIES}\nmodel it as a number, or merge values: "
            f"round({text}) ~ …"
        )
    form = ResponseForm("ordinal", "levels", labels)
    return ReadResponse(
        codes.astype(np.float64), None, weights, form, tuple(unused_notes(text, unused))
    )


def _how_to_order(column: Column, labels: Labels, text: str) -> str:
    what = "text" if column.kind == "text" else "categories that are not ordered"
    shown = ", ".join(labels.as_text()[:6]) + (", …" if len(labels) > 6 else "")
    listed = ", ".join(f"'{label}'" for label in labels.as_text()[:6])
    listed += ", …" if len(labels) > 6 else ""
    return (
        f"the response '{text}' is {what} ({shown}); an ordinal response needs an order\n"
        f"write the levels from lowest to highest in the formula: factor({column.name}, "
        f"levels=c({listed})) ~ …\nor make the column ordered: pandas.Categorical(…, "
        "categories=[…], ordered=True), polars.Enum([…]), or whole numbers"
    )
