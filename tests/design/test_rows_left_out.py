"""A table with gaps gives the design of the table without those rows: every array goes along."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest

import mixedeffects as me
from mixedeffects.design import build_design
from tests import tolerances as tol
from tests.oracles.fields import assert_same_record

N = 60
# the rows that a gap takes away; never the last ones, so that the first n rows are other rows
GONE = [0, 7, 8, 31]
TABLES = {"dict": dict, "pandas": pd.DataFrame, "polars": pl.DataFrame}
# what tells the two tables apart, as it has to
# the index is that of the whole table, whose rows that were used are looked up in it
BUT = (".missing", ".spec.flavour", ".all_used", ".index")


def whole():
    rng = np.random.default_rng(12)
    return {
        "y": rng.normal(size=N), "x": rng.normal(size=N), "z": rng.normal(size=N),
        "w": rng.uniform(0.5, 2.0, N), "hours": rng.uniform(1.0, 3.0, N),
        "f": np.array(["a", "b", "c"], dtype=object)[np.arange(N) % 3],
        "g": np.array([f"g{k}" for k in rng.integers(0, 6, N)], dtype=object),
        "h": rng.integers(0, 4, N).astype(float),
        "count": rng.poisson(3.0, N).astype(float), "size": 9.0 + rng.integers(0, 5, N),
        "score": rng.integers(0, 3, N).astype(float),
    }  # fmt: skip


def with_gap(column):
    table = whole()
    table[column] = table[column].copy()
    table[column][GONE] = None if table[column].dtype == object else np.nan
    return table


def without_rows():
    return {name: np.delete(values, GONE) for name, values in whole().items()}


def same(got, want):
    assert_same_record(got, want, but=BUT)
    report = getattr(got, "design", got).missing
    assert (report.n_rows, report.n_used) == (N, N - len(GONE))
    assert np.flatnonzero(~report.kept).tolist() == GONE


@pytest.mark.parametrize("flavour", TABLES)
@pytest.mark.parametrize("column", ["y", "x", "f", "g", "h", "w", "z"])
def test_a_linear_design(column, flavour):
    formula = "y ~ x * f + offset(z) + (1 + x | g) + (1 | h)"
    make = TABLES[flavour]
    got = build_design(formula, make(with_gap(column)), weights="w")
    same(got, build_design(formula, make(without_rows()), weights="w"))
    assert got.weights.tolist() == np.delete(whole()["w"], GONE).tolist()


@pytest.mark.parametrize("column", ["y", "g", None])
def test_numbers_as_weights(column):
    """Numbers that are no column go with the rows of the table as given; None: they have gaps."""
    table = whole() if column is None else with_gap(column)
    weights = with_gap("w")["w"] if column is None else whole()["w"]
    got = build_design("y ~ x + (1 | g)", table, weights=weights)
    same(got, build_design("y ~ x + (1 | g)", without_rows(), weights=np.delete(weights, GONE)))
    assert got.weights.tolist() == np.delete(weights, GONE).tolist()


RESPONSES = {
    "count": ("count ~ x + f + (1 | g)", {"exposure": "hours"}),
    "binomial": ("count / size ~ x + f + (1 | g)", {}),
    "ordinal": ("score ~ x + f + (1 | g)", {}),
    "number": ("y ~ x + f + offset(z) + (1 | g)", {}),
}


@pytest.mark.parametrize("flavour", TABLES)
@pytest.mark.parametrize("column", ["x", "g", "w", "hours", "z", "h", "count", "score", "y"])
@pytest.mark.parametrize("kind", RESPONSES)
def test_a_generalised_design(kind, column, flavour):
    formula, options = RESPONSES[kind]
    options = {"weights": "w", "zi": "~ z + (1 | h)", "dispersion": "~ hours", **options}
    if column not in f"{formula} {options}":
        return
    make = TABLES[flavour]
    got = build_design(formula, make(with_gap(column)), kind=kind, **options)
    same(got, build_design(formula, make(without_rows()), kind=kind, **options))
    assert got.weights.tolist() == np.delete(whole()["w"], GONE).tolist()
    if "exposure" in options:
        hours = np.delete(whole()["hours"], GONE)
        np.testing.assert_array_equal(got.exposure, hours)
        np.testing.assert_allclose(got.offset, np.log(hours))


@pytest.mark.parametrize("given", ["weights", "exposure"])
@pytest.mark.parametrize("column", ["count", "g", None])
def test_numbers_as_weights_or_exposure_of_counts(given, column):
    table = whole() if column is None else with_gap(column)
    numbers = with_gap("hours")["hours"] if column is None else whole()["hours"]
    formula = "count ~ x + offset(z) + (1 | g)"
    got = build_design(formula, table, kind="count", **{given: numbers})
    left = {given: np.delete(numbers, GONE)}
    same(got, build_design(formula, without_rows(), kind="count", **left))
    assert getattr(got, given).tolist() == left[given].tolist()


def test_fits_are_those_of_the_rows_left():
    formula = "y ~ x + (1 | g)"
    one = me.lmm(formula, with_gap("x"), weights=whole()["w"])
    two = me.lmm(formula, without_rows(), weights="w")
    assert one.loglik == two.loglik and one.beta.tolist() == two.beta.tolist()
    formula = "count ~ x + (1 | g)"
    one = me.glmm(formula, with_gap("g"), family="poisson", exposure=whole()["hours"], weights="w")
    two = me.glmm(formula, without_rows(), family="poisson", exposure="hours", weights="w")
    assert one.loglik == pytest.approx(two.loglik, abs=tol.ROUNDING_E9)


def test_the_columns_of_weights_and_exposure_are_remembered_by_name():
    """What a repeated call needs; numbers that are no column have no name."""
    formula = "count ~ x + (1 | g)"
    table, numbers = whole(), whole()["hours"]
    assert build_design("y ~ x + (1 | g)", table, weights="w").spec.weights == "w"
    assert build_design("y ~ x + (1 | g)", table, weights=numbers).spec.weights is None
    spec = build_design(formula, table, kind="count", weights="w", exposure="hours").spec
    assert (spec.weights, spec.exposure) == ("w", "hours")
    spec = build_design(formula, table, kind="count", weights=numbers, exposure=numbers).spec
    assert (spec.weights, spec.exposure) == (None, "")
