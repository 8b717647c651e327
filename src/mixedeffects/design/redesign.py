"""Another right-hand side for the rows of a design, from the columns the design kept."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np

from mixedeffects.design.blocks import overlap_notes
from mixedeffects.design.categorical import Coded
from mixedeffects.design.column_matrix import Matrix
from mixedeffects.design.columns import Column
from mixedeffects.design.contrasts import coding
from mixedeffects.design.evaluate import Evaluator
from mixedeffects.design.exposure import with_exposure
from mixedeffects.design.integer_codes import interaction
from mixedeffects.design.left_out import require_rows
from mixedeffects.design.predictor import build_predictor
from mixedeffects.design.records import MAIN, Block, Design, Factor, LinearPredictor
from mixedeffects.errors import NotAvailableError
from mixedeffects.formula import Formula, Group, Variable, column_names, parse, quote


def redesigned(design: Design, text: str, *, name: str = MAIN, saturated: bool = True) -> Design:
    """The same rows and response with other fixed and random effects.

    Nothing is read from a table: the columns are those that the design kept, so that the new
    formula can only use columns of the old one, and its grouping factors or combinations of them
    with its categories.

    Parameters
    ----------
    text : str
        Formula; offsets must be those of the old one.
    name : str
        The linear predictor whose formula it is.
    saturated : bool
        Allow a term with as many random effects as observations.

    Raises
    ------
    NotAvailableError
        The formula reads a column that was not kept: one that stands only inside an expression of
        the random effects of the old formula, which the new one does not have.

    Examples
    --------
    >>> from mixedeffects.design import build_design
    >>> table = {"y": [1.0, 2, 4, 3, 5, 7], "x": [0, 1, 2] * 2, "g": list("aaabbb")}
    >>> design = build_design("y ~ x + (1 | g)", table)
    >>> redesigned(design, "y ~ scale(x) + (1 | g)").X[:, 1]
    array([-1.11803399,  0.        ,  1.11803399, -1.11803399,  0.        ,
            1.11803399])
    """
    require_rows(design)
    old = design.predictors[name]
    spec = old.spec
    formula = with_exposure(parse(text, response=bool(spec.response)), spec.exposure)
    columns = {} if old.sources is None else dict(old.sources.columns)
    known: dict[str, Any] = {}
    for variable in _right_variables(formula):
        for used in column_names(variable.node):
            if used.name not in columns:
                values = from_matrices(old, Variable(quote(used.name), used))
                if isinstance(values, np.ndarray) and values.ndim == 1:
                    columns[used.name] = Column(used.name, "number", values)
        if all(used.name in columns for used in column_names(variable.node)):
            continue
        value = from_matrices(old, variable)
        if value is None:
            raise NotAvailableError(
                f"the fit does not keep the columns of '{variable.text}', which only its random "
                "effects read"
            )
        known[variable.text] = value
    levels = {text: spec.levels[text] for text, value in known.items() if isinstance(value, Coded)}
    values = Evaluator(
        formula.text, columns, design.n, states=dict(spec.states), levels=levels, training=True
    )
    values.know(known)
    found = build_predictor(
        old.name, replace(formula, offsets=()), values,
        KnownFactors(old.blocks, columns),  # pyright: ignore[reportArgumentType]
        spec.flavour, columns=tuple(formula.column_names), saturated=saturated,
        thresholds=spec.thresholds, most_columns=None if not saturated else design.n,
        weights=spec.weights, exposure=spec.exposure, answer=spec.answer,
    )  # fmt: skip
    found = replace(found, offset=old.offset)
    if name != MAIN:
        return replace(design, others={**design.others, name: found})
    notes = [*formula.notes, *values.notes, *overlap_notes(found.blocks)]
    return replace(design, mean=found, notes=tuple(dict.fromkeys(notes)))


class KnownFactors:
    """The grouping factors of a design, asked for as `Grouping` is; combinations of what it kept.

    Parameters
    ----------
    columns : dict of str to Column
        Kept for the fixed effects: those that are categories, or wrapped in ``factor()``, can be
        part of a combination.
    """

    def __init__(self, blocks: tuple[Block, ...], columns: dict[str, Column]) -> None:
        self.blocks = {_key(block.factor.name): block.factor for block in blocks}
        self.columns = columns

    def factor(self, name: str, group: Group) -> Factor:
        """The factor of a random term."""
        found = self.blocks.get(_key(name))
        return interaction(name, [self._part(v) for v in group]) if found is None else found

    def _part(self, variable: Variable) -> Factor:
        known = self.blocks.get(variable.text)
        if known is not None:
            return known
        node = next(column_names(variable.node))
        if node.name not in self.columns:
            raise NotAvailableError(f"the fit does not keep the column of '{variable.text}'")
        codes, labels, _ = self.columns[node.name].coded()
        return Factor(variable.text, codes, labels)  # type: ignore[arg-type]


def _key(name: str) -> str:
    """``a:b`` and ``b:a`` are the same factor."""
    return ":".join(sorted(name.split(":")))


def from_matrices(predictor: LinearPredictor, variable: Variable) -> np.ndarray | Coded | None:
    """A variable, found again in the model matrices of a predictor; None if it is not there.

    Returns (n,) or (n, k) array, or Coded.
    """
    spec, text = predictor.spec, variable.text
    sources = [(spec.x_names, predictor.X), *((b.names, b.Z) for b in predictor.blocks)]
    for names, matrix in sources:
        if matrix is None:
            continue
        if text in names:
            return np.ascontiguousarray(matrix[:, names.index(text)])
        if text in spec.levels:
            found = _codes(names, matrix, text, spec.levels[text])
            if found is not None:
                return found
            continue
        numbered = [j for j, name in enumerate(names) if re.fullmatch(NUMBERED, name[len(text) :])
                    and name.startswith(f"{text}[")]  # fmt: skip
        if numbered:
            return np.ascontiguousarray(matrix[:, numbered])
    return None


#: What follows a variable's name in those of its columns: ``poly(x, 2)[1]``.
NUMBERED = re.compile(r"\[\d+\]")


def _codes(names: tuple[str, ...], matrix: Matrix, text: str, coded: Coded) -> Coded | None:
    """A factor's codes from its columns, one per level or of its contrast."""
    labels = coded.labels.as_text()
    for table, suffixes in ((np.eye(len(labels)), tuple(labels)), coding(coded.contrast, labels)):
        wanted = [f"{text}[{suffix}]" for suffix in suffixes]
        if set(wanted) <= set(names):
            rows = np.asarray(matrix[:, [names.index(name) for name in wanted]])
            distance = ((rows[:, None, :] - table) ** 2).sum(axis=2)
            codes = distance.argmin(axis=1).astype(np.int32)
            return Coded(codes, coded.labels, coded.contrast)
    return None


def _right_variables(formula: Formula) -> list[Variable]:
    fixed = list(formula.fixed.variables)
    return fixed + [v for part in formula.random for v in part.effects.variables]
