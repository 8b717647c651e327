"""The parameters of a fit: linear and generalised models answer alike."""

from __future__ import annotations

import gc
import weakref
from functools import cache
from typing import Any

import numpy as np
import pytest

import mixedeffects as me
from tests import tolerances as tol

FORMULA = "Reaction ~ Days + (Days | Subject)"
# of theta~ and of log sigma^2
STEP = 1e-5


@cache
def linear(formula=FORMULA) -> Any:
    return me.lmm(formula, me.datasets.sleepstudy(), reml=False)


@cache
def gaussian(formula=FORMULA) -> Any:
    return me.glmm(formula, me.datasets.sleepstudy(), family="gaussian")


@cache
def crossed() -> Any:
    rng = np.random.default_rng(3)
    g, h, x = rng.integers(0, 15, 300), rng.integers(0, 9, 300), rng.normal(size=300)
    b = rng.normal(size=(15, 2)) @ [[0.8, 0.3], [0.0, 0.5]]
    eta = 1.0 + 0.3 * x + b[g, 0] + b[g, 1] * x + 0.5 * rng.normal(size=9)[h]
    table = {"y": rng.poisson(np.exp(eta)), "x": x, "g": g, "h": h}
    return me.glmm("y ~ x + (1 + x | g) + (1 | h)", table, family="poisson")


FITS = {
    "linear": linear,
    "uncorrelated": lambda: linear("Reaction ~ Days + (Days || Subject)"),
    "generalised": crossed,
}


def covariances(fit, theta, sigma):
    lambdas = fit.covariance_parameters.user_lambdas(theta)
    return [sigma**2 * (Lam @ Lam.T) for Lam in lambdas]


@pytest.mark.parametrize("name", FITS)
def test_slopes_are_the_derivatives_of_the_covariances(name):
    fit = FITS[name]()
    theta, found = fit.evaluation.theta, fit.parameters.slopes
    for i in range(found[0].shape[0]):
        ends = []
        for step in (STEP, -STEP):
            moved, sigma = theta.copy(), fit.sigma
            if i < theta.size:
                moved[i] += step
            else:
                sigma = fit.sigma * np.exp(0.5 * step)
            ends.append(covariances(fit, moved, sigma))
        for slopes, up, down in zip(found, *ends, strict=True):
            size = np.abs(slopes).max()
            np.testing.assert_allclose(
                slopes[i], (up - down) / (2.0 * STEP), atol=tol.TRUNCATION_E7 * size
            )


@pytest.mark.parametrize("name", FITS)
def test_components_at_the_estimates_are_the_components(name):
    fit = FITS[name]()
    p = fit.parameters
    assert len(p.components) == p.variances.size == p.variances_covariance.shape[0]
    again = p.components_at(fit.theta[None], np.array([fit.sigma]), scale="vcov")[0]
    np.testing.assert_allclose(again, p.variances, rtol=tol.ROUNDING_E10)
    table = fit.varcorr.tidy()
    np.testing.assert_allclose(table["vcov"], p.variances, rtol=tol.ROUNDING_E10)
    assert [c.group for c in p.components] == table["group"].tolist()


def test_the_users_coordinates_of_the_optimum_are_the_estimates():
    fit = crossed()
    coefficients, theta = fit.parameters.at(fit.evaluation.estimates)
    np.testing.assert_allclose(
        np.concatenate([coefficients, theta]), fit.parameters.values, rtol=tol.ROUNDING_E12
    )
    assert fit.parameters.names == ("(Intercept)", "x", "theta1", "theta2", "theta3", "theta4")
    assert linear().parameters.names == ("(Intercept)", "Days", "theta1", "theta2", "theta3")


def test_a_gaussian_generalised_model_knows_its_variances_as_the_linear_one_does():
    """The same likelihood: of the linear one beta and sigma are profiled out."""
    one, other = linear().parameters, gaussian().parameters
    assert one.components[:-1] == other.components
    np.testing.assert_allclose(one.variances[:-1], other.variances, rtol=tol.OPTIMUM_E4)
    np.testing.assert_allclose(
        one.variances_covariance[:-1, :-1], other.variances_covariance, rtol=tol.OPTIMUM_E3
    )


def test_a_gaussian_generalised_model_has_the_shares_of_the_linear_one():
    one, other = linear().icc(), gaussian().icc()
    for column in ("variance", "icc", "icc_unadjusted", "std_error", "lower", "upper"):
        np.testing.assert_allclose(one[column], other[column], rtol=tol.OPTIMUM_E4)
    np.testing.assert_allclose(linear().r2()["r2"], gaussian().r2()["r2"], rtol=tol.OPTIMUM_E4)


@pytest.mark.parametrize("fit", [me.lmm, me.glmm])
def test_a_fit_that_was_asked_is_freed_with_its_last_name(fit):
    """An object that held the fit would keep its rows until the next search for circles."""
    options = {} if fit is me.lmm else {"family": "gaussian"}
    asked = fit("Reaction ~ Days + (1 | Subject)", me.datasets.sleepstudy(), **options)
    assert asked.parameters.variances_covariance.size
    alive = weakref.ref(asked)
    gc.disable()
    try:
        del asked
        assert alive() is None
    finally:
        gc.enable()
