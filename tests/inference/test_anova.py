"""ANOVA tables against lmerTest (tests/golden/make/anova.R), and statements that hold of any."""

from __future__ import annotations

import io
import json
import re
import warnings

import numpy as np
import pandas as pd
import pytest

import mixedeffects as me
from mixedeffects.errors import DataWarning, NotAvailableError, OptionError
from tests import tolerances as tol
from tests.golden.emmeans.frames import FOLDER as EMMEANS
from tests.golden.emmeans.frames import fitted, frame_of, golden
from tests.oracles.estimable_functions import f_tests

FOLDER = EMMEANS.parent
MODELS = golden("anova")

# Terms of models with dropped columns whose hypotheses lmerTest chooses by which columns happened
# to be dropped: sens1 and sens2 are constant within Product, so nothing of them can be told apart
# from it after it. The type of the test → terms.
NOT_ESTIMABLE = {"carrots": {2: ("sens1", "sens2"), 3: ("sens1", "sens2")}}

every_table = pytest.mark.parametrize(
    ("name", "i"),
    [(name, i) for name, model in MODELS.items() for i in range(len(model["tables"]))],
    ids=lambda value: str(value),
)


def numbers(table, name):
    return np.atleast_1d(np.asarray(table[name], dtype=float))


def anova(fit, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return fit.anova(**options)


@every_table
def test_the_table_is_lmertests(name, i):
    table = MODELS[name]["tables"][i]
    got = anova(fitted("anova", name), type=table["type"], ddf=table["ddf"])
    assert len(got) == len(numbers(table, "num_df"))
    lost = got["term"].isin(NOT_ESTIMABLE.get(name, {}).get(table["type"], ())).to_numpy()
    assert (got["num_df"][lost] == 0).all() and got["statistic"][lost].isna().all()
    got = got[~lost]

    def theirs(column):
        return numbers(table, column)[~lost]

    assert got["num_df"].tolist() == theirs("num_df").tolist()
    np.testing.assert_allclose(got["statistic"], theirs("statistic"), rtol=tol.ANOVA_F_RTOL)
    np.testing.assert_allclose(got["sum_sq"], theirs("sum_sq"), rtol=tol.ANOVA_F_RTOL)
    np.testing.assert_allclose(got["den_df"], theirs("den_df"), rtol=tol.ANOVA_DF_RTOL)
    # p-values move with df; in the far tail only their logarithm is comparable
    np.testing.assert_allclose(
        np.log(got["p_value"]),
        np.log(theirs("p_value")),
        rtol=tol.LOG_P_RTOL,
        atol=tol.PROGRAM_E2,
    )


@pytest.fixture(scope="module")
def unbalanced():
    return frame_of(MODELS["cake_unbalanced"])


CODINGS = ["Treatment", "Treatment('C')", "SAS", "Sum", "Helmert", "Poly"]


@pytest.mark.parametrize("type", [1, 2, 3])
@pytest.mark.parametrize("coding", CODINGS)
def test_no_table_depends_on_the_coding(coding, type, unbalanced):
    reference = fitted("anova", "cake_unbalanced").anova(type=type, ddf="kenward-roger")
    fit = me.lmm(
        f"angle ~ C(recipe, {coding}) * C(temperature, {CODINGS[-1]}) + (1 | recipe:replicate)",
        unbalanced,
    )
    got = fit.anova(type=type, ddf="kenward-roger")
    assert got["num_df"].tolist() == reference["num_df"].tolist()
    np.testing.assert_allclose(got["statistic"], reference["statistic"], rtol=tol.OPTIMUM_E6)
    np.testing.assert_allclose(got["den_df"], reference["den_df"], rtol=tol.OPTIMUM_E6)


@pytest.mark.parametrize("coding", CODINGS)
def test_empty_cells_leave_the_same_hypotheses_for_every_coding(coding):
    frame = frame_of(MODELS["cake_empty"])
    reference = anova(fitted("anova", "cake_empty"), ddf="wald")
    fit = me.lmm(
        f"angle ~ C(recipe, {coding}) * C(temperature, Sum) + (1 | recipe:replicate)", frame
    )
    with pytest.warns(DataWarning, match="could not be estimated"):
        got = fit.anova(ddf="wald")
    assert got["num_df"].tolist() == reference["num_df"].tolist() == [2, 5, 8]
    np.testing.assert_allclose(got["statistic"], reference["statistic"], rtol=tol.OPTIMUM_E5)


def split_plot():
    table = json.loads((FOLDER / "anova" / "sas_noint.json").read_text())
    columns = {name: list(table[name]) for name in ("block", "a", "b", "y")}
    return pd.DataFrame(columns), table["types"]


@pytest.mark.parametrize("type", [1, 2, 3])
@pytest.mark.parametrize("coding", [None, *CODINGS[2:]])
def test_without_an_intercept_the_table_is_the_one_of_sas(coding, type):
    """With NOINT the cells of b hold the constant, so a is asked for its differences."""
    frame, types = split_plot()
    a, b = (name if coding is None else f"C({name}, {coding})" for name in "ab")
    fit = me.lmm(f"y ~ 0 + {a} * {b} + (1 | block) + (1 | a:block)", frame, reml=False)
    got, theirs = fit.anova(type=type), types[str(type)]
    assert got["num_df"].tolist() == theirs["num_df"]
    np.testing.assert_allclose(got["statistic"], theirs["statistic"], rtol=tol.ANOVA_F_RTOL)
    np.testing.assert_allclose(got["den_df"], theirs["den_df"], rtol=tol.ANOVA_DF_RTOL)
    np.testing.assert_allclose(got["p_value"], theirs["p_value"], rtol=tol.ANOVA_DF_RTOL)


CROSSED = ["cake_unbalanced", "oats", "tvbo", "orthodont_ages", "npk"]


@pytest.mark.parametrize("type", [2, 3])
@pytest.mark.parametrize("ddf", ["satterthwaite", "kenward-roger"])
@pytest.mark.parametrize("name", CROSSED)
def test_crossed_factors_have_lmertests_table_without_an_intercept(name, ddf, type):
    """The columns span the same space with and without, so the hypotheses are the same."""
    record = MODELS[name]
    (theirs,) = (t for t in record["tables"] if (t["ddf"], t["type"]) == (ddf, type))
    fit = me.lmm(record["formula"].replace("~", "~ 0 +"), frame_of(record), reml=record["reml"])
    got = fit.anova(type=type, ddf=ddf)
    assert got["num_df"].tolist() == numbers(theirs, "num_df").tolist()
    np.testing.assert_allclose(got["statistic"], theirs["statistic"], rtol=tol.ANOVA_F_RTOL)
    np.testing.assert_allclose(got["den_df"], theirs["den_df"], rtol=tol.ANOVA_DF_RTOL)


@pytest.mark.parametrize("coding", ["Sum", "Helmert", "Poly", "SAS"])
@pytest.mark.parametrize("name", ["cake_unbalanced", "tvbo", "orthodont_ages", "ham"])
def test_the_denominators_of_type_3_are_lmertests_in_every_coding(name, coding):
    """Satterthwaite's depend on the rows of a hypothesis: lmerTest's are those of treatments."""
    record = MODELS[name]
    (theirs,) = (
        t for t in record["tables"] if (t["ddf"], t["type"]) == ("satterthwaite", 3)
    )  # fmt: skip
    left, right = record["formula"].split("~")
    fixed, bar = right.split("+ (", 1)
    for factor in record["levels"]:
        fixed = re.sub(rf"\b{factor}\b", f"C({factor}, {coding})", fixed)
    fit = me.lmm(f"{left}~{fixed}+ ({bar}", frame_of(record), reml=record["reml"])
    got = fit.anova(type=3)
    np.testing.assert_allclose(got["statistic"], theirs["statistic"], rtol=tol.ANOVA_F_RTOL)
    np.testing.assert_allclose(got["den_df"], theirs["den_df"], rtol=tol.ANOVA_DF_RTOL)


# Terms of a formula; x is a number.
FORMULAS = [
    [("a",), ("b",)],
    [("a",), ("c",), ("a", "c")],
    [("a",), ("a", "b")],
    [("a", "b")],
    [("a",)],
    [("x",), ("a",)],
    [("a",), ("x",), ("a", "x")],
    [("c",), ("a", "b")],
    [("x",), ("a", "x")],
    [("a", "x"), ("b", "c")],
    [("x",), ("b",), ("a", "x")],
    [("a",), ("b",), ("c",), ("a", "b"), ("a", "c"), ("b", "c"), ("a", "b", "c")],
]


@pytest.fixture(scope="module")
def three_factors():
    rng = np.random.default_rng(4)
    n = 150
    frame = pd.DataFrame(
        {
            "g": rng.integers(0, 12, n).astype(str),
            "a": rng.choice(list("pqr"), n),
            "b": rng.choice(list("uv"), n, p=[0.3, 0.7]),
            "c": rng.choice(list("klm"), n, p=[0.5, 0.3, 0.2]),
            "x": rng.normal(3, 1, n),
        }
    )
    frame["y"] = rng.normal(size=n) + frame["a"].map({"p": 0, "q": 0.4, "r": 0.9}) + frame["x"] / 9
    frame["win"] = (frame["y"] > frame["y"].median()).astype(int)
    return frame


def written(terms, coding, intercept):
    def text(term):
        return ":".join(v if v == "x" or coding is None else f"C({v}, {coding})" for v in term)

    return " + ".join([str(int(intercept)), *map(text, terms)])


@pytest.mark.parametrize("empty", [False, True], ids=["full", "empty"])
@pytest.mark.parametrize("intercept", [True, False], ids=["1", "0"])
@pytest.mark.parametrize("terms", FORMULAS, ids=lambda terms: "+".join(map(":".join, terms)))
def test_hypotheses_are_those_of_the_cells_whatever_the_coding(
    terms, intercept, empty, three_factors
):
    frame = three_factors
    if empty:
        gone = (frame.a + frame.c).isin(["pk", "rm"])
        frame = frame[~gone].reset_index(drop=True)
    denominators = {}
    for coding in (None, "Sum", "Poly", "SAS"):
        fit = me.lmm(f"y ~ {written(terms, coding, intercept)} + (1 | g)", frame)
        for type in (1, 2, 3):
            theirs = f_tests(
                frame, terms, intercept, type,
                np.asarray(fit.design.X), fit.beta, fit.vcov_beta,
            )  # fmt: skip
            got = anova(fit, type=type)
            assert got["num_df"].tolist() == [df for df, _ in theirs]
            np.testing.assert_allclose(
                got["statistic"], [f for _, f in theirs], rtol=tol.CELL_HYPOTHESES_RTOL
            )
            first = denominators.setdefault(type, got["den_df"])
            np.testing.assert_allclose(got["den_df"], first, rtol=tol.ANOVA_DF_RTOL)


@pytest.mark.parametrize("type", [1, 2, 3])
@pytest.mark.parametrize("terms", FORMULAS[1:3], ids=lambda terms: "+".join(map(":".join, terms)))
def test_the_same_holds_of_a_generalised_model(terms, type, three_factors):
    """Type III by the cells; I and II, whose rows have weights, by the fit with an intercept."""
    tables = {}
    for intercept in (True, False):
        for coding in (None, "Sum"):
            formula = f"win ~ {written(terms, coding, intercept)} + (1 | g)"
            fit = me.glmm(formula, three_factors, family="binomial")
            got = tables[intercept, coding] = anova(fit, type=type)
            if type != 3:
                continue
            theirs = f_tests(
                three_factors, terms, intercept, 3,
                np.asarray(fit.design.X), fit.beta, fit.vcov_beta,
            )  # fmt: skip
            assert got["num_df"].tolist() == [df for df, _ in theirs]
            np.testing.assert_allclose(
                got["statistic"], [f for _, f in theirs], rtol=tol.CELL_HYPOTHESES_RTOL
            )
    for intercept in (True, False):
        one, other = (tables[intercept, coding] for coding in (None, "Sum"))
        assert one["num_df"].tolist() == other["num_df"].tolist()
        np.testing.assert_allclose(one["statistic"], other["statistic"], rtol=tol.REFIT_TEST_RTOL)
    # the crossed factors are asked the same without an intercept; a nested one for its means
    same = slice(0 if type > 1 and len(terms) == 3 and terms[1] == ("c",) else 1, None)
    with_it, without = (tables[intercept, None][same] for intercept in (True, False))
    assert with_it["num_df"].tolist() == without["num_df"].tolist()
    np.testing.assert_allclose(with_it["statistic"], without["statistic"], rtol=tol.REFIT_TEST_RTOL)


def test_categories_of_polars_without_an_intercept(three_factors):
    import polars

    table = polars.from_pandas(three_factors).with_columns(
        polars.col("a").cast(polars.Enum(["r", "p", "q"])), polars.col("c").cast(polars.Categorical)
    )
    reference = me.lmm("y ~ a * c + (1 | g)", three_factors)
    fit = me.lmm("y ~ 0 + a * c + (1 | g)", table)
    for type in (2, 3):
        theirs, got = reference.anova(type=type, ddf="wald"), fit.anova(type=type, ddf="wald")
        assert got["num_df"].to_list() == theirs["num_df"].tolist()
        np.testing.assert_allclose(
            got["statistic"], theirs["statistic"], rtol=tol.CELL_HYPOTHESES_RTOL
        )


def test_without_an_intercept_one_factor_is_asked_for_its_means(unbalanced):
    """Slopes have no constant, so the factor beside them keeps the hypothesis that means are 0."""
    tables = [
        me.lmm(f"angle ~ {start}recipe * temp + (1 | recipe:replicate)", unbalanced).anova(
            ddf="wald"
        )
        for start in ("", "0 + ")
    ]
    rest = tables[0]["term"] != "recipe"
    np.testing.assert_allclose(
        tables[0][rest]["statistic"], tables[1][rest]["statistic"], rtol=tol.OPTIMUM_E6
    )
    assert [float(t["num_df"][0]) for t in tables] == [2.0, 3.0]


def test_type_3_of_a_full_table_tests_equally_weighted_means(unbalanced):
    fit = fitted("anova", "cake_unbalanced")
    joint = fit.emmeans("recipe").contrasts("consecutive").joint()
    row = fit.anova()
    assert joint["statistic"][0] == pytest.approx(row["statistic"][0], rel=tol.ROUNDING_E8)


def test_a_slope_that_varies_is_averaged_by_type_3(sleepstudy):
    sleepstudy["side"] = np.where(sleepstudy.index % 3 == 0, "a", "b")
    fit = me.lmm("Reaction ~ Days * side + (1 | Subject)", sleepstudy)
    row = fit.anova(ddf="wald").set_index("term").loc["Days"]
    slope = fit.emtrends("Days", ddf="wald").test()
    assert row["statistic"] == pytest.approx(float(slope["statistic"][0]) ** 2, rel=tol.ROUNDING_E8)


def test_types_agree_where_they_must(sleepstudy):
    fit = me.lmm("Reaction ~ Days + (Days | Subject)", sleepstudy)
    tables = [fit.anova(type=type) for type in (1, 2, 3, "I", "II", "III")]
    for table in tables:
        np.testing.assert_allclose(table["statistic"], tables[0]["statistic"], rtol=tol.ROUNDING_E9)
    assert tables[0]["statistic"][0] == pytest.approx(
        fit.test()["statistic"][1] ** 2, rel=tol.ROUNDING_E9
    )
    assert tables[0]["den_df"][0] == pytest.approx(fit.test()["df"][1], rel=tol.ROUNDING_E9)


def test_no_terms_make_an_empty_table(sleepstudy):
    for formula in ("Reaction ~ 1 + (1 | Subject)", "Reaction ~ 0 + (1 | Subject)"):
        for type in (1, 2, 3):
            assert len(me.lmm(formula, sleepstudy).anova(type=type)) == 0


def test_a_term_that_others_determine_is_reported(sleepstudy):
    sleepstudy["twice"] = 2.0 * sleepstudy["Days"]
    fit = me.lmm("Reaction ~ Days + twice + (1 | Subject)", sleepstudy)
    with pytest.warns(DataWarning, match=r"twice = 2·Days(.|\n)*nothing can be tested of") as said:
        table = fit.anova(type=1)
    assert "twice" in str(said[0].message).splitlines()[-1]
    assert table["num_df"].tolist() == [1.0, 0.0] and np.isnan(table["statistic"][1])
    assert anova(fit, type=3)["num_df"].tolist() == [0.0, 0.0]


def test_a_saved_fit_gives_the_same_table(tmp_path):
    fit = fitted("anova", "oats")
    fit.save(tmp_path / "fit.npz")
    again = me.load(tmp_path / "fit.npz")
    pd.testing.assert_frame_equal(fit.anova(ddf="wald"), again.anova(ddf="wald"))


def test_a_fit_without_its_predictors_refuses_in_words():
    from dataclasses import replace

    fit = fitted("anova", "oats")
    bare = replace(fit, design=fit.design.changed(sources=None))
    with pytest.raises(NotAvailableError, match="type=1"):
        bare.anova()
    assert len(bare.anova(type=1, ddf="wald")) == 3


@pytest.mark.parametrize("type", [0, 4, "IV", True, None])
def test_other_types_are_refused(type):
    with pytest.raises(OptionError, match="is not one of 1, 2, 3"):
        fitted("anova", "oats").anova(type=type)


def test_the_frame_is_of_the_users_kind():
    import polars

    table = polars.read_csv(io.StringIO(frame_of(MODELS["machines"]).to_csv(index=False)))
    fit = me.lmm("score ~ Machine + (1 | Worker)", table)
    assert isinstance(fit.anova(ddf="wald"), polars.DataFrame)


@pytest.mark.parametrize("type", [2, 3])
@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        ("temp * recipe + temp:z", "temp:z + recipe:temp + recipe + temp", ["temp", "recipe"]),
        ("z + recipe:z + temp", "temp + z * recipe - recipe", ["z", "temp"]),
    ],
)
def test_how_the_terms_are_written_does_not_matter(one, other, shared, type, unbalanced):
    frame = unbalanced.assign(z=np.arange(len(unbalanced)) % 5 / 5)
    tables = [
        me.lmm(f"angle ~ {right} + (1 | recipe:replicate)", frame)
        .anova(type=type, ddf="wald")
        .set_index("term")
        for right in (one, other)
    ]
    for term in shared:
        assert tables[0].loc[term, "num_df"] == tables[1].loc[term, "num_df"]
        assert tables[0].loc[term, "statistic"] == pytest.approx(
            tables[1].loc[term, "statistic"], rel=tol.OPTIMUM_E5
        )


def test_a_slope_in_an_interaction_alone_is_averaged_too(unbalanced):
    """z in z + recipe:z is its mean slope over recipes, whichever recipe comes first."""
    frame = unbalanced.assign(z=np.arange(len(unbalanced)) % 5 / 5)
    fit = me.lmm("angle ~ z + recipe:z + temp + (1 | recipe:replicate)", frame)
    row = fit.anova(ddf="wald").set_index("term").loc["z"]
    slope = fit.emtrends("z", ddf="wald").test()["statistic"][0]
    assert row["statistic"] == pytest.approx(slope**2, rel=tol.ROUNDING_E8)


def test_type_3_of_a_factor_is_the_same_in_nested_and_crossed_spelling(unbalanced):
    """Both have the same columns; only what is left for the interaction differs."""
    nested, crossed = (
        me.lmm(f"angle ~ {right} + (1 | recipe:replicate)", unbalanced).anova(ddf="wald").iloc[0]
        for right in ("recipe / temperature", "recipe * temperature")
    )
    assert nested["statistic"] == pytest.approx(crossed["statistic"], rel=tol.OPTIMUM_E6)
