"""The fixed coefficients of one linear predictor: the optimiser's and the user's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


class RandomParts(tuple):
    """Per block of random effects what methods work with, which is not what users look for."""

    __slots__ = ()

    def __repr__(self):
        blocks = ", ".join(str(part[0].factor.name) for part in self)
        return f"<random effects of {blocks}: fit.ranef() is their table>"

    def __getitem__(self, key):
        try:
            return super().__getitem__(key)
        except (IndexError, TypeError):
            raise KeyError(
                f"{key!r}: predicted random effects are the rows of fit.ranef(), by its 'level'"
            ) from None


@dataclass(frozen=True, slots=True, eq=False)
class Coefficients:
    """One group of fixed coefficients: its place, and the way back to the user's columns.

    Attributes
    ----------
    name : str
        "conditional", "dispersion", "zi", "df" or "thresholds".
    part : slice
        Of the parameter vector.
    T : (p, p) array
        The columns X T are nearly orthonormal.
    shift : (p,) array or 0
        What was taken out of the response beforehand.
    """

    name: str
    part: slice
    T: np.ndarray
    shift: Any = 0.0

    def __repr__(self):
        return f"<place of the {self.name} coefficients; fit.fixef and fit.test() have estimates>"

    def of(self, x):
        """(p,) coefficients in the user's columns: T x[part] + shift."""
        return self.T @ x[self.part] + self.shift
