"""Which linear functions of all the columns of a model matrix its kept columns can estimate."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedeffects.errors import DataWarning, depth_of_package

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import HasColumns

# A dropped column counts as matched when its coefficient differs from what the kept ones imply by
# less than this fraction of what was added up: the fit knew the dependency to about 7 digits.
MATCH = 1e-6
# rows that are looked at together
CHUNK = 16_384


@dataclass(frozen=True, slots=True, eq=False)
class Aliasing:
    """How the columns that the fit dropped follow from those it kept.

    Attributes
    ----------
    kept : (p,) int array
        Positions of the kept columns among all.
    dropped : (d,) int array
    coefficients : (p, d) array
        Column dropped[j] is the sum of the kept columns times coefficients[:, j].
    names : tuple of str
        Of the dropped columns.
    constants : (d,) array
        What else a dropped column is: a constant that thresholds hold, in place of an intercept.
    """

    kept: np.ndarray
    dropped: np.ndarray
    coefficients: np.ndarray
    names: tuple[str, ...]
    constants: np.ndarray

    @classmethod
    def of_nothing(cls, p):
        """Of p columns none of which was dropped."""
        return cls(np.arange(p), np.arange(0), np.zeros((p, 0)), (), np.zeros(0))

    def reduce(self, rows):
        """The part of (m, p_all) rows on the kept columns, and which rows are estimable.

        A row is estimable when its coefficient of every dropped column is what the kept columns'
        coefficients imply (Searle 1971, Linear Models, §5.4). Returns L (m, p) array, estimable
        (m,) bool array.

        Examples
        --------
        >>> import numpy as np
        >>> aliasing = Aliasing(
        ...     np.array([0]), np.array([1]), np.array([[2.0]]), ("2x",), np.zeros(1)
        ... )
        >>> aliasing.reduce(np.array([[1.0, 2.0], [1.0, 0.0]]))[1]
        array([ True, False])
        """
        L = rows[:, self.kept]
        if self.dropped.size == 0:
            return L, np.ones(rows.shape[0], dtype=bool)
        return L, self.matched(L, rows[:, self.dropped]).all(axis=1)

    def matched(self, L, given, constant=0.0):
        """Where coefficients of dropped columns are what those of the kept ones imply.

        Returns (m, d) bool array.

        Parameters
        ----------
        L : (m, p) array
            On the kept columns.
        given : (m, d) array
            On the dropped ones.
        constant : float
            On the constant that thresholds hold.
        """
        implied = L @ self.coefficients + constant * self.constants
        size = np.abs(given) + np.abs(L) @ np.abs(self.coefficients)
        size += np.abs(constant * self.constants)
        return np.abs(given - implied) <= MATCH * size

    def matrix(self):
        """(p, p_all) matrix K with X_all = X K."""
        K = np.zeros((self.kept.size, self.kept.size + self.dropped.size))
        K[np.arange(self.kept.size), self.kept] = 1.0
        K[:, self.dropped] = self.coefficients
        return K


def aliasing(fit: HasColumns):
    """The `Aliasing` of a fit, kept with it."""
    if "aliasing" not in fit.cache:
        design = fit.design
        p, d = len(design.x_names), len(design.aliased)
        kept = design.spec.kept_columns
        kept = np.arange(p) if kept is None else np.array(kept, dtype=int)
        coefficients = np.zeros((p, d))
        for j, column in enumerate(design.aliased):
            for i, value in column.combination:
                coefficients[i, j] = value
        fit.cache["aliasing"] = Aliasing(
            kept,
            np.setdiff1d(np.arange(p + d), kept),
            coefficients,
            tuple(column.name for column in design.aliased),
            np.array([column.constant for column in design.aliased], dtype=float),
        )
    return fit.cache["aliasing"]


@dataclass(frozen=True, slots=True)
class Lost:
    """Rows of a table that the columns kept by a fit cannot predict.

    Attributes
    ----------
    rows : (m,) bool array
    reasons : tuple of str
        What held in the rows of the fit and does not in these.
    """

    rows: Any
    reasons: tuple[str, ...]

    @classmethod
    def of(cls, part, X, dropped):
        """The rows of a linear predictor that cannot be predicted; None where all can.

        A row is a linear function of the coefficients, estimable where its dropped columns are what
        the kept ones imply (Searle 1971, Linear Models, §5.4). Takes X (m, p) array or
        ColumnMatrix; dropped (m, d) array, ColumnMatrix or None.

        Parameters
        ----------
        part : Fit or the like
            With ``design`` and ``cache``.
        """
        if dropped is None:
            return None
        known, m = aliasing(part), X.shape[0]
        constant = float(part.design.spec.thresholds)
        bad = np.zeros(m, dtype=bool)
        guilty = np.zeros(known.dropped.size, dtype=bool)
        for lo in range(0, m, CHUNK):
            rows = slice(lo, min(lo + CHUNK, m))
            other = ~known.matched(np.asarray(X[rows]), np.asarray(dropped[rows]), constant)
            bad[rows] = other.any(axis=1)
            guilty |= other.any(axis=0)
        if not bad.any():
            return None
        aliased = part.design.aliased
        return cls(bad, tuple(aliased[j].reason for j in np.flatnonzero(guilty)))

    @staticmethod
    def either(found):
        """Rows that any of several linear predictors has lost; None where none has."""
        found = [lost for lost in found if lost is not None]
        if not found:
            return None
        reasons = dict.fromkeys(reason for lost in found for reason in lost.reasons)
        return Lost(np.any([lost.rows for lost in found], axis=0), tuple(reasons))

    @property
    def why(self):
        """What held in the rows of the fit, in words."""
        more = len(self.reasons) - 3
        shown = "; ".join(self.reasons[:3]) + (f"; … and {more} more" if more > 0 else "")
        return f"in the rows of the fit {shown}"

    def warn(self):
        """Say how many rows are nan, and why. Warns DataWarning."""
        n, m = int(self.rows.sum()), self.rows.size
        one = n == 1
        warnings.warn(
            f"{n} of {m} row{'s' * (m > 1)} cannot be estimated from this fit, and "
            f"{'its prediction is' if one else 'their predictions are'} nan: {self.why}",
            DataWarning,
            stacklevel=depth_of_package(),
        )
