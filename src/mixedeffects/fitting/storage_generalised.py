"""What the file of a generalised model has besides that of a linear one."""

from __future__ import annotations

import sys

import numpy as np

from mixedeffects.design import MAIN, has_rows
from mixedeffects.engine import plan_blocks, threads_for
from mixedeffects.errors import DataError, NotAvailableError
from mixedeffects.estimation.laplace import StartingPoint
from mixedeffects.family import Response
from mixedeffects.fitting.option_list import known_by_name
from mixedeffects.fitting.problem import check_nagq, objective_of, problem_of
from mixedeffects.fitting.rows_left_out import KnownOptimum


def optimum_arrays(fit):
    """The optimum as a file keeps it; refused where the family cannot be found by its name."""
    if not known_by_name(fit.family):
        raise NotAvailableError(
            f"a fit with a family or link of your own ({fit.family}) cannot be saved: the file "
            "holds no code"
        )
    evaluation = fit.evaluation
    if not has_rows(fit.design):
        return evaluation.to_arrays()
    return {
        "theta": evaluation.theta,
        "x": evaluation.estimates,
        "curvature": fit.curvature,
        # where a density has several modes, the likelihood depends on which of them it is about
        "u": evaluation.mode.u,
    }


def restored(record, path, design, arrays, certificate, request):
    """The fit of which a file has the optimum: evaluated there once.

    Raises
    ------
    DataError
        When the optimum does not belong to the formula.
    """
    check_nagq(request.nagq)
    if not has_rows(design):
        names = coefficient_groups(request.family)
        optimum = KnownOptimum.from_arrays(arrays, design, names)
        blocks, columns = design.all_blocks, optimum.x.size
        plan = plan_blocks(blocks, design.n, columns, analysed_from=sys.maxsize)
        return record.known(optimum, plan, certificate, request, {})
    x, curvature = np.asarray(arrays["x"], dtype=float), arrays["curvature"]
    family, response = request.family, Response.of(design)
    family.check(response, design.spec.response)
    problem, groups, plan, row_of = problem_of(design, family, response, request.engine)
    P = problem.n_parameters
    if x.shape != (P,) or curvature.shape != (P, P) or not np.isfinite(x).all():
        raise DataError(f"{path} is damaged: its parameters do not belong to its formula")
    objective = objective_of(problem, request.nagq)
    with threads_for(plan.columns), objective.exactly():
        evaluation = objective.evaluate(x, near=_modes(problem, x, arrays))
    if not np.isfinite(evaluation.value):
        raise DataError(f"{path} is damaged: the likelihood is not finite at its parameters")
    return record.of(
        design, response, plan, evaluation, certificate, curvature, groups, request, row_of
    )


def _modes(problem, x, arrays):
    """The modes that the file has for an evaluation at x to start from; None if it has none."""
    u = np.asarray(arrays.get("u", ()), dtype=float)
    if u.shape != (problem.system.width,) or not np.isfinite(u).all():
        return None
    return StartingPoint.at(problem, x, u)


def coefficient_groups(family):
    """Names of the groups of coefficients that a model of a family has, in their order."""
    others = ("thresholds" if name == "upper" else name for name in family.extras)
    return (MAIN, *(name for name in others if name != "lower"))
