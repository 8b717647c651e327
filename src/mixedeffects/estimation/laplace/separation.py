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
# how far to walk, in units of the linear predictor (and of its random part's standard deviation,
# if that is larger), and what counts as a rise
FAR, RISE = 10.0, 1e-3
# standard deviations to look at, and how much larger they are then made
LARGE, FURTHER = 15.0, 1.5
# links whose linear predictor is a pure number; a mean's own has the units of the response
WITHOUT_UNIT = ("logit", "probit", "cloglog", "loglog", "cauchit", "log")
# standard deviation from which on one is on its way to infinity if its levels' responses are alike
APART = 1.0


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
    units = [1.0] * len(problem.predictors)
    if problem.family.link.name not in WITHOUT_UNIT:
        units[0] = max(1.0, float(np.abs(evaluation.fixed[0]).max(initial=0.0)))
    far_away = FAR * max(1.0, float(np.abs(evaluation.theta).max(initial=0.0)))
    out = []
    for value, v in zip(values, vectors.T, strict=True):
        if value > FAINT:
            break
        reach = max(
            float(np.abs(p.X @ v[p.part]).max(initial=0.0)) / unit
            for p, unit in zip(problem.predictors, units, strict=True)
        )
        if not reach > 0:
            continue
        direction = np.zeros(problem.n_parameters)
        direction[fixed] = v * (far_away / reach)
        for sign in (1.0, -1.0):
            far = objective.evaluate(evaluation.x + sign * direction, near=evaluation)
            if far.value <= evaluation.value + RISE:
                out.append(sign * direction)
                break
    return out


def infinite_terms(evaluation):
    """Random terms whose standard deviations are infinite: walked on, the likelihood rises.

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


def alike_terms(evaluation):
    """Random terms with responses that are all alike within each of their levels, if they vary.

    Where every level has only zeros or only ones, in several rows, the probability of what was
    seen grows as the levels' probabilities go to 0 and 1: with q of the levels of the first
    kind, P(all 0) + P(all 1) <= 1, so that the likelihood is at most that of levels drawn with
    shares q and 1 - q, which an infinite standard deviation attains and no finite one does.
    Laplace's approximation, and quadrature about modes that are not there, do have maxima.

    Returns
    -------
    list of int
        Positions among the terms.
    """
    problem = evaluation.objective.problem
    out = []
    for i, term in enumerate(problem.covariance.terms):
        size = float(np.abs(evaluation.theta[term.part]).max(initial=0.0))
        if size > (0.0 if alone(problem, term.block) else APART) and alike_within(
            problem, term.block
        ):
            out.append(i)
    return out


def cannot_be_infinite(problem, i):
    """Whether a term's variance is surely finite: its levels have both outcomes, alone as it is.

    As it grows a level's probability of two outcomes goes to zero, if nothing but the level makes
    its rows differ.
    """
    block = problem.covariance.terms[i].block
    decided = outcomes(problem, _variable_of(problem, block))[0] is not None
    return decided and alone(problem, block) and not alike_within(problem, block)


def alike_within(problem, block):
    """Whether outcomes do not differ within any level of a block, and do between levels."""
    n, rows = problem.response.y.size, problem.system.rows
    at = rows.order.index(block)
    outcome, trials = outcomes(problem, _variable_of(problem, block))
    if outcome is None:
        return False
    known = trials > 0
    codes, outcome, trials = rows.codes[at][:n][known], outcome[known], trials[known]
    if np.isnan(outcome).any():
        return False
    levels = rows.q[block]
    lowest, highest = np.full(levels, np.inf), np.full(levels, -np.inf)
    np.minimum.at(lowest, codes, outcome)
    np.maximum.at(highest, codes, outcome)
    seen = np.isfinite(lowest)
    if not (lowest[seen] == highest[seen]).all():
        return False
    several = np.bincount(codes, trials, levels) >= 2
    return bool(several.any()) and np.unique(lowest[seen]).size > 1


def outcomes(problem, variable):
    """What an infinite random effect of a predictor would decide, and how often it did.

    Returns
    -------
    outcome : (n,) array or None
        nan where a row has both outcomes; None where infinite effects decide nothing.
    trials : (n,) array
        Of every row.
    """
    family, response = problem.family, problem.response
    y = response.y
    trials = np.ones(y.size) if response.weights is None else response.weights
    if family.predictor_names[variable] == "zi":
        return np.where(y == 0, 1.0, 0.0), trials
    if variable or not (family.ordinal or family.has_size):
        return None, trials
    if family.ordinal:
        return y, trials
    if family.link.range != (0.0, 1.0):
        return None, trials
    size = np.ones(y.size) if response.size is None else response.size
    with np.errstate(invalid="ignore"):
        outcome = np.where(y == 0, 0.0, np.where(y == size, 1.0, np.nan))
    return outcome, trials * size


def alone(problem, block):
    """Whether nothing but a constant and this block makes levels differ: no estimate is finite."""
    X = problem.predictors[_variable_of(problem, block)].X
    return len(problem.covariance.terms) == 1 and not np.ptp(X, axis=0).any()


def _variable_of(problem, block):
    """The argument of the log density that a block is a part of."""
    variables = problem.stacking.variables
    if len(variables) == 1:
        return variables[0]
    n = problem.response.y.size
    rows = problem.system.rows
    inside = rows.parts[rows.order.index(block)][1]
    return variables[0] if rows.Z[:n, inside].any() else variables[1]
