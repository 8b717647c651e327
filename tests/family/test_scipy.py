"""Densities and distribution functions against scipy.stats."""

import numpy as np
import pytest
from scipy import stats

from mixedeffects.family import Response, family_of
from tests import tolerances as tol


def _frozen(name, at, size):
    """The distribution of scipy.stats of these predictors."""
    mu = np.exp(at[0])
    if name == "poisson":
        return stats.poisson(mu)
    if name == "nbinom2":
        theta = np.exp(at[1])
        return stats.nbinom(theta, theta / (theta + mu))
    if name == "nbinom1":
        phi = np.exp(at[1])
        return stats.nbinom(mu / phi, 1 / (1 + phi))
    if name == "gamma":
        shape = np.exp(-at[1])
        return stats.gamma(shape, scale=mu / shape)
    if name == "inverse_gaussian":
        shape = np.exp(-at[1])
        return stats.invgauss(mu / shape, scale=shape)
    if name == "gaussian":
        return stats.norm(at[0], np.exp(at[1]))
    if name == "t":
        return stats.t(np.exp(at[2]), at[0], np.exp(at[1]))
    p = 1 / (1 + np.exp(-at[0]))
    if name == "binomial":
        return stats.binom(size, p)
    phi = np.exp(at[1])
    if name == "beta":
        return stats.beta(p * phi, (1 - p) * phi)
    return stats.betabinom(size, p * phi, (1 - p) * phi)


NAMES = "binomial betabinomial poisson nbinom1 nbinom2 gamma inverse_gaussian beta gaussian t"


@pytest.mark.parametrize("name", NAMES.split())
def test_density_and_distribution_function(name):
    family = family_of(name)
    rng = np.random.default_rng(5)
    for _ in range(40):
        at = [rng.uniform(-2, 2), *(rng.uniform(-2, 3) for _ in family.extras)]
        size = 9 if family.has_size else None
        judge = _frozen(name, at, size)
        if family.discrete:
            y = np.arange(10.0)
            density = judge.logpmf(y)
        else:
            y = judge.ppf(np.linspace(0.01, 0.99, 10))
            y = y[(y > family.support[0]) & (y < family.support[1])]
            density = judge.logpdf(y)
        response = Response(y, None if size is None else np.full(len(y), float(size)))
        rows = [np.full(len(y), x) for x in at]
        found = family.log_density(response, *rows)
        np.testing.assert_allclose(found, density, rtol=tol.ROUNDING_E8, atol=tol.ROUNDING_E8)
        np.testing.assert_allclose(
            family.cdf(response, *rows), judge.cdf(y), rtol=tol.ROUNDING_E7, atol=tol.ROUNDING_E11
        )
        if family.discrete:
            below = family.cdf_below(response, *rows)
            np.testing.assert_allclose(
                below, judge.cdf(y - 1), rtol=tol.ROUNDING_E7, atol=tol.ROUNDING_E11
            )
        if np.isfinite(judge.var()):
            np.testing.assert_allclose(
                family.variance(*at, size=size), judge.var(), rtol=tol.ROUNDING_E8
            )
