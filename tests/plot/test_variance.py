"""The decomposition adds up to the whole and is what r2 and icc say."""

from __future__ import annotations

import re

import numpy as np
import pytest

import mixedeffects as me
from mixedeffects.plot.theme import BLUE, GREEN, ORANGE
from tests.plot.pictures import drawn
from tests.tolerances import CHART_RTOL


def test_shares_are_variances_over_their_sum_for_nested_groups(rdata):
    fit = me.lmm("yield ~ nitro + (1 | Block/Variety)", rdata("nlme", "Oats"))
    chart = fit.plot.variance()
    data = chart.data.set_index("source")
    assert data.index.tolist() == ["fixed effects", "Variety:Block", "Block", "residual"]
    sd = fit.varcorr.sd
    assert data.loc["Block", "variance"] == pytest.approx(sd["Block"][0] ** 2)
    assert data.loc["residual", "variance"] == pytest.approx(fit.sigma**2)
    linear = fit.predict(groups="population")
    assert data.loc["fixed effects", "variance"] == pytest.approx(np.var(linear, ddof=1))
    assert np.allclose(data["share"], data["variance"] / data["variance"].sum())
    assert np.allclose(data["end"], data["share"].cumsum())
    assert np.allclose(data["end"] - data["start"], data["share"])
    picture = drawn(chart)
    assert all(picture.has_colour(c) for c in (BLUE, ORANGE, GREEN))
    assert picture.says(f"{data.loc['Block', 'share']:.1%}  (variance")


def test_icc_panel_is_the_icc_with_its_interval(rdata):
    fit = me.lmm("diameter ~ 1 + (1 | plate) + (1 | sample)", rdata("lme4", "Penicillin"))
    table = fit.plot.variance(level=0.8).tables["icc"]
    expected = fit.icc(level=0.8)
    assert table["group"].tolist() == ["plate", "sample", "all groups"]
    for name in ("icc", "lower", "upper"):
        assert np.array_equal(table[name], expected[name])


def test_generalised_model_names_its_distribution_and_scale():
    fit = me.glmm("incidence / size ~ period + (1 | herd)", me.datasets.cbpp())
    chart = fit.plot.variance()
    assert chart.data["source"].tolist() == ["fixed effects", "herd", "distribution (binomial)"]
    assert chart.data["variance"].iloc[-1] == pytest.approx(np.pi**2 / 3)
    assert "latent scale" in chart.subtitle[0]
    response = fit.plot.variance(scale="response")
    assert np.allclose(response.data["share"], fit.r2(scale="response")["r2"].iloc[2:])
    assert "no interval for the ICC on this scale" in response.subtitle


def test_a_singular_fit_has_no_share_between_groups_and_no_interval():
    y = np.tile([1.0, 2.0, 3.0, 4.0], 6)
    fit = me.lmm("y ~ 1 + (1 | g)", {"y": y, "g": np.repeat(np.arange(6), 4)})
    chart = fit.plot.variance()
    assert chart.data["share"].tolist() == [0.0, 0.0, 1.0]
    assert "no interval for the ICC where a term is on the boundary" in chart.subtitle
    assert drawn(chart).says("100.0%  (variance")


def test_slopes_are_averaged_and_it_says_so():
    fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    chart = fit.plot.variance()
    G = fit.varcorr.terms[0].covariance
    z = np.column_stack([np.ones(10), np.arange(10)])
    expected = np.einsum("ni,ij,nj->n", z, G, z).mean()
    assert chart.data["variance"].iloc[1] == pytest.approx(expected)
    assert "variance of random slopes: its mean over the rows" in chart.subtitle
    with pytest.raises(me.OptionError, match="scale='outcome'"):
        fit.plot.variance(scale="outcome")


def test_shares_on_the_response_scale_are_those_of_one_trial():
    """p = expit(xb + u): variance of its mean, mean of its variance, and p (1 - p)."""
    fit = me.glmm("incidence / size ~ period + (1 | herd)", me.datasets.cbpp())
    chart = fit.plot.variance(scale="response")
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    weights = weights / weights.sum()
    linear = fit.predict(scale="link", groups="population")
    p = 1.0 / (1.0 + np.exp(-(linear[:, None] + fit.theta[0] * nodes)))
    mean = p @ weights
    within = (p**2 @ weights - mean**2).mean()
    expected = np.array([np.var(mean, ddof=1), within, ((p * (1.0 - p)) @ weights).mean()])
    np.testing.assert_allclose(chart.data["variance"], expected, rtol=CHART_RTOL)
    np.testing.assert_allclose(chart.data["share"], expected / expected.sum(), rtol=CHART_RTOL)
    picture = drawn(chart)
    assert picture.says(f"{chart.data['share'].iloc[2]:.1%}  (variance")
    assert picture.says("distribution (binomial)") and picture.has_colour(BLUE)


def test_a_correlation_of_zero_is_written_beside_the_group_not_over_it():
    g, y = np.repeat(np.arange(6), 4), np.tile([1.0, 2.0, 3.0, 4.0], 6)
    chart = me.lmm("y ~ 1 + (1 | long_name)", {"y": y, "long_name": g}).plot.variance()
    assert chart.tables["icc"]["icc"].tolist() == [0.0]
    texts = re.findall(r'<text [^>]*text-anchor="(\w+)"[^>]*>0\.00</text>', chart.svg())
    assert texts == ["start"]
