"""From a design's arrays to a `Problem`: engine coordinates, predictors, rows of Z."""

from __future__ import annotations

import numpy as np

from mixedeffects.crossprod.reference import block_transform, coordinates, pilot_rows
from mixedeffects.engine import plan_blocks, require_memory
from mixedeffects.engine.rows import RandomRows, row_system
from mixedeffects.estimation.coefficients import Coefficients
from mixedeffects.estimation.covariance_parameters import CovarianceParameters
from mixedeffects.estimation.laplace.problem import Predictor, Problem
from mixedeffects.estimation.laplace.stacking import OnePredictor, TwoPredictors, stack_rows

# operations of one factorisation, per row, above which it costs far more than a pass over the rows
DEAR = 3e3
# columns of a remainder from which on its pattern is analysed: fewer than for a linear model, since
# one fit factors it dozens of times
ANALYSED_FROM = 60


def assemble(family, response, design, *, engine="auto"):
    """The estimation problem of a design.

    Returns problem (Problem), coefficients (tuple of Coefficients), plan (Plan).

    Parameters
    ----------
    design : Design
        Predictors of the family for which it has no formula are constant.
    engine : str
        As in `lmm`.
    """
    n = response.y.shape[0]
    sample = pilot_rows(n)
    predictors, coefficients, at = [], [], 0

    def add(name, variable, X, offset):
        nonlocal at
        X = np.ascontiguousarray(X)
        T, _ = coordinates(X, X[sample])
        part = slice(at, at + X.shape[1])
        predictors.append(Predictor(variable, np.ascontiguousarray(X @ T), offset, part))
        coefficients.append(Coefficients(name, part, T))
        at = part.stop

    add("conditional", 0, design.X, design.offset)
    blocks, owner, variables = list(design.blocks), [0] * len(design.blocks), [0]
    for i, name in enumerate(family.extras, 1):
        if name in ("upper", "lower"):
            # the thresholds above and below an ordered category: two predictors that share one
            # vector of coefficients
            if name == "upper":
                X, offset = threshold_rows(response.y)
                at_first = at
                coefficients.append(
                    Coefficients("thresholds", slice(at, at + X.shape[1]), np.eye(X.shape[1]))
                )
                at += X.shape[1]
            else:
                X, offset = threshold_rows(response.y, below=True)
            predictors.append(Predictor(i, X, offset, slice(at_first, at_first + X.shape[1])))
            continue
        given = design.others.get(name)
        if given is None:
            add(name, i, np.ones((n, 1)), None)
            continue
        add(name, i, given.X, given.offset)
        if given.blocks:
            blocks += given.blocks
            owner += [1] * len(given.blocks)
            variables.append(i)
    plan = plan_blocks(blocks, n, max(1, at), engine, analysed_from=ANALYSED_FROM)
    require_memory(plan)
    T_blocks = [block_transform(b, sample) for b in blocks]
    rows = RandomRows.of(blocks, T_blocks, plan.layout.order)
    stacking = OnePredictor(n)
    if len(variables) == 2:
        stacking = TwoPredictors(n, variables)
        rows = stack_rows(rows, owner)
    elif owner and all(owner):
        stacking = OnePredictor(n, variables[1:])
    system = row_system(rows, blocks, plan)
    covariance = CovarianceParameters(blocks, T_blocks)
    dear = plan.flops > DEAR * n
    problem = Problem(family, response, predictors, stacking, system, covariance, dear)
    return problem, tuple(coefficients), plan


def in_engines(problem, groups, values, theta):
    """Parameters of a problem from what the user calls them.

    Returns (n_parameters,) array.

    Parameters
    ----------
    values : mapping of str to array
        Coefficients by the names of their groups, in the user's columns.
    theta : (n_theta,) array
        In the user's columns.
    """
    x = np.empty(problem.n_parameters)
    for group in groups:
        x[group.part] = np.linalg.solve(group.T, values[group.name])
    x[problem.n_fixed :] = problem.covariance_parameters.from_user(theta)
    return x


def threshold_rows(y, below=False):
    """Rows that pick the threshold above (or below) each observed category.

    Parameters
    ----------
    y : (n,) array
        Codes 0 .. K - 1.

    Returns
    -------
    X : (n, K - 1) array of zeros and ones
    offset : (n,) array
        Infinite where there is no such threshold.
    """
    codes = y.astype(np.int64)
    K = int(codes.max()) + 1
    X, offset = np.zeros((y.shape[0], K - 1)), np.zeros(y.shape[0])
    at = codes - 1 if below else codes
    inside = (at >= 0) & (at < K - 1)
    rows = np.flatnonzero(inside)
    X[rows, at[inside]] = 1.0
    offset[~inside] = -np.inf if below else np.inf
    return X, offset
