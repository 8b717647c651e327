"""Bad tables, columns, weights and models: the error says what, where and what next."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from mixedeffects.design import build_design
from mixedeffects.errors import ColumnTypeError, DataError, FormulaError, ModelError

N = 24


def refused(error, formula, data, *words, **options):
    with pytest.raises(error) as caught:
        build_design(formula, data, **options)
    for word in words:
        assert word in str(caught.value), str(caught.value)


@pytest.mark.parametrize("data", [3, None, "file.csv", [1, 2], object()])
def test_not_a_table(data):
    refused(ColumnTypeError, "y ~ x", data, "must be a table", "pandas, polars or pyarrow")


def test_empty_table(columns):
    refused(DataError, "y ~ x", pd.DataFrame(columns).iloc[:0], "no rows")


def test_columns_of_unequal_length():
    refused(DataError, "y ~ x", {"y": [1, 2, 3], "x": [1, 2]}, "'y' has 3", "'x' has 2")


def test_unknown_column_shows_the_place_and_a_suggestion():
    frame = pd.DataFrame({"Reaction": [1.0], "Days": [0], "Subject": [1]})
    with pytest.raises(FormulaError) as caught:
        build_design("Reaction ~ Days + (1 + dayz | Subject)", frame)
    assert str(caught.value) == (
        "no column 'dayz' in the table\n"
        "    Reaction ~ Days + (1 + dayz | Subject)\n"
        "                           ^^^^\n"
        "columns: Reaction, Days, Subject; did you mean 'Days'?"
    )


def test_duplicate_column_names(columns):
    frame = pd.DataFrame(columns)
    frame.columns = ["y", "x", "x", *frame.columns[3:]]
    refused(DataError, "y ~ x + (1 | g)", frame, "2 columns named 'x'")
    build_design("y ~ f + (1 | g)", frame)  # the doubled name is not used


def test_column_names_that_are_not_text():
    refused(
        ColumnTypeError, "y ~ x", pd.DataFrame(np.zeros((4, 3))), "not text (0, 1, 2)", "rename"
    )


def test_column_without_values(columns):
    columns["x"] = np.full(N, np.nan)
    refused(DataError, "y ~ x", columns, "every value of column 'x' is missing")


def test_no_complete_row(columns):
    odd = np.arange(N) % 2 == 1
    columns["x"] = np.where(odd, np.nan, columns["x"])
    columns["y"] = np.where(odd, columns["y"], np.nan)
    refused(DataError, "y ~ x", columns, "no row is complete", "'y' 12", "'x' 12")


def test_infinite_values(columns):
    columns["x"][:2] = np.inf
    refused(DataError, "y ~ x", columns, "column 'x' has 2 infinite values")


def test_infinite_beside_missing(columns):
    columns["x"][:2] = np.nan
    columns["x"][2] = -np.inf
    refused(DataError, "y ~ x", columns, "column 'x' has 1 infinite value;")


def test_huge_values_are_not_called_infinite(columns):
    columns["x"] = columns["x"] * 1e200
    assert build_design("y ~ x", columns).X.shape == (N, 2)


def test_constant_response(columns):
    columns["y"] = np.full(N, 3.0)
    refused(ModelError, "y ~ x + (1 | g)", columns, "response 'y' is constant (always 3)")


def test_text_response(columns):
    refused(DataError, "t ~ x", columns, "response 't' is text ('u', 'v'", "must be a number")


def test_text_where_a_number_is_needed(columns):
    refused(FormulaError, "y ~ log(t)", columns, "column 't' holds text, not numbers", "^")
    refused(FormulaError, "log(t) ~ x", columns, "column 't' holds text")
    refused(FormulaError, "y ~ x + offset(t)", columns, "column 't' holds text")
    refused(FormulaError, "y ~ x + offset(poly(x, 2))", columns, "has 2 columns; one is needed")


def test_a_factor_of_several_columns(columns):
    words = "'poly(x, 2)' has 2 columns; one is needed"
    refused(FormulaError, "y ~ C(poly(x, 2))", columns, words)
    refused(FormulaError, "y ~ x + (1 | factor(poly(x, 2)))", columns, words)


def test_undefined_transform_counts_rows(columns):
    columns["x"] = np.abs(columns["x"]) + 0.1
    columns["x"][[4, 9, 11]] = -1.0
    refused(DataError, "y ~ log(x)", columns, "log(x): 3 rows are not positive (row 4, 9, 11,")
    refused(DataError, "y ~ I(1 + sqrt(x))", columns, "sqrt(x): 3 rows are negative")
    refused(DataError, "log(x) ~ 1", columns, "log(x): 3 rows")
    refused(DataError, "y ~ scale(log(x))", columns, "log(x): 3 rows")


def test_undefined_transform_names_rows_of_the_table_as_given(columns):
    columns["x"] = np.abs(columns["x"]) + 0.1
    columns["x"][0], columns["x"][5] = np.nan, -1.0
    refused(DataError, "y ~ log(x)", columns, "1 row is not positive (row 5,")


def test_grouping_factor_with_one_level(columns):
    columns["one"] = ["k"] * N
    refused(ModelError, "y ~ x + (1 | one)", columns, "'one' has one level (k)", "at least two")


def test_fixed_factor_with_one_level(columns):
    columns["one"] = ["k"] * N
    refused(DataError, "y ~ one", columns, "'one' has one level in the rows used (k)")


def test_one_row_per_level(columns):
    refused(ModelError, "y ~ x + (1 | count)", columns, "24 levels for 24 observations")
    assert build_design("y ~ x + (1 | count)", columns, saturated=True).blocks[0].k == 1


def test_as_many_random_effects_as_rows(columns):
    refused(
        ModelError,
        "y ~ x + (f * x | g)",
        columns,
        "observations (=24) <= number of random effects (=24)",
        "(1 + f + x + f:x | g)",
    )


def test_more_columns_than_rows(columns):
    refused(ModelError, "y ~ factor(count)", columns, "24 fixed-effect columns for 24 rows")


def test_text_key_as_fixed_effect(columns):
    data = {"y": np.arange(3000.0), "a": [str(i) for i in range(3000)], "b": ["p", "q"] * 1500}
    refused(ModelError, "y ~ a * b * C(b) * factor(b)", data, "make it a grouping factor")


@pytest.mark.parametrize(
    ("weights", "error", "words"),
    [
        (-np.ones(N), DataError, "24 weights are zero or negative"),
        (np.r_[0.0, np.ones(N - 1)], DataError, "1 weight is zero or negative"),
        (np.ones(3), DataError, "3 weights for 24 rows"),
        (np.r_[np.inf, np.ones(N - 1)], DataError, "1 infinite value"),
        ("nope", DataError, "no column 'nope' in the table for the weights"),
        ("t", ColumnTypeError, "'t' are text"),
        (3, ColumnTypeError, "not a column"),
    ],
)
def test_weights(columns, weights, error, words):
    refused(error, "y ~ x + (1 | g)", columns, words, weights=weights)


def test_complex_and_nested_columns(columns):
    refused(ColumnTypeError, "y ~ z", {**columns, "z": np.ones(N) * 1j}, "complex")
    nested = [[1, 2]] * N
    refused(ColumnTypeError, "y ~ z", {**columns, "z": nested}, "nested")
    frame = {"y": [1.0, 2.0, 3.0], "z": [[1], [2], [3]]}
    for make in (pd.DataFrame, pl.DataFrame, pa.table):
        refused(ColumnTypeError, "y ~ z", make(frame), "column 'z'", "nested")


def test_mixed_and_strange_objects(columns):
    refused(ColumnTypeError, "y ~ z", {**columns, "z": [1, "a"] * 12}, "mixes number and text")
    refused(ColumnTypeError, "y ~ z", {**columns, "z": [object()] * N}, "type object")


def test_dates_are_groups_not_numbers(columns):
    days = (np.arange(N) // 6).astype("M8[D]")
    refused(FormulaError, "y ~ day", {**columns, "day": days}, "dates", "number")
    block = build_design("y ~ x + (1 | day)", {**columns, "day": days}).blocks[0]
    assert block.factor.labels[0] == "1970-01-01"


def test_times_of_day_and_dates_with_a_time_zone(columns):
    clock = [datetime.time(k % 24) for k in range(N)]
    refused(ColumnTypeError, "y ~ z", {**columns, "z": clock}, "column 'z'", "times of day")
    zone = datetime.timezone(datetime.timedelta(hours=2))
    noon = [datetime.datetime(2024, 5, 1 + k // 6, 12, tzinfo=zone) for k in range(N)]
    for make in (dict, pd.DataFrame):
        data = make({**columns, "day": np.array(noon, dtype=object)})
        factor = build_design("y ~ x + (1 | day)", data).blocks[0].factor
        assert factor.n_levels == 4 and "2024-05-01T10" in str(factor.labels[0])


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("y ~ poly(x, 40)", "more than 40 distinct values"),
        ("y ~ poly(x, 2.5)", "degree must be a whole number"),
        ("y ~ poly(x, x)", "'x' must be a constant"),
        ("y ~ bs(x, df=2)", "df must be at least 3"),
        ("y ~ bs(x, foo=3)", "has no option 'foo'"),
        ("y ~ log()", "arguments"),
        ("y ~ log(x, y, w)", "arguments"),
        ("y ~ scale(2 * scale())", "needs a column"),
        ("y ~ C(f, Foo)", "unknown coding 'Foo'"),
        ("y ~ C(f, Treatment('z'))", "'z' is not a level of f"),
        ("y ~ C(f, levels=['a'])", "leaves out"),
        ("y ~ I('a')", "not a number"),
        ("y ~ log2(x, w)", "arguments"),
        ("y ~ round(x, 99999999999)", "between -100 and 100"),
        ("y ~ pmin()", "arguments"),
        ("y ~ scale(x, 'a')", "center must be a number"),
        ("y ~ pmin(poly(x, 2), x)", "number of columns"),
        ("y ~ pi * x", "'pi' is a constant"),
        ("y ~ Sum(f)", "cannot be used here"),
        ("y ~ c(1, 2)", "not a predictor"),
        ("cbind(y, x) ~ 1", "binomial"),
    ],
)
def test_wrong_calls(columns, formula, words):
    refused(FormulaError, formula, columns, words, "^")


def test_constant_cannot_be_scaled(columns):
    columns["k"] = np.ones(N)
    refused(FormulaError, "y ~ scale(k)", columns, "constant")


@pytest.mark.parametrize("formula", [None, 5, b"y ~ x", ["y ~ x"]])
def test_formula_that_is_no_text(columns, formula):
    refused(FormulaError, formula, columns, "a formula is a text, not")
