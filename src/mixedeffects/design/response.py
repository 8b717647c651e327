"""The response of a model, as numbers."""

from __future__ import annotations

import numpy as np

from mixedeffects.design.chunks import CHUNK
from mixedeffects.design.evaluate import Evaluator
from mixedeffects.errors import DataError, FormulaError, ModelError
from mixedeffects.formula import Call, Chain, Formula, Name, strip, unparse


def response_values(
    formula: Formula, values: Evaluator, *, binomial: bool = False
) -> tuple[np.ndarray, np.ndarray | None]:
    """Response and, for a binomial ratio, the number of trials.

    Parameters
    ----------
    binomial : bool
        Read ``successes / trials``, ``cbind(successes, failures)`` and two-level factors
        (the second level is the success).

    Returns
    -------
    y : (n,) float64 array
        A large column of float64 is not copied but viewed, read-only.
    trials : (n,) float64 array or None
    """
    node = strip(formula.response)  # type: ignore[arg-type]
    if isinstance(node, Call) and node.function == "cbind":
        if not binomial:
            raise FormulaError(
                "cbind() is a binomial response; a linear mixed model has one response column",
                formula.text, node.start, node.end, "use a binomial family for counts of successes",
            )  # fmt: skip
        if len(node.args) != 2 or node.kwargs:
            raise FormulaError(
                "cbind() takes successes and failures", formula.text, node.start, node.end
            )
        successes, failures = (values.numbers(arg).astype(np.float64) for arg in node.args)
        return _ratio(successes, successes + failures, unparse(node))
    if binomial and isinstance(node, Chain) and node.ops == ("/",):
        successes, trials = (values.numbers(arg).astype(np.float64) for arg in node.operands)
        return _ratio(successes, trials, unparse(node))
    if isinstance(node, Name):
        column = values.columns[node.name]
        if column.labels is not None:
            if binomial:
                return _two_levels(node.name, values)
            what = "text" if column.kind == "text" else "categories"
            shown = ", ".join(repr(label) for label in column.labels[:3])
            raise DataError(
                f"response '{node.name}' is {what} ({shown}, …); a response must be a number"
            )
    y = values.numbers(node)
    if y.ndim != 1:
        raise FormulaError("the response must be one column", formula.text, node.start, node.end)
    return _own_or_view(y), None


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


def _ratio(successes: np.ndarray, trials: np.ndarray, text: str) -> tuple[np.ndarray, np.ndarray]:
    if (trials <= 0).any():
        raise DataError(f"{text}: {int((trials <= 0).sum())} rows have no trials")
    if (successes < 0).any() or (successes > trials).any():
        raise DataError(f"{text}: successes must be between 0 and the number of trials")
    return successes / trials, trials


def _two_levels(name: str, values: Evaluator) -> tuple[np.ndarray, None]:
    codes, labels, _ = values.columns[name].coded()
    if len(labels) != 2:
        raise DataError(f"response '{name}' has {len(labels)} levels; a binomial response has two")
    return codes.astype(np.float64), None
