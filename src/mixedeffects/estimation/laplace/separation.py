"""Coefficients whose estimates are infinite: decided by the rows, and by walking on.

When a combination of predictors tells zeros from ones (or finds rows whose counts are all zero),
the likelihood rises for ever along it (Albert & Anderson 1984, doi:10.1093/biomet/71.1.1): it has
no maximum, whatever the random effects, for every row is fitted better at every value of them.
Along such a direction the information vanishes; only where some direction has next to none are
the rows looked at.
"""

from __future__ import annotations

import numpy as np

from mixedeffects.estimation.laplace.curvature import by_differences, hessian
from mixedeffects.estimation.laplace.quasi_newton import positive
from mixedeffects.estimation.laplace.quick import QuickObjective
from mixedeffects.estimation.recession import (
    Recession,
    complement,
    distinct_directions,
    largest_cone,
    null_space,
)

# information, per unit of a predictor's root mean square, of directions to look at
FAINT = 1.0
# value of a linear predictor's fixed part below which none is on its way to infinity
SUSPECT = 6.0
# how far to walk, in units of the linear predictor (and of its random part's standard deviation,
# if that is larger), and what counts as a rise
FAR, RISE = 10.0, 1e-3
# linear predictor that no row is moved to or beyond for the sake of others
MOST = 300.0
# share of a direction found numerically that is rounding
TRACE = 0.1
# information that sets the size of a difference where none is known
CERTAINLY = 100.0
# standard deviations to look at, and how much larger they are then made
LARGE, FURTHER = 15.0, 1.5
# linear predictors at which a row's density is looked at: near its end, and between
ENDS = (80, 160)
BETWEEN = (-40, -20, -10, -5, -2, -1, 0, 1, 2, 5, 10, 20, 40)
# of a log density: what is level, and what a density that has an end may change near it
LEVEL, SETTLING = 1e-6, 1e-2
# by how much a row's log density may fall short of its supremum at an optimum where it is reached,
# and rows of a fit from which on this is asked
SHORT, MOST_ROWS = 0.05, 2_000
# share of the largest coefficient of a direction, in standard errors, below which another is none
PART = 1e-4
# Newton decrement at which the limit is reached, and steps to it
ENOUGH, MOST_STEPS = 1e-10, 30
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


def recession(evaluation, curvature):
    """Where the likelihood has its supremum at infinity.

    Two kinds of directions of the fixed coefficients are found. What tells rows apart is decided
    exactly, from the rows: each has a sign in which its density only rises, see `constraints`.
    What no row decides by itself (a dispersion that is not there, extra zeros that are none) is
    followed numerically.

    Parameters
    ----------
    evaluation : LaplaceEvaluation
        Where the optimiser stopped.
    curvature : (P, P) array
        At that point.

    Returns
    -------
    Recession or None
        In the engine's coordinates of the fixed coefficients.
    outward : (P,) array
        A direction along which every row that can be fitted better and better is: by one unit
        of its linear predictor at least.
    """
    problem = evaluation.objective.problem
    n_fixed = problem.n_fixed
    outward = np.zeros(problem.n_parameters)
    own = curvature[:n_fixed, :n_fixed]
    if not n_fixed or np.linalg.eigvalsh(own).min() > FAINT:
        return None, outward
    V, pulls = np.zeros((n_fixed, 0)), np.zeros((0, 0))
    many = problem.response.y.shape[0] > MOST_ROWS
    found = by_rows(problem, evaluation.predictors, many)
    if found is not None and not _rises(evaluation, found[2]):
        V, pulls = found[0], found[1]
        outward[:n_fixed] = found[2]
    N = complement(V) if V.shape[1] else np.eye(n_fixed)
    walked = followed(evaluation, N, own)
    V, pulls = joined(V, pulls, walked)
    return (Recession(V.T, pulls) if V.shape[1] else None), outward


