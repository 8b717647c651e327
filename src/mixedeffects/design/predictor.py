"""One linear predictor: the right-hand side of a formula as model matrices."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.design.blocks import build_blocks
from mixedeffects.design.column_matrix import Matrix, select_columns
from mixedeffects.design.evaluate import Evaluator
from mixedeffects.design.grouping import Grouping
from mixedeffects.design.matrix import model_matrix
from mixedeffects.design.rank import dependent_columns, describe
from mixedeffects.design.records import MAIN, AliasedColumn, Block, LinearPredictor
from mixedeffects.design.sources import keep_sources
from mixedeffects.design.spec import ModelSpec, offset_values
from mixedeffects.errors import ModelError
from mixedeffects.formula import Formula, TermList

if TYPE_CHECKING:
    from mixedeffects.design.response_form import ResponseForm

#: Range of a column, as a share of its mean, below which next to nothing of it varies.
DISTANT = 1e-6


def build_predictor(
    name: str,
    formula: Formula,
    values: Evaluator,
    grouping: Grouping,
    flavour: str,
    *,
    columns: tuple[str, ...],
    dot: tuple[str, ...] | None = None,
    saturated: bool = False,
    thresholds: bool = False,
    most_columns: int | None = None,
    exposure: str | None = None,
    weights: str | None = None,
    answer: ResponseForm | None = None,
) -> LinearPredictor:
    """A linear predictor of the rows that `values` has.

    Raises ModelError.

    Parameters
    ----------
    formula : Formula
        Its ``.`` replaced, and the exposure among its offsets.
    flavour : str
        Of the table.
    columns : tuple of str
        Those of the table that the formula reads.
    dot : tuple of str or None
        What a ``.`` stands for.
    saturated : bool
        Allow a term with as many random effects as observations.
    thresholds : bool
        Leave the intercept out, but code factors and look for aliased columns as if it were in.
    most_columns : int, optional
        Columns that X may have; one less than rows by default.
    exposure, weights, answer
        What else the spec remembers: see `ModelSpec`.
    """
    whole, names, terms = model_matrix(formula.fixed, values, limit=2 * values.n + 100)
    X, kept_columns, aliased = _drop_aliased(whole, names, terms, formula, values)
    _check_width(name, X.shape[1], values, most_columns)
    blocks = build_blocks(
        formula.random, values, grouping, [(formula.fixed, whole, names)], saturated=saturated
    )
    if kept_columns is not None:
        names = tuple(names[j] for j in kept_columns)
        terms = tuple(terms[j] for j in kept_columns)
    if thresholds:
        X, names, terms = select_columns(X, range(1, X.shape[1])), names[1:], terms[1:]
        if kept_columns is not None:
            kept_columns = tuple(j - 1 for j in kept_columns[1:])
        aliased = tuple(_beside_thresholds(column) for column in aliased)
    spec = ModelSpec(
        text=formula.text,
        flavour=flavour,
        response=formula.response_text,
        dot=dot,
        columns=columns,
        x_names=names,
        x_terms=terms,
        terms=formula.fixed.names,
        kept_columns=kept_columns,
        levels=values.levels,
        states=values.states,
        block_terms=_block_terms(formula, blocks),
        block_labels=tuple(block.factor.labels for block in blocks),
        thresholds=thresholds,
        exposure=exposure,
        weights=weights,
        answer=answer,
    )
    return LinearPredictor(
        name=name,
        X=X,
        blocks=blocks,
        offset=offset_values(formula, values),
        aliased=aliased,
        spec=spec,
        sources=keep_sources(formula, dot, values.columns, exposure),
    )


def _check_width(name: str, p: int, values: Evaluator, most_columns: int | None) -> None:
    """Refuse more columns than the rows can tell apart."""
    if p > (values.n - 1 if most_columns is None else most_columns):
        what = "the model" if name == MAIN else f"the formula of {name}"
        raise ModelError(
            f"{what} has {p} fixed-effect column{'s' * (p != 1)} for {values.n} "
            f"row{'s' * (values.n != 1)}; it needs more rows than columns"
            + "".join(f"\n{note}" for note in values.notes)
        )


def _beside_thresholds(column: AliasedColumn) -> AliasedColumn:
    """A dropped column where thresholds hold the constant in place of an intercept."""
    return replace(
        column,
        combination=tuple((i - 1, value) for i, value in column.combination if i),
        constant=dict(column.combination).get(0, 0.0),
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
