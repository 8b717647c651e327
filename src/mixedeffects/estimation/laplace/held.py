"""One parameter of a generalised fit held at a value while all others are free.

What is held becomes part of the problem, so that the objectives need not know of it: a linear
combination of coefficients moves its column into the offset, and a standard deviation or a
correlation is written into the factor of its term. With the held column first and L the Cholesky
factor of the term's covariance in the user's columns,

    standard deviation w:   L_11 = w
    correlation sin(w):     the second row of L begins with s (sin w, cos w)

and log L_11 and log s are free in the second case, so that neither changes its sign.

Venzon & Moolgavkar (1988), doi:10.2307/2347496.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace
from math import cos, exp, log, sin
from typing import Any

import numpy as np

from mixedeffects.estimation.laplace.boundary import examine
from mixedeffects.estimation.laplace.curvature import by_differences
from mixedeffects.estimation.laplace.quasi_newton import quasi_newton

# step for the derivative of one system of coordinates by another
STEP = 1e-5
# standard deviation, of the scale of its column, that stands for none in a logarithm
GONE = 1e-5
MOST_ITERATIONS = 60
# times that a search goes on from beside a variance of zero
RESTARTS = 3


@dataclass(frozen=True, slots=True, eq=False)
class HeldPoint:
    """The optimum of all other parameters.

    Attributes
    ----------
    x : (P - 1,) array
        The free parameters in the chart's coordinates.
    value : float
    evaluation : LaplaceEvaluation
        Of the problem with the parameter held.
    curvature : (P - 1, P - 1) array
        An approximation of d2d/dx2, for the next point.
    converged : bool
    """

    x: np.ndarray
    value: float
    evaluation: Any
    curvature: np.ndarray
    converged: bool


def with_problem(objective, problem):
    """The same approximation of the likelihood for another problem."""
    out = copy(objective)
    out.problem, out._near = problem, None
    out.evaluations = out.gradients = out.steps = 0
    return out


class CoefficientChart:
    """One fixed coefficient, of any predictor, is held.

    Parameters
    ----------
    problem : Problem
    group : Coefficients
    row : int
        Which of the group's coefficients, in the user's columns.
    """

    # there is no value at which another parameter loses its meaning
    positive = False

    def __init__(self, problem, group, row):
        self.problem, part = problem, group.part
        a = group.T[row]
        Q = np.linalg.qr(a[:, None], mode="complete")[0]
        self.direction, others = a / (a @ a), Q[:, 1:]
        P, p = problem.n_parameters, part.stop - part.start
        self.S = np.zeros((P, P - 1))
        self.S[: part.start, : part.start] = np.eye(part.start)
        self.S[part, part.start : part.stop - 1] = others
        self.S[part.stop :, part.stop - 1 :] = np.eye(P - part.stop)
        self.s = np.zeros(P)
        self.s[part] = self.direction
        self._predictors = []
        for predictor in problem.predictors:
            at = predictor.part
            if at == part:
                held = predictor.X @ self.direction
                X = np.ascontiguousarray(predictor.X @ others)
                inner = slice(at.start, at.stop - 1)
                self._predictors.append((replace(predictor, X=X, part=inner), held))
                continue
            if at.start >= part.stop:
                predictor = replace(predictor, part=slice(at.start - 1, at.stop - 1))
            self._predictors.append((predictor, None))
        self._a, self._part, self._p = a, part, p

    def split(self, x, lambdas):
        """w and the free coordinates of a full vector of parameters."""
        return float(self._a @ x[self._part]), self.S.T @ x

    def at(self, w):
        """The problem with the coefficient held at w."""
        problem = copy(self.problem)
        predictors = []
        for predictor, held in self._predictors:
            if held is not None:
                moved = held * w
                if predictor.offset is not None:
                    moved = moved + predictor.offset
                predictor = replace(predictor, offset=moved)
            predictors.append(predictor)
        problem.predictors = tuple(predictors)
        problem.n_fixed, problem.n_parameters = problem.n_fixed - 1, problem.n_parameters - 1
        problem.n_beta = problem.predictors[0].X.shape[1]
        return problem

    def full(self, w, point):
        """The parameters of the original problem at a point."""
        return self.S @ point.estimates + self.s * w

    def curvature(self, objective, H, x, w, regular):
        """(P, P) second derivatives by (w, x)."""
        J = np.column_stack([self.s, self.S])
        return J.T @ H @ J


class CovarianceChart:
    """A standard deviation or a correlation of one term is held.

    Parameters
    ----------
    problem : Problem
    term : int
    columns : sequence of int
        Positions in the term of the effect, or of the two whose correlation it is.
    """

    def __init__(self, problem, term, columns):
        self.problem, self.positive = problem, len(columns) == 2
        covariance = problem.covariance
        self.term = t = covariance.terms[term]
        k = len(t.columns)
        order = [*columns, *(c for c in range(k) if c not in columns)]
        self.order = order
        inverse = np.linalg.inv(covariance.T_blocks[t.block][np.ix_(t.columns, t.columns)])
        self.B = inverse[:, order]
        self.scale = np.sqrt((self.B * self.B).sum(axis=0))
        positions = [(i, i) for i in range(k)]
        if t.structure.rotates:
            positions = [(i, j) for j in range(k) for i in range(j, k)]
        if self.positive:  # the held value stands in L_22's place, and log s in L_21's
            positions = [(1, 1), *(ij for ij in positions if ij != (1, 1))]
        self.rows, self.cols = np.array(positions).T
        self._first = self._second = -1
        if self.positive:
            self._first, self._second = positions.index((0, 0)), positions.index((1, 0))

    def factor(self, v):
        """(k, k) L, columns in this chart's order, of the entries with the held one first."""
        L = np.zeros((len(self.order),) * 2)
        L[self.rows, self.cols] = v
        if self.positive:
            s = exp(v[self._second])
            L[0, 0] = exp(v[self._first])
            L[1, 0], L[1, 1] = s * sin(v[0]), s * cos(v[0])
        return L

    def pull_back(self, v, G):
        """Derivatives by the entries from derivatives by L."""
        g = G[self.rows, self.cols]
        if self.positive:
            s = exp(v[self._second])
            g[0] = s * (G[1, 0] * cos(v[0]) - G[1, 1] * sin(v[0]))
            g[self._first] *= exp(v[self._first])
            g[self._second] = s * (G[1, 0] * sin(v[0]) + G[1, 1] * cos(v[0]))
        return g

    def entries(self, L):
        """The entries of a factor in this chart's order."""
        v = L[self.rows, self.cols]
        if self.positive:
            s = max(float(np.hypot(L[1, 0], L[1, 1])), GONE / self.scale[1])
            v[0] = np.arctan2(L[1, 0], L[1, 1])
            v[self._first] = log(max(L[0, 0], GONE / self.scale[0]))
            v[self._second] = log(s)
        return v

    def split(self, x, lambdas):
        """w and the free coordinates of a full vector of parameters."""
        t, covariance = self.term, self.problem.covariance
        T = covariance.T_blocks[t.block][np.ix_(t.columns, t.columns)]
        Lam = lambdas[t.block][np.ix_(t.columns, t.columns)]
        v = self.entries(triangular((T @ Lam)[self.order], t.structure.rotates))
        start = self.problem.n_fixed + t.part.start
        stop = self.problem.n_fixed + t.part.stop
        return float(v[0]), np.concatenate([x[:start], v[1:], x[stop:]])

    def at(self, w):
        """The problem with the parameter held at w."""
        problem = copy(self.problem)
        problem.covariance = ChartedCovariance(self, w)
        problem.n_parameters -= 1
        return problem

    def free(self):
        """The problem with the parameter free, first among the term's."""
        problem = copy(self.problem)
        problem.covariance = ChartedCovariance(self, None)
        return problem

    def full(self, w, point):
        """The parameters of the original problem at a point."""
        problem = self.problem
        x = np.empty(problem.n_parameters)
        x[: problem.n_fixed] = point.estimates[: problem.n_fixed]
        x[problem.n_fixed :] = problem.covariance.theta_from_lambdas(point.lambdas)
        return x

    def curvature(self, objective, H, x, w, regular):
        """(P, P) second derivatives by (w, x), at an optimum."""
        problem, P = self.free(), self.problem.n_parameters
        first = self.problem.n_fixed + self.term.part.start
        own = np.arange(first, self.problem.n_fixed + self.term.part.stop)
        z = np.concatenate([x[:first], [w], x[first:]])
        J = np.eye(P)
        J[np.ix_(own, own)] = (
            self._jacobian(z[own]) if regular else np.diag(1.0 / self.scale[self.rows])
        )
        out = J.T @ H @ J
        if not regular:
            # on a boundary the engine's own coordinates are not differentiable
            size = np.maximum(np.abs(out.diagonal()), 1e-2)
            guess = out.copy()
            guess[np.diag_indices(P)] = size
            inner = with_problem(objective, problem)
            out = by_differences(inner.evaluate(z), guess, own, 1e-3, central=True)
        order = [first, *(i for i in range(P) if i != first)]
        return out[np.ix_(order, order)]

    def _jacobian(self, v):
        """d theta~ / d v of the term."""
        structure = self.term.structure
        J = np.empty((v.size, v.size))
        for i in range(v.size):
            size = STEP * max(abs(v[i]), 1.0 / self.scale[self.rows[i]])
            up, down = v.copy(), v.copy()
            up[i] += size
            down[i] -= size
            change = structure.theta_of(self.B @ self.factor(up)) - structure.theta_of(
                self.B @ self.factor(down)
            )
            J[:, i] = change / (2.0 * size)
        return J


