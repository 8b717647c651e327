"""This package."""

from __future__ import annotations

import mixedeffects as me
from benchmarks.tasks import Task


def version() -> str:
    """Version of the package."""
    return me.__version__


def fit(task: Task, frame) -> float:
    """Fit `task` and return its log-likelihood."""
    return model(task, frame).loglik


def model(task: Task, frame):
    """The fitted model."""
    if task.family == "gaussian":
        return me.lmm(task.formula, frame, reml=task.reml)
    return me.glmm(task.formula, frame, family=task.family)
