"""What rounding leaves, against the same likelihood in 80-bit arithmetic."""

import numpy as np
import pytest

from tests import tolerances as tol
from tests.engine.simulated import dense_levels, design_of, objective_of
from tests.oracles import dense

LONG = np.longdouble
pytestmark = pytest.mark.skipif(
    np.finfo(LONG).eps > 1e-18, reason="no extended precision on this platform"
)


def cholesky(A):
    A = A.copy()
    for j in range(len(A)):
        A[j, j] = np.sqrt(A[j, j] - A[j, :j] @ A[j, :j])
        A[j + 1 :, j] = (A[j + 1 :, j] - A[j + 1 :, :j] @ A[j, :j]) / A[j, j]
    return np.tril(A)


def solve_lower(L, B):
    B = B.copy()
    for i in range(len(L)):
        B[i] = (B[i] - L[i, :i] @ B[:i]) / L[i, i]
    return B


def long_criterion(y, X, blocks, lambdas, weights):
    """REML criterion with every operation in extended precision."""
    n, p = X.shape
    V = np.diag(1 / weights.astype(LONG))
    for (codes, Z), Lam in zip(blocks, lambdas, strict=True):
        full = dense.random_effects_matrix(codes, Z).astype(LONG)
        A = full @ np.kron(np.eye(codes.max() + 1), Lam).astype(LONG)
        V = V + A @ A.T
    L = cholesky(V)
    U = solve_lower(L, np.column_stack([X, y]).astype(LONG))
    C = cholesky(U.T @ U)
    r2 = C[p, p] ** 2
    value = 2 * np.log(np.diag(L)).sum() + 2 * np.log(np.diag(C)[:p]).sum()
    return float(value + (n - p) * (1 + np.log(2 * LONG(np.pi) * r2 / (n - p))))


def data(seed=2, n=60):
    rng = np.random.default_rng(seed)
    g = dense_levels(np.sort(rng.integers(0, 8, n)))
    return rng, g, rng.integers(0, 4, n), rng.normal(size=n), rng.normal(size=n) + g / 4


@pytest.mark.parametrize("engine", ["dense", "sparse"])
@pytest.mark.parametrize("columns", [1, 2, 3])
@pytest.mark.parametrize(("size", "rtol"), [(1.0, 1e-14), (1e4, 1e-8), (1e-8, 1e-14)])
def test_very_large_and_very_small_variances(size, rtol, columns, engine):
    """At theta = 1e4 the condition of M is 1e9: seven digits are all there are."""
    rng, g, h, x, y = data()
    X = np.column_stack([np.ones_like(x), x])
    Z = np.column_stack([X, x * x])[:, :columns]
    design = design_of(y, X, [(g, None if columns == 1 else Z), (h, None)])
    objective = objective_of(design, engine)
    theta = size * np.abs(rng.normal(size=objective.parameters.n_theta))

    def expected(theta):
        blocks = [
            (b.factor.codes, (np.ones((y.size, 1)) if b.Z is None else b.Z) @ T)
            for b, T in zip(design.blocks, objective.stats.reference.T_blocks, strict=True)
        ]
        lambdas = objective.parameters.lambdas(theta)
        return long_criterion(y, X, blocks, lambdas, np.ones(y.size))

    evaluation = objective.evaluate(theta)
    assert evaluation.value == pytest.approx(expected(theta), rel=rtol)
    u = theta * rng.normal(size=theta.size)
    slope = (expected(theta + 1e-5 * u) - expected(theta - 1e-5 * u)) / 2e-5
    assert evaluation.gradient @ u == pytest.approx(
        slope, rel=tol.TRUNCATION_E4, abs=tol.ROUNDING_E9
    )


@pytest.mark.parametrize("engine", ["dense", "sparse"])
def test_weights_over_twelve_orders_of_magnitude(engine):
    rng, g, h, x, y = data()
    X = np.column_stack([np.ones_like(x), x])
    w = 10.0 ** rng.uniform(-6, 6, y.size)
    design = design_of(y, X, [(g, X), (h, None)], w)
    objective = objective_of(design, engine)
    theta = rng.normal(size=objective.parameters.n_theta)
    lambdas = objective.parameters.lambdas(theta)
    T = objective.stats.reference.T_blocks
    blocks = [(g, X @ T[0]), (h, np.ones((y.size, 1)))]
    expected = long_criterion(y, X, blocks, lambdas, w)
    assert objective.value(theta) == pytest.approx(expected, rel=tol.ROUNDING_E9)


@pytest.mark.parametrize("engine", ["dense", "sparse"])
def test_a_response_of_1e8_and_a_covariate_of_1e6(engine):
    """The oracle sees the centred numbers: the criterion does not change by shifts."""
    rng, g, h, x, y = data()
    far_x, far_y = 1e6 + x, 1e8 + y
    near_x, near_y = far_x - 1e6, far_y - 1e8
    far = np.column_stack([np.ones_like(x), far_x])
    near = np.column_stack([np.ones_like(x), near_x])
    objective = objective_of(design_of(far_y, far, [(g, far), (h, None)]), engine)
    theta = rng.normal(size=objective.parameters.n_theta)
    lambdas = objective.parameters.lambdas(theta)
    shift = np.array([[1, 1e6], [0, 1]], dtype=LONG)
    T = (shift @ objective.stats.reference.T_blocks[0].astype(LONG)).astype(float)
    blocks = [(g, near @ T), (h, np.ones((y.size, 1)))]
    expected = long_criterion(near_y, near, blocks, lambdas, np.ones(y.size))
    # 1e8 holds 1.5e-8: that much of each residual is gone with the data
    assert objective.value(theta) == pytest.approx(expected, abs=tol.ROUNDING_2E6)
