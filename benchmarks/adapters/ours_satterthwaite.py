"""This package, with Satterthwaite's degrees of freedom for every coefficient."""

from __future__ import annotations

import mixedeffects as me
from benchmarks.adapters.ours import version
from benchmarks.tasks import Task

__all__ = ["fit", "version"]


def fit(task: Task, frame) -> float:
    """Fit `task`, compute its coefficient table and return its log-likelihood."""
    fitted = me.lmm(task.formula, frame, reml=task.reml)
    fitted.test(ddf="satterthwaite")
    return fitted.loglik
