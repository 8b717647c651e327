"""Simulations drawn again whenever they are read: the model's, and always the same ones."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

import mixedeffects as me
from mixedeffects.inference.residual import responses
from mixedeffects.inference.residual.moments import FittedMoments, fitted_moments
from mixedeffects.inference.residual.pool import pool_statistics
from mixedeffects.inference.residual.responses import DrawnResponses, KeptResponses, deviations_of
from tests import tolerances as tol
from tests.inference.test_predict_glmm import fitted


@pytest.fixture
def drawn(monkeypatch):
    """Nothing is kept, and parts have few rows, so that levels are spread over several."""
    monkeypatch.setattr(responses, "KEPT", 0)
    monkeypatch.setattr(responses, "PART", 1000)


@pytest.fixture(scope="module")
def crossed():
    """A line for each of 13 subjects, crossed with 5 places, rows in no order."""
    rng = np.random.default_rng(3)
    g, h = rng.integers(13, size=150), rng.integers(5, size=150)
    x = rng.normal(size=150)
    y = 1 + rng.normal(size=13)[g] + rng.normal(size=13)[g] * x + 2 * rng.normal(size=5)[h]
    table = {"y": y + 0.7 * rng.normal(size=150), "x": x, "g": g, "h": h}
    return me.lmm("y ~ x + (x | g) + (1 | h)", table)


@pytest.mark.parametrize("own", [0, 1, None])
def test_they_have_the_covariance_of_the_model(drawn, monkeypatch, crossed, own):
    """Whichever factor's effects are drawn part by part; levels at edges of parts are one level."""
    m = 20_000
    found = DrawnResponses(crossed, m, 7, "new")
    found.own = own
    monkeypatch.setattr(responses, "PART", 10 * m)
    values = found.whole()[:, 1:]
    V = crossed.sigma**2 * np.eye(150)
    for block, _, root, _ in crossed.random_effects:
        Z = np.ones((150, 1)) if block.Z is None else np.asarray(block.Z)
        same = block.factor.codes[:, None] == block.factor.codes
        V += same * (Z @ root @ root.T @ Z.T)
    away = values - crossed.fixed_predictors[0][:, None]
    d = V.diagonal()
    error = np.abs(away @ away.T / m - V) / np.sqrt((np.outer(d, d) + V**2) / m)
    assert error.max() < tol.STANDARD_ERRORS_OF_MANY
    assert np.abs(away.mean(axis=1) / np.sqrt(d / m)).max() < tol.STANDARD_ERRORS_OF_MANY


def test_they_are_the_same_whenever_they_are_read(drawn, crossed):
    first = crossed.quantile_residuals(40, rng=1).facts
    again = crossed.quantile_residuals(40, rng=1).facts
    assert isinstance(first.responses, DrawnResponses)
    assert first.responses.own == 0  # 26 effects, against 5
    pool = first.pool
    assert np.array_equal(pool, first.pool)
    assert np.array_equal(pool, again.pool)
    assert np.array_equal(first.residuals, again.residuals)
    assert np.array_equal(pool[:, 0], crossed.response.y)
    assert len(np.unique(pool)) == pool.size  # no part has the numbers of another


def test_what_is_said_of_them_is_said_of_the_array(drawn, crossed):
    facts = crossed.quantile_residuals(40, rng=1).facts
    pool = facts.pool
    blocks = [(b.factor.codes, b.Z, b.factor.n_levels) for b, _, _, _ in crossed.random_effects]
    moments = fitted_moments(pool, crossed.design.X, blocks)
    np.testing.assert_allclose(facts.moments, moments, **tol.SUMMATION_ORDER)
    statistics, below = pool_statistics(pool, np.random.default_rng(0), False, moments)
    for name, values in statistics.adjusted.items():
        found = facts.statistics.adjusted[name]
        np.testing.assert_allclose(found, values, **tol.SUMMATION_ORDER)
    assert np.array_equal(np.floor(facts.residuals * 41), below)
    table = facts.table().columns
    np.testing.assert_allclose(table["expected"], pool[:, 1:].mean(axis=1))
    labels = crossed.design.blocks[1].factor.codes
    for group in ("h", labels):
        sums = facts.by(group, rng=2)
        np.testing.assert_allclose(sums.pool, [pool[labels == k].sum(axis=0) for k in range(5)])


@pytest.mark.parametrize("name", ["cbpp", "wine", "hurdle", "gamma", "zip_random_zi"])
@pytest.mark.parametrize("groups", ["new", "conditional"])
def test_every_family_is_drawn_so(drawn, name, groups):
    """By the same distribution as when they are kept: quantiles of the sum of all rows agree."""
    fit = fitted(name)
    values = DrawnResponses(fit, 400, 5, groups).whole()
    kept = fit.simulate(400, rng=3, groups=groups)
    assert np.array_equal(values[:, 0], fit.response.y)
    a, b = np.sort(values[:, 1:].sum(axis=0)), np.sort(kept.sum(axis=0))
    both = np.concatenate([a, b])
    gaps = np.abs(
        np.searchsorted(a, both, "right") / a.size - np.searchsorted(b, both, "right") / b.size
    )
    assert gaps.max() < tol.TWO_SAMPLES_OF_400


def test_moments_are_sums_within_levels():
    rng = np.random.default_rng(4)
    pool, X, Z = rng.normal(size=(60, 9)), rng.normal(size=(60, 2)), rng.normal(size=(60, 2))
    pool[5] = 1.0  # no deviations
    g, h = np.sort(rng.integers(8, size=60)), rng.integers(4, size=60)
    blocks = [(g, Z, 8), (h, None, 4)]
    sd = pool.std(axis=1, keepdims=True)
    r = np.where(sd > 0, pool - pool.mean(axis=1, keepdims=True), 0.0) / np.where(sd > 0, sd, 1.0)
    own = np.stack([Z[g == k].T @ r[g == k] for k in range(8)])
    other = np.stack([r[h == k].sum(axis=0) for k in range(4)])
    pairs = ((0, 0), (1, 0), (1, 1))
    products = [(own[:, a] * own[:, b]).sum(axis=0) for a, b in pairs]
    expected = np.vstack([X.T @ r, *products, (other**2).sum(axis=0)]).T
    np.testing.assert_allclose(fitted_moments(pool, X, blocks), expected, **tol.SUMMATION_ORDER)
    sums = FittedMoments(9, X, blocks, ordered=0)
    for lo in range(0, 60, 7):  # levels spread over parts
        rows = slice(lo, lo + 7)
        away, _, variance = deviations_of(pool[rows])
        sums.add(rows, away, variance)
    np.testing.assert_allclose(sums.moments(), expected, **tol.SUMMATION_ORDER)


def test_few_numbers_are_kept(crossed):
    facts = crossed.quantile_residuals(40, rng=1).facts
    assert isinstance(facts.responses, KeptResponses)
    rng = np.random.default_rng(1)
    np.testing.assert_array_equal(facts.pool[:, 1:], crossed.simulate(40, rng=rng))


def test_many_rows_take_little_memory():
    """The simulations of 60,000 rows would be 121 MB."""
    g = np.arange(60_000) // 30
    y = np.random.default_rng(5).normal(size=2000)[g] + np.random.default_rng(6).normal(size=g.size)
    fit = me.lmm("y ~ 1 + (1 | g)", {"y": y, "g": g})
    tracemalloc.start()
    found = fit.quantile_residuals(rng=1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < tol.DRAWN_BYTES
    assert (found.tests()["p_value"] > tol.TRUE_MODEL_P).all()
