"""A fit without some of its rows, from cross-products that these rows are taken out of."""

from __future__ import annotations

import warnings

import numpy as np

from mixedeffects.crossprod import CrossProducts
from mixedeffects.design import take_rows
from mixedeffects.engine import Solver, threads_for
from mixedeffects.errors import ConvergenceWarning, ModelError
from mixedeffects.estimation.minimize import minimize
from mixedeffects.estimation.objective import LMMObjective

# smallest eigenvalue of X'WX, of the largest, that still determines all coefficients
RANK = 1e-11


class Deletions:
    """Leaves out one unit of rows at a time.

    Parameters
    ----------
    fit : Fit
    units : Clusters
    """

    def __init__(self, fit, units):
        self.fit, self.units = fit, units
        self.objective = fit.evaluation.objective
        self.plan = fit.plan
        # a start on the boundary may be a saddle of the reduced problem
        inside = all(np.abs(Lam.diagonal()).min() > 1e-4 for Lam in fit.evaluation.lambdas)
        self.start = fit.evaluation.theta if inside else None

    def without(self, j, *, hold=False):
        """The fit without unit j.

        Parameters
        ----------
        j : int
        hold : bool
            Keep theta.

        Returns
        -------
        tuple or None
            beta^ - beta^_j (p,), information (p, p) in coordinates with X^'V^-1X^ = I at the
            full fit, residual variance, theta, whether it converged. None when the remaining
            rows do not determine the coefficients, or leave no residual variance.
        """
        units, objective = self.units, self.objective
        rows = units.order[units.start[j] : units.start[j + 1]]
        stats = objective.stats.remove(self._products(rows))
        p = stats.p
        if p:
            eigenvalues = np.linalg.eigvalsh(stats.xx[:p, :p])
            if eigenvalues[0] < RANK * eigenvalues[-1]:
                return None
        if stats.n - p < 1:
            return None
        with threads_for(self.plan.columns), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            reduced = LMMObjective(
                stats, Solver(stats, self.plan), objective.parameters, objective.reml
            )
            if hold:
                evaluation, converged = reduced.evaluate(self.fit.evaluation.theta), True
            else:
                try:
                    evaluation, certificate = minimize(reduced, start=self.start)
                except ModelError:
                    return None
                converged = certificate.converged
        if not np.isfinite(evaluation.value):
            return None
        return self._compare(evaluation, converged)

    def _compare(self, evaluation, converged):
        whole, fact = self.fit.evaluation.factorisation, evaluation.factorisation
        R = whole.RX
        A = np.linalg.solve(R.T, fact.RX.T).T
        return (
            R @ (whole.beta() - fact.beta()),
            A.T @ A,
            evaluation.s2,
            self.objective.parameters.to_user(evaluation.theta),
            converged,
        )

    def _products(self, rows):
        """Cross-products of some rows, in the coordinates of the fit."""
        design, stats = self.fit.design, self.objective.stats
        return CrossProducts.of(take_rows(design, rows), stats.layout, stats.reference)
