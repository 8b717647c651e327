"""`build_design`: terms and a table become arrays."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from mixedeffects.design.blocks import build_blocks, overlap_notes
from mixedeffects.design.code_names import two_values_note
from mixedeffects.design.column_matrix import Matrix, select_columns
from mixedeffects.design.columns import Column
from mixedeffects.design.evaluate import Evaluator
from mixedeffects.design.grouping import Grouping
from mixedeffects.design.matrix import model_matrix
from mixedeffects.design.missing import find_missing, refuse_infinite
from mixedeffects.design.names import find_columns
from mixedeffects.design.predictors import keep_predictors
from mixedeffects.design.rank import dependent_columns, describe
from mixedeffects.design.readers import from_sequence
from mixedeffects.design.records import AliasedColumn, Block, Design
from mixedeffects.design.response import refuse_constant, response_values
from mixedeffects.design.row_index import in_order
from mixedeffects.design.spec import ModelSpec, offset_values
from mixedeffects.design.table import SourceTable, open_table
from mixedeffects.errors import ColumnTypeError, DataError, ModelError
from mixedeffects.formula import Formula, TermList, parse

#: Range of a column, as a share of its mean, below which next to nothing of it varies.
DISTANT = 1e-6


def build_design(
    formula: Formula | str,
    data: Any,
    *,
    weights: str | Any | None = None,
    saturated: bool = False,
) -> Design:
    """Response, model matrices and grouping factors of a formula on a table.

    Parameters
    ----------
    formula : Formula or str
    data : pandas, polars or pyarrow table, dict of columns, or anything narwhals reads
        Never changed.  Rows with a missing value in a used column are left out.
    weights : str or (n_rows,) array, optional
        Column name, or positive numbers: Var(e_i) = sigma² / weights_i.
    saturated : bool
        Allow a term with as many random effects as observations.

    Returns
    -------
    Design

    Raises
    ------
    FormulaError
        The formula names what the table does not have.
    DataError, ColumnTypeError
        A column cannot be used.
    ModelError
        The rows cannot identify the model.

    Examples
    --------
    >>> table = {"y": [1.0, 2, 4, 3, 5, 7], "x": [0, 1, 2] * 2, "g": list("aaabbb")}
    >>> design = build_design("y ~ x + (1 | g)", table)
    >>> design.x_names, design.blocks[0].factor.n_levels
    (('(Intercept)', 'x'), 2)
    """
    if not isinstance(formula, Formula):
        formula = parse(formula)
    table = open_table(data)
    formula, dot = replace_dot(formula, table, weights)
    used = find_columns(formula, table, formula.column_names)
    read = [table.column(name) for name in used]
    weight_column = None if weights is None else row_column("weights", weights, table)
    report = find_missing(read if weight_column is None else [*read, weight_column], table.n_rows)
    columns: dict[str, Column] = {}
    for column in read:
        columns[column.name] = kept = column.select(report.kept)
        refuse_infinite(kept)
    values = Evaluator(formula.text, columns, report.n_used, {}, {}, True, report.kept)

    y, response = response_values(formula, values), formula.response_text
    refuse_constant(y, response)
    grouping = Grouping(values)
    part = build_predictor(formula, values, grouping, saturated=saturated)
    prior = None if weight_column is None else positive_weights(weight_column.select(report.kept))
    notes = [*formula.notes, *values.notes, *grouping.notes, *overlap_notes(part.blocks)]
    notes += [note] if (note := two_values_note(response, y)) else []
    spec = make_spec(
        formula, part, values, table.flavour,
        dot=dot, columns=tuple(used), weights=weights if isinstance(weights, str) else None,
    )  # fmt: skip
    return Design(
        y=y,
        X=part.X,
        x_names=part.names,
        blocks=part.blocks,
        weights=prior,
        offset=offset_values(formula, values),
        aliased=part.aliased,
        missing=report,
        notes=tuple(dict.fromkeys(notes)),
        spec=spec,
        predictors=keep_predictors(formula, dot, columns),
        index=table.index,
    )


def replace_dot(
    formula: Formula, table: SourceTable, *excluded: Any
) -> tuple[Formula, tuple[str, ...] | None]:
    """The formula with ``.`` replaced by the table's columns but those excluded, and these."""
    if not formula.uses_dot:
        return formula, None
    out = {name for name in excluded if isinstance(name, str)}
    dot = tuple(name for name in table.names if isinstance(name, str) and name not in out)
    return formula.with_columns(dot), dot


