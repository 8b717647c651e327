"""Simulate from known parameters, fit, and find them again: every family, 300 groups."""

from __future__ import annotations

import numpy as np
import pytest

import mixedeffects as me
from tests import tolerances as tol

GROUPS, ROWS = 300, 12
BETA, SLOPE, SD = 0.3, 0.5, 0.6


def rows(seed):
    rng = np.random.default_rng(seed)
    g = np.repeat(np.arange(GROUPS), ROWS)
    x = rng.normal(size=g.size)
    eta = BETA + SLOPE * x + SD * rng.normal(size=GROUPS)[g]
    return rng, {"x": x, "g": g}, eta


def expit(eta):
    return 1.0 / (1.0 + np.exp(-eta))


def positive(draw):
    """Draw again until no count is zero."""
    y = draw()
    while (y == 0).any():
        y = np.where(y == 0, draw(), y)
    return y


def binomial(rng, eta):
    size = rng.integers(1, 10, eta.size)
    return {"y": rng.binomial(size, expit(eta)), "size": size}, {}


def betabinomial(rng, eta):
    size, p = rng.integers(2, 12, eta.size), expit(eta)
    y = rng.binomial(size, rng.beta(5 * p, 5 * (1 - p)))
    return {"y": y, "size": size}, {"dispersion": [np.log(5)]}


def poisson(rng, eta):
    return {"y": rng.poisson(np.exp(eta))}, {}


def nbinom1(rng, eta):
    return {"y": rng.negative_binomial(np.exp(eta) / 0.8, 1 / 1.8)}, {"dispersion": [np.log(0.8)]}


def nbinom2(rng, eta):
    return {"y": rng.negative_binomial(1.5, 1.5 / (1.5 + np.exp(eta)))}, {
        "dispersion": [np.log(1.5)]
    }


def gamma(rng, eta):
    return {"y": rng.gamma(2.5, np.exp(eta) / 2.5)}, {"dispersion": [np.log(0.4)]}


def inverse_gaussian(rng, eta):
    return {"y": rng.wald(np.exp(eta), 2.0)}, {"dispersion": [np.log(0.5)]}


def beta(rng, eta):
    p = expit(eta)
    y = np.clip(rng.beta(8 * p, 8 * (1 - p)), 1e-9, 1 - 1e-9)
    return {"y": y}, {"dispersion": [np.log(8)]}


def gaussian(rng, eta):
    return {"y": np.exp(eta) + 0.7 * rng.normal(size=eta.size)}, {"dispersion": [np.log(0.7)]}


def student(rng, eta):
    return {"y": eta + 0.5 * rng.standard_t(4, eta.size)}, {
        "dispersion": [np.log(0.5)], "df": [np.log(4)],
    }  # fmt: skip


def ordinal(rng, eta):
    cuts = np.array([-1.0, 0.3, 1.5])
    y = np.digitize(eta - BETA + rng.logistic(size=eta.size), cuts)
    return {"y": y}, {"thresholds": cuts}


def zero_inflated(rng, eta):
    zero = rng.random(eta.size) < expit(-1.0)
    y = np.where(zero, 0, rng.negative_binomial(2.0, 2.0 / (2.0 + np.exp(eta + 1))))
    return {"y": y}, {"dispersion": [np.log(2.0)], "zi": [-1.0]}


def hurdle(rng, eta):
    zero = rng.random(eta.size) < expit(-0.7)
    y = np.where(zero, 0, positive(lambda: rng.poisson(np.exp(eta))))
    return {"y": y}, {"zi": [-0.7]}


def truncated(rng, eta):
    return {"y": positive(lambda: rng.poisson(np.exp(eta)))}, {}


CASES = {
    "binomial": (binomial, "y / size", {"family": "binomial"}),
    "betabinomial": (betabinomial, "y / size", {"family": "betabinomial"}),
    "poisson": (poisson, "y", {"family": "poisson"}),
    "nbinom1": (nbinom1, "y", {"family": "nbinom1"}),
    "nbinom2": (nbinom2, "y", {"family": "nbinom2"}),
    "gamma": (gamma, "y", {"family": "gamma", "link": "log"}),
    "inverse_gaussian": (inverse_gaussian, "y", {"family": "inverse_gaussian", "link": "log"}),
    "beta": (beta, "y", {"family": "beta"}),
    "gaussian": (gaussian, "y", {"family": "gaussian", "link": "log"}),
    "t": (student, "y", {"family": "t"}),
    "ordinal": (ordinal, "y", {"family": "ordinal"}),
    "zero_inflated": (zero_inflated, "y", {"family": "nbinom2", "zi": "~ 1"}),
    "hurdle": (hurdle, "y", {"family": "hurdle_poisson", "zi": "~ 1"}),
    "truncated": (truncated, "y", {"family": "truncated_poisson"}),
}


@pytest.mark.parametrize("name", CASES)
def test_the_truth_is_within_sampling_error(name):
    draw, response, options = CASES[name]
    rng, table, eta = rows(list(CASES).index(name) + 1)
    columns, extras = draw(rng, eta)
    # numerical integration where Laplace's own bias would show in 300 groups
    fit = me.glmm(f"{response} ~ x + (1 | g)", {**table, **columns}, nagq=5, **options)
    assert fit.converged
    intercept = BETA + (1.0 if name == "zero_inflated" else 0.0)
    truth = [] if name == "ordinal" else [intercept]
    truth = [*truth, SLOPE, *(v for values in extras.values() for v in values), SD]
    se = np.sqrt(np.diag(fit.vcov_parameters))
    z = (fit.estimates - truth) / se
    assert np.abs(z).max() < tol.STANDARD_ERRORS_3_5, dict(zip(fit.parameter_names, z, strict=True))
    # errors that are all tiny would mean standard errors far too large
    assert np.abs(z).max() > 0.1
    assert se[-1] < 0.1
