"""Refits of a generalised model at given parameters: other responses, and other rows."""

from __future__ import annotations

import threading
import warnings
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mixedeffects.errors import ConvergenceWarning, MixedEffectsError, ModelError
from mixedeffects.estimation.laplace.assemble import assemble
from mixedeffects.estimation.laplace.curvature import guess, hessian, quick_hessian
from mixedeffects.estimation.laplace.fit import fit_laplace
from mixedeffects.estimation.laplace.objective import with_problem
from mixedeffects.estimation.laplace.quadrature import QuadratureObjective
from mixedeffects.estimation.laplace.quick import QuickObjective
from mixedeffects.estimation.laplace.refit_worker import Worker
from mixedeffects.estimation.laplace.separation import (
    far_extras,
    in_users,
    recession_of_refit,
)
from mixedeffects.estimation.laplace.start import start_point
from mixedeffects.estimation.refits import (
    CONVERGED,
    FAILED,
    SINGULAR,
    Change,
    Draws,
    Job,
    Refits,
    gather_design,
)
from mixedeffects.family import Response

# standard error, per root mean square of its column, of a coefficient that may be infinite
WIDE = 1.0
# refits to a thread at a time
RESPONSES = 4


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


class LaplaceRefits(Refits):
    """Refits of a generalised model at given parameters.

    Parameters
    ----------
    groups : tuple of Coefficients
        Of the problem of `objective`.
    objective : LaplaceObjective or another with its interface
        Its problem may have fewer rows than the design, where equal ones were merged.
    coefficients, theta : arrays
        In the user's coordinates.
    evaluation : LaplaceEvaluation, optional
        The objective there.
    parameters : object, optional
        With the objective's second derivatives there as its `hessian`.
    """

    sigma, compiled = 1.0, False

    def __init__(
        self, design, response, groups, objective, coefficients, theta, evaluation=None,
        parameters=None,
    ):  # fmt: skip
        self.design, self.family, self.response = design, objective.problem.family, response
        self._objective, self._groups = objective, groups
        self.coefficients, self.theta = coefficients, theta
        self._evaluation, self._parameters = evaluation, parameters

    @property
    def fixed(self):
        objective, _, x, *_ = self.common
        return tuple(objective.problem.fixed(x))

    @property
    def factors(self):
        return self._objective.problem.covariance_parameters.lambdas(self.theta)

    @cached_property
    def axes(self):
        evaluation = self._evaluation
        if evaluation is None:
            x = self._start(self._objective.problem, self._groups)
            evaluation = self._objective.evaluate(x)
        return fixed_axes(evaluation, self._groups[0].T)

    # the model's own rows -------------------------------------------------------------------

    @cached_property
    def common(self):
        """What all refits to the same rows share.

        Objective, groups, x, curvature, lambdas, and the point with that curvature that searches
        begin at: x, but inside where coefficients of x are at infinity, whence no search returns.
        """
        objective, groups = self._objective, self._groups
        merged = objective.problem.response.y.size != self.design.n
        if merged:
            objective, groups = self._assembled(self.design, self.response)
        problem = objective.problem
        x = begin = self._start(problem, groups)
        lost = self._at_infinity
        if self._parameters is None or merged or lost:
            if lost:
                begin = start_point(problem)
            at = objective.evaluate(begin)
            if not np.isfinite(at.value):
                raise ModelError(
                    "the likelihood cannot be computed again at the estimates, so that nothing "
                    "can be refitted from there\nsee fit.certificate for what the fit lacks"
                )
            form = quick_hessian if isinstance(objective, QuickObjective) else hessian
            H = form(at, _positive(guess(at)[0]))
        else:
            H = self._parameters.hessian
        lambdas = problem.covariance_parameters.lambdas(problem.theta(x))
        return objective, groups, x, _positive(H), lambdas, begin

    @cached_property
    def _at_infinity(self):
        """Whether coefficients of the model are infinite (separation)."""
        at = self._evaluation
        if at is None:
            at = self._objective.evaluate(self._start(self._objective.problem, self._groups))
        return recession_of_refit(at) is not None

    def worker(self):
        """A worker with a state of its own, for one thread."""
        return Worker(self)

    def draw(self, n, rng):
        worker = self.worker()
        y, starts = zip(*(worker.draw(rng) for _ in range(n)), strict=True)
        return Draws(np.array(y, dtype=float).T, np.array(starts))

    def _drawing(self, stream, out):
        return self._by_workers(lambda worker, i: worker.draw(stream(i)), out)

    def _fitting(self, part, starts, out):
        zero = np.zeros(self.common[0].problem.system.width)

        def take(worker, i):
            return part(slice(i, i + 1))[:, 0], zero if starts is None else starts[i]

        return self._by_workers(take, out)

    def _by_workers(self, take, out):
        """Fits the response and the start that ``take(worker, i)`` gives."""
        local = threading.local()
        # a wide system is worked on by the interpreter, where threads only wait for each other
        threads = 1 if hasattr(self.common[0].problem.system, "wide") else None

        def work(batch, rows):
            if not hasattr(local, "worker"):
                local.worker = self.worker()
            for i in range(rows.start, rows.stop):
                _file(local.worker.refit(*take(local.worker, i)), out, i)

        return Job(work, RESPONSES, threads)

    # other rows -----------------------------------------------------------------------------

    def without(self, rows, *, hold=False):
        """The fit without some rows; theta cannot be held."""
        found, axes, p = self._counting_zero(rows), self.axes, self.n_main
        if found is None:
            kept = np.delete(np.arange(self.design.n), rows)
            found = self.rows(gather_design(self.design, kept))
        beta, V = found.coefficients[:p], found.covariance
        delta = np.linalg.solve(axes, self.coefficients[:p] - beta)
        information = axes.T @ np.linalg.solve(V, axes)
        return Change(
            delta, information, 1.0, found.theta, found.status != FAILED, beta,
            np.sqrt(V.diagonal()),
        )  # fmt: skip

    @cached_property
    def _own_worker(self):
        return self.worker()

    def _counting_zero(self, rows):
        """The `Refit` in which rows count zero times, as a start near it finds it.

        None where weights mean another thing, where rows that are left do not determine all, or
        where that search does not end inside: a refit from the rows then looks further.
        """
        evaluation, family = self._evaluation, self.family
        if family.weights_scale_dispersion or "upper" in family.extras or evaluation is None:
            return None
        if self._objective.problem.response.y.size != self.design.n:
            return None  # rows that are equal were merged
        found = self._own_worker.without(rows, evaluation.mode.u)
        if found.status != CONVERGED or found.recession is not None:
            return None
        known = np.isfinite(found.covariance).all() and not _faint(
            found.covariance, self._groups[0].T
        )
        return found if known else None

    def _fit_design(self, design, out, row):
        _file(self.rows(design), out, row)

    def rows(self, design):
        """The `Refit` to other rows."""
        response, K = Response.of(design), np.unique(design.y).size
        if "upper" in self.family.extras and np.unique(self.design.y).size != K:
            return self.failed()
        try:
            self.family.check(response, "the response")
            objective, groups = self._assembled(design, response)
            x = None if self._at_infinity else self._start(objective.problem, groups)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                evaluation, certificate, _ = fit_laplace(objective, start=x)
        except (MixedEffectsError, np.linalg.LinAlgError, FloatingPointError):
            return self.failed()
        status = SINGULAR if certificate.singular else CONVERGED
        return self.refit(evaluation, groups, status if certificate.converged else FAILED)

    def failed(self):
        p = self.n_main
        return Refit(
            FAILED, np.full(self.coefficients.size, np.nan), np.full(self.theta.size, np.nan),
            np.full((p, p), np.nan),
        )  # fmt: skip

    def refit(self, evaluation, groups, status, step=0.0):
        """An optimum, and the step to it that is left, in the user's coordinates."""
        if status == FAILED:
            return self.failed()
        x = evaluation.estimates + step
        covariance = evaluation.objective.problem.covariance_parameters
        coefficients = np.concatenate([g.T @ x[g.part] for g in groups])
        theta = covariance.to_user(x[evaluation.objective.problem.n_fixed :])
        if not (np.isfinite(coefficients).all() and np.isfinite(theta).all()):
            return self.failed()
        axes = fixed_axes(evaluation, groups[0].T)
        covariance = axes @ axes.T
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
            x[g.part] = np.linalg.solve(g.T, self.coefficients[at : at + p])
            at += p
        x[problem.n_fixed :] = problem.covariance_parameters.from_user(self.theta)
        return x


