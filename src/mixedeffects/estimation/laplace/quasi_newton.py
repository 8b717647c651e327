"""Quasi-Newton descent with a good first curvature (BFGS; Nocedal & Wright 2006, ch. 6, 18.3).

The curvature itself is updated, not its inverse: it starts as the linear model's and keeps
a damped update positive definite (Powell's rule).
"""

from __future__ import annotations

from math import isfinite

import numpy as np
from scipy.linalg.lapack import dpotrf  # pyright: ignore[reportAttributeAccessIssue]

from mixedeffects.estimation.newton import (
    OptimizerResult,
    by_rule,
    newton_step,
    out_of_iterations,
    shortened,
)

TOLERANCE = 1e-9
ARMIJO = 1e-4
# decrement above which a point is far from the optimum: its curvature is guessed anew, since the
# updates describe another place
FAR = 3.0
# iterations after which the Hessian is computed by differences of gradients
PATIENCE = 15
SMALLEST_STEP = 1e-8
# decrement above which a search without progress since the last such Hessian is given up
STUCK = 1e-2
# line searches that may fail; after each the Hessian is computed by differences
MOST_FAILURES = 4


def quasi_newton(
    objective,
    start,
    curvature,
    *,
    renew=None,
    tolerance=TOLERANCE,
    max_iterations=200,
    watch=None,
    hopeless=None,
):
    """Minimise an objective with an exact gradient.

    Parameters
    ----------
    curvature : (P, P) array
        Symmetric; eigenvalues are taken by their moduli.
    renew : callable, optional
        From an evaluation and the curvature so far to a new guess of it, used while the point is
        far from the optimum.
    watch : Watch, optional
        Told of every accepted iteration.
    hopeless : callable, optional
        Whether an evaluation shows that there is no optimum to be found.

    Returns
    -------
    OptimizerResult, (P, P) array
        The curvature in the end.
    """
    current, B = start, curvature
    if not isfinite(current.value):
        message = "the likelihood is not finite at the start"
        return OptimizerResult(current, 0, False, message), B
    learnt, level, failures = 0, np.inf, 0
    told = exact = None
    for iteration in range(max_iterations):
        g = current.gradient
        if not np.isfinite(g).all():
            message = "the gradient is not finite"
            return OptimizerResult(current, iteration, False, message), B
        if watch is not None and current is not told:
            told = current
            if watch(iteration, current, g):
                return by_rule(current, iteration, watch), B
        if hopeless is not None and hopeless(current):
            message = "the likelihood rises without bound"
            return OptimizerResult(current, iteration, False, message), B
        step, decrement = newton_step(B, g, current.x)
        if decrement < tolerance:
            message = "Newton decrement below tolerance"
            return OptimizerResult(current, iteration, True, message, decrement), B
        if iteration - learnt >= PATIENCE:
            if decrement > STUCK and level - current.value < 0.1 * STUCK:
                message = "no progress although the gradient is not zero"
                return OptimizerResult(current, iteration, False, message, decrement), B
            level = current.value
            learnt, exact, B = iteration, current, exact_curvature(current, B)
            step, decrement = newton_step(B, g, current.x)
        trial = _search(objective, current, step, g)
        failures += trial is None
        if trial is None and exact is not current and failures <= MOST_FAILURES:
            # the approximate curvature misleads
            learnt, exact, B = iteration, current, exact_curvature(current, B)
            continue
        if trial is None:
            converged = decrement < max(1e-5, 1e-11 * abs(current.value))
            message = "no lower point along the descent direction"
            return OptimizerResult(current, iteration, converged, message, decrement), B
        s, y = trial.x - current.x, trial.gradient - g
        if renew is not None and decrement > FAR:
            B = renew(trial, B)
        B = _update(B, s, y)
        current = trial
    return out_of_iterations(current, max_iterations, watch), B


def exact_curvature(evaluation, B):
    """The Hessian by differences, at the cost of two gradients per parameter."""
    from mixedeffects.estimation.laplace.curvature import hessian

    return hessian(evaluation, np.diag(np.maximum(B.diagonal(), 1e-8)))


def _search(objective, current, step, g):
    slope, length = float(g @ step), 1.0
    while length > SMALLEST_STEP:
        trial = objective.evaluate(current.x + length * step, near=current)
        change = trial.value - current.value
        if change <= ARMIJO * length * slope:
            return trial
        if abs(length * slope) < 1e-9 * max(1.0, 1e-3 * abs(current.value)):
            # too small for the value to tell: the slope must have fallen
            if isfinite(change) and abs(trial.gradient @ step) < 0.9 * abs(slope):
                return trial
            return None
        length = shortened(length, slope, change)
    return None


def positive(B):
    """B, or where it is not positive definite the same with its eigenvalues' moduli."""
    if dpotrf(B)[1] == 0:
        return B
    values, vectors = np.linalg.eigh(B)
    modulus = np.abs(values)
    floor = max(1e-8 * modulus.max(initial=0.0), 1e-12)
    return (vectors * np.maximum(modulus, floor)) @ vectors.T


def _update(B, s, y):
    B = positive(B)
    Bs = B @ s
    sBs, sy = float(s @ Bs), float(s @ y)
    if not sBs > 0:
        return B
    if sy < 0.1 * sBs:
        mix = 0.9 * sBs / (sBs - sy)
        y = mix * y + (1.0 - mix) * Bs
        sy = float(s @ y)
    return B - Bs[:, None] * (Bs / sBs) + y[:, None] * (y / sy)
