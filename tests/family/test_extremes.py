"""Far tails and limits: what a search passes through must stay finite and right."""

from decimal import Decimal, getcontext

import numpy as np
import pytest

from mixedeffects.family import Response, family_of
from mixedeffects.family.draws import poisson_counts
from mixedeffects.family.rules import FEW, tails
from mixedeffects.family.stirling import rising_derivatives, rising_excess, stirling_error
from tests import tolerances as tol

getcontext().prec = 60


def _derivatives(name, y, *predictors, link=None, size=None, order=3):
    family = family_of(name, link)
    y = np.atleast_1d(np.asarray(y, dtype=float))
    rows = [np.broadcast_to(np.asarray(p, dtype=float), y.shape) for p in predictors]
    size = None if size is None else np.broadcast_to(np.asarray(size, dtype=float), y.shape)
    return family.derivatives(Response(y, size), rows, order)


@pytest.mark.parametrize("size", [None, 5.0])
def test_logit_at_700(size):
    n = 1.0 if size is None else size
    tiny = n * np.exp(-700.0)
    d = _derivatives("binomial", [n, 0.0], [700.0, -700.0], size=size)
    np.testing.assert_allclose(d[()], -tiny, rtol=tol.ROUNDING_E12)
    np.testing.assert_allclose(d[0,], [tiny, -tiny], rtol=tol.ROUNDING_E12)
    np.testing.assert_allclose(d[0, 0], -tiny, rtol=tol.ROUNDING_E12)
    np.testing.assert_allclose(d[0, 0, 0], [tiny, -tiny], rtol=tol.ROUNDING_E12)
    d = _derivatives("binomial", [0.0, n], [700.0, -700.0], size=size)
    np.testing.assert_allclose(d[()], -700.0 * n)
    np.testing.assert_allclose(d[0,], [-n, n])


def test_tails_of_few_numbers_are_those_of_many():
    x = np.linspace(-740.0, 740.0, 10 * FEW)
    parts = zip(*(tails(some) for some in np.split(x, 10)), strict=True)
    for few, many in zip(parts, tails(x), strict=True):
        np.testing.assert_allclose(np.concatenate(few), many, **tol.OTHER_LOGARITHM)


@pytest.mark.parametrize("eta", [0.0, 300.0, 800.0, np.inf])
@pytest.mark.parametrize("size", [None, 5.0])
def test_logit_raises_no_flags(eta, size):
    with np.errstate(all="raise"):
        d = _derivatives("binomial", [1.0, 0.0], [eta, -eta], size=size)
    assert np.isfinite(d[0, 0]).all()


def _mills(t):
    """Derivatives of log Φ at -t by the continued fraction of Mills' ratio, 60 digits."""
    t = Decimal(t)
    fraction = t
    for k in range(4000, 0, -1):
        fraction = t + Decimal(k) / fraction
    rate, x = fraction, -t  # φ/Φ
    d = x + rate
    return [float(v) for v in (rate, -rate * d, rate * (d * d + rate * d - 1))]


@pytest.mark.parametrize("eta", [-5.0, -12.0, -29.0, -31.0, -40.0, -200.0])
def test_probit_on_the_left(eta):
    d = _derivatives("binomial", 1.0, eta, link="probit")
    first, second, third = _mills(-eta)
    assert d[0,][0] == pytest.approx(first, rel=tol.ROUNDING_E13)
    assert d[0, 0][0] == pytest.approx(second, rel=tol.ROUNDING_E10)
    assert d[0, 0, 0][0] == pytest.approx(third, rel=tol.ROUNDING_E6)
    mirrored = _derivatives("binomial", 0.0, -eta, link="probit")
    assert mirrored[0,][0] == -d[0,][0] and mirrored[0, 0][0] == d[0, 0][0]


def test_cloglog_on_both_sides():
    d = _derivatives("binomial", [0.0, 1.0], 10.0, link="cloglog")
    np.testing.assert_allclose(d[0,], [-np.exp(10.0), 0.0], atol=np.finfo(float).tiny)
    assert np.isfinite(d[()]).all() and d[()][1] == 0.0
    d = _derivatives("binomial", [0.0, 1.0], -700.0, link="cloglog")
    np.testing.assert_allclose(d[()], [-np.exp(-700.0), -700.0], rtol=tol.ROUNDING_E12)
    np.testing.assert_allclose(d[0,], [-np.exp(-700.0), 1.0], rtol=tol.ROUNDING_E12)


