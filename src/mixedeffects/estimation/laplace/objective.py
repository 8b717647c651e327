"""-2 log-likelihood by Laplace's approximation, with its exact gradient.

With Q the prior precision, F(u) = -sum_i log f(y_i | eta_i, ...) + u'Qu / 2, its minimiser u^, W
the observed weights there and M = Q + Lambda'Z'WZ Lambda,

    d = 2 F(u^) + log|M| - log|Q|

(Tierney & Kadane 1986, doi:10.1080/01621459.1986.10478240). d depends on the parameters directly
and through u^; the second way needs one solve with M for all of them (implicit differentiation):
see `docs/theory/laplace.md`.
"""

from __future__ import annotations

from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

import numpy as np

from mixedeffects.estimation.laplace.mode import (
    EXACT,
    NOWHERE,
    SETTLED,
    Mode,
    RandomEffects,
    find_mode,
)

# largest change of a parameter, in columns of unit root mean square and relative standard
# deviations, to which modes are followed along a tangent
CLOSE = 0.3


class LaplaceObjective:
    """d as a function of all parameters: fixed coefficients, then theta.

    Attributes
    ----------
    evaluations, gradients : int
        How often each was computed.
    steps : int
        Of Newton's method for the modes, of all evaluations.
    settled_at : float
        How exactly modes are found: see `find_mode`.
    """

    def __init__(self, problem):
        self.problem = problem
        self.evaluations = self.gradients = self.steps = 0
        self.settled_at = SETTLED
        self._near = None

    def evaluate(self, x, near=None):
        """The objective at x.

        Takes x (n_parameters,) array. Returns a `LaplaceEvaluation`.

        Parameters
        ----------
        near : LaplaceEvaluation or StartingPoint, optional
            Whose mode to start from; the last one's by default.
        """
        self.evaluations += 1
        if near is None and self._near is not None:
            near = StartingPoint(*self._near)
        evaluation = self._at(np.array(x, dtype=float), near)
        if np.isfinite(evaluation.value):
            # not the evaluation, which knows its objective: in a circle both would live on
            self._near = evaluation.mode, evaluation.lambdas, evaluation.estimates, self.problem
        return evaluation

    def _at(self, x, near):
        return LaplaceEvaluation(self, x, near)

    def value(self, x):
        return self.evaluate(x).value

    @contextmanager
    def exactly(self):
        """Evaluate to the last digit, as differences of gradients need."""
        before, self.settled_at = self.settled_at, EXACT
        try:
            yield
        finally:
            self.settled_at = before


def with_problem(objective, problem):
    """The same approximation of the likelihood for another problem."""
    out = copy(objective)
    out.problem, out._near = problem, None
    out.evaluations = out.gradients = out.steps = 0
    return out


@dataclass(frozen=True, slots=True, eq=False)
class StartingPoint:
    """Where the search for the modes starts if there is no evaluation nearby.

    It has those attributes of an evaluation that such a search reads.

    Attributes
    ----------
    mode : Mode
        Of which only u is read, and the factor where there is one.
    lambdas : list of (k, k) arrays
    estimates : (n_parameters,) array
    problem : Problem, optional
        Whose mode it is: only there do the derivatives at it say more than where to start.
    """

    mode: Mode
    lambdas: list[np.ndarray]
    estimates: np.ndarray
    problem: Any = None

    @classmethod
    def at(cls, problem, x, u):
        """The modes u of the random effects at the parameters x."""
        lambdas = problem.covariance_parameters.lambdas(problem.theta(x))
        return cls(replace(NOWHERE, u=u), lambdas, x)


