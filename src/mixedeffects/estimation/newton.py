"""AI-Newton: Newton's method with the average information and |eigenvalues|.

Gilmour, Thompson & Cullis (1995), doi:10.2307/2533274, for the curvature; replacing
eigenvalues by their moduli makes every step a descent direction and leaves saddles
(Dauphin et al. 2014, arXiv 1406.2572).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np
from scipy.linalg.lapack import dposv  # pyright: ignore[reportAttributeAccessIssue]

from mixedeffects.estimation.search_log import Step, stopped

ARMIJO = 1e-4
SMALLEST_STEP = 1e-10
# Newton decrements at which to stop: the objective can still fall by half as much. Where an
# evaluation costs a large factorisation, one more to win 5e-8 is not worth it.
TIGHT, ENOUGH = 1e-10, 1e-7
MESSAGE = "Newton decrement below tolerance"


@dataclass(frozen=True, slots=True)
class OptimizerResult:
    """Where an optimiser stopped.

    Attributes
    ----------
    evaluation : Evaluation
        The best point.
    converged : bool
        By the optimiser's own criterion.
    decrement : float or None
        Newton decrement at `evaluation`, where the optimiser knows it.
    path : tuple of Step
        The accepted iterations of the whole search, where they were recorded.
    rule : str or None
        The user's rule, in words, where it stopped the search.
    ran_out : bool
        Whether it stopped only because it was allowed no more iterations or evaluations.
    information : (K, K) array or None
        The average information at or near `evaluation`, where the optimiser has it.
    """

    evaluation: Any
    iterations: int
    converged: bool
    message: str
    decrement: float | None = None
    path: tuple[Step, ...] = ()
    rule: str | None = None
    ran_out: bool = False
    information: Any = None


def newton(objective, theta, *, tolerance=TIGHT, max_iterations=200, watch=None):
    """Minimise the objective from theta~.

    Stops when the Newton decrement g'H^-1g, twice the predicted decrease of the objective, is below
    `tolerance`. Takes theta (n_theta,) array. Returns an `OptimizerResult`.

    Parameters
    ----------
    watch : Watch, optional
        Told of every accepted iteration.
    """
    current = objective.evaluate(theta)
    if not isfinite(current.value):
        return OptimizerResult(current, 0, False, "the objective is not finite at the start")
    H = looked = None
    for iteration in range(max_iterations):
        g = current.gradient
        size = float(g @ g)
        if not isfinite(size):
            return OptimizerResult(current, iteration, False, "the gradient is not finite")
        if watch is not None and watch(iteration, current, g):
            return by_rule(current, iteration, watch)
        if H is not None and size < 1e-6 * H.trace():
            # near the optimum the last curvature judges as well as a new one
            decrement = newton_step(H, g, current.theta)[1]
            if decrement < tolerance:
                return stopped_at(current, iteration, decrement, looked)
        H, looked = current.curvature, current
        step, decrement = newton_step(H, g, current.theta)
        if decrement < tolerance:
            return stopped_at(current, iteration, decrement, current)
        accepted = _line_search(objective, current, step, g)
        if accepted is None:
            rounding = 1e-11 * abs(current.value)
            converged = decrement < max(1e-6, rounding)
            message = "no lower point along the Newton direction"
            return OptimizerResult(current, iteration, converged, message, decrement)
        current = accepted
    return out_of_iterations(current, max_iterations, watch)


def stopped_at(evaluation, iterations, decrement, looked):
    """The result of a run that ended by itself; `looked`: where the curvature was computed last."""
    return OptimizerResult(
        evaluation, iterations, True, MESSAGE, decrement, information=looked.information
    )


def out_of_iterations(evaluation, iterations, watch):
    """The result of a run that was allowed no more iterations; the user's rule has the last say."""
    if watch is not None and watch(iterations, evaluation, evaluation.gradient):
        return by_rule(evaluation, iterations, watch)
    return OptimizerResult(evaluation, iterations, False, "iteration limit reached", ran_out=True)


def by_rule(evaluation, iterations, watch):
    """The result of a run that the user's rule stopped."""
    words = watch.words
    return OptimizerResult(evaluation, iterations, True, stopped(words), rule=words)


def decrement_at(evaluation):
    """Newton decrement at a point: twice what a step could still win."""
    return newton_step(evaluation.curvature, evaluation.gradient, evaluation.theta)[1]


def newton_step(H, g, theta):
    """-|H|^-1 g, shortened to a sensible length, and the decrement g'|H|^-1 g.

    Takes H (K, K) array; g, theta (K,) arrays. Returns step (K,) array, decrement (float).
    """
    _, solution, info = dposv(H, g)
    if info == 0:
        step = -solution
        decrement = float(g @ solution)
    else:  # not positive definite: the eigenvalues' moduli
        eigenvalues, vectors = np.linalg.eigh(H)
        modulus = np.abs(eigenvalues)
        floor = max(1e-8 * modulus.max(), 1e-12)
        projected = vectors.T @ g
        scaled = projected / np.maximum(modulus, floor)
        step = -(vectors @ scaled)
        decrement = float(projected @ scaled)
    # of a few numbers, faster than by NumPy
    longest = max(map(abs, step.tolist()))
    allowed = max(1.0, 2.0 * max(map(abs, theta.tolist())))
    if longest > allowed:
        step *= allowed / longest
    return step, decrement


def _line_search(objective, current, step, g):
    slope = float(g @ step)
    length = 1.0
    while length > SMALLEST_STEP:
        trial = objective.evaluate(current.theta + length * step)
        change = trial.value - current.value
        if change <= ARMIJO * length * slope:
            return trial
        if abs(length * slope) < 1e-13 * abs(current.value):
            return None
        length = shortened(length, slope, change)
    return None


def shortened(length, slope, change):
    """The next length to try along a step that changed the value by too much.

    The minimiser of the parabola through value, slope and trial value, within a tenth and a
    half of the last length; a tenth where the trial value was not finite.

    Examples
    --------
    >>> shortened(1.0, -1.0, 1.0), shortened(1.0, -1.0, float("inf"))
    (0.25, 0.1)
    """
    if not isfinite(change):
        return 0.1 * length
    best = -0.5 * slope * length * length / (change - slope * length)
    return min(max(best, 0.1 * length), 0.5 * length)
