"""Complete, no and partial pooling against textbook least squares."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

import mixedeffects as me
from mixedeffects.inference import dummies as projections
from tests import tolerances as tol


def least_squares(y, X, w=None):
    """Estimates, standard errors, sigma and rank; minimum norm where X is singular."""
    root = np.ones(y.size) if w is None else np.sqrt(w)
    X, y = X * root[:, None], y * root
    inverse = np.linalg.pinv(X, rcond=1e-10)
    beta, rank = inverse @ y, np.linalg.matrix_rank(X)
    s2 = np.sum((y - X @ beta) ** 2) / (y.size - rank)
    return beta, np.sqrt(s2 * np.sum(inverse**2, axis=1)), s2**0.5, rank


def table(seed=2):
    rng = np.random.default_rng(seed)
    n = 300
    g, h = rng.integers(0, 12, n), rng.integers(0, 7, n)
    x = rng.normal(size=n)
    return pd.DataFrame(
        {"y": rng.normal(size=12)[g] + rng.normal(size=7)[h] + x + rng.normal(size=n) + 50.0,
         "x": x, "year": 2000.0 + rng.integers(0, 9, n), "z": (g % 2).astype(float), "g": g, "h": h,
         "c": 10 * g + rng.integers(0, 3, n), "w": rng.uniform(0.5, 2.0, n)}
    )  # fmt: skip


def dummies(data, *columns):
    return np.hstack([pd.get_dummies(data[c].astype(str)).to_numpy(float) for c in columns])


@pytest.mark.parametrize("weights", [None, "w"])
def test_complete_pooling_is_least_squares(weights):
    data = table()
    facts = me.baselines("y ~ x + year + z + (1 | g)", data, weights=weights).facts
    X = np.column_stack([np.ones(300), data["x"], data["year"], data["z"]])
    w = None if weights is None else data["w"].to_numpy()
    beta, se, sigma, rank = least_squares(data["y"].to_numpy(), X, w)
    assert facts.complete.estimate == pytest.approx(beta, rel=tol.ROUNDING_E6)
    assert facts.complete.std_error == pytest.approx(se, rel=tol.ROUNDING_E6)
    assert facts.complete.sigma == pytest.approx(sigma)
    assert facts.complete.n_parameters == rank + 1
    fit = me.lmm("y ~ x + year + z + (1 | g)", data, weights=weights)
    assert facts.partial.estimate == pytest.approx(fit.beta)
    assert facts.partial.n_parameters == 4 + 1 + 1


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize(
    ("random", "columns"),
    [
        ("(1 | g)", ["g"]),
        ("(1 | g/c)", ["c"]),
        ("(1 | g) + (1 | h)", ["g", "h"]),
        ("(x | c) + (1 | h)", ["c", "h"]),
        ("(1 | g) + (1 | h) + (1 | year)", ["g", "h", "year"]),
    ],
)
def test_no_pooling_is_least_squares_with_dummies(random, columns, weights):
    data = table()
    facts = me.baselines(f"y ~ x + z + {random}", data, weights=weights).facts
    X = np.hstack([dummies(data, *columns), data[["x", "z"]].to_numpy()])
    w = None if weights is None else data["w"].to_numpy()
    beta, se, sigma, rank = least_squares(data["y"].to_numpy(), X, w)
    assert facts.none.estimate[1] == pytest.approx(beta[-2], rel=tol.ROUNDING_E8)
    assert facts.none.std_error[1] == pytest.approx(se[-2], rel=tol.ROUNDING_E8)
    assert facts.none.sigma == pytest.approx(sigma)
    assert facts.none.n_parameters == rank + 1
    # z is constant within g, and the intercept is the sum of a factor's dummies
    assert np.isnan(facts.none.estimate[[0, 2]]).all()
    assert [name for name, _ in facts.aliased] == ["(Intercept)", "z"]


@pytest.mark.parametrize("weights", [None, "w"])
def test_many_crossed_dummies_are_projected_without_their_matrix(monkeypatch, weights):
    data = table()
    formula = "y ~ x + z + (1 | g) + (1 | h)"
    dense = me.baselines(formula, data, weights=weights).facts
    monkeypatch.setattr(projections, "DENSE", 0)
    large = me.baselines(formula, data, weights=weights).facts
    assert large.none.estimate == pytest.approx(
        dense.none.estimate, rel=tol.ROUNDING_E8, nan_ok=True
    )
    assert large.none.std_error == pytest.approx(
        dense.none.std_error, rel=tol.ROUNDING_E8, nan_ok=True
    )
    assert large.none.n_parameters == dense.none.n_parameters
    assert large.aliased == dense.aliased
    assert np.isnan(large.condition_number)
    assert any("condition number" in note and "not computed" in note for note in large.notes)
    three = me.baselines("y ~ x + (1 | g) + (1 | h) + (1 | year)", data).facts
    assert np.isnan(three.none.estimate).all() and "not computed" in " ".join(three.notes)


def test_condition_number_of_the_matrix_with_all_dummies():
    data = table()
    facts = me.baselines("y ~ x + year + (1 | g)", data).facts
    X = np.column_stack([np.ones(300), data["x"], data["year"], dummies(data, "g")[:, 1:]])
    assert facts.condition_number == pytest.approx(np.linalg.cond(X), rel=tol.ROUNDING_E6)


@pytest.mark.parametrize("formula", ["y ~ 0 + x + (1 | g)", "y ~ x + year + (1 | g) + (1 | h)"])
def test_condition_number_of_many_dummies(monkeypatch, formula):
    """From the largest and the smallest singular value alone."""
    data = table()
    of_all = me.baselines(formula, data).facts.condition_number
    assert 1 < of_all < 1e15
    monkeypatch.setattr(projections, "WIDE", 0)
    assert me.baselines(formula, data).facts.condition_number == pytest.approx(
        of_all, rel=tol.ROUNDING_E6
    )
    for singular in ("y ~ x + z + (1 | g) + (1 | h)", "y ~ z + (1 | c) + (1 | h)"):
        assert me.baselines(singular, data).facts.condition_number > 1e15


def test_three_crossed_factors_of_many_rows(monkeypatch):
    """The rows are too many for their dummies, what the largest factor leaves is not."""
    data = table()
    formula = "y ~ x + z + (1 | g) + (1 | h) + (1 | year)"
    dense = me.baselines(formula, data).facts.none
    limit = 5 * data[["g", "h", "year"]].nunique().sum() ** 2
    assert limit < data.shape[0] * data[["g", "h", "year"]].nunique().sum()
    monkeypatch.setattr(projections, "DENSE", limit)
    large = me.baselines(formula, data).facts.none
    assert np.array_equal(large.estimate, dense.estimate, equal_nan=True)
    assert large.n_parameters == dense.n_parameters


def test_flipped_classrooms_tell_their_story():
    three = me.baselines("score ~ style + (1 | professor)", me.datasets.flipped_classrooms())
    assert three.condition_number > 1e15
    assert three.aliased["style[Some]"] == "style[Some] is a sum of professor columns"
    assert three.aliased["(Intercept)"] == "(Intercept) is the sum of all professor columns"
    facts = three.facts
    # balanced classes: a treatment given to classes of 25 has the variance of their means
    whole = facts.partial.sigma**2 * (1 + 25 * facts.icc / (1 - facts.icc))
    assert facts.design_effect[1] == pytest.approx(whole / facts.complete.sigma**2)
    text = str(three)
    for words in ("aliased", "it is singular", "design effect", "too small", "ICC 0.1"):
        assert words in text
    assert "style[Some]" in three._repr_html_()
    assert three.tidy().shape == (9, 4) and three.glance()["n_parameters"].tolist() == [4, 16, 5]


def test_teaching_methods_with_both_dummies():
    three = me.baselines(
        "score ~ hs_gpa + method + (1 | instructor)", me.datasets.teaching_methods()
    )
    assert three.condition_number > 1e15
    assert set(three.aliased) == {"(Intercept)", *(f"method[{m}]" for m in "BCDE")}
    # what varies within instructors is learnt from there, pooled or not
    none, partial = three.facts.none, three.facts.partial
    assert none.estimate[1] == pytest.approx(partial.estimate[1], abs=tol.APPROXIMATION_E2)
    assert none.std_error[1] == pytest.approx(partial.std_error[1], rel=tol.APPROXIMATION_E3)


def test_nothing_fixed_offset_missing_rows_and_flavours(sleepstudy):
    polars = pytest.importorskip("polars")
    empty = me.baselines("Reaction ~ 0 + (1 | Subject)", sleepstudy)
    assert empty.tidy().shape[0] == 0 and "residual sd" in str(empty)
    sleepstudy.loc[5, "Reaction"] = np.nan
    shifted = sleepstudy.assign(Reaction=sleepstudy["Reaction"] - 10 * sleepstudy["Days"])
    one = me.baselines("Reaction ~ Days + offset(10 * Days) + (Days | Subject)", sleepstudy).facts
    two = me.baselines("Reaction ~ Days + (Days | Subject)", shifted).facts
    for a, b in zip(one.models, two.models, strict=True):
        assert a.estimate == pytest.approx(b.estimate, rel=tol.DENSE_RTOL, nan_ok=True)
        assert a.sigma == pytest.approx(b.sigma, rel=tol.OPTIMUM_E6)
    assert any("random slopes" in note for note in one.notes)
    frame = me.baselines("Reaction ~ Days + (1 | Subject)", polars.from_pandas(sleepstudy)).tidy()
    assert isinstance(frame, polars.DataFrame)


def test_a_formula_without_groups_is_refused(sleepstudy):
    with pytest.raises(me.ModelError, match="no random effects"):
        me.baselines("Reaction ~ Days", sleepstudy)


@pytest.mark.parametrize(
    ("formula", "data", "singular"),
    [
        ("Reaction ~ Days + (1 | Subject)", me.datasets.sleepstudy, False),
        ("score ~ style + (1 | professor)", me.datasets.flipped_classrooms, True),
    ],
)
def test_a_matrix_is_called_singular_where_it_is(formula, data, singular):
    """Dummies of levels determine what is constant within them, and nothing that varies there."""
    table = data()
    response, fixed, group = re.fullmatch(r"(\w+) ~ (\w+) \+ \(1 \| (\w+)\)", formula).groups()
    X = pd.get_dummies(table[[fixed]].astype({fixed: object} if singular else {}), drop_first=True)
    dummies = pd.get_dummies(table[group].astype(str), drop_first=True)
    whole = np.column_stack([np.ones(len(table)), X.to_numpy(float), dummies.to_numpy(float)])
    assert (np.linalg.matrix_rank(whole) < whole.shape[1]) == singular
    found = me.baselines(formula, table)
    (line,) = [text for text in str(found).splitlines() if "has condition number" in text]
    assert line.endswith(": it is singular.") == singular
    assert "singular" in line or not singular
    written = float(re.search(r"number (\S+?)[.:]?(?: |$)", line)[1])
    assert written == pytest.approx(found.condition_number, rel=tol.CONDITION_AS_WRITTEN_RTOL)
    assert response in str(found)


def test_rows_and_columns_that_were_left_out_are_said():
    data = me.datasets.sleepstudy()
    data.loc[3, "Reaction"] = np.nan
    data["twice"] = 2 * data["Days"]
    found = me.baselines("Reaction ~ Days + twice + (1 | Subject)", data)
    for said in (str(found), found._repr_html_()):
        assert "1 of 180 rows was left out for missing values (Reaction 1)." in said
        assert "Column twice was dropped: twice = 2·Days." in said
    whole = me.baselines("Reaction ~ Days + (1 | Subject)", me.datasets.sleepstudy())
    assert "left out" not in str(whole) and "dropped" not in str(whole)
