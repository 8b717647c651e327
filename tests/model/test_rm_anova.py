"""Repeated-measures ANOVA against car, and against the mixed model where they must agree."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mixedeffects as me
from tests import tolerances as tol

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "rm_anova" / "car.json").read_text())[
    "models"
]
STUDIES = {
    "sleepstudy": ("lme4/sleepstudy", "Reaction", "Subject", "Days", None),
    "ergostool": ("nlme/ergoStool", "effort", "Subject", "Type", None),
    "pain_trial": (None, "pain_score", "patient", "time", "treatment"),
    "obrienkaiser": (
        "carData/OBrienKaiserLong", "score", "id", ["phase", "hour"], ["treatment", "gender"]
    ),
    "obrienkaiser_within": ("carData/OBrienKaiserLong", "score", "id", ["phase", "hour"], None),
    "machines_averaged": ("nlme/Machines", "score", "Worker", "Machine", None),
}  # fmt: skip
OURS = {
    "num_df": "num_df", "den_df": "den_df", "sum_sq": "sum_sq", "error_sum_sq": "error_sum_sq",
    "F": "statistic", "p": "p_value", "gg": "gg_epsilon", "gg_p": "gg_p_value",
    "hf": "hf_epsilon", "hf_p": "hf_p_value", "w": "mauchly_w",
}  # fmt: skip


def study(name, rdata):
    data, outcome, subject, within, between = STUDIES[name]
    frame = me.datasets.pain_trial() if data is None else rdata(*data.split("/"))
    return me.rm_anova(frame, outcome, subject=subject, within=within, between=between)


def row_of(terms, term):
    return [set(t.split(":")) for t in terms].index(set(term.split(":")))


@pytest.mark.parametrize("name", STUDIES)
def test_tests_and_sphericity_are_those_of_car(name, rdata):
    record, result = GOLDEN[name], study(name, rdata)
    assert (result.n_subjects, result.n_complete) == (record["subjects"], record["complete"])
    assert (result.n_rows, result.n_rows_used) == (record["rows"], record["rows_used"])
    frame = result.tidy()
    assert len(frame) == len(record["terms"])
    for term in record["terms"]:
        row = frame.iloc[row_of(frame["term"], term["term"])]
        for theirs, ours in OURS.items():
            if term.get(theirs) is None:
                assert theirs not in ("F", "p") and np.isnan(row[ours])
            else:
                assert row[ours] == pytest.approx(term[theirs], rel=tol.RM_ANOVA_RTOL), ours
        if term.get("w_p") is not None:
            assert row["mauchly_p"] == pytest.approx(term["w_p"], rel=tol.MAUCHLY_P_RTOL)


@pytest.mark.parametrize("name", [n for n in STUDIES if "lmm" in GOLDEN[n]])
def test_the_mixed_model_on_all_rows_is_lmertests(name, rdata):
    result = study(name, rdata)
    record = {key: np.atleast_1d(value) for key, value in GOLDEN[name]["lmm"].items()}
    table = result.facts.lmm.columns
    for i, term in enumerate(record["term"]):
        row = row_of(table["term"], term)
        assert table["num_df"][row] == record["num_df"][i]
        assert table["statistic"][row] == pytest.approx(record["F"][i], rel=tol.PROGRAM_E5)
        assert table["den_df"][row] == pytest.approx(record["den_df"][i], rel=tol.PROGRAM_E3)


@pytest.mark.parametrize("name", ["sleepstudy", "ergostool", "obrienkaiser_within", "obrienkaiser"])
def test_complete_data_give_the_mixed_model_the_same_f(name, rdata):
    frame = study(name, rdata).compare()
    if name == "obrienkaiser":  # unequal groups, but every subject complete
        frame = frame[~frame["term"].isin(["treatment", "gender", "treatment:gender"])]
    assert frame["lmm_statistic"].to_numpy() == pytest.approx(
        frame["anova_statistic"].to_numpy(), rel=tol.OPTIMUM_E4
    )
    assert frame["lmm_den_df"].to_numpy() == pytest.approx(
        frame["anova_den_df"], rel=tol.OPTIMUM_E3
    )


def test_what_listwise_deletion_lost_is_said(rdata):
    result = study("pain_trial", rdata)
    assert (result.n_subjects, result.n_complete, result.n_rows, result.n_rows_used) == (
        80, 56, 273, 224,
    )  # fmt: skip
    text = str(result)
    assert "lost 24 of 80 subjects and 49 of 273 observed rows" in text
    assert "Mixed model on all 273 rows" in text and "Mauchly" in text
    assert "lost 24 of 80" in result._repr_html_()
    assert "averaged" in str(study("machines_averaged", rdata))


def test_rows_with_a_missing_outcome_are_missing_cells(sleepstudy):
    gone = sleepstudy.drop(index=[0, 15])
    blank = sleepstudy.copy()
    blank.loc[[0, 15], "Reaction"] = np.nan
    one = me.rm_anova(gone, "Reaction", subject="Subject", within="Days")
    two = me.rm_anova(blank, "Reaction", subject="Subject", within="Days")
    assert one.n_complete == two.n_complete == 16 and two.n_rows == 178
    pd.testing.assert_frame_equal(one.tidy(), two.tidy())
    fewer = sleepstudy[~sleepstudy["Subject"].isin([308, 309])]
    pd.testing.assert_frame_equal(
        one.tidy(), me.rm_anova(fewer, "Reaction", subject="Subject", within="Days").tidy()
    )


def test_two_levels_are_a_paired_t_test(rdata):
    sleep = rdata("datasets", "sleep")
    result = me.rm_anova(sleep, "extra", subject="ID", within="group")
    wide = sleep.pivot(index="ID", columns="group", values="extra")
    d = wide.iloc[:, 0] - wide.iloc[:, 1]
    t = d.mean() / (d.std() / np.sqrt(len(d)))
    row = result.tidy().iloc[0]
    assert row["statistic"] == pytest.approx(t**2) and np.isnan(row["gg_epsilon"])


def test_frames_come_in_the_flavour_of_the_table(sleepstudy):
    polars = pytest.importorskip("polars")
    table = polars.from_pandas(sleepstudy)
    result = me.rm_anova(table, "Reaction", subject="Subject", within="Days")
    assert isinstance(result.tidy(), polars.DataFrame)
    assert isinstance(result.compare(), polars.DataFrame)
    named = sleepstudy.rename(columns={"Reaction": "reaction time", "Days": "the day"})
    other = me.rm_anova(named, "reaction time", subject="Subject", within="the day")
    assert other.fit is not None
    assert other.tidy()["statistic"][0] == pytest.approx(result.tidy()["statistic"][0])


@pytest.mark.parametrize(
    ("change", "options", "error", "words"),
    [
        (None, {"outcome": "reaction"}, me.DataError, "no column 'reaction'"),
        (None, {"within": []}, me.DataError, "within="),
        (None, {"within": 3}, me.DataError, "within="),
        (None, {"within": "Subject"}, me.DataError, "two roles"),
        (None, {"between": "Days", "within": "arm"}, me.DataError, "varies within subject"),
        (lambda d: d.assign(Days=1), {}, me.DataError, "one level"),
        (lambda d: d.assign(Reaction="x"), {}, me.ColumnTypeError, "not numbers"),
        (lambda d: d.assign(Reaction=np.inf), {}, me.DataError, "infinite"),
        (lambda d: d[d["Subject"].ne(308) | d["Days"].lt(3)][:3], {}, me.ModelError, "too few"),
        (
            lambda d: d[(d["Subject"] + d["Days"]) % 10 != 0], {}, me.ModelError,
            "none of 18 subjects",
        ),
        (
            lambda d: d[(d["Days"] != 2) | (d["arm"] != "a")], {"within": ["Days", "arm"]},
            me.ModelError, "nobody was measured at Days = 0, arm = b",
        ),
    ],
)  # fmt: skip
def test_refusals(sleepstudy, change, options, error, words):
    data = sleepstudy.assign(arm=np.where(sleepstudy["Days"] % 2 == 0, "a", "b"))
    data = data if change is None else change(data)
    call = {"outcome": "Reaction", "subject": "Subject", "within": "Days"} | options
    with pytest.raises(error, match=words):
        me.rm_anova(data, **call)
