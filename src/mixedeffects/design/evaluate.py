"""Expression tree + columns → arrays."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from mixedeffects.design.categorical import Coded, code_factor, factor_call
from mixedeffects.design.code_names import number_note, text_note
from mixedeffects.design.columns import Column, all_finite
from mixedeffects.design.contrasts import Contrast
from mixedeffects.design.names import CONSTANTS
from mixedeffects.design.transforms import ARGUMENT_ALIASES, DOMAIN, PLAIN, STATEFUL
from mixedeffects.errors import ColumnTypeError, DataError, FormulaError
from mixedeffects.formula import (
    FUNCTIONS,
    Call,
    Chain,
    Items,
    Literal,
    Name,
    Node,
    Paren,
    Power,
    Unary,
    Variable,
    children,
    strip,
    unparse,
)  # fmt: skip

_BINARY = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
    "<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge,
    "==": operator.eq, "!=": operator.ne, "&": np.logical_and,
}  # fmt: skip


class Evaluator:
    """Values of the variables of one formula on one set of rows.

    Parameters
    ----------
    text : str
        Formula text, for error messages.
    columns : dict of str to Column
        Kept rows only.
    n : int
        Number of kept rows.
    states, levels : dict
        What was learnt in training, by variable text; filled while training.
    training : bool
        Whether the model is made from these rows; else its columns are rebuilt for other rows.
    kept : (n_rows,) bool array or None
        To name rows of the table as given in messages.
    """

    def __init__(
        self,
        text: str,
        columns: dict[str, Column],
        n: int,
        *,
        states: dict[str, dict[str, Any]],
        levels: dict[str, Coded],
        training: bool,
        kept: np.ndarray | None = None,
    ) -> None:
        self.text, self.columns, self.n = text, columns, n
        self.states, self.levels, self.training, self.kept = states, levels, training, kept
        self.notes: list[str] = []
        self._memo: dict[str, np.ndarray | Coded] = {}

    def error(self, message: str, node: Node, hint: str | None = None) -> FormulaError:
        return FormulaError(message, self.text, node.start, node.end, hint)

    def know(self, values: dict[str, Any]) -> None:
        """Take the values of variables, by their texts, as given."""
        self._memo.update(values)

    def variable(self, variable: Variable) -> np.ndarray | Coded:
        """A model-matrix variable: numbers (n,) or (n, k), or a coded factor."""
        known = self._memo.get(variable.text)
        if known is None:
            known = self._variable(strip(variable.node), variable.text)
            self._memo[variable.text] = known
        return known

    def _variable(self, node: Node, text: str) -> np.ndarray | Coded:
        if isinstance(node, Name) and node.name in self.columns:
            column = self.columns[node.name]
            if text in self.levels or (self.training and column.is_factor):
                default = Contrast("poly" if column.kind == "ordered" else "treatment")
                coded = code_factor(self, column, text, default)
                if self.training and column.kind == "text":
                    self._note(text_note(node.name, text, coded.labels.as_text()))
                return coded
            values = self.numeric_column(node)
            if self.training and column.kind == "number":
                self._note(number_note(node.name, text, values))
            return values
        if isinstance(node, Name):
            raise self.error(
                f"'{node.name}' is a constant, not a term", node,
                f"use it inside a function: I({node.name} * x)",
            )  # fmt: skip
        if isinstance(node, Call) and node.function in ("factor", "as.factor", "C"):
            return factor_call(self, node, text)
        value = self.numbers(node)
        if text in self.levels and value.dtype != bool and np.isin(value, (0, 1)).all():
            value = value.astype(bool)
        if text in self.levels and value.dtype != bool:
            raise ColumnTypeError(f"'{text}' was true or false in the fit and holds numbers now")
        if value.ndim == 1 and value.dtype == bool and (self.training or text in self.levels):
            # a condition is a factor FALSE < TRUE, as in R
            flags = Column(text, "boolean", value)
            if isinstance(node, Call) and node.function == "I":
                return code_factor(self, flags, text, Contrast())
        return value

    def _note(self, words: str) -> None:
        if words and words not in self.notes:
            self.notes.append(words)

    def numbers(self, node: Node) -> np.ndarray:
        """A numeric expression, one value per row, all finite."""
        if isinstance(node, Name) and node.name in self.columns:
            return self.numeric_column(node)
        with np.errstate(all="ignore"):
            value = np.asarray(self._value(node))
        if value.ndim == 0:
            value = np.full(self.n, value)
        if value.dtype.kind == "f" and not all_finite(value):
            bad = ~np.isfinite(value)
            self._refuse_rows(node, bad if bad.ndim == 1 else np.logical_or.reduce(bad, axis=1))
        return value

    def vector(self, node: Node) -> np.ndarray:
        """A numeric expression of one column, as what a factor is made of."""
        value = self.numbers(node)
        if value.ndim == 2 and value.shape[1] > 1:
            raise self.error(f"'{unparse(node)}' has {value.shape[1]} columns; one is needed", node)
        return value.reshape(-1)

    def _refuse_rows(self, node: Node, bad: np.ndarray) -> None:
        rows = np.flatnonzero(bad)
        where = (rows if self.kept is None else np.flatnonzero(self.kept)[rows])[:3].tolist()
        inner = self._culprit(node)
        function = inner.function if isinstance(inner, Call) else ""
        what = DOMAIN.get(function, "not finite")
        count = f"{rows.size} row is" if rows.size == 1 else f"{rows.size} rows are"
        raise DataError(
            f"{unparse(inner)}: {count} {what} (row {', '.join(map(str, where))}"
            f"{', …' if rows.size > 3 else ''}, counted from 0)"
        )

    def _culprit(self, node: Node) -> Node:
        """The innermost expression in `node` that is not finite."""
        arguments = node.args if isinstance(node, Call) else children(node)
        for inner in arguments:
            if isinstance(inner, Call) and inner.function in STATEFUL:
                continue
            with np.errstate(all="ignore"):
                value = np.asarray(self._value(inner))
            if value.dtype.kind == "f" and not np.isfinite(value).all():
                return self._culprit(inner)
        return strip(node)

    def numeric_column(self, node: Name) -> np.ndarray:
        column = self.columns[node.name]
        if column.kind in ("number", "boolean"):
            return column.values
        if not self.training:
            held = {"text": "text", "datetime": "dates"}.get(column.kind, "categories")
            raise ColumnTypeError(
                f"column '{node.name}' was numeric in the fit and holds {held} now"
            )
        what = {
            "datetime": "dates; convert them to a number such as days since the start",
        }.get(column.kind, f"{column.kind if column.kind == 'text' else 'categories'}, not numbers")
        raise self.error(f"column '{node.name}' holds {what}", node)

    def _value(self, node: Node) -> Any:
        match node:
            case Name():
                if node.name in CONSTANTS and node.name not in self.columns:
                    return CONSTANTS[node.name]
                values = self.numeric_column(node)
                return values if values.dtype == bool else values.astype(np.float64, copy=False)
            case Literal():
                if isinstance(node.value, str) or node.value is None:
                    raise self.error(f"{unparse(node)} is not a number", node)
                return node.value
            case Paren():
                return self._value(node.inner)
            case Unary():
                value = self._value(node.operand)
                if node.op == "!":
                    return np.logical_not(value)
                return -np.asarray(value, np.float64) if node.op == "-" else value
            case Power():
                return np.power(
                    np.asarray(self._value(node.base), np.float64), self._value(node.exponent)
                )
            case Chain():
                return self._chain(node)
            case Call():
                return self._call(node)
            case _:
                raise self.error(f"'{unparse(node)}' has no numeric value here", node)

    def _chain(self, node: Chain) -> Any:
        if node.ops[0] in ("==", "!="):
            compared = self._compare_labels(node)
            if compared is not None:
                return compared
        value = self._value(node.operands[0])
        for op, operand in zip(node.ops, node.operands[1:], strict=True):
            right = self._value(operand)
            if op in "+-*/":
                value, right = (
                    np.float64(v) if np.ndim(v) == 0 else np.asarray(v, np.float64)
                    for v in (value, right)
                )
            try:
                value = _BINARY[op](value, right)
            except ValueError as problem:
                message = f"'{unparse(node)}': {_plain_words(problem)}"
                raise self.error(message, node) from None
        return value

    def _compare_labels(self, node: Chain) -> np.ndarray | None:
        """``f == "a"`` on a text or category column."""
        if len(node.operands) != 2:
            return None
        left, right = (strip(operand) for operand in node.operands)
        if isinstance(left, Literal):
            left, right = right, left
        if not isinstance(left, Name) or not isinstance(right, Literal):
            return None
        column = self.columns[left.name]
        if column.labels is None:
            # without rows, a column of text has no labels either
            return None if self.n else np.zeros(0, dtype=bool)
        texts = column.labels.as_text()
        code = texts.index(str(right.value)) if str(right.value) in texts else -2
        same = column.values == code
        return same if node.ops[0] == "==" else ~same

    def _call(self, node: Call) -> Any:
        if node.function in STATEFUL:
            return self._stateful(node)
        if node.function not in PLAIN:
            raise self.error(f"{node.function}() cannot be used here", node)
        args = [self._value(arg) for arg in node.args]
        if node.function not in ("I", "ifelse"):
            args = [np.asarray(arg, np.float64) if np.ndim(arg) else arg for arg in args]
        try:
            return PLAIN[node.function](*args, **self._options(node))
        except (TypeError, ValueError) as problem:
            raise self._misused(node, problem) from None

    def _stateful(self, node: Call) -> np.ndarray:
        if not node.args:
            raise self.error(f"{node.function}() needs a column", node)
        x = np.asarray(self._value(node.args[0]))
        if x.ndim != 1:
            raise self.error(f"{node.function}() needs one column", node)
        if not all_finite(x):
            self.numbers(node.args[0])
        text = unparse(node)
        if self.training:
            state = self.states.setdefault(text, {})
        else:
            state = self.states.get(text, {})
        more = [self.option(arg) for arg in node.args[1:]]
        try:
            return STATEFUL[node.function](
                x.astype(np.float64, copy=False), state, *more, **self._options(node)
            )
        except (TypeError, ValueError) as problem:
            raise self._misused(node, problem) from None

    def _misused(self, node: Call, problem: Exception) -> FormulaError:
        usage = f"{node.function}: {FUNCTIONS[node.function]}"
        return self.error(f"{node.function}(): {_plain_words(problem)}", node, usage)

    def _options(self, node: Call) -> dict[str, Any]:
        return {ARGUMENT_ALIASES.get(key, key): self.option(value) for key, value in node.kwargs}

    def option(self, node: Node) -> Any:
        """A constant argument: number, text, True/False, or a list of numbers."""
        node = strip(node)
        if isinstance(node, Literal):
            return node.value
        if isinstance(node, Items) or (isinstance(node, Call) and node.function == "c"):
            items = node.items if isinstance(node, Items) else node.args
            return [self.option(item) for item in items]
        if isinstance(node, Unary) and node.op == "-":
            return -self.option(node.operand)
        raise self.error(f"'{unparse(node)}' must be a constant here", node)


def _plain_words(problem: Exception) -> str:
    """A Python error about arguments, in the words of a formula."""
    text = str(problem)
    if "unexpected keyword argument" in text:
        return f"has no option {text.rsplit(' ', 1)[-1]}"
    if "broadcast" in text or "shape mismatch" in text:
        return "its arguments do not have the same number of columns"
    return "has too few or too many arguments" if isinstance(problem, TypeError) else text