def fixed_axes(evaluation, T):
    """A with AA' = (X'V^-1X)^-1, the covariance of the main coefficients at known theta.

    T leads from the engine's coefficients to the user's. A matrix that is not positive definite
    gives nan.
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
    return half.T


def _faint(covariance, T):
    """Whether the main predictor has a direction of next to no information, or may have one.

    covariance is theirs at known theta, T as in `fixed_axes`.
    """
    if not np.isfinite(covariance).all():
        return True
    scale = np.sqrt((T * T).sum(axis=1))
    return bool((np.sqrt(covariance.diagonal()) > WIDE * scale).any())


def _file(found, out, row):
    """Put one `Refit` in its row of the `RefitResults`."""
    out.status[row] = found.status
    if found.evaluation is None:
        return
    out.coefficients[row], out.theta[row] = found.coefficients, found.theta
    out.sigma[row], out.objective[row] = 1.0, found.evaluation.value
    out.std_error[row] = np.sqrt(np.diagonal(found.covariance))
    if out.vcov is not None:
        out.vcov[row] = found.covariance
    out.separated[row] = found.recession is not None


def _positive(H):
    """H with its eigenvalues' moduli, none too small."""
    values, vectors = np.linalg.eigh(0.5 * (H + H.T))
    values = np.maximum(np.abs(values), 1e-8 * max(np.abs(values).max(initial=0.0), 1e-8))
    return (vectors * values) @ vectors.T
