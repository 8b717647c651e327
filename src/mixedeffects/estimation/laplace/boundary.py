"""Variances of exactly zero: put negligible ones there, and prove that they belong there."""

from __future__ import annotations

import numpy as np

from mixedeffects.covariance import Invariance
from mixedeffects.estimation.certificate import (
    SINGULAR,
    Direction,
    clearly_regular,
    combinations,
    null_axes,
    with_variance,
    without_small,
)

# relative standard deviations tried along a direction of zero variance
TRIALS = (0.03, 0.3)
NEGLIGIBLE, WORTHWHILE = 1e-7, 1e-7
# rise of the objective at a point on the boundary from where a search may win it back
NEARLY = 1e-4


def snapped(objective, evaluation, search=None):
    """The same point, or one on the boundary that is not worse.

    Next to the boundary the likelihood is so flat that a search may end anywhere, and no curvature
    tells how well its parameters are known: a point of the boundary that is only just worse is
    searched from.

    Parameters
    ----------
    search : callable, optional
        From an evaluation to where an optimiser comes to from there.

    Returns
    -------
    LaplaceEvaluation
    """
    problem, best = objective.problem, evaluation
    for term in problem.covariance.terms:
        part = without_small(best, term, 10 * SINGULAR)
        if part is None:
            continue
        x = best.x.copy()
        x[problem.n_fixed :][term.part] = part
        trial = objective.evaluate(x, near=best)
        worse = trial.value - best.value
        if search is not None and NEGLIGIBLE < worse < NEARLY:
            trial = search(trial)
        if trial.value <= best.value + NEGLIGIBLE:
            best = trial
    return best


def null_spaces(evaluation):
    """Per term with zero variances: its index, and its `null_axes`."""
    out = []
    for i, term in enumerate(evaluation.objective.problem.covariance.terms):
        null = [] if clearly_regular(evaluation, term) else null_axes(evaluation, term)
        if null:
            out.append((i, null))
    return out


def principal(evaluation, i, null):
    """The directions of zero variance in which the objective changes least and most.

    Where every column is worth no variance alone, a combination of them may be worth one; the
    slope along v is v'Dv, and D's eigenvectors are the directions to look in. A structure that does
    not allow every combination has only the directions it has.

    Returns
    -------
    list of (k, m) arrays
    """
    structure = evaluation.objective.problem.covariance.terms[i].structure
    m = len(null)
    if m == 1 or structure.invariance is not Invariance.ANY:
        return null
    D = np.diag([slope(evaluation, along(evaluation, i, v, TRIALS[0])) for v in null])
    for a in range(m):
        for b in range(a):
            point = along(evaluation, i, (null[a] + null[b]) / np.sqrt(2.0), TRIALS[0])
            D[a, b] = D[b, a] = slope(evaluation, point) - 0.5 * (D[a, a] + D[b, b])
    if not np.isfinite(D).all():
        return null
    return np.hsplit(np.concatenate(null, axis=1) @ np.linalg.eigh(D)[1], m)


def slope(evaluation, point):
    """The change of the objective per unit of variance, to a point `along` the first trial."""
    return (point.value - evaluation.value) / TRIALS[0] ** 2


def along(evaluation, i, V, size):
    """The point whose i-th term has a standard deviation `size` added along V."""
    objective = evaluation.objective
    problem = objective.problem
    term = problem.covariance.terms[i]
    x = evaluation.x.copy()
    x[problem.n_fixed :][term.part] = with_variance(evaluation, term, V, size**2)
    return objective.evaluate(x, near=evaluation)


def examine(evaluation):
    """What lies off the boundary.

    Returns
    -------
    directions : tuple of Direction
        Of zero variance, with the change of the objective per unit of variance added.
    lower : LaplaceEvaluation or None
        A point off the boundary with a lower objective.
    """
    problem = evaluation.objective.problem
    directions, lower = [], None
    for i, null in null_spaces(evaluation):
        for V in principal(evaluation, i, null):
            points = [along(evaluation, i, V, size) for size in TRIALS]
            best = min(points, key=lambda point: point.value)
            if best.value < evaluation.value - WORTHWHILE and (
                lower is None or best.value < lower.value
            ):
                lower = best
            change = slope(evaluation, points[0])
            for weights in combinations(problem.covariance, i, V):
                directions.append(Direction(i, weights, change))
    return tuple(directions), lower