class LinearPredictor(NamedTuple):
    """Model matrices of the right-hand side of a formula.

    Attributes
    ----------
    X : (n, p) array or ColumnMatrix
        Of full column rank.
    names : tuple of str
    terms : tuple of int
        Term of each column, -1 for the intercept.
    kept_columns : tuple of int or None
        Positions of the columns among all; None when none was dropped.
    aliased : tuple of AliasedColumn
    blocks : tuple of Block
    thresholds : bool
        Whether the intercept was left out because thresholds take its place.
    """

    X: Matrix
    names: tuple[str, ...]
    terms: tuple[int, ...]
    kept_columns: tuple[int, ...] | None
    aliased: tuple[AliasedColumn, ...]
    blocks: tuple[Block, ...]
    thresholds: bool


def build_predictor(
    formula: Formula,
    values: Evaluator,
    grouping: Grouping,
    *,
    saturated: bool = False,
    thresholds: bool = False,
    most_columns: int | None = None,
    what: str = "the model",
) -> LinearPredictor:
    """Model matrices of the right-hand side of a formula.

    Parameters
    ----------
    formula : Formula
    values : Evaluator
    grouping : Grouping
    saturated : bool
        Allow a term with as many random effects as observations.
    thresholds : bool
        Leave the intercept out, but code factors and look for aliased columns as if it were in.
    most_columns : int, optional
        Columns that X may have; one less than rows by default.
    what : str
        What has the formula, for messages.

    Raises
    ------
    ModelError
    """
    whole, names, terms = model_matrix(formula.fixed, values, limit=2 * values.n + 100)
    X, kept_columns, aliased = _drop_aliased(whole, names, terms, formula, values)
    p = X.shape[1]
    if p > (values.n - 1 if most_columns is None else most_columns):
        raise ModelError(
            f"{what} has {p} fixed-effect column{'s' * (p != 1)} for {values.n} "
            f"row{'s' * (values.n != 1)}; it needs more rows than columns"
            + "".join(f"\n{note}" for note in values.notes)
        )
    known = [(formula.fixed, whole, names)]
    blocks = build_blocks(formula.random, values, grouping, known, saturated=saturated)
    if kept_columns is not None:
        names = tuple(names[j] for j in kept_columns)
        terms = tuple(terms[j] for j in kept_columns)
    if thresholds:
        X, names, terms = select_columns(X, range(1, p)), names[1:], terms[1:]
        if kept_columns is not None:
            kept_columns = tuple(j - 1 for j in kept_columns[1:])
        aliased = tuple(
            replace(
                column,
                combination=tuple((i - 1, value) for i, value in column.combination if i),
                constant=dict(column.combination).get(0, 0.0),
            )
            for column in aliased
        )
    return LinearPredictor(X, names, terms, kept_columns, aliased, blocks, thresholds)


def make_spec(
    formula: Formula, part: LinearPredictor, values: Evaluator, flavour: str, **known: Any
) -> ModelSpec:
    """What is remembered of a linear predictor; `known` are further fields of the spec."""
    return ModelSpec(
        text=formula.text,
        flavour=flavour,
        response=formula.response_text,
        x_names=part.names,
        x_terms=part.terms,
        terms=formula.fixed.names,
        kept_columns=part.kept_columns,
        levels=values.levels,
        states=values.states,
        block_terms=_block_terms(formula, part.blocks),
        block_labels=tuple(block.factor.labels for block in part.blocks),
        thresholds=part.thresholds,
        **known,
    )


