"""The approximate likelihood against a dense oracle and against numerical integration."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize

from mixedeffects.engine import plan
from mixedeffects.engine.rows.blocked import BlockedRows
from mixedeffects.engine.rows.small import SmallRows
from mixedeffects.estimation.laplace import LaplaceObjective, QuadratureObjective, QuickObjective
from mixedeffects.estimation.laplace.mode import RandomEffects
from tests import tolerances as tol
from tests.estimation.laplace.problems import MODELS, named, problem, table
from tests.tolerances import (
    GLMM_GRADIENT_RTOL,
    GLMM_HESSIAN_RTOL,
    GLMM_INTEGRAL_RTOL,
    GLMM_MODE_ATOL,
    GLMM_OBJECTIVE_ATOL,
)

ONE_FACTOR = ("binomial slopes", "probit", "nbinom2", "ordinal", "t", "zero inflated")


def point(problem, seed=2):
    """Parameters away from any optimum, thresholds in order."""
    from mixedeffects.estimation.laplace.start import start_point

    rng = np.random.default_rng(seed)
    x = start_point(problem)
    x += 0.1 * rng.normal(size=x.size) * (1.0 + np.abs(x)) / 2
    return x


def dense_value(problem, x):
    """2 F + log|M| at a minimum that SciPy finds, derivatives by differences of the density."""
    rows = problem.system.rows
    lambdas = problem.covariance_parameters.lambdas(problem.theta(x))
    Z = np.zeros((rows.n, rows.width))
    scaled = rows.scaled(lambdas)
    for i in range(rows.n):
        Z[i, rows.columns[i]] += scaled[i]
    n, variables = problem.response.y.shape[0], problem.stacking.variables
    Zs = [Z[a * n : (a + 1) * n] for a in range(len(variables))]
    fixed = problem.fixed(x)

    def predictors(u):
        out = list(fixed)
        for v, Za in zip(variables, Zs, strict=True):
            out[v] = out[v] + Za @ u
        return out

    def rows_density(values):
        density = np.asarray(problem.family.log_density(problem.response, *values))
        weights = problem.response.weights
        scales = problem.family.weights_scale_dispersion
        return density if weights is None or scales else density * weights

    def F(u):
        return 0.5 * u @ u - rows_density(predictors(u)).sum()

    h = 1e-5

    def slope(u, v):
        up, down = predictors(u), predictors(u)
        up[v], down[v] = up[v] + h, down[v] - h
        return (rows_density(up) - rows_density(down)) / (2 * h)

    def gradient(u):
        return u - sum(Za.T @ slope(u, v) for v, Za in zip(variables, Zs, strict=True))

    u = minimize(F, np.zeros(rows.width), jac=gradient, method="BFGS", options={"gtol": 1e-9}).x
    M, h2 = np.eye(rows.width), 1e-3
    for i, a in enumerate(variables):
        for j, b in enumerate(variables):
            value = 0.0
            for s in (1, -1):
                for t in (1, -1):
                    moved = predictors(u)
                    moved[a] = moved[a] + s * h2
                    moved[b] = moved[b] + t * h2
                    value = value + s * t * rows_density(moved)
            M -= Zs[i].T @ ((value / (4 * h2 * h2))[:, None] * Zs[j])
    return 2.0 * F(u) + np.linalg.slogdet(M)[1]


@pytest.mark.parametrize("name", MODELS)
def test_value_is_that_of_the_definition(name):
    p = named(name)
    x = point(p)
    objective = LaplaceObjective(p)
    with objective.exactly():
        value = objective.value(x)
    assert value == pytest.approx(dense_value(p, x), abs=GLMM_OBJECTIVE_ATOL)


def difference(objective, x, near):
    h, out = 1e-4, np.empty(x.size)
    for j in range(x.size):
        values = []
        for step in (-2, -1, 1, 2):
            moved = x.copy()
            moved[j] += step * h
            values.append(objective.evaluate(moved, near=near).value)
        out[j] = (8 * (values[2] - values[1]) - (values[3] - values[0])) / (12 * h)
    return out


def assert_gradient(objective, x):
    with objective.exactly():
        evaluation = objective.evaluate(x)
        assert np.isfinite(evaluation.value)
        expected = difference(objective, x, evaluation)
    scale = np.abs(expected).max()
    np.testing.assert_allclose(
        evaluation.gradient / scale, expected / scale, rtol=0, atol=GLMM_GRADIENT_RTOL
    )


@pytest.mark.parametrize("name", MODELS)
def test_modes_are_guessed_to_second_order(name):
    p = named(name)
    objective, x = LaplaceObjective(p), point(p)
    # predictors without random effects bend the scores in ways that are not kept
    far = np.zeros(x.size)
    for predictor in p.predictors:
        if predictor.variable in p.stacking.variables:
            far[predictor.part] = 0.04
    far[p.n_fixed :] = 0.04
    with objective.exactly():
        here = objective.evaluate(x)
        errors = []
        for share in (1.0, 0.5):
            there = objective.evaluate(x + share * far, near=here)
            p.system.scale(there.lambdas)
            guess = RandomEffects(p, there.fixed).guessed(here.mode)
            errors.append(np.abs(guess - there.mode.u).max())
    assert errors[0] < tol.GUESSED_MODES
    assert errors[1] < tol.HALF_A_STEP_CUBED * errors[0]


def test_modes_do_not_depend_on_where_their_search_begins():
    for name in MODELS:
        p = named(name)
        x = point(p)
        far = x + 0.05
        if not np.isfinite(LaplaceObjective(p).evaluate(far).value):
            continue
        fresh, followed = LaplaceObjective(p), LaplaceObjective(p)
        alone = fresh.evaluate(far)
        near = followed.evaluate(far, near=followed.evaluate(x))
        assert near.value == pytest.approx(alone.value, abs=GLMM_MODE_ATOL)
        again = followed.evaluate(far, near=near)
        assert again.mode.steps == 0
        assert again.value == pytest.approx(alone.value, abs=GLMM_MODE_ATOL)


@pytest.mark.parametrize("engine", ["dense", "sparse"])
@pytest.mark.parametrize("name", ["poisson", "bernoulli", "two random", "two random, one factor"])
def test_every_engine_gives_the_same(name, engine, monkeypatch):
    formula, family, options = MODELS[name]
    data = table("zero_inflated" if "zi" in options else family, n=420)
    rng = np.random.default_rng(3)
    data["g"] = [f"g{v}" for v in rng.permutation(np.arange(420) % 130)]
    blocked = problem(formula, family, data, engine=engine, **options)
    monkeypatch.setattr(plan, "SMALL_COLUMNS", 10_000)
    monkeypatch.setattr(plan, "SMALL_WORK", np.inf)
    small = problem(formula, family, data, **options)
    assert type(small.system) is SmallRows
    assert type(blocked.system) is BlockedRows
    assert blocked.system.remainder.name == engine
    x = point(small)
    a, b = LaplaceObjective(small), LaplaceObjective(blocked)
    with a.exactly(), b.exactly():
        one, two = a.evaluate(x), b.evaluate(x)
        assert one.value == pytest.approx(two.value, abs=GLMM_MODE_ATOL)
        np.testing.assert_allclose(
            one.gradient, two.gradient, rtol=tol.OPTIMUM_E6, atol=tol.OPTIMUM_E5
        )


@pytest.mark.parametrize("name", MODELS)
def test_gradient_is_the_slope(name):
    p = named(name)
    assert_gradient(LaplaceObjective(p), point(p))


@pytest.mark.parametrize("name", ONE_FACTOR)
@pytest.mark.parametrize("points", [2, 5])
def test_gradient_of_quadrature_is_the_slope(name, points):
    p = named(name)
    assert_gradient(QuadratureObjective(p, points), point(p))


@pytest.mark.parametrize("name", ["poisson", "binomial slopes", "nbinom2", "two random", "ordinal"])
def test_gradient_of_the_quick_form_is_the_slope(name):
    p = named(name)
    objective = QuickObjective(p)
    x = point(p)
    x[p.predictors[0].part] = 0.0
    assert_gradient(objective, x)


def test_one_node_is_laplace():
    p = named("binomial slopes")
    x = point(p)
    laplace, quadrature = LaplaceObjective(p), QuadratureObjective(p, 1)
    with laplace.exactly(), quadrature.exactly():
        a, b = laplace.evaluate(x), quadrature.evaluate(x)
        assert a.value == pytest.approx(b.value, abs=tol.ROUNDING_E10)
        np.testing.assert_allclose(a.gradient, b.gradient, atol=tol.OPTIMUM_E7)


@pytest.mark.parametrize("name", ["probit", "nbinom1", "beta", "zero inflated", "t"])
def test_many_nodes_are_the_integral(name):
    """Level by level, the one-dimensional integral by SciPy's adaptive rule."""
    p = named(name)
    x = point(p)
    objective = QuadratureObjective(p, 41)
    value = objective.value(x)
    p.system.scale(p.covariance_parameters.lambdas(p.theta(x)))
    fixed, codes, q = p.fixed(x), p.system.rows.codes[0], p.system.rows.q[0]
    total = 0.0
    for j in range(q):
        rows = np.flatnonzero(codes == j)

        def log_joint(v, rows=rows, j=j):
            u = np.zeros(q)
            u[j] = v
            density = p.terms(fixed, u, 0)[()][rows].sum()
            return density - 0.5 * v * v - 0.5 * np.log(2 * np.pi)

        top = max(log_joint(v) for v in np.linspace(-4, 4, 33))
        integral = quad(
            lambda v, top=top, f=log_joint: np.exp(f(v) - top), -9, 9, limit=400, epsabs=0
        )[0]
        total += top + np.log(integral)
    assert value == pytest.approx(-2.0 * total, rel=GLMM_INTEGRAL_RTOL)


