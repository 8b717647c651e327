"""This package."""

from __future__ import annotations

import mixedeffects as me
from benchmarks.tasks import Task


def version() -> str:
    """Version of the package."""
    return me.__version__


def fit(task: Task, frame) -> float:
    """Fit `task` and return its log-likelihood."""
    return me.lmm(task.formula, frame, reml=task.reml).loglik
