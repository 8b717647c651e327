"""Successes of trials, in the ways tables hold them."""

from __future__ import annotations

import numpy as np

from mixedeffects.design.columns import Column
from mixedeffects.design.evaluate import Evaluator
from mixedeffects.design.records import table_row
from mixedeffects.design.response_form import (
    ReadResponse,
    ResponseForm,
    factor_column,
    known_codes,
    refuse_fractions,
    refuse_rows,
    unused_notes,
)  # fmt: skip
from mixedeffects.errors import DataError, FormulaError, ModelError
from mixedeffects.formula import Call, Chain, Formula, Node, unparse

#: A proportion times its trials is a whole number to this relative precision.
WHOLE = 1e-6


def binomial_response(
    node: Node,
    formula: Formula,
    values: Evaluator,
    weights: np.ndarray | None,
    known: ResponseForm | None,
) -> ReadResponse:
    """Successes and trials.

    Parameters
    ----------
    node : Node
        The response.
    weights : (n,) array or None
        Trials, if the response is proportions.
    known : ResponseForm or None
        How it was read in the fit.
    """
    text = unparse(node)
    if isinstance(node, Call) and node.function == "cbind":
        if len(node.args) != 2 or node.kwargs:
            raise FormulaError(
                "cbind() takes successes and failures", formula.text, node.start, node.end,
                "write cbind(successes, trials - successes), or successes / trials",
            )  # fmt: skip
        y, failures = (_counts(arg, values) for arg in node.args)
        refuse_rows(failures < 0, text, values, lambda i: f"{failures[i]:g} failures")
        if known is None:
            _refuse_trials_twice(y + failures, weights, text)
        return _of_trials(y, y + failures, text, values, weights)
    if isinstance(node, Chain) and node.ops == ("/",):
        y, size = (_counts(arg, values) for arg in node.operands)
        if known is None:
            _refuse_trials_twice(size, weights, text)
        return _of_trials(y, size, text, values, weights)
    column = factor_column(node, values)
    if column is not None and column.labels is not None:
        return _two_levels(column, text, weights, known)
    y = np.array(values.vector(node), dtype=np.float64)
    if known is not None and known.form == "levels":
        raise DataError(f"the response '{text}' was categories in the fit and holds numbers now")
    low, high = (y.min(), y.max()) if y.size else (0.0, 0.0)
    if low < 0 or high > 1:
        _refuse_counts(y, text, values)
    single = bool(((y == 0) | (y == 1)).all())
    if single and (weights is None or known is None or known.form == "number"):
        return ReadResponse(y, None, weights, ResponseForm("binomial"))
    if weights is None:
        row = int(np.flatnonzero((y > 0) & (y < 1))[0])
        raise DataError(
            f"the response '{text}' holds proportions ({y[row]:.6g} in row "
            f"{table_row(row, values.kept)}, counted from 0) without the number of trials\n"
            "write successes / trials as the response, or give the column of trials as weights=; "
            "for proportions that count nothing use family='beta'"
        )
    refuse_fractions(weights, "the weights", "trials", values)
    successes = y * weights
    whole = np.round(successes)
    bad = np.abs(successes - whole) > WHOLE * np.maximum(successes, 1.0)
    refuse_rows(
        bad, f"'{text}' times its weights", values,
        lambda i: f"{y[i]:.6g} × {weights[i]:g} = {successes[i]:.6g}, not a whole number of "
        "successes",
        "write successes / trials as the response; for proportions that count nothing use "
        "family='beta'",
    )  # fmt: skip
    note = f"the weights are the numbers of trials of the proportions '{text}'"
    return ReadResponse(whole, weights, None, ResponseForm("binomial", "proportion"), (note,))


def _counts(node: Node, values: Evaluator) -> np.ndarray:
    return np.array(values.vector(node), dtype=np.float64)


