"""What single rows say of directions of recession: which of them a density only rises along.

A row has a sign in which its density rises for ever, both (what does not depend on the predictor),
or none; a direction along which the likelihood never falls moves no row against its sign.
"""

from __future__ import annotations

import numpy as np

from mixedeffects.estimation.recession import recession_cone

# linear predictors at which a row's density is looked at: near its end, and between
ENDS = (80, 160)
BETWEEN = (-40, -20, -10, -5, -2, -1, 0, 1, 2, 5, 10, 20, 40)
# of a log density: what is level, and what a density that has an end may change near it
LEVEL, SETTLING = 1e-6, 1e-2
# by how much a row's log density may fall short of its supremum at an optimum where it is reached
SHORT = 0.05
# links whose linear predictor is a pure number; a mean's own has the units of the response
WITHOUT_UNIT = ("logit", "probit", "cloglog", "loglog", "cauchit", "log")


def by_rows(problem, predictors, reached=False):
    """What the rows say of directions of recession.

    Parameters
    ----------
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
    found = recession_cone(fixed, towards)
    if found is None:
        return None
    V, pulls, outward, moved = found
    if moved.size:
        outward = outward / (towards[moved] @ outward).min()
    return V, pulls, outward


def constraints(problem, predictors, reached=False):
    """What a direction of recession must do to the rows.

    Takes predictors sequence of (n,) array.

    Parameters
    ----------
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
    predictors : sequence of (n,) array
        The others are held there.
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
