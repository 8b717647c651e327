"""A fit without some of its rows, from cross-products that these rows are taken out of."""

from __future__ import annotations

import warnings

import numpy as np

from mixedeffects.crossprod import CrossProducts
from mixedeffects.design import take_rows
from mixedeffects.engine import Solver, threads_for
from mixedeffects.errors import ConvergenceWarning, ModelError
from mixedeffects.estimation.gls import GLS
from mixedeffects.estimation.minimize import minimize
from mixedeffects.estimation.objective import LMMObjective
from mixedeffects.estimation.refits.base import Change

# smallest eigenvalue of X'WX, of the largest, that still determines all coefficients
RANK = 1e-11


class Deletions:
    """Leaves out some rows at a time of a linear model, at the optimum `evaluation`."""

    def __init__(self, design, plan, evaluation):
        self.design, self.plan, self.whole = design, plan, evaluation
        self.objective = evaluation.objective
        self.inverse = np.linalg.inv(evaluation.factorisation.RX)
        # a start on the boundary may be a saddle of the reduced problem
        inside = all(np.abs(Lam.diagonal()).min() > 1e-4 for Lam in evaluation.lambdas)
        self.start = evaluation.theta if inside else None

    def without(self, rows, *, hold=False):
        """The `Change` by leaving out some rows."""
        found = self._fitted(rows, hold)
        p, k = self.objective.p, self.objective.parameters.n_theta
        if found is None:
            lost, none = np.full(p, np.nan), np.full((p, p), np.nan)
            return Change(lost, none, np.nan, np.full(k, np.nan), False, lost, lost)
        evaluation, converged = found
        before, after, s2 = self.whole.factorisation, evaluation.factorisation, evaluation.s2
        gls, A = GLS(evaluation), after.RX @ self.inverse
        delta, information = before.RX @ (before.beta() - after.beta()), A.T @ A
        return Change(
            delta, information, s2, self.objective.parameters.to_user(evaluation.theta), converged,
            gls.beta, np.sqrt(s2 * (gls.T_hat * gls.T_hat).sum(axis=1)),
        )  # fmt: skip

    def _fitted(self, rows, hold):
        """Optimum and whether it is certified; None without coefficients or residual variance."""
        objective = self.objective
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
                evaluation, converged = reduced.evaluate(self.whole.theta), True
            else:
                try:
                    evaluation, certificate = minimize(reduced, start=self.start)
                except ModelError:
                    return None
                converged = certificate.converged
        return (evaluation, converged) if np.isfinite(evaluation.value) else None

    def _products(self, rows):
        """Cross-products of some rows, in the coordinates of the fit."""
        stats = self.objective.stats
        return CrossProducts.of(take_rows(self.design, rows), stats.layout, stats.reference)
