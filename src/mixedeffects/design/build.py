"""`build_design`: the formulas of a model and a table become arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from mixedeffects.design.blocks import overlap_notes
from mixedeffects.design.code_names import two_values_note
from mixedeffects.design.columns import Column
from mixedeffects.design.evaluate import Evaluator
from mixedeffects.design.exposure import NUMBERS, check_exposure, with_exposure
from mixedeffects.design.grouping import Grouping
from mixedeffects.design.missing import find_missing, refuse_infinite
from mixedeffects.design.names import find_columns, replace_dot
from mixedeffects.design.predictor import build_predictor
from mixedeffects.design.records import MAIN, Block, Design, LinearPredictor
from mixedeffects.design.response import read_response
from mixedeffects.design.row_values import positive_weights, row_column
from mixedeffects.design.table import SourceTable, open_table
from mixedeffects.errors import FormulaError, ModelError
from mixedeffects.formula import Formula, parse


def build_design(
    formula: Formula | str,
    data: Any,
    *,
    kind: str = "number",
    weights: str | Any | None = None,
    exposure: str | Any | None = None,
    zi: Formula | str | None = None,
    dispersion: Formula | str | None = None,
    saturated: bool | None = None,
) -> Design:
    """Response, model matrices and grouping factors of a model on a table.

    Returns a `Design`.

    Parameters
    ----------
    data : pandas, polars or pyarrow table, dict of columns, or anything narwhals reads
        Never changed. A row with a missing value in a column that any formula uses is left out.
    kind : {"number", "binomial", "ordinal", "count"}
        What the family wants as its response. Binomial: 0 / 1, booleans, two categories (the second
        is the success), ``successes / trials``, ``cbind(successes, failures)``, or proportions with
        the trials as `weights`. Ordinal: ordered categories, whole or other numbers, booleans, or
        ``factor(y, levels=c("low", "high"))``.
    weights : str or (n_rows,) array, optional
        Column name, or positive numbers. In a linear model Var(e_i) = sigma² / weights_i.
    exposure : str or (n_rows,) array, optional
        Column name, or positive numbers, whose logarithm is added to the offset.
    zi, dispersion : Formula or str, optional
        One-sided formulas, ``"~ 1"``; only `zi` can have random terms.
    saturated : bool, optional
        Allow a term with as many random effects as observations. By default, wherever the family
        has no dispersion of its own: for all kinds but "number".

    Raises
    ------
    FormulaError
        A formula names what the table does not have, or has what it cannot have.
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
    >>> table = {"s": [1, 0, 2, 3, 1, 2], "n": [4.0] * 6, "x": [0, 1, 2] * 2, "g": list("aaabbb")}
    >>> design = build_design("s / n ~ x + (1 | g)", table, kind="binomial")
    >>> design.y, design.size
    (array([1., 0., 2., 3., 1., 2.]), array([4., 4., 4., 4., 4., 4.]))
    """
    if not isinstance(formula, Formula):
        formula = parse(formula)
    table = open_table(data)
    formula, dot = replace_dot(formula, table, weights, exposure)
    thresholds = kind == "ordinal"
    if thresholds:
        _require_intercept(formula)
    exposures = None if exposure is None else row_column("exposure", exposure, table)
    priors = None if weights is None else row_column("weights", weights, table)
    exposure_name = exposure if isinstance(exposure, str) else None
    formula = with_exposure(formula, exposure_name)
    others = _others(formula, table, (weights, exposure), zi=zi, dispersion=dispersion)
    used = {
        name: tuple(find_columns(one, table, one.column_names))
        for name, one, _ in ((MAIN, formula, dot), *others)
    }
    report, columns = _rows_used(table, used, (priors, exposures))

    values = _training(formula, columns, report)
    kept = report.kept
    risk = None if exposures is None else check_exposure(exposures.select(kept), kept)
    prior = None if priors is None else positive_weights(priors.select(kept))
    ordered = table.flavour == "polars"  # whose only plain categories are those of an Enum
    answer = read_response(formula, values, kind, prior, ordered=ordered)
    grouping = Grouping(values)
    mean = build_predictor(
        MAIN, formula, values, grouping, table.flavour, columns=used[MAIN], dot=dot,
        saturated=kind != "number" if saturated is None else saturated, thresholds=thresholds,
        most_columns=None if kind == "number" else report.n_used,
        weights=weights if isinstance(weights, str) else None, answer=answer.form,
        exposure=NUMBERS if exposure is not None and exposure_name is None else exposure_name,
    )  # fmt: skip
    if risk is not None and exposure_name is None:
        mean = mean.with_offset(np.log(risk))
    if kind in ("binomial", "ordinal") and answer.size is None and prior is None:
        _refuse_one_per_level(mean.blocks, kind)
    notes = [*formula.notes, *values.notes, *answer.notes, *overlap_notes(mean.blocks)]
    built = {}
    for name, one, own_dot in others:
        own = _training(one, columns, report)
        built[name] = _other_predictor(name, one, own, grouping, table.flavour, used, own_dot)
        notes += [*one.notes, *own.notes, *overlap_notes(built[name].blocks)]
    notes += grouping.notes
    if kind == "number" and (note := two_values_note(formula.response_text, answer.y)):
        notes.append(note)
    return Design(
        y=answer.y, mean=mean, missing=report, notes=tuple(dict.fromkeys(notes)),
        weights=answer.weights, size=answer.size, exposure=risk, others=built, index=table.index,
    )  # fmt: skip


def _require_intercept(formula: Formula) -> None:
    """Refuse an ordinal model without intercept: its thresholds hold the constant."""
    if not formula.fixed.intercept:
        raise FormulaError(
            "an ordinal model has thresholds in place of an intercept; leave out '0 +' or '- 1'",
            formula.text,
        )


def _other_predictor(name, formula, values, grouping, flavour, used, dot) -> LinearPredictor:
    """The linear predictor of zero inflation or dispersion; refused with nothing to estimate."""
    found = build_predictor(
        name, formula, values, grouping, flavour, columns=used[name], dot=dot, saturated=True
    )
    if not found.x_names and not found.blocks and found.offset is None:
        raise ModelError(f"the formula of {name} has nothing to estimate; write {name}='~ 1'")
    return found


def _training(formula: Formula, columns: dict[str, Column], report) -> Evaluator:
    """Values of a formula's variables on the rows that the model is made from."""
    return Evaluator(
        formula.text, columns, report.n_used, states={}, levels={}, training=True, kept=report.kept
    )


