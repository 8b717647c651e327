"""Singular fits: on the boundary exactly, proved, and never a saddle."""

import warnings
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import mixedeffects as me
from mixedeffects.estimation.boundary import leave_saddle, singular_directions, snap
from mixedeffects.estimation.certificate import FlatDirection, certify
from mixedeffects.estimation.newton import OptimizerResult
from tests import tolerances as tol
from tests.estimation.simulated import crossed_table


def no_group_variance(seed=5):
    """Groups that differ less than chance: the variance estimate is zero."""
    rng = np.random.default_rng(seed)
    g = np.repeat(np.arange(12), 6)
    y = rng.normal(size=g.size)
    for level in range(12):
        rows = g == level
        y[rows] += 0.05 * rng.normal() - y[rows].mean()
    return {"y": y, "g": g, "x": rng.normal(size=g.size)}


def test_zero_variance_is_exact_and_certified():
    fit = me.lmm("y ~ 1 + (1 | g)", no_group_variance())
    assert fit.theta[0] == 0.0
    assert fit.certificate.converged
    (direction,) = fit.certificate.singular
    assert direction.slope > 0
    assert "Singular fit, certified: levels of g show no variance at all." in str(fit.summary())


def test_rank_deficient_slope_is_exact():
    fit = me.lmm("y ~ x + (1 + x | g)", no_group_variance(11))
    covariance = fit.varcorr.terms[0].covariance
    eigenvalues = np.linalg.eigvalsh(covariance)
    assert eigenvalues[0] <= 1e-14 * max(1.0, eigenvalues[-1])
    assert fit.certificate.converged and fit.certificate.is_singular


def test_singular_direction_has_zero_variance():
    rng = np.random.default_rng(2)
    g = np.repeat(np.arange(20), 8)
    x = np.tile(np.arange(8.0), 20)
    u = rng.normal(size=20)
    y = 1 + x + u[g] * (1 + 0.5 * x) + 0.3 * rng.normal(size=g.size)
    fit = me.lmm("y ~ x + (1 + x | g)", {"y": y, "x": x, "g": g})
    if fit.certificate.is_singular:
        for direction in fit.certificate.singular:
            G = fit.varcorr.terms[direction.term].covariance
            w = direction.weights
            assert w @ G @ w <= 1e-10 * np.trace(G) * (w @ w)
    else:
        assert abs(fit.varcorr.corr["g"][0, 1]) > 0.9


