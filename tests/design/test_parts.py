"""Designs of generalised models: exposure, ordinal matrices, several formulas, new data."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import polars as pl
import pytest

from mixedeffects.design import (
    ModelSpec,
    build_design,
    dense,
    rebuild_all,
    term_codings,
)  # fmt: skip
from mixedeffects.errors import ColumnTypeError, DataError, FormulaError, ModelError, OptionError
from tests import tolerances as tol


@pytest.fixture
def counts(columns):
    """The shared table with a count, an exposure and an ordered score."""
    rng = np.random.default_rng(3)
    return {
        **columns,
        "deaths": rng.poisson(3, 24),
        "years": rng.uniform(1, 9, 24),
        "score": rng.integers(0, 4, 24),
        "s": rng.integers(0, 2, 24),
    }


def count(formula, table, **options):
    return build_design(formula, table, kind="count", **options)


def refused(error, words, formula, table, **options):
    with pytest.raises(error) as caught:
        build_design(formula, table, **{"kind": "count", **options})
    for word in words:
        assert word in str(caught.value), str(caught.value)


def test_the_main_part_is_that_of_a_linear_model(counts):
    glmm = count("deaths ~ x * f + flag + (1 + x | g) + (1 | id)", counts)
    lmm = build_design("y ~ x * f + flag + (1 + x | g) + (1 | id)", counts)
    np.testing.assert_array_equal(glmm.X, lmm.X)
    assert glmm.x_names == lmm.x_names
    for one, other in zip(glmm.blocks, lmm.blocks, strict=True):
        np.testing.assert_array_equal(one.factor.codes, other.factor.codes)
        assert one.names == other.names and one.terms == other.terms
    assert glmm.weights is None


# ------------------------------------------------------------------ exposure


def test_exposure_is_an_offset_of_its_logarithm(counts):
    by_name = count("deaths ~ x + offset(w) + (1 | g)", counts, exposure="years")
    by_hand = count("deaths ~ x + offset(w) + offset(log(years)) + (1 | g)", counts)
    by_array = count("deaths ~ x + offset(w) + (1 | g)", counts, exposure=counts["years"])
    for glmm in (by_name, by_array):
        np.testing.assert_array_equal(glmm.exposure, counts["years"])
        np.testing.assert_allclose(glmm.offset, by_hand.offset, rtol=tol.ROUNDING_E15)
    alone = count("deaths ~ x", counts, exposure=list(counts["years"]))
    np.testing.assert_allclose(alone.offset, np.log(counts["years"]), rtol=tol.ROUNDING_E15)
    assert count("deaths ~ x", counts).offset is None


def test_exposure_of_new_rows(counts):
    spec = count("deaths ~ x + (1 | g)", counts, exposure="years").spec
    new = {"x": [1.0, 2.0], "g": ["a", "zz"], "years": [2.0, 5.0]}
    for known in (spec, ModelSpec.from_dict(json.loads(json.dumps(spec.to_dict())))):
        np.testing.assert_allclose(known.rebuild(new).offset, np.log([2, 5]))
        np.testing.assert_allclose(known.fixed_columns(new)[1], np.log([2, 5]))
    with pytest.raises(DataError, match="no column 'years' in the table, the exposure of the fit"):
        spec.rebuild({"x": [1.0], "g": ["a"]})
    with pytest.raises(DataError, match="row 1"):
        spec.rebuild({**new, "years": [1.0, 0.0]})
    spec = count("deaths ~ x + (1 | g)", counts, exposure=counts["years"]).spec
    with pytest.raises(DataError, match="exposure='column'"):
        spec.rebuild(new)


def test_exposure_is_among_the_predictors_and_not_behind_the_dot(counts):
    table = {name: counts[name] for name in ("deaths", "x", "w", "years")}
    glmm = count("deaths ~ .", table, exposure="years")
    assert glmm.x_names == ("(Intercept)", "x", "w")
    assert set(glmm.sources.columns) == {"x", "w", "years"}
    assert glmm.spec.columns == ("deaths", "x", "w", "years")


def test_a_column_name_that_is_no_word_can_be_the_exposure(counts):
    counts["person years"] = counts["years"]
    glmm = count("deaths ~ x", counts, exposure="person years")
    np.testing.assert_allclose(glmm.offset, np.log(counts["years"]))


@pytest.mark.parametrize(
    ("exposure", "error", "words"),
    [
        ("time", DataError, ["no column 'time' in the table for the exposure"]),
        ("g", ColumnTypeError, ["the exposure 'g' is text"]),
        (np.r_[1.0, 2, 0, [-1] * 21], DataError, ["row 2 (counted from 0) has 0", "21 more rows"]),
        ([1.0], DataError, ["1 exposure for 24 rows"]),
        (np.r_[np.inf, [1.0] * 23], DataError, ["infinite"]),
    ],
)
def test_bad_exposure(counts, exposure, error, words):
    refused(error, words, "deaths ~ x", counts, exposure=exposure)


def test_exposure_given_twice(counts):
    refused(
        FormulaError, ["'years' is in the formula too, as offset(log(years))"],
        "deaths ~ x + offset(log(years))", counts, exposure="years",
    )  # fmt: skip


# ------------------------------------------------------------------ missing values


def test_a_value_missing_in_any_part_drops_the_row_of_all(counts):
    for row, name in enumerate(("deaths", "x", "w", "years", "y", "s")):
        counts[name] = counts[name].astype(float)
        counts[name][row] = np.nan
    counts["t"][6] = None
    glmm = count(
        "deaths ~ x + (1 | g)", counts,
        weights="w", exposure="years", zi="~ y + (1 | t)", dispersion="~ s",
    )  # fmt: skip
    report = glmm.missing
    assert report.n_used == 17 and np.flatnonzero(~report.kept).tolist() == list(range(7))
    assert report.by_column == dict.fromkeys(("deaths", "x", "y", "t", "s", "w", "years"), 1)
    for array in (glmm.y, glmm.weights, glmm.exposure, glmm.X, glmm.offset):
        assert array.shape[0] == 17
    assert glmm.others["zi"].X.shape == glmm.others["dispersion"].X.shape == (17, 2)
    assert glmm.others["zi"].blocks[0].factor.codes.shape == (17,)
    np.testing.assert_array_equal(glmm.others["dispersion"].X[:, 1], counts["s"][7:])
    assert glmm.table_row(0) == 7


def test_weights_without_a_name_beside_a_column_of_that_name(counts):
    counts["weights"] = np.r_[np.nan, [1.0] * 23]
    w = np.r_[1.0, np.nan, [1.0] * 22]
    glmm = count("deaths ~ weights + x + offset(w)", {**counts}, weights=w)
    assert np.flatnonzero(~glmm.missing.kept).tolist() == [0, 1]


# ------------------------------------------------------------------ ordinal model matrices


@pytest.mark.parametrize("right", ["x", "f", "x * f", "f:x", "C(f, Sum) + flag", "poly(x, 2)"])
def test_an_ordinal_matrix_is_the_usual_one_without_the_intercept(counts, right):
    glmm = build_design(f"score ~ {right} + (1 | g)", counts, kind="ordinal")
    full = build_design(f"y ~ {right} + (1 | g)", counts)
    np.testing.assert_array_equal(glmm.X, full.X[:, 1:])
    assert glmm.X.flags.c_contiguous
    assert glmm.x_names == full.x_names[1:] and glmm.spec.x_terms == full.spec.x_terms[1:]
    new = {"x": [0.3, 0.1], "f": ["b", "c"], "flag": [True, False], "g": ["a", "b"]}
    rebuilt, whole = glmm.spec.rebuild(new), full.spec.rebuild(new)
    np.testing.assert_array_equal(rebuilt.X, whole.X[:, 1:])
    np.testing.assert_array_equal(glmm.spec.fixed_columns(new)[0], whole.X[:, 1:])
    codings = term_codings(glmm.spec, glmm.sources)
    assert [c.name for c in codings] == [c.name for c in term_codings(full.spec, full.sources)][1:]
    assert codings[-1].columns.stop == glmm.X.shape[1]


def test_an_ordinal_model_may_have_no_columns(counts):
    glmm = build_design("score ~ 1 + (1 + x | g)", counts, kind="ordinal")
    assert glmm.X.shape == (24, 0) and glmm.x_names == ()
    assert glmm.blocks[0].names == ("(Intercept)", "x")
    assert glmm.spec.rebuild(counts).X.shape == (24, 0)


def test_columns_that_thresholds_determine_are_dropped(counts):
    counts["one"] = np.full(24, 3.0)
    counts["z"] = 2 - counts["x"]
    glmm = build_design("score ~ one + x + z + w + (1 + z | g)", counts, kind="ordinal")
    assert glmm.x_names == ("x", "w")
    assert [column.name for column in glmm.aliased] == ["one", "z"]
    assert glmm.aliased[0].combination == ()
    assert [(i, round(v, 6)) for i, v in glmm.aliased[1].combination] == [(0, -1.0)]
    assert "z = 2 - x" in glmm.aliased[1].reason
    assert glmm.spec.kept_columns == (1, 3)
    np.testing.assert_array_equal(glmm.spec.rebuild(counts).X, glmm.X)
    np.testing.assert_array_equal(
        glmm.spec.fixed_columns(counts)[0][:, list(glmm.spec.kept_columns)], glmm.X
    )


@pytest.mark.parametrize("right", ["0 + x", "x - 1", "0 + f + (1 | g)"])
def test_no_intercept_in_an_ordinal_formula(counts, right):
    refused(
        FormulaError, ["thresholds in place of an intercept", "leave out '0 +'"],
        f"score ~ {right}", counts, kind="ordinal",
    )  # fmt: skip


def test_an_ordinal_matrix_of_many_rows():
    n = 150_000
    rng = np.random.default_rng(1)
    table = {"y": rng.integers(0, 3, n), "x": rng.normal(size=n), "f": rng.choice(list("abc"), n)}
    design = build_design("y ~ x + f", table, kind="ordinal")
    X = dense(design.X)
    assert type(design.X).__name__ == "ColumnMatrix" and X.flags.c_contiguous
    expected = np.column_stack([table["x"], table["f"] == "b", table["f"] == "c"])
    np.testing.assert_array_equal(X, expected)
    assert dense(X) is X
    assert dense(np.asfortranarray(X[:5])).flags.c_contiguous


# ------------------------------------------------------------------ further parts


def test_parts_have_the_matrices_of_their_formulas(counts):
    glmm = count(
        "deaths ~ x + (1 | g)", counts, zi="~ f + offset(w) + (1 + x | g) + (1 | id)",
        dispersion="~ flag",
    )  # fmt: skip
    zi, dispersion = glmm.others["zi"], glmm.others["dispersion"]
    alone = build_design("y ~ f + offset(w) + (1 + x | g) + (1 | id)", counts)
    np.testing.assert_array_equal(zi.X, alone.X)
    np.testing.assert_array_equal(zi.offset, counts["w"])
    assert zi.x_names == alone.x_names == ("(Intercept)", "f[b]", "f[c]")
    assert [block.factor.name for block in zi.blocks] == [b.factor.name for b in alone.blocks]
    for one, other in zip(zi.blocks, alone.blocks, strict=True):
        np.testing.assert_array_equal(one.factor.codes, other.factor.codes)
    assert dispersion.x_names == ("(Intercept)", "flag[True]") and dispersion.blocks == ()
    assert dispersion.offset is None
    # one coding of a factor serves all parts
    main = {block.factor.name: block.factor for block in glmm.blocks}
    assert next(b.factor for b in zi.blocks if b.factor.name == "g").codes is main["g"].codes


def test_aliased_columns_of_a_part_are_dropped_and_reported(counts):
    glmm = count("deaths ~ x", counts, zi="~ x + I(2 * x) + w", dispersion="~ 1")
    zi = glmm.others["zi"]
    assert zi.x_names == ("(Intercept)", "x", "w")
    assert [column.reason for column in zi.aliased] == ["I(2 * x) = 2·x"]
    assert glmm.aliased == ()
    assert glmm.others["dispersion"].x_names == ("(Intercept)",)


def test_the_dot_of_a_part_is_every_column_but_the_response(counts):
    table = {name: counts[name] for name in ("deaths", "x", "w", "years", "s")}
    glmm = count("deaths ~ x", table, zi="~ .", exposure="years")
    assert glmm.others["zi"].x_names == ("(Intercept)", "x", "w", "s")
    new = rebuild_all(glmm.specs, table)
    np.testing.assert_array_equal(new["zi"].X, glmm.others["zi"].X)


def written_and_read(specs):
    return {
        name: ModelSpec.from_dict(json.loads(json.dumps(spec.to_dict())))
        for name, spec in specs.items()
    }


def test_all_parts_of_new_rows(counts):
    glmm = count(
        "deaths ~ scale(x) + (1 | g)", counts,
        exposure="years", zi="~ poly(w, 2) + (1 | t)", dispersion="~ f",
    )  # fmt: skip
    new = {name: list(values[:6]) for name, values in counts.items()}
    new["x"][1], new["w"][2], new["f"][3], new["t"][4] = None, None, None, "new"
    specs = glmm.specs
    for known in (specs, written_and_read(specs)):
        parts = rebuild_all(known, pl.DataFrame(new, strict=False), response=True)
        main = parts["conditional"]
        rows = [0, 4, 5]
        assert np.flatnonzero(main.kept).tolist() == rows
        np.testing.assert_allclose(main.X, glmm.X[rows], rtol=tol.ROUNDING_E14)
        np.testing.assert_allclose(main.offset, glmm.offset[rows])
        np.testing.assert_array_equal(main.y, glmm.y[rows])
        np.testing.assert_allclose(parts["zi"].X, glmm.others["zi"].X[rows], rtol=tol.ROUNDING_E12)
        np.testing.assert_array_equal(parts["dispersion"].X, glmm.others["dispersion"].X[rows])
        codes = glmm.others["zi"].blocks[0].factor.codes
        assert parts["zi"].blocks[0][0].tolist() == [codes[0], -1, codes[5]]
    left = {k: v for k, v in counts.items() if k not in "gt"}
    unread = rebuild_all(glmm.specs, left, groups=False)
    assert (unread["zi"].blocks[0][0] == -1).all()


@pytest.mark.parametrize(
    ("formula", "kind", "weights"),
    [
        ("s / 4 ~ x", "binomial", None),
        ("I(s / 4) ~ x", "binomial", "four"),
        ("answer ~ x", "binomial", None),
        ("s > 1 ~ x", "binomial", None),
        ("s ~ x", "ordinal", None),
        ("factor(rating, levels=c('low', 'mid', 'high')) ~ x", "ordinal", None),
        ("s ~ x", "count", None),
    ],
)
def test_the_response_of_new_rows_is_read_as_in_the_fit(formula, kind, weights):
    s = np.array([0, 1, 2, 3, 4, 1])
    table = pd.DataFrame({"s": s, "x": np.arange(6.0), "four": [4] * 6})
    table["answer"] = np.where(s > 1, "yes", "no")
    table["rating"] = np.array(["mid", "low", "high"])[s % 3]
    glmm = build_design(formula, table, kind=kind, weights=weights)
    rows = np.array([4, 2])  # one category only, or none in order
    for known in (glmm.spec, written_and_read(glmm.specs)["conditional"]):
        new = known.rebuild(table.iloc[rows], response=True)
        np.testing.assert_array_equal(new.y, glmm.y[rows])
        assert (new.size is None) == (glmm.size is None)
        if glmm.size is not None:
            np.testing.assert_array_equal(new.size, glmm.size[rows])
        assert known.rebuild(table.iloc[rows]).y is None


def test_new_rows_with_a_response_that_cannot_be_read_alike():
    table = {"p": [0.5, 0.25, 1], "n": [4, 4, 2], "x": [0, 1, 2], "r": ["a", "b", "a"]}
    spec = build_design("p ~ x", table, kind="binomial", weights="n").spec
    assert spec.rebuild({"x": [1]}).X.shape == (1, 2)
    with pytest.raises(DataError, match=r"the weights \('n'\); the table does not have them"):
        spec.rebuild({"x": [1], "p": [0.5]}, response=True)
    spec = build_design("r ~ x", table, kind="binomial").spec
    with pytest.raises(DataError, match="was not fitted to: c\nknown: a, b"):
        spec.rebuild({"x": [1], "r": ["c"]}, response=True)
    with pytest.raises(DataError, match="was categories in the fit and holds numbers now"):
        spec.rebuild({"x": [1], "r": [0]}, response=True)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"dispersion": "~ x + (1 | g)"}, FormulaError,
         ["the dispersion cannot have random effects", "^^^^^", "leave (1 | g) out"]),
        ({"zi": "deaths ~ x"}, FormulaError, ["zi has a response", "write only", "zi='~ 1 + x'"]),
        ({"zi": "x"}, FormulaError, ["has no '~'", "zi='~ x'"]),
        ({"zi": ""}, FormulaError, ["has no '~'", "zi='~ 1'"]),
        ({"zi": True}, OptionError, ["zi=True is not a formula", "zi='~ 1'"]),
        ({"zi": "~ 0"}, ModelError, ["nothing to estimate"]),
        ({"zi": "~ xx"}, FormulaError, ["no column 'xx' in the table", "~ xx\n", "'x'?"]),
        ({"dispersion": "~ y:id:count:x + C(id) * C(count)"}, ModelError,
         ["the formula of dispersion has 24 fixed-effect columns for 24 rows"]),
    ],
)  # fmt: skip
def test_bad_formulas_of_parts(counts, options, error, words):
    refused(error, words, "deaths ~ x", counts, **options)


# ------------------------------------------------------------------ how many effects


def test_one_row_per_level_is_allowed_where_it_can_be_estimated(counts):
    counts["trials"] = np.full(24, 3)
    assert count("deaths ~ x + (1 | count)", counts).blocks[0].factor.n_levels == 24
    build_design("s / trials ~ x + (1 | count)", counts, kind="binomial")
    refused(
        ModelError, ["one row per level, with one 0 / 1", "leave out (1 | count)"],
        "s ~ x + (1 | count)", counts, kind="binomial",
    )  # fmt: skip
    refused(ModelError, ["with one category"], "score ~ x + (1 | count)", counts, kind="ordinal")
    refused(ModelError, ["one row per level"], "y ~ x + (1 | count)", counts, kind="number")
    build_design("y ~ x + (1 | count)", counts, kind="number", saturated=True)


def test_a_saturated_count_model_and_one_with_too_many_columns():
    table = {"y": [1, 4, 2, 2], "f": list("abcd")}
    assert count("y ~ f", table).X.shape == (4, 4)
    refused(ModelError, ["4 fixed-effect columns for 4 rows"], "y ~ f", table, kind="number")


def test_trials_as_weights_beside_a_response_that_has_them():
    table = {"y": [1, 0, 2, 3, 1, 2], "n": [4, 3, 4, 5, 4, 2], "g": list("aabbcc")}
    for response in ("y / n", "cbind(y, n - y)"):
        with pytest.raises(DataError, match="count twice"):
            build_design(f"{response} ~ 1 + (1 | g)", table, kind="binomial", weights="n")
    ones = {**table, "y": [1, 0, 1, 0, 1, 0], "n": [1] * 6}
    build_design("y / n ~ 1 + (1 | g)", ones, kind="binomial", weights="n")
    doubled = build_design("y / n ~ 1 + (1 | g)", table, kind="binomial", weights=[2.0] * 6)
    few = doubled.spec.rebuild({**{k: v[-1:] for k, v in table.items()}})
    assert few is not None
