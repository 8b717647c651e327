"""A spec builds the same columns for new rows, also after a trip through JSON."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import polars as pl
import pytest

from mixedeffects.design import ModelSpec, build_design, grouping
from mixedeffects.errors import ColumnTypeError, DataError, FormulaError
from tests import tolerances as tol

FORMULAS = [
    "y ~ x + (1 + x | id)",
    "log(y + 10) ~ scale(x) * f + flag + offset(w) + (f || g)",
    "y ~ poly(x, 3) + bs(w, df=5) + ns(count, df=3) + (1 | id:t) + (1 | id)",
    "y ~ C(f, Sum) * C(t, Treatment('v')) + factor(id) + (1 | g/t)",
    "y ~ f:t + I(x > 0) + center(w) + (scale(x) | factor(id))",
    "y ~ x + I(2 * x) + f + I(f == 'a') + (1 | g)",
    "y ~ . - count - w + (1 | g)",
]


def specs(formula, columns):
    design = build_design(formula, columns, saturated=True)
    copied = ModelSpec.from_dict(json.loads(json.dumps(design.spec.to_dict())))
    return design, [design.spec, copied]


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("copied", [0, 1], ids=["spec", "from JSON"])
def test_training_rows_come_back(columns, formula, copied):
    design, both = specs(formula, columns)
    built = both[copied].rebuild(columns, response=True)
    np.testing.assert_allclose(built.X, design.X, rtol=tol.ROUNDING_E12, atol=tol.ROUNDING_E12)
    np.testing.assert_array_equal(built.y, design.y)
    if design.offset is not None:
        np.testing.assert_array_equal(built.offset, design.offset)
    for (codes, Z), block in zip(built.blocks, design.blocks, strict=True):
        np.testing.assert_array_equal(codes, block.factor.codes)
        if block.Z is None:
            assert Z is None
        else:
            np.testing.assert_allclose(Z, block.Z, rtol=tol.ROUNDING_E12, atol=tol.ROUNDING_E12)


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_row_does_not_depend_on_its_neighbours(columns, formula):
    """Levels, means, knots and polynomials are those of training."""
    design, (_, spec) = specs(formula, columns)
    some = [17, 3]
    part = pl.DataFrame({name: np.asarray(values)[some] for name, values in columns.items()})
    built = spec.rebuild(part)
    np.testing.assert_allclose(
        built.X, design.X[some], rtol=tol.ROUNDING_E12, atol=tol.ROUNDING_E12
    )
    for (codes, Z), block in zip(built.blocks, design.blocks, strict=True):
        np.testing.assert_array_equal(codes, block.factor.codes[some])
        if block.Z is not None:
            np.testing.assert_allclose(
                Z, block.Z[some], rtol=tol.ROUNDING_E12, atol=tol.ROUNDING_E12
            )


def test_new_groups_are_minus_one(columns):
    spec = build_design("y ~ x + (1 | id) + (1 | g:t)", columns).spec
    new = {"x": [0.0, 1, 2], "id": [7, 8, 30], "g": ["a", "z", "b"], "t": ["u", "u", "zz"]}
    blocks = spec.rebuild(new).blocks
    assert [codes.tolist() for codes, _ in blocks] == [[0, -1, -1], [1, -1, 2]]


def test_a_combination_that_training_did_not_have_is_new(columns):
    columns["t"] = ["u"] * 6 + ["v"] * 18
    spec = build_design("y ~ 1 + (1 | g:t)", columns).spec
    new = {"g": ["d", "d"], "t": ["u", "v"]}
    assert spec.rebuild(new).blocks[0][0].tolist() == [3, -1]


def test_ids_may_come_back_in_another_type(columns):
    spec = build_design("y ~ 1 + (1 | id)", columns).spec
    for values in ([7, 100], [7.0, 100.0], ["7", "100"], pd.Categorical([7, 100])):
        assert spec.rebuild({"id": values}).blocks[0][0].tolist() == [1, 3]


def test_new_level_of_a_fixed_factor_is_refused(columns):
    spec = build_design("y ~ f", columns).spec
    with pytest.raises(DataError, match="column 'f' has levels the model was not fitted to: zz"):
        spec.rebuild({"f": ["a", "zz"]})


def test_response_and_groups_are_read_only_when_asked(columns):
    spec = build_design("y ~ x + (1 | g)", columns).spec
    assert spec.rebuild({"x": [1.0], "g": ["a"]}).y is None
    assert spec.rebuild({"x": [1.0]}, groups=False).blocks[0][0].tolist() == [-1]
    with pytest.raises(FormulaError, match="no column 'g'"):
        spec.rebuild({"x": [1.0]})
    with pytest.raises(FormulaError, match="no column 'y'"):
        spec.rebuild({"x": [1.0], "g": ["a"]}, response=True)


def test_rows_with_missing_values_are_reported(columns):
    spec = build_design("y ~ x + (1 | g)", columns).spec
    built = spec.rebuild({"x": [1.0, np.nan, 3.0], "g": ["a", "b", None]})
    assert built.kept.tolist() == [True, False, False]
    assert built.X.tolist() == [[1.0, 1.0]]


def test_states_are_learnt_on_the_rows_used(columns):
    x = columns["x"].copy()
    y = columns["y"].copy()
    y[:4] = np.nan
    x[:4] = 1e6
    design = build_design("y ~ scale(x) + f", {**columns, "x": x, "y": y})
    np.testing.assert_allclose(design.X[:, 1].mean(), 0, atol=tol.ROUNDING_E12)
    np.testing.assert_allclose(design.X[:, 1].std(ddof=1), 1)


def test_dot_remembers_its_columns(columns):
    spec = build_design("y ~ . + (1 | g)", {k: columns[k] for k in ("y", "x", "w", "g")}).spec
    assert spec.terms == ("x", "w")
    new = {"extra": [0, 1], "w": [1.0, 2], "x": [3.0, 4], "g": ["a", "b"]}
    assert spec.rebuild(new).X.tolist() == [[1, 3, 1], [1, 4, 2]]


def test_terms_of_columns(columns):
    spec = build_design("y ~ f * x", columns).spec
    assert spec.terms == ("f", "x", "f:x")
    assert spec.x_terms == (-1, 0, 0, 1, 2, 2)


def test_new_column_of_another_type(columns):
    spec = build_design("y ~ x + I(flag) + log(w + 10)", columns).spec
    row = {"x": [1.0], "flag": [True], "w": [1.0]}
    for name in ("x", "w"):
        with pytest.raises(
            ColumnTypeError, match=f"'{name}' was numeric in the fit and holds text"
        ):
            spec.rebuild({**row, name: ["3"]})
    assert spec.rebuild({**row, "x": [True]}).X[0, 1] == 1
    assert spec.rebuild({**row, "flag": [1]}).X.tolist() == spec.rebuild(row).X.tolist()
    with pytest.raises(ColumnTypeError, match="true or false in the fit"):
        spec.rebuild({**row, "flag": [3]})


def test_dates_match_in_any_unit(columns):
    days = (np.arange(24) // 6).astype("M8[D]")
    for unit in ("D", "s", "us", "ns"):
        table = {**columns, "day": days.astype(f"M8[{unit}]")}
        for spec in specs("y ~ C(day) + (1 | day) + (1 | day:g)", table)[1]:
            expected = spec.rebuild(table)
            for other in ("D", "h", "s", "ms", "us", "ns"):
                built = spec.rebuild({**columns, "day": days.astype(f"M8[{other}]")})
                np.testing.assert_array_equal(built.X, expected.X)
                for (codes, _), (same, _) in zip(built.blocks, expected.blocks, strict=True):
                    assert codes.min() >= 0
                    np.testing.assert_array_equal(codes, same)


@pytest.mark.parametrize("formula", FORMULAS)
def test_no_rows_and_no_complete_rows(columns, formula):
    design, both = specs(formula, columns)
    frame = pd.DataFrame(columns)
    for table in (frame.head(0), pl.DataFrame(columns).head(0), {k: [] for k in columns}):
        for spec in both:
            assert spec.rebuild(table).X.shape == (0, design.X.shape[1])
    lost = {name: [None, None] for name in columns}
    assert both[0].rebuild(lost).kept.tolist() == [False, False]


@pytest.mark.parametrize("table", [65_536, -(10**9)], ids=["looked up", "searched"])
@pytest.mark.parametrize("m", [2, 3, 4])
def test_combinations_are_found_among_those_that_were_there(monkeypatch, table, m):
    monkeypatch.setattr(grouping, "TABLE", table)
    rng = np.random.default_rng(m)
    sizes = rng.integers(2, 6, size=m).tolist()
    every = np.stack(np.meshgrid(*map(np.arange, sizes), indexing="ij"), axis=-1).reshape(-1, m)
    trained = rng.permutation(every)[: len(every) // 2].astype(np.int32)
    rows = np.column_stack([rng.integers(-1, size, 200) for size in sizes]).astype(np.int8)
    place = {tuple(combination): i for i, combination in enumerate(trained.tolist())}
    expected = [place.get(tuple(row), -1) for row in rows.tolist()]
    found = grouping.combined_codes(list(rows.T), trained, sizes)
    assert found.tolist() == expected
