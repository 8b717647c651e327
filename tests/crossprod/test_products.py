"""Cross-products against dense matrix products, and as a monoid."""

from dataclasses import fields
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixedeffects.crossprod import CrossProducts, crossed, leaf_pattern, products
from mixedeffects.errors import OptionError
from tests import tolerances as tol
from tests.engine.simulated import design_of, designs, layout_of
from tests.oracles import dense

DESIGNS = designs()


def rows_of(design, rows):
    """The design of some rows; levels keep their codes."""
    blocks = tuple(
        SimpleNamespace(
            factor=SimpleNamespace(
                codes=b.factor.codes[rows], n_levels=b.factor.n_levels, name=b.factor.name
            ),
            Z=None if b.Z is None else b.Z[rows],
            k=b.k,
            terms=b.terms,
        )
        for b in design.blocks
    )
    w = None if design.weights is None else design.weights[rows]
    return SimpleNamespace(
        y=design.y[rows], X=design.X[rows], blocks=blocks, weights=w, offset=None, n=len(rows)
    )


def unpack(rows, width):
    """A compressed-row matrix in full, (q k, width)."""
    q, k = rows.indptr.size - 1, rows.value.shape[1]
    out = np.zeros((q, k, width))
    for j in range(q):
        part = slice(rows.indptr[j], rows.indptr[j + 1])
        assert (np.diff(rows.index[part]) > 0).all()
        out[j][:, rows.index[part]] = rows.value[part].T
    return out.reshape(q * k, width)


def whole(stats):
    """[Z y~-columns]'W[...] in full, leaf first."""
    layout = stats.layout
    m = layout.m
    A = np.zeros((m, m))
    for diag, f, offset in zip(stats.rest_diag, layout.rest, layout.offsets, strict=True):
        k = layout.k[f]
        for j in range(layout.q[f]):
            at = offset + j * k
            A[at : at + k, at : at + k] = diag[j]
    for (a, b), rows in stats.rest_cross.items():
        fb = layout.rest[b]
        block = unpack(rows, layout.q[fb] * layout.k[fb])
        one, two = layout.offsets[a], layout.offsets[b]
        A[one : one + block.shape[0], two : two + block.shape[1]] = block
        A[two : two + block.shape[1], one : one + block.shape[0]] = block.T
    q, k = layout.q[layout.leaf], layout.k[layout.leaf]
    full = np.zeros((q * k + m, q * k + m))
    for j in range(q):
        full[j * k : (j + 1) * k, j * k : (j + 1) * k] = stats.leaf_diag[j]
    full[q * k :, q * k :] = A
    if stats.leaf_cross is not None:
        V = unpack(stats.leaf_cross, m)
        full[: q * k, q * k :] = V
        full[q * k :, : q * k] = V.T
    fixed = np.vstack([stats.leaf_fixed.reshape(q * k, -1), stats.rest_fixed])
    return full, fixed, stats.xx


def expected(design, stats):
    n = design.n
    w = np.ones(n) if design.weights is None else design.weights
    T = stats.reference.T
    XY = np.column_stack([design.X, design.y]) @ T
    order = (stats.layout.leaf, *stats.layout.rest)
    parts = []
    for f in order:
        b = design.blocks[f]
        Z = (np.ones((n, 1)) if b.Z is None else b.Z) @ stats.reference.T_blocks[f]
        part = np.zeros((n, b.factor.n_levels * b.k))
        used = dense.random_effects_matrix(b.factor.codes, Z)
        part[:, : used.shape[1]] = used
        parts.append(part)
    Z = np.hstack(parts)
    return Z.T @ (w[:, None] * Z), Z.T @ (w[:, None] * XY), XY.T @ (w[:, None] * XY)


def assert_same(got, want):
    for a, b in zip(got, want, strict=True):
        np.testing.assert_allclose(
            a, b, rtol=tol.ROUNDING_E11, atol=tol.ROUNDING_E11 * np.abs(b).max()
        )


@pytest.mark.parametrize("name", DESIGNS)
def test_sums_are_matrix_products(name):
    design = DESIGNS[name]
    stats = CrossProducts.of(design, layout_of(design))
    assert_same(whole(stats), expected(design, stats))
    assert stats.n == design.n


def test_small_layout_holds_the_same_numbers():
    design = DESIGNS["partially crossed"]
    blocked = CrossProducts.of(design, layout_of(design))
    small = CrossProducts.of(design, layout_of(design, small=True), blocked.reference)
    full, fixed, xx = whole(blocked)
    assert_same((small.rest_dense, small.rest_fixed, small.xx), (full, fixed, xx))