class LaplaceEvaluation:
    """One point: value at once, gradient when first asked for.

    Attributes
    ----------
    x : (n_parameters,) array
        Where the objective was asked for.
    estimates : (n_parameters,) array
        All parameters there: x, but in the quick form with the coefficients found with the modes.
    value : float
        d; inf where it cannot be computed.
    fixed : list of (n,) arrays
        All linear predictors without their random parts.
    mode : Mode
    lambdas : list of (k, k) arrays
    slopes : list of (k, k) arrays
        dd/dLambda of every block, once the gradient has been asked for.
    """

    __slots__ = (
        "_gradient",
        "estimates",
        "fixed",
        "lambdas",
        "mode",
        "objective",
        "slopes",
        "value",
        "x",
    )

    def __init__(self, objective, x, near):
        problem = objective.problem
        self.objective, self._gradient, self.value = objective, None, np.inf
        self.x = self.estimates = x
        self.lambdas = problem.covariance_parameters.lambdas(problem.theta(x))
        self.fixed = problem.fixed(x)
        problem.system.scale(self.lambdas)
        unknown = RandomEffects(problem, self.fixed)
        u, old = start_of_modes(unknown, x, self.lambdas, near)
        self.mode = find_mode(unknown, u, old, objective.settled_at, close=near is not None)
        if not isfinite(self.mode.value) and near is not None:
            self.mode = find_mode(unknown, np.zeros(u.size), None, objective.settled_at)
        objective.steps += self.mode.steps
        if isfinite(self.mode.value):
            self.value = 2.0 * self.mode.value + self.mode.factor.logdet

    @property
    def problem(self):
        return self.objective.problem

    @property
    def theta(self):
        return self.objective.problem.theta(self.x)

    def with_term(self, term, theta):
        """The point with another theta~ of one term."""
        x = self.x.copy()
        x[self.objective.problem.n_fixed :][term.part] = theta
        return self.objective.evaluate(x, near=self)

    @property
    def predictors(self):
        """All linear predictors at the mode."""
        return self.mode.predictors or self._without_mode()

    def _without_mode(self):
        problem = self.objective.problem
        problem.system.scale(self.lambdas)
        return problem.with_random(self.fixed, self.mode.u)

    @property
    def gradient(self):
        """dd/dx."""
        if self._gradient is None:
            self.objective.gradients += 1
            self._gradient = laplace_gradient(self)
        return self._gradient


def start_of_modes(unknown, x, lambdas, near):
    """Where the search for the modes at the parameters x begins, and a factor to begin with.

    Parameters
    ----------
    unknown : RandomEffects
        At x.
    lambdas : list of (k, k) arrays
        At x.
    near : LaplaceEvaluation, StartingPoint or None
        Whose modes to start from.
    """
    problem = unknown.problem
    if near is None:
        return np.zeros(problem.system.width), None
    if problem.dear:
        return carried(problem.system.rows, near.mode.u, near.lambdas, lambdas), near.mode.factor
    known = near.problem is problem and bool(near.mode.terms)
    if known and max(map(abs, (x - near.estimates).tolist())) < CLOSE:
        u = unknown.guessed(near.mode)
        if u is not None and isfinite(u.sum()):
            return u, None
    return carried(problem.system.rows, near.mode.u, near.lambdas, lambdas), None


def carried(rows, u, old, new):
    """The u with which a new Lambda gives the effects Lambda u that an old one gave.

    The data determine b = Lambda u, which changes less than u when Lambda does, so this is the
    better start. A block is left as it is where its new Lambda is nearly singular next to the old.
    """
    parts = []
    for f, _, where in rows.parts:
        part, L = u[where], new[f]
        least = 0.2 * np.abs(old[f]).max()
        if not np.array_equal(old[f], L) and (np.abs(L.diagonal()) > least).all():
            k = rows.k[f]
            if k == 1:
                part = part * (old[f][0, 0] / L[0, 0])
            elif abs(np.linalg.det(L)) > least**k:  # a profile's L need not be triangular
                part = (part.reshape(-1, k) @ np.linalg.solve(L, old[f]).T).ravel()
        parts.append(part)
    return np.concatenate(parts)


def laplace_gradient(evaluation):
    """dd/dx by implicit differentiation.

    Let e, f, g number linear predictors, l_e, l_ef, l_efg be the derivatives of an observation's
    log density by them, and z_e its row of Z Lambda for predictor e. Then, per observation,

    - h[f, g] = z_f'M^-1 z_g;
    - c[e] = d log|M| / d eta_e at fixed Lambda and u, which is -sum_fg h[f, g] l_efg;
    - a = M^-1 sum_e Z_e'c_e, one solution for all parameters, accounts for the change of the mode;
    - the derivative of d by eta_e is -2 l_e + c[e] + sum_f (z_f'a) l_ef.

    Derivatives by coefficients and Lambda follow by the chain rule: `pull_back`.
    """
    problem, mode = evaluation.objective.problem, evaluation.mode
    V, h, c = row_products(evaluation)
    a = mode.factor.solve(problem.system.gather(problem.stacking.scores(c)))
    return pull_back(problem, evaluation, mode.terms, h, c, a, mode.weights, V, 1.0)


def row_slopes(evaluation):
    """Derivative of d by the main predictor of every row, (n,), whatever its columns are.

    With a further column q of the predictor, its coefficient zero, q times these adds up to the
    derivative by that coefficient: the score of a model that is larger by q.
    """
    problem, mode = evaluation.objective.problem, evaluation.mode
    system, stacking = problem.system, problem.stacking
    _, h, c = row_products(evaluation)
    a = mode.factor.solve(system.gather(stacking.scores(c)))
    Za = list(stacking.predictors(system.eta(a)))
    return _row_slope(problem, mode.terms, h, Za, _implicit(problem, mode.terms, c, Za), 0, 1.0)


