"""GPBoost with exact log-determinants; its default for several factors estimates them."""

from __future__ import annotations

from benchmarks.adapters import gpboost_model
from benchmarks.adapters.gpboost_model import version
from benchmarks.tasks import Task

__all__ = ["fit", "version"]


def fit(task: Task, frame) -> float:
    """Fit `task` by ML and return its log-likelihood."""
    return gpboost_model.fit(task, frame, matrix_inversion_method="cholesky")
