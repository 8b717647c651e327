"""This package, with the covariance matrix of all estimates of a generalised model."""

from __future__ import annotations

from benchmarks.adapters.ours import model, version
from benchmarks.tasks import Task

__all__ = ["fit", "version"]


def fit(task: Task, frame) -> float:
    """Fit `task`, compute the standard errors of everything and return its log-likelihood."""
    fitted = model(task, frame)
    assert fitted.vcov_parameters.size
    return fitted.loglik
