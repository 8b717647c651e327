"""Profiles of a linear model: the unprofiled objective with one parameter held.

Its vector y (the entries of all terms' factors L, and log sigma last) is written as a function of
what is held, w, and of free coordinates x:

    standard deviation, sigma   w is an entry of y, x are the others
    correlation                 L_21 = s sin w and L_22 = s cos w, with s > 0 in x for the two
    coefficient                 x is y: the cross-products are those of other columns
"""

from __future__ import annotations

from dataclasses import replace
from math import cos, exp, nan, sin, sqrt

import numpy as np

from mixedeffects.engine import with_fixed
from mixedeffects.estimation.minimize import minimize
from mixedeffects.estimation.objective import LMMObjective
from mixedeffects.estimation.profile.constraint import (
    along_and_across,
    beginning_with,
    natural_values,
)
from mixedeffects.estimation.profile.linear_search import descent, search
from mixedeffects.estimation.profile.path import ROUGH
from mixedeffects.estimation.profile.problem import ConstrainedProblem, ProfileOptimum
from mixedeffects.estimation.profile.unprofiled import UnprofiledObjective, UnprofiledParameters

# standard deviation, of sigma, below which its correlation means nothing
VANISHING = 1e-4


class LinearOptimum(ProfileOptimum):
    """The optimum of the ML or REML criterion of a linear model.

    Attributes
    ----------
    factors : list of (k, k) arrays
        Per term, L with Cov(b) = L L', columns in the term's order.
    sigma : float
    beta : (p,) array
    """

    per_point = 1.3
    has_sigma = True

    def __init__(self, evaluation):
        self.evaluation = evaluation
        model = evaluation.objective
        self.parameters, self.stats = model.parameters, model.stats
        self.objective = UnprofiledObjective(model.stats, model.solver, model.reml)
        self.sigma, self.minimum = sqrt(evaluation.s2), evaluation.value
        lambdas = self.parameters.user_lambdas(evaluation.theta)
        self.factors = [
            self.sigma * lambdas[t.block][np.ix_(t.columns, t.columns)]
            for t in self.parameters.terms
        ]
        self.beta = self.beta_of(evaluation.factorisation.beta())

    @classmethod
    def of(cls, fit, reml):
        """That of a fit: its own, or that of the other criterion, which is kept with the fit."""
        if fit.reml == reml:
            return cls(fit.evaluation)
        key = "optimum", reml
        if key not in fit.cache:
            own = fit.evaluation.objective
            objective = LMMObjective(own.stats, own.solver, own.parameters, reml)
            start = fit.evaluation.theta if fit.evaluation.theta.all() else None
            fit.cache[key] = minimize(objective, start=start, costly=fit.plan.costly)[0]
        return cls(fit.cache[key])

    @staticmethod
    def check(fit, reml):
        """Every linear model has profiles."""

    @property
    def evaluations(self):
        return self.objective.evaluations

    def problem(self, constraint):
        kind = constraint.kind
        if kind == "cor" and not self.parameters.terms[constraint.owner].structure.free:
            return ConstrainedNatural(self, constraint)
        return PROBLEMS[kind](self, constraint)

    def restarted(self, found):
        model = self.evaluation.objective
        start = model.parameters.theta_from_lambdas(list(found.evaluation.lambdas))
        return LinearOptimum(minimize(model, start=start)[0])

    def beta_of(self, inner):
        """The user's coefficients of the engine's."""
        T, p = self.stats.reference.T, self.stats.p
        return T[:p, :p] @ inner - T[:p, p]

    def estimates(self):
        return self.values(self.factors, self.sigma, self.beta)

    def values(self, factors, sigma, beta, directions=None):
        """(K,) natural values of all parameters."""
        return natural_values(self.parameters.terms, factors, [sigma, *beta], directions)


