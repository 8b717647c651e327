"""One parameter to be profiled as a problem for `mixedeffects.estimation.tracing`."""

from __future__ import annotations

from dataclasses import replace
from math import exp, inf, nan, pi, sin, sqrt

import numpy as np

from mixedeffects.engine import with_fixed
from mixedeffects.estimation import (
    AbsoluteObjective,
    CorrelationChart,
    EntryChart,
    FreeChart,
    Gauge,
    Point,
    hold,
    minimize,
)
from mixedeffects.inference.profiling.names import ProfileParameter, natural_values

# longest step between points, of the range of a correlation's angle; twice that for a standard
# deviation's way to zero
STRIDE = 0.1


class Optimum:
    """The unconstrained optimum of a criterion, and what all problems share.

    Parameters
    ----------
    fit : FitRecord
    evaluation : Evaluation
        The optimum, by ML or REML.

    Attributes
    ----------
    factors : list of (k, k) arrays
        Per term, L with Cov(b) = L L', columns in the term's order.
    sigma, minimum : float
    beta : (p,) array
    """

    # evaluations a point of a profile takes, roughly
    per_point = 1.3

    def __init__(self, fit, evaluation):
        self.fit, self.evaluation = fit, evaluation
        model = evaluation.objective
        self.parameters, self.stats = model.parameters, model.stats
        self.objective = AbsoluteObjective(model.stats, model.solver, model.reml)
        self.sigma, self.minimum = sqrt(evaluation.s2), evaluation.value
        lambdas = self.parameters.user_lambdas(evaluation.theta)
        self.factors = [
            self.sigma * lambdas[t.block][np.ix_(t.columns, t.columns)]
            for t in self.parameters.terms
        ]
        self.beta = self.beta_of(evaluation.factorisation.beta())
        self.evaluations = 0

    def problem_of(self, parameter):
        """The problem of one parameter."""
        kind = CoefficientProblem if parameter.kind == "fixed" else VarianceProblem
        return kind(self, parameter)

    def restarted(self, held):
        """The optimum found from a constrained one that is lower."""
        model = self.evaluation.objective
        start = model.parameters.theta_from_lambdas(list(held.evaluation.lambdas))
        return Optimum(self.fit, minimize(model, start=start)[0])

    def beta_of(self, inner):
        """The user's coefficients of the engine's."""
        T, p = self.stats.reference.T, self.stats.p
        return T[:p, :p] @ inner - T[:p, p]

    def values(self):
        """(K,) estimates of all parameters."""
        return natural_values(self.fit, self.factors, self.factors, self.sigma, self.beta)

    def standard_error(self, position):
        """Standard error of one fixed effect."""
        T, p = self.stats.reference.T, self.stats.p
        half = np.linalg.solve(self.evaluation.factorisation.RX.T, T[position, :p])
        return self.sigma * float(np.sqrt(half @ half))


def triangular(L):
    """A lower-triangular factor of L L' for L (k, c), c >= k."""
    R = np.asarray(np.linalg.qr(L.T, mode="r"))
    return (R * np.where(R.diagonal() < 0, -1.0, 1.0)[:, None]).T


def in_order(L, order, diagonal):
    """The factor of a term with its columns in another order."""
    order = list(order)
    if diagonal:
        return np.diag(L.diagonal()[order])
    L = L[order]
    if L[0].any():
        return triangular(L)
    out = np.zeros_like(L)  # the first column is free: leave it to the others
    out[1:, 1:] = triangular(L[1:])
    return out


