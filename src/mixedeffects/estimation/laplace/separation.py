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
from mixedeffects.estimation.laplace.rising_rows import WITHOUT_UNIT, by_rows
from mixedeffects.estimation.recession import Recession, complement, null_space
from mixedeffects.estimation.search_log import largest

# information, per unit of a predictor's root mean square, of directions to look at
FAINT = 1.0
# value of a linear predictor's fixed part below which none is on its way to infinity, and of a
# standard deviation
SUSPECT, LARGE = 6.0, 15.0
# how far to walk, in units of the linear predictor (and of its random part's standard deviation,
# if that is larger), and what counts as a rise
FAR, RISE = 10.0, 1e-3
# linear predictor that no row is moved to or beyond for the sake of others
MOST = 300.0
# share of a direction found numerically that is rounding
TRACE = 0.1
# information that sets the size of a difference where none is known
CERTAINLY = 100.0
# rows from which on only those are looked at that are near their suprema
MOST_ROWS = 2_000
# share of the largest coefficient of a direction, in standard errors, below which another is none
PART = 1e-4
# Newton decrement at which the limit is reached, and steps to it
ENOUGH, MOST_STEPS = 1e-10, 30


def far_out(evaluation):
    """Whether some linear predictor or standard deviation is large enough to be on its way."""
    if not np.isfinite(evaluation.value):
        return False
    if largest(evaluation.theta) > LARGE:
        return True
    sizes = [np.abs(values) for values in evaluation.fixed]
    # only thresholds are infinite, those beyond the outermost categories
    return any(
        size.max(initial=0.0) > SUSPECT and size[np.isfinite(size)].max(initial=0.0) > SUSPECT
        for size in sizes
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

    Takes curvature (F, F) array.

    Parameters
    ----------
    N : (F, k) array
        Orthonormal basis of the fixed coefficients that are left.

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


def at_the_limit(evaluation, curvature, recession, outward):
    """The optimum of what stays finite, the rest moved far out.

    Takes curvature (P, P) array; outward (P,) array.

    Parameters
    ----------
    evaluation : LaplaceEvaluation
        Where the optimiser stopped.
    recession : Recession
        In the engine's coordinates.

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
        accepted = length > 1e-3  # else the last point tried may have no gradient
        slow = not accepted or abs(trial.gradient @ step) > 0.3 * abs(current.gradient @ step)
        if slow and not exact:
            H, exact = N.T @ positive(hessian(current, positive(curvature))) @ N, True
        elif not accepted:
            break
        if accepted:
            current = trial
    return current, decrement


def finite_space(problem, recession):
    """(P, P - m) orthonormal basis of the parameters that do not move with a recession."""
    V = np.zeros((problem.n_parameters, recession.directions.shape[0]))
    V[: recession.directions.shape[1]] = recession.directions.T
    return complement(V)
