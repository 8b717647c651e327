"""Tweedie densities against sums with 50 digits (tests/golden/make/tweedie_sum.py)."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.special import ive

from mixedeffects.family import Gamma, Response, Tweedie
from mixedeffects.family.tweedie_sum import saturated
from tests import tolerances as tol

PATH = Path(__file__).parents[1] / "golden" / "family" / "tweedie.json"
CASES = json.loads(PATH.read_text())["cases"]
Y = np.array([case["y"] for case in CASES])
PREDICTORS = [np.array(x) for x in zip(*(case["predictors"] for case in CASES), strict=True)]


def test_log_density():
    expected = np.array([case["log_density"] for case in CASES])
    found = Tweedie().log_density(Response(Y), *PREDICTORS)
    assert found == pytest.approx(expected, rel=tol.ROUNDING_E12, abs=tol.ROUNDING_E11)


def test_derivatives():
    found = Tweedie().derivatives(Response(Y), PREDICTORS, 3)
    for k, key in enumerate(((0,), (1,), (2,))):
        expected = np.array([case["slopes"][k] for case in CASES])
        assert found[key] == pytest.approx(expected, rel=tol.ROUNDING_E10, abs=tol.ROUNDING_E9)


def test_one_row_at_a_time_is_the_same():
    together = Tweedie().log_density(Response(Y), *PREDICTORS)
    alone = [
        Tweedie().log_density(Response(Y[i : i + 1]), *(x[i : i + 1] for x in PREDICTORS))[0]
        for i in range(len(Y))
    ]
    assert together == pytest.approx(alone, rel=tol.ROUNDING_E13, abs=tol.ROUNDING_E12)


def test_distribution_function():
    known = [i for i, case in enumerate(CASES) if case["cdf"] is not None]
    expected = np.array([CASES[i]["cdf"] for i in known])
    found = Tweedie().cdf(Response(Y[known]), *(x[known] for x in PREDICTORS))
    assert found == pytest.approx(expected, rel=tol.ROUNDING_E10, abs=tol.ROUNDING_E12)


@pytest.mark.parametrize("power", [34.0, 60.0, 300.0])
def test_gamma_amounts_are_the_limit_without_loss_of_digits(power):
    y = np.array([0.3, 1.0, 2.7, 9.0])
    eta, f = np.full(4, 0.3), np.full(4, -0.85)
    gamma = Gamma().derivatives(Response(y), (eta, f), 3)
    found = Tweedie().derivatives(Response(y), (eta, f, np.full(4, power)), 3)
    for key, d in gamma.items():
        assert found[key] == pytest.approx(d, rel=tol.ROUNDING_E11, abs=tol.ROUNDING_E12)
    assert found[2,] == pytest.approx(np.zeros(4), abs=tol.ROUNDING_E12)


@pytest.mark.parametrize("rate", [1e-8, 0.3, 2.999, 3.001, 29.9, 30.1, 1e3, 1e8])
def test_at_p_three_halves_the_sum_is_a_bessel_function(rate):
    # sum of lambda^(2j) / (j! (j-1)!) = lambda I_1(2 lambda); ive has exp(-2 lambda) in it
    exact = np.log(rate) + np.log(ive(1, 2.0 * rate))
    found = saturated(np.log(np.array([rate])), np.zeros(1))[0]
    assert found == pytest.approx(exact, rel=tol.ROUNDING_E13, abs=tol.ROUNDING_E12)


def test_distributions_far_from_zero():
    """About normal where the expected number of amounts is large; nothing overflows."""
    n = 5
    mu, phi = np.full(n, 3.0), np.full(n, 1e-9)
    predictors = (np.log(mu), np.log(phi), np.zeros(n))
    spread = np.sqrt(phi * mu**1.5)
    y = mu + spread * np.array([-3.0, -1.0, 0.0, 1.0, 3.0])
    shares = Tweedie().cdf(Response(y), *predictors)
    normal_shares = [0.00135, 0.15866, 0.5, 0.84134, 0.99865]
    assert shares == pytest.approx(normal_shares, abs=tol.TWEEDIE_NORMAL)
    density = Tweedie().log_density(Response(y), *predictors) + np.log(spread)
    normal = -0.5 * ((y - mu) / spread) ** 2 - 0.5 * np.log(2.0 * np.pi)
    assert density == pytest.approx(normal, abs=tol.TWEEDIE_NORMAL)


def test_weights_divide_the_dispersion():
    w = np.array([1.0, 2.0, 5.0])
    y = np.array([0.0, 1.0, 3.0])
    rest = (np.zeros(3), np.full(3, 0.4), np.full(3, -0.3))
    weighted = Tweedie().derivatives(Response(y, weights=w), rest, 3)
    scaled = Tweedie().derivatives(Response(y), (rest[0], rest[1] - np.log(w), rest[2]), 3)
    for key, d in weighted.items():
        assert d == pytest.approx(scaled[key], rel=tol.ROUNDING_E12)


@pytest.mark.parametrize("power", [1.001, 1.1, 1.5, 1.8, 1.99])
def test_many_rows_are_interpolated_without_loss_of_digits(power):
    rng = np.random.default_rng(4)
    n = 20_000
    y, eta = np.exp(rng.normal(1.0, 1.5, n)), rng.normal(1.0, 1.0, n)
    rest = (np.full(n, 0.3), np.full(n, np.log(power - 1.0) - np.log(2.0 - power)))
    whole = Tweedie().derivatives(Response(y), (eta, *rest), 3)
    some = slice(0, 40)
    few = Tweedie().derivatives(Response(y[some]), [x[some] for x in (eta, *rest)], 3)
    for key, d in few.items():
        scale = 1.0 + np.abs(d)
        assert np.max(np.abs(whole[key][some] - d) / scale) < tol.ROUNDING_E12
