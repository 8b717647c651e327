"""A count far from the others: Newton's first step to its mode makes the mean overflow.

The reference is Laplace's approximation of independent rows, written out here: the mode of row i
solves (eta - beta) / sd^2 = y - exp(eta), and everything else is a formula.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq, minimize_scalar
from scipy.special import gammaln
from scipy.stats import chi2

import mixedeffects as me
from tests import tolerances as tol

Y = np.array([1, 2, 5, 3, 8, 20, 7, 4, 12, 10_000])


def table(y=Y):
    return {"y": y, "g": np.arange(len(y))}


def objective(beta, sd, y=Y):
    """-2 log-likelihood by Laplace's approximation."""
    total = 0.0
    for count in y:
        eta = brentq(lambda e, c=count: (e - beta) / sd**2 - c + np.exp(e), -60, 60, xtol=1e-13)
        log_density = count * eta - np.exp(eta) - gammaln(count + 1)
        total += ((eta - beta) / sd) ** 2 - 2 * log_density + np.log1p(sd**2 * np.exp(eta))
    return total


def over_sd(beta):
    found = minimize_scalar(lambda t: objective(beta, np.exp(t)), bounds=(-1, 3), method="bounded")
    return found.fun


def over_beta(sd):
    return minimize_scalar(lambda b: objective(b, sd), bounds=(-8, 8), method="bounded").fun


@pytest.fixture(scope="module")
def fit():
    return me.glmm("y ~ 1 + (1 | g)", table(), family="poisson")


def test_the_likelihood(fit):
    sd = fit.theta[0]
    wanted = -0.5 * objective(fit.beta[0], sd)
    assert fit.loglik == pytest.approx(wanted, abs=tol.GLMM_LAPLACE_ATOL)


def test_profile_limits_of_an_outlying_count(fit):
    """0.539 to 4.011 and 1.678 to 4.188: where the constrained minimum is 3.84 higher."""
    limit = -2 * fit.loglik + chi2.ppf(0.95, 1)
    beta, sd = fit.beta[0], fit.theta[0]
    wanted = {
        "(Intercept)": [brentq(lambda b: over_sd(b) - limit, *ends, xtol=1e-6)
                        for ends in ((beta - 4, beta), (beta, beta + 4))],
        "sd__(Intercept)": [brentq(lambda s: over_beta(s) - limit, *ends, xtol=1e-6)
                            for ends in ((0.5 * sd, sd), (sd, 3 * sd))],
    }  # fmt: skip
    table_of_limits = fit.confint(method="profile")
    at = {term: i for i, term in enumerate(table_of_limits["term"])}
    for term, limits in wanted.items():
        ours = [table_of_limits[end][at[term]] for end in ("lower", "upper")]
        np.testing.assert_allclose(ours, limits, rtol=tol.PROFILE_OF_OUTLIER_RTOL)


def test_an_outlying_count_can_be_saved_and_resampled(fit, tmp_path):
    fit.save(tmp_path / "fit.npz")
    assert me.load(tmp_path / "fit.npz").loglik == pytest.approx(fit.loglik, abs=tol.RELOADED_ATOL)
    draws = fit.bootstrap(100, method="cluster", rng=1)
    assert draws.n_failed == 0


OTHERS = [
    ("poisson", 1e6, {}), ("poisson", 1e8, {}), ("poisson", 1e8, {"nagq": 0}),
    ("poisson", 1e6, {"nagq": 9}), ("truncated_poisson", 1e8, {}),
    ("poisson", 1e4, {"link": "sqrt"}),
]  # fmt: skip


@pytest.mark.parametrize(("family", "largest", "options"), OTHERS)
def test_modes_are_found_from_anywhere(family, largest, options, tmp_path):
    """The file holds the optimum; that it is one is found again."""
    y = Y.astype(float)
    y[-1] = largest
    fit = me.glmm("y ~ 1 + (1 | g)", table(y), family=family, **options)
    assert fit.converged
    fit.save(tmp_path / "fit.npz")
    again = me.load(tmp_path / "fit.npz")
    assert again.loglik == pytest.approx(fit.loglik, abs=largest * tol.ROUNDING_OF_OUTLIER)
    if family == "poisson" and not options:
        wanted = -0.5 * objective(fit.beta[0], fit.theta[0], y)
        assert fit.loglik == pytest.approx(wanted, rel=tol.OUTLIER_LOGLIK_RTOL)
