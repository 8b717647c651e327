"""The arrays a formula and a table become.

These records are the contract between the formula/table side of the package and
its numerical side: everything below `design` reads only what is listed here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedeffects.formula import CORRELATED

if TYPE_CHECKING:
    from mixedeffects.design.column_matrix import Matrix
    from mixedeffects.design.sources import SourceColumns
    from mixedeffects.design.spec import ModelSpec

#: The linear predictor of the mean, among those of a design.
MAIN = "conditional"


@dataclass(frozen=True, slots=True, eq=False)
class Factor:
    """A grouping factor: labels for the integers in `codes`.

    Attributes
    ----------
    name : str
        As written in the formula: ``"Subject"``, or ``"batch:cask"`` for an interaction.
    codes : (n,) int32 array
        Level of each row, ``0 .. n_levels - 1``; every level occurs at least once.
    labels : tuple of str or sequence
        One label per level, in the sorted order R would give them (numbers numerically,
        categoricals in their own order, text alphabetically).
    """

    name: str
    codes: np.ndarray
    labels: tuple[Any, ...]

    @property
    def n_levels(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, slots=True)
class RandomTerm:
    """One ``(... | g)`` of the formula after expansion of ``/`` and ``||``.

    Attributes
    ----------
    text : str
        ``"(1 + Days | Subject)"``, canonical spelling.
    columns : tuple of int
        Positions of its columns within the block's `Z`.
    covariance : str
        Name of the covariance structure: `CORRELATED` (``|``), `UNCORRELATED` (``||``) or one that
        `mixedeffects.covariance.register` made known.
    """

    text: str
    columns: tuple[int, ...]
    covariance: str = CORRELATED


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """All random-effect columns that share one grouping factor.

    Attributes
    ----------
    names : tuple of str, length k
        Column names: ``("(Intercept)", "Days")``.
    Z : (n, k) float64 C-contiguous array, ColumnMatrix or None
        Model matrix of the terms, one row per observation; None when k = 1 and the
        column is all ones. The design's own `X` when the columns are the same.
    terms : tuple of RandomTerm
        Which columns covary; their `columns` partition ``range(k)`` in order.
    """

    factor: Factor
    names: tuple[str, ...]
    Z: Matrix | None
    terms: tuple[RandomTerm, ...]

    @property
    def k(self) -> int:
        return len(self.names)


@dataclass(frozen=True, slots=True)
class AliasedColumn:
    """A fixed-effect column that was dropped because others determine it.

    Attributes
    ----------
    reason : str
        In words: ``"style[Some] is a sum of professor columns"``.
    combination : tuple of (int, float)
        The column as a combination of the kept ones: their positions and coefficients.
    distant : bool
        Whether it was dropped only because it lies so far from zero that it is nearly constant;
        without its mean it is a column like others.
    constant : float
        What of it the constant is that the thresholds of an ordinal response hold, in place of an
        intercept.
    """

    name: str
    reason: str
    # known to rounding only, so no part of what makes two records equal
    combination: tuple[tuple[int, float], ...] = field(default=(), compare=False)
    distant: bool = False
    constant: float = field(default=0.0, compare=False)


@dataclass(frozen=True, slots=True, eq=False)
class MissingReport:
    """Rows left out because a used column was missing.

    Attributes
    ----------
    n_rows : int
        Rows of the table as given.
    n_used : int
        Rows kept.
    by_column : dict of str to int
        Missing values per used column (a row can count in several).
    kept : (n_rows,) bool array or None
        None when every row was kept.
    """

    n_rows: int
    n_used: int
    by_column: dict[str, int] = field(default_factory=dict)
    kept: np.ndarray | None = None


@dataclass(frozen=True, slots=True, eq=False)
class LinearPredictor:
    """What one formula says of the rows: fixed columns, an offset and random effects.

    Attributes
    ----------
    name : str
        `MAIN`, of the mean; "zi", of the extra zeros; or "dispersion".
    X : (n, p) float64 C-contiguous array or ColumnMatrix
        Fixed-effect columns, full column rank; p may be 0. A `ColumnMatrix` looks at the
        columns of a large table: a table that is changed in place afterwards changes it.
    blocks : tuple of Block
        One per grouping factor, in lme4's order (decreasing number of levels).
    offset : (n,) float64 array or None
        With the logarithm of an exposure.
    spec : ModelSpec
        Rebuilds the same columns for new data; also carries formula text and dataframe flavour.
    sources : SourceColumns or None
        The columns behind X, as they stand in the table; None for a fit saved without them.
    """

    name: str
    X: Matrix
    blocks: tuple[Block, ...]
    offset: np.ndarray | None
    aliased: tuple[AliasedColumn, ...]
    spec: ModelSpec
    sources: SourceColumns | None = None

    @property
    def x_names(self) -> tuple[str, ...]:
        """Names of the columns of X."""
        return self.spec.x_names

    def with_offset(self, more: np.ndarray) -> LinearPredictor:
        """The same with more added to the offset."""
        return replace(self, offset=more if self.offset is None else self.offset + more)


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """Response, model matrices and grouping factors of one model on one table.

    Attributes
    ----------
    y : (n,) float64 array
        The response; the number of successes of a binomial one, the code 0 .. K - 1 of the category
        of an ordinal one. Of a large table, a read-only view of its column.
    mean : LinearPredictor
        Of the main formula. For an ordinal response X has no intercept: thresholds take its place.
    notes : tuple of str
        Anything else the user must be told (unused levels dropped, ...), in words.
    weights : (n,) float64 array or None
        Prior weights, strictly positive. In a linear model Var(e_i) = sigma^2 / weights_i.
    size : (n,) float64 array or None
        Number of trials of a binomial response; None when it is one in every row.
    exposure : (n,) float64 array or None
    others : dict of str to LinearPredictor
        "zi" and "dispersion", where they have formulas; on the same rows.
    index : pandas Index or None
        Labels of all rows of the table as given; None where it had none.
    """

    y: np.ndarray
    mean: LinearPredictor
    missing: MissingReport
    notes: tuple[str, ...] = ()
    weights: np.ndarray | None = None
    size: np.ndarray | None = None
    exposure: np.ndarray | None = None
    others: dict[str, LinearPredictor] = field(default_factory=dict)
    index: Any = field(default=None, repr=False)

    @property
    def n(self) -> int:
        return self.y.shape[0]

    @property
    def predictors(self) -> dict[str, LinearPredictor]:
        """All linear predictors by name, that of the mean first."""
        return {MAIN: self.mean, **self.others}

    @property
    def specs(self) -> dict[str, ModelSpec]:
        """What is remembered of each linear predictor, as `rebuild_all` wants it."""
        return {name: one.spec for name, one in self.predictors.items()}

    @property
    def all_blocks(self) -> tuple[Block, ...]:
        """The blocks of all linear predictors, those of the mean first."""
        if not self.others:
            return self.mean.blocks
        return tuple(block for one in self.predictors.values() for block in one.blocks)

    @property
    def X(self) -> Matrix:
        return self.mean.X

    @property
    def x_names(self) -> tuple[str, ...]:
        return self.mean.spec.x_names

    @property
    def blocks(self) -> tuple[Block, ...]:
        return self.mean.blocks

    @property
    def offset(self) -> np.ndarray | None:
        return self.mean.offset

    @property
    def aliased(self) -> tuple[AliasedColumn, ...]:
        return self.mean.aliased

    @property
    def spec(self) -> ModelSpec:
        return self.mean.spec

    @property
    def sources(self) -> SourceColumns | None:
        return self.mean.sources

    @property
    def categories(self) -> Any:
        """Labels of an ordinal response, or of the two categories of a binomial one, or None."""
        answer = self.mean.spec.answer
        return None if answer is None else answer.labels

    @property
    def used_index(self) -> Any:
        """Labels of the rows used, a pandas Index; None where the table had none."""
        kept = self.missing.kept
        return self.index if self.index is None or kept is None else self.index[kept]

    def table_row(self, row: int) -> int:
        """Number in the table as given, from 0, of a row used."""
        return table_row(row, self.missing.kept)

    def changed(self, name: str = MAIN, /, **changes: Any) -> Design:
        """The same design with something of one linear predictor changed."""
        if name == MAIN:
            return replace(self, mean=replace(self.mean, **changes))
        return replace(self, others={**self.others, name: replace(self.others[name], **changes)})


def table_row(row: Any, kept: np.ndarray | None) -> int:
    """Number in the table as given, from 0, of a row used."""
    return int(row if kept is None else np.flatnonzero(kept)[row])