@pytest.mark.parametrize("name", ["poisson", "nbinom1", "ordinal probit", "binomial slopes"])
def test_hessian_is_the_slope_of_the_slope(name):
    from mixedeffects.estimation.laplace import fit_laplace, hessian

    p = named(name)
    objective = LaplaceObjective(p)
    evaluation, _, B = fit_laplace(objective)
    H = hessian(evaluation, B)
    K = H.shape[0]
    with objective.exactly():
        f0, h = evaluation.value, 2e-2 / np.sqrt(np.diag(H))

        def f(*moves):
            step = sum(m * h[j] * np.eye(K)[j] for j, m in moves)
            return objective.evaluate(evaluation.x + step, near=evaluation).value

        expected = np.empty((K, K))
        for i in range(K):
            one, two = f((i, 1)) + f((i, -1)), f((i, 2)) + f((i, -2))
            expected[i, i] = (16 * one - two - 30 * f0) / 12
            for j in range(i):
                near = f((i, 1), (j, 1)) - f((i, 1), (j, -1)) - f((i, -1), (j, 1))
                near += f((i, -1), (j, -1))
                far = f((i, 2), (j, 2)) - f((i, 2), (j, -2)) - f((i, -2), (j, 2))
                far += f((i, -2), (j, -2))
                expected[i, j] = expected[j, i] = (16 * near - far) / 48
    # in units of the curvature along each axis
    np.testing.assert_allclose(
        H * np.outer(h, h) / 4e-4, expected / 4e-4, rtol=0, atol=GLMM_HESSIAN_RTOL
    )


def test_levels_without_rows_of_information_change_nothing():
    """A level whose only row has weight next to zero: its effect stays at the prior's mode."""
    data = table("poisson")
    data["g"] = [*data["g"][:-1], "alone"]
    w = np.ones(len(data["y"]))
    w[-1] = 1e-12
    with_it = problem("y ~ x + (1 | g)", "poisson", data, weights=w)
    short = {k: v[:-1] for k, v in data.items()}
    without = problem("y ~ x + (1 | g)", "poisson", short)
    x = np.array([0.3, 0.2, 0.5])
    from mixedeffects.crossprod.reference import coordinates

    x_short = x.copy()
    X, X_short = (np.column_stack([np.ones(len(t["x"])), t["x"]]) for t in (data, short))
    (T, _), (T_short, _) = coordinates(X, X), coordinates(X_short, X_short)
    x_short[:2] = np.linalg.solve(T_short, T @ x[:2])
    one, two = LaplaceObjective(with_it).value(x), LaplaceObjective(without).value(x_short)
    assert one == pytest.approx(two, abs=tol.OPTIMUM_E6)
