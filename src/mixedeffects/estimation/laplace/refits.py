"""Refits of a generalised model to other responses, or to other rows, from a fit's optimum.

Rows, factors and coordinates are those of the fit, so only the response is exchanged; the search
starts from the fit's parameters with its curvature, and the modes from the random effects that a
response was drawn with. That leaves three to five evaluations a refit.
"""

from __future__ import annotations

import warnings
from copy import copy
from dataclasses import dataclass, replace

import numpy as np

from mixedeffects.errors import ConvergenceWarning, MixedEffectsError, ModelError
from mixedeffects.estimation.boundary.laplace import examine, snapped
from mixedeffects.estimation.laplace.assemble import assemble, threshold_rows
from mixedeffects.estimation.laplace.curvature import guess, hessian, quick_hessian
from mixedeffects.estimation.laplace.fit import fit_laplace
from mixedeffects.estimation.laplace.objective import StartingPoint, with_problem
from mixedeffects.estimation.laplace.quadrature import QuadratureObjective
from mixedeffects.estimation.laplace.quasi_newton import quasi_newton
from mixedeffects.estimation.laplace.quick import QuickObjective
from mixedeffects.estimation.laplace.separation import (
    far_extras,
    in_users,
    recession_of_refit,
)
from mixedeffects.estimation.newton import newton_step
from mixedeffects.estimation.refits import CONVERGED, FAILED, SINGULAR
from mixedeffects.family import Response, require_means

# Newton decrement at which a search ends: the step that is left, of less than a hundredth of a
# standard error, is made without looking again
ENOUGH = 1e-4
MOST_ITERATIONS = 60
# standard error, per root mean square of its column, of a coefficient that may be infinite
WIDE = 1.0
ROUNDS = 3


@dataclass(frozen=True, slots=True, eq=False)
class Refit:
    """One refit, in the user's coordinates.

    Attributes
    ----------
    status : int
        `CONVERGED`, `SINGULAR` or `FAILED` of `mixedeffects.estimation.refits`.
    coefficients : (c,) array
        Of all predictors, in the order of the fit's parameters.
    theta : (n_theta,) array
    covariance : (p, p) array
        Of the main predictor's coefficients, theta known.
    evaluation : LaplaceEvaluation or None
    groups : tuple of Coefficients
    recession : Recession or None
        Which combinations of the coefficients are not finite (separation); those that are not are
        inf, -inf or nan.
    """

    status: int
    coefficients: np.ndarray
    theta: np.ndarray
    covariance: np.ndarray
    evaluation: object = None
    groups: tuple = ()
    recession: object = None


class LaplaceRefits:
    """The model of a fit, to be fitted again.

    Parameters
    ----------
    design : Design
    family : Family
    response : Response
    objective : LaplaceObjective or another with its interface
        Of the fit.
    groups : tuple of Coefficients
    coefficients, theta : arrays
        The fit's, in the user's coordinates.
    merged : bool
        Whether the fit's rows stand for several of the data's, which have responses of their own.
    curvature : callable
        To the (P, P) second derivatives at the fit.
    """

    def __init__(
        self, design, family, response, objective, groups, coefficients, theta, merged, curvature
    ):
        self.design, self.family, self.response = design, family, response
        self._objective, self._groups = objective, groups
        self._coefficients, self._theta = coefficients, theta
        self._merged, self._curvature = merged, curvature
        self._common = None

    @classmethod
    def of(cls, fit):
        """Of a GLMMFit."""
        return cls(
            fit.design, fit.family, fit.response, fit.evaluation.objective, fit.coefficients,
            fit.estimates[: fit.estimates.size - fit.theta.size], fit.theta,
            fit.row_of is not None, lambda: fit.engine_hessian,
        )  # fmt: skip

    # the fit's own rows ---------------------------------------------------------------------

    @property
    def common(self):
        """What all refits to the same rows share: objective, groups, x, curvature, lambdas."""
        if self._common is None:
            objective, groups = self._objective, self._groups
            if self._merged:
                objective, groups = self._assembled(self.design, self.response)
            problem = objective.problem
            x = self._start(problem, groups)
            if self._merged:
                at = objective.evaluate(x)
                if not np.isfinite(at.value):
                    raise ModelError(
                        "the likelihood cannot be computed again at the estimates, so that nothing "
                        "can be refitted from there\nsee fit.certificate for what the fit lacks"
                    )
                form = quick_hessian if isinstance(objective, QuickObjective) else hessian
                H = form(at, _positive(guess(at)[0]))
            else:
                H = self._curvature()
            lambdas = problem.covariance.lambdas(problem.theta(x))
            self._common = objective, groups, x, _positive(H), lambdas
        return self._common

    @property
    def compiled(self):
        """Whether most of the work is done outside the interpreter, where threads help."""
        return not hasattr(self.common[0].problem.system, "wide")

    def worker(self):
        """A worker with a state of its own, for one thread."""
        return Worker(self)

    # other rows -----------------------------------------------------------------------------

    def rows(self, design):
        """A refit to other rows.

        Parameters
        ----------
        design : Design
        """
        response, K = Response.of(design), np.unique(design.y).size
        if "upper" in self.family.extras and np.unique(self.design.y).size != K:
            return self.failed()
        try:
            self.family.check(response, "the response")
            objective, groups = self._assembled(design, response)
            x = self._start(objective.problem, groups)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                evaluation, certificate, _ = fit_laplace(objective, start=x)
        except (MixedEffectsError, np.linalg.LinAlgError, FloatingPointError):
            return self.failed()
        status = SINGULAR if certificate.singular else CONVERGED
        return self.refit(evaluation, groups, status if certificate.converged else FAILED)

    def failed(self):
        p = self._groups[0].T.shape[0]
        return Refit(
            FAILED, np.full(self._coefficients.size, np.nan), np.full(self._theta.size, np.nan),
            np.full((p, p), np.nan),
        )  # fmt: skip

    def refit(self, evaluation, groups, status, step=0.0):
        """An optimum, and the step to it that is left, in the user's coordinates."""
        if status == FAILED:
            return self.failed()
        x = evaluation.estimates + step
        covariance = evaluation.objective.problem.covariance
        coefficients = np.concatenate([g.T @ x[g.part] for g in groups])
        theta = covariance.to_user(x[evaluation.objective.problem.n_fixed :])
        if not (np.isfinite(coefficients).all() and np.isfinite(theta).all()):
            return self.failed()
        covariance = fixed_covariance(evaluation, groups[0].T)
        faint = _faint(covariance, groups[0].T) or bool(far_extras(evaluation))
        recession = recession_of_refit(evaluation) if faint else None
        if recession is not None:
            recession = in_users(recession, groups)
            limits = recession.limits(np.eye(coefficients.size))
            coefficients = np.where(limits != 0, limits, coefficients)
            lost = np.flatnonzero(limits[: covariance.shape[0]] != 0)
            covariance[lost], covariance[:, lost] = np.nan, np.nan
        return Refit(status, coefficients, theta, covariance, evaluation, groups, recession)

    def _assembled(self, design, response):
        problem, groups, _ = assemble(self.family, response, design)
        objective = with_problem(self._objective, problem)
        if isinstance(objective, QuadratureObjective):
            objective.codes = problem.system.rows.codes[0]
        return objective, groups

    def _start(self, problem, groups):
        x, at = np.empty(problem.n_parameters), 0
        for g in groups:
            p = g.T.shape[0]
            x[g.part] = np.linalg.solve(g.T, self._coefficients[at : at + p])
            at += p
        x[problem.n_fixed :] = problem.covariance.from_user(self._theta)
        return x