class ChartedCovariance:
    """`Parameters` with one term in the coordinates of a chart.

    Parameters
    ----------
    chart : CovarianceChart
    w : float or None
        None: the held parameter is free, first among the term's entries.
    """

    def __init__(self, chart, w):
        self.chart, self.w, self.inner = chart, w, chart.problem.covariance
        self.T_blocks = self.inner.T_blocks
        self.n_theta = self.inner.n_theta - (w is not None)

    @property
    def terms(self):
        """The other terms, whose variances may be looked beside, with the places they have here."""
        part, moved = self.chart.term.part, self.w is not None
        return [
            replace(term, part=slice(term.part.start - moved, term.part.stop - moved))
            if term.part.start >= part.stop
            else term
            for term in self.inner.terms
            if term.part != part
        ]

    def _entries(self, theta):
        part = self.chart.term.part
        if self.w is None:
            return theta[part], theta
        v = np.concatenate([[self.w], theta[part.start : part.stop - 1]])
        return v, np.insert(theta, part.start, self.w)

    def lambdas(self, theta):
        """(k, k) factor of every block."""
        v, whole = self._entries(theta)
        out = self.inner.lambdas(whole)
        t = self.chart.term
        out[t.block][np.ix_(t.columns, t.columns)] = self.chart.B @ self.chart.factor(v)
        return out

    def gradient(self, theta, slopes):
        """Derivatives by theta from derivatives by Lambda."""
        v, whole = self._entries(theta)
        t = self.chart.term
        own = slopes[t.block] if t.whole else slopes[t.block][t.place]
        g = np.array(self.inner.gradient(whole, slopes))  # may be a view of the slopes
        g[t.part] = self.chart.pull_back(v, self.chart.B.T @ own)
        return g if self.w is None else np.delete(g, t.part.start)


