"""AI-Newton: Newton's method with the average information and |eigenvalues|.

Gilmour, Thompson & Cullis (1995), doi:10.2307/2533274, for the curvature; replacing
eigenvalues by their moduli makes every step a descent direction and leaves saddles
(Dauphin et al. 2014, arXiv 1406.2572).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

ARMIJO = 1e-4
SMALLEST_STEP = 1e-10


@dataclass(frozen=True, slots=True)
class OptimizerResult:
    """Where an optimiser stopped.

    Attributes
    ----------
    evaluation : Evaluation
        The best point.
    iterations : int
    converged : bool
        By the optimiser's own criterion.
    message : str
    """

    evaluation: object
    iterations: int
    converged: bool
    message: str


def newton(objective, theta, *, tolerance=1e-9, max_iterations=200):
    """Minimise the objective from theta~.

    Stops when the Newton decrement g'H^-1g, twice the predicted decrease of the
    objective, is below `tolerance`.

    Returns
    -------
    OptimizerResult
    """
    current = objective.evaluate(theta)
    if not np.isfinite(current.value):
        return OptimizerResult(current, 0, False, "the objective is not finite at the start")
    for iteration in range(max_iterations):
        g = current.gradient
        if not np.all(np.isfinite(g)):
            return OptimizerResult(current, iteration, False, "the gradient is not finite")
        step, decrement = newton_step(current.curvature, g, current.theta)
        if decrement < tolerance:
            return OptimizerResult(current, iteration, True, "Newton decrement below tolerance")
        accepted = _line_search(objective, current, step, g)
        if accepted is None:
            rounding = 1e-11 * abs(current.value)
            converged = decrement < max(1e-6, rounding)
            return OptimizerResult(
                current, iteration, converged, "no lower point along the Newton direction"
            )
        current = accepted
    return OptimizerResult(current, max_iterations, False, "iteration limit reached")


def newton_step(H, g, theta):
    """-|H|^-1 g, shortened to a sensible length, and the decrement g'|H|^-1 g.

    Parameters
    ----------
    H : (K, K) array
    g, theta : (K,) arrays

    Returns
    -------
    step : (K,) array
    decrement : float
    """
    if g.size == 1:
        modulus, vectors = np.abs(H[0]), np.ones((1, 1))
    else:
        eigenvalues, vectors = np.linalg.eigh(H)
        modulus = np.abs(eigenvalues)
    floor = max(1e-8 * modulus.max(), 1e-12)
    projected = vectors.T @ g
    scaled = projected / np.maximum(modulus, floor)
    step = -(vectors @ scaled)
    decrement = float(projected @ scaled)
    longest = np.abs(step).max()
    allowed = max(1.0, 2.0 * np.abs(theta).max())
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
        if np.isfinite(change):
            # minimiser of the parabola through value, slope and trial value
            best = -0.5 * slope * length * length / (change - slope * length)
            length = min(max(best, 0.1 * length), 0.5 * length)
        else:
            length *= 0.1
    return None
