"""The contract test finds what it is there to find."""

import numpy as np
import pytest

from mixedeffects.family import Family, Gamma, NegativeBinomial2, Poisson, Response, checks
from mixedeffects.testing import check_family


class Weibull(Family):
    """A user's family: a continuous one with an extra predictor (log shape), mean exp(eta)."""

    name, links, extras, support = "weibull", ("log",), ("dispersion",), (0.0, np.inf)

    def check(self, response, name="y"):
        checks.check_positive(response, name, self)

    def log_density(self, response, eta, dispersion):
        from scipy.special import gammaln

        shape = np.exp(dispersion)
        z = np.log(response.y) - eta + gammaln(1.0 + 1.0 / shape)
        return dispersion + shape * z - np.exp(shape * z) - np.log(response.y)

    def mean(self, eta, dispersion=None):
        return np.exp(eta)

    def variance(self, eta, dispersion, size=None):
        from scipy.special import gammaln

        r = 1.0 / np.exp(dispersion)
        return np.exp(2 * eta) * np.expm1(gammaln(1 + 2 * r) - 2 * gammaln(1 + r))

    def sample(self, rng, predictors, response):
        from scipy.special import gammaln

        eta, dispersion = predictors
        shape = np.exp(dispersion)
        return np.exp(eta - gammaln(1 + 1 / shape)) * rng.weibull(shape, len(response))


def test_a_users_family_passes():
    check_family(Weibull())


def test_given_rows():
    family = Poisson()
    check_family(family, response=Response([0.0, 3.0]), predictors=[np.array([0.1, 0.2])])
    with pytest.raises(AssertionError, match="needs its predictors"):
        check_family(family, response=Response([0.0, 3.0]))


def _broken(base, **methods):
    return type("Broken", (base,), methods)()


@pytest.mark.parametrize(
    ("family", "words"),
    [
        (
            _broken(Weibull, log_density=lambda s, r, e, d: Weibull.log_density(s, r, e, d) + 0.01),
            "total probability",
        ),
        (_broken(Weibull, mean=lambda s, e, d=None: 1.01 * np.exp(e)), "mean at"),
        (_broken(Weibull, variance=lambda s, e, d, size=None: np.exp(e)), "variance at"),
        (
            _broken(Weibull, sample=lambda s, g, p, r: 1.1 * Weibull.sample(s, g, p, r)),
            "samples",
        ),
        (_broken(Weibull, check=lambda s, r, name="y": None), "check accepts NaN"),
        (_broken(Poisson, cdf=lambda s, r, e: 0.999 * Poisson.cdf(s, r, e)), "cdf at"),
        (_broken(Poisson, cdf_below=lambda s, r, e: Poisson.cdf(s, r, e)), "cdf_below at"),
        (_broken(Poisson, start=lambda s, r: (np.full(len(r), np.nan), {})), "start"),
        (_broken(Gamma, start=lambda s, r: (np.zeros(len(r)), {})), "extras"),
    ],
)
def test_a_broken_family_fails(family, words):
    with pytest.raises(AssertionError, match=words):
        check_family(family)


@pytest.mark.parametrize("key", [(0,), (0, 0), (0, 0, 0), (1,), (0, 1), (0, 0, 1)])
def test_a_wrong_derivative_is_found(key):
    def derivatives(self, response, predictors, order, random=(0,)):
        out = dict(NegativeBinomial2.derivatives(self, response, predictors, order, random))
        if key in out:
            out[key] = out[key] * 1.0001
        return out

    with pytest.raises(AssertionError, match="derivative"):
        check_family(_broken(NegativeBinomial2, derivatives=derivatives))