def in_users(recession, groups):
    """A recession in the user's coordinates, over all coefficients in the order of the groups.

    Parameters
    ----------
    recession : Recession
        In the engine's coordinates.
    groups : sequence of Coefficients
    """
    moved, shares = [], []
    for group in groups:
        own = recession.directions[:, group.part] @ group.T.T
        scale = np.sqrt((group.T * group.T).sum(axis=1))
        moved.append(own)
        shares.append(np.abs(own).max(axis=0, initial=0.0) / scale)
    directions, share = np.concatenate(moved, axis=1), np.concatenate(shares)
    directions[:, share < PART * share.max(initial=0.0)] = 0.0  # what rounding leaves
    return Recession(directions, recession.pulls)


def recession_of_refit(evaluation):
    """What the rows say of a refit, looked at only where something is far out.

    Parameters
    ----------
    evaluation : LaplaceEvaluation

    Returns
    -------
    Recession or None
        In the engine's coordinates.
    """
    if not far_out(evaluation):
        return None
    problem = evaluation.objective.problem
    found = by_rows(problem, evaluation.predictors, True)
    V, pulls = (np.zeros((problem.n_fixed, 0)), np.zeros((0, 0))) if found is None else found[:2]
    places = far_extras(evaluation)
    if places:
        H = np.eye(problem.n_parameters) * CERTAINLY
        H = by_differences(evaluation, H, places)[: problem.n_fixed, : problem.n_fixed]
        N = np.eye(problem.n_fixed)[:, places]
        N = N @ null_space(V.T @ N)
        V, pulls = joined(V, pulls, followed(evaluation, N, H))
    return Recession(V.T, pulls) if V.shape[1] else None


def far_extras(evaluation):
    """Places of the coefficients of extra zeros and of dispersions that are far out."""
    problem, out = evaluation.objective.problem, []
    for predictor, values in zip(problem.predictors[1:], evaluation.fixed[1:], strict=True):
        if problem.family.extras[predictor.variable - 1] in ("upper", "lower"):
            continue
        if np.abs(values).max(initial=0.0) > SUSPECT:
            out += range(predictor.part.start, predictor.part.stop)
    return out


def joined(V, pulls, walked):
    """A recession's basis and pulls with further directions, each of which grows by itself."""
    m, more = V.shape[1], walked.shape[1]
    whole = np.zeros((pulls.shape[0] + more, m + more))
    whole[: pulls.shape[0], :m] = pulls
    whole[pulls.shape[0] :, m:] = np.eye(more)
    return np.hstack([V, walked]), whole


def _rises(evaluation, direction):
    """Whether the objective rises along a direction, far beyond the point."""
    objective = evaluation.objective
    x = evaluation.x.copy()
    x[: direction.size] += FAR * direction
    far = objective.evaluate(x, near=evaluation)
    return not far.value <= evaluation.value + RISE


def followed(evaluation, N, curvature):
    """Directions of faint information, orthogonal to what is known, along which nothing is lost.

    Parameters
    ----------
    N : (F, k) array
        Orthonormal basis of the fixed coefficients that are left.
    curvature : (F, F) array

    Returns
    -------
    (F, m) array
        Pointing uphill.
    """
    objective = evaluation.objective
    problem = objective.problem
    fixed = slice(0, problem.n_fixed)
    if not N.shape[1]:
        return N
    values, vectors = np.linalg.eigh(N.T @ curvature @ N)
    units = [1.0] * len(problem.predictors)
    if problem.family.link.name not in WITHOUT_UNIT:
        units[0] = max(1.0, float(np.abs(evaluation.fixed[0]).max(initial=0.0)))
    far_away = FAR * max(1.0, float(np.abs(evaluation.theta).max(initial=0.0)))
    out = []
    for value, v in zip(values, (N @ vectors).T, strict=True):
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
        # it is on its way already: the way back is as level as the way on
        on = sum(
            float(values @ (p.X @ v[p.part])) if np.isfinite(values).all() else 0.0
            for p, values in zip(problem.predictors, evaluation.fixed, strict=True)
            if np.linalg.norm(v[p.part]) >= TRACE
        )
        for sign in (1.0, -1.0) if on >= 0 else (-1.0, 1.0):
            far = objective.evaluate(evaluation.x + sign * direction, near=evaluation)
            if far.value <= evaluation.value + RISE:
                out.append(sign * without_traces(v, problem))
                break
    return np.array(out).T if out else np.zeros((problem.n_fixed, 0))