def triangular(L, rotates=True):
    """The lower-triangular factor of L L', non-negative diagonal; a diagonal one as it is."""
    if not rotates:
        return np.diag(np.sqrt((L * L).sum(axis=1)))
    if L.shape[0] == 1:
        return np.abs(L)
    out = np.zeros_like(L)
    if not L[0].any():  # the first column is free: leave it to the others
        out[1:, 1:] = _lower(L[1:])
        return out
    return _lower(L)


def _lower(L):
    R = np.asarray(np.linalg.qr(L.T, mode="r"))
    return (R * np.where(R.diagonal() < 0, -1.0, 1.0)[:, None]).T


def solve_held(objective, chart, w, x, curvature, near=None, tolerance=1e-7):
    """Minimise over everything but the held parameter.

    Parameters
    ----------
    objective : LaplaceObjective or another with its interface
        Of the problem in which nothing is held.
    chart : CoefficientChart or CovarianceChart
    w : float
        The held value, in the chart's coordinate.
    x : (P - 1,) array
        Where to start.
    curvature : (P - 1, P - 1) array
    near : LaplaceEvaluation, optional
        Of the same chart, whose modes to start from.
    tolerance : float
        Newton decrement at which to stop.

    Returns
    -------
    HeldPoint
    """
    inner = with_problem(objective, chart.at(w))
    first = inner.evaluate(x, near=near)
    if not x.size and np.isfinite(first.value):  # nothing else is free
        objective.evaluations += inner.evaluations
        return HeldPoint(x, first.value, first, curvature, True)
    if np.isfinite(first.value):
        options = {"tolerance": tolerance, "max_iterations": MOST_ITERATIONS}
        result, B = quasi_newton(inner, first, curvature, **options)
        for _ in range(RESTARTS):
            # a variance of zero is stationary: elsewhere on the profile it may be worth more
            lower = examine(result.evaluation)[1]
            if lower is None:
                break
            result, B = quasi_newton(inner, lower, B, **options)
        objective.evaluations += inner.evaluations
        point = result.evaluation
        return HeldPoint(point.x, point.value, point, B, result.converged)
    objective.evaluations += inner.evaluations
    return HeldPoint(x, np.inf, first, curvature, False)