def _of_trials(
    y: np.ndarray, size: np.ndarray, text: str, values: Evaluator, weights: np.ndarray | None
) -> ReadResponse:
    fine = (y >= 0) & (y <= size) & (size > 0) & (y == np.rint(y)) & (size == np.rint(size))
    if not fine.all():
        _refuse_trials(y, size, text, values)
    if (size == 1.0).all():
        return ReadResponse(y, None, weights, ResponseForm("binomial", "trials"))
    return ReadResponse(y, size, weights, ResponseForm("binomial", "trials"))


def _refuse_trials(y: np.ndarray, size: np.ndarray, text: str, values: Evaluator) -> None:
    """Say which row has successes and trials that cannot be."""
    refuse_rows(y < 0, text, values, lambda i: f"{y[i]:g} successes")
    refuse_rows(
        size <= 0, text, values, lambda i: f"{size[i]:g} trials", "leave out rows of no trials"
    )
    refuse_rows(y > size, text, values, lambda i: f"{y[i]:g} successes in {size[i]:g} trials")
    refuse_fractions(y, text, "successes", values)
    refuse_fractions(size, text, "trials", values)


def _refuse_trials_twice(size: np.ndarray, weights: np.ndarray | None, text: str) -> None:
    """R's idiom for proportions, trials as weights, beside a response that has the trials."""
    if weights is not None and (size != 1.0).any() and np.array_equal(weights, size):
        raise DataError(
            f"the weights are the numbers of trials, which '{text}' says already: they would count "
            "twice\nleave weights= out (for rows that stand for several, multiply successes and "
            "trials)"
        )


def _two_levels(
    column: Column, text: str, weights: np.ndarray | None, known: ResponseForm | None
) -> ReadResponse:
    codes, labels, unused = column.coded()
    if known is not None:
        y = known_codes(codes, labels, text, known)
        return ReadResponse(y, None, weights, known)
    if len(labels) != 2:
        shown = ", ".join(labels.as_text()[:6])
        raise DataError(
            f"the response '{text}' has {len(labels)} level{'s' * (len(labels) != 1)} in the rows "
            f"used ({shown}{', …' if len(labels) > 6 else ''}); a binomial response has two\n"
            "compare it with the level that is the success, for instance "
            f"I({text} == '{labels.as_text()[-1]}'), or use family='ordinal' if they have an order"
        )
    failure, success = labels.as_text()
    note = f"'{text}': {success} is the success, {failure} the failure"
    notes = (note, *unused_notes(text, unused))
    y = codes.astype(np.float64)
    return ReadResponse(y, None, weights, ResponseForm("binomial", "levels", labels), notes)


def _refuse_counts(y: np.ndarray, text: str, values: Evaluator) -> None:
    """Say what to write for numbers that are neither 0 and 1 nor proportions."""
    row = int(np.flatnonzero((y < 0) | (y > 1))[0])
    distinct = np.unique(y)
    where = f"({y[row]:g} in row {table_row(row, values.kept)}, counted from 0)"
    if distinct.size == 2:
        low, high = (f"{value:g}" for value in distinct.tolist())
        raise DataError(
            f"the response '{text}' holds {low} and {high}, not 0 and 1\n"
            f"say which is the success: I({text} == {high}) ~ …"
        )
    if distinct[0] >= 0 and np.array_equal(distinct, np.round(distinct)):
        raise DataError(
            f"the response '{text}' holds counts {where} without the number of trials\n"
            f"write {text} / trials or cbind({text}, trials - {text}) as the response; "
            "for counts without a limit use family='poisson'"
        )
    raise DataError(
        f"the response '{text}' is neither 0 and 1, nor proportions, nor counts {where}\n"
        "a binomial response is 0 / 1, two categories, successes / trials or "
        "cbind(successes, failures); others have other families, such as family='gamma'"
    )


def refuse_one_outcome(found: ReadResponse, text: str) -> None:
    """Raise a ModelError when every trial had the same outcome."""
    size = 1.0 if found.size is None else found.size
    if not found.y.any():
        raise ModelError(f"the response '{text}' has no success in any row: nothing varies")
    if bool((found.y == size).all()):
        raise ModelError(f"the response '{text}' has no failure in any row: nothing varies")
