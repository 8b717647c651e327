"""A constraint as part of a generalised model's problem, so that objectives need not know of it.

A coefficient moves its column into the offset; a standard deviation or a correlation is written
into the factor of its term. For a correlation log L_11 and log s are free, so that neither changes
its sign (see `mixedeffects.estimation.profile.constraint`).
"""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from math import cos, exp, log, sin
from typing import Any

import numpy as np

from mixedeffects.estimation.laplace.curvature import by_differences
from mixedeffects.estimation.laplace.objective import with_problem
from mixedeffects.estimation.profile.constraint import (
    TermFactor,
    along_and_across,
    beginning_with,
)
from mixedeffects.estimation.profile.natural import NaturalFactor

# step for the derivative of one system of coordinates by another
STEP = 1e-5
# standard deviation, of the scale of its column, that stands for none in a logarithm
LEAST_SD = 1e-5


class CoefficientSpace:
    """The fixed coefficients of a problem held to an affine space: inner c + direction w.

    Parameters
    ----------
    problem : Problem
        In which they are free.
    inner : (F, k) array
        Orthonormal.
    direction : (F,) array
        Orthogonal to it.

    Attributes
    ----------
    S, s : (P, P - F + k) array, (P,) array
        All parameters are S x + s w.
    """

    def __init__(self, problem, inner, direction):
        (F, k), P = inner.shape, problem.n_parameters
        self.problem = problem
        self.S, self.s = np.zeros((P, P - F + k)), np.zeros(P)
        self.S[:F, :k], self.S[F:, k:], self.s[:F] = inner, np.eye(P - F), direction
        self._predictors = []
        for predictor in problem.predictors:
            own, along = inner[predictor.part], direction[predictor.part]
            used = np.flatnonzero(own.any(axis=0))
            part = slice(used[0], used[-1] + 1) if used.size else slice(0, 0)
            X, own = predictor.X, own[:, part]
            if own.shape[0] != own.shape[1] or (own != np.eye(own.shape[0])).any():
                X = np.ascontiguousarray(X @ own)
            moved = predictor.X @ along if along.any() else None
            self._predictors.append((replace(predictor, X=X, part=part), moved))

    def at(self, w):
        """The problem with w held."""
        problem = copy(self.problem)
        predictors = []
        for predictor, moved in self._predictors:
            if moved is not None:
                offset = moved * w
                if predictor.offset is not None:
                    offset = offset + predictor.offset
                predictor = replace(predictor, offset=offset)
            predictors.append(predictor)
        problem.predictors = tuple(predictors)
        lost = self.S.shape[0] - self.S.shape[1]
        problem.n_fixed, problem.n_parameters = problem.n_fixed - lost, self.S.shape[1]
        return problem

    def whole(self, w, x):
        """All parameters of the original problem, from those that are free."""
        return self.S @ x + self.s * w

    def full(self, w, evaluation):
        """All parameters of the original problem at an evaluation."""
        return self.whole(w, evaluation.estimates)


class CoefficientConstraint(CoefficientSpace):
    """One fixed coefficient, of any predictor: the one of `group` that is `row` in the user's."""

    def __init__(self, problem, group, row):
        F, part = problem.n_fixed, group.part
        self._a, self._part = group.T[row], part
        inner, direction = np.zeros((F, F - 1)), np.zeros(F)
        before, own, after = slice(0, part.start), slice(part.start, part.stop - 1), part.stop - 1
        direction[part], inner[part, own] = along_and_across(self._a)
        inner[before, before] = np.eye(part.start)
        inner[part.stop :, after:] = np.eye(F - part.stop)
        super().__init__(problem, inner, direction)

    def split(self, x, lambdas):
        """w and the free coordinates of a full vector of parameters."""
        return float(self._a @ x[self._part]), self.S.T @ x

    def curvature(self, objective, H, x, w, regular):
        """(P, P) second derivatives by (w, x)."""
        J = np.column_stack([self.s, self.S])
        return J.T @ H @ J


