"""A full fit record of a resampled design, for statistics that need more than the estimates."""

from __future__ import annotations

import warnings

import numpy as np

from mixedeffects.crossprod import CrossProducts
from mixedeffects.engine import Solver, make_plan, require_memory, threads_for
from mixedeffects.errors import ConvergenceWarning
from mixedeffects.estimation import LMMObjective, Parameters, minimize


def full_fit(fit, design):
    """The model of a fit on another design with the same columns.

    Parameters
    ----------
    fit : FitRecord
    design : Design

    Returns
    -------
    The same class of record; its certificate says whether it converged.
    """
    plan = make_plan(design)
    require_memory(plan)
    with threads_for(plan.columns), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        stats = CrossProducts.of(design, plan.layout)
        parameters = Parameters(design.blocks, stats.reference.T_blocks)
        objective = LMMObjective(stats, Solver(stats, plan), parameters, fit.reml)
        start = parameters.from_user(fit.theta) if np.all(fit.theta) else None
        evaluation, certificate = minimize(objective, start=start)
        return type(fit).of(design, plan, evaluation, certificate)
