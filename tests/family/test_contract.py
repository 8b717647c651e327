"""Every family and link keeps the contract that outsiders' families are held to."""

import numpy as np
import pytest

from mixedeffects.family import Family, Response, family_of
from mixedeffects.testing import check_family
from tests import tolerances as tol
from tests.family.cases import all_families, label, rows
from tests.tolerances import SAME_FORMULA_RTOL

FAMILIES = list(all_families())


@pytest.mark.parametrize("family", FAMILIES, ids=label)
def test_contract(family):
    check_family(family, rng=11)


@pytest.mark.parametrize("family", FAMILIES, ids=label)
@pytest.mark.parametrize("order", [0, 1, 2, 3])
def test_closed_forms_are_the_derivatives_of_the_log_density(family, order):
    response, predictors = rows(family)
    closed = family.derivatives(response, predictors, order)
    taylor = Family.derivatives(family, response, predictors, order)
    zero = np.zeros(len(response))
    for key in set(closed) | set(taylor):
        a, b = closed.get(key, zero), taylor.get(key, zero)
        np.testing.assert_allclose(
            a, b, rtol=tol.ROUNDING_E9, atol=SAME_FORMULA_RTOL * np.max(1 + abs(b))
        )
    assert all(len(key) <= order for key in closed)


@pytest.mark.parametrize("family", FAMILIES, ids=label)
def test_keys_of_order_two_are_what_a_penalised_step_needs(family):
    response, predictors = rows(family)
    assert set(family.derivatives(response, predictors, 0)) == {()}
    found = family.derivatives(response, predictors, 2)
    assert {(), (0,), (0, 0)} >= set(found) >= {(), (0,)}


def test_weights_multiply_or_scale():
    y, w = np.array([1.0, 2.0, 4.0]), np.array([1.0, 2.0, 0.0])
    eta = np.array([0.1, 0.5, 1.0])
    poisson = family_of("poisson")
    plain = poisson.derivatives(Response(y), [eta], 3)
    for key, d in poisson.derivatives(Response(y, weights=w), [eta], 3).items():
        np.testing.assert_allclose(d, w * plain[key])
    gamma, d = family_of("gamma"), np.full(3, -0.3)
    w = np.array([1.0, 2.0, 5.0])
    weighted = gamma.derivatives(Response(y, weights=w), [eta, d], 3)
    scaled = gamma.derivatives(Response(y), [eta, d - np.log(w)], 3)
    for key in weighted:
        np.testing.assert_allclose(
            weighted[key], scaled[key], rtol=tol.ROUNDING_E12, atol=tol.ROUNDING_E13
        )


@pytest.mark.parametrize(
    "name", ["zero_inflated_poisson", "zero_inflated_nbinom2", "hurdle_nbinom1"]
)
@pytest.mark.parametrize("eta_random", [True, False])
def test_random_effects_in_the_zero_part(name, eta_random):
    family = family_of(name)
    response, predictors = rows(family)
    z = len(predictors) - 1
    random = (0, z) if eta_random else (z,)
    closed = family.derivatives(response, predictors, 3, random)
    taylor = Family.derivatives(family, response, predictors, 3, random)
    assert {(z,), (z, z), (z, z, z)} <= set(closed)
    if not name.startswith("hurdle"):
        assert {(0, z), (0, z, z)} <= set(closed)
        assert ((0, 0, z) in closed) == eta_random
    assert set(closed) <= set(taylor)
    for key, d in taylor.items():
        np.testing.assert_allclose(
            closed.get(key, 0.0 * d), d, rtol=tol.ROUNDING_E9, atol=tol.ROUNDING_E10
        )


@pytest.mark.parametrize("name", ["zero_inflated_poisson", "hurdle_nbinom2"])
def test_weights_of_wrapped_families(name):
    family = family_of(name)
    response, predictors = rows(family)
    w = np.random.default_rng(0).integers(0, 3, len(response)).astype(float)
    plain = family.derivatives(response, predictors, 3)
    for key, d in family.derivatives(Response(response.y, weights=w), predictors, 3).items():
        np.testing.assert_allclose(d, w * plain[key], rtol=tol.ROUNDING_E12)


@pytest.mark.parametrize("family", FAMILIES, ids=label)
def test_rows_are_independent(family):
    response, predictors = rows(family)
    whole = family.derivatives(response, predictors, 3)
    some = np.array([3, 17, 20])
    part = family.derivatives(response.take(some), [x[some] for x in predictors], 3)
    for key, d in part.items():
        np.testing.assert_allclose(
            d, whole[key][some], rtol=tol.ROUNDING_E10, atol=tol.ROUNDING_E10
        )


@pytest.mark.parametrize("family", FAMILIES, ids=label)
def test_a_response_is_remembered_without_changing_the_result(family):
    response, predictors = rows(family)
    first = family.derivatives(response, predictors, 3)
    again = family.derivatives(response, predictors, 3)
    for key in first:
        np.testing.assert_array_equal(first[key], again[key])


def test_ordinal_probabilities_and_samples():
    for link in family_of("ordinal").links:
        family = family_of("ordinal", link)
        eta, thresholds = np.linspace(-30, 30, 13), np.array([-1.0, 0.2, 2.0])
        p = family.probabilities(eta, thresholds)
        np.testing.assert_allclose(p.sum(axis=1), 1.0, rtol=tol.ROUNDING_E12)
        n = 40_000
        codes = family.sample_categories(np.random.default_rng(1), np.full(n, 0.4), thresholds)
        share = np.bincount(codes.astype(int), minlength=4) / n
        expected = family.probabilities(np.array([0.4]), thresholds)[0]
        np.testing.assert_allclose(share, expected, atol=tol.STANDARD_ERRORS_5 * np.sqrt(0.25 / n))
