"""Equal rows: which are merged, and that their likelihood is that of all rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import poisson

from mixedeffects.design import (
    build_design,
    collapse,
    dense,
    equal_rows,
    row_keys,
    take_rows,
)  # fmt: skip
from tests import tolerances as tol
from tests.tolerances import LIKELIHOOD_OF_MERGED_ROWS


def by_hand(columns):
    """Number of the set of equal rows by first appearance, the slow way."""
    places = {}
    return np.array([places.setdefault(row, len(places)) for row in zip(*columns, strict=True)])


def check(found, columns, weights=None):
    row_of = by_hand([np.asarray(column).tolist() for column in columns])
    np.testing.assert_array_equal(found.row_of, row_of)
    _, first = np.unique(row_of, return_index=True)
    np.testing.assert_array_equal(found.first, first)
    np.testing.assert_array_equal(found.counts, np.bincount(row_of, weights))
    assert found.counts.dtype == np.float64


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-2, 2), st.sampled_from([0.0, -0.0, 0.1, 1e300, -1e-300]),
                       st.booleans()), min_size=2, max_size=60)
)  # fmt: skip
def test_equal_rows_are_found(rows):
    columns = [
        np.array([row[0] for row in rows], dtype=np.int8),
        np.array([row[1] for row in rows]),
        np.array([row[2] for row in rows]),
    ]
    found = equal_rows(columns, worth=0.0)
    check(found, columns)


@pytest.mark.parametrize("same", [0, 3])
def test_rows_of_one_key_that_differ_are_not_merged(monkeypatch, same):
    rng = np.random.default_rng(1)
    columns = [
        rng.integers(0, 4, 500),
        rng.choice([0.5, 1.5, -0.0, 0.0], 500),
        rng.random(500) < 0.5,
    ]
    key = np.uint64(0) if same == 0 else np.uint64(same)
    monkeypatch.setattr(
        row_keys, "row_keys", lambda c: (c[0] % 2).astype(np.uint64) * key
    )  # fmt: skip
    check(equal_rows(columns), columns)


def test_keys_are_spread_over_all_bits():
    """The keys of small whole numbers are as evenly spread as chance would have them."""
    n = 200_000
    columns = [np.arange(n) % 1000 * 1.0, np.arange(n) // 1000]
    keys = row_keys.row_keys(columns)
    assert np.unique(keys).size == n
    for bit in range(64):
        share = float(np.mean((keys >> np.uint64(bit)) & np.uint64(1)))
        assert abs(share - 0.5) < tol.STANDARD_ERRORS_5 * np.sqrt(0.25 / n), bit


@pytest.mark.parametrize("n", [300, 50_000])
def test_nothing_to_merge(n):
    rng = np.random.default_rng(2)
    assert equal_rows([rng.normal(size=n), rng.integers(0, 3, n)]) is None
    nearly = rng.permutation(np.r_[np.arange(n - n // 20), np.arange(n // 20)])
    assert equal_rows([nearly]) is None
    check(equal_rows([nearly], worth=0.04), [nearly])


@pytest.mark.parametrize(
    "values",
    [
        lambda rng, n: rng.integers(0, n // 2, n),
        lambda rng, n: rng.integers(0, 50, n),
        lambda rng, n: np.where(np.arange(n) < n // 2, 7, np.arange(n)),
        lambda rng, n: np.where(rng.random(n) < 0.4, rng.integers(0, 5, n), np.arange(n) + 10),
        lambda rng, n: np.zeros(n),
    ],
)
def test_large_tables_are_merged_however_the_repetitions_lie(values):
    n = 60_000
    rng = np.random.default_rng(3)
    column = values(rng, n)
    check(equal_rows([column, np.zeros(n)]), [column])


def test_the_order_of_the_rows_does_not_matter():
    rng = np.random.default_rng(4)
    columns = [rng.integers(0, 9, 5000), rng.integers(0, 20, 5000) / 7]
    order = rng.permutation(5000)
    one, other = equal_rows(columns), equal_rows([column[order] for column in columns])
    same = {(int(a), int(b)) for a, b in zip(one.row_of[order], other.row_of, strict=True)}
    assert len(same) == one.m == other.m
    sets = dict(same)
    np.testing.assert_array_equal(one.counts, other.counts[[sets[i] for i in range(one.m)]])


# ------------------------------------------------------------------ rows of a model


@pytest.fixture(params=[400, 90_000])
def table(request):
    """Counts, successes of trials and categories that often repeat; of many rows, not an array."""
    n = request.param
    rng = np.random.default_rng(5)
    return {
        "y": rng.integers(0, 2, n),
        "s": rng.integers(0, 3, n),
        "n": rng.integers(2, 5, n),
        "x": rng.integers(0, 3, n) / 3,
        "z": rng.integers(0, 2, n),
        "f": rng.choice(list("ab"), n),
        "g": rng.integers(0, 6, n),
        "w": rng.integers(1, 3, n).astype(float),
    }


def test_a_row_is_everything_that_the_model_sees(table):
    def m(formula, kind="count", **options):
        glmm = build_design(formula, table, kind=kind, **options)
        found = collapse(glmm, worth=0.0)
        return found.m if found else glmm.n

    def distinct(*names):
        return len(set(zip(*(np.asarray(table[name]).tolist() for name in names), strict=True)))

    assert m("y ~ 1 + (1 | g)") == distinct("y", "g")
    assert m("y ~ x + (1 | g)") == distinct("y", "x", "g")
    assert m("y ~ x * f + (1 | g)") == distinct("y", "x", "f", "g")
    assert m("y ~ 1 + (x | g)") == distinct("y", "x", "g")
    assert m("y ~ 1 + offset(x) + (1 | g)") == distinct("y", "x", "g")
    assert m("y ~ 1", exposure="w") == distinct("y", "w")
    assert m("s / n ~ 1 + (1 | g)", "binomial") == distinct("s", "n", "g")
    assert m("y ~ 1", zi="~ x") == distinct("y", "x")
    assert m("y ~ 1", zi="~ offset(x)") == distinct("y", "x")
    assert m("y ~ 1", zi="~ (z | g)") == distinct("y", "z", "g")
    assert m("y ~ 1", dispersion="~ f") == distinct("y", "f")
    assert m("y ~ 1", weights="w") == distinct("y")
    assert m("y ~ 1 + (1 | g) + (1 | f)", "ordinal") == distinct("y", "g", "f")


def test_the_likelihood_of_equal_rows_is_that_of_all(table):
    glmm = build_design("s ~ x + f + (1 | g)", table, kind="count", weights="w", zi="~ z")
    rows = collapse(glmm)
    small = take_rows(glmm, rows.first)
    assert small.n == rows.m < 0.9 * glmm.n
    beta, b = np.array([0.1, -0.4, 0.3]), np.linspace(-1, 1, 6)

    def density(glmm):
        eta = dense(glmm.X) @ beta + b[glmm.blocks[0].factor.codes]
        zero = 0.1 + 0.2 * dense(glmm.others["zi"].X)[:, 1]
        return np.log((1 - zero) * poisson.pmf(glmm.y, np.exp(eta)) + zero * (glmm.y == 0))

    np.testing.assert_allclose(
        rows.counts @ density(small), glmm.weights @ density(glmm), rtol=LIKELIHOOD_OF_MERGED_ROWS
    )


def test_what_was_shared_stays_shared():
    rng = np.random.default_rng(6)
    table = {
        "y": rng.integers(0, 2, 500),
        "x": rng.integers(0, 3, 500),
        "g": rng.integers(0, 4, 500),
    }
    glmm = build_design("y ~ x + (1 + x | g)", table, kind="count", zi="~ 1 + (1 | g)")
    assert glmm.blocks[0].Z is glmm.X
    small = take_rows(glmm, collapse(glmm).first)
    assert small.blocks[0].Z is small.X
    main, zi = small.blocks[0], small.others["zi"].blocks[0]
    assert main.factor.codes is zi.factor.codes and main.factor.n_levels == 4
    assert small.X.flags.c_contiguous
