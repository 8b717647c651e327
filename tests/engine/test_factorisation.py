"""Every route through the engine against dense textbook matrices."""

import numpy as np
import pytest

from mixedeffects.crossprod import CrossProducts
from mixedeffects.engine.remainder import sparse
from mixedeffects.engine.solver import Solver
from tests import tolerances as tol
from tests.engine.simulated import Oracle, design_of, designs, layout_of, objective_of

DESIGNS = designs()
MANY = [name for name, d in DESIGNS.items() if len(d.blocks) > 1]
ROUTES = [(name, "dense") for name in DESIGNS] + [(name, "sparse") for name in MANY]
# the same sums in another order
VALUE_RTOL = tol.ROUNDING_E10
# 1 - diag(R^-1) cancels down to 1e-5 before it is extrapolated instead
DERIVATIVE_RTOL = tol.ROUNDING_E9


def points(n_theta, seed=5):
    """Regular, singular, tiny, zero."""
    rng = np.random.default_rng(seed)
    theta = rng.normal(size=n_theta)
    holes = theta * (np.arange(n_theta) % 2)
    one_zero = theta.copy()
    one_zero[-1] = 0.0
    return {
        "regular": theta,
        "holes": holes,
        "last zero": one_zero,
        "small": 1e-4 * theta,
        "tiny": 1e-8 * theta,
        "zero": 0.0 * theta,
    }


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize(("name", "engine"), ROUTES)
def test_value_derivative_and_conditional(name, engine, reml):
    design = DESIGNS[name]
    objective = objective_of(design, engine, reml)
    for where, theta in points(objective.parameters.n_theta).items():
        evaluation = objective.evaluate(theta)
        oracle = Oracle(design, objective, theta, reml)
        assert evaluation.value == pytest.approx(oracle.value, rel=VALUE_RTOL), where
        for D, expected, scale in zip(evaluation.D, oracle.D, oracle.scale, strict=True):
            assert np.abs(D - expected).max() <= DERIVATIVE_RTOL * scale, where
        conditional = evaluation.factorisation.conditional()
        for blocks, expected in zip(conditional, oracle.conditional, strict=True):
            np.testing.assert_allclose(
                blocks,
                expected,
                rtol=tol.ROUNDING_E9,
                atol=tol.ROUNDING_E11 * (np.finfo(float).tiny + np.abs(expected).max()),
            )


@pytest.mark.parametrize(("name", "engine"), ROUTES)
def test_gradient_is_the_slope_of_the_value(name, engine):
    objective = objective_of(DESIGNS[name], engine)
    rng = np.random.default_rng(8)
    theta = rng.normal(size=objective.parameters.n_theta)
    gradient = objective.evaluate(theta).gradient
    step = 1e-5
    for _ in range(3):
        u = rng.normal(size=theta.size)
        slope = (objective.value(theta + step * u) - objective.value(theta - step * u)) / (2 * step)
        assert gradient @ u == pytest.approx(slope, abs=tol.TRUNCATION_E6 * np.abs(gradient).max())


@pytest.mark.parametrize("name", MANY)
def test_curvature_does_not_depend_on_the_route(name):
    design = DESIGNS[name]
    theta = np.random.default_rng(9).normal(size=objective_of(design).parameters.n_theta)
    reference = CrossProducts.of(design, layout_of(design, small=True))
    small = objective_of(design)
    small.solver = Solver(reference)
    expected = small.evaluate(theta).curvature
    assert np.abs(expected).max() > 0.1
    for engine in ("dense", "sparse"):
        H = objective_of(design, engine).evaluate(theta).curvature
        np.testing.assert_allclose(H, expected, atol=tol.ROUNDING_E9 * np.abs(expected).max())


def test_levels_unpacked_for_blas_give_the_same():
    design = DESIGNS["crossed, vectors"]
    plain, unpacked = objective_of(design), objective_of(design)
    plain.solver._engine.crossing.unpacked = False
    crossing = unpacked.solver._engine.crossing
    crossing.unpacked, crossing._batch = True, 5
    theta = np.random.default_rng(3).normal(size=plain.parameters.n_theta)
    a, b = plain.evaluate(theta), unpacked.evaluate(theta)
    assert a.value == pytest.approx(b.value, rel=tol.ROUNDING_E13)
    np.testing.assert_allclose(a.gradient, b.gradient, rtol=tol.ROUNDING_E10)
    np.testing.assert_allclose(a.curvature, b.curvature, rtol=tol.ROUNDING_E9, atol=tol.ROUNDING_E9)


def test_rows_shared_among_threads_give_the_same():
    design = DESIGNS["crossed, vectors"]
    alone, shared = objective_of(design), objective_of(design)
    for objective, workers in ((alone, 1), (shared, 3)):
        objective.solver._engine.crossing.unpacked = False
        objective.solver._engine.crossing._workers = workers
    theta = np.random.default_rng(3).normal(size=alone.parameters.n_theta)
    assert alone.value(theta) == shared.value(theta)
    np.testing.assert_allclose(
        alone.evaluate(theta).gradient, shared.evaluate(theta).gradient, rtol=tol.ROUNDING_E10
    )


def test_sparse_remainder_without_a_list_of_places(monkeypatch):
    design = DESIGNS["partially crossed, vectors"]
    listed = objective_of(design, "sparse")
    assert listed.solver._engine.remainder._pairs is not None
    monkeypatch.setattr(sparse, "LISTED_PAIRS", -1)
    unlisted = objective_of(design, "sparse")
    assert unlisted.solver._engine.remainder._pairs is None
    theta = np.random.default_rng(3).normal(size=listed.parameters.n_theta)
    a, b = listed.evaluate(theta), unlisted.evaluate(theta)
    assert a.value == pytest.approx(b.value, rel=tol.ROUNDING_E13)
    np.testing.assert_allclose(a.gradient, b.gradient, rtol=tol.ROUNDING_E10)


def test_one_row_per_level_and_one_level_with_nearly_all_rows():
    rng = np.random.default_rng(4)
    n = 120
    single = np.minimum(np.arange(n), 30)  # 30 levels of one row, one of 90
    crossed = rng.integers(0, 5, n)
    X = np.column_stack([np.ones(n), rng.normal(size=n)])
    design = design_of(rng.normal(size=n), X, [(single, X), (crossed, None)])
    for engine in ("dense", "sparse"):
        objective = objective_of(design, engine)
        for where, theta in points(objective.parameters.n_theta).items():
            evaluation = objective.evaluate(theta)
            oracle = Oracle(design, objective, theta, True)
            assert evaluation.value == pytest.approx(oracle.value, rel=VALUE_RTOL), where
            for D, expected, scale in zip(evaluation.D, oracle.D, oracle.scale, strict=True):
                assert np.abs(D - expected).max() <= DERIVATIVE_RTOL * scale, where
