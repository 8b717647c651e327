"""The response of a generalised model: successes of trials, ordered categories, counts, numbers."""

from __future__ import annotations

import numpy as np

from mixedeffects.design.evaluate import Evaluator
from mixedeffects.design.exposure import table_row
from mixedeffects.design.response import refuse_constant, response_values
from mixedeffects.design.response_binomial import binomial_response, refuse_one_outcome
from mixedeffects.design.response_form import ReadResponse, ResponseForm
from mixedeffects.design.response_ordinal import ordinal_response
from mixedeffects.errors import DataError, FormulaError, ModelError, OptionError
from mixedeffects.formula import Call, Chain, Formula, Node, strip, unparse

#: What a family can want of its response.
KINDS = ("binomial", "ordinal", "count", "number")


def read_response(
    formula: Formula,
    values: Evaluator,
    kind: str,
    weights: np.ndarray | None = None,
    *,
    known: ResponseForm | None = None,
    ordered: bool = False,
) -> ReadResponse:
    """The response of a generalised model.

    Parameters
    ----------
    formula : Formula
    values : Evaluator
    kind : str
        One of `KINDS`.
    weights : (n,) array, optional
    known : ResponseForm, optional
        How the response was read in the fit: new rows are read alike.
    ordered : bool
        Whether plain categories are in a declared order (those of a polars Enum are).

    Returns
    -------
    ReadResponse

    Raises
    ------
    FormulaError, DataError, ColumnTypeError
        The response is not of this kind.
    ModelError
        Nothing varies.
    """
    if kind not in KINDS:
        raise OptionError(f"kind={kind!r} is not one of {', '.join(KINDS)}")
    node = strip(formula.response)  # type: ignore[arg-type]
    if kind == "binomial":
        found = binomial_response(node, formula, values, weights, known)
        if known is None:
            refuse_one_outcome(found, formula.response_text)
        return found
    if isinstance(node, Call) and node.function == "cbind":
        raise FormulaError(
            "cbind() is a binomial response", formula.text, node.start, node.end,
            "use family='binomial' for counts of successes, or one response column",
        )  # fmt: skip
    if kind == "ordinal":
        return ordinal_response(node, values, weights, known, ordered)
    y = response_values(formula, values)
    if kind == "count":
        _refuse_rate(node, y, values)
    if known is None:
        if kind == "number":
            refuse_constant(y, formula.response_text)
        elif not y.any():
            raise ModelError(
                f"the response '{formula.response_text}' is 0 in every row: nothing to model"
            )
    return ReadResponse(y, None, weights, ResponseForm(kind))


def _refuse_rate(node: Node, y: np.ndarray, values: Evaluator) -> None:
    """A count divided by something is a rate: its denominator belongs in the exposure."""
    if not isinstance(node, Chain) or node.ops != ("/",) or np.array_equal(y, np.round(y)):
        return
    top, bottom = (unparse(operand) for operand in node.operands)
    row = int(np.flatnonzero(y != np.round(y))[0])
    raise DataError(
        f"{top} / {bottom} is a rate ({y[row]:.6g} in row {table_row(row, values.kept)}, counted "
        f"from 0), and the family is one of counts\nwrite {top} ~ … and give exposure='{bottom}'"
    )