def _block_terms(formula: Formula, blocks: tuple[Block, ...]) -> tuple[tuple[int, ...], ...]:
    place = {part.text: i for i, part in enumerate(formula.random)}
    return tuple(tuple(place[term.text] for term in block.terms) for block in blocks)


def _drop_aliased(
    X: Matrix, names: tuple[str, ...], terms: tuple[int, ...], formula: Formula, values: Evaluator
) -> tuple[Matrix, tuple[int, ...] | None, tuple[AliasedColumn, ...]]:
    dropped, coefficients = dependent_columns(X)
    if not dropped:
        return X, None, ()
    gone = set(dropped)
    kept = tuple(j for j in range(X.shape[1]) if j not in gone)
    shown = [names[j] for j in kept]
    term_names = formula.fixed.names
    owner = {names[j]: term_names[terms[j]] if terms[j] >= 0 else names[j] for j in kept}
    aliased = tuple(
        replace(
            describe(
                names[j], solved, shown, not solved.any(), owner, lambda j=j: _constant(X[:, j])
            ),
            combination=tuple((int(i), float(solved[i])) for i in np.flatnonzero(solved)),
        )
        for j, solved in zip(dropped, coefficients, strict=True)
    )
    aliased = tuple(
        _for_distance(column, solved, formula.fixed, terms[j], values)
        for column, j, solved in zip(aliased, dropped, coefficients, strict=True)
    )
    return select_columns(X, kept), kept, aliased


def _for_distance(
    column: AliasedColumn, solved: np.ndarray, fixed: TermList, term: int, values: Evaluator
) -> AliasedColumn:
    """A dropped column of an interaction, dropped for the distance of a number in it from zero."""
    if column.distant or term < 0 or len(fixed.terms[term]) < 2 or not solved.any():
        return column
    for i in fixed.terms[term]:
        variable = fixed.variables[i]
        numbers = values.variable(variable)
        if isinstance(numbers, np.ndarray) and numbers.ndim == 1 and numbers.dtype.kind in "iuf":
            mean = abs(float(numbers.mean()))
            if 0.0 < float(np.ptp(numbers)) < DISTANT * mean:
                reason = f"{variable.text} is constant to 7 digits; subtract its mean"
                return replace(column, reason=reason, distant=True)
    return column


def _constant(column: np.ndarray) -> bool:
    return bool(column.min() == column.max())


def row_column(what: str, given: Any, table: SourceTable) -> Column:
    """A column by its name, or numbers that go with the rows.

    Parameters
    ----------
    what : str
        "weights" or "exposure", for messages.
    given : str or (n_rows,) array
        Of a pandas Series the labels say which value is whose.
    table : SourceTable

    Raises
    ------
    DataError
        No such column, the wrong number of values, or labels of other rows.
    """
    if isinstance(given, str):
        if given not in table.names:
            shown = ", ".join(map(str, table.names[:30]))
            raise DataError(f"no column '{given}' in the table for the {what}\ncolumns: {shown}")
        table.check_names([given])
        return table.column(given)
    column = from_sequence(what, in_order(what, given, table.index, table.n_rows))
    if column.values.shape[0] != table.n_rows:
        raise DataError(
            f"there are {column.values.shape[0]} {what} for {table.n_rows} rows of the table"
        )
    return column


def positive_weights(column: Column) -> np.ndarray:
    """The weights of the rows used.

    Raises
    ------
    ColumnTypeError, DataError
        They are not positive numbers.
    """
    if column.kind != "number":
        raise ColumnTypeError(f"the weights '{column.name}' are {column.kind}, not numbers")
    refuse_infinite(column)
    weights = np.array(column.values, dtype=np.float64)
    bad = int(np.count_nonzero(weights <= 0))
    if bad:
        raise DataError(
            f"{bad} weight{'s are' if bad > 1 else ' is'} zero or negative; weights must be "
            "positive (leave out rows that should not count)"
        )
    return weights
