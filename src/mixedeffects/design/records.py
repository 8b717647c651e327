"""The arrays a formula and a table become.

These records are the contract between the formula/table side of the package and
its numerical side: everything below `design` reads only what is listed here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from mixedeffects.design.column_matrix import Matrix
    from mixedeffects.design.predictors import Predictors
    from mixedeffects.design.spec import ModelSpec


@dataclass(frozen=True, slots=True)
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
        Name of the covariance structure in the registry: ``"us"`` (unstructured,
        ``|``) or ``"diag"`` (``||``).
    """

    text: str
    columns: tuple[int, ...]
    covariance: str = "us"


@dataclass(frozen=True, slots=True)
class Block:
    """All random-effect columns that share one grouping factor.

    Attributes
    ----------
    factor : Factor
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
    name : str
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


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Design:
    """Response, model matrices and grouping factors of one model on one table.

    Attributes
    ----------
    y : (n,) float64 array
        Of a large table, a read-only view of its column.
    X : (n, p) float64 C-contiguous array or ColumnMatrix
        Fixed-effect columns, full column rank; p may be 0. A `ColumnMatrix` looks at the
        columns of a large table: a table that is changed in place afterwards changes it.
    x_names : tuple of str, length p
    blocks : tuple of Block
        One per grouping factor, in lme4's order (decreasing number of levels).
    weights : (n,) float64 array or None
        Prior weights: Var(e_i) = sigma^2 / weights_i. Strictly positive.
    offset : (n,) float64 array or None
    aliased : tuple of AliasedColumn
    missing : MissingReport
    notes : tuple of str
        Anything else the user must be told (unused levels dropped, ...), in words.
    spec : ModelSpec
        Rebuilds the same columns for new data; also carries formula text and dataframe flavour.
    predictors : Predictors or None
        The columns behind X, as they stand in the table; None for a fit saved without them.
    index : pandas Index or None
        Labels of all rows of the table as given; None where it had none.
    """

    y: np.ndarray
    X: Matrix
    x_names: tuple[str, ...]
    blocks: tuple[Block, ...]
    weights: np.ndarray | None
    offset: np.ndarray | None
    aliased: tuple[AliasedColumn, ...]
    missing: MissingReport
    notes: tuple[str, ...]
    spec: ModelSpec
    predictors: Predictors | None = None
    index: Any = field(default=None, repr=False)

    @property
    def n(self) -> int:
        return self.y.shape[0]

    @property
    def used_index(self) -> Any:
        """Labels of the rows used, a pandas Index; None where the table had none."""
        kept = self.missing.kept
        return self.index if self.index is None or kept is None else self.index[kept]