@pytest.mark.parametrize("link", ["logit", "probit", "cloglog", "loglog", "cauchit"])
@pytest.mark.parametrize("size", [None, 3.0])
def test_binary_links_are_finite_over_forty(link, size):
    eta = np.linspace(-40, 40, 161)
    if link in ("cloglog", "loglog"):
        eta = np.linspace(-6, 6, 121)
    for y in (0.0, 1.0):
        d = _derivatives("binomial", np.full(len(eta), y), eta, link=link, size=size)
        assert all(np.isfinite(v).all() for v in d.values())


@pytest.mark.parametrize("link", ["logit", "probit", "cloglog", "loglog", "cauchit"])
def test_ordinal_is_finite_where_its_categories_are_all_but_impossible(link):
    eta = np.linspace(-37, 37, 75)
    if link in ("cloglog", "loglog"):
        eta = np.linspace(-5.5, 5.5, 75)
    for low, high in ((-np.inf, -1.0), (-1.0, 0.5), (0.5, np.inf)):
        d = _derivatives("ordinal", np.zeros(75), eta, high, low, link=link)
        assert all(np.isfinite(v).all() for v in d.values())
        assert (d[0, 0] <= 1e-9).all() or link == "cauchit"


def _excess(y, theta):
    return float(sum(((1 + Decimal(k) / Decimal(theta)).ln() for k in range(y)), Decimal(0)))


@pytest.mark.parametrize("theta", [1e-6, 0.01, 0.7, 3.0, 9.99, 10.01, 150.0, 1e4, 1e8, 1e15])
@pytest.mark.parametrize("y", [0, 1, 2, 7, 300])
def test_rising_excess_by_sixty_digits(theta, y):
    t = np.log(np.array([theta]))
    # theta is only known as exp(t)
    expected = _excess(y, float(np.exp(t)[0]))
    found = rising_excess(np.array([float(y)]), t)[0]
    assert found == pytest.approx(
        expected, rel=tol.ROUNDING_E13, abs=tol.ROUNDING_2E12 * max(1.0, y / 300)
    )
    if theta >= 1e4:  # where gammaln has lost everything
        assert found == pytest.approx(expected, rel=tol.ROUNDING_E11, abs=tol.ROUNDING_E17)
    slope = -sum(Decimal(k) / (Decimal(float(np.exp(t)[0])) + k) for k in range(y))
    first = rising_derivatives(np.array([float(y)]), t, 1)[1][0]
    assert first == pytest.approx(float(slope), rel=tol.ROUNDING_E10, abs=tol.ROUNDING_E12)


@pytest.mark.parametrize("x", [1, 2, 5, 9, 10, 11, 40, 170])
def test_stirling_error_by_sixty_digits(x):
    log_gamma = sum((Decimal(k).ln() for k in range(1, x)), Decimal(0))
    two_pi = Decimal("6.283185307179586476925286766559005768394338798750211641949889")
    x_ = Decimal(x)
    half = Decimal(1) / 2
    exact = log_gamma - (x_ - half) * x_.ln() + x_ - two_pi.ln() / 2
    found = stirling_error(np.log(np.array([float(x)])))[0]
    assert found == pytest.approx(float(exact), rel=tol.ROUNDING_E13, abs=tol.ROUNDING_E14)


def _same(a, b, rtol, keys=((), (0,), (0, 0), (0, 0, 0))):
    for key in keys:
        np.testing.assert_allclose(a[key], b.get(key, 0.0), rtol=rtol, atol=rtol)


def test_limits():
    y, eta = np.array([0.0, 1.0, 4.0, 30.0]), np.array([-1.0, 0.3, 1.2, 3.0])
    poisson = _derivatives("poisson", y, eta)
    _same(_derivatives("nbinom2", y, eta, np.log(1e14)), poisson, 1e-11)
    _same(_derivatives("nbinom1", y, eta, np.log(1e-14)), poisson, 1e-11)
    # to first order in 1/theta the difference is ((y - mu)² - y)/(2 theta)
    mu = np.exp(eta)
    gap = (_derivatives("nbinom2", y, eta, np.log(1e8))[()] - poisson[()]) * 1e8
    np.testing.assert_allclose(gap, ((y - mu) ** 2 - y) / 2, rtol=tol.TRUNCATION_E4)
    slope = _derivatives("nbinom2", y, eta, np.log(1e8))[1,] * 1e8
    np.testing.assert_allclose(slope, -((y - mu) ** 2 - y) / 2, rtol=tol.TRUNCATION_E4)

    n = np.array([1.0, 3.0, 7.0, 40.0])
    binomial = _derivatives("binomial", y, eta, size=n)
    _same(_derivatives("betabinomial", y, eta, np.log(1e14), size=n), binomial, 1e-10)
    near = _derivatives("betabinomial", y, eta, np.log(1e8), size=n)
    np.testing.assert_allclose(near[()], binomial[()], atol=tol.TRUNCATION_E5)
    p = 1 / (1 + np.exp(-eta))
    first_order = (y * (y - 1) / p + (n - y) * (n - y - 1) / (1 - p) - n * (n - 1)) / 2
    np.testing.assert_allclose(
        (near[()] - binomial[()]) * 1e8, first_order, rtol=tol.TRUNCATION_E4, atol=tol.TRUNCATION_E5
    )

    gaussian = _derivatives("gaussian", y, eta, 0.7)
    _same(_derivatives("t", y, eta, 0.7, np.log(1e13)), gaussian, 1e-10)
    np.testing.assert_allclose(
        _derivatives("t", y, eta, 0.7, np.log(1e6))[()], gaussian[()], atol=tol.TRUNCATION_E2
    )


