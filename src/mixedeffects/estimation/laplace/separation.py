"""Coefficients whose estimates are infinite: proved by walking on.

When a combination of predictors tells zeros from ones (or finds rows whose counts are all zero),
the likelihood rises for ever along it (Albert & Anderson 1984, doi:10.1093/biomet/71.1.1): it has
no maximum, whatever the random effects. Along such a direction the information vanishes, and so a
direction with next to none is followed far beyond the optimum: if the objective does
not rise there, it never will.
"""

from __future__ import annotations

import numpy as np

# information, per unit of a predictor's root mean square, of directions to look at
FAINT = 1.0
# value of a linear predictor's fixed part below which none is on its way to infinity
SUSPECT = 6.0
# how far to walk, in units of the linear predictor, and what counts as a rise
FAR, RISE = 10.0, 1e-3
# standard deviations to look at, and how much larger they are then made
LARGE, FURTHER = 15.0, 1.5


def far_out(evaluation):
    """Whether some linear predictor or standard deviation is large enough to be on its way."""
    if not np.isfinite(evaluation.value):
        return False
    return np.abs(evaluation.theta).max(initial=0.0) > LARGE or any(
        np.abs(values[np.isfinite(values)]).max(initial=0.0) > SUSPECT
        for values in evaluation.fixed
    )


def infinite_directions(evaluation, curvature):
    """Directions of the fixed coefficients along which the likelihood rises for ever.

    Parameters
    ----------
    evaluation : LaplaceEvaluation
        Where the optimiser stopped.
    curvature : (P, P) array
        At that point.

    Returns
    -------
    list of (P,) arrays
        In the engine's coordinates, pointing uphill.
    """
    objective = evaluation.objective
    problem = objective.problem
    fixed = slice(0, problem.n_fixed)
    values, vectors = np.linalg.eigh(curvature[fixed, fixed])
    out = []
    for value, v in zip(values, vectors.T, strict=True):
        if value > FAINT:
            break
        reach = max(float(np.abs(p.X @ v[p.part]).max(initial=0.0)) for p in problem.predictors)
        if not reach > 0:
            continue
        direction = np.zeros(problem.n_parameters)
        direction[fixed] = v * (FAR / reach)
        for sign in (1.0, -1.0):
            far = objective.evaluate(evaluation.x + sign * direction, near=evaluation)
            if far.value <= evaluation.value + RISE:
                out.append(sign * direction)
                break
    return out


def infinite_terms(evaluation):
    """Random terms whose standard deviations are infinite: all levels' responses are constant.

    Returns
    -------
    list of int
        Positions among the terms.
    """
    objective = evaluation.objective
    problem = objective.problem
    large = [
        i
        for i, term in enumerate(problem.covariance.terms)
        if np.abs(evaluation.theta[term.part]).max() > LARGE
    ]
    if not large:
        return []
    x = evaluation.x.copy()
    x[problem.predictors[0].part] *= FURTHER
    for i in large:
        x[problem.n_fixed :][problem.covariance.terms[i].part] *= FURTHER
    far = objective.evaluate(x, near=evaluation)
    return large if far.value <= evaluation.value + RISE else []
