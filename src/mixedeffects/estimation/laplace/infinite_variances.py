"""Random terms whose standard deviations are infinite: levels that are each of one outcome."""

from __future__ import annotations

import numpy as np

from mixedeffects.estimation.laplace.separation import LARGE, RISE

# factor by which a large standard deviation is increased to see whether the likelihood rises on
FURTHER = 1.5
# a standard deviation above this is suspected to be infinite if responses are alike within levels
APART = 1.0


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
        for i, term in enumerate(problem.covariance_parameters.terms)
        if np.abs(evaluation.theta[term.part]).max() > LARGE
    ]
    if not large:
        return []
    x = evaluation.x.copy()
    x[problem.predictors[0].part] *= FURTHER
    for i in large:
        x[problem.n_fixed :][problem.covariance_parameters.terms[i].part] *= FURTHER
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
    for i, term in enumerate(problem.covariance_parameters.terms):
        size = float(np.abs(evaluation.theta[term.part]).max(initial=0.0))
        suspect = size > APART or (size > 0.0 and alone(problem, term.block))
        if suspect and alike_within(problem, term.block):
            out.append(i)
    return out


def cannot_be_infinite(problem, i):
    """Whether a term's variance is surely finite: its levels have both outcomes, alone as it is.

    As it grows a level's probability of two outcomes goes to zero, if nothing but the level makes
    its rows differ.
    """
    block = problem.covariance_parameters.terms[i].block
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
    one = np.empty(rows.q[block])  # an outcome of every level
    one[codes] = outcome
    if not (one[codes] == outcome).all():  # nan, both outcomes in a row, equals nothing
        return False
    several = np.bincount(codes, trials, one.size) >= 2
    return bool(several.any()) and np.unique(outcome).size > 1


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
    one_term = len(problem.covariance_parameters.terms) == 1
    return one_term and X.shape[1] < 2 and not np.ptp(X, axis=0).any()


def _variable_of(problem, block):
    """The argument of the log density that a block is a part of."""
    variables = problem.stacking.variables
    if len(variables) == 1:
        return variables[0]
    n = problem.response.y.size
    rows = problem.system.rows
    inside = rows.parts[rows.order.index(block)][1]
    return variables[0] if rows.Z[:n, inside].any() else variables[1]
