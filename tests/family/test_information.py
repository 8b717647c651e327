"""Expected information against the mean of squared scores over the distribution."""

import numpy as np
import pytest

from mixedeffects.family import Response, family_of
from mixedeffects.testing.family import _masses
from tests import tolerances as tol

EXACT = ("binomial", "poisson", "nbinom2", "gamma", "inverse_gaussian", "gaussian", "t", "beta")
BOUNDS = ("nbinom1", "betabinomial", "zero_inflated_poisson", "truncated_nbinom2", "hurdle_poisson")


@pytest.mark.parametrize("name", EXACT + BOUNDS)
def test_information(name):
    family = family_of(name)
    at = [0.4, *([1.6] * len(family.extras))]
    size = 6.0 if family.has_size else None
    y, mass = _masses(family, at, size)
    y, mass = y[mass > 0], mass[mass > 0]
    n = len(y)
    response = Response(y, None if size is None else np.full(n, size))
    rows = [np.full(n, x) for x in at]
    score = family.derivatives(response, rows, 1)[0,]
    expected = np.sum(mass * score**2)
    found = family.expected_information(response, rows)[0]
    if name in EXACT:
        assert found == pytest.approx(expected, rel=tol.TRUNCATION_E6)
    else:  # that of mean and variance alone
        assert 0.2 * expected < found <= expected * (1 + 1e-9)
    weighted = Response(y, response.size, np.full(n, 3.0))
    assert family.expected_information(weighted, rows)[0] == pytest.approx(3.0 * found)
