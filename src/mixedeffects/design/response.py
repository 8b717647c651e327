"""The response of a model, as numbers."""

from __future__ import annotations

import numpy as np

from mixedeffects.design.chunks import CHUNK
from mixedeffects.design.evaluate import Evaluator
from mixedeffects.errors import DataError, FormulaError, ModelError
from mixedeffects.formula import Call, Formula, Name, strip


def response_values(formula: Formula, values: Evaluator) -> np.ndarray:
    """The response, one column of numbers.

    Parameters
    ----------
    formula : Formula
    values : Evaluator

    Returns
    -------
    (n,) float64 array
        A large column of float64 is not copied but viewed, read-only.

    Raises
    ------
    FormulaError, DataError
        It is not one column of numbers.
    """
    node = strip(formula.response)  # type: ignore[arg-type]
    if isinstance(node, Call) and node.function == "cbind":
        raise FormulaError(
            "cbind() is a binomial response; a linear mixed model has one response column",
            formula.text, node.start, node.end, "use a binomial family for counts of successes",
        )  # fmt: skip
    if isinstance(node, Name):
        column = values.columns[node.name]
        if column.labels is not None:
            what = "text" if column.kind == "text" else "categories"
            shown = ", ".join(repr(label) for label in column.labels[:3])
            raise DataError(
                f"response '{node.name}' is {what} ({shown}, …); a response must be a number"
            )
    y = values.numbers(node)
    if y.ndim != 1:
        raise FormulaError("the response must be one column", formula.text, node.start, node.end)
    return _own_or_view(y)


def _own_or_view(y: np.ndarray) -> np.ndarray:
    """Float64 and contiguous; the numbers as they are, read-only, when they are many."""
    if y.dtype != np.float64 or not y.flags.c_contiguous or y.shape[0] <= CHUNK:
        return np.array(y, dtype=np.float64)
    view = y.view()
    view.flags.writeable = False
    return view


def refuse_constant(y: np.ndarray, name: str) -> None:
    """Raise a ModelError when every value is the same."""
    low = y.min()
    if low == y.max():
        raise ModelError(f"the response '{name}' is constant (always {low:g}): nothing varies")
