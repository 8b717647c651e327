"""The boundary of a linear model, where the derivative D of the objective by G is at hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedeffects.estimation.boundary.terms import (
    NEGLIGIBLE,
    WORTHWHILE,
    clearly_regular,
    mixed,
    null_axes,
    with_variance,
    without_negligible,
)

# a rise of the objective by this is rounding; of one above 1000, by this times a thousandth of it
ROUNDING = 1e-9
# times that a step off the boundary is shortened
MOST_TRIALS = 30


@dataclass(frozen=True, slots=True, eq=False)
class Escape:
    """A way off the boundary: variance for directions that have none.

    Attributes
    ----------
    V : (k, m) array
        Orthonormal, in engine coordinates; they are given the same variance.
    slope : float
        Of the objective, per unit of relative variance, relative to the information.
    gain : float
        What the objective would fall by, roughly; 0 where the slope is not negative.
    """

    term: int
    V: np.ndarray
    slope: float
    gain: float


def singular_directions(evaluation, parameters):
    """Directions of zero variance, with the slope of the objective along them.

    Returns list of Escape.
    """
    out = []
    D, W = [], []
    for i, term in enumerate(parameters.terms):
        if clearly_regular(evaluation, term):
            continue
        null = null_axes(evaluation, term)
        if not null:
            continue
        if not D:
            D, W = evaluation.D, evaluation.factorisation.traces(False)
        place = np.ix_(term.columns, term.columns)
        Dt, Wt = D[term.block][place], W[term.block][place]
        N = np.concatenate(null, axis=1)
        q = evaluation.factorisation.scores()[term.block].shape[0]
        for V in mixed(term.structure, null, lambda N=N, Dt=Dt: N.T @ Dt @ N):
            d, scale = float(np.sum(V * (Dt @ V))), max(float(np.sum(V * (Wt @ V))), 1e-300)
            gain = q * V.shape[1] * (d / scale) ** 2 / 2.0 if d < 0 else 0.0
            out.append(Escape(i, V, d / scale, gain))
    return out


def no_worse(value, best):
    """Whether an objective is not above another but for rounding."""
    return value <= best + ROUNDING * np.maximum(1.0, np.abs(best) * 1e-3)


def snap(objective, evaluation):
    """Set negligible standard deviations to exactly zero where nothing is lost.

    Returns
    -------
    Evaluation
        The same, or a point on the boundary whose objective is not higher.
    """

    def accepted(new, old):
        return new if no_worse(new.value, old.value) else old

    return without_negligible(objective.parameters.terms, evaluation, NEGLIGIBLE, accepted)


def leave_saddle(objective, evaluation):
    """A lower point off the boundary, or None when the boundary is optimal.

    Steps along the direction of zero variance whose slope promises most.
    """
    found = singular_directions(evaluation, objective.parameters)
    best = max(found, key=lambda escape: escape.gain, default=None)
    if best is None or not best.gain > WORTHWHILE:
        return None
    term, V = objective.parameters.terms[best.term], best.V
    columns = np.ix_(term.columns, term.columns)
    W = evaluation.factorisation.traces(False)[term.block][columns]
    q = evaluation.factorisation.scores()[term.block].shape[0] * V.shape[1]
    variance = -best.slope * q / max(float(np.sum(V * (W @ V))), 1e-300)
    for _ in range(MOST_TRIALS):
        trial = with_variance(evaluation, term, V, variance)
        if trial.value < evaluation.value:
            return trial
        variance *= 0.25
    return None