def without_traces(v, problem):
    """A direction found numerically, without what rounding leaves in predictors it is not of."""
    out = v.copy()
    for predictor in problem.predictors:
        if np.linalg.norm(v[predictor.part]) < TRACE:
            out[predictor.part] = 0.0
    return out / np.linalg.norm(out)


def by_rows(problem, predictors, reached=False):
    """What the rows say of directions of recession.

    Parameters
    ----------
    problem : Problem
    predictors : sequence of (n,) array
        Linear predictors somewhere; only those that are held while another one moves matter.
    reached : bool
        Take these to be an optimum, at which a row that goes to its limit is near it already: far
        fewer are then left to be looked at together.

    Returns
    -------
    V : (F, m) array
        Orthonormal basis of the space in which coefficients move.
    pulls : (r, m) array
        In that basis, what grows for ever.
    outward : (F,) array
        Moves every row that can be moved by a unit or more.

    None where there is no such direction.
    """
    fixed, towards = constraints(problem, predictors, reached)
    basis = null_space(fixed)
    if not basis.shape[1]:
        return None
    rows, first = distinct_directions(towards @ basis)
    a, moved = largest_cone(rows)
    inside = null_space(rows[~moved])
    if not inside.shape[1]:
        return None
    pulls, _ = distinct_directions(rows[moved] @ inside)
    V = basis @ inside
    outward = V @ (inside.T @ a)
    if moved.any():
        outward = outward / (towards[first[moved]] @ outward).min()
    return V, pulls, outward


def constraints(problem, predictors, reached=False):
    """What a direction of recession must do to the rows.

    Parameters
    ----------
    problem : Problem
    predictors : sequence of (n,) array
    reached : bool
        As for `by_rows`.

    Returns
    -------
    fixed : (a, F) array
        Rows that it must not move: both ways their density falls in the end.
    towards : (b, F) array
        Rows, with their signs, that it must not move back: their density rises up to its
        supremum that way.
    """
    family, F = problem.family, problem.n_fixed
    fixed, towards = [np.zeros((0, F))], [np.zeros((0, F))]

    def placed(X, part):
        out = np.zeros((X.shape[0], F))
        out[:, part] = X
        return out

    main = problem.predictors[0]
    if "upper" in family.extras:
        # a category lies between thresholds: above the lower, below the upper
        for name, sign in (("upper", 1.0), ("lower", -1.0)):
            cut = problem.predictors[family.extras.index(name) + 1]
            inside = np.isfinite(cut.offset)
            if problem.response.weights is not None:
                inside &= problem.response.weights > 0
            rows = placed(cut.X[inside], cut.part) - placed(main.X[inside], main.part)
            towards.append(np.unique(sign * rows, axis=0))
        return fixed[0], np.concatenate(towards)
    for e, predictor in enumerate(problem.predictors):
        # a mean with the units of the response has no end that rows could all go to
        with_unit = e == 0 and family.link.name not in WITHOUT_UNIT
        if with_unit or (e and family.extras[e - 1] != "zi"):
            fixed.append(np.eye(F)[predictor.part])
            continue
        up, down = rising(problem, predictors, e, reached)
        for rows, sign, into in (
            (~up & ~down, 1.0, fixed), (up & ~down, 1.0, towards), (down & ~up, -1.0, towards),
        ):  # fmt: skip
            X = predictor.X[rows]
            into.append(placed(sign * (np.unique(X, axis=0) if X.size else X), predictor.part))
    return np.concatenate(fixed), np.concatenate(towards)


