"""Errors of predicted random effects: dense mixed-model equations, glmmTMB, simulation."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import mixedeffects as me
from tests import tolerances as tol
from tests.inference.test_predict import SMALL, simulated
from tests.inference.test_predict_glmm import FITS, GOLDEN, frame
from tests.oracles.dense import random_effects_matrix

GLMMTMB = json.loads((GOLDEN / "predict" / "ranef.json").read_text())["models"]

# half-width of a 90% interval in standard errors
NORMAL_90 = 1.6448536269514722


def of_mixed_model_equations(fit):
    """Roots of the diagonal of sigma^2 C^-1, random part (Henderson 1975): Var(b^ - b)."""
    design, n = fit.design, fit.design.n
    w = np.ones(n) if design.weights is None else np.asarray(design.weights)
    X = np.asarray(design.X)
    Z = np.hstack([
        random_effects_matrix(b.factor.codes, np.ones((n, 1)) if b.Z is None else np.asarray(b.Z))
        for b in design.blocks
    ])  # fmt: skip
    G = [
        np.kron(np.eye(b.factor.n_levels), L @ L.T)
        for b, L in zip(design.blocks, fit.lambdas, strict=True)
    ]
    at = np.cumsum([0, *(len(g) for g in G)])
    whole = np.zeros((at[-1], at[-1]))
    for lo, hi, g in zip(at, at[1:], G, strict=False):
        whole[lo:hi, lo:hi] = g
    V = np.diag(1 / w) + Z @ whole @ Z.T
    # without an inverse of G, which may be singular: b^ - b = G Z'P y - b
    Vi = np.linalg.inv(V)
    P = Vi - Vi @ X @ np.linalg.solve(X.T @ Vi @ X, X.T @ Vi) if X.size else Vi
    variance = np.diagonal(whole - whole @ Z.T @ P @ Z @ whole)
    return fit.sigma * np.sqrt(np.maximum(variance, 0.0))


def check(fit):
    table = fit.ranef()
    wanted = of_mixed_model_equations(fit)
    scale = max(float(wanted.max()), 1e-12)
    assert table["std_error"].to_numpy() == pytest.approx(wanted, abs=tol.DENSE_RTOL * scale)
    assert (table["std_error"] >= table["sd"] * (1 - tol.DENSE_RTOL)).all()
    for name, error in (("prediction", "std_error"), ("conditional", "sd")):
        table = fit.ranef(level=0.9, error=name)
        half = (table["upper"] - table["lower"]) / 2
        assert half.to_numpy() == pytest.approx(NORMAL_90 * table[error].to_numpy())
        middle = (table["upper"] + table["lower"]) / 2
        assert middle.to_numpy() == pytest.approx(
            table["estimate"].to_numpy(), abs=tol.DENSE_RTOL * scale
        )


# of the last but one the variances are not in the data
@pytest.mark.parametrize(
    ("package", "name", "formula", "options"), [m for m in SMALL if m[1] != "Machines"]
)
def test_small_models(rdata, package, name, formula, options):
    check(me.lmm(formula, rdata(package, name), **options))


@pytest.mark.parametrize(
    ("formula", "options"),
    [
        ("y ~ x + (x | a)", {}),
        ("y ~ x + (x | a) + (x || b)", {"weights": "w"}),
        ("y ~ x + (1 | a) + (1 | b)", {"engine": "sparse"}),
    ],
)
def test_larger_models(formula, options):
    check(me.lmm(formula, simulated(), **options))


@pytest.mark.parametrize("name", GLMMTMB)
def test_generalised_models_have_the_errors_of_glmmtmb(name):
    """Its condVar is TMB's sdreport, which knows that all parameters are estimated."""
    formula, table, options = FITS[name]
    ours = me.glmm(formula, frame(table), **options).ranef().astype({"level": str})
    key = ["group", "term", "level"]
    both = pd.DataFrame(GLMMTMB[name]).merge(ours, on=key, suffixes=("_r", ""))
    assert len(both) == len(ours)
    scale = both["std_error_r"].to_numpy()
    assert both["std_error"].to_numpy() == pytest.approx(scale, rel=tol.GLMM_SE_RTOL)
    difference = both["estimate"] - both["estimate_r"]
    assert (difference.abs() <= tol.GLMM_SE_RTOL * scale).all()


def test_groups_that_differ_in_a_predictor_are_less_certain(rdata):
    """Three diets of rats: how far a rat is from the mean of its diet needs that mean."""
    fit = me.lmm("weight ~ Time * factor(Diet) + (Time | Rat)", rdata("nlme", "BodyWeight"))
    rows = fit.ranef().query("term == '(Intercept)'")
    assert ((rows["lower"] > 0) | (rows["upper"] < 0)).sum() == 4
    held = fit.ranef(error="conditional").query("term == '(Intercept)'")
    assert ((held["lower"] > 0) | (held["upper"] < 0)).sum() == 11
    words = fit.interpret()
    said = dict(words.paragraphs)["Levels that stand out"]
    assert "Of 16 levels of Rat, 1 has an intercept reliably above the average (12)" in said
    assert "3 have one reliably below it (9, 10 and 13)" in said
    assert "prediction error" in said
    view = fit.plot.caterpillar("Rat", term="(Intercept)").data
    assert (view["verdict"] != "unclear").sum() == 4


def test_intervals_hold_the_effects_as_often_as_they_say():
    """Few groups on each of two arms: what the mean of an arm is, is half of the question."""
    rng = np.random.default_rng(11)
    g = np.repeat(np.arange(8), 6)
    arm = (g >= 4).astype(float)
    held = {"prediction": 0, "conditional": 0}
    runs = 300
    for _ in range(runs):
        b = 2.0 * rng.normal(size=8)
        y = b[g] + rng.normal(size=g.size)
        fit = me.lmm("y ~ arm + (1 | g)", {"y": y, "arm": arm, "g": g})
        for error in held:
            table = fit.ranef(error=error)
            held[error] += int(((table["lower"] <= b) & (b <= table["upper"])).sum())
    share = {name: count / (8 * runs) for name, count in held.items()}
    assert share["conditional"] < 0.7 and share["prediction"] > 0.88


def test_an_error_that_is_neither_is_named(rdata):
    fit = me.lmm("Reaction ~ Days + (1 | Subject)", rdata("lme4", "sleepstudy"))
    with pytest.raises(me.OptionError, match="error='both' is not one of"):
        fit.ranef(error="both")