class CovarianceConstraint:
    """A standard deviation or a correlation of one term.

    Its coordinates v are those of the term's factor L, the one that is held first. `columns` has
    the position in the term of the effect, or of the two whose correlation it is.
    """

    problem: Any
    term: Any
    structure: Any
    B: np.ndarray
    units: np.ndarray

    def bind(self, problem, owner):
        """Keep the problem, and B of the term's own columns only."""
        self.problem, self.term = problem, problem.covariance_parameters.terms[owner]
        self.B = self.B[list(self.term.columns)]

    def factor(self, entries) -> np.ndarray:
        """(k, k) L of the coordinates."""
        raise NotImplementedError

    def of_own(self, L) -> np.ndarray:
        """L of any factor whose rows are in the term's own order."""
        raise NotImplementedError

    def coordinates(self, L) -> np.ndarray:
        """The coordinates of a factor."""
        raise NotImplementedError

    def split(self, x, lambdas):
        """w and the free coordinates of a full vector of parameters."""
        t, covariance = self.term, self.problem.covariance_parameters
        T = covariance.T_blocks[t.block][np.ix_(t.columns, t.columns)]
        Lam = lambdas[t.block][np.ix_(t.columns, t.columns)]
        v = self.coordinates(self.of_own(T @ Lam))
        start = self.problem.n_fixed + t.part.start
        stop = self.problem.n_fixed + t.part.stop
        return float(v[0]), np.concatenate([x[:start], v[1:], x[stop:]])

    def at(self, w):
        """The problem with the parameter held at w; with None, free and first of the term's."""
        problem = copy(self.problem)
        problem.covariance_parameters = ConstrainedParameters(self, w)
        problem.n_parameters -= w is not None
        return problem

    def full(self, w, evaluation):
        """All parameters of the original problem."""
        problem = self.problem
        fixed = evaluation.estimates[: problem.n_fixed]
        theta = problem.covariance_parameters.theta_from_lambdas(evaluation.lambdas)
        return np.concatenate([fixed, theta])

    def curvature(self, objective, H, x, w, regular):
        """(P, P) second derivatives by (w, x), at an optimum."""
        P = self.problem.n_parameters
        first = self.problem.n_fixed + self.term.part.start
        own = np.arange(first, self.problem.n_fixed + self.term.part.stop)
        z = np.concatenate([x[:first], [w], x[first:]])
        J = np.eye(P)
        J[np.ix_(own, own)] = self._jacobian(z[own]) if regular else np.diag(self.units)
        out = J.T @ H @ J
        if not regular:
            # on a boundary the engine's own coordinates are not differentiable
            guess = out.copy()
            guess[np.diag_indices(P)] = np.maximum(np.abs(out.diagonal()), 1e-2)
            inner = with_problem(objective, self.at(None))
            out = by_differences(inner.evaluate(z), guess, own, 1e-3, central=True)
        order = [first, *(i for i in range(P) if i != first)]
        return out[np.ix_(order, order)]

    def _jacobian(self, v):
        """(n, n) derivative of the engine's theta of the term by v."""
        J = np.empty((v.size, v.size))
        for i in range(v.size):
            size = STEP * max(abs(v[i]), self.units[i])
            up, down = v.copy(), v.copy()
            up[i] += size
            down[i] -= size
            up, down = (self.structure.theta_of(self.B @ self.factor(z)) for z in (up, down))
            J[:, i] = (up - down) / (2.0 * size)
        return J


