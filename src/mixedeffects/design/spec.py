"""What a fitted model remembers of its table: enough to build the same columns again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mixedeffects.design.blocks import effect_columns, join_columns
from mixedeffects.design.categorical import NO_CODES, Coded
from mixedeffects.design.column_matrix import Matrix, select_columns
from mixedeffects.design.contrasts import Contrast
from mixedeffects.design.evaluate import Evaluator
from mixedeffects.design.exposure import NUMBERS, with_exposure
from mixedeffects.design.grouping import labels_from_dict, labels_to_dict, new_codes
from mixedeffects.design.matrix import model_matrix
from mixedeffects.design.missing import find_missing, refuse_infinite
from mixedeffects.design.names import find_columns, group_columns, read_columns, right_columns
from mixedeffects.design.records import MissingReport
from mixedeffects.design.response import read_response, response_values
from mixedeffects.design.table import SourceTable, open_table, to_frame
from mixedeffects.errors import DataError
from mixedeffects.formula import Formula, column_names, parse

if TYPE_CHECKING:
    from mixedeffects.design.response_form import ResponseForm


class Rebuilt(NamedTuple):
    """A model's columns on new rows.

    Attributes
    ----------
    X : (m, p) array or ColumnMatrix
    blocks : list of (codes, Z)
        Per block: (m,) int32 codes, -1 for a level that was not in training, and the (m, k)
        model matrix or None for a column of ones.
    offset : (m,) array or None
    kept : (n_rows,) bool array or None
        Rows used; None when all are.
    y : (m,) array or None
        Only when asked for.
    size : (m,) array or None
        Trials of a binomial response that was asked for; None when they are one.
    dropped : (m, d) array, ColumnMatrix or None
        The columns that the fit dropped; None when it dropped none. They say whether a row is one
        that the columns kept can predict.
    """

    X: Matrix
    blocks: list[tuple[np.ndarray, Matrix | None]]
    offset: np.ndarray | None
    kept: np.ndarray | None
    y: np.ndarray | None
    size: np.ndarray | None = None
    dropped: Matrix | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ModelSpec:
    """Formula, levels, codings and transform states of one fit.

    Attributes
    ----------
    text : str
        The formula as written.
    dot : tuple of str or None
        Columns of the table when the formula has a ``.``.
    flavour : str
        "pandas", "polars", "pyarrow" or "dict".
    columns : tuple of str
        Columns the formula reads.
    response : str
        Canonical text of the response.
    weights : str or None
        Column of the weights.
    x_names : tuple of str
        Kept fixed-effect columns.
    x_terms : tuple of int
        Term of each kept column, positions in `terms`; -1 for the intercept.
    terms : tuple of str
        Fixed-effect terms in R's order.
    kept_columns : tuple of int or None
        Positions of the kept columns among all; None when none was dropped.
    levels : dict
        Labels and contrast of each factor of the model matrices, by variable.
    states : dict
        What center, scale, poly, bs and ns learnt, by variable.
    block_terms : tuple of tuple of int
        For each block, its parts in ``formula.random``.
    block_labels : tuple
        For each block, the labels of its levels.
    thresholds : bool
        The intercept is no column: the thresholds of an ordinal response take its place.
    exposure : str or None
        Column whose logarithm is added to the offset; "" when it was numbers.
    answer : ResponseForm or None
        How the response was read; None for a predictor that has none.
    """

    text: str
    dot: tuple[str, ...] | None
    flavour: str
    columns: tuple[str, ...]
    response: str
    weights: str | None
    x_names: tuple[str, ...]
    x_terms: tuple[int, ...]
    terms: tuple[str, ...]
    kept_columns: tuple[int, ...] | None
    levels: dict[str, Coded] = field(repr=False)
    states: dict[str, dict[str, Any]] = field(repr=False)
    block_terms: tuple[tuple[int, ...], ...] = field(repr=False)
    block_labels: tuple[Any, ...] = field(repr=False)
    thresholds: bool = False
    exposure: str | None = None
    answer: ResponseForm | None = field(default=None, repr=False)

    @property
    def formula(self) -> Formula:
        """The parsed formula, with the exposure among its offsets."""
        parsed = parse(self.text, response=bool(self.response))
        if self.dot is not None:
            parsed = parsed.with_columns(self.dot)
        return with_exposure(parsed, self.exposure)

    def rebuild(self, data: Any, *, response: bool = False, groups: bool = True) -> Rebuilt:
        """The same columns for other rows.

        Returns a `Rebuilt`.

        Parameters
        ----------
        response : bool
            Also read the response (and leave out rows where it is missing).
        groups : bool
            False leaves grouping columns unread, as if every level were new.

        Raises
        ------
        FormulaError
            A column is not in the table.
        DataError
            A fixed factor has a level that was not there in training.

        Examples
        --------
        >>> from mixedeffects.design import build_design
        >>> table = {"y": [1.0, 2, 4, 3, 5, 7], "x": [0, 1, 2] * 2, "g": list("aaabbb")}
        >>> spec = build_design("y ~ scale(x) + (1 | g)", table).spec
        >>> new = spec.rebuild({"x": [1, 5], "g": ["b", "c"]})
        >>> new.X.shape, new.blocks[0][0].tolist()
        ((2, 2), [1, -1])
        """
        table = open_table(data)
        used = self.used_columns(table, response=response, groups=groups)
        return self.rebuild_rows(
            table, used, new_rows(table, used), response=response, groups=groups
        )

    def used_columns(
        self, table: SourceTable, *, response: bool = False, groups: bool = True
    ) -> list:
        """Columns of a table that `rebuild` reads.

        Raises
        ------
        FormulaError, DataError
            A column is not in the table.
        """
        if self.exposure == NUMBERS:
            raise DataError(
                "the exposure of the fit was numbers and not a column, so that of new rows is not "
                "known\nput it in a column and fit with exposure='column'"
            )
        if self.exposure is not None and self.exposure not in table.names:
            raise DataError(f"no column '{self.exposure}' in the table, the exposure of the fit")
        formula = self.formula
        used = list(formula.column_names)
        if not response:
            used = right_columns(formula)
        if not groups:
            grouping = {name for part in formula.random for name in group_columns(part)}
            needed = read_columns(formula, response)
            used = [name for name in used if name not in grouping or name in needed]
        used = find_columns(formula, table, used)
        if response and self.answer is not None and self.answer.form == "proportion":
            if self.weights is None or self.weights not in table.names:
                named = "numbers, not a column" if self.weights is None else f"'{self.weights}'"
                raise DataError(
                    f"the response '{self.response}' is a proportion whose numbers of trials were "
                    f"the weights ({named}); the table does not have them"
                )
            used = list(dict.fromkeys((*used, self.weights)))
        return used

    def rebuild_rows(
        self,
        table: SourceTable,
        used: Sequence[str],
        report: MissingReport,
        *,
        response: bool = False,
        groups: bool = True,
    ) -> Rebuilt:
        """The same columns for chosen rows, which must be complete.

        Parameters
        ----------
        used : list of str
            As `used_columns` says.
        report : MissingReport
            With the rows.
        response, groups : bool
            As for `rebuild`.
        """
        formula = self.formula
        columns = {name: table.column(name).select(report.kept) for name in used}
        for column in columns.values():
            refuse_infinite(column)
        values = Evaluator(
            self.text,
            columns,
            report.n_used,
            states=self.states,
            levels=self.levels,
            training=False,
            kept=report.kept,
        )
        whole, names, _ = model_matrix(formula.fixed, values)
        known = [(formula.fixed, whole, names)]
        X = select_columns(whole, range(1, whole.shape[1])) if self.thresholds else whole
        dropped = None
        if self.kept_columns is not None:
            gone = np.setdiff1d(np.arange(X.shape[1]), self.kept_columns)
            dropped = select_columns(X, gone.tolist())
            X = select_columns(X, self.kept_columns)
        blocks = []
        for members, labels in zip(self.block_terms, self.block_labels, strict=True):
            parts = [formula.random[i] for i in members]
            if groups:
                codes = self._codes(table, parts[0], values, labels, report)
            else:
                codes = np.full(report.n_used, -1, dtype=np.int32)
            Z = join_columns(
                [effect_columns(part.effects, values, known)[0] for part in parts], report.n_used
            )
            blocks.append((codes, Z))
        y, size = self._response(formula, values) if response else (None, None)
        return Rebuilt(X, blocks, offset_values(formula, values), report.kept, y, size, dropped)

    def _codes(
        self, table: SourceTable, part: Any, values: Evaluator, labels: Any, report: MissingReport
    ) -> np.ndarray:
        """Codes of the kept rows among trained levels, -1 for new levels and missing ones."""
        names = [name for name in group_columns(part) if name in values.columns]
        known = new_rows(table, names).kept  # of all rows of the table
        if known is None or bool(known[report.kept if report.kept is not None else ...].all()):
            return new_codes(part.group, values, labels, report.n_used)
        both = known if report.kept is None else known & report.kept
        n = int(np.count_nonzero(both))
        columns = {name: table.column(name).select(both) for name in names}
        complete = Evaluator(
            self.text, columns, n, states=self.states, levels=self.levels, training=False, kept=both
        )
        codes = np.full(report.n_used, -1, dtype=np.int32)
        place = both if report.kept is None else both[report.kept]
        codes[place] = new_codes(part.group, complete, labels, n)
        return codes

    def _response(
        self, formula: Formula, values: Evaluator
    ) -> tuple[np.ndarray, np.ndarray | None]:
        if self.answer is None:  # a linear model's, in a file of an earlier version
            return response_values(formula, values), None
        weights = None
        if self.answer.form == "proportion":
            weights = np.asarray(values.columns[self.weights or ""].values, dtype=np.float64)
        found = read_response(formula, values, self.answer.kind, weights, known=self.answer)
        return found.y, found.size

    def fixed_columns(self, data: Any) -> tuple[Matrix, np.ndarray | None]:
        """Fixed-effect columns of complete rows, those included that the fit dropped.

        Parameters
        ----------
        data : table
            Only what the fixed effects and offsets read.

        Returns
        -------
        X : (m, p_all) array or ColumnMatrix
            Without an intercept where thresholds take its place.
        offset : (m,) array or None
            An exposure that was numbers counts as one.

        Examples
        --------
        >>> from mixedeffects.design import build_design
        >>> table = {"y": [1.0, 2, 4, 3, 5, 7], "x": [0, 1, 2] * 2, "g": list("aaabbb")}
        >>> spec = build_design("y ~ x + I(2 * x) + (1 | g)", table).spec
        >>> spec.x_names, spec.fixed_columns({"x": [3]})[0]
        (('(Intercept)', 'x'), array([[1., 3., 6.]]))
        """
        formula = self.formula
        table = open_table(data)
        nodes = [v.node for v in (*formula.fixed.variables, *formula.offsets)]
        used = list(dict.fromkeys(name.name for node in nodes for name in column_names(node)))
        columns = {name: table.column(name) for name in find_columns(formula, table, used)}
        values = Evaluator(
            self.text, columns, table.n_rows, states=self.states, levels=self.levels, training=False
        )
        X, _, _ = model_matrix(formula.fixed, values)
        if self.thresholds:
            X = select_columns(X, range(1, X.shape[1]))
        return X, offset_values(formula, values)

    def to_frame(
        self, columns: dict[str, Any], index: Any = None, flavour: str | None = None
    ) -> Any:
        """A result table in the library of the table the model was fitted to, or another.

        Parameters
        ----------
        index : pandas Index, optional
            Labels of the rows, where the library is pandas.
        flavour : str, optional
            Another library than that of the model's table.
        """
        return to_frame(columns, flavour or self.flavour, index)

    def to_dict(self) -> dict[str, Any]:
        """A form that `json.dumps` accepts; `from_dict` is its inverse."""
        plain = {
            name: getattr(self, name)
            for name in ("text", "flavour", "response", "weights", "states")
        }
        for name in ("dot", "columns", "x_names", "x_terms", "terms", "kept_columns"):
            value = getattr(self, name)
            plain[name] = None if value is None else list(value)
        plain["levels"] = {
            text: {
                "labels": labels_to_dict(coded.labels),
                "contrast": [coded.contrast.kind, coded.contrast.base],
            }
            for text, coded in self.levels.items()
        }
        plain["block_terms"] = [list(members) for members in self.block_terms]
        plain["block_labels"] = [labels_to_dict(labels) for labels in self.block_labels]
        if self.answer is not None:
            plain["answer"] = self.answer.to_dict()
        if self.thresholds:
            plain["thresholds"] = True
        if self.exposure is not None:
            plain["exposure"] = self.exposure
        return plain

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> ModelSpec:
        """The spec that `to_dict` wrote."""
        plain = dict(data)
        for name in ("dot", "columns", "x_names", "x_terms", "terms", "kept_columns"):
            plain[name] = None if data[name] is None else tuple(data[name])
        plain["levels"] = {
            text: Coded(NO_CODES, labels_from_dict(entry["labels"]), Contrast(*entry["contrast"]))
            for text, entry in data["levels"].items()
        }
        plain["block_terms"] = tuple(tuple(members) for members in data["block_terms"])
        plain["block_labels"] = tuple(labels_from_dict(entry) for entry in data["block_labels"])
        if "answer" in data:
            from mixedeffects.design.response_form import ResponseForm

            plain["answer"] = ResponseForm.from_dict(data["answer"])
        return cls(**plain)


def new_rows(table: SourceTable, used: Iterable[str]) -> MissingReport:
    """Which rows of a new table are complete in the columns used."""
    return find_missing([table.column(name) for name in used], table.n_rows, new=True)


def offset_values(formula: Formula, values: Evaluator) -> np.ndarray | None:
    """Sum of the formula's offsets, or None."""
    if not formula.offsets:
        return None
    total = np.zeros(values.n)
    for offset in formula.offsets:
        total += values.vector(offset.node)
    return total
