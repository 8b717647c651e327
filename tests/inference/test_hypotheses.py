"""Linear hypotheses: how they are read, and their tests against lmerTest's contest."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mixedeffects as me
from mixedeffects.errors import FormulaError, OptionError
from mixedeffects.inference.hypotheses import linear
from tests import tolerances as tol
from tests.golden.emmeans.frames import FOLDER, fitted

CONTESTS = json.loads((FOLDER.parent / "anova" / "anova.json").read_text())["contests"]
NAMES = (
    "(Intercept)", "x", "x1", "x10", "style[T.Some]", "poly(x, 2)[1]", "x1:style[T.Some]",
    "log(x + 1)", "blood pressure", "f[a - b]", "f[1e3]", "1st", "I(x^2)", "`a: b`[c = 1]",
)  # fmt: skip


@pytest.mark.parametrize("ddf", ["satterthwaite", "kenward-roger"])
@pytest.mark.parametrize("contest", CONTESTS, ids=lambda c: c["model"])
def test_rows_and_joint_test_are_lmertests(contest, ddf):
    fit = fitted("anova", contest["model"])
    theirs = next(r for r in contest["results"] if r["ddf"] == ddf)
    rows = fit.test(contest["texts"], ddf=ddf)
    assert rows["hypothesis"].tolist() == contest["texts"]
    np.testing.assert_allclose(rows["null"], contest["rhs"])
    for column, tolerance in (
        ("estimate", tol.MEANS_RTOL), ("std_error", tol.MEANS_RTOL), ("df", tol.ANOVA_DF_RTOL),
    ):  # fmt: skip
        np.testing.assert_allclose(rows[column], theirs[column], rtol=tolerance)
    np.testing.assert_allclose(rows["p_value"], theirs["p_value"], rtol=tol.PROGRAM_E2)
    joint = fit.test(contest["texts"], ddf=ddf, joint=True).iloc[0]
    assert joint["num_df"] == theirs["num_df"]
    assert joint["statistic"] == pytest.approx(theirs["statistic"], rel=tol.ANOVA_F_RTOL)
    assert joint["den_df"] == pytest.approx(theirs["den_df"], rel=tol.ANOVA_DF_RTOL)


FEW = json.loads((FOLDER.parent / "df" / "few_groups.json").read_text())["models"]


@pytest.mark.parametrize("i", range(len(FEW)))
def test_joint_tests_of_few_groups_are_lmertests(i):
    """Where a component has two degrees of freedom or fewer its F has no mean to be matched."""
    golden = FEW[i]
    fit = me.lmm("y ~ a + x + (1 | g)", golden["data"])
    rows = fit.test(["a = 0", "x = 0"])
    np.testing.assert_allclose(rows["df"], golden["df"], rtol=tol.ANOVA_DF_RTOL)
    joint = fit.test(["a = 0", "x = 0"], joint=True).iloc[0]
    assert joint["num_df"] == golden["num_df"]
    assert joint["den_df"] == pytest.approx(golden["den_df"], rel=tol.ANOVA_DF_RTOL)
    assert joint["statistic"] == pytest.approx(golden["F"], rel=tol.ANOVA_F_RTOL)
    assert joint["p_value"] == pytest.approx(golden["p"], rel=tol.ANOVA_DF_RTOL)


def test_one_of_these_has_a_component_below_two():
    assert any(min(golden["df"]) < 2 and golden["den_df"] == 2 for golden in FEW)


@pytest.mark.parametrize(
    ("text", "weights", "value"),
    [
        ("x = 10", {"x": 1}, 10),
        ("x1 = x10", {"x1": 1, "x10": -1}, 0),
        ("2*x1 - x10 = 0", {"x1": 2, "x10": -1}, 0),
        ("-(x1 - 2 * (x10 + 1)) / 4 = x", {"x1": -0.25, "x10": 0.5, "x": -1}, -0.5),
        ("style[T.Some] + x1:style[T.Some]", {"style[T.Some]": 1, "x1:style[T.Some]": 1}, 0),
        ("(Intercept) = 1.5e2", {"(Intercept)": 1}, 150),
        ("((Intercept)) == 2", {"(Intercept)": 1}, 2),
        ("poly(x, 2)[1] - log(x + 1)", {"poly(x, 2)[1]": 1, "log(x + 1)": -1}, 0),
        ("`blood pressure`=f[a - b]", {"blood pressure": 1, "f[a - b]": -1}, 0),
        ("blood pressure * 3 = 1", {"blood pressure": 3}, 1),
        ("f[1e3]*.5 + 1st = 0", {"f[1e3]": 0.5, "1st": 1}, 0),
        ("0 = I(x^2)", {"I(x^2)": -1}, 0),
        ("x1 - -x10", {"x1": 1, "x10": 1}, 0),
        ("2*`a: b`[c = 1] = `x1`", {"`a: b`[c = 1]": 2, "x1": -1}, 0),
    ],
)
def test_texts_are_read(text, weights, value):
    got, null, said = linear(text, NAMES)
    assert dict(zip(NAMES, got.tolist(), strict=True)) == dict.fromkeys(NAMES, 0) | weights
    assert null == pytest.approx(value) and said == ("=" in text)


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("x11 = 0", "no coefficient 'x11'", (0, 3)),
        ("x1 + weight = 0", "no coefficient 'weight'", (5, 11)),
        ("x1 * x10", "not linear", (0, 8)),
        ("x1 / x10", "only a number", (0, 8)),
        ("x1 / 0", "only a number", (0, 6)),
        ("x1 =", "ends too early", (4, 5)),
        ("", "ends too early", (0, 1)),
        ("x1 = 1 = 2", "not expected", (7, 8)),
        ("2 x1", "not expected", (2, 3)),
        ("(x1 + x10", "not closed", (9, 10)),
        ("`x1", "closing backtick", (0, 1)),
        ("`x 1` = 0", "no coefficient 'x 1'", (0, 5)),
        ("x1[b] = 0", "no coefficient 'x1", (0, 5)),
        ("x1 > 0", "not expected", (3, 4)),
    ],
)
def test_what_cannot_be_read_is_pointed_at(text, message, place):
    with pytest.raises(FormulaError, match=message) as caught:
        linear(text, NAMES)
    carets = str(caught.value).splitlines()[2]
    assert (carets.index("^") - 4, carets.rindex("^") - 3) == place


def test_a_near_name_is_suggested():
    with pytest.raises(FormulaError, match="did you mean 'style"):
        linear("style[Some] = 0", NAMES)


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.integers(-9, 9)), min_size=1, max_size=6))
def test_any_sum_is_read_back(terms):
    text = " + ".join(f"{weight}*{name}" for name, weight in terms)
    expected = dict.fromkeys(NAMES, 0)
    for name, weight in terms:
        expected[name] += weight
    assert linear(text, NAMES)[0].tolist() == list(expected.values())


@given(st.text(alphabet="x1[]():+-*/=. `TSomestyl20", max_size=20))
def test_any_text_is_read_or_refused(text):
    try:
        weights, value, _ = linear(text, NAMES)
    except FormulaError:
        return
    assert np.isfinite(weights).all() and np.isfinite(value)


@pytest.fixture(scope="module")
def fit():
    return fitted("anova", "machines")


def test_every_form_says_the_same(fit):
    text = fit.test("Machine[B] - 2 * Machine[C] = 3")
    for same in (
        fit.test("Machine[B] - 2 * Machine[C]", null=3),
        fit.test({"any name": [0, 1, -2]}, null=3),
        fit.test({"any name": {"Machine[B]": 1, "Machine[C]": -2}}, null=[3]),
        fit.test([[0, 1, -2]], null=3),
        fit.test(np.array([0.0, 1.0, -2.0]), null=3),
    ):
        pd.testing.assert_frame_equal(
            same.drop(columns="hypothesis"), text.drop(columns="hypothesis")
        )
    assert fit.test([[0, 1, -2]])["hypothesis"].tolist() == ["Machine[B] - 2*Machine[C]"]


def test_without_hypotheses_it_is_the_coefficient_table(fit):
    table = fit.test()
    rows = fit.test(np.eye(3))
    assert table["term"].tolist() == list(fit.design.x_names)
    np.testing.assert_allclose(table["p_value"], rows["p_value"], rtol=tol.ROUNDING_E12)


def test_joint_of_a_terms_coefficients_is_its_anova_row(fit):
    joint = fit.test(["Machine[B]", "Machine[C]"], joint=True)
    row = fit.anova()
    for column in ("num_df", "statistic"):
        assert joint[column][0] == pytest.approx(row[column][0], rel=tol.ROUNDING_E8)
    # the same hypothesis in other rows: Satterthwaite's denominator may differ a little
    assert joint["den_df"][0] == pytest.approx(row["den_df"][0], rel=tol.APPROXIMATION_E2)


def test_dependent_hypotheses_count_once_and_contradictions_are_refused(fit):
    texts = ["Machine[B] = 0", "Machine[C] = 0", "Machine[B] = Machine[C]"]
    joint = fit.test(texts, joint=True)
    assert joint["num_df"][0] == 2
    assert joint["statistic"][0] == pytest.approx(fit.anova()["statistic"][0], rel=tol.ROUNDING_E8)
    with pytest.raises(OptionError, match="contradict"):
        fit.test([*texts[:2], "Machine[B] = Machine[C] + 1"], joint=True)


@pytest.mark.parametrize(
    ("hypotheses", "options", "message"),
    [
        (None, {"joint": True}, "need hypotheses"),
        (None, {"null": 1}, "need hypotheses"),
        ("Machine[B] = 1", {"null": 2}, "not both"),
        ("Machine[B]", {"null": [1, 2]}, "must be 1 numbers"),
        ("1 = 1", {}, "does not depend"),
        ([[1, 2]], {}, "3 columns"),
        ([], {}, "must be texts"),
        ({}, {}, "must be texts"),
        ("Machine[B]", {"null": np.nan}, "finite"),
        ("Machine[B]", {"joint": "yes"}, "True or False"),
        ("1e999 * Machine[B]", {}, "too large"),
        ("Machine[B]", {"ddf": ["wald"]}, "is not one of"),
        ([[1, 2, np.nan]], {}, "must be texts"),
        ({"a": [1, 2]}, {}, "needs 3 finite weights"),
        ({"a": {"Machine[Q]": 1}}, {}, "no coefficient"),
        (7, {}, "must be texts"),
        ("Machine[B]", {"ddf": "exact"}, "is not one of"),
        ("Machine[B]", {"level": 95}, "level"),
    ],
)
def test_what_makes_no_sense_is_refused(hypotheses, options, message, fit):
    with pytest.raises((OptionError, FormulaError), match=message):
        fit.test(hypotheses, **options)


def test_a_model_without_fixed_effects_has_nothing_to_test(sleepstudy):
    bare = me.lmm("Reaction ~ 0 + (1 | Subject)", sleepstudy)
    assert len(bare.test()) == 0
    with pytest.raises(FormulaError):
        bare.test("Days = 0")