class LinearProblem(ConstrainedProblem):
    """A linear model with one parameter held; in this base class no entry of y is.

    Attributes
    ----------
    parameters : UnprofiledParameters
    positive : tuple of int
        Entries of x that must be positive: standard deviations whose correlation is held.
    vanishing : tuple of float
        What counts as zero for each of them, relative to sigma.
    columns_free : list of sequences of int
        Per term, the columns of L that the constraint leaves alone.
    correction : (K, K) array or None
        What the average information lacks, learnt from gradients from point to point.
    """

    positive: tuple[int, ...] = ()
    vanishing: tuple[float, ...] = ()
    correction = None

    def __init__(self, optimum, constraint, orders=None):
        super().__init__(optimum, constraint)
        self.parameters = UnprofiledParameters(optimum.parameters, orders or {})
        self.columns_free = [range(t.k) for t in self.parameters.terms]

    def split(self, y):
        """w and x of a vector."""
        return nan, y

    def expand(self, x, w):
        """The vector of x and w."""
        return x

    def pull_back(self, g, H, x, w):
        """Derivatives by x and w from those by the vector: g_x, H_xx, H_xw and H_ww."""
        return g, H, None, None

    def objective_at(self, w):
        """The objective whose optimum is sought."""
        return self.optimum.objective

    def minimised(self, w, x, tolerance):
        return search(self, self.objective_at(w), w, x, tolerance)[0]

    def factors(self, x, w):
        """Per term, L in the term's own order of columns."""
        y = self.expand(x, w)
        return [t.factor(y[t.part])[np.argsort(t.order)] for t in self.parameters.terms]


class ConstrainedCoefficient(LinearProblem):
    """A fixed effect: its column times the held value moves into the offset.

    With X~ = X T the coefficient is a'beta~ - t for a row a of T. In an orthonormal basis whose
    first vector is a / |a|, what is left of X~ are the other columns, and the response loses
    X~ a (value + t) / |a|^2: a linear transformation of the cross-products, no row is read.
    """

    def __init__(self, optimum, constraint):
        super().__init__(optimum, constraint)
        stats, (position,) = optimum.stats, constraint.columns
        p, T = stats.p, stats.reference.T
        a, self.shift = T[position, :p], T[position, p]
        self.direction, self.others = along_and_across(a)
        self.x = self.parameters.vector(optimum.factors, optimum.sigma)
        self.w = float(optimum.beta[position])
        half = np.linalg.solve(optimum.evaluation.factorisation.RX.T, a)
        self.guess = optimum.sigma * float(np.sqrt(half @ half))  # the standard error
        self.slope = 1.0 / self.guess

    def objective_at(self, w):
        optimum = self.optimum
        stats, p = optimum.stats, optimum.stats.p
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
        return UnprofiledObjective(held, with_fixed(optimum.objective.solver, held), False)

    def minimised(self, w, x, tolerance):
        objective = self.objective_at(w)
        found, _ = search(self, objective, w, x, tolerance)
        self.optimum.objective.evaluations += objective.evaluations
        return found

    def values(self, point):
        inner = self.direction * (point.w + self.shift)
        inner = inner + self.others @ point.found.evaluation.factorisation.beta()
        beta = self.optimum.beta_of(inner)
        return self.optimum.values(self.factors(point.x, point.w), exp(point.x[-1]), beta)


class ConstrainedVariance(LinearProblem):
    """A parameter of the variances, whose columns come first in its term."""

    def __init__(self, optimum, constraint):
        self.owner, self.first = constraint.owner, constraint.columns
        orders = {}
        if self.first:
            k = len(optimum.parameters.terms[self.owner].columns)
            orders[self.owner] = beginning_with(self.first, k)
        super().__init__(optimum, constraint, orders)
        self.choose_coordinates()
        self.w, self.x = self.split(self.parameters.vector(optimum.factors, optimum.sigma))
        if constraint.kind == "cor":
            self.ceiling = self.find_ceiling()
        _, derivatives = search(self, optimum.objective, self.w, self.x, ROUGH)
        if derivatives is not None:
            H, mixed, bend = derivatives
            self.tangent = descent(H, mixed)[0]
            bend = float(bend + mixed @ self.tangent)
            self.slope = sqrt(0.5 * bend) if bend > 0 else nan

    def choose_coordinates(self):
        """Choose the coordinates, and a first step of w."""
        raise NotImplementedError

    def coordinates(self, found):
        factors = found.problem.factors(found.x, found.w)
        return self.split(self.parameters.vector(factors, exp(found.x[-1])))[1]

    def values(self, point):
        factors = self.factors(point.x, point.w)
        sigma = exp(self.expand(point.x, point.w)[-1])
        beta = self.optimum.beta_of(point.found.evaluation.factorisation.beta())
        return self.optimum.values(factors, sigma, beta, self.directions(factors, point.w))

    def directions(self, factors, w):
        """The factors, with the limit of the direction of a row that is held at zero."""
        return factors


