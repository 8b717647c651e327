"""Profiles of a generalised model: its own objective, for problems with one parameter held."""

from __future__ import annotations

from dataclasses import replace
from math import nan, sqrt

import numpy as np

from mixedeffects.errors import NotAvailableError
from mixedeffects.estimation.boundary.laplace import examine
from mixedeffects.estimation.laplace.curvature import hessian
from mixedeffects.estimation.laplace.fit import fit_laplace
from mixedeffects.estimation.laplace.objective import with_problem
from mixedeffects.estimation.laplace.quasi_newton import quasi_newton
from mixedeffects.estimation.profile.constraint import natural_values
from mixedeffects.estimation.profile.laplace_constraints import (
    CoefficientConstraint,
    NaturalConstraint,
    TriangularConstraint,
)
from mixedeffects.estimation.profile.problem import (
    ConstrainedOptimum,
    ConstrainedProblem,
    ProfileOptimum,
)

MOST_ITERATIONS = 60
# times that a search goes on from beside a variance of zero
RESTARTS = 3


class LaplaceOptimum(ProfileOptimum):
    """The optimum of a generalised model.

    Parameters
    ----------
    fit : GLMMFit
        Whose it is.
    evaluation : LaplaceEvaluation
        The optimum.
    H : (P, P) array
        Second derivatives there.
    regular : bool
        Whether no variance is zero.
    coefficients : tuple of Coefficients
        The places of the fixed coefficients in that problem.
    """

    per_point = 4.0
    has_sigma = False

    def __init__(self, fit, evaluation, H, regular, coefficients):
        self.fit, self.evaluation, self.H, self.regular = fit, evaluation, H, regular
        self.coefficients = coefficients
        self.objective = evaluation.objective
        self.minimum = evaluation.value
        self._counted = self.objective.evaluations

    @classmethod
    def of(cls, fit, reml=False):
        """That of a fit."""
        regular = not fit.certificate.singular
        return cls(fit, fit.evaluation, fit.engine_hessian, regular, fit.coefficients)

    @staticmethod
    def check(fit, reml):
        """Refuse what has no profile.

        Raises
        ------
        NotAvailableError
            By REML; with nagq=0; not converged.
        """
        if reml:
            raise NotAvailableError(
                "generalised models are fitted by maximum likelihood: there is no REML criterion\n"
                "use criterion='ml'"
            )
        if not fit.nagq:
            raise NotAvailableError(
                "with nagq=0 the coefficients do not maximise the likelihood that is reported, so "
                "it cannot be profiled\nfit the model with nagq=1"
            )
        if not (fit.certificate.converged or fit.certificate.limit):
            raise NotAvailableError(
                "the fit did not converge, and a profile starts from the optimum\n"
                "see fit.certificate for what to try"
            )

    @property
    def evaluations(self):
        return self.objective.evaluations - self._counted

    def problem(self, constraint):
        return LaplaceProblem(self, constraint)

    def restarted(self, found):
        evaluation, certificate, curvature = fit_laplace(
            self.objective, start=found.problem.full(found)
        )
        H, regular = hessian(evaluation, curvature), not certificate.singular
        return type(self)(self.fit, evaluation, H, regular, self.coefficients)

    def estimates(self):
        return self.values(self.evaluation.estimates, self.evaluation.lambdas)

    def values(self, x, lambdas):
        """(K,) natural values of all parameters, from x in the engine's coordinates."""
        covariance_parameters = self.objective.problem.covariance_parameters
        return laplace_values(covariance_parameters, self.coefficients, x, lambdas)


def laplace_values(covariance, coefficients, x, lambdas):
    """(K,) natural values of all parameters of a generalised model."""
    factors = []
    for t in covariance.terms:
        T = covariance.T_blocks[t.block][np.ix_(t.columns, t.columns)]
        factors.append(T @ lambdas[t.block][np.ix_(t.columns, t.columns)])
    others = [value for group in coefficients for value in group.T @ x[group.part]]
    return natural_values(covariance.terms, factors, others)


class LaplaceProblem(ConstrainedProblem):
    """One parameter of a generalised model held."""

    def __init__(self, optimum, constraint):
        super().__init__(optimum, constraint)
        problem, owner = optimum.objective.problem, constraint.owner
        if constraint.kind == "coefficient":
            group, (row,) = optimum.coefficients[owner], constraint.columns
            self.held = CoefficientConstraint(problem, group, row)
        else:
            free = problem.covariance_parameters.terms[owner].structure.free
            form = TriangularConstraint if free else NaturalConstraint
            self.held = form(problem, owner, constraint.columns)
        at = optimum.evaluation
        self.w, self.x = self.held.split(at.estimates, at.lambdas)
        H = self.held.curvature(optimum.objective, optimum.H, self.x, self.w, optimum.regular)
        self.curvature, mixed = 0.5 * (H[1:, 1:] + H[1:, 1:].T), H[1:, 0]
        self.tangent = -np.linalg.lstsq(self.curvature, mixed, rcond=None)[0]
        bend = H[0, 0] + float(mixed @ self.tangent)
        self.slope = sqrt(0.5 * bend) if np.isfinite(bend) and bend > 0 else nan
        self.guess = 0.2 if constraint.kind == "cor" else 0.5 * max(abs(self.w), 0.2)
        if np.isfinite(self.slope):
            self.guess = 1.0 / self.slope
        self._near = {}
        if constraint.kind == "cor":
            self.ceiling = self.find_ceiling()

    def minimised(self, w, x, tolerance):
        side = w >= self.w
        near, curvature = self._near.get(side, (None, self.curvature))
        found = search(self.optimum.objective, self.held, w, x, curvature, near, tolerance)
        if found.converged:
            self._near[side] = found.evaluation, found.curvature
        return replace(found, problem=self)

    def full(self, found):
        """All parameters of the problem without constraint."""
        return self.held.full(found.w, found.evaluation)

    def coordinates(self, found):
        return self.held.split(found.problem.full(found), found.evaluation.lambdas)[1]

    def values(self, point):
        found = point.found
        return self.optimum.values(found.problem.full(found), found.evaluation.lambdas)


def search(objective, held, w, x, curvature, near, tolerance):
    """Minimise over everything but the held parameter.

    Parameters
    ----------
    objective : LaplaceObjective or another with its interface
        Of the problem in which nothing is held.
    held : CoefficientConstraint, TriangularConstraint or NaturalConstraint
        The constraint.
    w : float
        The coordinate that is held.
    x : (P - 1,) array
        Where to start.
    curvature : (P - 1, P - 1) array
        There.
    near : LaplaceEvaluation or None
        Of the same constraint, whose modes to start from.
    tolerance : float
        Newton decrement at which to stop.
    """
    inner = with_problem(objective, held.at(w))
    point, B = inner.evaluate(x, near=near), curvature
    converged = bool(np.isfinite(point.value))
    if converged and x.size:  # else nothing is free
        options = {"tolerance": tolerance, "max_iterations": MOST_ITERATIONS}
        result, B = quasi_newton(inner, point, B, **options)
        for _ in range(RESTARTS):
            # a variance of zero is stationary: elsewhere on the profile it may be worth more
            lower = examine(result.evaluation)[1]
            if lower is None:
                break
            result, B = quasi_newton(inner, lower, B, **options)
        point, converged = result.evaluation, result.converged
    objective.evaluations += inner.evaluations
    value = point.value if np.isfinite(point.value) else np.inf
    return ConstrainedOptimum(None, w, point.x, value, converged, point, B)