class Worker:
    """Refits of other responses of the same rows, one after the other.

    Parameters
    ----------
    refits : LaplaceRefits
    """

    def __init__(self, refits):
        self._refits = refits
        objective, self._groups, self._x, self._H, self._lambdas = refits.common
        problem = copy(objective.problem)
        problem.system = copy(problem.system)  # which keeps the scaled rows of one Lambda
        self._objective, self._problem = with_problem(objective, problem), problem
        self._fixed = problem.fixed(self._x)
        self.evaluations = 0

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

        Parameters
        ----------
        y : (n,) array
            On the family's scale.
        u : (columns,) array
            Where to start the search for the modes.

        Returns
        -------
        Refit
        """
        problem = with_response(self._problem, self.response(y))
        if problem is None:
            return self._refits.failed()
        objective = with_problem(self._objective, problem)
        near = StartingPoint.at(problem, self._x, u)
        try:
            first = objective.evaluate(self._x, near=near)
            evaluation, status, step = self._search(objective, first)
        except np.linalg.LinAlgError:
            return self._refits.failed()
        self.evaluations += objective.evaluations
        return self._refits.refit(evaluation, self._groups, status, step)

    def _search(self, objective, first):
        if not np.isfinite(first.value):
            return first, FAILED, 0.0
        H = self._H
        for _ in range(ROUNDS):
            result, H = quasi_newton(
                objective, first, H, tolerance=ENOUGH, max_iterations=MOST_ITERATIONS
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


def fixed_covariance(evaluation, T):
    """Covariance of the main predictor's coefficients at known theta, (X'V^-1X)^-1.

    Parameters
    ----------
    evaluation : LaplaceEvaluation
    T : (p, p) array
        From the engine's coefficients to the user's.

    Returns
    -------
    (p, p) array
        nan where the matrix is not positive definite.
    """
    problem, mode = evaluation.objective.problem, evaluation.mode
    system, stacking, X = problem.system, problem.stacking, problem.predictors[0].X
    if 0 not in stacking.variables:
        return np.full(T.shape, np.nan)
    system.scale(evaluation.lambdas)
    rows = stacking.directions([X] + [np.zeros_like(X)] * (len(stacking.variables) - 1))
    weighted = mode.weights[:, None] * rows
    Y = system.gather(weighted)
    S = rows.T @ weighted - Y.T @ mode.factor.solve(Y) if T.size else np.empty((0, 0))
    try:
        half = np.linalg.solve(np.linalg.cholesky(S), T.T)
    except np.linalg.LinAlgError:
        return np.full(T.shape, np.nan)
    return half.T @ half


def _faint(covariance, T):
    """Whether the main predictor has a direction of next to no information, or may have one.

    Parameters
    ----------
    covariance : (p, p) array
        As `fixed_covariance`.
    T : (p, p) array
    """
    if not np.isfinite(covariance).all():
        return True
    scale = np.sqrt((T * T).sum(axis=1))
    return bool((np.sqrt(covariance.diagonal()) > WIDE * scale).any())


def _positive(H):
    """H with its eigenvalues' moduli, none too small."""
    values, vectors = np.linalg.eigh(0.5 * (H + H.T))
    values = np.maximum(np.abs(values), 1e-8 * max(np.abs(values).max(initial=0.0), 1e-8))
    return (vectors * values) @ vectors.T
