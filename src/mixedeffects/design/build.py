"""`build_design`: terms and a table become arrays."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from mixedeffects.design.blocks import build_blocks, overlap_notes
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
from mixedeffects.design.records import AliasedColumn, Design
from mixedeffects.design.response import refuse_constant, response_values
from mixedeffects.design.spec import ModelSpec, offset_values
from mixedeffects.design.table import Table, open_table
from mixedeffects.errors import ColumnTypeError, DataError, ModelError
from mixedeffects.formula import Formula, parse


def build_design(
    formula: Formula | str,
    data: Any,
    *,
    weights: str | Any | None = None,
    binomial: bool = False,
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
    binomial : bool
        Read ``y / n`` and ``cbind(y, n - y)`` as proportions, with trials in the weights.
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
    dot = None
    if formula.uses_dot:
        dot = tuple(name for name in table.names if isinstance(name, str) and name != weights)
        formula = formula.with_columns(dot)
    used = find_columns(formula, table, formula.column_names)
    read = [table.column(name) for name in used]
    weight_column = None if weights is None else _weight_column(weights, table)
    report = find_missing(read if weight_column is None else [*read, weight_column], table.n_rows)
    columns: dict[str, Column] = {}
    for column in read:
        columns[column.name] = kept = column.select(report.kept)
        refuse_infinite(kept)
    values = Evaluator(formula.text, columns, report.n_used, {}, {}, True, report.kept)

    y, trials = response_values(formula, values, binomial=binomial)
    refuse_constant(y, formula.response_text)
    whole, names, terms = model_matrix(formula.fixed, values, limit=2 * values.n + 100)
    X, kept_columns, aliased = _drop_aliased(whole, names, terms, formula)
    if X.shape[1] >= values.n:
        raise ModelError(
            f"the model has {X.shape[1]} fixed-effect columns for {values.n} rows; "
            "it needs more rows than columns"
        )
    grouping = Grouping(values)
    known = [(formula.fixed, whole, names)]
    blocks = build_blocks(formula.random, values, grouping, known, saturated=saturated)
    prior = None if weight_column is None else _weights(weight_column.select(report.kept))
    if trials is not None:
        prior = trials if prior is None else prior * trials
    notes = [*formula.notes, *values.notes, *grouping.notes, *overlap_notes(blocks)]
    x_names = names if kept_columns is None else tuple(names[j] for j in kept_columns)
    spec = ModelSpec(
        text=formula.text,
        dot=dot,
        flavour=table.flavour,
        columns=tuple(used),
        response=formula.response_text,
        weights=weights if isinstance(weights, str) else None,
        x_names=x_names,
        x_terms=terms if kept_columns is None else tuple(terms[j] for j in kept_columns),
        terms=formula.fixed.names,
        kept_columns=kept_columns,
        levels=values.levels,
        states=values.states,
        block_terms=_block_terms(formula, blocks),
        block_labels=tuple(block.factor.labels for block in blocks),
    )
    return Design(
        y=y,
        X=X,
        x_names=x_names,
        blocks=blocks,
        weights=prior,
        offset=offset_values(formula, values),
        aliased=aliased,
        missing=report,
        notes=tuple(dict.fromkeys(notes)),
        spec=spec,
        predictors=keep_predictors(formula, dot, columns),
    )


def _block_terms(formula: Formula, blocks: tuple[Any, ...]) -> tuple[tuple[int, ...], ...]:
    place = {part.text: i for i, part in enumerate(formula.random)}
    return tuple(tuple(place[term.text] for term in block.terms) for block in blocks)


def _drop_aliased(
    X: Matrix, names: tuple[str, ...], terms: tuple[int, ...], formula: Formula
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
    return select_columns(X, kept), kept, aliased


def _constant(column: np.ndarray) -> bool:
    return bool(column.min() == column.max())


def _weight_column(weights: Any, table: Table) -> Column:
    if isinstance(weights, str):
        if weights not in table.names:
            shown = ", ".join(map(str, table.names[:30]))
            raise DataError(f"no column '{weights}' in the table for the weights\ncolumns: {shown}")
        table.check_names([weights])
        return table.column(weights)
    column = from_sequence("weights", weights)
    if column.values.shape[0] != table.n_rows:
        raise DataError(
            f"there are {column.values.shape[0]} weights for {table.n_rows} rows of the table"
        )
    return column


def _weights(column: Column) -> np.ndarray:
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
