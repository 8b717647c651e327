"""Refits of a generalised model to other responses of its rows, or without some of them.

Rows, factors and coordinates stay, so only the response is exchanged; the search starts from the
model's parameters with the curvature there (from other ones where these are infinite), and the
modes from the random effects that a response was drawn with. That leaves three to five evaluations
a refit.
"""

from __future__ import annotations

from copy import copy
from dataclasses import replace

import numpy as np

from mixedeffects.estimation.boundary.laplace import examine, snapped
from mixedeffects.estimation.laplace.assemble import threshold_rows
from mixedeffects.estimation.laplace.objective import StartingPoint, with_problem
from mixedeffects.estimation.laplace.quasi_newton import quasi_newton
from mixedeffects.estimation.newton import newton_step
from mixedeffects.estimation.refits import CONVERGED, FAILED, SINGULAR
from mixedeffects.family import Response, require_means

# Newton decrement at which a search ends: the step that is left, of less than a hundredth of a
# standard error, is made without looking again
ENOUGH = 1e-4
# and without some rows, where differences between refits are what is looked at
EXACT = 1e-9
MOST_ITERATIONS = 60
ROUNDS = 3


class Worker:
    """Refits of other responses of the same rows, one after the other."""

    def __init__(self, refits):
        self._refits = refits
        objective, self._groups, self._x, self._H, self._lambdas, begin = refits.common
        problem = copy(objective.problem)
        problem.system = copy(problem.system)  # which keeps the scaled rows of one Lambda
        self._objective, self._problem = with_problem(objective, problem), problem
        self._fixed, self._begin = problem.fixed(self._x), begin

    def draw(self, rng):
        """A response drawn from the fit, and the random effects it was drawn with."""
        problem = self._problem
        problem.system.scale(self._lambdas)
        u = rng.standard_normal(problem.system.width)
        predictors = problem.with_random(self._fixed, u)
        family = problem.family
        require_means(family, predictors[0])
        if "upper" in family.extras:
            part = problem.predictors[family.extras.index("upper") + 1].part
            return family.sample_categories(rng, predictors[0], self._x[part]), u
        return family.sample(rng, predictors, problem.response), u

    def response(self, y):
        """The family's response with other values in the rows of the fit."""
        old = self._problem.response
        return Response(y, old.size, old.weights)

    def refit(self, y, u):
        """Fit the model to another response.

        Returns a `Refit`.

        Parameters
        ----------
        y : (n,) array
            On the family's scale.
        u : (columns,) array
            Where to start the search for the modes.
        """
        return self._refit(self.response(y), u, ENOUGH)

    def without(self, rows, u):
        """Fit the model without some rows, which count zero times. Returns a `Refit`."""
        old = self._problem.response
        weights = np.ones(old.y.size) if old.weights is None else old.weights.copy()
        weights[rows] = 0.0
        return self._refit(Response(old.y, old.size, weights), u, EXACT)

    def _refit(self, response, u, tolerance):
        problem = with_response(self._problem, response)
        if problem is None:
            return self._refits.failed()
        objective = with_problem(self._objective, problem)
        near = StartingPoint.at(problem, self._begin, u)
        try:
            first = objective.evaluate(self._begin, near=near)
            evaluation, status, step = self._search(objective, first, tolerance)
        except np.linalg.LinAlgError:
            return self._refits.failed()
        return self._refits.refit(evaluation, self._groups, status, step)

    def _search(self, objective, first, tolerance):
        if not np.isfinite(first.value):
            return first, FAILED, 0.0
        H = self._H
        for _ in range(ROUNDS):
            result, H = quasi_newton(
                objective, first, H, tolerance=tolerance, max_iterations=MOST_ITERATIONS
            )
            evaluation = snapped(objective, result.evaluation)
            directions, lower = examine(evaluation)
            if lower is None:
                moved = evaluation is not result.evaluation
                status = SINGULAR if directions else CONVERGED
                if not result.converged and not moved:
                    status = FAILED
                step = 0.0
                if status == CONVERGED and not moved:
                    step = newton_step(H, evaluation.gradient, evaluation.x)[0]
                return evaluation, status, step
            first, H = lower, self._H
        return evaluation, FAILED, 0.0


def with_response(problem, response):
    """The same model of the same rows with another response.

    Returns
    -------
    Problem or None
        None where a category of an ordinal response does not occur.
    """
    out = copy(problem)
    out.response = response
    if "upper" not in problem.family.extras:
        return out
    if np.unique(response.y).size != np.unique(problem.response.y).size:
        return None
    predictors = list(problem.predictors)
    for name in ("upper", "lower"):
        variable = problem.family.extras.index(name) + 1
        X, offset = threshold_rows(response.y, below=name == "lower")
        predictors[variable] = replace(predictors[variable], X=X, offset=offset)
    out.predictors = tuple(predictors)
    return out
