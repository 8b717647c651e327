"""Rows that a fit cannot estimate are nan, with the reason: cells without rows, dropped columns.

Right values: R's emmeans (tests/golden/emmeans), the row space of the columns by dense linear
algebra, and fits of the same cells as one factor, whose columns are all estimable.
"""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pandas as pd
import polars
import pytest

import mixedeffects as me
from mixedeffects.errors import DataWarning
from tests import tolerances as tol
from tests.golden.emmeans.frames import fitted, golden

CELLS = pd.DataFrame(list(itertools.product("pqr", "uvw")), columns=["a", "b"]).assign(g="1")
EMPTY = (CELLS["a"] + CELLS["b"] == "pu").to_numpy()


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(1)
    n = 180
    table = pd.DataFrame(
        {
            "g": rng.integers(0, 12, n).astype(str),
            "a": rng.choice(list("pqr"), n),
            "b": rng.choice(list("uvw"), n),
            "x": rng.normal(size=n),
        }
    )
    shift = rng.normal(size=12)[table["g"].astype(int)]
    table["y"] = rng.normal(size=n) + table["a"].map({"p": 5, "q": 6, "r": 7}) + shift
    table["k"] = rng.poisson(np.exp(0.4 * shift + 0.8)) * (rng.random(n) < 0.7)
    table["level"] = pd.Categorical(
        rng.choice(["lo", "mid", "hi"], n), categories=["lo", "mid", "hi"], ordered=True
    )
    table["cell"] = table["a"] + table["b"]
    table["twice"] = 2.0 * table["x"]
    return table[table["cell"] != "pu"].reset_index(drop=True)


