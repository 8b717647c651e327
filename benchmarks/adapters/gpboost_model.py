"""GPBoost: arrays instead of a formula, ML only, slopes independent of intercepts."""

from __future__ import annotations

from importlib import metadata

import gpboost
import numpy as np

from benchmarks.tasks import Task

LIKELIHOODS = {
    "gaussian": "gaussian",
    "binomial": "bernoulli_logit",
    "trials": "binomial_logit",
    "poisson": "poisson",
}


def version() -> str:
    """Version of the program."""
    return metadata.version("gpboost")


def fit(task: Task, frame, **options) -> float:
    """Fit `task` by ML and return its log-likelihood; options go to the model."""
    design = [np.ones(len(frame))]
    for name in task.fixed:
        column = frame[name]
        if column.dtype.kind in "biuf":
            design.append(column.to_numpy(float))
        else:
            codes, levels = column.factorize(sort=True)
            design += [(codes == code).astype(float) for code in range(1, len(levels))]
    slopes = [(index, term.slope) for index, term in enumerate(task.random) if term.slope]
    y = frame[task.response].to_numpy(float)
    trials, family = None, task.family
    if task.failures:
        trials, family = y + frame[task.failures].to_numpy(float), "trials"
        y = y / trials
    model = gpboost.GPModel(
        likelihood=LIKELIHOODS[family],
        weights=trials,
        **options,
        group_data=np.column_stack([_codes(frame, term.path) for term in task.random]),
        group_rand_coef_data=(
            frame[[name for _, name in slopes]].to_numpy(float) if slopes else None
        ),
        ind_effect_group_rand_coef=[index + 1 for index, _ in slopes] or None,
    )
    model.fit(y=y, X=np.column_stack(design))
    return -float(model.get_current_neg_log_likelihood())


def _codes(frame, path: tuple[str, ...]) -> np.ndarray:
    if len(path) == 1:
        return frame[path[0]].factorize()[0]
    return frame.groupby(list(path), sort=False, observed=True).ngroup().to_numpy()