def rising(problem, predictors, e, reached=False):
    """Rows whose density reaches its supremum as one predictor goes to infinity, either way.

    Parameters
    ----------
    problem : Problem
    predictors : sequence of (n,) array
        The others are held there.
    e : int
    reached : bool
        Leave out rows that are not near their suprema there.

    Returns
    -------
    up, down : (n,) bool arrays
        Both where the density does not depend on the predictor.
    """
    held = [np.asarray(p, dtype=float) for p in predictors]
    n = problem.response.y.shape[0]
    values = np.full((len(ENDS) * 2 + len(BETWEEN), n), -np.inf)
    grid = [*(-end for end in reversed(ENDS)), *BETWEEN, *ENDS]
    with np.errstate(all="ignore"):
        for i, at in enumerate(grid):
            held[e] = np.full(n, float(at))
            found = problem.terms_of(held, 0)[()]
            values[i] = np.where(np.isnan(found), -np.inf, found)
    best = values.max(axis=0)
    slack = LEVEL * (1.0 + np.abs(best))
    with np.errstate(invalid="ignore"):  # two ends that are both impossible have not settled
        down = (values[0] >= best - slack) & (np.abs(values[0] - values[1]) < SETTLING)
        up = (values[-1] >= best - slack) & (np.abs(values[-1] - values[-2]) < SETTLING)
    if reached:
        here = problem.terms_of(predictors, 0)[()]
        near = (best - here < SHORT) | (up & down)
        up, down = up & near, down & near
    return up, down


def at_the_limit(evaluation, curvature, recession, outward):
    """The optimum of what stays finite, the rest moved far out.

    Parameters
    ----------
    evaluation : LaplaceEvaluation
        Where the optimiser stopped.
    curvature : (P, P) array
    recession : Recession
        In the engine's coordinates.
    outward : (P,) array

    Returns
    -------
    evaluation : LaplaceEvaluation
        Not higher than the one given.
    decrement : float
        Newton decrement of what stays finite.
    """
    objective = evaluation.objective
    problem = objective.problem
    current = evaluation
    if isinstance(objective, QuickObjective):  # whose coefficients are where its modes are
        return current, np.nan
    reach = max(float(np.abs(p.X @ outward[p.part]).max(initial=0.0)) for p in problem.predictors)
    if reach > 0:
        trial = objective.evaluate(evaluation.x + min(FAR, MOST / reach) * outward, near=evaluation)
        if trial.value <= evaluation.value + RISE:
            current = trial
    N = finite_space(problem, recession)
    H = N.T @ positive(curvature) @ N
    exact = False
    step, decrement = np.zeros(problem.n_parameters), np.inf
    for _ in range(MOST_STEPS):
        g = N.T @ current.gradient
        step = N @ -np.linalg.solve(H, g)
        decrement = -float(g @ (N.T @ step))
        if decrement < ENOUGH:
            break
        length, trial = 1.0, current
        while length > 1e-3:
            trial = objective.evaluate(current.x + length * step, near=current)
            if trial.value <= current.value + 1e-10 * (1.0 + abs(current.value)):
                break
            length *= 0.25
        slow = abs(trial.gradient @ step) > 0.3 * abs(current.gradient @ step)
        if (length <= 1e-3 or slow) and not exact:
            H, exact = N.T @ positive(hessian(current, positive(curvature))) @ N, True
        elif length <= 1e-3:
            break
        if length > 1e-3:
            current = trial
    return current, decrement


def finite_space(problem, recession):
    """(P, P - m) orthonormal basis of the parameters that do not move with a recession."""
    V = np.zeros((problem.n_parameters, recession.directions.shape[0]))
    V[: recession.directions.shape[1]] = recession.directions.T
    return complement(V)


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
        suspect = size > APART or (size > 0.0 and alone(problem, term.block))
        if suspect and alike_within(problem, term.block):
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
    constant = X.size == 0 or (X.shape[1] == 1 and X.min() == X.max())
    return len(problem.covariance.terms) == 1 and bool(constant)


def _variable_of(problem, block):
    """The argument of the log density that a block is a part of."""
    variables = problem.stacking.variables
    if len(variables) == 1:
        return variables[0]
    n = problem.response.y.size
    rows = problem.system.rows
    inside = rows.parts[rows.order.index(block)][1]
    return variables[0] if rows.Z[:n, inside].any() else variables[1]
