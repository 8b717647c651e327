"""What a generalised fit says of the rows of its design, and of others in their place."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mixedeffects.engine import threads_for
from mixedeffects.estimation import Certificate
from mixedeffects.estimation.laplace import LaplaceObjective, row_slopes
from mixedeffects.estimation.laplace.curvature import guess


def predictor_of_blocks(fit):
    """Per block of `all_blocks`, the argument of the family's log density that it is part of."""
    owner = [0] * len(fit.design.blocks)
    for name, part in fit.design.others.items():
        owner += [1 + fit.family.extras.index(name)] * len(part.blocks)
    return owner


def row_scores(fit):
    """(n,) derivatives of Laplace's log-likelihood by the main predictor of every row."""
    evaluation = fit.evaluation
    with threads_for(fit.plan.columns):
        if fit.nagq != 1:
            laplace = LaplaceObjective(evaluation.objective.problem)
            evaluation = laplace.evaluate(evaluation.estimates)
        out = -0.5 * np.asarray(row_slopes(evaluation))
    if fit.row_of is None:
        return out
    # a merged row's derivative is shared among its rows
    return (out / np.bincount(fit.row_of, minlength=out.size))[fit.row_of]


def of_refit(fit, found, y):
    """The fit of a refit of a parametric bootstrap to the response y, on the family's scale."""
    evaluation = found.evaluation
    certificate = Certificate(
        converged=True, gradient=float(np.abs(evaluation.gradient).max(initial=0.0)),
        decrement=0.0, singular=(), evaluations=0, gradients=0, iterations=0,
        optimizer="newton", message="a bootstrap refit", advice=(), recession=found.recession,
    )  # fmt: skip
    return fit.of(
        replace(fit.design, y=y), evaluation.objective.problem.response, fit.plan, evaluation,
        certificate, guess(evaluation)[0], found.groups, fit.request, None,
    )  # fmt: skip
