"""Wald: the covariance given theta, compared with the normal and chi-squared distributions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.inference.df.methods import JointTest, independent_rows

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit


class Wald:
    """Normal theory: no degrees of freedom, right for many groups only."""

    label = "z (Wald)"

    def __init__(self, fit: Fit):
        self.vcov, self._recession = fit.vcov_beta, fit.recession

    def df(self, L):
        """Infinite for every row of L."""
        return np.full(L.shape[0], np.inf)

    def joint(self, L, estimates):
        """F = chi-squared / rank with infinite denominator degrees of freedom.

        Without a statistic where a row has no finite estimate (separation): there the curvature
        of the likelihood is none of a normal distribution.
        """
        rows, values = independent_rows(L, estimates)
        rank = values.size
        if self._recession is not None and (self._recession.limits(L) != 0).any():
            return JointTest(np.nan, float(rank), np.inf)
        if rank == 0:
            return JointTest(np.nan, 0.0, np.inf)
        F = float(values @ np.linalg.solve(rows @ self.vcov @ rows.T, values)) / rank
        return JointTest(F, float(rank), np.inf)
