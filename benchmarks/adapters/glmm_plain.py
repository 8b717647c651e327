"""glmm, told to leave out what follows the fit: degrees of freedom, Hessian, tests of terms."""

from __future__ import annotations

from importlib import metadata

import glmm

from benchmarks.tasks import Task


def version() -> str:
    """Version of the program."""
    return metadata.version("glmm")


def fit(task: Task, frame) -> float:
    """Fit `task` and return its log-likelihood."""
    if task.family == "gaussian":
        return glmm.fit(frame, task.formula, reml=task.reml, satterthwaite=False).loglik
    # "rx": standard errors at known variances, which cost nothing
    return glmm.fit(frame, task.formula, task.family, wald_se="rx", anova_test="Wald").loglik