def quietly(call, *args, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return call(*args, **options)


def cells_as_one_factor(table=CELLS):
    """The cells for a fit that has one factor of those with rows; of the empty one another."""
    return table.assign(cell=(table["a"] + table["b"]).where(~EMPTY, "rw"))


def test_population_predictions_are_the_cell_means_of_emmeans_in_r():
    call = golden("emmeans")["cake_empty"]["calls"][0]
    rows = next(r["rows"] for r in call["results"] if r["ddf"] == "satterthwaite")
    theirs = {
        name: np.array([np.nan if v is None else v for v in rows[name]])
        for name in ("emmean", "SE", "lower.CL", "upper.CL")
    }
    fit = fitted("emmeans", "cake_empty")
    new = pd.DataFrame({name: rows[name] for name in ("recipe", "temperature")})
    with pytest.warns(DataWarning, match="2 of 18 rows cannot be estimated") as said:
        got = fit.predict(new, groups="population", interval="confidence")
    assert "recipe[C]:temperature" in str(said[0].message)
    assert said[0].filename == __file__
    for ours, column in zip(("prediction", "std_error", "lower", "upper"), theirs, strict=True):
        np.testing.assert_allclose(got[ours], theirs[column], rtol=tol.MEANS_RTOL)
    assert np.isnan(theirs["emmean"]).sum() == 2


FORMULAS = ["a * b", "0 + a:b", "a:b", "0 + b * a", "C(a, Sum) * C(b, Helmert)", "b / a"]


@pytest.mark.parametrize("right", FORMULAS)
def test_a_linear_model_predicts_the_cells_that_have_rows(right, frame):
    fit = me.lmm(f"y ~ {right} + (1 | g)", frame)
    plain = me.lmm("y ~ 0 + cell + (1 | g)", frame)
    for options in (
        {"interval": "confidence"},
        {"interval": "prediction", "groups": "population"},
        {"interval": "prediction", "new_levels": "marginal"},
    ):
        theirs = plain.predict(cells_as_one_factor(), **options)
        with pytest.warns(DataWarning, match="1 of 9 rows cannot be estimated from this fit"):
            got = fit.predict(CELLS, **options)
        assert got[EMPTY].isna().all(axis=None) and not got[~EMPTY].isna().any(axis=None)
        np.testing.assert_allclose(got[~EMPTY], theirs[~EMPTY], rtol=tol.REFIT_TEST_RTOL)
    assert np.isnan(quietly(fit.predict, CELLS)).tolist() == EMPTY.tolist()
    # the rows of the fit are all estimable, and no row of a table of them is accused
    with warnings.catch_warnings():
        warnings.simplefilter("error", DataWarning)
        np.testing.assert_allclose(fit.predict(frame), fit.fitted, rtol=tol.REFIT_TEST_RTOL)


PARTS = {
    "poisson": ("k ~ {} + (1 | g)", {"family": "poisson"}),
    "nbinom2": ("k ~ {} + (1 | g)", {"family": "nbinom2"}),
    "binomial": ("I(k > 1) ~ {} + (1 | g)", {"family": "binomial"}),
    "ordinal": ("level ~ {} + (1 | g)", {"family": "ordinal"}),
}


@pytest.mark.parametrize("right", ["a * b", "a:b"])
@pytest.mark.parametrize("family", PARTS)
def test_a_generalised_model_predicts_the_cells_that_have_rows(family, right, frame):
    formula, options = PARTS[family]
    fit = me.glmm(formula.format(right), frame, **options)
    plain = me.glmm(formula.format("cell"), frame, **options)
    asked = [{}, {"interval": "confidence"}, {"groups": "population", "new_levels": "marginal"}]
    if family == "ordinal":
        asked.append({"component": "class"})
    else:
        asked += [{"scale": "link", "interval": "confidence"}, {"interval": "prediction"}]
    for options in asked:
        theirs = plain.predict(cells_as_one_factor(), **options)
        with pytest.warns(DataWarning, match="1 of 9 rows cannot be estimated from this fit"):
            got = fit.predict(CELLS, **options)
        if options.get("component") == "class":
            assert got[~EMPTY].tolist() == theirs[~EMPTY].tolist() and got[EMPTY][0] is None
            continue
        got, theirs = np.asarray(got), np.asarray(theirs)
        lost = np.repeat(EMPTY, got.shape[0] // EMPTY.size)
        if got.ndim == 2 and got.dtype == object:  # of categories: row, category, and numbers
            got, theirs = got[:, 2:].astype(float), theirs[:, 2:].astype(float)
        assert np.isnan(got[lost]).all() and not np.isnan(got[~lost]).any()
        np.testing.assert_allclose(
            got[~lost],
            theirs[~lost],
            rtol=tol.PREDICTION_REFIT_RTOL,
            atol=tol.PREDICTION_REFIT_RTOL,
        )


def test_a_part_that_is_not_asked_for_loses_no_rows(frame):
    fit = me.glmm("k ~ x + (1 | g)", frame, family="poisson", zi="~ a * b")
    new = CELLS.assign(x=0.3)
    for component in (None, "zi"):
        assert np.isnan(quietly(fit.predict, new, component=component)).tolist() == EMPTY.tolist()
    with warnings.catch_warnings():
        warnings.simplefilter("error", DataWarning)
        assert np.isfinite(fit.predict(new, component="conditional")).all()
    fit = me.glmm("k ~ a * b + (1 | g)", frame, family="nbinom2", dispersion="~ a")
    assert np.isnan(quietly(fit.predict, CELLS)).tolist() == EMPTY.tolist()
    with warnings.catch_warnings():
        warnings.simplefilter("error", DataWarning)
        assert np.isfinite(fit.predict(CELLS, component="dispersion")).all()


@pytest.mark.parametrize(
    ("right", "columns"),
    [
        ("x + twice", lambda t: [np.ones(len(t)), t.x, t.twice]),
        ("x + one", lambda t: [np.ones(len(t)), t.x, t.one]),
        ("0 + a + a:x + twice", lambda t: [
            *(1.0 * (t.a == v) for v in "pqr"), *(t.x * (t.a == v) for v in "pqr"), t.twice]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_numbers_that_depend_on_each_other_are_estimable_where_they_still_do(right, columns, frame):
    """By the row space of all columns: a row is estimable when adding it adds no dimension."""
    frame = frame.assign(one=3.0)
    new = pd.DataFrame(
        {"x": [0.5, 0.5, -1.0, 0.0], "twice": [1.0, 2.0, -2.0, 0.0], "one": [3.0, 3.0, 4.0, 3.0]}
    ).assign(a=list("pqrp"), b="v", g="1")
    have, asked = (np.column_stack(columns(t)) for t in (frame, new))
    rank = np.linalg.matrix_rank(have)
    estimable = [np.linalg.matrix_rank(np.vstack([have, row])) == rank for row in asked]
    assert 0 < sum(estimable) < len(estimable)
    for fit in (
        me.lmm(f"y ~ {right} + (1 | g)", frame),
        me.glmm(f"k ~ {right} + (1 | g)", frame, family="poisson"),
    ):
        assert np.isfinite(quietly(fit.predict, new)).tolist() == estimable


def test_of_ordered_categories_the_means_of_cells_with_rows_are_estimable(frame):
    """A dropped column may hold the constant, which the thresholds are."""
    for right in ("a * b", "a:b"):
        fit = me.glmm(f"level ~ {right} + (1 | g)", frame, family="ordinal")
        plain = me.glmm("level ~ cell + (1 | g)", frame, family="ordinal")
        for scale in ("link", "response"):
            got = fit.emmeans(["a", "b"], scale=scale).tidy()
            theirs = plain.emmeans("cell", scale=scale).tidy()
            got["cell"] = got["a"] + got["b"]
            assert got.loc[got["cell"] == "pu", "estimate"].isna().all()
            keys = ["cell"] if scale == "link" else ["cell", "level"]
            both = got.merge(theirs, on=keys, suffixes=("", "_plain"))
            assert len(both) == len(theirs)
            np.testing.assert_allclose(
                both["estimate"], both["estimate_plain"],
                rtol=tol.PREDICTION_REFIT_RTOL, atol=tol.PREDICTION_REFIT_RTOL,
            )  # fmt: skip


@pytest.mark.parametrize("kind", ["lmm", "ordinal", "zi"])
def test_a_saved_fit_knows_it_too(kind, frame, tmp_path):
    if kind == "lmm":
        fit = me.lmm("y ~ a:b + (1 | g)", frame)
    elif kind == "ordinal":
        fit = me.glmm("level ~ a:b + (1 | g)", frame, family="ordinal")
    else:
        fit = me.glmm("k ~ 1 + (1 | g)", frame, family="poisson", zi="~ a:b")
    before = np.asarray(quietly(fit.predict, CELLS))
    fit.save(tmp_path / "fit")
    again = me.load(tmp_path / "fit")
    np.testing.assert_allclose(quietly(again.predict, CELLS), before, rtol=tol.ROUNDING_E14)
    assert np.isnan(before.reshape(9, -1)[:, 0]).tolist() == EMPTY.tolist()


def test_other_tables_and_missing_values(frame):
    fit = me.lmm("y ~ a * b + (1 | g)", polars.from_pandas(frame.drop(columns="level")))
    new = polars.from_pandas(CELLS).with_columns(
        pl_b=polars.col("b"), a=polars.when(polars.col("b") == "w").then(None).otherwise("a")
    )
    expected = EMPTY | (CELLS["b"] == "w").to_numpy()
    assert np.isnan(quietly(fit.predict, new)).tolist() == expected.tolist()
    table = {name: CELLS[name].tolist() for name in CELLS}
    assert np.isnan(quietly(fit.predict, table)).tolist() == EMPTY.tolist()


def test_charts_have_gaps_and_say_why(frame):
    fit = me.lmm("y ~ a * b + b:x + (1 | g)", frame)
    chart = fit.plot.trajectories("x", by="a")
    lines = chart.tables["fixed"]
    # b is held at its first level, u, which no row of p has
    assert lines.loc[lines["by"] == "p", "prediction"].isna().all()
    assert lines.loc[lines["by"] != "p", "prediction"].notna().all()
    assert any("cannot be estimated" in note for note in chart.subtitle)
    own = chart.tables["lines"]
    assert own.loc[own["by"] == "p", ["prediction", "fixed"]].isna().all(axis=None)


def test_interpretation_gives_no_cell_a_number_that_is_not_its_own(frame):
    """With columns dropped a coefficient is not the mean or difference that its name says."""
    words = " ".join(str(me.lmm("y ~ a:b + (1 | g)", frame).interpret()).split())
    fixed = words.split("Fixed effects")[1].split("Variance between")[0]
    assert "hold what a[r]:b[w] would have, which was dropped" in fixed
    assert "expected y" not in fixed and "fit.emmeans" in fixed
    # where no coefficient holds another, each cell has its mean
    fit = me.lmm("y ~ 0 + a:b + (1 | g)", frame)
    words = " ".join(str(fit.interpret()).split())
    mean = fit.emmeans(["a", "b"]).tidy().set_index(["a", "b"]).loc[("q", "v"), "estimate"]
    assert f"With a q and b v, the expected y is {mean:.4g}" in words
    # a constant column takes nothing from what the others mean
    words = " ".join(
        str(me.lmm("y ~ x + one + (1 | g)", frame.assign(one=3.0)).interpret()).split()
    )
    assert "Per unit of x, the expected y is" in words and "Where x is 0, the expected" in words


def test_marginaleffects_hears_the_reason(frame):
    pytest.importorskip("marginaleffects")
    fit = me.lmm("y ~ a * b + (1 | g)", frame)
    model = fit.to_marginaleffects()
    with pytest.warns(DataWarning, match="1 of 9 rows cannot be estimated"):
        exog = model.get_exog(polars.from_pandas(CELLS))
    assert np.isnan(exog).any(axis=1).tolist() == EMPTY.tolist()
    ordinal = me.glmm("level ~ a:b + (1 | g)", frame, family="ordinal").to_marginaleffects()
    exog = quietly(ordinal.get_exog, polars.from_pandas(CELLS))
    assert np.isnan(exog).any(axis=1).tolist() == EMPTY.tolist()
