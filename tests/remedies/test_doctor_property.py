"""Over many data sets: no silent loss, log-likelihoods that hold, formulas that refit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mixedeffects as me
from tests import tolerances as tol

# with the number of their coefficients, which no advice may make smaller in silence
FORMULAS = {
    "y ~ x1 + x2 + x3 + (1 + x1 + x2 + x3 | g)": 4,
    "y ~ x1 * x2 + (x1 * x2 | g) + (1 | h)": 4,
    "y ~ x1 + (x1 || g) + (x1 | h)": 2,
    "y ~ x1 + (1 | a/g)": 2,
    "y ~ f + (f | g)": 3,
    "y ~ x1 + near + (x1 | g)": 3,
    "y ~ x1 + near + (1 | g)": 3,
    "y ~ t + x2 + (x2 | g)": 3,
    "y ~ u + (u || g)": 2,
    "y ~ x1 + (0 + x1 | g) + (1 | g) + (x1 | h)": 2,
    "y ~ poly(x1, 2) + (poly(x1, 2) | g)": 3,
}
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


SEEDS = [*range(8), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(8, 40))]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_doctor_keeps_its_promises(seed):
    d = table(seed)
    for i, (formula, n_coefficients) in enumerate(FORMULAS.items()):
        way = WAYS[(seed + i) % len(WAYS)]
        fit = me.lmm(formula, d, **way)
        diagnosis = fit.diagnose(remedies=True)
        nothing_is_lost_in_silence(diagnosis, n_coefficients)
        the_aic_is_told(diagnosis, n_coefficients)
        numbers_hold(diagnosis, d, way)
        mended = me.lmm(formula, d, remedy=True, **way)
        assert len(mended.fixef) == n_coefficients


def nothing_is_lost_in_silence(diagnosis, n_coefficients):
    """A predictor goes only where two coefficients cannot be told apart, and that is said."""
    if len(diagnosis.fit.fixef) == n_coefficients:
        return
    asked, words = diagnosis.trials[0], diagnosis.checks().set_index("check")["verdict"]
    assert asked.regular and words["collinearity"] == "problem"
    (gone,) = set(asked.fit.fixef) - set(diagnosis.fit.fixef)
    assert f"Leaving out '{gone}' changes what the other coefficients estimate" in diagnosis.reason


def the_aic_is_told(diagnosis, n_coefficients):
    """A higher AIC than the asked fit's or another model's never goes without its numbers."""
    asked, r = diagnosis.trials[0], diagnosis.recommendation
    said = f"{r.aic:.2f} against {r.asked_aic:.2f}" in r.reason and "HIGHER" in r.reason
    assert r.worse == (r.aic > r.asked_aic + 1e-3) == said
    whole = len(asked.fit.fixef) == n_coefficients
    if asked.certified and not asked.regular and whole:  # a legal answer is never given up for less
        assert not r.worse
    rivals = [
        t for t in diagnosis.trials if t.certified and len(t.fit.fixef) >= n_coefficients
    ]  # fmt: skip
    lowest = min(rivals, key=lambda t: t.aic, default=None)
    if lowest is None or lowest.aic > r.aic - 0.01:
        assert "has a lower AIC" not in r.reason or lowest.aic < r.aic
        return
    assert f"{lowest.formula} has a lower AIC, {lowest.aic:.2f} against {r.aic:.2f}" in r.reason
    if r.trial.same_model or r.trial.back:  # what was asked for, which is not left for its AIC
        assert r.trial.regular
    else:  # two simpler models between which the AIC does not decide
        assert r.trial.regular and not lowest.regular and lowest.aic > r.aic - 1


def numbers_hold(diagnosis, d, way):
    """Every log-likelihood is what the formula has that is shown with it."""
    asked, fit = diagnosis.trials[0], diagnosis.asked
    by_ml = any("maximum likelihood" in note for note in diagnosis.notes)
    for trial in diagnosis.trials[1:]:
        if trial.fit is None:
            assert trial.outcome in ("not applicable", "skipped", "refused") and trial.note
            continue
        if trial.same_model and trial.certified and not diagnosis.trials[1].back:
            assert trial.loglik > asked.loglik - tol.DOCTOR_LOGLIK_ABS
        if by_ml and not trial.certified:
            continue  # its number is at its own covariance parameters, no fit's
        options = dict(trial.options)
        if by_ml:  # the maximum, which an optimiser held short may not reach
            options.pop("max_iterations", None)
        again = me.lmm(trial.formula, d, reml=False if by_ml else fit.reml, **options)
        assert again.loglik == pytest.approx(trial.loglik, abs=tol.DOCTOR_LOGLIK_ABS)
        assert trial.npar == again.df
    options = diagnosis.options if diagnosis.changed else way
    again = me.lmm(diagnosis.formula, d, **(options | {"reml": fit.reml}))
    assert again.objective == pytest.approx(diagnosis.fit.objective, abs=tol.DOCTOR_LOGLIK_ABS)
