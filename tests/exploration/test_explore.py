"""What `explore` says of shape, groups, gaps, confounding and outcome, against counts by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import mixedeffects as me
from tests.plot.pictures import seconds
from tests.tolerances import EXPLORE_SECONDS


@pytest.fixture(scope="module")
def trial():
    return me.explore(me.datasets.pain_trial())


@pytest.fixture
def wide():
    pain = me.datasets.pain_trial()
    out = pain.pivot(index=["patient", "treatment"], columns="time", values="pain_score")
    return out.add_prefix("pain_").reset_index().rename_axis(columns=None)


# --- groups and how they relate


def test_sizes_of_groups_are_counts_of_rows(trial):
    rows = me.datasets.pain_trial().groupby("patient", observed=True).size()
    line = trial.groups().iloc[0]
    assert line[["n_levels", "rows_min", "rows_max", "singletons"]].tolist() == [
        len(rows), rows.min(), rows.max(), (rows == 1).sum(),
    ]  # fmt: skip
    assert line["rows_mean"] == rows.mean()


def test_relations_are_those_of_a_contingency_table(rdata):
    data = rdata("lme4", "InstEval")
    found = me.explore(data).relations()
    assert len(found) == 3
    for line in found.itertuples():
        table = pd.crosstab(data[line.first], data[line.second]).to_numpy() > 0
        assert line.n_pairs == table.sum()
        assert line.share == table.mean()
        expected = "nested" if (table.sum(axis=1) == 1).all() else "partly crossed"
        assert line.kind == expected
    assert found.set_index(["first", "second"]).loc[("d", "dept"), "kind"] == "nested"


def test_full_crossing_and_the_same_grouping(rdata):
    data = rdata("lme4", "Penicillin").assign(plate_id=lambda d: d["plate"].str.upper())
    found = me.explore(data).relations().set_index(["first", "second"])["kind"]
    assert found["plate", "sample"] == "crossed"
    assert found["plate", "plate_id"] == "same"


def test_a_nesting_broken_by_a_few_ids_is_told():
    rep = np.repeat(np.arange(100), 6)
    centre = rep // 10
    centre[:2] = 9  # two calls of one representative in another centre
    data = pd.DataFrame({"rep_id": rep, "centre": centre, "score": np.arange(600) % 37 / 3})
    found = me.explore(data)
    assert found.relations()["kind"].tolist() == ["nested but for a few"]
    assert "but for 1 of 100 levels" in str(found)


# --- what is missing


def test_gaps_by_wave_and_subject(trial):
    pain = me.datasets.pain_trial()
    seen = pd.crosstab(pain["patient"], pain["time"]) > 0
    assert trial.waves()["observed"].tolist() == seen.sum().tolist()
    assert trial.waves()["share_missing"].tolist() == pytest.approx((1 - seen.mean()).tolist())
    per = seen.sum(axis=1).value_counts().to_dict()
    assert trial.facts.gaps.per_subject == dict(sorted(per.items()))
    patterns = trial.patterns()
    texts = seen.apply(lambda row: "".join("x" if s else "-" for s in row), axis=1)
    assert dict(zip(patterns["pattern"], patterns["subjects"], strict=True)) == (
        texts.value_counts().to_dict()
    )


def test_listwise_deletion_loses_what_rm_anova_loses(trial):
    gaps = trial.facts.gaps
    rm = me.rm_anova(
        me.datasets.pain_trial(), "pain_score", subject="patient", within="time",
        between="treatment",
    )  # fmt: skip
    assert (gaps.n_complete, gaps.n_observed_complete) == (rm.n_complete, rm.n_rows_used)
    lost = rm.n_rows - rm.n_rows_used
    assert f"{rm.n_subjects - rm.n_complete} of 80 levels of patient and {lost} of 273" in (
        " ".join(str(trial).split())
    )


def test_dropout_and_intermittent_gaps_are_told_apart():
    def patient(i, pattern):
        return [(i, t, 1.5 * i + t) for t, seen in enumerate(pattern) if seen == "x"]

    patterns = ["xxxx"] * 6 + ["xx--", "x---", "x-xx", "--xx"]
    rows = [row for i, pattern in enumerate(patterns) for row in patient(i, pattern)]
    data = pd.DataFrame(rows, columns=["patient", "visit", "y"])
    kinds = me.explore(data).facts.gaps.kinds
    assert kinds == {"complete": 6, "dropout": 2, "intermittent": 1, "late entry": 1}


def test_a_missing_value_is_a_missing_wave():
    pain = me.datasets.pain_trial()
    pain.loc[:4, "pain_score"] = np.nan
    found = me.explore(pain)
    assert found.missing().set_index("column").loc["pain_score", "missing"] == 5
    assert found.waves()["no_value"].sum() == 5
    assert found.facts.gaps.n_incomplete == 5


def test_repeated_subject_and_time_are_counted():
    pain = me.datasets.pain_trial()
    found = me.explore(pd.concat([pain, pain.head(3)]))
    assert found.facts.gaps.panel.n_duplicates == 3
    assert "3 rows repeat a combination of patient and time" in str(found)


def test_times_of_ones_own_are_no_waves():
    when = pd.date_range("2020", periods=48, freq="D")
    data = pd.DataFrame({"id": np.repeat(np.arange(12), 4), "date": when, "y": np.arange(48) / 7})
    found = me.explore(data)
    assert (found.time, found.facts.gaps.panel) == ("date", None)


# --- what cannot be told apart


def test_constant_within_a_grouping():
    found = me.explore(me.datasets.flipped_classrooms())
    line = found.confounded().iloc[0]
    assert line.tolist() == ["style", "constant within", "professor", 15]
    assert "with dummy variables of professor its effect could not be estimated" in " ".join(
        str(found).split()
    )


def test_one_to_one_lines_and_functions_of_the_outcome(rdata):
    cake = me.explore(rdata("lme4", "cake")).confounded()
    assert ["temp", "one to one", "temperature", 6] in cake.to_numpy().tolist()
    rng = np.random.default_rng(0)
    x = rng.normal(size=200)
    y = rng.normal(size=200)
    data = pd.DataFrame({"g_id": np.arange(200) % 20, "cm": x, "inch": x, "y": y})
    for other in (x / 2.54 + 1, 3 - x / 2.54):  # on a rising line, and on a falling one
        found = me.explore(data.assign(inch=other))
        assert found.confounded()["kind"].tolist() == ["same line"]
        assert "inch is left out" in str(found) and "inch" not in found.formula
    verb = me.explore(rdata("lme4", "VerbAgg"))
    assert ["r2", "function of", "resp", 3] in verb.confounded().to_numpy().tolist()
    assert "r2" not in verb.formula


# --- the outcome


def outcome(values, **columns):
    values = np.asarray(values)
    data = {"subject": np.arange(values.size) // 5, "y": values, **columns}
    return me.explore(data, outcome="y")


RNG = np.random.default_rng(3)


@pytest.mark.parametrize(
    ("values", "family"),
    [
        (RNG.normal(50, 10, 500), "gaussian"),
        (RNG.integers(0, 2, 500), "binomial"),
        (RNG.integers(0, 2, 500).astype(bool), "binomial"),
        (np.array(["no", "yes"])[RNG.integers(0, 2, 500)], "binomial"),
        (RNG.integers(1, 6, 500), "ordinal"),
        (RNG.poisson(2.0, 500), "poisson"),
        (RNG.negative_binomial(1, 0.2, 500), "nbinom2"),
        (RNG.beta(2, 3, 500), "beta"),
        (RNG.lognormal(0, 1.5, 500), "gamma"),
        (RNG.integers(60, 140, 500), "gaussian"),
    ],
)
def test_the_family_follows_the_outcome(values, family):
    assert outcome(values).family == family


def test_a_ceiling_is_found_and_none_where_none_is():
    clipped = np.minimum(RNG.normal(85, 10, 2000), 100)
    ends = outcome(clipped).facts.outcome.ends
    assert [(e.kind, e.value, e.n) for e in ends] == [("ceiling", 100, (clipped == 100).sum())]
    assert outcome(RNG.normal(85, 10, 2000)).facts.outcome.ends == ()
    floor = np.maximum(np.round(RNG.normal(5, 4, 2000)), 0)
    assert [e.kind for e in outcome(floor).facts.outcome.ends] in (["floor"], [])
    capped = me.explore(me.datasets.teaching_methods())
    assert capped.facts.outcome.ends[0].value == 100 and "Clipped?" in str(capped)


def test_heaping_and_extra_zeros():
    weights = RNG.integers(50, 110, 1000)
    heaped = np.where(RNG.random(1000) < 0.6, np.round(weights, -1), weights)
    assert "multiples of 10" in outcome(heaped).facts.outcome.heaping
    assert outcome(weights).facts.outcome.heaping == ""
    zeros = np.where(RNG.random(1000) < 0.4, 0, RNG.poisson(4, 1000))
    found = outcome(zeros)
    assert found.facts.outcome.zeros == (zeros == 0).mean()
    assert any(family.startswith("zero_inflated") for family in found.suggestions()["family"])


# --- shape


def test_a_wide_table_is_seen_and_the_call_makes_it_long(wide):
    found = me.explore(wide)
    assert found.shape == "wide"
    assert (found.outcome, found.subject, found.time, found.treatment) == (
        "pain", "patient", "time", "treatment",
    )  # fmt: skip
    long = eval(found.facts.shape.call, {"me": me, "data": wide})
    assert list(long.columns) == ["patient", "treatment", "time", "pain"]
    assert me.lmm(found.formula, long).nobs == 273
    assert found.facts.long.gaps.n_complete == 56
    pd.testing.assert_frame_equal(found.long(), long)


def test_long_tables_with_columns_alike_stay_long(rdata):
    assert me.explore(rdata("AER", "Fatalities")).shape == "long"
    sleep = me.datasets.sleepstudy()
    sleep["x1"], sleep["x2"], sleep["x3"] = np.random.default_rng(0).normal(size=(3, 180))
    assert me.explore(sleep).shape == "long"


@pytest.mark.parametrize(
    ("package", "name", "variables"),
    [
        ("MASS", "gilgais", ["pH", "e", "c"]),
        ("geepack", "seizure", ["y"]),
        ("carData", "WeightLoss", ["wl", "se"]),
        ("HSAUR", "phosphate", ["t"]),
    ],
)
def test_other_peoples_wide_tables(rdata, package, name, variables):
    found = me.explore(rdata(package, name))
    assert found.shape == "wide"
    assert [f.name for f in found.facts.shape.families] == variables


def test_columns_of_numbers_that_are_regressors_are_not_waves(rdata):
    assert me.explore(rdata("MASS", "cement")).shape == "flat"
    assert me.explore(rdata("datasets", "mtcars")).shape == "flat"


# --- tables of every sort


@pytest.mark.parametrize("flavour", ["pandas", "polars", "pyarrow", "dict"])
def test_the_same_in_every_flavour(flavour, trial):
    found = me.explore(me.datasets.pain_trial(flavour=flavour))
    assert found.formula == trial.formula
    tidy = found.tidy()
    for name in ("column", "role", "level", "reason", "missing"):
        assert [str(v) for v in tidy[name]] == [str(v) for v in trial.tidy()[name]]
    frame = found.groups()
    expected = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.Table}
    assert isinstance(frame, expected.get(flavour, pd.DataFrame))


ODD = {
    "one row": {"a": [1], "b": ["x"]},
    "all missing": {"a": [None, None, None], "b": [np.nan] * 3},
    "constant": {"g": [1] * 5, "y": [2.0] * 5},
    "nested": pl.DataFrame({"a": [[1, 2], [3]], "b": [1.5, 2.5]}),
    "complex": {"z": np.array([1j, 2]), "y": [1.0, 2.0]},
    "two names alike": pd.DataFrame([[1, 2, 3], [1, 3, 4]], columns=["a", "a", "b"]),
    "numbers as names": pd.DataFrame(np.ones((4, 3))),
    "infinite": {"g": [1, 1, 2, 2], "y": [1.0, np.inf, 2.0, 3.0]},
    "time differences": pd.DataFrame({"d": pd.to_timedelta(range(4), unit="h"), "y": range(4)}),
    "time zones": pd.DataFrame({"d": pd.date_range("2020", periods=4, tz="UTC"), "y": range(4)}),
    "nullable": pd.DataFrame({"g": pd.array([1, None, 1, 2], dtype="Int64"), "y": range(4)}),
    "lazy": pl.DataFrame({"g": [1, 1, 2], "y": [1.0, 2.0, 3.0]}).lazy(),
    "many columns": pd.DataFrame(np.random.default_rng(0).normal(size=(30, 300)).round(1),
                                 columns=[f"v{i}a" for i in range(300)]),
    "index": pd.DataFrame({"y": [1.0, 2, 3]}, index=pd.Index([1, 2, 3], name="who")),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_odd_tables_are_told_about_not_crashed_on(name):
    found = me.explore(ODD[name])
    assert str(found) and found._repr_html_()
    for table in ("tidy", "groups", "relations", "missing", "waves", "patterns", "confounded"):
        getattr(found, table)()


def test_odd_things_are_named():
    assert "column 'a' is left out: holds lists" in str(me.explore(ODD["nested"]))
    assert "2 columns of this name" in str(me.explore(ODD["two names alike"]))
    assert "infinite values" in str(me.explore(ODD["infinite"]))
    assert "reset_index" in str(me.explore(ODD["index"]))


@pytest.mark.parametrize(
    ("data", "error"),
    [(pd.DataFrame(), me.DataError), ({"a": []}, me.DataError), (5, me.ColumnTypeError),
     (None, me.ColumnTypeError), (pl.DataFrame({"a": [[1], [2]]}), me.DataError)],
)  # fmt: skip
def test_what_is_no_table_is_refused(data, error):
    with pytest.raises(error):
        me.explore(data)


def test_the_table_is_not_changed():
    data = me.datasets.owls()
    before = data.copy(deep=True)
    me.explore(data)
    pd.testing.assert_frame_equal(data, before)


def test_html_has_no_scripts_and_escapes_names():
    found = me.explore({"<b>": [1.5, 2.5, 3.5, 4.0], "id": ["a", "a", "b", "b"]})
    html = found._repr_html_()
    assert "&lt;b&gt;" in html and "<b>" not in html and "<script" not in html


def test_hundreds_of_thousands_of_rows_take_a_moment():
    calls = me.datasets.call_centres()
    found, took = seconds(me.explore, calls)
    assert took + seconds(str, found)[1] < EXPLORE_SECONDS
    assert found.formula.endswith("(1 | center_ID / rep_ID)")


@pytest.mark.parametrize("code", [-999.0, 9999.0])
def test_a_code_for_missing_is_no_floor_or_ceiling(code):
    values = np.round(np.random.default_rng(9).normal(50, 10, 400), 1)
    values[:12] = code
    found = me.explore({"y": values, "g": np.repeat(np.arange(40), 10)}, outcome="y")
    assert found.facts.outcome.codes == (code,) and found.facts.outcome.ends == ()
    said = " ".join(str(found).split())
    assert f"{code:g} lies far from all other values of 'y': a code for missing?" in said
    assert "Clipped" not in said and "piled up" not in said


def test_nines_among_other_values_are_no_codes():
    values = np.minimum(np.round(np.random.default_rng(10).normal(85, 12, 800)), 99.0)
    found = me.explore({"y": values, "g": np.repeat(np.arange(80), 10)}, outcome="y")
    assert found.facts.outcome.codes == ()
    assert [e.value for e in found.facts.outcome.ends] == [99.0]
