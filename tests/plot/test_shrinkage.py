"""Shrinkage: own estimates are what each level says alone, and BLUPs are they, pulled."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq
from scipy.special import expit

import mixedeffects as me
from mixedeffects.plot.shrinkage import DOT, TALL
from mixedeffects.plot.theme import BLUE, HEIGHT, ORANGE, WIDTH
from tests import tolerances as tol
from tests.plot.pictures import drawn
from tests.tolerances import CHART_RTOL, OWN_ESTIMATE_ATOL, SHARE_OF_A_THIRD


@pytest.fixture(scope="module")
def slopes():
    return me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())


@pytest.fixture(scope="module")
def hospitals():
    return me.lmm("stay ~ age + (1 | hospital)", me.datasets.hospital_stays())


def test_own_estimates_are_each_subjects_regression(slopes):
    data = slopes.plot.shrinkage().data
    for subject, rows in me.datasets.sleepstudy().groupby("Subject", observed=True):
        slope, intercept = np.polyfit(rows["Days"], rows["Reaction"], 1)
        own = data[data["level"] == subject].set_index("term")["raw"]
        assert own["Days"] + slopes.fixef["Days"] == pytest.approx(slope, rel=CHART_RTOL)
        expected = pytest.approx(intercept, rel=CHART_RTOL)
        assert own["(Intercept)"] + slopes.fixef["(Intercept)"] == expected


def test_shrunken_follow_from_own_estimates_by_the_formula(slopes):
    data = slopes.plot.shrinkage().data
    raw = data.pivot(index="level", columns="term", values="raw").to_numpy()
    blup = data.pivot(index="level", columns="term", values="shrunken").to_numpy()
    Z = np.column_stack([np.ones(10), np.arange(10)])
    G = slopes.varcorr.terms[0].covariance
    pull = np.linalg.solve(Z.T @ Z + slopes.sigma**2 * np.linalg.inv(G), Z.T @ Z)
    assert np.allclose(raw @ pull.T, blup, rtol=CHART_RTOL, atol=tol.ROUNDING_E6)


def test_with_weights_and_a_crossed_factor_it_is_a_weighted_mean_of_what_is_left(rdata):
    table = rdata("lme4", "Penicillin")
    w = np.linspace(1.0, 3.0, len(table))
    fit = me.lmm("diameter ~ 1 + (1 | plate) + (1 | sample)", table, weights=w)
    data = fit.plot.shrinkage("plate").data.set_index("level")
    sample = fit.ranef().query("group == 'sample'").set_index("level")["estimate"]
    left = table["diameter"] - fit.fixef["(Intercept)"] - table["sample"].map(sample).astype(float)
    total = pd.Series(w, table.index).groupby(table["plate"]).sum()
    own = (left * w).groupby(table["plate"]).sum() / total
    assert np.allclose(data["raw"], own.loc[data.index], rtol=CHART_RTOL)


def test_sizes_order_the_share_that_is_kept(hospitals):
    chart = hospitals.plot.shrinkage()
    data = chart.data
    sizes = me.datasets.hospital_stays()["hospital"].value_counts()
    assert (data["size"] == sizes.loc[data["level"]].to_numpy()).all()
    variance = hospitals.varcorr.sd["hospital"][0] ** 2
    kept = variance / (variance + hospitals.sigma**2 / data["size"])
    assert np.allclose(data["kept"], kept, rtol=tol.ROUNDING_E6)
    assert chart.view.facts["layout"] == "size"
    assert (np.abs(data["place"] / data["size"] - 1) < tol.APPROXIMATION_E1).all()


def test_binomial_own_estimate_solves_the_levels_score():
    cbpp = me.datasets.cbpp()
    fit = me.glmm("incidence / size ~ period + (1 | herd)", cbpp)
    data = fit.plot.shrinkage().data.set_index("level")
    eta = fit.design.X @ fit.beta
    for herd, rows in cbpp.groupby("herd", observed=True):
        at = rows.index.to_numpy()

        def score(b, rows=rows, at=at):
            return float((rows["incidence"] - rows["size"] * expit(eta[at] + b)).sum())

        own = data.loc[herd, "raw"]
        assert own == pytest.approx(brentq(score, -20, 20, xtol=1e-13), abs=OWN_ESTIMATE_ATOL)
        assert 0 < data.loc[herd, "kept"] < 1


def test_a_level_of_zeros_has_no_own_estimate_and_it_says_so():
    rng = np.random.default_rng(3)
    g = np.repeat(np.arange(12), 6)
    y = rng.integers(0, 2, 72)
    y[g == 4] = 0
    y[g == 5] = 1
    for level in set(range(12)) - {4, 5}:
        y[np.flatnonzero(g == level)[:2]] = 0, 1
    chart = me.glmm("y ~ 1 + (1 | g)", {"y": y, "g": g}).plot.shrinkage()
    lost = chart.data[chart.data["raw"].isna()]
    assert sorted(lost["level"]) == ["4", "5"]
    assert lost["shrunken"].notna().all()
    assert any(note.startswith("2 levels have no finite own estimate") for note in chart.subtitle)


def test_levels_with_too_few_visits_are_counted():
    trial = me.datasets.pain_trial()
    fit = me.lmm("pain_score ~ treatment * time + (time | patient)", trial)
    chart = fit.plot.shrinkage()
    single = int((trial.groupby("patient", observed=True)["time"].nunique() < 2).sum())
    assert single > 0
    assert chart.data.query("term == 'time'")["raw"].isna().sum() == single
    assert any(note.startswith(f"{single} levels have too few") for note in chart.subtitle)


def test_contours_are_of_the_estimated_distribution(slopes):
    contour = slopes.plot.shrinkage().tables["contours"]
    outer = contour[contour["coverage"] == 0.95][["x", "y"]].to_numpy()
    G = slopes.varcorr.terms[0].covariance
    radius = np.einsum("ni,ij,nj->n", outer, np.linalg.inv(G), outer)
    assert np.allclose(radius, 5.991465, atol=tol.PRINTED_E5)  # chi-squared, 2 df, 95%


def test_pictures_have_both_points_of_every_level(slopes, hospitals):
    chart = slopes.plot.shrinkage()
    plane = drawn(chart)
    assert plane.marks("point") == 36 + _long(chart.tables["plane"], WIDTH) and plane.says("308")
    assert plane.has_colour(BLUE) and plane.has_colour(ORANGE)
    chart = slopes.plot.shrinkage(term="Days")
    listed = drawn(chart)
    assert listed.marks("point") == 36 + _long(chart.data, WIDTH) and listed.says("372")
    chart = hospitals.plot.shrinkage()
    heads = _long(chart.data, HEIGHT)
    assert 10 < heads < 100  # large hospitals hardly move
    assert drawn(chart).marks("point") == 400 + heads


def _long(table, side):
    """Arrows long enough for a head."""
    return int((table["move"] * side > 2 * DOT + TALL).sum())


def test_arrows_point_from_own_estimates_to_predictions_on_the_page(slopes):
    chart = slopes.plot.shrinkage()
    table, (xs, ys) = chart.tables["plane"], chart.view.facts["domains"]
    across = (table["shrunken_x"] - table["raw_x"]) / (xs[1] - xs[0])
    up = (table["shrunken_y"] - table["raw_y"]) / (ys[1] - ys[0])
    turn = np.radians(90.0 - table["angle"])  # from the mathematician's angle to the compass's
    assert np.allclose(table["move"] * np.cos(turn), across, atol=tol.ROUNDING_E12)
    assert np.allclose(table["move"] * np.sin(turn), up, atol=tol.ROUNDING_E12)
    # subject 308 goes down and to the right, 330 up and to the left
    angle = table.set_index("level")["angle"]
    assert 90 < angle["308"] < 180 and 270 < angle["330"] < 360


def test_arrows_of_one_term_go_along_its_axis(slopes, hospitals):
    chart = slopes.plot.shrinkage(term="Days")
    data, (low, high) = chart.data, chart.view.facts["domains"][0]
    assert np.allclose(data["move"] * (high - low), (data["raw"] - data["shrunken"]).abs())
    right = data["shrunken"] > data["raw"]
    assert (data["angle"] == np.where(right, 90.0, 270.0)).all()
    (heads,) = [
        part for part in chart.altair.to_dict()["layer"] if part["mark"].get("shape") == "triangle"
    ]
    assert heads["encoding"]["angle"] == {"field": "angle", "scale": None, "type": "quantitative"}
    data = hospitals.plot.shrinkage().data
    up = data["shrunken"] > data["raw"]
    assert (data["angle"] == np.where(up, 0.0, 180.0)).all()


def test_axes_hold_every_point_and_zero(hospitals, slopes):
    chart = hospitals.plot.shrinkage()
    ((low, high),) = chart.view.facts["domains"]
    assert low < min(0, chart.data["raw"].min()) and high > max(0, chart.data["raw"].max())
    chart = slopes.plot.shrinkage()
    for (low, high), axis in zip(chart.view.facts["domains"], "xy", strict=True):
        contour = chart.tables["contours"][axis]
        assert low < contour.min() and high > contour.max()


def test_own_estimates_far_out_are_cut_off_and_counted():
    fit = me.lmm("stay ~ age + (age | hospital)", me.datasets.hospital_stays())
    chart = fit.plot.shrinkage(term="age")
    (reach,) = chart.view.facts["reach"]
    outside = int((chart.data["raw"].abs() > reach).sum())
    assert outside > 0 and chart.data["shrunken"].abs().max() < reach
    cut = chart.data["end"] != chart.data["raw"]
    assert cut.sum() == outside and np.allclose(chart.data["end"][cut].abs(), reach)
    assert f"{outside} own estimates lie beyond the axes" in chart.subtitle
    assert drawn(chart).ink > 0.02


def test_many_levels_are_thinned_in_the_order_of_size():
    rng = np.random.default_rng(1)
    g = np.repeat(np.arange(2000), rng.integers(1, 40, 2000))
    y = rng.normal(size=2000)[g] + rng.normal(size=g.size)
    chart = me.lmm("y ~ 1 + (1 | g)", {"y": y, "g": g}).plot.shrinkage()
    assert len(chart.data) == 300
    assert "300 of 2,000 levels, evenly spaced in size" in chart.subtitle
    assert {chart.data["size"].min(), chart.data["size"].max()} == {1, 39}


def test_a_singular_fit_pulls_all_to_zero():
    y = np.tile([1.0, 2.0, 3.0, 4.0], 6)
    g = np.repeat(np.arange(6), 4)
    chart = me.lmm("y ~ 1 + (1 | g)", {"y": y, "g": g}).plot.shrinkage()
    assert (chart.data["shrunken"] == 0).all()
    assert drawn(chart).marks("point") == 12


def test_wrong_terms_are_named(slopes):
    with pytest.raises(me.OptionError, match="did you mean 'Days'"):
        slopes.plot.shrinkage(terms=("(Intercept)", "Day"))
    with pytest.raises(me.OptionError, match="not both"):
        slopes.plot.shrinkage(term="Days", terms=("(Intercept)", "Days"))
    with pytest.raises(me.OptionError, match="choose it with term="):
        slopes.plot.shrinkage(layout="size")
    with pytest.raises(me.OptionError, match="did you mean 'Subject'"):
        slopes.plot.shrinkage("Subjects")


def test_levels_of_one_size_are_chosen_by_their_estimates():
    """Groups of one size, of two kinds in turn: both kinds are shown."""
    rng = np.random.default_rng(8)
    q = 1_197  # 1,196 steps, 4 for each of 299
    size = np.where(np.arange(q) < 60, 9, 3)
    who = np.repeat(np.arange(q), size)
    y = 3.0 * (who % 2) + rng.normal(size=who.size)
    fit = me.lmm("y ~ 1 + (1 | who)", pd.DataFrame({"y": y, "who": who}))
    chart = fit.plot.shrinkage(layout="size", most=300)
    kinds = np.bincount(chart.data["level"].astype(int).unique() % 2)
    assert kinds.min() > SHARE_OF_A_THIRD * kinds.sum()
