"""Tests of linear hypotheses about the fixed effects, written in words or as a matrix."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedeffects.errors import FormulaError, OptionError
from mixedeffects.formula import close_match
from mixedeffects.inference.coefficient_parts import MAIN, as_ratios, check_flag, part_of
from mixedeffects.inference.coefficients import coefficient_table
from mixedeffects.inference.df import df_method, linear_estimates
from mixedeffects.inference.df.estimates import f_p_value
from mixedeffects.inference.separated import limits_of, warn_separated
from mixedeffects.inference.table import Table

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit

_NUMBER = re.compile(r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_WORD = re.compile(r"[\w.]+(?:\[[^\]]*\]|\([^)]*\))*(?:\[[^\]]*\])*")


def test(
    fit: Fit,
    hypotheses=None,
    *,
    ddf=None,
    level=0.95,
    null=None,
    joint=False,
    component=MAIN,
    exponentiate=False,
):
    """Test coefficients, or linear functions of them.

    Parameters
    ----------
    fit : LMM or GLMM
        The fitted model; of the method, the model itself.
    hypotheses : str, list of str, dict or matrix, optional
        Arithmetic with the names of the coefficients: ``"Days = 10"``,
        ``"recipe[B] = recipe[C]"``, ``"2 * x1 - x2"`` (meaning = 0); a name that could be
        misread goes in backticks. A dict gives names and weights, either of all coefficients
        or a dict of coefficient to weight; a matrix has one hypothesis a row. Without any,
        the coefficient table.
    ddf : {"satterthwaite", "kenward-roger", "wald", "CR0", "CR2"}, optional
        "satterthwaite" for a linear mixed model; "wald", the only one, for a generalised one.
    level : float
        Coverage of the intervals.
    null : float or list of float, optional
        Hypothesised values, where the text does not say them with ``=``; zero by default.
    joint : bool
        One F test of all hypotheses together instead of a row for each.
    component : str
        Of a generalised model with other predictors, whose coefficients: "conditional", "zi",
        "dispersion", "thresholds", "df", or "all", where those of other predictors are called
        ``zi: x``.
    exponentiate : bool
        Estimates, null values and limits as ratios (of odds, of means): their exponentials.

    Returns
    -------
    Table
        hypothesis, estimate, null, std_error, df, statistic, p_value, lower, upper; for a joint
        test hypothesis, num_df, den_df, statistic, p_value.

    Raises
    ------
    FormulaError
        A hypothesis cannot be read; the message points into its text.
    OptionError

    Warns
    -----
    DataWarning
        Where a coefficient has no finite estimate (separation): it is inf, -inf or nan, and has
        no standard error, test or interval.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> row = test(fit, "Days = 10").columns
    >>> row["estimate"].round(3), row["p_value"].round(3)
    (array([10.467]), array([0.766]))
    """
    if hypotheses is None:
        if joint or null is not None:
            raise OptionError("joint= and null= need hypotheses, for instance 'Days = 10'")
        table = coefficient_table(
            fit, ddf=ddf, level=level, component=component, exponentiate=exponentiate
        )
        if fit.certificate.recession is not None:
            names, tested = part_of(fit, component)
            warn_separated(names, limits_of(tested, np.eye(tested.beta.size)))
        return table
    if not isinstance(joint, bool | np.bool_):
        raise OptionError(f"joint={joint!r} must be True or False")
    check_flag("exponentiate", exponentiate)
    names, tested = part_of(fit, component)
    df_method(fit, ddf)
    ddf = ddf if tested is fit else "wald"
    texts, L, values, said = _read(hypotheses, names)
    if null is not None:
        if said:
            raise OptionError("give the value either with '=' in the text or with null=, not both")
        try:
            values = np.broadcast_to(np.asarray(null, dtype=float), values.shape)
        except (TypeError, ValueError):
            raise OptionError(f"null={null!r} must be {values.size} numbers, or one") from None
        if not np.isfinite(values).all():
            raise OptionError("null= must be finite numbers")
    zero = ~L.any(axis=1)
    if zero.any():
        raise OptionError(f"'{texts[int(np.argmax(zero))]}' does not depend on any coefficient")
    warn_separated(texts, limits_of(tested, L))
    if joint:
        found = df_method(tested, ddf).joint(L, L @ tested.beta - values)
        return Table(
            {
                "hypothesis": ["; ".join(texts)],
                "num_df": np.array([found.num_df]),
                "den_df": np.array([found.den_df]),
                "statistic": np.array([found.statistic]),
                "p_value": np.array([f_p_value(found)]),
            }
        )
    options: dict[str, Any] = {"null": np.array(values)}
    columns = linear_estimates(tested, L, ddf=ddf, level=level, **options)
    columns = {"estimate": columns.pop("estimate"), "null": np.array(values), **columns}
    if exponentiate:
        columns = as_ratios(fit, component, columns)
    return Table({"hypothesis": texts, **columns})


# a name starting with "test" is collected by pytest, in this module and wherever it is imported
setattr(test, "__test__", False)  # noqa: B010


def _read(hypotheses, names):
    """Texts, (m, p) weights, (m,) values, and whether any text said its value."""
    if isinstance(hypotheses, str):
        hypotheses = [hypotheses]
    if isinstance(hypotheses, dict) and hypotheses:
        texts = [str(text) for text in hypotheses]
        rows = [_weights(text, w, names) for text, w in hypotheses.items()]
        return texts, np.array(rows).reshape(-1, len(names)), np.zeros(len(texts)), False
    is_list = isinstance(hypotheses, list | tuple)
    if is_list and hypotheses and all(isinstance(text, str) for text in hypotheses):
        parsed = [linear(text, names) for text in hypotheses]
        L = np.array([row for row, _, _ in parsed])
        values = np.array([value for _, value, _ in parsed])
        return list(hypotheses), L, values, any(said for _, _, said in parsed)
    try:
        L = np.atleast_2d(np.asarray(hypotheses, dtype=float))
    except (TypeError, ValueError):
        L = np.empty((0, 0, 0))
    if L.ndim != 2 or L.shape[1] != len(names) or L.shape[0] == 0 or not np.isfinite(L).all():
        raise OptionError(
            "hypotheses must be texts such as 'x1 = x2', names with weights, or a matrix with "
            f"{len(names)} columns, one for each of {', '.join(names[:10])}"
            f"{', …' if len(names) > 10 else ''}"
        )
    return [_written(row, names) for row in L], L, np.zeros(L.shape[0]), False


def _weights(text, weights, names):
    if isinstance(weights, dict):
        unknown = [name for name in weights if name not in names]
        if unknown:
            raise OptionError(f"'{text}': no coefficient '{unknown[0]}'\n{_listed(names)}")
        weights = [weights.get(name, 0.0) for name in names]
    try:
        row = np.asarray(weights, dtype=float)
    except (TypeError, ValueError):
        row = np.empty((0, 0))
    if row.shape != (len(names),) or not np.isfinite(row).all():
        raise OptionError(f"'{text}' needs {len(names)} finite weights, one per coefficient")
    return row


def _written(row, names):
    """A row of weights as text."""
    parts = []
    for value, name in zip(row.tolist(), names, strict=True):
        if value:
            sign = ("-" if value < 0 else "") if not parts else (" - " if value < 0 else " + ")
            size = "" if abs(value) == 1 else f"{abs(value):.6g}*"
            parts.append(f"{sign}{size}{name}")
    return "".join(parts) or "0"


def _listed(names):
    return f"coefficients: {', '.join(names[:20])}{', …' if len(names) > 20 else ''}"


def linear(text, names):
    """A linear hypothesis as weights and a value.

    Raises FormulaError.

    Parameters
    ----------
    text : str
        "2 * x1 - x2 = 3".
    names : sequence of str
        Of the coefficients; the longest that fits is read.

    Returns
    -------
    weights : (p,) array
    value : float
        What weights @ beta should be.
    said : bool
        Whether the text has an "=".

    Examples
    --------
    >>> linear("2 * a = b[x - 1] + 3", ["a", "b[x - 1]"])
    (array([ 2., -1.]), 3.0, True)
    """
    reader = _Reader(text, names)
    left = reader.sum()
    right, said = _Form(0.0, np.zeros(len(names))), False
    if reader.take("="):
        reader.take("=")
        right, said = reader.sum(), True
    reader.skip()
    if reader.at < len(text):
        raise reader.error(f"'{text[reader.at]}' is not expected here", reader.at, reader.at + 1)
    return left.weights - right.weights, right.constant - left.constant, said


@dataclass(slots=True, eq=False)
class _Form:
    """constant + weights @ beta."""

    constant: float
    weights: np.ndarray

    @property
    def is_number(self):
        return not self.weights.any()

    def times(self, factor):
        return _Form(self.constant * factor, self.weights * factor)


class _Reader:
    """Recursive descent over one hypothesis: sums of products of numbers and coefficients."""

    def __init__(self, text, names):
        self.text, self.names, self.at = text, list(names), 0
        self.longest = sorted(range(len(self.names)), key=lambda i: -len(self.names[i]))

    def error(self, message, start, end, hint=None):
        return FormulaError(message, self.text, start, end, hint or _listed(self.names))

    def skip(self):
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def take(self, symbol):
        """Read a symbol if it comes next."""
        self.skip()
        if self.text.startswith(symbol, self.at):
            self.at += len(symbol)
            return True
        return False

    def sum(self):
        total = self.product()
        while True:
            sign = 1.0 if self.take("+") else -1.0 if self.take("-") else 0.0
            if not sign:
                return total
            term = self.product()
            total = _Form(
                total.constant + sign * term.constant, total.weights + sign * term.weights
            )

    def product(self):
        self.skip()
        start = self.at
        value = self.factor()
        while True:
            if self.take("*"):
                right = self.factor()
                if not (value.is_number or right.is_number):
                    raise self.error(
                        "a product of coefficients is not linear", start, self.at,
                        "multiply coefficients by numbers only",
                    )  # fmt: skip
                value = (
                    right.times(value.constant) if value.is_number else value.times(right.constant)
                )
            elif self.take("/"):
                right = self.factor()
                if not right.is_number or right.constant == 0.0:
                    raise self.error(
                        "only a number other than zero can divide", start, self.at,
                        "a ratio of coefficients is not linear",
                    )  # fmt: skip
                value = value.times(1.0 / right.constant)
            else:
                return value

    def factor(self):
        self.skip()
        place = self.coefficient()
        if place is not None:
            weights = np.zeros(len(self.names))
            weights[place] = 1.0
            return _Form(0.0, weights)
        if self.take("-"):
            return self.factor().times(-1.0)
        if self.take("+"):
            return self.factor()
        if self.take("("):
            inner = self.sum()
            if not self.take(")"):
                raise self.error("a parenthesis is not closed", self.at, self.at + 1)
            return inner
        number = _NUMBER.match(self.text, self.at)
        if number:
            if not isfinite(float(number.group())):
                raise self.error("this number is too large", number.start(), number.end())
            self.at = number.end()
            return _Form(float(number.group()), np.zeros(len(self.names)))
        raise self.unknown()

    def coefficient(self):
        """Position of the longest coefficient name that comes next, read; None if there is none."""
        found = self.verbatim()  # a name may itself hold backticks
        if found is None and self.text.startswith("`", self.at):
            end = self.text.find("`", self.at + 1)
            if end < 0:
                raise self.error(
                    "a name in backticks needs a closing backtick", self.at, self.at + 1
                )
            name = self.text[self.at + 1 : end]
            if name not in self.names:
                raise self.error(f"no coefficient '{name}'", self.at, end + 1, self.hint(name))
            self.at = end + 1
            return self.names.index(name)
        return found

    def verbatim(self):
        """Position of the longest coefficient name that the text goes on with, read, or None."""
        for i in self.longest:
            name = self.names[i]
            end = self.at + len(name)
            if not self.text.startswith(name, self.at):
                continue
            # x1 is not the start of x10, nor of x1[b] or x1:z
            if end < len(self.text) and (
                (_wordlike(name[-1]) and _wordlike(self.text[end])) or self.text[end] in "[:`"
            ):
                continue
            self.at = end
            return i
        return None

    def unknown(self):
        word = _WORD.match(self.text, self.at)
        if word is None:
            if self.at >= len(self.text):
                return self.error("the hypothesis ends too early", self.at, self.at + 1)
            return self.error(f"'{self.text[self.at]}' is not expected here", self.at, self.at + 1)
        return self.error(
            f"no coefficient '{word.group()}'", self.at, word.end(), self.hint(word.group())
        )

    def hint(self, name):
        guess = close_match(name, self.names)
        return _listed(self.names) + ("" if guess is None else f"; did you mean '{guess}'?")


def _wordlike(character):
    return character.isalnum() or character in "_."
