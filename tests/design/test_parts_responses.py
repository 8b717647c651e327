"""Responses of generalised models: what is read, and what is refused in which words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from mixedeffects.design import build_design
from mixedeffects.errors import ColumnTypeError, DataError, FormulaError, ModelError, OptionError


@pytest.fixture
def table():
    """12 rows: successes s of n trials, f failures, x, g, and the response in other forms."""
    n = np.array([3, 5, 2, 7, 4, 1, 6, 9, 2, 3, 8, 4])
    s = np.array([1, 5, 0, 3, 4, 0, 2, 9, 1, 1, 0, 2])
    return {
        "s": s,
        "n": n,
        "f": n - s,
        "p": s / n,
        "b": (s > 1).astype(int),
        "x": np.arange(12.0),
        "g": np.repeat(["u", "v", "w"], 4).tolist(),
        "answer": np.where(s > 1, "yes", "no").tolist(),
        "rating": np.array(["low", "mid", "high"])[s % 3].tolist(),
        "score": s % 4 + 1,
    }


def binomial(formula, table, **options):
    return build_design(formula, table, kind="binomial", **options)


@pytest.mark.parametrize(
    ("left", "options"),
    [
        ("s / n", {}),
        ("cbind(s, f)", {}),
        ("cbind(s, n - s)", {}),
        ("p", {"weights": "n"}),
        ("p", {"weights": np.array([3, 5, 2, 7, 4, 1, 6, 9, 2, 3, 8, 4])}),
        ("I(s / n)", {"weights": "n"}),
        ("(s / n)", {}),
    ],
)
def test_every_way_to_write_successes_of_trials(table, left, options):
    glmm = binomial(f"{left} ~ x + (1 | g)", table, **options)
    np.testing.assert_array_equal(glmm.y, table["s"])
    np.testing.assert_array_equal(glmm.size, table["n"])
    assert glmm.weights is None and glmm.weights is None
    assert glmm.y.dtype == glmm.size.dtype == np.float64


@pytest.mark.parametrize("left", ["b", "s > 1", "I(s > 1)", "answer", "factor(b)", "b / 1"])
def test_every_way_to_write_one_trial(table, left):
    glmm = binomial(f"{left} ~ x + (1 | g)", table)
    np.testing.assert_array_equal(glmm.y, table["b"])
    assert glmm.size is None and glmm.weights is None


def test_booleans_of_each_library(table):
    flag = np.asarray(table["b"]) == 1
    for made in (
        pd.DataFrame({"y": flag, "x": table["x"]}),
        pd.DataFrame({"y": pd.array(flag, dtype="boolean"), "x": table["x"]}),
        pl.DataFrame({"y": flag, "x": table["x"]}),
        pa.table({"y": flag, "x": table["x"]}),
    ):
        np.testing.assert_array_equal(binomial("y ~ x", made).y, table["b"])


def test_the_second_category_is_the_success_and_it_is_said(table):
    glmm = binomial("answer ~ x", table)
    assert list(glmm.categories) == ["no", "yes"]
    assert "'answer': yes is the success, no the failure" in glmm.notes
    other = binomial("factor(answer, levels=c('yes', 'no')) ~ x", table)
    np.testing.assert_array_equal(other.y, 1 - glmm.y)
    levels = pd.Categorical(table["answer"], ["yes", "no", "never"])
    glmm = binomial("y ~ x", pd.DataFrame({"y": levels, "x": table["x"]}))
    np.testing.assert_array_equal(glmm.y, other.y)
    assert "levels of 'y' that no row has: never" in glmm.notes


def test_weights_beside_trials_and_of_single_trials_stay_weights(table):
    w = np.linspace(0.5, 2, 12)
    both = binomial("s / n ~ x", table, weights=w)
    np.testing.assert_array_equal(both.size, table["n"])
    np.testing.assert_array_equal(both.weights, w)
    single = binomial("b ~ x", table, weights=w)
    assert single.size is None
    np.testing.assert_array_equal(single.weights, w)


def test_proportions_may_be_rounded_to_seven_digits(table):
    table["p"] = np.round(table["p"], 7)
    np.testing.assert_array_equal(binomial("p ~ x", table, weights="n").y, table["s"])
    table["p"] = np.round(table["p"], 3)
    with pytest.raises(DataError, match=r"row 0, counted from 0, has 0.333 × 3 = 0.999, not a"):
        binomial("p ~ x", table, weights="n")


@pytest.mark.parametrize(
    ("left", "change", "error", "words"),
    [
        ("p", {}, DataError, ["proportions (0.333333 in row 0", "successes / trials", "beta"]),
        ("s", {}, DataError, ["counts (5 in row 1", "s / trials or cbind(s, trials - s)"]),
        ("n / s", {"s": np.maximum(1, [1, 5, 1, 3, 4, 1, 2, 9, 1, 1, 1, 2])}, DataError,
         ["n / s: row 0, counted from 0, has 3 successes in 1 trials"]),
        ("s / n", {"n": np.r_[3, 5, 0, [9] * 9]}, DataError, ["row 2", "0 trials", "out"]),
        ("s / n", {"s": np.r_[1, 5, 0, -3, [1] * 8]}, DataError, ["row 3", "-3 successes"]),
        ("s / n", {"s": np.r_[1, 2.5, 0, [1] * 9]}, DataError, ["row 1", "2.5 successes", "beta"]),
        ("s / n", {"n": np.r_[3, 5.5, [9] * 10]}, DataError, ["row 1", "5.5 trials"]),
        ("cbind(s, f)", {"f": np.r_[3, 5, 1, -4, [9] * 8]}, DataError, ["row 3", "-4 failures"]),
        ("cbind(s, f, n)", {}, FormulaError, ["cbind() takes successes and failures"]),
        ("cbind(s)", {}, FormulaError, ["cbind() takes successes and failures"]),
        ("z", {"z": [1, 2] * 6}, DataError, ["holds 1 and 2", "I(z == 2) ~"]),
        ("x", {"x": np.linspace(-1, 1, 12)}, DataError, ["neither 0 and 1", "(-1 in row 0"]),
        ("rating", {}, DataError, ["3 levels", "high, low, mid", "I(rating == 'mid')", "ordinal"]),
        ("g / n", {}, FormulaError, ["column 'g' holds text, not numbers"]),
        ("s / n", {"s": [0] * 12}, ModelError, ["'s / n' has no success in any row"]),
        ("s / s", {"s": [2] * 12}, ModelError, ["no failure in any row"]),
        ("b", {"b": [1] * 12}, ModelError, ["no failure in any row"]),
        ("t", {"t": pd.date_range("2020-01-01", periods=12)}, FormulaError, ["dates"]),
    ],
)  # fmt: skip
def test_what_is_no_binomial_response(table, left, change, error, words):
    table.update(change)
    with pytest.raises(error) as caught:
        binomial(f"{left} ~ 1 + (1 | g)", table)
    for word in words:
        assert word in str(caught.value), str(caught.value)


def test_rows_are_numbered_as_in_the_table_given(table):
    table["x"][[0, 2]] = np.nan
    table["s"] = np.r_[1, 5, 0, 3, 4, 4, [1] * 6]
    with pytest.raises(DataError, match=r"row 5, counted from 0, has 4 successes in 1 trials"):
        binomial("s / n ~ x", table)
    table["s"][5] = 0
    glmm = binomial("s / n ~ x", table)
    assert [glmm.table_row(i) for i in (0, 1, 9)] == [1, 3, 11]


# ------------------------------------------------------------------ ordered categories


def ordinal(formula, table, **options):
    return build_design(formula, table, kind="ordinal", **options)


def test_every_way_to_write_ordered_categories(table):
    order = ["low", "mid", "high"]
    expected = [order.index(r) for r in table["rating"]]
    ordered = pd.Categorical(table["rating"], order, ordered=True)
    polars = pl.Series(table["rating"], dtype=pl.Enum(order))
    arrow = pa.DictionaryArray.from_arrays(np.array(expected, np.int32), order, ordered=True)
    for left, column in [
        ("y", pd.Series(ordered)),
        ("y", polars),
        ("y", arrow),
        ("factor(y, levels=c('low', 'mid', 'high'))", table["rating"]),
        ("factor(y, levels=['low', 'mid', 'high'])", pd.Series(table["rating"], dtype="category")),
        ("y", np.array(expected) * 10 - 3),
        ("y", np.array(expected) / 2),
        ("-y", -np.array(expected)),
        ("factor(y)", np.array(expected)),
    ]:
        library = {"Series": pl.DataFrame} if isinstance(column, pl.Series) else {}
        make = library.get(type(column).__name__, dict)
        glmm = ordinal(
            f"{left} ~ x + (1 | g)", make({"y": column, "x": table["x"], "g": table["g"]})
        )
        np.testing.assert_array_equal(glmm.y, expected)
        assert len(glmm.categories) == 3 and glmm.size is None
    assert list(ordinal("y ~ x", {"y": ordered, "x": table["x"]}).categories) == order
    assert list(ordinal("s > 1 ~ x", table).categories) == [False, True]
    assert list(ordinal("score ~ x", table).categories) == [1, 2, 3, 4]


def test_a_category_that_no_row_has_is_left_out_and_said(table):
    levels = pd.Categorical(table["rating"], ["never", "low", "mid", "some", "high"], ordered=True)
    glmm = ordinal("y ~ x", {"y": levels, "x": table["x"]})
    assert list(glmm.categories) == ["low", "mid", "high"]
    assert "levels of 'y' that no row has: never, some" in glmm.notes


@pytest.mark.parametrize(
    ("left", "column", "error", "words"),
    [
        ("y", ["low", "mid", "high"] * 4, DataError,
         ["is text (high, low, mid)", "needs an order",
          "factor(y, levels=c('high', 'low', 'mid')) ~", "pandas.Categorical"]),
        ("factor(y)", ["low", "mid", "high"] * 4, DataError, ["is text"]),
        ("y", pd.Categorical(["a", "b"] * 6), DataError, ["categories that are not ordered"]),
        ("y", [2] * 12, ModelError, ["one category", "(2)"]),
        ("y", pd.date_range("2020-01-01", periods=12), DataError, ["dates"]),
        ("factor(y, levels=c('a'))", ["a", "b"] * 6, FormulaError, ["levels= leaves out b"]),
        ("factor(y, foo=1)", [1, 2] * 6, FormulaError, ["takes a column and levels="]),
        ("cbind(y, x)", [1, 2] * 6, FormulaError, ["family='binomial'"]),
    ],
)  # fmt: skip
def test_what_is_no_ordinal_response(table, left, column, error, words):
    with pytest.raises(error) as caught:
        ordinal(f"{left} ~ x", {"y": column, "x": table["x"]})
    for word in words:
        assert word in str(caught.value), str(caught.value)


def test_a_number_of_a_thousand_values_is_no_category():
    with pytest.raises(ModelError, match=r"1500 different values; an ordinal .* have 1000"):
        ordinal("y ~ 1", {"y": np.arange(1500)})


# ------------------------------------------------------------------ counts and numbers


def test_counts_and_numbers_are_read_as_they_are(table):
    count = build_design("s ~ x + (1 | g)", table, kind="count", weights="n")
    np.testing.assert_array_equal(count.y, table["s"])
    np.testing.assert_array_equal(count.weights, table["n"])
    number = build_design("log(n) ~ x + (1 | g)", table, kind="number")
    np.testing.assert_array_equal(number.y, np.log(table["n"]))
    ratio = build_design("s / n ~ x + (1 | g)", table, kind="number")
    np.testing.assert_array_equal(ratio.y, table["p"])
    assert ratio.size is None


@pytest.mark.parametrize(
    ("left", "kind", "error", "words"),
    [
        ("s / n", "count", DataError, ["s / n is a rate (0.333333 in row 0", "exposure='n'"]),
        ("cbind(s, f)", "count", FormulaError, ["binomial response"]),
        ("cbind(s, f)", "number", FormulaError, ["binomial response"]),
        ("answer", "count", DataError, ["'answer' is text"]),
        ("zero", "count", ModelError, ["0 in every row"]),
        ("zero", "number", ModelError, ["constant (always 0)"]),
        ("s", "poisson", OptionError, ["kind='poisson'", "binomial, ordinal, count, number"]),
    ],
)
def test_what_is_no_count_or_number(table, left, kind, error, words):
    table["zero"] = [0] * 12
    with pytest.raises(error) as caught:
        build_design(f"{left} ~ x", table, kind=kind)
    for word in words:
        assert word in str(caught.value), str(caught.value)


@pytest.mark.parametrize(
    ("weights", "error", "words"),
    [
        ("m", DataError, "no column 'm' in the table for the weights"),
        ("g", ColumnTypeError, "are text, not numbers"),
        ([1, 2], DataError, "2 weights for 12 rows"),
        ([0] + [1] * 11, DataError, "zero or negative"),
        ([2.5] * 12, DataError, "the weights: row 0, counted from 0, has 2.5 trials"),
    ],
)
def test_bad_weights(table, weights, error, words):
    with pytest.raises(error, match=words):
        binomial("p ~ x", table, weights=weights)
