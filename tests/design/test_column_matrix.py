"""A model matrix that is not made says the same as one that is."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mixedeffects as me
from mixedeffects.design import build_design, chunks
from mixedeffects.design.column_matrix import ColumnMatrix
from tests import tolerances as tol

GOLDEN = Path(__file__).parents[1] / "golden" / "design"


def golden(name):
    return json.loads((GOLDEN / f"{name}.json").read_text())


def table():
    frame = pd.DataFrame(golden("table")["columns"])
    frame["o"] = pd.Categorical(frame["o"], ["low", "mid", "high", "top"], ordered=True)
    frame["flag2"] = np.where(frame["flag"], "T", "F")
    return frame


def r_formula(case):
    return case["formula"].replace("contr.treatment(3, base = 2)", "contr.treatment(base = 2)")


@pytest.fixture
def build_both(monkeypatch):
    """Build a design as an array, and as if any size were large and pieces were short."""

    def build(*args, **kwargs):
        with monkeypatch.context() as patch:
            patch.setattr(chunks, "LARGE_BYTES", 0)
            patch.setattr("mixedeffects.design.column_matrix.PIECE", 1)
            patch.setattr("mixedeffects.design.column_matrix.LEAST_ROWS", 5)
            for name in ("chunks", "integer_codes", "response"):
                patch.setattr(f"mixedeffects.design.{name}.CHUNK", 7)
            lazy = build_design(*args, **kwargs)
        return build_design(*args, **kwargs), lazy

    return build


def assert_same(one, other):
    """`other` has the numbers of `one`, but computes them."""
    assert isinstance(one.X, np.ndarray) and isinstance(other.X, ColumnMatrix)
    assert one.x_names == other.x_names and one.aliased == other.aliased
    assert one.notes == other.notes
    np.testing.assert_array_equal(one.y, other.y)
    np.testing.assert_array_equal(one.X, other.X)
    for name in ("weights", "offset"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    for a, b in zip(one.blocks, other.blocks, strict=True):
        assert (a.names, a.terms, a.factor.labels) == (b.names, b.terms, b.factor.labels)
        np.testing.assert_array_equal(a.factor.codes, b.factor.codes)
        assert b.factor.codes.dtype == np.int32 and b.factor.codes.flags.writeable
        assert (a.Z is None) == (b.Z is None)
        assert (a.Z is one.X) == (b.Z is other.X)
        if a.Z is not None:
            assert isinstance(b.Z, ColumnMatrix)
            np.testing.assert_array_equal(a.Z, b.Z)


@pytest.mark.parametrize("case", golden("fixed")["cases"], ids=lambda case: case["formula"])
def test_every_fixed_part(case, build_both):
    assert_same(*build_both(f"y ~ {r_formula(case)}", table()))


@pytest.mark.parametrize("case", golden("random")["cases"], ids=lambda case: case["formula"])
def test_every_random_part(case, build_both):
    assert_same(*build_both(f"y ~ z + {case['formula']}", table(), saturated=True))


@pytest.mark.parametrize("case", golden("rebuild")["cases"], ids=lambda case: case["formula"])
def test_new_rows(case, build_both, monkeypatch):
    plain, _ = build_both(f"y ~ {case['formula']}", table())
    new = pd.DataFrame(golden("rebuild")["new"])
    expected = plain.spec.rebuild(new).X
    monkeypatch.setattr(chunks, "LARGE_BYTES", 0)
    lazy = plain.spec.rebuild(new).X
    assert isinstance(lazy, ColumnMatrix)
    np.testing.assert_array_equal(lazy, expected)


def test_missing_rows_weights_and_offsets(columns, build_both):
    frame = pd.DataFrame(columns)
    frame.loc[3, "x"], frame.loc[8, "y"], frame.loc[9, "g"] = np.nan, np.nan, None
    both = build_both("y ~ x * f + offset(count) + (x | g / t)", frame, weights="w", saturated=True)
    assert both[1].n == 21
    assert_same(*both)


@pytest.mark.parametrize("right", ["x + I(2 * x - 1) + f", "f * t + I(x - x)", "count + I(count)"])
def test_aliased_columns(right, columns, build_both):
    plain, lazy = build_both(f"y ~ {right} + (x | g)", columns, saturated=True)
    assert plain.aliased
    for a, b in zip(plain.aliased, lazy.aliased, strict=True):
        assert a.reason == b.reason
    assert_same(plain, lazy)


def test_codes_of_any_range(columns, build_both):
    rng = np.random.default_rng(3)
    n = 24
    columns["wide"] = rng.integers(0, 9, n) * 10**12
    columns["decimal"] = rng.integers(0, 9, n) / 7
    columns["whole"] = rng.integers(-4, 5, n).astype(float)
    columns["small"] = rng.integers(0, 200, n).astype(np.uint8)
    columns["day"] = np.datetime64("2020-01-01") + rng.integers(0, 5, n)
    columns["category"] = pd.Categorical(columns["f"], ["unused", "c", "b", "a"])
    for name in ("wide", "decimal", "whole", "small", "day", "category"):
        assert_same(*build_both(f"y ~ x + (1 | {name} / flag)", columns, saturated=True))


@pytest.fixture
def pair(columns, build_both, monkeypatch):
    """One matrix with every kind of column, made and not made."""
    monkeypatch.setattr("mixedeffects.design.column_matrix.PIECE", 1)
    monkeypatch.setattr("mixedeffects.design.column_matrix.LEAST_ROWS", 5)
    plain, lazy = build_both("y ~ x * f + poly(count, 2) + C(t, sum)", columns)
    return plain.X, lazy.X


def test_shape(pair):
    plain, lazy = pair
    assert (lazy.shape, lazy.dtype, lazy.ndim, len(lazy), lazy.size) == (
        plain.shape, plain.dtype, 2, len(plain), plain.size,
    )  # fmt: skip
    assert lazy.T.shape == plain.T.shape
    assert repr(lazy) == "ColumnMatrix(24 rows, 9 columns)"


@pytest.mark.parametrize(
    "key",
    [
        0, -1, np.int64(5), slice(3, 9), slice(None, None, 5), slice(20, 2, -3), slice(9, 3),
        [4, -2, 4], np.arange(24) % 3 == 0, np.array([], dtype=int), [],
        (2, 3), (slice(2, 8), 1), (slice(None), -1), (slice(2, 8), [0, 3]),
        (slice(None), slice(1, 4)), ([1, 5], slice(None, None, 2)), ([1, 5], [0, 2]),
        (np.arange(24) > 7, 4), (3, [1, 2]),
        (slice(None), np.arange(9) % 2 == 0), ..., (slice(2), None), (slice(None, None, 7), [8, 0]),
    ],
    ids=str,
)  # fmt: skip
def test_indexing(key, pair):
    plain, lazy = pair
    part = lazy[key]
    assert type(part) is type(plain[key])
    np.testing.assert_array_equal(part, plain[key])


@pytest.mark.parametrize("key", [24, -25, (0, 9), [30], [0.5], np.ones(3, bool)])
def test_indexing_beyond_the_end(key, pair):
    for matrix in pair:
        with pytest.raises(IndexError):
            matrix[key]


def test_products(pair):
    plain, lazy = pair
    n, p = plain.shape
    rng = np.random.default_rng(1)
    v, M, u, N = (rng.normal(size=size) for size in (p, (p, 3), n, (n, 2)))
    for left, right in [(v, v), (M, M), (v.tolist(), v), (M.astype(np.float32),) * 2]:
        np.testing.assert_allclose(lazy @ left, plain @ np.asarray(right), rtol=tol.ROUNDING_E6)
    for right in (u, N):
        np.testing.assert_allclose(
            lazy.T @ right, plain.T @ right, rtol=tol.ROUNDING_E12, atol=tol.ROUNDING_E12
        )
        np.testing.assert_allclose(
            right.T @ lazy, right.T @ plain, rtol=tol.ROUNDING_E12, atol=tol.ROUNDING_E12
        )
    np.testing.assert_allclose(
        lazy.T @ lazy, plain.T @ plain, rtol=tol.ROUNDING_E12, atol=tol.ROUNDING_E12
    )
    np.testing.assert_allclose(
        M.T @ lazy.T, M.T @ plain.T, rtol=tol.ROUNDING_E12, atol=tol.ROUNDING_E12
    )
    np.testing.assert_allclose(
        lazy @ lazy.T, plain @ plain.T, rtol=tol.ROUNDING_E9, atol=tol.ROUNDING_E9
    )
    out = np.full((n, 5), np.nan)
    assert np.matmul(lazy, M, out=out[:, 1:4]).base is out
    np.testing.assert_allclose(out[:, 1:4], plain @ M)
    for wrong in (lambda: lazy @ u, lambda: lazy.T @ v, lambda: v @ lazy):
        with pytest.raises(ValueError):
            wrong()


def test_anything_else_is_done_with_an_array(pair):
    plain, lazy = pair
    np.testing.assert_array_equal(lazy - plain[0], plain - plain[0])
    np.testing.assert_array_equal(1 + lazy, 1 + plain)
    np.testing.assert_array_equal(np.abs(lazy).max(axis=0), np.abs(plain).max(axis=0))
    np.testing.assert_array_equal(np.sum(lazy, axis=0), plain.sum(axis=0))
    np.testing.assert_array_equal(lazy == plain, np.ones(plain.shape, bool))
    np.testing.assert_array_equal(np.asarray(lazy, dtype=np.float32), plain.astype(np.float32))
    np.testing.assert_array_equal(
        np.einsum("ij,ij->i", lazy, plain), np.einsum("ij,ij->i", plain, plain)
    )
    np.testing.assert_array_equal(lazy.T[2], plain.T[2])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(lazy)), plain)
    with pytest.raises(ValueError, match="by making one"):
        np.asarray(lazy, copy=False)
    with pytest.raises(TypeError):
        lazy[0] = 1.0


def test_selected_columns_stay_unmade(pair):
    plain, lazy = pair
    some = lazy.select([4, 0])
    assert isinstance(some, ColumnMatrix)
    np.testing.assert_array_equal(some, plain[:, [4, 0]])


@pytest.mark.parametrize("formula", ["y ~ x + (1 + x | g)", "y ~ f * x + (f * x | g) + (1 | t)"])
def test_a_block_shares_the_matrix_of_the_fixed_part(formula, columns, build_both):
    for design in build_both(formula, columns, saturated=True):
        assert design.blocks[0].Z is design.X


def test_blocks_share_a_matrix_with_each_other_but_not_an_aliased_one(columns):
    design = build_design("y ~ 1 + (x | g) + (x | f)", columns, saturated=True)
    assert design.blocks[0].Z is design.blocks[1].Z is not design.X
    design = build_design("y ~ x + I(2 * x) + (x + I(2 * x) | g)", columns, saturated=True)
    assert design.X.shape[1] == 2 and design.blocks[0].Z.shape[1] == 3


@pytest.mark.parametrize(
    "formula",
    ["y ~ t + f + (1 + t | g)", "y ~ t + (1 | h / g)", "y ~ t + (1 + t || g) + (1 + t | h)"],
)
def test_a_fit_is_the_same(formula, monkeypatch, tmp_path):
    rng = np.random.default_rng(5)
    n = 900
    data = {"t": rng.normal(size=n), "g": rng.integers(0, 60, n), "h": rng.integers(0, 9, n)}
    data["f"] = pd.Categorical(rng.choice(["a", "b"], n))
    data["y"] = rng.normal(size=n) + rng.normal(size=60)[data["g"]] * (1 + data["t"])
    plain = me.lmm(formula, data)
    monkeypatch.setattr(chunks, "LARGE_BYTES", 0)
    lazy = me.lmm(formula, data)
    assert isinstance(lazy.design.X, ColumnMatrix)
    assert lazy.loglik == pytest.approx(plain.loglik, abs=tol.OPTIMUM_E8)
    new = {name: values[:50] for name, values in data.items()}
    for ask in (
        lambda fit: fit.fitted,
        lambda fit: fit.residuals("scaled"),
        lambda fit: fit.predict(new),
        lambda fit: fit.icc()["icc"].to_numpy(),
        lambda fit: fit.simulate(2, rng=1),
        lambda fit: fit.test()["std_error"].to_numpy(),
        lambda fit: fit.augment()[".resid"].to_numpy(),
    ):
        np.testing.assert_allclose(ask(lazy), ask(plain), rtol=tol.OPTIMUM_E5, atol=tol.OPTIMUM_E6)
    lazy.save(tmp_path / "fit.npz")
    again = me.load(tmp_path / "fit.npz")
    assert again.loglik == pytest.approx(lazy.loglik, abs=tol.ROUNDING_E9)
    shared = [block.Z is lazy.design.X for block in lazy.design.blocks]
    assert shared == [block.Z is again.design.X for block in again.design.blocks]
