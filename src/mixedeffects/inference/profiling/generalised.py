"""The parameters of a generalised fit as problems for `mixedeffects.estimation.tracing`."""

from __future__ import annotations

from math import inf, nan, pi, sin, sqrt

import numpy as np

from mixedeffects.estimation.laplace import fit_laplace, hessian, quick_hessian
from mixedeffects.estimation.laplace.held import CoefficientChart, CovarianceChart, solve_held
from mixedeffects.inference.component_names import component_name
from mixedeffects.inference.profiling.names import ProfileParameter

# longest step between points, of the range of a correlation's angle; twice that for a standard
# deviation's way to zero
STRIDE = 0.1


def random_terms(fit):
    """Per random-effects term, also of the other predictors: (block, group's label, term)."""
    out = []
    main = len(fit.design.blocks)
    for i, block in enumerate(fit.all_blocks):
        group = block.factor.name if i < main else f"zi: {block.factor.name}"
        out += [(i, group, term) for term in block.terms]
    return out


def all_parameters(fit):
    """Every parameter of a generalised fit: theta's order, fixed effects, the other predictors.

    Parameters
    ----------
    fit : GLMMFit

    Returns
    -------
    tuple of ProfileParameter
        Coefficients of other predictors are of kind "extra" and named as in
        ``fit.parameter_names``.
    """
    out = []
    for at, (f, group, term) in enumerate(random_terms(fit)):
        names = [fit.all_blocks[f].names[c] for c in term.columns]
        for j, name in enumerate(names):
            label = component_name(name)
            out.append(ProfileParameter(f"sd_{name}|{group}", "sd", group, label, (at, j, j)))
            if term.covariance != "us":
                continue
            for i in range(j + 1, len(names)):
                both = component_name(name, names[i])
                label = f"cor_{names[i]}.{name}|{group}"
                out.append(ProfileParameter(label, "cor", group, both, (at, i, j)))
    names = fit.parameter_names[: fit.estimates.size - fit.theta.size]
    at = 0
    for g, coefficients in enumerate(fit.coefficients):
        kind = "extra" if g else "fixed"
        for row in range(coefficients.T.shape[0]):
            out.append(ProfileParameter(names[at], kind, None, names[at], (g, row)))
            at += 1
    return tuple(out)


class GeneralisedOptimum:
    """The unconstrained optimum of a generalised model, and what all problems share.

    Parameters
    ----------
    fit : GLMMFit
    evaluation : LaplaceEvaluation, optional
        A better optimum than the fit's own.

    Attributes
    ----------
    minimum : float
        -2 log-likelihood.
    """

    # evaluations a point of a profile takes, roughly
    per_point = 4.0

    def __init__(self, fit, evaluation=None, H=None, regular=None, coefficients=None):
        self.fit = fit
        self.coefficients = fit.coefficients if coefficients is None else coefficients
        self.evaluation = fit.evaluation if evaluation is None else evaluation
        self.H = fit.engine_hessian if H is None else H
        self.regular = not fit.certificate.singular if regular is None else regular
        self.problem = self.evaluation.objective.problem
        self.x, self.minimum = self.evaluation.estimates, self.evaluation.value
        self._counted = self.evaluation.objective.evaluations

    @property
    def evaluations(self):
        return self.evaluation.objective.evaluations - self._counted

    def problem_of(self, parameter):
        """The problem of one parameter."""
        return GeneralisedProblem(self, parameter)

    def told(self, values):
        """(m, K) values of all parameters along a profile, as a table shows them."""
        return values

    def limit_of(self, parameter):
        """0: every parameter stays finite; see `LimitOptimum`."""
        return 0.0

    def restarted(self, point):
        """The optimum found from a constrained one that is lower."""
        objective = self.evaluation.objective
        evaluation, certificate, curvature = fit_laplace(objective, start=point.full)
        H = (hessian if self.fit.nagq else quick_hessian)(evaluation, curvature)
        regular = not certificate.singular
        return GeneralisedOptimum(self.fit, evaluation, H, regular, self.coefficients)

    def values(self):
        """(K,) estimates of all parameters."""
        return self.values_at(self.x, self.evaluation.lambdas)

    def values_at(self, x, lambdas):
        """(K,) values of all parameters at a point."""
        return user_values(self.problem, self.coefficients, x, lambdas)


