"""Satterthwaite and Kenward-Roger against lmerTest, pbkrtest and dense textbook formulas."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mixedeffects as me
from mixedeffects.estimation.variance_information import (
    WIDE,
    differences,
    profiled_hessian,
)
from mixedeffects.inference.df import df_method
from tests import tolerances as tol
from tests.golden.lmm.frames import golden_frame, golden_models
from tests.oracles.degrees_of_freedom import (
    covariance_terms,
    kenward_roger,
    kenward_roger_df,
    satterthwaite_df,
)

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "df" / "df.json").read_text())["models"]

# lmerTest leaves out directions whose variance is 1e-8 of the largest, whatever their units: here
# covariates are on very different scales and its F is one of fewer hypotheses. pbkrtest agrees
# with us on both.
LMERTEST_DROPS_A_DIRECTION = {"nitrendipene", "soybean"}
# pbkrtest takes no account of prior weights; the dense oracle below does.
PBKRTEST_IGNORES_WEIGHTS = {n for n in GOLDEN if golden_models()[n]["weights"]}

every_model = pytest.mark.parametrize("name", GOLDEN)
with_kr = pytest.mark.parametrize(
    "name", [n for n in GOLDEN if "kr" in GOLDEN[n] and n not in PBKRTEST_IGNORES_WEIGHTS]
)


@cache
def fitted(name: str) -> Any:
    model = golden_models()[name]
    return me.lmm(model["formula"], golden_frame(model), weights=model["weights"])


def compare(name, method, expected):
    fit = fitted(name)
    assert len(fit.design.x_names) == len(GOLDEN[name]["names"])
    L = np.eye(fit.beta.size)
    m = df_method(fit, method)
    np.testing.assert_allclose(np.sqrt(np.diagonal(m.vcov)), expected["se"], rtol=tol.DF_SE_RTOL)
    np.testing.assert_allclose(m.df(L), expected["df"], rtol=tol.DF_RTOL)
    dropped = method == "satterthwaite" and name in LMERTEST_DROPS_A_DIRECTION
    if "F" in expected and not dropped:
        some = [i for i, term in enumerate(GOLDEN[name]["names"]) if term != "(Intercept)"]
        test = m.joint(L[some], fit.beta[some])
        assert test.num_df == len(some)
        assert test.statistic == pytest.approx(expected["F"], rel=tol.F_RTOL)
        assert test.den_df == pytest.approx(expected["den_df"], rel=tol.DF_RTOL)


def test_there_are_enough_reference_models():
    assert len(GOLDEN) >= 80
    assert sum("kr" in g for g in GOLDEN.values()) >= 60


@every_model
def test_satterthwaite_is_lmertests(name):
    compare(name, "satterthwaite", GOLDEN[name]["satterthwaite"])


@with_kr
def test_kenward_roger_is_pbkrtests(name):
    compare(name, "kenward-roger", GOLDEN[name]["kr"])


@pytest.mark.parametrize("name", sorted(LMERTEST_DROPS_A_DIRECTION))
def test_f_does_not_depend_on_units(name):
    fit = fitted(name)
    some = np.eye(fit.beta.size)[1:]
    scaled = some * np.logspace(-6, 6, some.shape[0])[:, None]
    plain = df_method(fit).joint(some, some @ fit.beta)
    other = df_method(fit).joint(scaled, scaled @ fit.beta)
    assert other.statistic == pytest.approx(plain.statistic, rel=tol.OPTIMUM_E6)


@pytest.fixture(scope="module")
def unbalanced():
    """Two crossed factors, a correlated slope in one, weights; 150 rows."""
    rng = np.random.default_rng(7)
    n = 150
    g, h = rng.integers(0, 12, n), rng.integers(0, 7, n)
    x = rng.normal(size=n)
    b = rng.normal(size=(12, 2)) @ [[1.0, 0.4], [0.0, 0.8]]
    w = rng.uniform(0.5, 3.0, n)
    y = 1 + 0.5 * x + b[g, 0] + b[g, 1] * x + rng.normal(size=7)[h] * 0.7
    return {"y": y + rng.normal(size=n) / np.sqrt(w), "x": x, "g": g, "h": h, "w": w}


def dense_terms(table, correlated=True):
    ones = np.ones_like(table["x"])
    slopes = np.column_stack([ones, table["x"]])
    blocks = [(table["g"], slopes, correlated), (table["h"], ones[:, None], True)]
    return covariance_terms(blocks, table["w"])


def gamma_of(fit, terms):
    G = [fit.sigma**2 * Lam @ Lam.T for Lam in fit.lambdas]
    return [fit.sigma**2 if key == "residual" else G[key[0]][key[1], key[2]] for key, _ in terms]


@pytest.mark.parametrize("bars", ["(x | g)", "(x || g)"])
def test_kenward_roger_with_weights_and_crossed_factors_is_the_dense_one(unbalanced, bars):
    fit = me.lmm(f"y ~ x + {bars} + (1 | h)", unbalanced, weights="w")
    terms = dense_terms(unbalanced, "||" not in bars)
    X = np.column_stack([np.ones(150), unbalanced["x"]])
    Phi, adjusted, W, P = kenward_roger(X, terms, gamma_of(fit, terms))
    ours = df_method(fit, "kenward-roger")
    np.testing.assert_allclose(ours.vcov, adjusted, rtol=tol.ROUNDING_E7)
    np.testing.assert_allclose(fit.vcov_beta, Phi, rtol=tol.ROUNDING_E7)
    L = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, -2.0]])
    expected = [kenward_roger_df(row, Phi, W, P) for row in L]
    np.testing.assert_allclose(ours.df(L), expected, rtol=tol.ROUNDING_E6)


def test_kenward_roger_where_the_widest_factor_is_not_the_first_is_the_dense_one():
    """60 levels of one effect come before 55 of two, which are eliminated first."""
    rng = np.random.default_rng(8)
    n = 330
    g, h = rng.permutation(np.arange(n) % 55), rng.permutation(np.arange(n) % 60)
    x = rng.normal(size=n) + rng.normal(size=60)[h]
    b = rng.normal(size=(55, 2)) @ [[1.0, 0.4], [0.0, 0.8]]
    y = 1 + 0.5 * x + b[g, 0] + b[g, 1] * x + rng.normal(size=60)[h] + rng.normal(size=n)
    fit = me.lmm("y ~ x + (x | g) + (1 | h)", {"y": y, "x": x, "g": g, "h": h})
    assert fit.plan.names == ("h", "g") and fit.plan.layout.leaf == 1
    X = np.column_stack([np.ones(n), x])
    terms = covariance_terms([(h, X[:, :1], True), (g, X, True)], np.ones(n))
    Phi, adjusted, W, P = kenward_roger(X, terms, gamma_of(fit, terms))
    ours = df_method(fit, "kenward-roger")
    np.testing.assert_allclose(ours.vcov, adjusted, rtol=tol.ROUNDING_E7)
    L = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, -2.0]])
    expected = [kenward_roger_df(row, Phi, W, P) for row in L]
    np.testing.assert_allclose(ours.df(L), expected, rtol=tol.ROUNDING_E6)


@pytest.mark.parametrize("reml", [True, False])
def test_satterthwaite_with_weights_and_crossed_factors_is_the_dense_one(unbalanced, reml):
    fit = me.lmm("y ~ x + (x | g) + (1 | h)", unbalanced, weights="w", reml=reml)
    terms = dense_terms(unbalanced)
    X = np.column_stack([np.ones(150), unbalanced["x"]])
    L = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, -2.0]])
    expected = [
        satterthwaite_df(unbalanced["y"], X, terms, gamma_of(fit, terms), row, reml) for row in L
    ]
    np.testing.assert_allclose(df_method(fit).df(L), expected, rtol=tol.TRUNCATION_E4)


def test_satterthwaite_of_many_crossed_levels_is_the_dense_one():
    """So many columns that the second derivatives come from one-sided differences."""
    rng = np.random.default_rng(9)
    n = 618
    g, h = rng.permutation(np.arange(n) % 309), rng.permutation(np.arange(n) % 303)
    x = rng.normal(size=n) + rng.normal(size=309)[g]
    y = 0.5 * x + rng.normal(size=309)[g] + rng.normal(size=303)[h] + rng.normal(size=n)
    fit = me.lmm("y ~ x + (1 | g) + (1 | h)", {"y": y, "x": x, "g": g, "h": h})
    assert fit.plan.layout.m > WIDE
    X = np.column_stack([np.ones(n), x])
    terms = covariance_terms([(g, X[:, :1], True), (h, X[:, :1], True)], np.ones(n))
    L = np.array([0.0, 1.0])
    expected = satterthwaite_df(y, X, terms, gamma_of(fit, terms), L, True)
    assert df_method(fit).df(L[None])[0] == pytest.approx(expected, rel=tol.TRUNCATION_2E3)


@pytest.mark.parametrize("name", ["sleepstudy", "machines_factor_slopes", "pixel", "penicillin"])
def test_the_exact_hessian_is_that_of_differences(name):
    evaluation = fitted(name).evaluation
    exact = profiled_hessian(evaluation)
    np.testing.assert_allclose(
        exact, differences(evaluation), atol=tol.HESSIAN_RTOL * np.abs(exact).max()
    )


def test_nested_levels_are_summed_within_the_outermost():
    """Many independent parts of several shapes against one dense computation."""
    rng = np.random.default_rng(3)
    a = np.repeat(np.arange(8), rng.integers(4, 14, 8))
    n = a.size
    c = a * 3 + rng.integers(0, 3, n)
    _, c = np.unique(c, return_inverse=True)
    x = rng.normal(size=n)
    y = rng.normal(size=8)[a] + 0.8 * rng.normal(size=c.max() + 1)[c] + x + rng.normal(size=n)
    fit = me.lmm("y ~ x + (1 | a) + (1 | c)", {"y": y, "x": x, "a": a, "c": c})
    ones = np.ones((n, 1))
    order = {"a": (a, ones, True), "c": (c, ones, True)}
    blocks = [order[b.factor.name] for b in fit.design.blocks]
    terms = covariance_terms(blocks, np.ones(n))
    X = np.column_stack([np.ones(n), x])
    _, adjusted, _, _ = kenward_roger(X, terms, gamma_of(fit, terms))
    np.testing.assert_allclose(df_method(fit, "kenward-roger").vcov, adjusted, rtol=tol.ROUNDING_E7)


def test_kenward_roger_refuses_maximum_likelihood():
    fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy(), reml=False)
    with pytest.raises(me.NotAvailableError, match="reml=True"):
        fit.test(ddf="kenward-roger")


def test_an_unknown_method_is_named_with_the_known_ones():
    fit = me.lmm("Reaction ~ Days + (1 | Subject)", me.datasets.sleepstudy())
    with pytest.raises(me.OptionError, match="satterthwaite"):
        fit.test(ddf="containment")


def test_no_fixed_effects_give_an_empty_table():
    fit = me.lmm("Reaction ~ 0 + (1 | Subject)", me.datasets.sleepstudy())
    for ddf in ("satterthwaite", "kenward-roger", "wald"):
        assert len(fit.test(ddf=ddf)) == 0


def test_the_summary_names_its_method():
    fit = me.lmm("Reaction ~ Days + (1 | Subject)", me.datasets.sleepstudy())
    assert "t (Satterthwaite)" in str(fit)
    assert "t (Kenward–Roger)" in str(fit.summary(ddf="kenward-roger"))
    assert "z (Wald)" in str(fit.summary(ddf="wald"))


def test_a_loaded_fit_has_the_same_degrees_of_freedom(tmp_path):
    fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    fit.save(tmp_path / "fit.npz")
    again = me.load(tmp_path / "fit.npz")
    for ddf in ("satterthwaite", "kenward-roger"):
        np.testing.assert_allclose(
            again.test(ddf=ddf)["df"], fit.test(ddf=ddf)["df"], rtol=tol.OPTIMUM_E6
        )


def test_many_rows_have_the_degrees_of_freedom_of_each():
    fit = fitted("machines_interaction")
    L = np.random.default_rng(1).normal(size=(40, fit.beta.size))
    method = df_method(fit)
    one_by_one = np.concatenate([method.df(row[None]) for row in L])
    np.testing.assert_allclose(method.df(L), one_by_one, rtol=tol.ROUNDING_E10)
