"""The quick form of Laplace's approximation: coefficients are found together with the modes.

With u and beta both minimising F at fixed theta, d(theta) = 2 F(u^, beta^) + log|M| is a function
of theta and the other predictors' coefficients alone: fewer outer parameters, estimates that
are a little off where groups are small (lme4's nAGQ = 0).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mixedeffects.errors import ModelError
from mixedeffects.estimation.laplace.mode import find_mode
from mixedeffects.estimation.laplace.objective import (
    LaplaceEvaluation,
    LaplaceObjective,
    pull_back,
    row_products,
)


class QuickObjective(LaplaceObjective):
    """d(theta) with the coefficients at their joint mode; those places of x are not read."""

    def __init__(self, problem):
        super().__init__(problem)
        if problem.predictors[0].variable not in problem.stacking.variables:
            raise ModelError(
                "nagq=0 needs random effects in the main formula\n"
                "use nagq=1, Laplace's approximation"
            )

    def _at(self, x, near):
        return QuickEvaluation(self, x, near)


class QuickEvaluation(LaplaceEvaluation):
    """One point; `estimates` has the coefficients found there."""

    __slots__ = ("_joint",)

    def __init__(self, objective, x, near):
        problem = objective.problem
        part, width = problem.predictors[0].part, problem.system.width
        self.objective, self._gradient, self.value = objective, None, np.inf
        self.x = x.copy()
        self.x[part] = 0.0
        self.lambdas = problem.covariance_parameters.lambdas(problem.theta(x))
        problem.system.scale(self.lambdas)
        unknown = WithCoefficients(problem, x)
        start = np.concatenate([np.zeros(width), x[part]])
        if near is not None:
            start = np.concatenate([near.mode.u, near.estimates[part]])
        found = find_mode(unknown, start, None, objective.settled_at)
        self.estimates, self.mode = unknown.parameters(found.u[width:]), found
        objective.steps += found.steps
        self.fixed = problem.fixed(self.estimates)
        if np.isfinite(found.value):
            self._joint = found.factor
            self.mode = replace(found, u=found.u[:width], factor=found.factor.factor)
            self.value = 2.0 * found.value + found.factor.logdet

    @property
    def gradient(self):
        if self._gradient is None:
            self.objective.gradients += 1
            self._gradient = quick_gradient(self)
        return self._gradient


class WithCoefficients:
    """F as a function of the random effects and the main coefficients; see `RandomEffects`."""

    def __init__(self, problem, x):
        self.problem, self._x = problem, x
        self.width, self.main = problem.system.width, problem.predictors[0]

    def parameters(self, beta):
        """All parameters, with these coefficients where there are any."""
        x = self._x.copy()
        if beta.size:
            x[self.main.part] = beta
        return x

    def linear_predictors(self, v):
        fixed = self.problem.fixed(self.parameters(v[self.width :]))
        return self.problem.with_random(fixed, v[: self.width])

    def penalty(self, v):
        u = v[: self.width]
        return 0.5 * float(u @ self.problem.system.times_precision(u))

    def gradient(self, v, terms):
        pull = self.problem.system.times_precision(v[: self.width])
        by_beta = -self.main.X.T @ terms[0,]
        return np.concatenate([pull - self.problem.gathered(terms), by_beta])

    def factorise(self, w):
        return JointFactor(self.problem, self.problem.system.factorise(w), w)


class JointFactor:
    """The curvature of F in (u, beta): M bordered by the weighted fixed-effect columns.

    Attributes
    ----------
    factor : factorisation of M
    logdet : float
        log|M|, without the border; inf if the whole is not positive definite.
    """

    def __init__(self, problem, factor, w):
        main, variables = problem.predictors[0], problem.stacking.variables
        self.factor, self.logdet = factor, factor.logdet
        if not np.isfinite(self.logdet):
            return
        others = [np.zeros_like(main.X)] * (len(variables) - 1)
        X = problem.stacking.directions([main.X, *others])
        WX = w[:, None] * X
        self._between = problem.system.gather(WX)
        self._solved = factor.solve(self._between)
        try:
            self._L = np.linalg.cholesky(X.T @ WX - self._between.T @ self._solved)
        except np.linalg.LinAlgError:
            self.logdet = np.inf

    def smallest_pivot(self):
        """Of M's elimination."""
        return self.factor.smallest_pivot()

    def solve(self, g):
        """The solution for a right-hand side (columns of u and beta,); nan where there is none."""
        from scipy.linalg import cho_solve

        if not np.isfinite(self.logdet):
            return np.full(g.shape, np.nan)
        r, s = g[: self._between.shape[0]], g[self._between.shape[0] :]
        a = self.factor.solve(r)
        b = cho_solve((self._L, True), s - self._between.T @ a)
        return np.concatenate([a - self._solved @ b, b])


def quick_gradient(evaluation):
    """dd/dx: Laplace's, with the coefficients responding as the modes do."""
    problem, mode = evaluation.objective.problem, evaluation.mode
    system, stacking, main = problem.system, problem.stacking, problem.predictors[0]
    V, h, c = row_products(evaluation)
    main_slope = c[stacking.variables.index(0)] if 0 in stacking.variables else 0.0
    s = main.X.T @ main_slope if main.X.shape[1] else np.zeros(0)
    both = evaluation._joint.solve(np.concatenate([system.gather(stacking.scores(c)), s]))
    a, b = both[: system.width], both[system.width :]
    out = pull_back(
        problem, evaluation, mode.terms, h, c, a, mode.weights, V, 1.0, moved=main.X @ b
    )
    out[main.part] = 0.0
    return out
