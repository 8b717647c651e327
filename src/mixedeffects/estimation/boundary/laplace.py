"""The boundary of a generalised model: no closed form, the objective is tried at points off it."""

from __future__ import annotations

import numpy as np

from mixedeffects.estimation.boundary.terms import (
    NEGLIGIBLE,
    Direction,
    clearly_regular,
    combinations,
    mixed,
    null_axes,
    with_variance,
    without_negligible,
)

# relative standard deviations tried along a direction of zero variance
TRIALS = (0.03, 0.3)
# fall of the objective that is more than the rounding of the modes it is computed from
LOWER = 1e-7
# factor by which a negligible standard deviation may be larger than in a linear model
WIDER = 10
# a point on the boundary that is worse by less than this is searched from
NEARLY = 1e-4


def snapped(objective, evaluation, search=None):
    """The same point, or one on the boundary that is not worse.

    Next to the boundary the likelihood is so flat that a search may end anywhere, and no curvature
    tells how well its parameters are known: a point of the boundary that is only just worse is
    searched from. Returns a `LaplaceEvaluation`.

    Parameters
    ----------
    search : callable, optional
        From an evaluation to where an optimiser comes to from there.
    """

    def accepted(new, old):
        if search is not None and LOWER < new.value - old.value < NEARLY:
            new = search(new)
        return new if new.value <= old.value + LOWER else old

    terms = objective.problem.covariance_parameters.terms
    return without_negligible(terms, evaluation, WIDER * NEGLIGIBLE, accepted)


def principal(evaluation, term, null):
    """The directions of zero variance in which the objective changes least and most.

    Where every column is worth no variance alone, a combination of them may be worth one.
    """

    def slopes():
        def along(v):
            return slope(evaluation, with_variance(evaluation, term, v, TRIALS[0] ** 2))

        D = np.diag([along(v) for v in null])
        for a in range(len(null)):
            for b in range(a):
                both = along((null[a] + null[b]) / np.sqrt(2.0))
                D[a, b] = D[b, a] = both - 0.5 * (D[a, a] + D[b, b])
        return D

    return mixed(term.structure, null, slopes)


def slope(evaluation, point):
    """The change of the objective per unit of variance, to a point of the first trial."""
    return (point.value - evaluation.value) / TRIALS[0] ** 2


def examine(evaluation):
    """Whether giving some variance of zero a positive value lowers the objective.

    Returns
    -------
    directions : tuple of Direction
        Of zero variance, with the change of the objective per unit of variance added.
    lower : LaplaceEvaluation or None
        A point off the boundary with a lower objective.
    """
    covariance = evaluation.objective.problem.covariance_parameters
    directions, lower = [], None
    for i, term in enumerate(covariance.terms):
        if clearly_regular(evaluation, term):
            continue
        for V in principal(evaluation, term, null_axes(evaluation, term)):
            points = [with_variance(evaluation, term, V, size**2) for size in TRIALS]
            best = min(points, key=lambda point: point.value)
            if best.value < evaluation.value - LOWER and (
                lower is None or best.value < lower.value
            ):
                lower = best
            change = slope(evaluation, points[0])
            for weights in combinations(covariance, i, V):
                directions.append(Direction(i, weights, change))
    return tuple(directions), lower
