"""What the file of a generalised model has besides that of a linear one."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from mixedeffects.engine import threads_for
from mixedeffects.errors import DataError, NotAvailableError, OptionError
from mixedeffects.family import Response, family_of
from mixedeffects.fitting.problem import check_nagq, objective_of, problem_of


def add_optimum(fit, arrays, header):
    """Add the optimum to what is written, if the family can be found again by its name.

    Parameters
    ----------
    fit : GLMM
    arrays, header : dict
        Changed in place.

    Raises
    ------
    NotAvailableError
        For a family that has no name.
    """
    try:
        known = family_of(**fit.request.to_dict()["family"]) == fit.family
    except OptionError:
        known = False
    if not known:
        raise NotAvailableError(
            f"a fit with a family or link of your own ({fit.family}) cannot be saved: the file "
            "holds no code"
        )
    arrays["x"] = fit.evaluation.estimates
    arrays["curvature"] = fit.curvature
    # where a density has several modes, the likelihood depends on which of them it is about
    arrays["u"] = fit.evaluation.mode.u
    header["model"] = "glmm"


def read_optimum(arrays):
    """The optimum as the file has it.

    Returns
    -------
    x : (P,) array
    curvature : (P, P) array
    u : (columns,) array or None
        The modes of the random effects in the engine's coordinates, where the file has them.
    """
    x = np.asarray(arrays["x"], dtype=float)
    u = np.asarray(arrays["u"], dtype=float) if "u" in arrays else None
    return x, arrays["curvature"], u


def restored(path, design, x, curvature, u, certificate, request, record):
    """The fit of which the file has the optimum: evaluated there once.

    Returns
    -------
    GLMMFit

    Raises
    ------
    DataError
        When the optimum does not belong to the formula.
    """
    check_nagq(request.nagq)
    family, response = request.family, Response.of(design)
    family.check(response, design.spec.response)
    problem, groups, plan, row_of = problem_of(design, family, response, request.engine)
    P = problem.n_parameters
    if x.shape != (P,) or curvature.shape != (P, P) or not np.isfinite(x).all():
        raise DataError(f"{path} is damaged: its parameters do not belong to its formula")
    objective = objective_of(problem, request.nagq)
    with threads_for(plan.columns), objective.exactly():
        evaluation = objective.evaluate(x, near=_beside(problem, x, u))
    if not np.isfinite(evaluation.value):
        raise DataError(f"{path} is damaged: the likelihood is not finite at its parameters")
    return record.of(
        design, response, plan, evaluation, certificate, curvature, groups, request, row_of
    )


def _beside(problem, x, u):
    """What an evaluation at x starts from, if the file knows the modes."""
    if u is None or u.shape != (problem.system.width,) or not np.isfinite(u).all():
        return None
    mode = SimpleNamespace(u=u, factor=None)
    lambdas = problem.covariance.lambdas(problem.theta(x))
    return SimpleNamespace(mode=mode, lambdas=lambdas, estimates=x)
