"""Results: they print themselves whole, and are frames of the library that came in."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import mixedeffects as me
from mixedeffects.display.layout import text_table
from mixedeffects.display.results import Heading, printed
from tests.display.word_models import model

SLEEP = me.datasets.sleepstudy()
FORMULA = "Reaction ~ Days + (Days | Subject)"
LIBRARIES = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.table}
METHODS = ("test", "anova", "ranova", "confint", "icc", "r2", "random_pca", "tidy", "glance")
TITLES = {
    "test": "Coefficients, t (Satterthwaite), 95% intervals",
    "anova": "Analysis of variance, type III, F (Satterthwaite)",
    "ranova": "The model without each random term, likelihood-ratio tests (REML)",
    "confint": "95% intervals, t (Satterthwaite)",
    "icc": "Intraclass correlation (ICC), 95% intervals",
    "r2": "R-squared: shares of the variance",
    "random_pca": "Principal components of the random effects, in units of the response",
    "tidy": "Coefficients and variance components, t (Satterthwaite), 95% intervals",
    "glance": "Fit by REML",
}


@pytest.fixture(scope="module", params=LIBRARIES)
def fit(request):
    columns = {name: SLEEP[name].tolist() for name in SLEEP}
    return me.lmm(FORMULA, LIBRARIES[request.param](columns))


@pytest.mark.parametrize("method", METHODS)
def test_a_result_names_itself_and_prints_every_column(fit, method, monkeypatch):
    found = getattr(fit, method)()
    if isinstance(found, pa.Table):  # tidy and glance of Arrow tables are Arrow tables
        return
    names = list(found.to_arrow().column_names)
    for columns in ("80", "200"):
        monkeypatch.setenv("COLUMNS", columns)
        text = str(found)
        assert text.splitlines()[0] == TITLES[method]
        assert max(map(len, text.splitlines())) <= int(columns)
        assert [name for name in names if name not in text] == []
        assert "…" not in text and repr(found) == text
    page = found._repr_html_()
    assert TITLES[method] in page and all(f">{name}</th>" in page for name in names)


@pytest.mark.parametrize("method", METHODS)
def test_a_result_goes_into_any_library(fit, method):
    found = getattr(fit, method)()
    if isinstance(found, pa.Table):
        return
    one, two, three = pd.DataFrame(found), pl.DataFrame(found), pa.table(found)
    assert type(one) is pd.DataFrame and type(two) is pl.DataFrame
    frames = [one, two, three, found.to_pandas(), found.to_polars(), found.to_arrow()]
    shapes = {(frame.num_rows, frame.num_columns) if isinstance(frame, pa.Table) else frame.shape
              for frame in frames}  # fmt: skip
    assert len(shapes) == 1
    name = list(one)[-1]
    for frame in frames:
        pd.testing.assert_series_equal(
            pd.Series(np.asarray(frame[name])),
            pd.Series(np.asarray(found[name])),
            check_dtype=False,
        )


def test_a_pandas_result_is_a_frame_in_every_use():
    table = me.lmm(FORMULA, SLEEP).test()
    assert isinstance(table, pd.DataFrame) and len(table) == 2 and next(iter(table)) == "term"
    assert table["df"][0] == table.loc[0, "df"] == table.iloc[0]["df"]
    assert table.set_index("term").loc["Days", "estimate"] > 10
    derived = (table.round(2), table[["term"]], table.head(1), table.query("p_value < 2"),
               pd.concat([table, table]), table.copy(), table.tidy())  # fmt: skip
    assert {type(frame) for frame in derived} == {pd.DataFrame}  # which pandas prints
    table["double"] = 2 * table["estimate"]
    assert "double" in str(table)


def test_a_polars_result_is_a_frame_in_every_use():
    table = me.lmm(FORMULA, pl.from_pandas(SLEEP)).test()
    assert isinstance(table, pl.DataFrame) and table.height == 2
    derived = (table.select("term"), table.filter(pl.col("term") == "Days"), table.head(1),
               pl.concat([table, table]), table.with_columns(a=1), table.tidy())  # fmt: skip
    assert {type(frame) for frame in derived} == {pl.DataFrame}


def test_an_arrow_result_has_the_tables_attributes():
    table = me.lmm(FORMULA, pa.Table.from_pandas(SLEEP)).test()
    assert table.num_rows == 2 and table.column("term").to_pylist() == ["(Intercept)", "Days"]
    assert isinstance(table["df"], pa.ChunkedArray) and isinstance(table.tidy(), pa.Table)
    with pytest.raises(AttributeError):
        table.no_such_thing


def test_results_can_be_copied_and_stored(fit):
    table = fit.test()
    assert str(pickle.loads(pickle.dumps(table))) == str(table)
    again = copy.deepcopy(table)
    np.testing.assert_array_equal(again["df"], table["df"])


@pytest.mark.parametrize(
    ("call", "title"),
    [
        (lambda f: f.test(ddf="kenward-roger", level=0.9),
         "Coefficients, t (Kenward–Roger), 90% intervals"),
        (lambda f: f.test("Days = 10"), "Hypotheses, t (Satterthwaite), 95% intervals"),
        (lambda f: f.test(["Days = 10", "Days = 1 * Days + 0 * Days + 10 - Days"][:1], joint=True),
         "Joint test of the hypotheses, F (Satterthwaite)"),
        (lambda f: f.anova(type=1, ddf="wald"),
         "Analysis of variance, type I, chi-squared (Wald)"),
        (lambda f: f.confint(method="profile"),
         "95% intervals, profile, estimates by maximum likelihood"),
        (lambda f: f.confint(method="profile", criterion="reml", parameters="random"),
         "95% intervals, profile, estimates by REML"),
        (lambda f: f.confint(method="bootstrap", n=20, rng=1),
         "95% intervals, parametric bootstrap, percentile"),
    ],
)  # fmt: skip
def test_the_title_says_what_was_asked(call, title):
    assert str(call(model("slopes"))).splitlines()[0] == title


@pytest.mark.parametrize(
    ("call", "title"),
    [
        (lambda f: f.test(exponentiate=True),
         "Coefficients, exponentiated (ratios of odds), z (Wald), 95% intervals"),
        (lambda f: f.anova(), "Analysis of variance, type III, chi-squared (Wald)"),
        (lambda f: f.icc(scale="response"),
         "Intraclass correlation (ICC), on the scale of the response, 95% intervals"),
        (lambda f: f.ranova(),
         "The model without each random term, likelihood-ratio tests (maximum likelihood)"),
    ],
)  # fmt: skip
def test_the_title_of_a_generalised_models_result(call, title):
    assert str(call(model("binomial"))).splitlines()[0] == title


def test_the_title_of_another_predictor():
    title = str(model("zeros").test(component="zi", exponentiate=True)).splitlines()[0]
    assert title == "Coefficients of zi, exponentiated (ratios of odds), z (Wald), 95% intervals"


def test_a_factor_of_many_levels_does_not_hide_the_rest():
    rng = np.random.default_rng(1)
    table = {"y": rng.normal(size=800), "x": rng.normal(size=800),
             "county": np.tile([f"c{i:03d}" for i in range(200)], 4),
             "g": np.repeat(np.arange(20), 40)}  # fmt: skip
    fit = me.lmm("y ~ county + x + (1 | g)", table)
    for text in (str(fit.test(ddf="wald")), str(fit.summary(ddf="wald"))):
        assert "… 194 more of county" in text and len(text.splitlines()) < 40
        assert any(line.split()[:1] == ["x"] for line in text.splitlines())
    assert len(fit.test(ddf="wald")) == 201  # the table itself is whole


def test_very_many_rows_are_folded():
    text = str(printed({"row": list(range(5000))}))
    assert "… 4,940 more rows" in text and len(text.splitlines()) == 62


def test_a_long_name_takes_more_lines_and_loses_nothing():
    name = "treatment[a rather long name of an arm]:visit[the third of them]"
    lines = text_table(["term", "estimate", "reference"], [[name, "1.25", "x " * 40]], 1, width=60)
    assert max(map(len, lines)) <= 60
    assert (
        "".join(line.split("  ")[0] for line in lines[1:4])
        .replace(" ", "")
        .startswith("treatment[arather")
    )
    assert "".join("".join(lines).split()).count("x") >= 40


def test_a_dict_of_columns_prints_too():
    table = printed({"term": ["x"], "estimate": [1.5], "std_error": [0.1]}, Heading("Title"))
    assert str(table).splitlines() == [
        "Title",
        "term  estimate  std_error",
        "x       1.5000     0.1000",
    ]
    assert table["estimate"] == [1.5] and dict(table) == table.tidy()


def test_everything_prints_without_any_library_of_frames():
    code = """
