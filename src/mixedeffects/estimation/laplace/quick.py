"""The quick form of Laplace's approximation: coefficients are found together with the modes.

With u and beta both minimising F at fixed theta, d(theta) = 2 F(u^, beta^) + log|M| is a function
of theta and the other predictors' coefficients alone: fewer outer parameters, estimates that
are a little off where groups are small (lme4's nAGQ = 0).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mixedeffects.estimation.laplace.mode import MAX_STEPS, NOWHERE, Mode
from mixedeffects.estimation.laplace.objective import (
    LaplaceEvaluation,
    LaplaceObjective,
    log_determinant_slopes,
    pull_back,
)


class QuickObjective(LaplaceObjective):
    """d(theta) with the coefficients at their joint mode; those places of x are not read."""

    def __init__(self, problem):
        super().__init__(problem)
        self._coefficients = None

    def evaluate(self, x, near=None):
        self.evaluations += 1
        near = self._near if near is None else near
        evaluation = QuickEvaluation(self, np.array(x, dtype=float), near)
        if np.isfinite(evaluation.value):
            self._near = evaluation
        return evaluation


class QuickEvaluation(LaplaceEvaluation):
    """One point; `estimates` has the coefficients found there."""

    __slots__ = ("_joint",)

    def __init__(self, objective, x, near):
        problem = objective.problem
        part = problem.predictors[0].part
        start = x if near is None else near.estimates
        self.objective, self._gradient, self.value = objective, None, np.inf
        self.x = x.copy()
        self.x[part] = 0.0
        self.lambdas = problem.covariance.lambdas(problem.theta(x))
        problem.system.scale(self.lambdas)
        self.estimates = x.copy()
        self.estimates[part] = start[part]
        u = np.zeros(problem.system.width) if near is None else near.mode.u
        self.mode, self._joint = joint_mode(problem, self.estimates, u, objective.settled_at)
        objective.steps += self.mode.steps
        self.fixed = problem.fixed(self.estimates)
        if np.isfinite(self.mode.value):
            self.value = 2.0 * self.mode.value + self.mode.factor.logdet

    @property
    def gradient(self):
        if self._gradient is None:
            self.objective.gradients += 1
            self._gradient = quick_gradient(self)
        return self._gradient


class JointFactor:
    """The matrix of (u, beta): M bordered by the weighted fixed-effect columns."""

    def __init__(self, problem, factor, w):
        X = problem.stacking.directions(
            [problem.predictors[0].X]
            + [np.zeros_like(problem.predictors[0].X)] * (len(problem.stacking.variables) - 1)
        )
        self.factor, WX = factor, w[:, None] * X
        self.between = problem.system.gather(WX)
        self.solved = factor.solve(self.between) if X.shape[1] else self.between
        S = X.T @ WX - self.between.T @ self.solved
        self.L = np.linalg.cholesky(S)

    def solve(self, r, s):
        """(a, b) with M a + between b = r and between'a + (X'WX) b = s."""
        from scipy.linalg import cho_solve

        a = self.factor.solve(r)
        b = cho_solve((self.L, True), s - self.between.T @ a)
        return a - self.solved @ b, b


def joint_mode(problem, x, u, settled_at):
    """Minimise F over u and the main coefficients; x is updated in place.

    Returns
    -------
    Mode, JointFactor
    """
    system, stacking, main = problem.system, problem.stacking, problem.predictors[0]
    last, settled = np.inf, False
    before: Any = None
    step: Any = None
    halvings = 0
    for count in range(MAX_STEPS):
        fixed = problem.fixed(x)
        terms = problem.terms(fixed, u, 2)
        value = 0.5 * float(u @ u) - float(terms[()].sum())
        if not value <= last + 1e-11 * (1.0 + abs(value)) and not settled:
            halvings += 1
            if step is None or halvings > 40:
                return NOWHERE, None
            step = step[0] * 0.5, step[1] * 0.5
            u = before[0] + step[0]
            x[main.part] = before[1] + step[1]
            continue
        halvings = 0
        w = stacking.weights(problem.information(terms))
        factor = system.factorise(w)
        if not np.isfinite(factor.logdet):
            w = problem.safe_weights(fixed, u, terms)
            factor = system.factorise(w)
        try:
            joint = JointFactor(problem, factor, w)
        except np.linalg.LinAlgError:
            return NOWHERE, None
        if settled:
            return Mode(u, value, terms, w, factor, count), joint
        r = system.gather(stacking.scores([terms[v,] for v in stacking.variables])) - u
        s = main.X.T @ terms[0,]
        step = joint.solve(r, s)
        settled = float(r @ step[0] + s @ step[1]) < settled_at
        last, before = value, (u, x[main.part].copy())
        u = u + step[0]
        x[main.part] += step[1]
    return NOWHERE, None


def quick_gradient(evaluation):
    """dd/dx: Laplace's, with the coefficients responding as the modes do."""
    problem, mode = evaluation.objective.problem, evaluation.mode
    system, stacking, main = problem.system, problem.stacking, problem.predictors[0]
    system.scale(evaluation.lambdas)
    terms = problem.terms(evaluation.fixed, mode.u, 3)
    V = mode.factor.row_inverses()
    h = stacking.products(np.einsum("ia,ia->i", system.Z, V))
    c = log_determinant_slopes(terms, h, stacking.variables, stacking.variables)
    main_slope = c[stacking.variables.index(0)] if 0 in stacking.variables else 0.0
    s = main.X.T @ main_slope if main.X.shape[1] else np.zeros(0)
    a, b = evaluation._joint.solve(system.gather(stacking.scores(c)), s)
    out = pull_back(problem, evaluation, terms, h, c, a, mode.weights, V, 1.0, moved=main.X @ b)
    out[main.part] = 0.0
    return out
