"""Gauss–Hermite rules against SciPy's, and against what such a rule integrates exactly."""

import numpy as np
import pytest
from scipy.special import gammaln, roots_hermitenorm

import mixedeffects as me
from mixedeffects.errors import OptionError
from mixedeffects.estimation.laplace.hermite import hermite_rule
from tests import tolerances as tol


@pytest.mark.parametrize("points", [1, 2, 7, 25, 100, 200, 300])
def test_nodes_and_weights_are_scipys(points):
    nodes, weights = roots_hermitenorm(points)
    x, log_weights = hermite_rule(points)
    assert x == pytest.approx(nodes, abs=tol.ROUNDING_E12)
    # (SciPy's smallest weights are those of nodes that have lost a few digits)
    assert log_weights == pytest.approx(np.log(weights / weights.sum()), abs=tol.ROUNDING_E10)


@pytest.mark.parametrize("points", [5, 100, 200, 1000])
def test_moments_are_exact(points):
    x, log_weights = hermite_rule(points)
    assert np.exp(log_weights).sum() == pytest.approx(1.0, rel=tol.ROUNDING_E13)
    for m in {1, 2, points // 2, points - 1}:
        away = x != 0.0
        found = np.logaddexp.reduce(2 * m * np.log(np.abs(x[away])) + log_weights[away])
        exact = gammaln(2 * m + 1) - m * np.log(2.0) - gammaln(m + 1)  # log of (2m - 1)!!
        assert found == pytest.approx(exact, abs=tol.ROUNDING_E11)


def test_nodes_lie_about_zero():
    x, log_weights = hermite_rule(201)
    assert (x == -x[::-1]).all() and x[100] == 0.0
    assert (log_weights == log_weights[::-1]).all()
    assert np.isfinite(hermite_rule(1000)[1]).all()


def test_more_than_a_hundred_points():
    """With a link of heavy tails 25 points are off in the fourth digit."""
    cattle = me.datasets.cbpp()
    formula = "incidence / size ~ period + (1 | herd)"
    fits = [
        me.glmm(formula, cattle, family="binomial", link="cauchit", nagq=nagq)
        for nagq in (150, 300)
    ]
    assert fits[0].loglik == pytest.approx(fits[1].loglik, abs=tol.ROUNDING_E6)
    assert fits[0].beta == pytest.approx(fits[1].beta, abs=tol.OPTIMUM_E5)
    with pytest.raises(OptionError, match="from 0 to 1,000"):
        me.glmm(formula, cattle, family="binomial", nagq=1001)