@pytest.mark.parametrize("start", [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
def test_uncorrelated_terms_leave_it_too(start):
    table = crossed_table()
    fit = me.lmm("y ~ x + (1 + x || g)", table)
    stuck = me.lmm("y ~ x + (1 + x || g)", table, start=start)
    assert stuck.certificate.converged
    assert stuck.loglik == pytest.approx(fit.loglik, abs=tol.OPTIMUM_E6)


def test_the_optimiser_leaves_a_zero_start_that_is_a_saddle():
    """At theta = 0 the gradient vanishes although the likelihood rises (even function)."""
    table = crossed_table()
    fit = me.lmm("y ~ x + (1 + x | g)", table)
    stuck = me.lmm("y ~ x + (1 + x | g)", table, start=[0.0, 0.0, 0.0])
    assert stuck.loglik == pytest.approx(fit.loglik, abs=tol.OPTIMUM_E6)
    objective = fit.evaluation.objective
    zero = objective.evaluate(np.zeros(3))
    assert any(e.gain > 1.0 for e in singular_directions(zero, objective.parameters))
    assert leave_saddle(objective, zero).value < zero.value


def certified_at(objective, theta, decrement=0.0):
    """What is said of a point at which an optimiser would have stopped content."""
    evaluation = objective.evaluate(np.asarray(theta, dtype=float))
    result = OptimizerResult(evaluation, 1, True, "content", decrement)
    return certify(objective, result, "newton")


# Terms whose variances are really there, at points where some are held at zero: the gradient is
# zero in every one of them, and the likelihood rises.
SADDLES = {
    "one variance": ("y ~ x + (1 | g)", [0.0], 1),
    "both of a slope term": ("y ~ x + (1 + x | g)", [0.0, 0.0, 0.0], 2),
    "diagonal": ("y ~ x + (x || g)", [0.0, 0.0], 2),
    "two factors": ("y ~ x + (1 | g) + (1 | h)", [0.0, 0.0], 2),
}


@pytest.mark.parametrize("name", SADDLES)
@pytest.mark.parametrize("reml", [True, False])
def test_a_saddle_is_not_proved(name, reml):
    formula, theta, count = SADDLES[name]
    objective = me.lmm(formula, crossed_table(), reml=reml).evaluation.objective
    certificate = certified_at(objective, theta)
    assert certificate.gradient == 0.0 and certificate.decrement == 0.0
    assert len(certificate.singular) == count
    assert all(direction.slope < 0 for direction in certificate.singular)
    assert not certificate.converged and not certificate.proved
    assert certificate.advice


def test_a_saddle_in_one_of_two_variances_is_not_proved():
    """The other is at its own optimum, and no optimiser would move either."""
    table = crossed_table()
    alone = me.lmm("y ~ x + (1 | g)", table)
    objective = me.lmm("y ~ x + (1 | g) + (1 | h)", table).evaluation.objective
    certificate = certified_at(objective, [alone.theta[0], 0.0])
    assert certificate.gradient < 1e-3
    (direction,) = certificate.singular
    assert direction.term == 1 and direction.slope < 0
    assert not certificate.proved


def test_the_same_point_is_proved_where_the_variance_is_not_there():
    objective = me.lmm("y ~ 1 + (1 | g)", no_group_variance()).evaluation.objective
    certificate = certified_at(objective, [0.0])
    assert [direction.slope > 0 for direction in certificate.singular] == [True]
    assert certificate.proved and not certificate.advice
    # a further Newton step would still win something
    assert not certified_at(objective, [0.0], decrement=0.1).proved


@pytest.mark.parametrize(("decrement", "unproved"), [(0.0, False), (0.1, True)])
def test_running_out_is_reported_of_what_is_not_proved_only(decrement, unproved):
    objective = me.lmm("y ~ 1 + (1 | g)", no_group_variance()).evaluation.objective
    evaluation = objective.evaluate(np.zeros(1))
    for ran_out in (True, False):
        result = OptimizerResult(evaluation, 1, False, "enough", decrement, ran_out=ran_out)
        certificate = certify(objective, result, "newton")
        assert certificate.proved is not unproved
        assert certificate.ran_out is (ran_out and unproved)


@pytest.mark.parametrize(("loss", "moves"), [(0.0, True), (-1e-3, True), (1e-6, False)])
def test_a_small_variance_is_put_to_zero_only_where_nothing_is_lost(loss, moves, monkeypatch):
    objective = me.lmm("y ~ x + (1 | g)", crossed_table()).evaluation.objective
    near = objective.evaluate(np.array([1e-6]))

    def priced(theta):
        return SimpleNamespace(theta=theta, value=near.value + loss)

    monkeypatch.setattr(objective, "evaluate", priced)
    assert snap(objective, near).theta[0] == (0.0 if moves else 1e-6)


@pytest.mark.parametrize("optimizer", ["newton", "L-BFGS-B", "Nelder-Mead", "Powell", "COBYQA"])
def test_every_optimizer_finds_the_same_optimum(optimizer):
    table = crossed_table()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = me.lmm("y ~ x + (1 + x | g) + (1 | h)", table, optimizer=optimizer)
    best = me.lmm("y ~ x + (1 + x | g) + (1 | h)", table)
    assert fit.loglik == pytest.approx(best.loglik, abs=tol.OPTIMUM_E5)
    assert fit.certificate.optimizer == optimizer


def test_newton_needs_few_evaluations():
    """Average information makes the search nearly quadratic on a regular problem."""
    fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    assert fit.certificate.evaluations <= 8
    assert fit.certificate.decrement < 1e-8


def test_stopping_early_is_reported_with_advice():
    with pytest.warns(me.ConvergenceWarning, match="did not converge") as caught:
        fit = me.lmm("y ~ x + (1 + x | g)", crossed_table(), max_iterations=1)
    assert not fit.certificate.converged
    assert len(caught) == 1
    assert fit.certificate.advice
    assert "NOT CONVERGED" in str(fit.summary())


@pytest.mark.parametrize("optimizer", ["Nelder-Mead", "Powell", "L-BFGS-B", "em"])
def test_every_optimiser_ends_on_the_boundary_exactly(optimizer):
    """Without derivatives a simplex walks off an exact zero each time it starts there."""
    rng = np.random.default_rng(4)
    g = np.repeat(np.arange(8), 12)
    X = rng.normal(size=(g.size, 3))
    y = X @ [1.0, 0.5, 0.2] + rng.normal(size=(8, 2))[g, 0] + rng.normal(size=g.size)
    table = {"y": y, "g": g} | {f"x{i + 1}": X[:, i] for i in range(3)}
    formula = "y ~ x1 + x2 + x3 + (1 + x1 + x2 + x3 | g)"
    newton = me.lmm(formula, table)
    assert newton.certificate.is_singular
    fit = me.lmm(formula, table, optimizer=optimizer)
    assert fit.certificate.proved
    assert len(fit.certificate.singular) == len(newton.certificate.singular)
    assert fit.certificate.path[-1].objective == fit.objective


def test_the_state_is_the_first_that_holds():
    sound = me.lmm("y ~ 1 + (1 | g)", crossed_table()).certificate
    singular = me.lmm("y ~ 1 + (1 | g)", no_group_variance()).certificate
    flat = replace(singular, flat=(FlatDirection((), 0.0),))
    assert sound.state == "certified" and singular.state == "singular"
    assert replace(singular, rule="enough", short=True).state == "ended by rule"
    assert replace(flat, rule="enough", short=True).state == "not identified"
    failed = replace(flat, converged=False)
    assert failed.state == "not converged"
    assert replace(failed, infinite=("x",)).state == "no maximum"
