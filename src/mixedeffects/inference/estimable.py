"""Which linear functions of all the columns of a model matrix its kept columns can estimate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# A dropped column counts as matched when its coefficient differs from what the kept ones imply by
# less than this fraction of what was added up: the fit knew the dependency to about 7 digits.
MATCH = 1e-6


@dataclass(frozen=True, slots=True)
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
    """

    kept: np.ndarray
    dropped: np.ndarray
    coefficients: np.ndarray
    names: tuple[str, ...]

    def reduce(self, rows):
        """The part of (m, p_all) rows on the kept columns, and which rows are estimable.

        A row is estimable when its coefficient of every dropped column is what the kept
        columns' coefficients imply (Searle 1971, Linear Models, §5.4).

        Returns
        -------
        L : (m, p) array
        estimable : (m,) bool array

        Examples
        --------
        >>> import numpy as np
        >>> aliasing = Aliasing(np.array([0]), np.array([1]), np.array([[2.0]]), ("2x",))
        >>> aliasing.reduce(np.array([[1.0, 2.0], [1.0, 0.0]]))[1]
        array([ True, False])
        """
        L = rows[:, self.kept]
        if self.dropped.size == 0:
            return L, np.ones(rows.shape[0], dtype=bool)
        given = rows[:, self.dropped]
        implied = L @ self.coefficients
        size = np.abs(given) + np.abs(L) @ np.abs(self.coefficients)
        return L, (np.abs(given - implied) <= MATCH * size).all(axis=1)

    def matrix(self):
        """(p, p_all) matrix K with X_all = X K."""
        K = np.zeros((self.kept.size, self.kept.size + self.dropped.size))
        K[np.arange(self.kept.size), self.kept] = 1.0
        K[:, self.dropped] = self.coefficients
        return K


def aliasing(fit):
    """The `Aliasing` of a fit, kept with it.

    Parameters
    ----------
    fit : FitRecord
    """
    if "aliasing" not in fit.cache:
        design = fit.design
        p, d = design.X.shape[1], len(design.aliased)
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
        )
    return fit.cache["aliasing"]
