"""Variances of exactly zero: put negligible ones there, and prove that they belong there."""

from __future__ import annotations

import numpy as np

from mixedeffects.estimation.certificate import (
    EXACT,
    SINGULAR,
    Direction,
    clearly_regular,
    term_svd,
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
        if clearly_regular(best, term):
            continue
        U, s, Vt = term_svd(best, term)
        small = (s > 0) & (s < SINGULAR * 10 * max(1.0, s[0]))
        if not small.any():
            continue
        x = best.x.copy()
        part = (U * np.where(small, 0.0, s)) @ Vt
        x[problem.n_fixed :][term.part] = term.structure.theta_of(part)
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
    Lam = evaluation.lambdas[term.block][np.ix_(term.columns, term.columns)]
    values, vectors = np.linalg.eigh(Lam @ Lam.T + size**2 * np.outer(v, v))
    x = evaluation.x.copy()
    x[problem.n_fixed :][term.part] = term.structure.theta_of(
        vectors * np.sqrt(np.maximum(values, 0.0))
    )
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
        term = problem.covariance.terms[i]
        T = problem.covariance.T_blocks[term.block][np.ix_(term.columns, term.columns)]
        weights = np.linalg.solve(T.T, v)  # b = T b~: the combination (T^-T v)'b is constant
        weights = weights / weights[np.argmax(np.abs(weights))]
        weights[np.abs(weights) < 1e-12] = 0.0
        directions.append(Direction(i, weights, slope))
    return tuple(directions), lower