import sys
for name in ("pandas", "polars", "pyarrow"):
    sys.modules[name] = None
import mixedeffects as me
fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
for method in ("test", "anova", "ranova", "confint", "icc", "r2", "tidy", "glance", "ranef",
               "augment", "random_pca"):
    found = getattr(fit, method)()
    text = str(found)
    assert "{" not in text and "array" not in text, (method, text)
    assert all(name in text for name in found), (method, text)
    assert "<table" in found._repr_html_()
rows = fit.predict(interval="confidence")
assert str(rows).splitlines()[0].split()[0] == "prediction", str(rows)
trial = me.datasets.pain_trial()
assert "{" not in str(me.explore(trial).tidy())
rm = me.rm_anova(trial, "pain_score", subject="patient", within="time", between="treatment")
assert "{" not in str(rm.tidy()) + str(rm.compare())
ols = me.baselines("Reaction ~ Days + (1 | Subject)", me.datasets.sleepstudy())
assert "{" not in str(ols.tidy())
assert "{" not in str(fit.plot.caterpillar().data)
for text in (fit.varcorr.tidy(), fit.emmeans("Days").tidy(), fit.profile("fixed").tidy(),
             fit.influence("Subject").tidy(), me.compare(fit, fit.again(reml=False)).tidy()):
    assert "{" not in str(text)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