class TriangularConstraint(TermFactor, CovarianceConstraint):
    """That of a term of free covariances: v are the entries of its triangular factor."""

    def __init__(self, problem, owner, columns):
        k = len(problem.covariance_parameters.terms[owner].columns)
        super().__init__(problem.covariance_parameters, owner, beginning_with(columns, k))
        self.bind(problem, owner)
        self._first = self._second = None
        if len(columns) == 2:  # w stands in L_22's place, and log s in L_21's
            places = list(zip(self.rows.tolist(), self.cols.tolist(), strict=True))
            places = [(1, 1), *(ij for ij in places if ij != (1, 1))]
            self.rows, self.cols = np.array(places).T
            self._first, self._second = places.index((0, 0)), places.index((1, 0))
            self.units = 1.0 / self.scale[self.rows]

    def factor(self, entries):
        """(k, k) L of the coordinates."""
        L = super().factor(entries)
        if self._first is not None:
            s = exp(entries[self._second])
            L[0, 0] = exp(entries[self._first])
            L[1, 0], L[1, 1] = s * sin(entries[0]), s * cos(entries[0])
        return L

    def pull_back(self, v, G):
        """Derivatives by the coordinates from derivatives by L."""
        g = G[self.rows, self.cols]
        if self._first is not None:
            s = exp(v[self._second])
            g[0] = s * (G[1, 0] * cos(v[0]) - G[1, 1] * sin(v[0]))
            g[self._first] *= exp(v[self._first])
            g[self._second] = s * (G[1, 0] * sin(v[0]) + G[1, 1] * cos(v[0]))
        return g

    def coordinates(self, L):
        """The coordinates of a factor in this order."""
        v = L[self.rows, self.cols]
        if self._first is not None:
            s = max(float(np.hypot(L[1, 0], L[1, 1])), LEAST_SD / self.scale[1])
            v[0] = np.arctan2(L[1, 0], L[1, 1])
            v[self._first] = log(max(L[0, 0], LEAST_SD / self.scale[0]))
            v[self._second] = log(s)
        return v


class NaturalConstraint(NaturalFactor, CovarianceConstraint):
    """That of a term whose structure restricts its covariances: v are its natural coordinates.

    Of standard deviations the logarithm, where a correlation is held.
    """

    def __init__(self, problem, owner, columns):
        super().__init__(problem.covariance_parameters, owner)
        self.bind(problem, owner)
        held = self.place(columns)
        self._order = [held, *(i for i in range(self.is_sd.size) if i != held)]
        self._logs = self.is_sd & (len(columns) == 2)
        self.units = np.where(self._logs, 1.0, self.units)[self._order]

    def factor(self, entries):
        """(k, k) L of the coordinates."""
        natural = np.empty(entries.size)
        natural[self._order] = entries
        natural[self._logs] = np.exp(natural[self._logs])
        return super().factor(natural)

    def pull_back(self, v, G):
        """Derivatives by the coordinates from derivatives by L."""
        out = []
        for step in np.diag(STEP * np.maximum(np.abs(v), self.units)):
            change = self.factor(v + step) - self.factor(v - step)
            out.append(float(np.sum(G * change)) / (2.0 * step.sum()))
        return np.array(out)

    def coordinates(self, L):
        """The coordinates of a factor."""
        natural, least = super().coordinates(L), LEAST_SD / self.scale.max()
        natural[self._logs] = np.log(np.maximum(natural[self._logs], least))
        return natural[self._order]


class ConstrainedParameters:
    """`CovarianceParameters` with one term in the coordinates of a constraint.

    Without w, what is held is free, and first among the term's coordinates.
    """

    def __init__(self, constraint, w):
        self.constraint, self.w = constraint, w
        self.inner = constraint.problem.covariance_parameters
        self.T_blocks = self.inner.T_blocks
        self.n_theta = self.inner.n_theta - (w is not None)

    @property
    def terms(self):
        """The other terms, whose variances may be looked beside, with the places they have here."""
        part, moved = self.constraint.term.part, self.w is not None
        return [
            replace(term, part=slice(term.part.start - moved, term.part.stop - moved))
            if term.part.start >= part.stop
            else term
            for term in self.inner.terms
            if term.part != part
        ]

    def _whole(self, theta):
        """theta with what is held, and the term's own coordinates in it."""
        part = self.constraint.term.part
        if self.w is not None:
            theta = np.insert(theta, part.start, self.w)
        return theta, theta[part]

    def lambdas(self, theta):
        """(k, k) factor of every block."""
        whole, v = self._whole(theta)
        out = self.inner.lambdas(whole)
        t = self.constraint.term
        factor = self.constraint.B @ self.constraint.factor(v)
        out[t.block][np.ix_(t.columns, t.columns)] = factor
        return out

    def gradient(self, theta, slopes):
        """Derivatives by theta from derivatives by Lambda."""
        whole, v = self._whole(theta)
        t = self.constraint.term
        own = slopes[t.block] if t.whole else slopes[t.block][t.place]
        g = np.array(self.inner.gradient(whole, slopes))  # may be a view of the slopes
        g[t.part] = self.constraint.pull_back(v, self.constraint.B.T @ own)
        return g if self.w is None else np.delete(g, t.part.start)
