"""The chart of profile likelihoods."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import mixedeffects as me
from tests import tolerances as tol
from tests.plot.pictures import drawn, units
from tests.tolerances import CHART_RTOL, PROFILE_SHADED_ABS


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
        np.testing.assert_allclose(near, own["zeta"], atol=tol.TRUNCATION_2E3)
        assert (np.diff(curve["zeta"]) > 0).all()


def test_between_points_zeta_is_what_a_finer_profile_has(fit):
    chart = fit.plot.profile("sd_Days|Subject")
    fine = fit.profile("sd_Days|Subject", points=30).table()
    near = np.interp(fine["value"], chart.data["value"], chart.data["zeta"])
    np.testing.assert_allclose(near, fine["zeta"], atol=tol.TRUNCATION_2E3)


def test_density_is_the_slope_of_the_normal_distribution_of_zeta(fit):
    data = fit.plot.profile(["Days", "sigma"], kind="density").data
    for _, own in data.groupby("parameter"):
        whole = np.trapezoid(own["density"], own["value"])
        assert whole == pytest.approx(0.99, abs=tol.TRUNCATION_E3)
        slope = np.gradient(stats.norm.cdf(own["zeta"]), own["value"], edge_order=2)
        np.testing.assert_allclose(
            own["density"], slope, rtol=tol.TRUNCATION_2E2, atol=tol.TRUNCATION_E3 * slope.max()
        )
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
    from mixedeffects.views import profile_curves

    def breaks(*args, **kwargs):
        raise np.linalg.LinAlgError("Singular matrix")

    monkeypatch.setattr(profile_curves, "profile", breaks)
    with pytest.raises(me.NotAvailableError, match="where a variance is zero"):
        fit.plot.profile()


def test_every_kind_draws_its_own_curve(fit):
    found = fit.profile(["Days", "sigma"])
    for kind in ("zeta", "density"):
        chart = fit.plot.profile(["Days", "sigma"], profile=found, kind=kind)
        lines = [unit for unit in units(chart) if unit.mark == "line"]
        for name, line in zip(("Days", "sigma"), lines, strict=True):
            assert line.encoding["y"]["field"] == kind
            own = chart.data[chart.data["parameter"] == name]
            np.testing.assert_array_equal([row[kind] for row in line.rows], own[kind])
    # the shaded part of the density holds 95% of it
    for area in (unit for unit in units(chart) if unit.mark == "area"):
        assert area.encoding["y"]["field"] == "density"
        x, y = ([row[name] for row in area.rows] for name in ("value", "density"))
        assert np.trapezoid(y, x) == pytest.approx(0.95, abs=PROFILE_SHADED_ABS)
    assert drawn(chart).marks('area mark"') == 2


def test_intervals_have_the_fits_estimates_between_their_limits(fit):
    chart = fit.plot.profile(kind="interval")
    L = np.array([[fit.theta[0], 0.0], [fit.theta[1], fit.theta[2]]])
    sd = fit.sigma * np.sqrt((L @ L.T).diagonal())
    estimates = {
        "sd_(Intercept)|Subject": sd[0], "sd_Days|Subject": sd[1], "sigma": fit.sigma,
        "cor_Days.(Intercept)|Subject": fit.sigma**2 * (L @ L.T)[0, 1] / (sd[0] * sd[1]),
    } | fit.fixef  # fmt: skip
    assert set(chart.data["parameter"]) == set(estimates)
    expected = chart.data["parameter"].map(estimates)
    np.testing.assert_allclose(chart.data["estimate"], expected, rtol=CHART_RTOL)
    assert (chart.data["lower"] < expected).all() and (chart.data["upper"] > expected).all()
    table = chart.tables["estimates"].set_index("parameter")["estimate"]
    np.testing.assert_allclose(table, table.index.map(estimates), rtol=CHART_RTOL)
    points = [unit for unit in units(chart) if unit.mark == "point"]
    shown = {row["parameter"]: row["estimate"] for unit in points for row in unit.rows}
    assert shown == pytest.approx(estimates)


def test_steps_that_come_to_the_same_value_make_no_curve_of_their_own():
    """Of a normal likelihood zeta is a straight line, however often its ends are repeated."""
    from mixedeffects.views.profile_curves import curve

    line = np.linspace(-3.0, 3.0, 9)
    doubled = np.concatenate([line[:1], line, line[-1:], line[-1:]])
    for found, wanted in zip(curve(doubled, doubled), curve(line, line), strict=True):
        np.testing.assert_allclose(found, wanted, atol=tol.ROUNDING_E12)
    assert not curve(np.zeros(3), np.arange(3.0))[1].any()
