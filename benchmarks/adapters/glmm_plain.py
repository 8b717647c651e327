"""glmm, told to leave out the degrees of freedom: the fit alone, as in the other programs."""

from __future__ import annotations

from importlib import metadata

import glmm

from benchmarks.tasks import Task


def version() -> str:
    """Version of the program."""
    return metadata.version("glmm")


def fit(task: Task, frame) -> float:
    """Fit `task` and return its log-likelihood."""
    return glmm.fit(frame, task.formula, reml=task.reml, satterthwaite=False).loglik
