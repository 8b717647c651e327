"""Newton's method for the unprofiled objective of a linear model with one parameter held."""

from __future__ import annotations

from math import exp, isfinite

import numpy as np
from scipy.linalg.lapack import dposv  # pyright: ignore[reportAttributeAccessIssue]

from mixedeffects.estimation.newton import ARMIJO, SMALLEST_STEP, shortened
from mixedeffects.estimation.profile.problem import ConstrainedOptimum

# longest step of log sigma
LONGEST = 1.5
MOST_ITERATIONS = 100


def search(problem, objective, w, x, tolerance):
    """Minimise the unprofiled objective over x at a held w.

    A last Newton step that promises less than `tolerance` is taken without evaluating the
    objective again; its predicted fall is subtracted.

    Parameters
    ----------
    problem : LinearProblem
        What is held, and how.
    objective : UnprofiledObjective
        Of the problem at w.
    w : float
        The coordinate that is held.
    x : (K,) array
        Where to start.
    tolerance : float
        Newton decrement, twice the remaining fall, at which to stop.

    Returns
    -------
    found : ConstrainedOptimum
        Not converged, among other reasons, where a standard deviation whose correlation is held
        vanishes.
    derivatives : (H, mixed, bend) or None
        The second derivatives by x, by x and w, and by w, where H is positive definite.
    """
    if problem.positive:
        x = x.copy()
        for i, least in zip(problem.positive, problem.vanishing, strict=True):
            x[i] = max(x[i], 10.0 * least * exp(x[-1]))
    current = objective.evaluate(problem.parameters, problem.expand(x, w))
    if not isfinite(current.value):
        return ConstrainedOptimum(problem, w, x, current.value, False, current), None
    before = None
    for _ in range(MOST_ITERATIONS):
        g, H, mixed, bend = problem.pull_back(*current.derivatives(), x, w)
        if before is not None:
            _learn(problem, H, x - before[0], g - before[1])
        before = x, g
        step, decrement, definite = descent(H, g, problem.correction)
        if decrement < tolerance:
            trials = [problem.split(y)[1] for y in current.escape(problem.columns_free)]
            lower = _first_lower(problem, objective, w, trials, current.value)
            if lower is not None:
                x, current = lower
                continue
            value = current.value
            if not definite:
                return ConstrainedOptimum(problem, w, x, value, True, current), None
            value -= 0.5 * decrement
            found = ConstrainedOptimum(problem, w, x + step, value, True, current)
            return found, (H, mixed, bend)
        lower = _line_search(problem, objective, w, x, current, step, g)
        if lower is None:
            done = decrement < max(1e-5, 1e-11 * abs(current.value))
            return ConstrainedOptimum(problem, w, x, current.value, done, current), None
        x, current = lower
        if any(
            x[i] < least * exp(x[-1])
            for i, least in zip(problem.positive, problem.vanishing, strict=True)
        ):
            break
    return ConstrainedOptimum(problem, w, x, current.value, False, current), None


def _learn(problem, H, step, change):
    """Correct the curvature by a symmetric rank-one update (SR1).

    The average information converges linearly, slowly in the tails of a profile. What it lacks
    changes little along a path, so it is learnt once.
    """
    if problem.correction is None:
        problem.correction = np.zeros_like(H)
    lacking = change - (H + problem.correction) @ step
    along = float(lacking @ step)
    if abs(along) > 1e-6 * abs(float(change @ step)):
        problem.correction = problem.correction + lacking[:, None] * (lacking / along)


def descent(H, g, correction=None):
    """-|H|^-1 g, the decrement g'|H|^-1 g, and whether H is positive definite.

    The correction is added to H if the sum is positive definite.
    """
    if g.size == 0:
        return g, 0.0, True
    if correction is not None:
        _, solution, info = dposv(H + correction, g)
        if info == 0:
            return -solution, float(g @ solution), True
    scale = np.sqrt(np.abs(H.diagonal()))
    scale[scale == 0] = 1.0
    scaled, rhs = H / (scale[:, None] * scale), g / scale
    _, solution, info = dposv(scaled, rhs)
    if info == 0:
        return -solution / scale, float(rhs @ solution), True
    eigenvalues, vectors = np.linalg.eigh(scaled)
    modulus = np.abs(eigenvalues)
    kept = modulus > 1e-9 * modulus.max(initial=0.0)
    projected = vectors.T @ rhs
    solution = np.where(kept, projected / np.where(kept, modulus, 1.0), 0.0)
    return -(vectors @ solution) / scale, float(projected @ solution), False


def _first_lower(problem, objective, w, trials, value):
    """The first trial point, and its evaluation, with a lower value."""
    for x in trials:
        trial = objective.evaluate(problem.parameters, problem.expand(x, w))
        if trial.value < value:
            return x, trial
    return None


def _line_search(problem, objective, w, x, current, step, g):
    """A point along the step that is lower by enough, and its evaluation."""
    slope = float(g @ step)
    length = 1.0
    if problem.constraint.kind != "sigma":
        length = min(1.0, LONGEST / max(abs(step[-1]), 1e-300))
    for i in problem.positive:
        if x[i] + length * step[i] < 0.1 * x[i]:
            length = -0.9 * x[i] / step[i]
    while length > SMALLEST_STEP:
        new = x + length * step
        trial = objective.evaluate(problem.parameters, problem.expand(new, w))
        change = trial.value - current.value
        if change <= ARMIJO * length * slope:
            return new, trial
        if abs(length * slope) < 1e-13 * abs(current.value):
            return None
        length = shortened(length, slope, change)
    return None
