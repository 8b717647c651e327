"""Observed and simulated distributions of the response."""

from __future__ import annotations

import numpy as np
import pytest

import mixedeffects as me
from tests.plot.pictures import drawn


def test_shares_are_those_of_the_table_and_of_simulations():
    table = me.datasets.sleepstudy()
    fit = me.lmm("Reaction ~ Days + (Days | Subject)", table)
    chart = fit.plot.predictive(50, rng=3)
    data = chart.data
    edges = [*data["low"], data["high"].iloc[-1]]
    np.testing.assert_allclose(data["observed"], np.histogram(table["Reaction"], edges)[0] / 180)
    own = fit.simulate(50, rng=3)
    shares = np.array([np.histogram(y, edges)[0] for y in own.T]) / 180
    np.testing.assert_allclose(data["expected"], np.median(shares, axis=0))
    np.testing.assert_allclose(data["upper"], np.quantile(shares, 0.975, axis=0))
    assert drawn(chart).marks("bar") == len(data)


def test_zeros_that_a_poisson_model_does_not_expect_stand_out():
    rng = np.random.default_rng(4)
    g = np.arange(600) % 20
    y = rng.poisson(np.exp(1.2 + 0.3 * rng.normal(size=20)[g])) * (rng.random(600) > 0.3)
    table = {"y": y, "g": g}
    plain = me.glmm("y ~ 1 + (1 | g)", table, family="poisson").plot.predictive(rng=1)
    first = plain.data.iloc[0]
    assert first["label"] == "0" and first["observed"] == (y == 0).mean()
    assert first["observed"] > first["upper"]
    mended = me.glmm("y ~ 1 + (1 | g)", table, family="poisson", zi="~ 1").plot.predictive(rng=1)
    first = mended.data.iloc[0]
    assert first["lower"] <= first["observed"] <= first["upper"]


def test_trials_are_shown_as_proportions():
    fit = me.glmm("incidence / size ~ period + (1 | herd)", me.datasets.cbpp())
    data = fit.plot.predictive(rng=1).data
    assert data["low"].iloc[0] >= 0.0 and data["high"].iloc[-1] <= 1.0
    assert data["observed"].sum() == pytest.approx(1.0)


def test_of_many_rows_a_sample_is_shown_and_it_says_so():
    rng = np.random.default_rng(5)
    g = np.arange(30_000) % 100
    fit = me.lmm("y ~ 1 + (1 | g)", {"y": rng.normal(size=30_000), "g": g})
    chart = fit.plot.predictive(20, rng=1)
    assert "10,000 of 30,000 rows, chosen at random" in chart.subtitle
    assert drawn(chart).ink > 0.02


@pytest.mark.parametrize(("rows", "bins"), [(6, 3), (180, 14), (3000, 40)])
def test_few_rows_have_few_bins(rows, bins):
    y = np.random.default_rng(6).normal(size=rows)
    chart = me.lmm("y ~ 1 + (1 | g)", {"y": y, "g": np.arange(rows) % 3}).plot.predictive(rng=1)
    assert len(chart.data) == bins  # the root of the rows, at most 40
    assert chart.data["observed"].sum() == pytest.approx(1.0)


def test_bars_of_yes_and_no_are_called_so():
    g = np.arange(240) % 12
    said = np.where(np.random.default_rng(7).random(240) > 0.6, "yes", "no")
    chart = me.glmm("y ~ 1 + (1 | g)", {"y": said, "g": g}).plot.predictive(rng=1)
    assert dict(zip(chart.data["label"], chart.data["observed"], strict=True)) == {
        "no": (said == "no").mean(), "yes": (said == "yes").mean()
    }  # fmt: skip
    assert drawn(chart).says("yes")


def test_the_same_chart_twice():
    fit = me.glmm("incidence / size ~ period + (1 | herd)", me.datasets.cbpp())
    assert fit.plot.predictive().to_dict() == fit.plot.predictive().to_dict()
