"""The chart of profile likelihoods."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import mixedeffects as me
from tests.plot.pictures import drawn


@pytest.fixture(scope="module")
def fit():
    return me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy(), reml=False)


def test_curves_go_through_the_profiles_points(fit):
    found = fit.profile()
    chart = fit.plot.profile(profile=found)
    points = found.table()
    for name, own in points.groupby("parameter"):
        curve = chart.data[chart.data["parameter"] == name]
        near = np.interp(own["value"], curve["value"], curve["zeta"])
        np.testing.assert_allclose(near, own["zeta"], atol=2e-3)
        assert (np.diff(curve["zeta"]) > 0).all()


def test_between_points_zeta_is_what_a_finer_profile_has(fit):
    chart = fit.plot.profile("sd_Days|Subject")
    fine = fit.profile("sd_Days|Subject", points=30).table()
    near = np.interp(fine["value"], chart.data["value"], chart.data["zeta"])
    np.testing.assert_allclose(near, fine["zeta"], atol=2e-3)


def test_density_is_the_slope_of_the_normal_distribution_of_zeta(fit):
    data = fit.plot.profile(["Days", "sigma"], kind="density").data
    for _, own in data.groupby("parameter"):
        whole = np.trapezoid(own["density"], own["value"])
        assert whole == pytest.approx(0.99, abs=1e-3)
        slope = np.gradient(stats.norm.cdf(own["zeta"]), own["value"], edge_order=2)
        np.testing.assert_allclose(own["density"], slope, rtol=0.02, atol=1e-3 * slope.max())
        inside = own[own["inside"]]
        assert inside["zeta"].min() > -1.97 and inside["zeta"].max() < 1.97


def test_limits_are_the_fits_own_intervals(fit):
    limits = fit.plot.profile("Days").tables["limits"].query("level == 0.95")["value"]
    own = fit.profile("Days").confint(0.95)
    np.testing.assert_allclose(sorted(limits), [own["lower"].iloc[0], own["upper"].iloc[0]])
    intervals = fit.plot.profile("Days", kind="interval").data.query("level == 0.99")
    own = fit.profile("Days").confint(0.99)
    np.testing.assert_allclose(intervals[["lower", "upper"]], own[["lower", "upper"]])


def test_every_parameter_has_a_panel(fit):
    for kind in ("zeta", "density", "interval"):
        picture = drawn(fit.plot.profile(kind=kind))
        for name in ("sd_(Intercept)|Subject", "sigma", "Days"):
            assert picture.says(name)
        assert picture.ink > 0.01


def test_a_variance_at_zero_is_drawn():
    rng = np.random.default_rng(5)
    g = np.repeat(np.arange(20), 10)
    y = rng.normal(size=200)
    y -= np.bincount(g, y)[g] / 10
    chart = me.lmm("y ~ 1 + (1 | g)", {"y": y, "g": g}).plot.profile()
    own = chart.data.query("parameter == 'sd_(Intercept)|g'")
    assert own["value"].iloc[0] == 0.0 and own["zeta"].iloc[0] >= -1e-9
    assert drawn(chart).says("sd_(Intercept)|g")


def test_generalised_models_have_profiles_too():
    fit = me.glmm("incidence / size ~ period + (1 | herd)", me.datasets.cbpp())
    chart = fit.plot.profile("sd_(Intercept)|herd")
    assert drawn(chart).says("sd_(Intercept)|herd")


def test_wrong_options_are_named(fit):
    with pytest.raises(me.OptionError, match="kind='zetas' is not one of"):
        fit.plot.profile(kind="zetas")
    with pytest.raises(me.OptionError, match="did you mean 'Days'"):
        fit.plot.profile("Day")
    with pytest.raises(me.OptionError, match=r"must be what fit\.profile"):
        fit.plot.profile(profile={})


def test_a_likelihood_that_cannot_be_followed_is_said_in_words(fit, monkeypatch):
    from mixedeffects.inference.views import profile_curves

    def breaks(*args, **kwargs):
        raise np.linalg.LinAlgError("Singular matrix")

    monkeypatch.setattr(profile_curves, "profile", breaks)
    with pytest.raises(me.NotAvailableError, match="where a variance is zero"):
        fit.plot.profile()
