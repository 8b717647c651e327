"""The conditional mode of the random effects: penalised iteratively reweighted least squares.

At fixed parameters u minimises F(u) = -sum_i log f(y_i | eta_i) + u'Qu / 2 with eta = X beta +
Z Lambda u, by Newton's method with the observed weights, W_i = -d2 log f_i / d eta_i^2 (the PIRLS
of Bates et al. has the expected ones: the same for canonical links).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

MAX_STEPS = 100
# squared length of a step, in posterior standard deviations, after which one more step is the last:
# for an optimiser, and where gradients will be subtracted from each other
SETTLED, EXACT = 1e-7, 1e-12
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
    terms : dict
        Derivatives of the log densities there, up to order 3; see `Family.derivatives`.
    weights : (rows,) array
        W of the stacked rows (`mixedeffects.estimation.laplace.stacking`).
    factor : SmallFactor, BlockedFactor or JointFactor
        M at the mode, factored; None where no mode was found.
    steps : int
        Of Newton's method.
    """

    u: np.ndarray
    value: float
    terms: dict[tuple[int, ...], np.ndarray]
    weights: np.ndarray
    factor: Any
    steps: int


NOWHERE = Mode(np.empty(0), np.inf, {}, np.empty(0), None, 0)


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

    def terms(self, u, order):
        return self.problem.terms(self.predictors, u, order)

    def penalty(self, u):
        return 0.5 * float(u @ self._precision_times(u))

    def gradient(self, u, terms):
        return self._precision_times(u) - self.problem.gathered(terms)

    def factorise(self, w):
        return self.problem.system.factorise(w)

    def safe_weights(self, u, terms):
        return self.problem.safe_weights(self.predictors, u, terms)


def find_mode(unknown, u, old=None, settled_at=SETTLED):
    """Minimise F from u.

    Takes u (unknowns,) array. Returns a `Mode`.

    Parameters
    ----------
    old : factorisation, optional
        Of M at a point nearby, to be used again where factoring is expensive.
    settled_at : float
        Squared length of a step after which one more is the last; see `SETTLED`.
    """
    problem = unknown.problem
    last, last_decrement, before, step = np.inf, np.inf, u, None
    serving = old  # the factor of an earlier point, while it is good enough
    settled, halvings = False, 0
    for count in range(MAX_STEPS):
        terms = unknown.terms(u, 3 if settled else 2)  # the gradient will want the third
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
        w = problem.stacking.weights(problem.information(terms))
        if settled:
            factor = unknown.factorise(w)
            if not np.isfinite(factor.logdet):
                return NOWHERE
            if w.min() < 0 and factor.smallest_pivot() < FLAT:
                return NOWHERE
            return Mode(u, value, terms, w, factor, count)
        g = unknown.gradient(u, terms)
        factor = _curvature(unknown, u, terms, w) if serving is None else serving
        step = factor.solve(g)
        decrement = float(g @ step)
        if serving is not None and decrement > GOOD_RATE * last_decrement:
            factor = _curvature(unknown, u, terms, w)
            step = factor.solve(g)
            decrement = float(g @ step)
        if not np.isfinite(decrement):
            return NOWHERE
        serving = factor if problem.dear else None
        settled = decrement < settled_at
        last, last_decrement, before = value, decrement, u
        u = u - step
    return NOWHERE


def _curvature(unknown, u, terms, w):
    """F's curvature factored, with safe weights where the observed ones do not make it positive."""
    factor = unknown.factorise(w)
    if not np.isfinite(factor.logdet):
        factor = unknown.factorise(unknown.safe_weights(u, terms))
    return factor
