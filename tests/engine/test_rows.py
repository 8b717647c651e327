"""Sums over rows with changing weights, against one dense matrix."""

from __future__ import annotations

import numpy as np
import pytest

from mixedeffects.design import build_design
from mixedeffects.engine import make_plan
from mixedeffects.engine.rows import RandomRows, row_system
from mixedeffects.engine.rows.single import SingleRows
from tests.tolerances import EXACT_ALGEBRA

CASES = {
    "small": ("y ~ 1 + (1 + x | g)", (8, 6, 4), "auto"),
    "single": ("y ~ 1 + (1 | g)", (8, 6, 4), "auto"),
    "single of a slope": ("y ~ 1 + (0 + x | g)", (50, 6, 4), "auto"),
    "leaf": ("y ~ 1 + (1 | h)", (8, 150, 4), "auto"),
    "leaf of two": ("y ~ 1 + (1 + x | h)", (8, 150, 4), "auto"),
    "leaf of three": ("y ~ 1 + (1 + x + z | h)", (8, 150, 4), "auto"),
    "crossed": ("y ~ 1 + (1 | g) + (1 | h)", (40, 150, 4), "dense"),
    "crossed slopes": ("y ~ 1 + (1 + x | g) + (1 + z | h) + (1 | i)", (40, 150, 7), "dense"),
    "crossed sparse": ("y ~ 1 + (1 + x | g) + (1 | h) + (1 | i)", (40, 150, 7), "sparse"),
    "nested": ("y ~ 1 + (1 | g / h)", (40, 150, 4), "sparse"),
    "separate": ("y ~ 1 + (x || g) + (1 | h)", (40, 150, 4), "dense"),
}


@pytest.fixture(scope="module")
def table():
    def make(sizes, n=700):
        rng = np.random.default_rng(3)
        g, h, i = (rng.integers(0, q, n) for q in sizes)
        for codes, q in ((g, sizes[0]), (h, sizes[1]), (i, sizes[2])):
            codes[:q] = np.arange(q)
        return {
            "y": rng.normal(size=n), "x": rng.normal(size=n), "z": rng.normal(size=n),
            "g": [f"g{v}" for v in g], "h": [f"h{v}" for v in h], "i": [f"i{v}" for v in i],
        }  # fmt: skip

    return make


def dense_Z(blocks, Lambdas, T_blocks, order):
    """Z Lambda with the columns in the engine's order, built one entry at a time."""
    parts = []
    for f in order:
        block = blocks[f]
        n, k, q = block.factor.codes.size, block.k, block.factor.n_levels
        Z = np.ones((n, 1)) if block.Z is None else np.asarray(block.Z)
        scaled = Z @ T_blocks[f] @ Lambdas[f]
        part = np.zeros((n, q * k))
        for i, j in enumerate(block.factor.codes):
            part[i, j * k : (j + 1) * k] = scaled[i]
        parts.append(part)
    return np.concatenate(parts, axis=1)


def unscaled(rows):
    """Z before Lambda, dense."""
    out = np.zeros((rows.n, rows.width))
    for i in range(rows.n):
        out[i, rows.columns[i]] = rows.Z[i]
    return out


@pytest.fixture(params=CASES)
def case(request, table):
    formula, sizes, engine = CASES[request.param]
    rng = np.random.default_rng(8)
    design = build_design(formula, table(sizes), saturated=True)
    plan = make_plan(design, engine)
    layout = plan.layout
    order = layout.rest if layout.leaf is None else (layout.leaf, *layout.rest)
    T_blocks = [np.triu(rng.normal(size=(b.k, b.k))) + 2 * np.eye(b.k) for b in design.blocks]
    Lambdas = [np.tril(rng.normal(size=(b.k, b.k))) for b in design.blocks]
    rows = RandomRows.of(design.blocks, T_blocks, order)
    system = row_system(rows, design.blocks, plan)
    system.scale(Lambdas)
    Z = dense_Z(design.blocks, Lambdas, T_blocks, order)
    w = rng.uniform(0.1, 2.0, design.n)
    M = np.eye(Z.shape[1]) + Z.T @ (w[:, None] * Z)
    return system, plan, Z, w, M


def test_the_plans_are_the_ones_meant(table):
    kinds = {}
    for name, (formula, sizes, engine) in CASES.items():
        plan = make_plan(build_design(formula, table(sizes), saturated=True), engine)
        kinds[name] = (plan.layout.leaf is None, plan.remainder)
    assert kinds["small"][0] and kinds["single"][0] and kinds["single of a slope"][0]
    assert kinds["leaf of two"] == (False, "none")
    assert kinds["crossed slopes"] == (False, "dense")
    assert kinds["crossed sparse"] == kinds["nested"] == (False, "sparse")


def test_one_effect_a_level_needs_no_matrix(case, request):
    chosen = request.node.callspec.params["case"].startswith("single")
    assert isinstance(case[0], SingleRows) == chosen


def test_products(case):
    system, _, Z, w, _ = case
    u = np.random.default_rng(1).normal(size=Z.shape[1])
    np.testing.assert_allclose(system.eta(u), Z @ u, **EXACT_ALGEBRA)
    np.testing.assert_allclose(system.gather(w), Z.T @ w, **EXACT_ALGEBRA)
    raw = unscaled(system.rows)
    np.testing.assert_allclose(system.eta(u, raw=True), raw @ u, **EXACT_ALGEBRA)
    np.testing.assert_allclose(system.gather(w, raw=True), raw.T @ w, **EXACT_ALGEBRA)
    both = np.stack([w, w**2], axis=1)
    np.testing.assert_allclose(system.gather(both), Z.T @ both, **EXACT_ALGEBRA)


def test_determinant_and_solutions(case):
    system, _, Z, w, M = case
    factor = system.factorise(w)
    np.testing.assert_allclose(factor.logdet, np.linalg.slogdet(M)[1], **EXACT_ALGEBRA)
    B = np.random.default_rng(2).normal(size=(Z.shape[1], 3))
    np.testing.assert_allclose(factor.solve(B), np.linalg.solve(M, B), **EXACT_ALGEBRA)
    np.testing.assert_allclose(factor.solve(B[:, 0]), np.linalg.solve(M, B[:, 0]), **EXACT_ALGEBRA)


def test_selected_inverse(case):
    system, _, Z, w, M = case
    factor, inverse = system.factorise(w), np.linalg.inv(M)
    whole = Z @ inverse
    own = np.take_along_axis(whole, system.rows.columns.astype(int), axis=1)
    np.testing.assert_allclose(factor.row_inverses(), own, **EXACT_ALGEBRA)
    rows = system.rows
    for f, _, where in rows.parts:
        q, k = rows.q[f], rows.k[f]
        part = inverse[where, where].reshape(q, k, q, k)
        expected = np.einsum("jajb->jab", part)
        np.testing.assert_allclose(factor.blocks()[f], expected, **EXACT_ALGEBRA)


def test_a_matrix_that_is_not_positive_definite_says_so(case):
    system, _, _, w, _ = case
    assert system.factorise(-5.0 * w).logdet == np.inf
