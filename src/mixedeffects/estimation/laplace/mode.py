"""The conditional mode of the random effects: penalised iteratively reweighted least squares.

At fixed parameters u minimises F(u) = -sum_i log f(y_i | eta_i) + u'Qu / 2 with eta = X beta +
Z Lambda u, by Newton's method with the observed weights, W_i = -d2 log f_i / d eta_i^2 (the PIRLS
of Bates et al. has the expected ones: the same for canonical links).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np

MAX_STEPS = 100
# squared length of a step, in posterior standard deviations, after which one more step is the last:
# for an optimiser, and where gradients will be subtracted from each other
SETTLED, EXACT = 1e-7, 1e-12
# squared length, relative to the square of these, of a step that need not be made: log|M| changes
# in proportion to its length
NO_STEP = 1e-4
# smallest pivot of M that is accepted: with log-concave densities all its eigenvalues are at least
# one; next to zero the posterior is far wider than the prior, and no parabola describes it
FLAT = 0.02
# the factor of an earlier point is used again while a step with it leaves at most this share of the
# decrement of the step before
GOOD_RATE = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class Mode:
    """Where F is smallest.

    Attributes
    ----------
    u : (unknowns,) array
        The random effects; in the quick form the coefficients, too, while they are searched.
    value : float
        F; inf where no mode was found.
    predictors : list of (n,) arrays
        All linear predictors there.
    terms : dict
        Derivatives of the log densities there, up to order 3; see `Family.derivatives`.
    weights : (rows,) array
        W of the stacked rows (`mixedeffects.estimation.laplace.stacking`).
    factor : DiagonalFactor, SmallFactor, BlockedFactor or JointFactor
        M at the mode, factored; None where no mode was found.
    steps : int
        Of Newton's method.
    """

    u: np.ndarray
    value: float
    predictors: list[np.ndarray]
    terms: dict[tuple[int, ...], np.ndarray]
    weights: np.ndarray
    factor: Any
    steps: int


NOWHERE = Mode(np.empty(0), np.inf, [], {}, np.empty(0), None, 0)


class RandomEffects:
    """F as a function of the random effects.

    Parameters
    ----------
    problem : Problem
        Its `system` scaled by the Lambda that the mode is wanted for.
    predictors : list of (n,) arrays
        All linear predictors without the random part.
    """

    def __init__(self, problem, predictors):
        self.problem, self.predictors = problem, predictors
        self._precision_times = problem.system.times_precision

    def linear_predictors(self, u):
        return self.problem.with_random(self.predictors, u)

    def penalty(self, u):
        return 0.5 * float(u @ self._precision_times(u))

    def gradient(self, u, terms):
        return self._precision_times(u) - self.problem.gathered(terms)

    def factorise(self, w):
        return self.problem.system.factorise(w)

    def guessed(self, near):
        """The modes if the scores were the parabolas that they are like at another point.

        With l the derivatives of the log densities at the modes of that point, d the change of the
        predictors' fixed parts from the predictors there and c = d + Z Lambda u that of the whole,

            Q u = Lambda'Z'(l' + l'' c + l''' c^2 / 2),

        solved without the last term and then with the c that this gave: to second order in the
        change of the parameters. None where the curvature is not positive definite.

        Parameters
        ----------
        near : Mode
            Of the other point.
        """
        problem, terms = self.problem, near.terms
        factor = self.factorise(near.weights)
        if not isfinite(factor.logdet):
            return None
        pairs = zip(problem.predictors, self.predictors, near.predictors, strict=True)
        changes = [new - old if p.offset is None else _change(new, old) for p, new, old in pairs]
        parts = []
        for a, seconds, _ in problem.expansions:
            part = terms[a,]
            for key, b in seconds:
                if key in terms:
                    part = part + terms[key] * changes[b]
            parts.append(part)
        u = factor.solve(problem.system.gather(problem.stacking.scores(parts)))
        changes, parts = problem.with_random(changes, u), []
        for a, _, thirds in problem.expansions:
            part = 0.0
            for key, b, c in thirds:
                if key in terms:
                    part = part + (0.5 if b == c else 1.0) * terms[key] * changes[b] * changes[c]
            parts.append(np.zeros(terms[a,].shape) if isinstance(part, float) else part)
        return u + factor.solve(problem.system.gather(problem.stacking.scores(parts)))


def _change(new, old):
    """(n,) new - old; zero where both are infinite, as the outermost thresholds are."""
    with np.errstate(invalid="ignore"):
        change = new - old
    return change if isfinite(change.sum()) else np.where(np.isfinite(change), change, 0.0)


def find_mode(unknown, u, old=None, settled_at=SETTLED, *, close=False):
    """Minimise F from u.

    Takes u (unknowns,) array. Returns a `Mode`.

    Parameters
    ----------
    old : factorisation, optional
        Of M at a point nearby, to be used again where factoring is expensive.
    settled_at : float
        Squared length of a step after which one more is the last; see `SETTLED`.
    close : bool
        Whether u may be so close to the mode already that no step is needed.
    """
    problem = unknown.problem
    variables = problem.stacking.variables
    last, last_decrement, before, step = np.inf, np.inf, u, None
    serving: Any = old  # the factor of an earlier point, while it is good enough
    settled, halvings = False, 0
    for count in range(MAX_STEPS):
        whole = settled or close  # the gradient will want the third derivatives
        predictors = unknown.linear_predictors(u)
        terms = problem.terms_of(predictors, 3 if whole else 2, variables)
        value = unknown.penalty(u) - float(terms[()].sum())
        # the tolerance is relative to the last value, not to this one: after too long a step this
        # one may be infinite, and would be within its own rounding of anything
        if not (value <= last + 1e-11 * (1.0 + abs(last)) or settled):
            halvings += 1
            if step is None or halvings > 40:
                return NOWHERE
            step, serving = step * 0.5, None
            u = before - step
            continue
        halvings = 0
        w = problem.row_weights(terms)
        if settled:
            return _found(u, value, predictors, terms, w, unknown.factorise(w), count)
        g = unknown.gradient(u, terms)
        factor, observed = serving, False
        if serving is None:
            factor, observed = _curvature(unknown, terms, predictors, w)
        step = factor.solve(g)
        decrement = float(g @ step)
        if serving is not None and decrement > GOOD_RATE * last_decrement:
            factor, observed = _curvature(unknown, terms, predictors, w)
            step = factor.solve(g)
            decrement = float(g @ step)
        if not isfinite(decrement):
            return NOWHERE
        if close and observed and 0.0 <= decrement <= NO_STEP * settled_at**2:
            return _found(u, value, predictors, terms, w, factor, count)
        serving = factor if problem.dear else None
        settled, close = decrement < settled_at, False
        last, last_decrement, before = value, decrement, u
        u = u - step
    return NOWHERE


def _found(u, value, predictors, terms, w, factor, count):
    """The mode, unless the posterior is no peak there."""
    if not isfinite(factor.logdet) or (w.min() < 0 and factor.smallest_pivot() < FLAT):
        return NOWHERE
    return Mode(u, value, predictors, terms, w, factor, count)


def _curvature(unknown, terms, predictors, w):
    """F's curvature factored, with safe weights where the observed ones do not make it positive.

    Returns the factor, and whether it has the observed weights.
    """
    factor = unknown.factorise(w)
    if isfinite(factor.logdet):
        return factor, True
    return unknown.factorise(unknown.problem.safe_weights(terms, predictors)), False
