"""What predictions ask of a fit: how far they are from what they predict.

``fit.uncertainty(ddf)`` is one: `GLSErrors` of a linear model, `ModeErrors` of a generalised one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from mixedeffects.errors import NotAvailableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mixedeffects.inference.prediction.rows import PredictorRows

# rows whose columns are expanded at a time, and doubles in an array of a chunk
CHUNK, DOUBLES = 16_384, 4_000_000


class TooManyRows(NotAvailableError):
    """Rows whose errors would take minutes."""


class Uncertainty(Protocol):
    """Variances of the errors of linear functions of a fit's predictors, row by row."""

    def variance(
        self,
        rows: PredictorRows,
        weights: dict[str, np.ndarray],
        *,
        conditional: bool,
        spread: dict[str, np.ndarray] | None = None,
        also: Sequence[tuple[int, np.ndarray]] = (),
    ) -> np.ndarray:
        """(n,) variance of the error of sum_v weights_v predictor_v.

        With the random effects of known groups if `conditional`; `spread` has the weights of the
        variances that new groups add to predictors, which depend on theta, and `also` the places
        of further parameters and what they are multiplied with.
        """
        ...

    def effects(self) -> tuple[np.ndarray, ...]:
        """Per block of the main formula, the (q, k) variances of b^ - b."""
        ...

    def quantile(
        self,
        rows: PredictorRows,
        level: float,
        *,
        between: bool = False,
        residual: np.ndarray | None = None,
    ) -> float | np.ndarray:
        """How many standard deviations an interval reaches.

        Whether `between` says that the variance between groups is part of it; `residual` is the
        residual variance that is, if any.
        """
        ...


def chunks_of(n, width):
    """Slices of rows with at most `width` doubles a row."""
    step = int(max(64, min(CHUNK, DOUBLES // max(1, width))))
    for lo in range(0, n, step):
        yield slice(lo, min(lo + step, n))


def rows_of(matrix, rows, size):
    """Some rows of a model matrix as an array; None is a column of ones."""
    return np.ones((size, 1)) if matrix is None else np.asarray(matrix[rows])


def effect_variance(Z, Lam, rows):
    """(m,) variance z'Lam Lam'z that random effects with the factor Lam add to some rows."""
    out = np.empty(rows.size)
    for part in chunks_of(rows.size, Lam.shape[0]):
        half = rows_of(Z, rows[part], rows[part].size) @ Lam
        out[part] = np.einsum("nk,nk->n", half, half)
    return out
