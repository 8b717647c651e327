"""glmm, with standard errors from the Hessian of a generalised model."""

from __future__ import annotations

import glmm

from benchmarks.adapters.glmm_plain import version
from benchmarks.tasks import Task

__all__ = ["fit", "version"]


def fit(task: Task, frame) -> float:
    """Fit `task` with standard errors and return its log-likelihood."""
    return glmm.fit(frame, task.formula, task.family, anova_test="Wald").loglik
