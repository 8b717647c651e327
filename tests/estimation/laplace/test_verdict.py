"""Zero variances of generalised models: proved where they belong, a saddle never."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

import mixedeffects as me
from mixedeffects.estimation import Direction
from mixedeffects.estimation.boundary.laplace import examine
from mixedeffects.estimation.laplace.verdict import certify
from mixedeffects.estimation.newton import OptimizerResult
from tests import tolerances as tol
from tests.estimation.laplace.problems import table
from tests.tolerances import SLOPE_BY_DIFFERENCE_RTOL


def counts(groups_differ):
    """Counts of twelve groups, or of groups that differ less than chance."""
    rng = np.random.default_rng(8)
    g = np.repeat(np.arange(12), 10)
    x = rng.normal(size=g.size)
    if groups_differ:
        return {
            "y": rng.poisson(np.exp(1.0 + 0.3 * x + 0.7 * rng.normal(size=12)[g])),
            "x": x,
            "g": g,
        }
    return {"y": np.tile([0, 1, 2, 2, 3, 3, 4, 4, 5, 6], 12), "x": np.tile(x[:10], 12), "g": g}


def regression(X, y, size, mean):
    """Coefficients, means and weights of a generalised linear model, canonical link, by scoring."""
    beta = np.zeros(X.shape[1])
    for _ in range(50):
        mu, weight = mean(X @ beta, size)
        beta = beta + np.linalg.solve(X.T @ (weight[:, None] * X), X.T @ (y - mu))
    return beta, *mean(X @ beta, size)


def poisson(eta, size):
    return np.exp(eta), np.exp(eta)


def binomial(eta, size):
    return size * expit(eta), size * expit(eta) * expit(-eta)


MODELS = {
    "poisson": ("y ~ x + (1 | g)", counts(True), "poisson", poisson),
    "poisson, no variance": ("y ~ x + (1 | g)", counts(False), "poisson", poisson),
    "binomial": ("y / size ~ x + (1 | g)", table("binomial"), "binomial", binomial),
}


def without_variance(name):
    """A fit, its objective at a variance of zero, and the slope there by hand.

    The derivative of -2 log-likelihood by a random intercept's variance at zero is minus the sum
    over groups of (sum of the rows' scores)^2 + (sum of their second derivatives): Liang (1987),
    doi:10.1093/biomet/74.2.259. Laplace's approximation is exact there.
    """
    formula, data, family, mean = MODELS[name]
    fit = me.glmm(formula, data, family=family)
    objective, y = fit.evaluation.objective, fit.design.y
    beta, mu, weight = regression(fit.design.X, y, fit.design.size, mean)
    x = np.zeros(objective.problem.n_parameters)
    x[: objective.problem.n_fixed] = np.linalg.solve(fit.coefficients[0].T, beta)
    codes = fit.design.blocks[0].factor.codes
    slope = -float((np.bincount(codes, y - mu) ** 2 - np.bincount(codes, weight)).sum())
    return fit, objective.evaluate(x), slope


@pytest.mark.parametrize("name", MODELS)
def test_the_slope_off_the_boundary_is_the_score_tests(name):
    _, zero, slope = without_variance(name)
    (direction,), lower = examine(zero)
    assert direction.slope == pytest.approx(slope, rel=SLOPE_BY_DIFFERENCE_RTOL)
    assert (slope < 0) == ("no variance" not in name)
    assert (lower is not None) == (slope < 0)
    assert lower is None or lower.value < zero.value


@pytest.mark.parametrize("name", MODELS)
def test_a_saddle_is_not_proved(name):
    """An optimiser would stop here: the gradient is zero, the variance's included."""
    fit, zero, slope = without_variance(name)
    result = OptimizerResult(zero, 1, True, "content", 0.0)
    directions, _ = examine(zero)
    certificate = certify(zero.objective, result, np.eye(zero.x.size), "newton", directions)
    assert certificate.gradient < 1e-8 and len(certificate.singular) == 1
    assert certificate.proved == certificate.converged == (slope > 0)
    assert bool(certificate.advice) == (slope < 0)
    # what glmm() itself reports is on the right side
    assert fit.certificate.proved
    assert (fit.theta[0] == 0.0) == (slope > 0)


@pytest.mark.parametrize(
    ("slopes", "proved"),
    [((), True), ((3.0,), True), ((0.0, 1e-7), True), ((-0.5,), False), ((3.0, -0.5), False),
     ((-0.5, 3.0), False), ((np.nan,), False)],
)  # fmt: skip
def test_every_direction_has_to_be_optimal(slopes, proved):
    _, zero, _ = without_variance("poisson")
    result = OptimizerResult(zero, 1, True, "content", 0.0)
    directions = [Direction(0, np.ones(1), slope) for slope in slopes]
    certificate = certify(zero.objective, result, np.eye(zero.x.size), "newton", directions)
    assert certificate.proved is proved
    unfinished = OptimizerResult(zero, 1, True, "content", 0.1)
    assert not certify(zero.objective, unfinished, np.eye(3), "newton", directions).proved


@pytest.mark.parametrize(("decrement", "unproved"), [(0.0, False), (0.1, True)])
def test_running_out_is_reported_of_what_is_not_proved_only(decrement, unproved):
    _, zero, _ = without_variance("poisson, no variance")
    for ran_out in (True, False):
        result = OptimizerResult(zero, 1, False, "enough", decrement, ran_out=ran_out)
        certificate = certify(zero.objective, result, np.eye(zero.x.size), "newton", ())
        assert certificate.proved is not unproved
        assert certificate.ran_out is (ran_out and unproved)


def one_half_varies(q=20):
    """Per group a count at x = 1 that is overdispersed, and one at x = -1 that is constant.

    With 2 rows to a group and all means 4, V = sum of z z' has 4 on its diagonal and 0 beside it
    (per group, times the mean); the scores at x = 1 have variance 6, those at x = -1 none, so that
    D = V - S is q [[8 - 6, -6], [-6, 8 - 6]]: positive along either column, -4 q along (1, 1).
    """
    above = np.array([0, 1, 2, 3, 4, 4, 5, 6, 7, 8] * (q // 10))
    assert above.mean() == 4.0 and above.var() == 6.0
    y, x = np.concatenate([above, np.full(q, 4)]), np.repeat([1.0, -1.0], q)
    return {"y": y, "x": x, "g": np.tile(np.arange(q), 2)}


def test_a_saddle_in_a_combination_of_columns_is_not_proved():
    """No column is worth a variance alone; intercept and slope together are."""
    fit = me.glmm("y ~ x + (1 + x | g)", one_half_varies(), family="poisson")
    objective = fit.evaluation.objective
    x = np.zeros(objective.problem.n_parameters)
    x[:2] = np.linalg.solve(fit.coefficients[0].T, [np.log(4.0), 0.0])
    zero = objective.evaluate(x)
    directions, lower = examine(zero)
    assert [d.slope for d in directions] == pytest.approx(
        [-4 * 20, 8 * 20], rel=SLOPE_BY_DIFFERENCE_RTOL
    )
    weights = directions[0].weights
    assert (
        abs(weights) == pytest.approx([1.0, 1.0], abs=tol.OPTIMUM_5E2)
        and weights[0] * weights[1] > 0
    )
    assert lower.value < zero.value
    result = OptimizerResult(zero, 1, True, "content", 0.0)
    certificate = certify(objective, result, np.eye(x.size), "newton", directions)
    assert certificate.gradient < 1e-8 and not certificate.proved
    assert fit.objective < zero.value - 1.0 and fit.certificate.proved
