"""Variances of exactly zero: put negligible ones there, and prove that they belong there."""

from __future__ import annotations

from mixedeffects.estimation.certificate import (
    EXACT,
    SINGULAR,
    Direction,
    clearly_regular,
    combination,
    term_svd,
    with_variance,
    without_small,
)

# relative standard deviations tried along a direction of zero variance
TRIALS = (0.03, 0.3)
NEGLIGIBLE, WORTHWHILE = 1e-7, 1e-7


def snapped(objective, evaluation):
    """The same point, or one on the boundary that is not worse.

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
        if trial.value <= best.value + NEGLIGIBLE:
            best = trial
    return best


def null_directions(evaluation):
    """Per direction of zero variance: (term index, unit vector in engine coordinates)."""
    out = []
    for i, term in enumerate(evaluation.objective.problem.covariance.terms):
        if clearly_regular(evaluation, term):
            continue
        U, s, _ = term_svd(evaluation, term)
        out += [(i, v) for v in U[:, s <= EXACT * max(1.0, s[0])].T]
    return out


def along(evaluation, i, v, size):
    """The point whose i-th term has a standard deviation `size` added along v."""
    objective = evaluation.objective
    problem = objective.problem
    term = problem.covariance.terms[i]
    x = evaluation.x.copy()
    x[problem.n_fixed :][term.part] = with_variance(evaluation, term, v, size**2)
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
    for i, v in null_directions(evaluation):
        points = [along(evaluation, i, v, size) for size in TRIALS]
        slope = (points[0].value - evaluation.value) / TRIALS[0] ** 2
        best = min(points, key=lambda point: point.value)
        if best.value < evaluation.value - WORTHWHILE and (
            lower is None or best.value < lower.value
        ):
            lower = best
        covariance = problem.covariance
        weights = combination(covariance.terms[i], covariance.T_blocks, v)
        directions.append(Direction(i, weights, slope))
    return tuple(directions), lower
