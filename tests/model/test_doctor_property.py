"""Over many data sets: no silent loss, log-likelihoods that hold, formulas that refit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mixedeffects as me
from tests import tolerances as tol

FORMULAS = [
    "y ~ x1 + x2 + x3 + (1 + x1 + x2 + x3 | g)",
    "y ~ x1 * x2 + (x1 * x2 | g) + (1 | h)",
    "y ~ x1 + (x1 || g) + (x1 | h)",
    "y ~ x1 + (1 | a/g)",
    "y ~ f + (f | g)",
    "y ~ x1 + near + (x1 | g)",
    "y ~ t + x2 + (x2 | g)",
    "y ~ u + (u || g)",
    "y ~ x1 + (0 + x1 | g) + (1 | g) + (x1 | h)",
    "y ~ poly(x1, 2) + (poly(x1, 2) | g)",
]
WAYS = [{}, {"max_iterations": 2}, {"optimizer": "Nelder-Mead", "max_iterations": 60},
        {"reml": False}]  # fmt: skip

pytestmark = pytest.mark.filterwarnings("ignore::mixedeffects.MixedEffectsWarning")


def table(seed):
    """Few groups, variances that may be zero, predictors that may be useless."""
    rng = np.random.default_rng(seed)
    groups, rows = int(rng.integers(4, 14)), int(rng.integers(6, 14))
    n, g = groups * rows, np.repeat(np.arange(groups), rows)
    h = rng.integers(0, 5, size=n)
    X = rng.normal(size=(n, 3))
    sd = rng.choice([0.0, 0.0, 0.05, 0.5, 1.5], size=4)
    y = X @ [rng.choice([0.0, 1.0]), 0.5, 0.2] + rng.normal(size=n)
    y += sd[0] * rng.normal(size=groups)[g] + sd[1] * rng.normal(size=groups)[g] * X[:, 0]
    y += sd[2] * rng.normal(size=groups)[g] * X[:, 1] + sd[3] * rng.normal(size=5)[h]
    return pd.DataFrame(
        {
            "y": y, "x1": X[:, 0], "x2": X[:, 1], "x3": X[:, 2], "f": rng.choice(list("abc"), n),
            "g": g, "h": h, "a": g // 2, "near": X[:, 0] + 1e-5 * rng.normal(size=n),
            "t": 1.7e9 + 50 * X[:, 0], "u": 3e5 + 1e3 * X[:, 1],
        }
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(12))
def test_the_doctor_keeps_its_promises(seed):
    d, way = table(seed), WAYS[seed % len(WAYS)]
    for formula in FORMULAS:
        fit = me.lmm(formula, d, **way)
        diagnosis = fit.diagnose(remedies=True)
        asked, r = diagnosis.trials[0], diagnosis.recommendation
        said = f"{r.aic:.2f} against {r.asked_aic:.2f}" in r.reason and "HIGHER" in r.reason
        assert r.worse == (r.aic > r.asked_aic + 1e-3) == said
        if asked.certified and not asked.regular:  # a legal answer is never given up for less
            assert not r.worse
        by_ml = any("maximum likelihood" in note for note in diagnosis.notes)
        for trial in diagnosis.trials[1:]:
            if trial.fit is None:
                assert trial.note.startswith(("not applicable", "skipped", "refused"))
                continue
            if trial.same_model and trial.certified:
                assert trial.loglik > asked.loglik - tol.DOCTOR_LOGLIK_ABS
            if by_ml and not trial.certified:
                continue  # its number is at its own covariance parameters, no fit's
            criterion = False if by_ml else fit.reml
            options = dict(trial.options)
            if by_ml:  # the maximum, which an optimiser held short may not reach
                options.pop("max_iterations", None)
            again = me.lmm(trial.formula, d, reml=criterion, **options)
            assert again.loglik == pytest.approx(trial.loglik, abs=tol.DOCTOR_LOGLIK_ABS)
            assert trial.npar == again.df
        best = diagnosis.fit
        options = diagnosis.options if diagnosis.changed else way
        again = me.lmm(diagnosis.formula, d, **(options | {"reml": fit.reml}))
        assert again.objective == pytest.approx(best.objective, abs=tol.DOCTOR_LOGLIK_ABS)
