"""What a generalised fit knows of its optimum when its rows are left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mixedeffects.design import require_rows
from mixedeffects.errors import NotAvailableError


@dataclass(frozen=True, slots=True, eq=False)
class Optimum:
    """The place of an optimum, without what its likelihood is computed from.

    Attributes
    ----------
    value : float
        -2 log-likelihood.
    x : (P,) array
        The engine's parameters; `estimates` are the same with infinite ones at a bound.
    theta : (n_theta,) array
        Those of the covariances.
    lambdas : list of (k, k) arrays
    design : Design
        Without rows.
    """

    value: float
    x: np.ndarray
    estimates: np.ndarray
    theta: np.ndarray
    lambdas: Any
    design: Any

    @classmethod
    def of(cls, evaluation, design):
        """The place of an evaluation."""
        e = evaluation
        return cls(float(e.value), e.x, e.estimates, e.theta, e.lambdas, design)

    @property
    def objective(self):
        """Refused: there are no rows to compute it from."""
        return require_rows(self.design)


class KnownModes:
    """`ModeCurvature` without rows: what it says of one grouping factor at a time.

    Parameters
    ----------
    slopes : sequence of (q, k, P) arrays
    covariances : sequence of (q, k, k) arrays
        Per block, of the errors of its effects at known parameters.
    """

    def __init__(self, slopes, covariances):
        self.slopes, self.covariances = slopes, covariances

    def joint(self, codes, Z):
        """c'M^-1c of rows with effects of one block."""
        known = {f: c for f, c in codes.items() if (c >= 0).any()}
        if len(known) > 1:
            raise NotAvailableError(
                "random effects of several grouping factors are correlated, which a fit without "
                'its rows does not know\npredict with groups="population", or save the fit with '
                "fit.save(path, rows=True)"
            )
        out = np.zeros(next(iter(codes.values())).size)
        for f, c in known.items():
            rows = np.flatnonzero(c >= 0)
            z = Z[f][rows]
            out[rows] = np.einsum("na,nab,nb->n", z, self.covariances[f][c[rows]], z)
        return out

    def row_products(self):
        """Refused: it is about the rows of the fit."""
        raise NotAvailableError("this fit is without the rows it was fitted to")
