"""Normal quantile plots and their band."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import mixedeffects as me
from mixedeffects.plot.theme import RED
from mixedeffects.views.normal_band import normal_band, shown_order
from tests import tolerances as tol
from tests.plot.pictures import drawn


@pytest.fixture(scope="module")
def fit():
    return me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())


def grouped(noise, groups=60, size=20, seed=1):
    rng = np.random.default_rng(seed)
    g = np.repeat(np.arange(groups), size)
    return {"y": rng.normal(size=groups)[g] + noise(rng, g.size), "g": g}


def test_points_are_the_standardised_residuals_in_order(fit):
    data = fit.plot.qq().data
    residuals = fit.plot.residuals("standardised").data["residual"].to_numpy()
    np.testing.assert_array_equal(data["sample"], np.sort(residuals))
    np.testing.assert_array_equal(residuals[data["row"]], data["sample"])
    # medians of uniform order statistics are Beta's
    wanted = stats.norm.ppf(stats.beta.ppf(0.5, np.arange(1, 181), np.arange(180, 0, -1)))
    np.testing.assert_allclose(data["theoretical"], wanted)


@pytest.mark.parametrize("n", [20, 3000])
def test_band_holds_whole_samples_as_often_as_it_says(n):
    shown = shown_order(n)
    _, lower, upper = normal_band(n, shown, level=0.9)
    samples = np.sort(np.random.default_rng(7).normal(size=(2000, n)), axis=1)[:, shown - 1]
    inside = ((samples >= lower) & (samples <= upper)).all(axis=1).mean()
    assert inside == pytest.approx(0.9, abs=tol.STANDARD_ERRORS_4 * np.sqrt(0.9 * 0.1 * 2 / 1000))


def test_heavy_tails_leave_the_band_and_normal_ones_do_not():
    heavy = me.lmm("y ~ 1 + (1 | g)", grouped(lambda rng, n: rng.standard_t(3, n)))
    calm = me.lmm("y ~ 1 + (1 | g)", grouped(lambda rng, n: rng.normal(size=n)))
    chart = heavy.plot.qq()
    data = chart.data
    assert data["outside"].iloc[[0, -1]].all()
    assert data["sample"].iloc[-1] > data["upper"].iloc[-1]
    assert data["outside"].sum() > 10 and calm.plot.qq().data["outside"].sum() == 0
    assert drawn(chart).has_colour(RED)
    assert not drawn(calm.plot.qq()).has_colour(RED)


def test_many_points_are_thinned_but_the_tails_are_whole():
    fit = me.lmm("y ~ 1 + (1 | g)", grouped(lambda rng, n: rng.normal(size=n), 50, 100))
    chart = fit.plot.qq()
    values = np.sort(fit.plot.residuals("standardised").view.tables["extreme"].columns["residual"])
    data = chart.data
    assert len(data) <= 402 and "of 5,000 points shown, both tails whole" in chart.subtitle[-1]
    assert {data["sample"].iloc[0], data["sample"].iloc[-1]} & set(values.tolist())
    assert shown_order(5000)[:80].tolist() == list(range(1, 81))
    assert shown_order(5000)[-80:].tolist() == list(range(4921, 5001))
    assert drawn(chart).marks("point") == len(data)


def test_predictions_are_divided_by_their_own_standard_deviation():
    """Of a balanced random intercept Var(b) is tau^2 times the shrinkage."""
    fit = me.lmm("Reaction ~ Days + (1 | Subject)", me.datasets.sleepstudy())
    ranef = fit.ranef().set_index("level")["estimate"]
    tau2 = fit.varcorr.tidy()["vcov"].iloc[0]
    shrinkage = tau2 / (tau2 + fit.sigma**2 / 10)
    data = fit.plot.qq_ranef().data.set_index("level")
    wanted = ranef[data.index] / np.sqrt(tau2 * shrinkage)
    np.testing.assert_allclose(data["sample"], wanted)
    assert data["sample"].is_monotonic_increasing


def test_terms_have_a_panel_each_and_the_ends_are_named(fit):
    chart = fit.plot.qq_ranef("Subject")
    assert chart.view.facts["terms"] == ["(Intercept)", "Days"]
    picture = drawn(chart)
    assert picture.marks("point") == 36
    ends = chart.data.query("named")["level"].tolist()
    assert len(ends) == 4 and all(picture.says(name) for name in ends)
    assert set(fit.plot.qq_ranef(term="Days").data["term"]) == {"Days"}


def test_an_odd_level_leaves_the_band_of_its_term():
    table = grouped(lambda rng, n: 0.3 * rng.normal(size=n), 40, 10)
    table["y"][table["g"] == 17] += 9.0
    chart = me.lmm("y ~ 1 + (1 | g)", table).plot.qq_ranef()
    assert chart.data.query("outside")["level"].tolist()[-1] == "17"
    assert drawn(chart).says("17")


def test_a_term_without_variance_is_refused_with_the_reason():
    rng = np.random.default_rng(5)
    g = np.repeat(np.arange(20), 10)
    y = rng.normal(size=200)
    y -= np.bincount(g, y)[g] / 10
    fit = me.lmm("y ~ 1 + (1 | g)", {"y": y, "g": g})
    with pytest.raises(me.NotAvailableError, match="have no variance"):
        fit.plot.qq_ranef()


def test_ordered_categories_have_quantile_residuals():
    rng = np.random.default_rng(6)
    g = np.repeat(np.arange(25), 12)
    latent = rng.normal(size=25)[g] + rng.logistic(size=300)
    y = np.digitize(latent, [-1.0, 0.5])
    import pandas as pd

    ordered = pd.Categorical(np.array(["low", "mid", "high"])[y], ["low", "mid", "high"],
                             ordered=True)  # fmt: skip
    fit = me.glmm("y ~ 1 + (1 | g)", pd.DataFrame({"y": ordered, "g": g}), family="ordinal")
    chart = fit.plot.qq(rng=2)
    np.testing.assert_array_equal(chart.data["sample"], np.sort(fit.residuals("quantile", rng=2)))
    assert drawn(fit.plot.qq_ranef()).marks("point") == 25


def test_wrong_names_are_named(fit):
    with pytest.raises(me.OptionError, match="did you mean 'Subject'"):
        fit.plot.qq_ranef("Subjekt")
    with pytest.raises(me.OptionError, match="term='Dais'"):
        fit.plot.qq_ranef(term="Dais")
    with pytest.raises(me.OptionError, match="strictly between 0 and 1"):
        fit.plot.qq(level=95)
