"""The response of a model: successes of trials, ordered categories, counts, numbers."""

from __future__ import annotations

import numpy as np

from mixedeffects.design.chunks import CHUNK
from mixedeffects.design.code_names import numbers_but_for
from mixedeffects.design.evaluate import Evaluator
from mixedeffects.design.records import table_row
from mixedeffects.design.response_form import ReadResponse, ResponseForm
from mixedeffects.errors import DataError, FormulaError, ModelError, OptionError
from mixedeffects.formula import Call, Chain, Formula, Name, Node, strip, unparse

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
    """The response of a model, as its family wants it.

    Takes weights (n,) array, optional. Returns a `ReadResponse`.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    known : ResponseForm, optional
        How the response was read in the fit: new rows are read alike.
    ordered : bool
        Whether plain categories are in a declared order (those of a polars Enum are).

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
        from mixedeffects.design.response_binomial import binomial_response, refuse_one_outcome

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
        from mixedeffects.design.response_ordinal import ordinal_response

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


def response_values(formula: Formula, values: Evaluator) -> np.ndarray:
    """The response, one column of numbers.

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
    if isinstance(node, Name):
        column = values.columns[node.name]
        if column.labels is not None:
            what = "text" if column.kind == "text" else "categories"
            labels = [str(label) for label in column.labels]
            shown = ", ".join(repr(label) for label in labels[:3])
            more = ", …" if len(labels) > 3 else ""
            raise DataError(
                f"response '{node.name}' is {what} ({shown}{more}); a response must be a number"
                f"{numbers_but_for(labels)}"
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
    first = y[0]
    if first == y[-1] and (y == first).all():
        raise ModelError(f"the response '{name}' is constant (always {first:g}): nothing varies")
