"""What the file of a linear model has besides its design."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mixedeffects.crossprod import from_arrays, to_arrays
from mixedeffects.design import has_rows
from mixedeffects.engine import Solver, make_plan, plan_products, require_memory, threads_for
from mixedeffects.errors import DataError
from mixedeffects.estimation import CovarianceParameters, LMMObjective

PRODUCTS = "products/"


def optimum_arrays(fit):
    """The optimum as a file keeps it: without rows, with the sums of products."""
    out = {"theta": fit.evaluation.theta}
    if not has_rows(fit.design):
        sums = to_arrays(fit.evaluation.objective.stats)
        out |= {f"{PRODUCTS}{name}": value for name, value in sums.items()}
    return out


def restored(record, path, design, arrays, certificate, request):
    """The fit of which a file has the optimum: evaluated there once.

    Raises
    ------
    DataError
        When the optimum does not belong to the formula.
    """
    theta = np.asarray(arrays["theta"], dtype=float)
    if has_rows(design):
        plan = make_plan(design, request.engine)
        require_memory(plan)
        with threads_for(plan.columns):
            objective = LMMObjective.of(design, plan, bool(request.reml))
    else:
        start = len(PRODUCTS)
        stats = from_arrays(
            {name[start:]: a for name, a in arrays.items() if name.startswith(PRODUCTS)}
        )
        names = tuple(block.factor.name for block in design.blocks)
        plan = replace(plan_products(stats, request.engine), names=names)
        parameters = CovarianceParameters(design.blocks, stats.reference.T_blocks)
        objective = LMMObjective(stats, Solver(stats, plan), parameters, bool(request.reml))
    if theta.shape != (objective.parameters.n_theta,) or not np.isfinite(theta).all():
        raise DataError(f"{path} is damaged: theta does not belong to its formula")
    with threads_for(plan.columns):
        return record.of(design, plan, objective.evaluate(theta), certificate, request)