def row_products(evaluation):
    """Of every row, M^-1 z (n, K), and h and c of `laplace_gradient`."""
    mode, stacking = evaluation.mode, evaluation.objective.problem.stacking
    system = evaluation.objective.problem.system
    system.scale(evaluation.lambdas)
    V = mode.factor.row_inverses()
    h = stacking.products(row_dots(system.Z, V))
    return V, h, log_determinant_slopes(mode.terms, h, stacking.variables, stacking.variables)


def row_dots(Z, V):
    """(n,) sums of products along rows."""
    return (Z * V)[:, 0] if Z.shape[1] == 1 else np.einsum("ia,ia->i", Z, V)


def log_determinant_slopes(terms, h, targets, variables):
    """d (sum_ab h_ab w_ab) / d predictor e, for the predictors in `targets`."""
    out = []
    for e in targets:
        total = 0.0
        for (a, b), h_ab in h.items():
            third = terms.get(tuple(sorted((a, b, e))))
            if third is not None:
                total = total - (h_ab if a == b else 2.0 * h_ab) * third
        out.append(np.zeros(next(iter(h.values())).shape) if isinstance(total, float) else total)
    return out


def pull_back(problem, evaluation, terms, h, c, a, w, V, direct, moved=None):
    """Derivatives by all parameters, given the adjoints of M and of the mode.

    Parameters
    ----------
    terms : dict
        Derivatives of order 3 at the mode.
    h : dict of (n,) arrays
        z_a'Mbar z_b, Mbar the derivative of the objective by M: M^-1 for Laplace's approximation.
    c : list of (n,) arrays
        Derivative of the part with Mbar by every random predictor.
    a : (columns,) array
        M^-1 times the adjoint of the mode.
    w : (rows,) array
        Weights of the stacked rows.
    V : (rows, K) array
        Mbar z of every row.
    direct : {0, 1}
        Whether F(u^) itself is part of the objective (twice).
    moved : (n,) array, optional
        In the quick form, what the adjoint of the coefficients adds to Z a of the main predictor.
    """
    system, stacking, covariance = problem.system, problem.stacking, problem.covariance_parameters
    mode = evaluation.mode
    Za = list(stacking.predictors(system.eta(a)))
    if moved is not None:
        Za[0] = Za[0] + moved
    out = np.zeros(problem.n_parameters)
    implicit = _implicit(problem, terms, c, Za)
    for predictor in problem.predictors:
        slope = _row_slope(problem, terms, h, Za, implicit, predictor.variable, direct)
        out[predictor.part] += predictor.X.T @ slope
    s = problem.gathered(terms, raw=True)
    g = system.gather(stacking.scores(implicit), raw=True)
    rows = system.rows
    slopes = [np.empty(0)] * len(rows.q)
    weighted_V = w[:, None] * V
    for f, inside, where in rows.parts:
        if rows.k[f] == 1:
            own = s[where] @ (a[where] - 2.0 * direct * mode.u[where]) + g[where] @ mode.u[where]
            at = inside.start
            slopes[f] = np.full((1, 1), own + 2.0 * (rows.Z[:, at] @ weighted_V[:, at]))
            continue
        shape = rows.q[f], rows.k[f]
        sf, gf = s[where].reshape(shape), g[where].reshape(shape)
        uf, af = mode.u[where].reshape(shape), a[where].reshape(shape)
        slope = sf.T @ (af - 2.0 * direct * uf) + gf.T @ uf
        slopes[f] = slope + 2.0 * (rows.Z[:, inside].T @ weighted_V[:, inside])
    evaluation.slopes = slopes
    out[problem.n_fixed :] = covariance.gradient(evaluation.theta, slopes)
    return out


def _implicit(problem, terms, c, Za):
    """c - W Z a, (n,) for every predictor with random effects.

    It is the derivative of the objective by that predictor, apart from F(u^) itself: directly by
    log|M|, and through the mode.
    """
    variables, out = problem.stacking.variables, []
    for a, total in zip(variables, c, strict=True):
        for b, Za_b in zip(variables, Za, strict=True):
            second = terms.get((a, b) if a <= b else (b, a))
            if second is not None:
                total = total + second * Za_b
        out.append(total)
    return out


def _row_slope(problem, terms, h, Za, implicit, e, direct):
    """(n,) derivative of the objective by the linear predictor of variable e, row by row."""
    variables = problem.stacking.variables
    if e in variables:
        return implicit[variables.index(e)] - 2.0 * direct * terms[e,]
    (slope,) = log_determinant_slopes(terms, h, (e,), variables)
    if (e,) in terms:
        slope = slope - 2.0 * direct * terms[e,]
    for Za_v, v in zip(Za, variables, strict=True):
        mixed = terms.get(tuple(sorted((v, e))))
        if mixed is not None:
            slope = slope + Za_v * mixed
    return slope
