"""`build_glmm_design`: the formulas of a generalised model and a table become arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mixedeffects.design.blocks import overlap_notes
from mixedeffects.design.build import (
    build_predictor,
    make_spec,
    positive_weights,
    replace_dot,
    row_column,
)  # fmt: skip
from mixedeffects.design.code_names import two_values_note
from mixedeffects.design.column_matrix import Matrix
from mixedeffects.design.columns import Column
from mixedeffects.design.evaluate import Evaluator
from mixedeffects.design.exposure import NUMBERS, check_exposure, table_row, with_exposure
from mixedeffects.design.glmm_spec import GLMMSpec
from mixedeffects.design.grouping import Grouping
from mixedeffects.design.labels import Labels
from mixedeffects.design.missing import find_missing, refuse_infinite
from mixedeffects.design.names import find_columns
from mixedeffects.design.predictors import Predictors, keep_predictors
from mixedeffects.design.records import AliasedColumn, Block, Design
from mixedeffects.design.responses import KINDS, read_response
from mixedeffects.design.spec import ModelSpec, offset_values
from mixedeffects.design.table import SourceTable, open_table
from mixedeffects.errors import FormulaError, ModelError, OptionError
from mixedeffects.formula import Formula, column_names, parse

#: Parts besides the main formula, and whether random terms are allowed there.
PARTS = {"zi": True, "dispersion": False}


@dataclass(frozen=True, slots=True)
class ExtraPart:
    """A further linear predictor, of the extra zeros or the dispersion.

    Attributes
    ----------
    name : str
        "zi" or "dispersion".
    X : (n, p) float64 array or ColumnMatrix
        Of full column rank.
    names : tuple of str, length p
    offset : (n,) float64 array or None
    blocks : tuple of Block
    spec : ModelSpec
        Rebuilds the same columns for new data.
    aliased : tuple of AliasedColumn
    predictors : Predictors or None
        The columns behind X.
    """

    name: str
    X: Matrix
    names: tuple[str, ...]
    offset: np.ndarray | None
    blocks: tuple[Block, ...]
    spec: ModelSpec
    aliased: tuple[AliasedColumn, ...] = ()
    predictors: Predictors | None = None


@dataclass(frozen=True, slots=True)
class GLMMDesign:
    """Response, model matrices and grouping factors of a generalised model on one table.

    Attributes
    ----------
    design : Design
        Of the main formula. Its offset includes the log exposure, its weights are None, and for an
        ordinal response X has no intercept: the thresholds take its place.
    y : (n,) float64 array
        Number of successes, code 0 .. K-1 of the category, or the response itself.
    size : (n,) float64 array or None
        Number of trials; None when it is one in every row.
    weights : (n,) float64 array or None
        Prior weights, positive.
    categories : Labels or None
        Of an ordinal response, or of the two categories of a binomial one.
    parts : dict of str to ExtraPart
        "zi" and "dispersion", where given; on the same rows.
    exposure : (n,) float64 array or None
    """

    design: Design
    y: np.ndarray
    size: np.ndarray | None
    weights: np.ndarray | None
    categories: Labels | None
    parts: dict[str, ExtraPart]
    exposure: np.ndarray | None = None

    @property
    def n(self) -> int:
        return self.y.shape[0]

    def table_row(self, row: int) -> int:
        """Number in the table as given, from 0, of a row used."""
        return table_row(row, self.design.missing.kept)

    @property
    def spec(self) -> GLMMSpec:
        """Specs of all parts together."""
        parts = {name: part.spec for name, part in self.parts.items()}
        return GLMMSpec(self.design.spec, parts)


def build_glmm_design(
    formula: Formula | str,
    data: Any,
    *,
    kind: str,
    weights: str | Any | None = None,
    exposure: str | Any | None = None,
    zi: Formula | str | None = None,
    dispersion: Formula | str | None = None,
    saturated: bool | None = None,
) -> GLMMDesign:
    """Response, model matrices and grouping factors of a generalised mixed model.

    Parameters
    ----------
    formula : Formula or str
    data : pandas, polars or pyarrow table, dict of columns, or anything narwhals reads
        Never changed. A row with a missing value in a column that any part uses is left out.
    kind : {"binomial", "ordinal", "count", "number"}
        What the family wants as its response. Binomial: 0 / 1, booleans, two categories (the second
        is the success), ``successes / trials``, ``cbind(successes, failures)``, or proportions with
        the trials as `weights`. Ordinal: ordered categories, whole or other numbers, booleans, or
        ``factor(y, levels=c("low", "high"))``.
    weights : str or (n_rows,) array, optional
        Column name, or positive numbers.
    exposure : str or (n_rows,) array, optional
        Column name, or positive numbers, whose logarithm is added to the offset.
    zi, dispersion : Formula or str, optional
        One-sided formulas, ``"~ 1"``; only `zi` can have random terms.
    saturated : bool, optional
        Allow a term with as many random effects as observations. By default, wherever the family
        has no dispersion of its own: for all kinds but "number".

    Returns
    -------
    GLMMDesign

    Raises
    ------
    FormulaError
        A formula names what the table does not have, or has what its part cannot have.
    DataError, ColumnTypeError
        A column cannot be used.
    ModelError
        The rows cannot identify the model.

    Examples
    --------
    >>> table = {"s": [1, 0, 2, 3, 1, 2], "n": [4.0] * 6, "x": [0, 1, 2] * 2, "g": list("aaabbb")}
    >>> glmm = build_glmm_design("s / n ~ x + (1 | g)", table, kind="binomial")
    >>> glmm.y, glmm.size, glmm.design.x_names
    (array([1., 0., 2., 3., 1., 2.]), array([4., 4., 4., 4., 4., 4.]), ('(Intercept)', 'x'))
    """
    if kind not in KINDS:
        raise OptionError(f"kind={kind!r} is not one of {', '.join(KINDS)}")
    if not isinstance(formula, Formula):
        formula = parse(formula)
    table = open_table(data)
    formula, dot = replace_dot(formula, table, weights, exposure)
    thresholds = kind == "ordinal"
    if thresholds and not formula.fixed.intercept:
        raise FormulaError(
            "an ordinal model has thresholds in place of an intercept; leave out '0 +' or '- 1'",
            formula.text,
        )
    exposure_column = None if exposure is None else row_column("exposure", exposure, table)
    name = exposure if isinstance(exposure, str) else None
    formula = with_exposure(formula, name)
    others = _other_formulas(formula, table, (weights, exposure), zi=zi, dispersion=dispersion)
    used = find_columns(formula, table, formula.column_names)
    other_used = {
        part: find_columns(other, table, other.column_names) for part, (other, _) in others.items()
    }
    read = dict.fromkeys(used)
    for names in other_used.values():
        read.update(dict.fromkeys(names))
    weight_column = None if weights is None else row_column("weights", weights, table)
    to_check = [table.column(column) for column in read]
    to_check += [c for c in (weight_column, exposure_column) if c is not None]
    report = find_missing({id(c): c for c in to_check}.values(), table.n_rows)
    columns: dict[str, Column] = {}
    for column in read:
        columns[column] = kept = table.column(column).select(report.kept)
        refuse_infinite(kept)
    risk = None
    if exposure_column is not None:
        risk = check_exposure(exposure_column.select(report.kept), report.kept)
    prior = None if weight_column is None else positive_weights(weight_column.select(report.kept))

    values = Evaluator(formula.text, columns, report.n_used, {}, {}, True, report.kept)
    ordered = table.flavour == "polars"  # whose only plain categories are those of an Enum
    answer = read_response(formula, values, kind, prior, ordered=ordered)
    grouping = Grouping(values)
    if saturated is None:
        saturated = kind != "number"
    part = build_predictor(
        formula, values, grouping, saturated=saturated, thresholds=thresholds,
        most_columns=None if kind == "number" else report.n_used,
    )  # fmt: skip
    if kind in ("binomial", "ordinal") and answer.size is None and prior is None:
        _refuse_one_per_level(part.blocks, kind)
    notes = [*formula.notes, *values.notes, *answer.notes, *overlap_notes(part.blocks)]
    spec = make_spec(
        formula, part, values, table.flavour,
        dot=dot, columns=tuple(used), weights=weights if isinstance(weights, str) else None,
        exposure=NUMBERS if exposure is not None and name is None else name, answer=answer.form,
    )  # fmt: skip
    offset = offset_values(formula, values)
    if risk is not None and name is None:
        offset = np.log(risk) if offset is None else offset + np.log(risk)
    parts: dict[str, ExtraPart] = {}
    for other, (other_formula, other_dot) in others.items():
        own = Evaluator(other_formula.text, columns, report.n_used, {}, {}, True, report.kept)
        parts[other] = _extra_part(
            other, other_formula, own, grouping, table.flavour, other_dot, other_used[other]
        )
        notes += [*other_formula.notes, *own.notes, *overlap_notes(parts[other].blocks)]
    notes += grouping.notes
    if kind == "number" and (note := two_values_note(formula.response_text, answer.y)):
        notes.append(note)
    design = Design(
        y=answer.y,
        X=part.X,
        x_names=part.names,
        blocks=part.blocks,
        weights=None,
        offset=offset,
        aliased=part.aliased,
        missing=report,
        notes=tuple(dict.fromkeys(notes)),
        spec=spec,
        predictors=keep_predictors(formula, dot, columns, name),
        index=table.index,
    )
    return GLMMDesign(
        design, answer.y, answer.size, answer.weights, answer.form.labels, parts, risk
    )


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


def _other_formulas(
    main: Formula, table: SourceTable, excluded: tuple[Any, ...], **given: Formula | str | None
) -> dict[str, tuple[Formula, tuple[str, ...] | None]]:
    """The one-sided formulas, and what a ``.`` stands for in each."""
    found: dict[str, tuple[Formula, tuple[str, ...] | None]] = {}
    for name, formula in given.items():
        if formula is None:
            continue
        if not isinstance(formula, str | Formula):
            raise OptionError(
                f"{name}={formula!r} is not a formula; write {name}='~ 1' for one number, or "
                f"{name}='~ x'"
            )
        if isinstance(formula, str):
            if "~" not in formula:
                raise FormulaError(
                    f"the formula of {name} has no '~'", formula, 0, len(formula) or 1,
                    f"write {name}='~ {formula.strip() or 1}'",
                )  # fmt: skip
            formula = parse(formula, response=False)
        if formula.response is not None:
            raise FormulaError(
                f"the formula of {name} has a response", formula.text,
                formula.response.start, formula.response.end,
                f"write only what is on the right: {name}='~ {formula.fixed}'",
            )  # fmt: skip
        if formula.random and not PARTS[name]:
            term = formula.random[0]
            raise FormulaError(
                f"the {name} cannot have random effects", formula.text, term.start, term.end,
                f"leave {term.text} out of {name}=; in zi= and the main formula it can stand",
            )  # fmt: skip
        response = [] if main.response is None else column_names(main.response)
        found[name] = replace_dot(formula, table, *excluded, *(c.name for c in response))
    return found


def _extra_part(
    name: str,
    formula: Formula,
    values: Evaluator,
    grouping: Grouping,
    flavour: str,
    dot: tuple[str, ...] | None,
    used: list[str],
) -> ExtraPart:
    part = build_predictor(formula, values, grouping, saturated=True, what=f"the formula of {name}")
    offset = offset_values(formula, values)
    if not part.names and not part.blocks and offset is None:
        raise ModelError(f"the formula of {name} has nothing to estimate; write {name}='~ 1'")
    spec = make_spec(
        formula, part, values, flavour, dot=dot, columns=tuple(used), weights=None
    )  # fmt: skip
    return ExtraPart(
        name=name,
        X=part.X,
        names=part.names,
        offset=offset,
        blocks=part.blocks,
        spec=spec,
        aliased=part.aliased,
        predictors=keep_predictors(formula, dot, values.columns),
    )
