"""Numerically hostile data: right, or refused with a reason."""

import warnings

import numpy as np
import pytest

import mixedeffects as me
from tests import tolerances as tol
from tests.estimation.simulated import crossed_table

FORMULA = "y ~ x + (1 + x | g)"


def test_response_of_1e8_plus_noise():
    table = crossed_table()
    plain = me.lmm(FORMULA, table)
    table["y"] = 1e8 + table["y"]
    moved = me.lmm(FORMULA, table)
    # the data themselves are rounded to 1.5e-8 of a unit
    assert moved.objective == pytest.approx(plain.objective, abs=tol.OPTIMUM_E4)
    assert moved.fixef["(Intercept)"] == pytest.approx(
        1e8 + plain.fixef["(Intercept)"], abs=tol.OPTIMUM_E6
    )
    assert moved.sigma == pytest.approx(plain.sigma, rel=tol.OPTIMUM_E6)
    assert np.allclose(moved.theta, plain.theta, atol=tol.OPTIMUM_E5)


@pytest.mark.parametrize("scale", [1e6, 1e-6])
def test_predictors_of_any_scale(scale):
    table = crossed_table()
    plain = me.lmm(FORMULA, table, reml=False)
    table["x"] = scale * table["x"]
    scaled = me.lmm(FORMULA, table, reml=False)
    assert scaled.objective == pytest.approx(plain.objective, abs=tol.OPTIMUM_E6)
    assert scaled.fixef["x"] == pytest.approx(plain.fixef["x"] / scale, rel=tol.OPTIMUM_E5)
    assert scaled.varcorr.sd["g"][1] == pytest.approx(
        plain.varcorr.sd["g"][1] / scale, rel=tol.OPTIMUM_E4
    )


def test_calendar_year_as_slope():
    """x = 2000 + small: intercept and slope nearly collinear in the raw columns."""
    table = crossed_table()
    plain = me.lmm(FORMULA, table, reml=False)
    table["x"] = 2000.0 + table["x"]
    year = me.lmm(FORMULA, table, reml=False)
    assert year.certificate.converged
    assert year.objective == pytest.approx(plain.objective, abs=tol.OPTIMUM_E5)


def test_groups_of_one_row():
    rng = np.random.default_rng(0)
    g = np.concatenate([np.repeat(np.arange(10), 5), np.arange(10, 40)])
    u = rng.normal(size=40)
    table = {"g": g, "y": u[g] + 0.5 * rng.normal(size=g.size)}
    fit = me.lmm("y ~ 1 + (1 | g)", table)
    assert fit.certificate.converged
    assert fit.varcorr.sd["g"][0] == pytest.approx(1.0, rel=tol.SAMPLED_4E1)


def test_one_level_with_99_percent_of_the_rows():
    rng = np.random.default_rng(1)
    g = np.where(rng.uniform(size=3000) < 0.99, 0, rng.integers(1, 12, 3000))
    u = rng.normal(size=12)
    table = {"g": g, "y": u[g] + rng.normal(size=g.size)}
    fit = me.lmm("y ~ 1 + (1 | g)", table)
    assert fit.certificate.converged
    from tests.oracles import dense

    keep = np.concatenate([np.flatnonzero(g == 0)[:500], np.flatnonzero(g > 0)])
    codes = np.unique(g[keep], return_inverse=True)[1]
    sub = me.lmm("y ~ 1 + (1 | g)", {"g": g[keep], "y": table["y"][keep]})
    V = dense.marginal_covariance(
        [(codes, np.ones((keep.size, 1)))], sub.lambdas, np.ones(keep.size)
    )
    expected = dense.minus_two_loglik(table["y"][keep], np.ones((keep.size, 1)), V, True)
    assert sub.objective == pytest.approx(expected, rel=tol.ROUNDING_E9)


def test_a_maximal_model_with_300_parameters():
    """One term of 24 columns: 300 theta, mostly on the boundary."""
    rng = np.random.default_rng(4)
    groups, per = 40, 60
    g = np.repeat(np.arange(groups), per)
    X = rng.normal(size=(g.size, 23))
    B = rng.normal(size=(groups, 4)) @ rng.normal(size=(4, 24))
    y = B[g, 0] + (X * B[g, 1:]).sum(axis=1) + rng.normal(size=g.size)
    table = {"y": y, "g": g} | {f"x{i}": X[:, i] for i in range(23)}
    columns = " + ".join(f"x{i}" for i in range(23))
    with warnings.catch_warnings():
        warnings.simplefilter("error", me.ConvergenceWarning)
        fit = me.lmm(f"y ~ 1 + ({columns} | g)", table)
    assert fit.theta.size == 300
    assert fit.certificate.converged
    # the truth has rank 4; the estimate must be at least as likely as the truth itself
    assert fit.sigma == pytest.approx(1.0, rel=tol.SAMPLED_E1)


def test_response_explained_exactly_is_refused():
    x = np.arange(40.0)
    table = {"y": 3 + 2 * x, "x": x, "g": np.repeat(np.arange(8), 5)}
    with pytest.raises(me.ModelError, match="exactly"):
        me.lmm("y ~ x + (1 | g)", table)


def test_response_constant_within_groups_is_not_called_converged():
    """The residual variance goes to zero and the likelihood has no maximum."""
    g = np.repeat(np.arange(8), 5)
    table = {"y": np.arange(8.0)[g] ** 2, "g": g}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            fit = me.lmm("y ~ 1 + (1 | g)", table)
        except me.MixedEffectsError as refusal:
            assert "residual" in str(refusal)
        else:
            assert not fit.certificate.converged