@pytest.mark.parametrize(
    ("name", "y", "predictors"),
    [
        ("nbinom2", [0.0, 3.0], ([-300.0, 300.0], [-20.0, 50.0])),
        ("nbinom2", [0.0, 3.0], ([0.0, 1.0], [300.0, -300.0])),
        ("nbinom1", [0.0, 3.0], ([0.0, 1.0], [-300.0, 200.0])),
        ("nbinom1", [0.0, 3.0], ([-300.0, 100.0], [1.0, 1.0])),
        ("gamma", [1e-3, 3.0], ([0.0, 1.0], [-18.0, 18.0])),
        ("beta", [1e-3, 0.9], ([0.0, 1.0], [18.0, -18.0])),
        ("beta", [1e-3, 0.9], ([-40.0, 30.0], [1.0, 1.0])),
        ("betabinomial", [0.0, 1.0], ([-300.0, 300.0], [1.0, 1.0])),
        ("betabinomial", [0.0, 1.0], ([1.0, 0.3], [-200.0, 300.0])),
        ("zero_inflated_poisson", [0.0, 1.0], ([-300.0, 3.0], [700.0, -700.0])),
        ("zero_inflated_poisson", [0.0, 1.0], ([5.0, -300.0], [-700.0, 700.0])),
        ("zero_inflated_nbinom2", [0.0, 1.0], ([-300.0, 3.0], [20.0, 20.0], [30.0, -30.0])),
        ("hurdle_poisson", [0.0, 1.0], ([-300.0, -300.0], [700.0, -700.0])),
        ("hurdle_nbinom2", [1.0, 2.0], ([-300.0, -300.0], [18.0, -18.0], [0.0, 0.0])),
        ("hurdle_nbinom1", [1.0, 2.0], ([-100.0, -100.0], [18.0, -18.0], [0.0, 0.0])),
        ("truncated_poisson", [1.0, 2.0], ([-600.0, -600.0],)),
    ],
)
def test_finite_far_out(name, y, predictors):
    d = _derivatives(name, y, *predictors)
    assert all(np.isfinite(v).all() for v in d.values()), {
        k: v for k, v in d.items() if not np.isfinite(v).all()
    }


@pytest.mark.parametrize("mean", [1e9, 1e11, 3e14, 3e15, 1e20])
def test_counts_of_a_huge_mean_vary_as_poisson_counts(mean):
    """The variance is the mean, on both sides of where draws become normal."""
    n = 40_000
    z = (poisson_counts(np.random.default_rng(3), np.full(n, mean)) - mean) / np.sqrt(mean)
    assert abs(z.mean()) < tol.STANDARD_ERRORS_4 / np.sqrt(n)
    assert abs(z.var() - 1.0) < tol.STANDARD_ERRORS_4 * np.sqrt(2.0 / n)


def test_truncated_poisson_of_a_tiny_mean_is_one():
    d = _derivatives("truncated_poisson", [1.0], [-600.0])
    assert d[()][0] == pytest.approx(0.0, abs=tol.ROUNDING_E12)
    assert d[0,][0] == pytest.approx(0.0, abs=tol.ROUNDING_E15)


@pytest.mark.parametrize("theta", [0.01, 3.0, 9.99, 10.01, 30.0, 150.0, 1e4])
@pytest.mark.parametrize("y", [2, 7, 31, 300])
def test_higher_derivatives_of_the_rising_excess(theta, y):
    t = np.log(np.array([theta]))
    k = np.arange(y)
    p = k / (np.exp(t) + k)
    _, _, second, third = rising_derivatives(np.array([float(y)]), t, 3)
    # log(1 + k/θ) has the derivatives -p, p(1 - p), -p(1 - p)(1 - 2p) by log θ
    assert second[0] == pytest.approx(np.sum(p * (1 - p)), rel=tol.ROUNDING_E10)
    assert third[0] == pytest.approx(
        -np.sum(p * (1 - p) * (1 - 2 * p)), rel=tol.ROUNDING_E10, abs=tol.ROUNDING_E11
    )
