"""Taylor arithmetic against derivatives known by other means."""

import numpy as np
import pytest
import scipy.special as special
from hypothesis import given, settings
from hypothesis import strategies as st

from mixedeffects.family.polygamma import tetragamma, trigamma
from mixedeffects.family.smooth import derivatives_of
from mixedeffects.family.taylor import Jet, Space, scatter, where
from tests import tolerances as tol


def _numeric(function, x, step=2e-3):
    """First three derivatives by central differences of eighth order."""
    points = np.arange(-4, 5)
    values = np.array([function(x + k * step) for k in points])
    out = []
    for k in (1, 2, 3):
        moments = np.vander(points.astype(float), increasing=True).T
        target = np.zeros(9)
        target[k] = float(np.prod(np.arange(1, k + 1)))
        out.append(np.linalg.solve(moments, target) @ values / step**k)
    return out


UFUNCS = [
    (np.exp, 0.4),
    (np.expm1, 0.4),
    (np.log, 1.3),
    (np.log1p, 0.3),
    (np.sqrt, 1.7),
    (np.square, 1.2),
    (np.reciprocal, 1.4),
    (np.negative, 0.5),
    (np.absolute, -1.5),
    (np.arctan, 0.8),
    (np.tanh, 0.8),
    (np.sin, 0.8),
    (np.cos, 0.8),
    (np.sinh, 0.8),
    (np.cosh, 0.8),
    (special.expit, 0.7),
    (special.expit, -3.0),
    (special.log_expit, -0.7),
    (special.logit, 0.3),
    (special.ndtr, 0.6),
    (special.log_ndtr, -2.5),
    (special.log_ndtr, 1.5),
    (special.erf, 0.6),
    (special.gammaln, 2.3),
    (special.psi, 2.3),
    (lambda x: x**3, 1.5),
    (lambda x: x**-0.5, 1.5),
    (lambda x: 2.0**x, 1.5),
    (lambda x: x**x, 1.5),
    (lambda x: 1.0 / (x * x + 1.0), 1.5),
    (lambda x: (x - 2.0) / (3.0 - x), 1.5),
    (lambda x: np.logaddexp(0.2, x), 0.5),
    (lambda x: np.logaddexp(x, 0.2), 0.5),
    (lambda x: special.xlogy(2.0, x), 1.5),
    (lambda x: special.xlogy(x, x), 1.5),
    (lambda x: special.xlog1py(3.0, x), 0.5),
    (lambda x: np.maximum(x, 0.1) * np.minimum(x, 7.0), 1.5),
    (lambda x: np.where(x > 1.0, x * x, 0.0), 1.5),
]


@pytest.mark.parametrize(("function", "x"), UFUNCS)
def test_one_variable(function, x):
    at = np.array([x])
    found = derivatives_of(function, at, 3)
    np.testing.assert_allclose(found[0], function(at), rtol=tol.ROUNDING_E13)
    for k, numeric in enumerate(_numeric(function, at), start=1):
        np.testing.assert_allclose(
            found[k], numeric, rtol=tol.TRUNCATION_E6, atol=tol.TRUNCATION_E6
        )


def test_the_power_of_zero_is_zero():
    found = derivatives_of(lambda x: x**2.0 + x**3.0, np.array([0.0]), 3)
    np.testing.assert_allclose(np.ravel(found), [0.0, 0.0, 2.0, 6.0])


def test_kept_orders():
    space = Space(3, 3, (0, 2))
    assert {len(k) for k in space.keys} == {0, 1, 2, 3}
    assert (0, 1, 2) in space.keys and (0, 2, 2) in space.keys and (1, 1) not in space.keys
    assert (0, 0, 1, 2) not in space.keys
    assert Space(3, 2, (0,)).keys == [(), (0,), (0, 0)]
    assert Space(3, 0, (0,)).keys == [()]


coefficient = st.floats(-2, 2, allow_nan=False)


@settings(max_examples=40, deadline=None)
@given(st.lists(coefficient, min_size=6, max_size=6), st.floats(-1, 1), st.floats(-1, 1))
def test_polynomials_of_two_variables_are_exact(c, x, y):
    jets = Space(2, 3, (0,)).variables([np.array([x]), np.array([y])])

    def f(x, y):
        return c[0] + c[1] * x + c[2] * y + c[3] * x * x * y + c[4] * x**3 + c[5] * y * x

    found = f(*jets).derivatives()
    expected = {
        (): f(x, y),
        (0,): c[1] + 2 * c[3] * x * y + 3 * c[4] * x * x + c[5] * y,
        (1,): c[2] + c[3] * x * x + c[5] * x,
        (0, 0): 2 * c[3] * y + 6 * c[4] * x,
        (0, 1): 2 * c[3] * x + c[5],
        (0, 0, 0): 6 * c[4],
        (0, 0, 1): 2 * c[3],
    }
    for key, value in expected.items():
        np.testing.assert_allclose(
            found.get(key, [0.0])[0], value, rtol=tol.ROUNDING_E9, atol=tol.ROUNDING_E9
        )


def test_from_derivatives_and_back():
    space = Space(2, 3, (0,))
    x, y = space.variables([np.array([0.3, 0.5]), np.array([1.0, 2.0])])
    there = np.exp(x * y)
    back = space.from_derivatives(there.derivatives())
    for a, b in zip(there.coefficients, back.coefficients, strict=True):
        np.testing.assert_allclose(a, b)


def test_rows_scatter_and_where():
    (x,) = Space(1, 2, (0,)).variables([np.array([1.0, 2.0, 3.0])])
    square = x * x
    part = scatter(square[np.array([0, 2])], np.array([0, 2]), 3)
    np.testing.assert_allclose(part.derivatives()[0,], [2.0, 0.0, 6.0])
    mixed = where(np.array([True, False, True]), square, 1.0)
    np.testing.assert_allclose(mixed.value, [1.0, 1.0, 9.0])
    np.testing.assert_allclose(mixed.derivatives()[0,], [2.0, 0.0, 6.0])
    assert isinstance(np.where(x > 1, x, 0.0), Jet)


def test_what_has_no_rule_says_so():
    (x,) = Space(1, 2, (0,)).variables([np.array([1.0])])
    with pytest.raises(TypeError, match="i0 has no derivative rule"):
        special.i0(x)


def test_polygamma():
    x = np.exp(np.linspace(-8, 12, 400))
    np.testing.assert_allclose(trigamma(x), special.polygamma(1, x), rtol=tol.ROUNDING_16E15)
    np.testing.assert_allclose(tetragamma(x), special.polygamma(2, x), rtol=tol.ROUNDING_16E15)
