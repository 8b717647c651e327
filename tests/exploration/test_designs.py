"""Ids that start anew, blocks, controls, trials, exposures, codes, times: what a design means."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mixedeffects as me


def flat(found):
    return " ".join(str(found).split())


# --- ids that start anew in each place


def test_patients_of_two_centres_with_one_number_are_two(rdata):
    data = rdata("geepack", "respiratory")
    found = me.explore(data)
    assert found.facts.roles.restarts == {"id": "center"}
    assert "(1 | center:id)" in found.formula
    assert found.groups().set_index("group").loc["id", "n_levels"] == 111
    assert "starts anew in each 'center'" in flat(found)
    assert found.facts.gaps.n_subjects == 111
    fit = me.glmm(found.formula, data, family="binomial")
    assert fit.nobs == 444
    named = me.explore(data, subject=["id", "center"])
    assert "(1 | center:id)" in named.formula


def test_many_places_are_a_level_of_their_own():
    rng = np.random.default_rng(2)
    data = pd.DataFrame(
        {"school": np.repeat(np.arange(12), 40),
         "pupil": np.tile(np.repeat(np.arange(1, 11), 4), 12),
         "visit": np.tile(np.arange(4), 120), "score": rng.normal(size=480)}
    )  # fmt: skip
    data["girl"] = np.repeat(rng.integers(0, 2, 120), 4)
    found = me.explore(data)
    assert found.facts.roles.restarts == {"pupil": "school"}
    assert "(1 | school / pupil)" in found.formula
    assert me.lmm(found.formula, data).nobs == 480


def test_people_who_are_in_two_places_are_the_same_people():
    rng = np.random.default_rng(3)
    n = 30
    data = pd.DataFrame(
        {"id": np.repeat(np.arange(1, n + 1), 4), "clinic": np.tile([1, 1, 2, 2], n),
         "visit": np.tile([1, 2, 3, 4], n), "score": rng.normal(size=4 * n)}
    )  # fmt: skip
    data["sex"] = np.repeat(rng.choice(["f", "m"], n), 4)
    assert me.explore(data).facts.roles.restarts == {}


def test_crossed_groupings_do_not_start_anew(rdata):
    for key in (("lme4", "InstEval"), ("lme4", "Penicillin"), ("nlme", "Machines"),
                ("lme4", "VerbAgg")):  # fmt: skip
        assert me.explore(rdata(*key)).facts.roles.restarts == {}


def test_numbers_of_pupils_in_schools_and_of_occasions_are_neither_groups_nor_outcomes():
    rng = np.random.default_rng(21)
    size = rng.integers(8, 30, 25)
    school = np.repeat(np.arange(25), size)
    data = pd.DataFrame(
        {"school": school, "pupil": np.concatenate([np.arange(1, k + 1) for k in size])}
    )
    data["score"] = rng.normal(size=len(data))
    found = me.explore(data)
    assert found.formula == "score ~ 1 + (1 | school)"
    assert "numbers the rows within school" in flat(found)
    growth = pd.DataFrame({"id": np.repeat(np.arange(30), 5), "occ": np.tile(np.arange(1, 6), 30)})
    growth["hgt"] = rng.normal(size=150)
    assert me.explore(growth).outcome == "hgt"


def test_a_second_name_of_a_group_is_no_predictor():
    rng = np.random.default_rng(22)
    pair = np.repeat(np.arange(40), 2)
    data = pd.DataFrame({"parnr": rng.permutation(10_000)[:40][pair], "id": pair + 1})
    data["height"] = rng.normal(size=80)
    found = me.explore(data)
    assert found.formula.startswith("height ~ 1 + (1 | ")


# --- the control


@pytest.mark.parametrize("control", ["placebo", "Control", "TAU", "untreated"])
def test_the_control_is_the_reference(control):
    rng = np.random.default_rng(4)
    data = pd.DataFrame({"id": np.repeat(np.arange(40), 3), "week": np.tile([0, 1, 2], 40)})
    data["treatment"] = np.where(data["id"] % 2, "A drug", control)
    data["score"] = rng.normal(size=120)
    found = me.explore(data)
    term = f'C(treatment, Treatment("{control}"))'
    assert term in found.formula
    assert f"compared with {control}, and not with A drug, the first label" in flat(found)
    fit = me.lmm(found.formula, data)
    assert f"{term}[A drug]" in fit.fixef


def test_a_control_that_is_first_needs_nothing_said():
    data = {"id": np.repeat(np.arange(40), 3), "score": np.random.default_rng(5).normal(size=120),
            "arm": np.where(np.repeat(np.arange(40), 3) % 2, "control", "drug")}  # fmt: skip
    assert me.explore(data).formula == "score ~ arm + (1 | id)"
    ordered = pd.DataFrame(data).assign(
        arm=lambda d: pd.Categorical(d["arm"], categories=["drug", "control"])
    )
    assert 'C(arm, Treatment("control"))' in me.explore(ordered).formula


def test_treatment_by_time_comes_with_a_slope_of_time(rdata):
    formulas = list(me.explore(rdata("nlme", "BodyWeight")).suggestions()["formula"])
    by_time = [f for f in formulas if "*" in f]
    assert by_time == ["weight ~ factor(Diet) * Time + (1 + Time | Rat)"]


# --- trials, exposures, codes


def test_shares_of_trials_and_successes_with_failures_are_binomial():
    rng = np.random.default_rng(6)
    n = rng.integers(5, 30, 60)
    k = rng.binomial(n, 0.4)
    data = pd.DataFrame({"pen": np.arange(60) // 6, "x": rng.normal(size=60)})
    expected = me.glmm("k / n ~ x + (1 | pen)", data.assign(k=k, n=n), family="binomial").fixef
    share = data.assign(n=n, prop=k / n)
    both = data.assign(alive=k, dead=n - k)
    for table, left in ((share, "round(prop * n) / n"), (both, None)):
        found = me.explore(table, outcome="prop" if left else "alive")
        assert found.family == "binomial"
        assert found.formula.startswith(left or "cbind(alive, dead)")
        fit = me.glmm(found.formula, table, family="binomial")
        assert fit.fixef == pytest.approx(expected)
    # a size beside an answer of yes or no is a size
    binary = data.assign(size=n, event=rng.integers(0, 2, 60))
    assert me.explore(binary, outcome="event").formula.startswith("event ~ ")


def test_a_count_over_an_exposure_is_a_rate():
    rng = np.random.default_rng(7)
    years = rng.uniform(0.5, 3, 120)
    data = pd.DataFrame({"clinic": np.arange(120) // 10, "person_years": years})
    data["falls"] = rng.poisson(2 * years)
    data = data.rename(columns={"person_years": "pyears"})
    found = me.explore(data, outcome="falls")
    assert "offset(log(pyears))" in found.formula
    roles = dict(zip(found.tidy()["column"], found.tidy()["role"], strict=True))
    assert roles["pyears"] == "exposure"
    assert me.glmm(found.formula, data, family="poisson").nobs == 120


def test_few_whole_numbers_may_be_codes_and_amounts_are_none():
    rng = np.random.default_rng(8)
    data = pd.DataFrame(
        {"id": np.repeat(np.arange(40), 3), "soil": rng.integers(1, 5, 120),
         "children": rng.integers(0, 4, 120), "y": rng.normal(size=120)}
    )  # fmt: skip
    said = flat(me.explore(data))
    assert "soil is taken as an amount" in said and "write factor(soil)" in said
    assert "factor(children)" not in said


# --- times that several rows share


def test_weeks_milliseconds_and_phases_stay_in_the_model():
    rng = np.random.default_rng(9)
    trials = pd.DataFrame(
        {"subject": np.repeat(np.arange(10), 60), "trial": np.tile(np.repeat(np.arange(6), 10), 10),
         "week": np.tile(np.arange(10), 60), "amplitude": rng.normal(size=600)}
    )  # fmt: skip
    found = me.explore(trials, outcome="amplitude")
    assert found.time == "week" and "week" in found.formula
    assert "calendar" not in flat(found) and "season" not in flat(found)
    months = me.explore(me.datasets.call_centres().head(20_000))
    assert "factor(month)" in months.formula


# --- the outcome


def test_scores_and_weights_are_no_counts():
    rng = np.random.default_rng(10)
    few = rng.poisson(1.5, 300)
    for name, words in (("score", "a score"), ("bdi", "a score"), ("weight", "a measurement")):
        found = me.explore({"id": np.arange(300) // 5, name: few * 9}, outcome=name)
        assert found.family == "gaussian" and words in flat(found)
    seizures = me.explore({"id": np.arange(300) // 5, "seizures": few}, outcome="seizures")
    assert seizures.family in ("poisson", "nbinom2") and "as counts are" in flat(seizures)


def test_zeros_of_an_amount_may_be_true(rdata):
    said = flat(me.explore(rdata("carData", "Blackmore")))
    assert "Clipped" not in said and "zeros are true" in said
    ends = me.explore(rdata("ordinal", "soup"))
    assert "Clipped" not in flat(ends)  # an ordinal model has no ceiling


def test_a_wave_that_nobody_was_seen_at_loses_nobody():
    pain = me.datasets.pain_trial()
    last = pain["time"].max()
    extra = pain.drop_duplicates("patient").assign(time=last + 3, pain_score=np.nan)
    found = me.explore(pd.concat([pain, extra]))
    gaps = found.facts.gaps
    plain = me.explore(pain).facts.gaps
    assert (gaps.n_complete, gaps.n_subjects) == (plain.n_complete, plain.n_subjects)
    assert f"At time {last + 3} nobody was observed" in flat(found)


def test_large_whole_numbers_are_not_counted_through():
    rng = np.random.default_rng(12)
    population = rng.integers(10**3, 10**12, 400)
    found = me.explore({"country": np.arange(400) // 20, "total": population}, outcome="total")
    assert found.facts.outcome.heaping == ""