class VarianceProblem:
    """A standard deviation, a correlation or sigma.

    Parameters
    ----------
    optimum : Optimum
    parameter : ProfileParameter
    """

    def __init__(self, optimum, parameter):
        self.optimum, self.kind = optimum, parameter.kind
        self.minimum = optimum.minimum
        terms = optimum.parameters.terms
        orders, term, first = {}, -1, ()
        if self.kind != "sigma":
            term, i, j = parameter.place
            first = (j,) if i == j else (j, i)
            rest = tuple(c for c in range(len(terms[term].columns)) if c not in first)
            orders[term] = first + rest
        self.gauge = gauge = Gauge(optimum.parameters, orders)
        self.orders = [orders.get(i, tuple(range(t.k))) for i, t in enumerate(gauge.terms)]
        factors = [
            in_order(L, order, t.diagonal)
            for L, order, t in zip(optimum.factors, self.orders, gauge.terms, strict=True)
        ]
        y = gauge.entries_of(factors, optimum.sigma)
        self.lowest, self.highest = -inf, inf
        if self.kind == "sigma":
            self.chart = EntryChart(gauge, gauge.size - 1)
            self.guess = 0.5 / sqrt(optimum.objective.nu)
        elif self.kind == "sd":
            self.chart = EntryChart(gauge, gauge.terms[term].part.start, term)
            self.lowest = 0.0
            self.guess = 0.2 * optimum.sigma / gauge.terms[term].scale[0]
        else:
            self.chart = CorrelationChart(gauge, term)
            self.lowest, self.highest = -0.5 * pi, 0.5 * pi
            self.guess = 0.2
        self.term = term
        self.w, self.x = self.chart.split(y)
        self.ceiling = None
        if self.kind == "cor":
            self.ceiling = self._without_either(optimum, term, first)
        self.at_optimum = hold(optimum.objective, self.chart, self.w, self.x)
        bend = self.at_optimum.curvature
        self.slope = sqrt(0.5 * bend) if bend > 0 else nan
        optimum.evaluations = optimum.objective.evaluations

    def _without_either(self, optimum, term, columns):
        """The better of the optima at which one of the two effects does not vary."""
        best = None
        for column in columns:
            one = ProfileParameter("", "sd", "", "", (term, column, column))
            problem = VarianceProblem(optimum, one)
            held = problem.solve(0.0, problem.x, 1e-7)
            if held.converged and (best is None or held.value < best.value):
                factors = problem.factors(Point(0.0, 0.0, held.x, held))[0]
                factors = [
                    in_order(L, order, t.diagonal)
                    for L, order, t in zip(factors, self.orders, self.gauge.terms, strict=True)
                ]
                y = self.gauge.entries_of(factors, exp(held.x[-1]))
                best = replace(held, x=self.chart.split(y)[1])
        return best

    def tangent(self):
        return self.at_optimum.tangent

    def stride(self, sign):
        if self.kind == "cor":
            return STRIDE * pi
        return 2.0 * STRIDE * self.w if self.kind == "sd" and sign < 0 else inf

    def solve(self, w, x, tolerance):
        held = hold(self.optimum.objective, self.chart, w, x, tolerance=tolerance)
        if self.ceiling is not None and held.value > self.ceiling.value:
            return replace(held, converged=False)
        return held

    def value_of(self, w):
        """The parameter on its natural scale."""
        if self.kind == "sigma":
            return exp(w)
        return sin(w) if self.kind == "cor" else w

    def factors(self, point):
        """Per term, L in the term's own order, and L with its limiting directions."""
        y = self.chart.expand(point.x, point.w)
        factors, directions = [], []
        for i, (t, order) in enumerate(zip(self.gauge.terms, self.orders, strict=True)):
            L = t.factor(y)
            U = L
            if i == self.term and self.kind == "sd" and point.w == 0.0 and not t.diagonal:
                U = L.copy()
                U[0, 0] = 1.0
            back = np.argsort(order)
            factors.append(L[back])
            directions.append(U[back])
        return factors, directions

    def conditional(self, point):
        """All parameters' values at a point of the path."""
        factors, directions = self.factors(point)
        sigma = exp(self.chart.expand(point.x, point.w)[-1])
        beta = self.optimum.beta_of(point.held.evaluation.factorisation.beta())
        return natural_values(self.optimum.fit, factors, directions, sigma, beta)


class CoefficientProblem:
    """A fixed effect: its column times the held value moves into the offset.

    With X~ = X T the coefficient is a'beta~ - t for a row a of T. In an orthonormal basis whose
    first vector is a / |a|, what is left of X~ are the other columns, and the response loses
    X~ a (value + t) / |a|^2: a linear transformation of the cross-products, no row is read.

    Parameters
    ----------
    optimum : Optimum
    parameter : ProfileParameter
    """

    def __init__(self, optimum, parameter):
        self.optimum, self.minimum = optimum, optimum.minimum
        stats, (position,) = optimum.stats, parameter.place
        p = stats.p
        T = stats.reference.T
        a, self.shift = T[position, :p], T[position, p]
        Q = np.linalg.qr(a[:, None], mode="complete")[0]
        self.direction, self.others = a / (a @ a), Q[:, 1:]
        self.gauge = Gauge(optimum.parameters)
        self.chart = FreeChart(self.gauge)
        self.x = self.gauge.entries_of(optimum.factors, optimum.sigma)
        self.w = float(optimum.beta[position])
        self.guess = optimum.standard_error(position)
        self.slope = 1.0 / self.guess
        self.lowest, self.highest = -inf, inf
        self.ceiling = None

    def tangent(self):
        return None

    def stride(self, sign):
        return inf

    def solve(self, w, x, tolerance):
        stats, optimum = self.optimum.stats, self.optimum
        p = stats.p
        B = np.zeros((p + 1, p))
        B[:p, : p - 1] = self.others
        B[:p, p - 1] = -self.direction * (w + self.shift)
        B[p, p - 1] = 1.0
        held = replace(
            stats,
            xx=B.T @ stats.xx @ B,
            leaf_fixed=None if stats.leaf_fixed is None else stats.leaf_fixed @ B,
            rest_fixed=stats.rest_fixed @ B,
        )
        objective = AbsoluteObjective(held, with_fixed(optimum.objective.solver, held), False)
        out = hold(objective, self.chart, w, x, tolerance=tolerance)
        optimum.evaluations += objective.evaluations
        return out

    def value_of(self, w):
        return w

    def conditional(self, point):
        y = point.x
        factors = [t.factor(y) for t in self.gauge.terms]
        inner = self.direction * (point.w + self.shift)
        inner = inner + self.others @ point.held.evaluation.factorisation.beta()
        beta = self.optimum.beta_of(inner)
        return natural_values(self.optimum.fit, factors, factors, exp(y[-1]), beta)
