"""Roles that are guessed on tables whose meaning is known, and the models they suggest."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

import mixedeffects as me

OURS = {
    "flipped_classrooms": {"student": "row id", "professor": "group", "style": "treatment",
                           "score": "outcome"},
    "teaching_methods": {"hs_gpa": "covariate", "method": "treatment", "instructor": "group",
                         "score": "outcome"},
    "call_centres": {"center_ID": "group", "rep_ID": "subject", "age": "covariate",
                     "reason": "covariate", "month": "time", "call_CSAT": "outcome",
                     "M6Spend": "covariate"},
    "pain_trial": {"patient": "subject", "treatment": "treatment", "time": "time",
                   "pain_score": "outcome"},
    "hospital_stays": {"hospital": "group", "age": "covariate", "emergency": "covariate",
                       "severity": "covariate", "stay": "outcome"},
    "sleepstudy": {"Reaction": "outcome", "Days": "time", "Subject": "subject"},
    "cbpp": {"herd": "subject", "incidence": "outcome", "size": "trials", "period": "time"},
    "owls": {"Nest": "subject", "FoodTreatment": "treatment", "SexParent": "covariate",
             "ArrivalTime": "time", "SiblingNegotiation": "outcome", "BroodSize": "covariate"},
}  # fmt: skip
THEIRS = {
    ("nlme", "Orthodont"): {"distance": "outcome", "age": "time", "Subject": "subject",
                            "Sex": "covariate"},
    ("lme4", "InstEval"): {"s": "group", "d": "group", "studage": "covariate",
                           "lectage": "covariate", "service": "covariate", "dept": "group",
                           "y": "outcome"},
    ("lme4", "Penicillin"): {"diameter": "outcome", "plate": "group", "sample": "group"},
    ("lme4", "Pastes"): {"strength": "outcome", "batch": "group", "cask": "group",
                         "sample": "group"},
    ("lme4", "cake"): {"replicate": "group", "recipe": "treatment", "temperature": "covariate",
                       "angle": "outcome", "temp": "covariate"},
    ("lme4", "VerbAgg"): {"item": "group", "id": "group", "resp": "outcome",
                          "Gender": "covariate", "btype": "covariate"},
    ("mlmRev", "Exam"): {"school": "group", "normexam": "outcome", "schgend": "covariate",
                         "schavg": "covariate", "student": "row id"},
    ("mlmRev", "Contraception"): {"woman": "row id", "district": "group", "use": "outcome",
                                  "age": "covariate"},
    ("mlmRev", "egsingle"): {"schoolid": "group", "childid": "subject", "year": "time",
                             "math": "outcome", "size": "covariate"},
    ("MASS", "bacteria"): {"y": "outcome", "week": "time", "ID": "subject", "trt": "treatment"},
    ("datasets", "ChickWeight"): {"weight": "outcome", "Time": "time", "Chick": "subject",
                                  "Diet": "treatment"},
}  # fmt: skip
FORMULAS = {
    "flipped_classrooms": "score ~ style + (1 | professor)",
    "teaching_methods": "score ~ method + hs_gpa + (1 | instructor)",
    "pain_trial": "pain_score ~ treatment + time + (1 | patient)",
    "hospital_stays": "stay ~ age + emergency + severity + (1 | hospital)",
    "sleepstudy": "Reaction ~ Days + (1 + Days | Subject)",
    "cbpp": "incidence / size ~ period + (1 | herd)",
}


def roles(found):
    tidy = found.tidy()
    return dict(zip(tidy["column"], tidy["role"], strict=True))


@pytest.mark.parametrize("name", OURS)
def test_roles_of_our_data(name):
    assert roles(me.explore(me.datasets.load(name))) == OURS[name]


@pytest.mark.parametrize(("package", "name"), THEIRS)
def test_roles_of_other_peoples_data(rdata, package, name):
    found = roles(me.explore(rdata(package, name)))
    assert {k: found[k] for k in THEIRS[package, name]} == THEIRS[package, name]


@pytest.mark.parametrize("name", FORMULAS)
def test_the_first_suggestion_is_the_model_the_data_were_made_for(name):
    assert me.explore(me.datasets.load(name)).formula == FORMULAS[name]


@pytest.mark.parametrize(
    "name", ["flipped_classrooms", "pain_trial", "hospital_stays", "sleepstudy", "cbpp", "owls"]
)
def test_every_suggestion_runs(name):
    data = me.datasets.load(name)
    for call in me.explore(data).suggestions()["call"]:
        assert eval(call, {"me": me, "data": data}).nobs > 0


@pytest.mark.parametrize(
    ("package", "name"),
    [("lme4", "VerbAgg"), ("mlmRev", "Contraception"), ("nlme", "Orthodont"), ("lme4", "cake"),
     ("lme4", "Pastes"), ("lme4", "Penicillin")],
)  # fmt: skip
def test_first_suggestions_for_other_peoples_data_run(rdata, package, name):
    data = rdata(package, name)
    call = me.explore(data).suggestions()["call"][0]
    assert eval(call, {"me": me, "data": data}).nobs == len(data)


def test_integer_ids_are_groups_and_reasons_say_why():
    found = me.explore(me.datasets.sleepstudy().assign(Subject=lambda d: d["Subject"].astype(int)))
    tidy = found.tidy().set_index("column")
    assert tidy.loc["Subject", "role"] == "subject"
    assert "its name has 'subject'" in tidy.loc["Subject", "reason"]
    assert tidy.loc["Reaction", "reason"].startswith("it is called 'Reaction', it")


def test_level_is_the_coarsest_grouping_within_which_a_column_is_constant(rdata):
    tidy = me.explore(rdata("mlmRev", "egsingle")).tidy().set_index("column")
    assert tidy.loc["size", "level"] == "schoolid"
    assert tidy.loc["female", "level"] == "childid"
    assert tidy.loc["math", "level"] == "row"


def test_the_users_roles_override():
    hospital = me.datasets.hospital_stays()
    found = me.explore(hospital, outcome="severity", treatment="emergency")
    assert (found.outcome, found.treatment) == ("severity", "emergency")
    assert found.formula == "severity ~ emergency + age + stay + (1 | hospital)"
    assert found.tidy().set_index("column").loc["severity", "given"]
    calls = me.datasets.call_centres().head(5000)
    assert me.explore(calls, subject=["center_ID", "rep_ID"]).subject == "rep_ID"


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"outcome": "Reactoin"}, me.DataError, "did you mean 'Reaction'"),
        ({"subject": "subject"}, me.DataError, "did you mean 'Subject'"),
        ({"outcome": "Days", "time": "Days"}, me.OptionError, "both outcome and time"),
    ],
)
def test_roles_that_cannot_be(options, error, message):
    with pytest.raises(error, match=message):
        me.explore(me.datasets.sleepstudy(), **options)


def test_a_year_that_no_group_has_two_of_is_a_covariate():
    rng = np.random.default_rng(0)
    school = np.repeat(np.arange(30), 12)
    data = pd.DataFrame(
        {"school": school, "year": 2000 + school % 5, "score": rng.normal(size=360)}
    )
    found = me.explore(data)
    assert found.time is None and roles(found)["year"] == "covariate"


def test_column_names_do_not_decide_alone():
    """Renamed columns lose their hints; blocks of rows, variation and numbers remain."""
    sleep = me.datasets.sleepstudy()
    plain = pd.DataFrame({"a": sleep["Reaction"], "q": sleep["Subject"].astype(str).astype(int)})
    assert roles(me.explore(plain)) == {"a": "outcome", "q": "group"}


def test_reused_labels_are_seen(rdata):
    found = me.explore(rdata("lme4", "Pastes"))
    reason = found.tidy().set_index("column").loc["cask", "reason"]
    assert reason.startswith("its labels start anew in each batch: batch:cask is sample")
    assert found.formula == "strength ~ 1 + (1 | batch / sample)"


def test_constant_empty_and_text_columns_have_no_part_in_a_model():
    sleep = me.datasets.sleepstudy().assign(
        site="A", gap=None, note=[f"seen on day {i} by someone else" for i in range(180)]
    )
    found = me.explore(sleep)
    kept = roles(found)
    assert (kept["site"], kept["gap"], kept["note"]) == ("constant", "empty", "text")
    assert found.formula == FORMULAS["sleepstudy"]


def test_suggestions_quote_names_that_are_no_words():
    sleep = me.datasets.sleepstudy().rename(columns={"Subject": "subject id", "Days": "day no"})
    found = me.explore(sleep)
    assert found.formula == "Reaction ~ `day no` + (1 + `day no` | `subject id`)"
    assert me.lmm(found.formula, sleep).nobs == 180


def test_too_few_levels_are_a_fixed_effect():
    trial = me.datasets.pain_trial()
    trial["site"] = pd.Categorical.from_codes(trial["patient"].cat.codes % 3, list("ABC"))
    found = me.explore(trial)
    assert re.search(r"\+ site \+ \(1 \| patient\)", found.formula)
    assert "site has 3 levels, too few" in str(found)


def test_a_grouping_with_one_row_per_level_is_no_random_effect():
    found = me.explore(me.datasets.flipped_classrooms(), subject="student")
    assert found.formula is None and "student has one row per level" in str(found)
