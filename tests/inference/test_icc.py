"""ICC against performance::icc; its standard errors against closed forms and simulation."""

from __future__ import annotations

import numpy as np
import pytest

import mixedeffects as me
from tests import tolerances as tol
from tests.golden.compare.series import SERIES, as_list, fits
from tests.inference.test_r2 import SAME

# performance's ICC by group counts the variance of the intercept alone
INTERCEPTS = [n for n in SAME if all("(1 |" in f for f in as_list(SERIES[n]["formulas"])[-1:])]


@pytest.mark.parametrize("name", SAME)
def test_icc_is_performances(name):
    total = fits(name, True)[-1].icc().iloc[-1]
    golden = SERIES[name]["icc"]
    assert total["icc"] == pytest.approx(golden["adjusted"], abs=tol.SHARE_ABS)
    assert total["icc_unadjusted"] == pytest.approx(golden["unadjusted"], abs=tol.SHARE_ABS)


@pytest.mark.parametrize("name", INTERCEPTS)
def test_icc_by_group_is_performances(name):
    golden = SERIES[name]["icc_by_group"]
    table = fits(name, True)[-1].icc()
    found = dict(zip(table["group"], table["icc"], strict=True))
    expected = dict(zip(as_list(golden["group"]), as_list(golden["icc"]), strict=True))
    assert {k: found[k] for k in expected} == pytest.approx(expected, abs=tol.SHARE_ABS)


def test_the_error_of_a_balanced_one_way_icc_is_the_textbooks(dyestuff):
    # Fisher (1925): 2 (1 - r)^2 (1 + (k - 1) r)^2 / (k (k - 1) J), here with J - 1 and J (k - 1)
    # degrees of freedom of the two mean squares
    fit = me.lmm("Yield ~ 1 + (1 | Batch)", dyestuff)
    J, k = 6, 5
    r = fit.icc()["icc"][0]
    within, between = J * (k - 1), J - 1
    expected = (1 - r) * (1 + (k - 1) * r) / k * np.sqrt(2 / within + 2 / between)
    assert fit.icc()["std_error"][0] == pytest.approx(expected, rel=tol.OPTIMUM_E5)


def test_limits_are_symmetric_on_the_logit_scale():
    row = fits("cake", True)[-1].icc(level=0.9).iloc[0]
    logit = [np.log(v / (1 - v)) for v in (row["lower"], row["icc"], row["upper"])]
    assert logit[1] - logit[0] == pytest.approx(logit[2] - logit[1])
    width = 1.6448536 * row["std_error"] / (row["icc"] * (1 - row["icc"]))
    assert logit[2] - logit[1] == pytest.approx(width, rel=tol.OPTIMUM_E6)


def test_errors_follow_the_spread_of_estimates():
    rng = np.random.default_rng(11)
    J, k, truth = 80, 6, 0.4
    codes = np.repeat(np.arange(J), k)
    estimates, errors, covered = [], [], 0
    for _ in range(200):
        y = np.sqrt(truth) * rng.standard_normal(J)[codes]
        y = y + np.sqrt(1 - truth) * rng.standard_normal(J * k)
        row = me.lmm("y ~ 1 + (1 | g)", {"y": y, "g": codes}).icc()
        estimates.append(row["icc"][0])
        errors.append(row["std_error"][0])
        covered += row["lower"][0] < truth < row["upper"][0]
    assert np.mean(errors) == pytest.approx(np.std(estimates), rel=tol.SAMPLED_15E2)
    assert 0.90 < covered / 200 < 0.99


def test_a_zero_variance_has_no_error(dyestuff2):
    row = me.lmm("Yield ~ 1 + (1 | Batch)", dyestuff2).icc().iloc[0]
    assert row["icc"] == 0.0
    assert np.isnan(row[["std_error", "lower", "upper"]].astype(float)).all()
