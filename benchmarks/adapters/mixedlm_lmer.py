"""mixedlm."""

from __future__ import annotations

from importlib import metadata

import mixedlm

from benchmarks.tasks import Task


def version() -> str:
    """Version of the program."""
    return metadata.version("mixedlm")


def fit(task: Task, frame) -> float:
    """Fit `task` and return its log-likelihood."""
    if task.family == "gaussian":
        return float(mixedlm.lmer(task.formula, frame, REML=task.reml).logLik().value)
    family = getattr(mixedlm.families, task.family.capitalize())()
    return float(mixedlm.glmer(task.formula, frame, family=family).logLik().value)