def _others(formula, table, excluded, **given):
    """Of every other linear predictor its name, formula, and what a ``.`` in it stands for."""
    if all(one is None for one in given.values()):
        return ()
    from mixedeffects.design.other_formulas import other_formulas

    found = other_formulas(formula, table, excluded, **given)
    return tuple((name, one, dot) for name, (one, dot) in found.items())


def _rows_used(
    table: SourceTable, used: dict[str, tuple[str, ...]], given: tuple[Column | None, ...]
):
    """Which rows are complete, and the columns that the formulas read, cut to them."""
    read = {name: table.column(name) for names in used.values() for name in names}
    checked = {id(column): column for column in (*read.values(), *given) if column is not None}
    report = find_missing(checked.values(), table.n_rows)
    columns: dict[str, Column] = {}
    for name, column in read.items():
        columns[name] = kept = column.select(report.kept)
        refuse_infinite(kept)
    return report, columns


def _refuse_one_per_level(blocks: tuple[Block, ...], kind: str) -> None:
    """A single 0 / 1 or category per level says nothing about a variance between levels."""
    for block in blocks:
        factor = block.factor
        if factor.n_levels == factor.codes.shape[0]:
            what = "0 / 1 response" if kind == "binomial" else "category"
            raise ModelError(
                f"the grouping factor '{factor.name}' has one row per level, with one {what}: the "
                f"variance between its levels cannot be estimated; leave out {block.terms[0].text}"
            )