def user_values(problem, coefficients, x, lambdas):
    """(K,) values of all parameters; a correlation of an effect that does not vary is nan.

    Parameters
    ----------
    problem : Problem
    coefficients : tuple of Coefficients
    x : (P,) array
        In the engine's coordinates.
    lambdas : sequence of (k, k) arrays
    """
    covariance = problem.covariance
    out = []
    for t in covariance.terms:
        T = covariance.T_blocks[t.block][np.ix_(t.columns, t.columns)]
        L = T @ lambdas[t.block][np.ix_(t.columns, t.columns)]
        sd = np.sqrt((L * L).sum(axis=1))
        k = sd.size
        with np.errstate(invalid="ignore", divide="ignore"):
            corr = np.clip(L @ L.T / np.outer(sd, sd), -1.0, 1.0)
        for j in range(k):
            out.append(sd[j])
            if t.structure.rotates:
                out += [corr[i, j] for i in range(j + 1, k)]
    for group in coefficients:
        out += (group.T @ x[group.part]).tolist()
    return np.array(out)


class HeldParameter:
    """A constrained optimum, as `trace` reads it, with the full vector of parameters."""

    __slots__ = ("converged", "full", "lambdas", "value", "x")

    def __init__(self, x, value, converged, full, lambdas):
        self.x, self.value, self.converged = x, value, converged
        self.full, self.lambdas = full, lambdas


class GeneralisedProblem:
    """A standard deviation, a correlation or a coefficient.

    Parameters
    ----------
    optimum : GeneralisedOptimum
    parameter : ProfileParameter
    """

    def __init__(self, optimum, parameter):
        self.optimum, self.kind, self.minimum = optimum, parameter.kind, optimum.minimum
        problem = optimum.problem
        self.objective = optimum.evaluation.objective
        self.lowest, self.highest = -inf, inf
        if self.kind in ("fixed", "extra"):
            group, row = parameter.place
            self.chart = CoefficientChart(problem, optimum.coefficients[group], row)
        else:
            term, i, j = parameter.place
            self.chart = CovarianceChart(problem, term, (j,) if i == j else (j, i))
            if self.kind == "sd":
                self.lowest = 0.0
            else:
                self.lowest, self.highest = -0.5 * pi, 0.5 * pi
        self.w, self.x = self.chart.split(optimum.x, optimum.evaluation.lambdas)
        H = self.chart.curvature(self.objective, optimum.H, self.x, self.w, optimum.regular)
        self.curvature, mixed = 0.5 * (H[1:, 1:] + H[1:, 1:].T), H[1:, 0]
        self._tangent = -np.linalg.lstsq(self.curvature, mixed, rcond=None)[0]
        bend = H[0, 0] + float(mixed @ self._tangent)
        self.slope = sqrt(0.5 * bend) if np.isfinite(bend) and bend > 0 else nan
        self.guess = 0.2 if self.kind == "cor" else 0.5 * max(abs(self.w), 0.2)
        if np.isfinite(self.slope):
            self.guess = 1.0 / self.slope
        self._near = {}
        self.ceiling = self._without_either(parameter) if self.kind == "cor" else None

    def _without_either(self, parameter):
        """The better of the optima at which one of the two effects does not vary."""
        best, (term, i, j) = None, parameter.place
        for column in (j, i):
            one = ProfileParameter("", "sd", None, "", (term, column, column))
            held = GeneralisedProblem(self.optimum, one).solve(0.0, None, 1e-6)
            if held.converged and (best is None or held.value < best.value):
                best = held
        if best is not None:
            x = self.chart.split(best.full, best.lambdas)[1]
            best = HeldParameter(x, best.value, True, best.full, best.lambdas)
        return best

    def tangent(self):
        return self._tangent

    def stride(self, sign):
        if self.kind == "cor":
            return STRIDE * pi
        return 2.0 * STRIDE * self.w if self.kind == "sd" and sign < 0 else inf

    def solve(self, w, x, tolerance):
        side = w >= self.w
        near, curvature = self._near.get(side, (None, self.curvature))
        x = self.x if x is None else x
        held = solve_held(self.objective, self.chart, w, x, curvature, near, tolerance)
        if held.converged:
            self._near[side] = held.evaluation, held.curvature
        converged = held.converged
        if self.ceiling is not None and held.value > self.ceiling.value:
            converged = False
        point = held.evaluation
        if not np.isfinite(held.value):
            return HeldParameter(held.x, held.value, False, self.optimum.x, point.lambdas)
        return HeldParameter(
            held.x, held.value, converged, self.chart.full(w, point), point.lambdas
        )

    def value_of(self, w):
        """The parameter on its own scale."""
        return sin(w) if self.kind == "cor" else w

    def conditional(self, point):
        """All parameters' values at a point of the path."""
        return self.optimum.values_at(point.held.full, point.held.lambdas)
