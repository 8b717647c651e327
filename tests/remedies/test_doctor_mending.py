"""`remedy=True` and `all_fit`."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

import mixedeffects as me
from mixedeffects.estimation import OPTIMIZERS
from tests import tolerances as tol

SLEEP = "Reaction ~ Days + (Days | Subject)"


def overfitted(seed=4):
    """Eight groups and no slope that varies."""
    rng = np.random.default_rng(seed)
    g = np.repeat(np.arange(8), 12)
    X = rng.normal(size=(96, 3))
    y = X @ [1.0, 0.5, 0.2] + rng.normal(size=8)[g] + rng.normal(size=96)
    return pd.DataFrame({"y": y, "x1": X[:, 0], "x2": X[:, 1], "x3": X[:, 2], "g": g})


def test_a_sound_fit_is_returned_as_it_is():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit = me.lmm(SLEEP, me.datasets.sleepstudy(), remedy=True)
    assert fit.remedies is None and "Remedied" not in str(fit)
    assert fit.loglik == me.lmm(SLEEP, me.datasets.sleepstudy()).loglik


def test_what_was_changed_is_warned_of_and_in_the_summary():
    text = "y ~ x1 + x2 + x3 + (1 + x1 + x2 + x3 | g)"
    d = overfitted()
    asked = me.lmm(text, d)
    with pytest.warns(me.ConvergenceWarning) as caught:
        fit = me.lmm(text, d, remedy=True)
    assert len(caught) == 1 and caught[0].filename == __file__
    said = str(caught[0].message)
    assert said.startswith(f"Remedied: asked for {text}; fitted {fit.formula}.")
    assert f"{asked.aic:.2f} → {fit.aic:.2f}" in said
    assert fit.converged and not fit.certificate.is_singular
    assert fit.remedies.asked.loglik == pytest.approx(asked.loglik)
    assert fit.remedies.fit is fit
    assert f"Remedied: asked for {text}" in str(fit)
    assert "Remedied" in fit._repr_html_()
    new = fit.predict(d.iloc[:5])
    assert new == pytest.approx(me.lmm(fit.formula, d).predict(d.iloc[:5]), rel=tol.OPTIMUM_E4)


def test_an_unfinished_fit_is_finished():
    with pytest.warns(me.ConvergenceWarning, match="max_iterations=200") as caught:
        fit = me.lmm(SLEEP, me.datasets.sleepstudy(), max_iterations=1, remedy=True)
    assert len(caught) == 1 and fit.converged
    assert fit.objective == pytest.approx(me.lmm(SLEEP, me.datasets.sleepstudy()).objective)


def test_a_legal_singular_fit_is_kept_without_a_warning():
    rng = np.random.default_rng(8)
    d = {"y": rng.normal(size=80), "g": np.tile(np.arange(8), 10)}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit = me.lmm("y ~ 1 + (1 | g)", d, remedy=True)
    assert fit.certificate.is_singular and fit.remedies is not None
    assert "nothing was changed" in str(fit)


def test_generalised_models_are_remedied_and_separation_is_not():
    d = overfitted()
    d["count"] = np.random.default_rng(0).poisson(np.exp(0.5 + 0.3 * d["x1"]))
    with pytest.warns(me.ConvergenceWarning, match="Remedied"):
        fit = me.glmm("count ~ x1 + (x1 + x2 | g)", d, family="poisson", remedy=True)
    assert fit.formula != "count ~ x1 + (x1 + x2 | g)"
    d["sign"] = (d["x1"] > 0).astype(int)
    with pytest.warns(me.ConvergenceWarning, match="nothing was changed.*infinity"):
        fit = me.glmm("sign ~ x1 + (1 | g)", d, remedy=True)
    assert not fit.converged and fit.remedies.fit is fit


def test_a_saved_fit_forgets_its_remedies(tmp_path):
    with pytest.warns(me.ConvergenceWarning):
        fit = me.lmm("y ~ x1 + (x1 + x2 + x3 | g)", overfitted(), remedy=True)
    fit.save(tmp_path / "fit.npz", rows=True)
    again = me.load(tmp_path / "fit.npz")
    assert again.remedies is None and again.formula == fit.formula
    assert again.loglik == pytest.approx(fit.loglik)
    assert again.diagnose().checks()["verdict"].tolist() == (
        fit.diagnose().checks()["verdict"].tolist()
    )


def test_remedy_is_true_or_false():
    with pytest.raises(me.OptionError, match="remedy='yes'"):
        me.lmm(SLEEP, me.datasets.sleepstudy(), remedy="yes")


# --- all_fit ----------------------------------------------------------------------------------


def test_all_optimisers_agree_on_an_easy_model():
    both = me.all_fit(SLEEP, me.datasets.sleepstudy())
    table = both.tidy()
    assert list(table["optimizer"]) == list(OPTIMIZERS) == list(both.fits)
    assert table["certified"].all() and not table["singular"].any()
    assert (table["difference"] <= 0).all() and table["difference"].min() > -tol.DOCTOR_LOGLIK_ABS
    assert (table["difference"] == 0).sum() >= 1
    assert both.verdict.startswith(f"All {len(OPTIMIZERS)} optimisers agree")
    assert both.verdict in both._repr_html_() and both.verdict in str(both)
    fits = both.fits
    best = fits[table.loc[table["difference"].idxmax(), "optimizer"]]
    se = np.sqrt(np.diag(best.vcov()))
    for name, change in zip(table["optimizer"], table["change_fixef"], strict=True):
        moved = np.abs(fits[name].beta - best.beta) / se
        assert change == pytest.approx(moved.max(), abs=tol.ROUNDING_E12)


def test_an_optimiser_that_stops_short_is_named():
    rng = np.random.default_rng(2)
    g = np.repeat(np.arange(30), 10)
    X = rng.normal(size=(300, 5))
    y = X.sum(axis=1) + (X * rng.normal(size=(30, 5))[g]).sum(axis=1) + rng.normal(size=300)
    d = {"y": y, "g": g} | {f"x{i}": X[:, i] for i in range(5)}
    slopes = " + ".join(f"x{i}" for i in range(5))
    fit = me.lmm(f"y ~ {slopes} + ({slopes} | g)", d)
    both = me.all_fit(fit, optimizers=["newton", "L-BFGS-B", "Nelder-Mead"])
    table = both.tidy()
    assert table["certified"].tolist() == [True, True, False]
    assert both.verdict.startswith("2 of 3 optimisers agree")
    assert "Nelder-Mead stopped before a certified optimum" in both.verdict


def test_refusals_are_listed_with_the_reason():
    fit = me.glmm("incidence / size ~ period + (1 | herd)", me.datasets.cbpp())
    both = me.all_fit(fit, optimizers=["newton", "L-BFGS-B", "em"])
    assert list(both.fits) == ["newton", "L-BFGS-B"]
    assert "linear mixed models" in both.tidy()["refused"].iloc[2]
    assert "em: " in str(both) and both.verdict.startswith("All 2 optimisers agree")


def test_all_fit_checks_what_it_is_given():
    with pytest.raises(me.OptionError, match="needs its table"):
        me.all_fit(SLEEP)
    with pytest.raises(me.OptionError, match="each must be one of newton"):
        me.all_fit(SLEEP, me.datasets.sleepstudy(), optimizers=["bobyqa"])
    with pytest.raises(me.MixedEffectsError, match="neither a fit nor a formula"):
        me.all_fit(3)
    fit = me.lmm(SLEEP, me.datasets.sleepstudy())
    with pytest.raises(me.OptionError, match="leave data out"):
        me.all_fit(fit, me.datasets.sleepstudy())