class ConstrainedEntry(ConstrainedVariance):
    """A standard deviation of random effects, L_11 of its term, or log sigma."""

    def choose_coordinates(self):
        optimum, parameters = self.optimum, self.parameters
        if self.first:
            term = parameters.terms[self.owner]
            self.entry = term.part.start + term.place(self.first)
            self.columns_free[self.owner] = range(int(term.structure.free), term.k)
            self.guess = 0.2 * optimum.sigma * term.units[term.place(self.first)]
        else:
            self.entry = parameters.size - 1
            self.guess = 0.5 / sqrt(optimum.objective.nu)
        self.others = np.delete(np.arange(parameters.size), self.entry)
        self._place = np.ix_(self.others, self.others)

    def split(self, y):
        return float(y[self.entry]), y[self.others]

    def expand(self, x, w):
        y = np.empty(x.size + 1)
        y[self.others] = x
        y[self.entry] = w
        return y

    def pull_back(self, g, H, x, w):
        at, others = self.entry, self.others
        return g[others], H[self._place], H[others, at], H[at, at]

    def directions(self, factors, w):
        if not self.first or w != 0.0:
            return factors
        out = list(factors)
        out[self.owner] = L = factors[self.owner].copy()
        L[self.first[0], 0] = 1.0
        return out


class ConstrainedNatural(ConstrainedEntry):
    """A correlation of a structure that restricts its covariances: see `NaturalFactor`."""

    def choose_coordinates(self):
        super().choose_coordinates()
        term = self.parameters.terms[self.owner]
        places = term.part.start + np.flatnonzero(term.is_sd)
        self.positive = tuple(np.flatnonzero(np.isin(self.others, places)).tolist())
        self.vanishing = tuple((VANISHING * term.units[term.is_sd]).tolist())
        self.guess = 0.2


class ConstrainedCorrelation(ConstrainedVariance):
    """A correlation sin w: free instead of L_21 and L_22 is s, the length of the two.

    L_11 and s must be positive: the correlation would change its sign.
    """

    def choose_coordinates(self):
        parameters, term = self.parameters, self.parameters.terms[self.owner]
        place = {rc: i for i, rc in enumerate(zip(term.rows, term.cols, strict=True))}
        first = term.part.start + place[0, 0]
        self.a, self.b = term.part.start + place[1, 0], term.part.start + place[1, 1]
        self.others = np.delete(np.arange(parameters.size), self.b)
        self.at = int(np.flatnonzero(self.others == self.a)[0])
        self.positive = (int(np.flatnonzero(self.others == first)[0]), self.at)
        self.vanishing = (VANISHING / term.scale[0], VANISHING / term.scale[1])
        self.columns_free[self.owner] = range(2, term.k)
        self._by_x = np.zeros((parameters.size, parameters.size - 1))
        self._by_x[self.others, np.arange(parameters.size - 1)] = 1.0
        self.guess = 0.2

    def split(self, y):
        x = y[self.others]
        x[self.at] = np.hypot(y[self.a], y[self.b])
        return float(np.arctan2(y[self.a], y[self.b])), x

    def expand(self, x, w):
        y = np.empty(x.size + 1)
        y[self.others] = x
        s = x[self.at]
        y[self.a], y[self.b] = s * sin(w), s * cos(w)
        return y

    def pull_back(self, g, H, x, w):
        a, b, J = self.a, self.b, self._by_x
        J[a, self.at], J[b, self.at] = sin(w), cos(w)
        s = x[self.at]
        u, v = s * cos(w), -s * sin(w)  # derivatives of L_21 and L_22 by w
        mixed = J.T @ (H[:, a] * u + H[:, b] * v)
        mixed[self.at] += g[a] * cos(w) - g[b] * sin(w)
        bend = H[a, a] * u * u + 2 * H[a, b] * u * v + H[b, b] * v * v
        return J.T @ g, J.T @ H @ J, mixed, bend


PROBLEMS = {
    "sd": ConstrainedEntry,
    "sigma": ConstrainedEntry,
    "cor": ConstrainedCorrelation,
    "coefficient": ConstrainedCoefficient,
}