TABULAR = {
    "compare": lambda fit: me.compare(fit, fit.again(reml=False)),
    "emmeans": lambda fit: fit.emmeans("Days", at={"Days": [0, 9]}),
    "contrasts": lambda fit: fit.emmeans("Days", at={"Days": [0, 9]}).contrasts(),
    "profile": lambda fit: fit.profile("fixed"),
    "bootstrap": lambda fit: fit.bootstrap(10, rng=1),
    "influence": lambda fit: fit.influence("Subject"),
    "varcorr": lambda fit: fit.varcorr,
    "all_fit": lambda fit: me.all_fit(fit, optimizers=["newton"]),
    "quantile_residuals": lambda fit: fit.quantile_residuals(rng=1),
    "diagnose": lambda fit: fit.diagnose(remedies=True, budget=5.0),
    "baselines": lambda fit: me.baselines("Reaction ~ Days + (1 | Subject)", SLEEP),
    "explore": lambda fit: me.explore(SLEEP),
}


@pytest.mark.parametrize("name", TABULAR)
def test_what_shows_more_than_a_table_is_one_too(fit, name):
    found = TABULAR[name](fit)
    frame = found.tidy()
    names = frame.column_names if isinstance(frame, pa.Table) else list(frame)
    for table in (pd.DataFrame(found), found.to_pandas(), pl.DataFrame(found), found.to_polars()):
        assert list(table.columns) == names and len(table) == len(found)
    assert found.to_arrow().column_names == pa.table(found).column_names == names
    assert list(found) == list(found.keys()) == names and names[0] in found
    np.testing.assert_array_equal(
        pd.Series(np.asarray(found[names[0]])).astype(str),
        pd.Series(np.asarray(frame[names[0]])).astype(str),
    )
    assert bool(found) and found == found and len({found}) == 1
    assert repr(found) == str(found) and not repr(found).startswith("{")


def test_they_can_be_stored():
    fit = me.lmm(FORMULA, SLEEP)
    for found in (me.compare(fit, fit.again(reml=False)), fit.profile("Days"), fit.influence()):
        assert str(pickle.loads(pickle.dumps(found))) == str(found)
