"""glmm with its defaults: the fit and Satterthwaite's degrees of freedom."""

from __future__ import annotations

import glmm

from benchmarks.adapters.glmm_plain import version
from benchmarks.tasks import Task

__all__ = ["fit", "version"]


def fit(task: Task, frame) -> float:
    """Fit `task` with degrees of freedom and return its log-likelihood."""
    return glmm.fit(frame, task.formula, reml=task.reml).loglik