def test_threads_give_the_same(monkeypatch):
    design = DESIGNS["partially crossed, vectors"]
    alone = CrossProducts.of(design, layout_of(design))
    monkeypatch.setattr(crossed, "PARALLEL_ROWS", 0)
    monkeypatch.setattr(crossed, "cores", lambda: 3)
    shared = CrossProducts.of(design, layout_of(design))
    for a, b in zip(whole(alone), whole(shared), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", DESIGNS)
def test_chunks_of_rows_shared_among_threads_give_the_same(name, monkeypatch):
    """As of 131,072 rows on: several chunks to a thread, the last one shorter."""
    design = DESIGNS[name]
    used = []

    class Pool(products.ThreadPoolExecutor):
        def __init__(self, workers):
            used.append(workers)
            super().__init__(workers)

    monkeypatch.setattr(products, "CHUNK", 16)
    monkeypatch.setattr(products, "cores", lambda: 3)
    monkeypatch.setattr(products, "ThreadPoolExecutor", Pool)
    stats = CrossProducts.of(design, layout_of(design))
    assert used == [3] and design.n % 16
    assert_same(whole(stats), expected(design, stats))


def assert_same_fields(got, want, scale=None):
    """Every field of two cross-products, whatever fields there are."""
    for field in fields(CrossProducts):
        if field.name in ("layout", "reference"):
            assert getattr(got, field.name) == getattr(want, field.name)
            continue
        parts = [numbers_of(getattr(s, field.name)) for s in (got, want, scale or want)]
        assert len(parts[0]) == len(parts[1]), field.name
        for a, b, size in zip(*parts, strict=True):
            allowed = 1e-11 * np.abs(size).max(initial=1.0)
            np.testing.assert_allclose(
                a, b, rtol=tol.ROUNDING_E11, atol=allowed, err_msg=field.name
            )


def numbers_of(value):
    """The arrays in a field; of compressed rows, the matrix in full."""
    if value is None:
        return []
    if isinstance(value, dict):
        return [part for key in sorted(value) for part in numbers_of(value[key])]
    if isinstance(value, tuple) and not hasattr(value, "indptr"):
        return [part for one in value for part in numbers_of(one)]
    return [unpack(value, 100)] if hasattr(value, "indptr") else [np.asarray(value)]


@pytest.mark.parametrize("small", [True, False])
@pytest.mark.parametrize("name", ["one factor", "crossed", "nested in three"])
def test_an_offset_is_taken_off_the_response(name, small):
    """Sums with it are those of the response less the offset, in the same coordinates."""
    plain = DESIGNS[name]
    offset = np.random.default_rng(3).normal(2.0, 5.0, plain.n)
    design = SimpleNamespace(**vars(plain) | {"offset": offset})
    less = SimpleNamespace(**vars(plain) | {"y": plain.y - offset})
    layout = layout_of(plain, small=small)
    want = CrossProducts.of(less, layout)
    assert_same_fields(CrossProducts.of(design, layout, want.reference), want)
    own = CrossProducts.of(design, layout)
    np.testing.assert_allclose(
        own.reference.T, want.reference.T, rtol=tol.ROUNDING_E11, atol=tol.ROUNDING_E11
    )
    assert abs(own.xx[-1, -1] - CrossProducts.of(plain, layout, want.reference).xx[-1, -1]) > 1.0


@given(st.integers(0, 2**32 - 1), st.sampled_from(sorted(DESIGNS)), st.booleans())
@settings(max_examples=25)
def test_every_field_merges_and_is_removed(seed, name, small):
    design = DESIGNS[name]
    rng = np.random.default_rng(seed)
    chosen = rng.random(design.n) < rng.uniform(0.1, 0.9)
    layout = layout_of(design, small=small)
    batch = CrossProducts.of(design, layout)
    one, two = (
        CrossProducts.of(rows_of(design, np.flatnonzero(rows)), layout, batch.reference)
        for rows in (chosen, ~chosen)
    )
    assert_same_fields(one.merge(two), batch)
    assert_same_fields(batch.remove(two), one, batch)
    assert_same_fields(batch.remove(one), two, batch)


@given(st.integers(0, 2**32 - 1), st.sampled_from(sorted(DESIGNS)))
@settings(max_examples=25)
def test_merging_parts_is_summing_at_once_and_removing_undoes_it(seed, name):
    design = DESIGNS[name]
    rng = np.random.default_rng(seed)
    first = np.sort(rng.permutation(design.n)[: rng.integers(1, design.n)])
    second = np.setdiff1d(np.arange(design.n), first)
    layout = layout_of(design)
    batch = CrossProducts.of(design, layout)
    one = CrossProducts.of(rows_of(design, first), layout, batch.reference)
    two = CrossProducts.of(rows_of(design, second), layout, batch.reference)
    merged = one.merge(two)
    assert_same(whole(merged), whole(batch))
    assert merged.n == batch.n
    assert merged.log_weights == pytest.approx(batch.log_weights, abs=tol.ROUNDING_E9)
    assert_same(whole(one.add(rows_of(design, second))), whole(batch))
    left = batch.remove(two)
    for a, b, scale in zip(whole(left), whole(one), whole(batch), strict=True):
        np.testing.assert_allclose(a, b, atol=tol.ROUNDING_E11 * np.abs(scale).max())
    assert left.n == one.n


def test_products_in_other_coordinates_do_not_merge():
    design = DESIGNS["crossed"]
    layout = layout_of(design)
    one = CrossProducts.of(rows_of(design, np.arange(100)), layout)
    two = CrossProducts.of(rows_of(design, np.arange(100, design.n)), layout)
    with pytest.raises(OptionError, match="different coordinates"):
        one.merge(two)


@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(1, 5), st.integers(1, 4))
@settings(max_examples=40)
def test_leaf_pattern_is_the_set_of_levels_met(seed, a, b, c):
    rng = np.random.default_rng(seed)
    n = 30
    codes = [rng.integers(0, q, n) for q in (a, b, c)]
    for code, q in zip(codes, (a, b, c), strict=True):
        code[:q] = np.arange(q)
    design = design_of(np.zeros(n), np.ones((n, 1)), [(code, None) for code in codes])
    indptr, index = leaf_pattern(design.blocks, layout_of(design))
    for j in range(a):
        rows = codes[0] == j
        met = sorted(set(codes[1][rows].tolist()) | set((b + codes[2][rows]).tolist()))
        assert sorted(index[indptr[j] : indptr[j + 1]].tolist()) == met
