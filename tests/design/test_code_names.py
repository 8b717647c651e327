"""Numbers that are names, numbers and dates as text, two-valued responses: what a fit notes."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pytest

import mixedeffects as me
from mixedeffects.design import build_design
from tests.golden.glmm.frames import golden_frame as glmm_frame
from tests.golden.glmm.frames import golden_models as glmm_models
from tests.golden.lmm.frames import golden_frame, golden_models

N = 240
WORDS = ("code", "numbers things", "as text", "two values", "just")


def columns():
    """One table with columns of every kind that is, or is not, a code."""
    rng = np.random.default_rng(1)
    out = {"g": np.repeat(np.arange(40), 6), "week": np.tile(np.arange(6), 40)}
    small = rng.integers(1, 6, N)
    for name in ("method", "group", "arm", "treatment_id", "type", "site", "siteID", "armCode",
                 "age_group", "likert", "count", "dose", "grade", "rank", "group_size", "n_arms",
                 "drug_dose", "level", "stage", "visit", "cylinders"):  # fmt: skip
        out[name] = small
    out["year"] = rng.integers(2010, 2016, N)
    out["age"] = rng.integers(20, 70, N)
    out["arm01"] = rng.integers(0, 2, N)
    out["treatment"] = 10 * rng.integers(0, 5, N)  # amounts, 0 to 40
    out["region"] = rng.choice([0.5, 1.5, 2.5], N)
    out["strong"] = rng.choice(["0.5", "1.5", "2.0"], N)
    out["weight"] = np.array([str(v) for v in rng.integers(40, 90, N)])
    out["zone"] = rng.choice(list("1234"), N)
    out["zip"] = rng.choice([f"{k:05d}" for k in range(20)], N)
    out["day"] = rng.choice(["2024-01-31", "2024-02-28", "2024-03-31"], N)
    out["seen"] = rng.choice(["1/2/2024", "3/2/2024", "17/2/2024", "18/2/2024"], N)
    out["y"] = rng.normal(size=N) + out["week"]
    out["passed"] = (out["y"] > 2).astype(int)
    return out


FLAVOURS = ("dict", "pandas", "polars", "arrow")


def table(flavour, **more):
    data = {**columns(), **more}
    if flavour == "pandas":
        return pd.DataFrame(data)
    if flavour == "polars":
        return pytest.importorskip("polars").DataFrame(data)
    if flavour == "arrow":
        return pytest.importorskip("pyarrow").table(data)
    return data


def notes(formula, data):
    return [n for n in build_design(formula, data).notes if any(word in n for word in WORDS)]


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize(
    "name", ["method", "group", "arm", "treatment_id", "type", "site", "siteID", "armCode"]
)
def test_a_code_that_enters_as_an_amount_is_named(name, flavour):
    data = table(flavour)
    (note,) = notes(f"y ~ week + {name} + (1 | g)", data)
    assert note.startswith(f"'{name}'") and f"factor({name})" in note
    assert notes(f"y ~ {name}:week + (1 | g)", data) and notes(f"y ~ week + ({name} | g)", data)
    assert not notes(f"y ~ factor({name}) + (1 | g)", data)
    assert not notes(f"y ~ week + (1 | {name})", data)


@pytest.mark.parametrize(
    "name", ["week", "age", "dose", "year", "count", "likert", "grade", "rank", "group_size",
             "n_arms", "drug_dose", "age_group", "level", "stage", "visit", "cylinders", "arm01",
             "treatment", "region"],
)  # fmt: skip
def test_amounts_and_two_valued_codes_are_left_alone(name):
    assert not notes(f"y ~ {name} + (1 | g)", columns())


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_numbers_and_dates_as_text_that_become_categories_are_named(flavour):
    data = table(flavour)
    for name, word in (("strong", "numbers"), ("weight", "numbers"), ("day", "dates"),
                       ("seen", "dates")):  # fmt: skip
        (note,) = notes(f"y ~ {name} + (1 | g)", data)
        assert f"'{name}' holds {word} as text" in note
        assert not notes(f"y ~ week + (1 | {name})", data)
    for name in ("zone", "zip"):
        assert not notes(f"y ~ {name} + (1 | g)", data)
    assert not notes("y ~ factor(weight) + (1 | g)", data)


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("mark", [".", "n/a", "-", "<0.1", "missing"])
def test_a_mark_among_numbers_is_named(mark, flavour):
    """One value that is no number makes a file's column text, and a category of every number."""
    text = [f"{v / 4}" for v in range(N)]
    text[7] = mark
    data = table(flavour, pain=text)
    with pytest.raises(me.ModelError, match="more rows than columns") as caught:
        build_design("y ~ pain + (1 | g)", data)
    assert f"because of {mark!r}" in str(caught.value)
    data = table(flavour, pain=[mark if v == mark else f"{float(v) % 9}" for v in text])
    (note,) = notes("y ~ pain + (1 | g)", data)
    assert f"mark {mark!r} as missing" in note
    assert not notes("y ~ factor(pain) + (1 | g)", data)
    assert not notes("y ~ week + (1 | pain)", data)


def test_decimal_commas_are_numbers():
    data = table("dict", pain=[f"{v % 20},5" for v in range(N)])
    (note,) = notes("y ~ pain + (1 | g)", data)
    assert "'pain' holds numbers as text" in note


@pytest.mark.parametrize(
    "levels",
    [
        ["0", "1", "2", "3", "B"], ["1", "2", "3", "unknown"], ["1,2", "1,3", "2,3"],
        ["0.5", "1.5", "2.5", "XL"], ["3a", "3b", "4", "5", "6", "7", "8"],
    ],
)  # fmt: skip
def test_a_few_numbers_among_categories_are_categories(levels):
    data = table("dict", floor=[levels[v % len(levels)] for v in range(N)])
    assert not notes("y ~ floor + (1 | g)", data)


def test_categories_that_look_like_numbers_are_categories():
    data = pd.DataFrame(columns())
    for name in ("strong", "weight", "day", "method"):
        data[name] = data[name].astype("category")
        assert not notes(f"y ~ {name} + (1 | g)", data)


def test_dates_are_refused_as_predictors_with_what_to_do():
    day = [datetime.date(2024, 1, 1 + k % 5) for k in range(N)]
    with pytest.raises(me.FormulaError, match="days since the start"):
        build_design("y ~ when + (1 | g)", columns() | {"when": day})


@pytest.mark.parametrize(
    "term", ["week**2", "week^2", "week + week^2", "(week)^2", "week*week", "week:week"]
)
def test_squares_that_are_no_squares_are_named(term):
    design = build_design(f"y ~ {term} + (1 | g)", columns())
    assert design.x_names == ("(Intercept)", "week")
    (note,) = notes(f"y ~ {term} + (1 | g)", columns())
    assert "just" in note and "I(" in note and "^2)" in note
    assert not notes("y ~ I(week**2) + poly(week, 2) + (1 | g)", columns())
    assert not notes("y ~ week * age + (week + age)^2 + (1 | g)", columns())


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_two_valued_response_is_named_by_linear_models_only(flavour):
    data = table(flavour)
    (note,) = notes("passed ~ week + (1 | g)", data)
    assert "0 and 1" in note and 'family="binomial"' in note
    truth = table(flavour, passed=columns()["passed"] == 1)
    assert notes("passed ~ week + (1 | g)", truth) == [note]
    assert notes("passed ~ week + (1 | g)", table(flavour, passed=1 + columns()["passed"]))
    fit = me.glmm("passed ~ week + (1 | g)", data, family="binomial")
    assert not [n for n in fit.design.notes if "two values" in n]
    gaussian = me.glmm("passed ~ week + (1 | g)", data, family="gaussian")
    assert note in gaussian.design.notes
    assert not notes("y ~ week + (1 | g)", data)


def test_notes_reach_the_summary_in_text_and_html():
    fit = me.lmm("y ~ method + (1 | g)", columns())
    assert "write factor(method) for categories." in str(fit.summary())
    assert "write factor(method) for categories" in fit.summary()._repr_html_()
    counts = columns()
    counts["y"] = np.random.default_rng(2).poisson(2.0, N)
    fit = me.glmm("y ~ method + (1 | g)", counts, family="poisson")
    assert "write factor(method) for categories" in str(fit)


def test_of_the_golden_models_only_the_two_valued_responses_are_noted():
    """Formulas and types of published models: each was meant as it stands but for these."""
    said = {}
    for name, model in golden_models().items():
        found = notes(model["formula"], golden_frame(model))
        if found:
            said[name] = found
    values = golden_frame(golden_models()["contraception_lpm"])["y"]
    assert values.nunique() == 2  # contraceptive use, yes or no
    assert set(said) == {"contraception_lpm", "contraception_lpm_cells_ml"}
    assert all("two values" in note for found in said.values() for note in found)


def test_no_golden_generalised_model_is_noted():
    from mixedeffects.design import build_design

    for model in glmm_models().values():
        frame = glmm_frame(model)
        for kind in ("count", "number", "ordinal", "binomial"):
            try:
                built = build_design(
                    model["formula"], frame, kind=kind, zi=model["zi"], weights=model["weights"],
                    exposure=model["exposure"], dispersion=model["dispersion"],
                )  # fmt: skip
            except me.MixedEffectsError:
                continue
            found = [n for n in built.notes if any(w in n for w in WORDS[:3])]
            assert not found
            break
        else:
            pytest.fail(f"no kind of response suits {model['formula']}")


# --- explore ----------------------------------------------------------------------------------


def trial(**more):
    rng = np.random.default_rng(3)
    n = 60
    out = {"student": np.repeat(np.arange(n), 4), "week": np.tile(np.arange(4), n)}
    for name, values in more.items():
        out[name] = np.repeat(rng.choice(values, n), 4)
    out["score"] = 50 + out["week"] + rng.normal(size=n)[out["student"]] + rng.normal(size=4 * n)
    return out


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_explore_proposes_categories_for_treatments_in_numbers(flavour):
    data = trial(method=[1, 2, 3, 4, 5])
    if flavour == "pandas":
        data = pd.DataFrame(data)
    elif flavour == "polars":
        data = pytest.importorskip("polars").DataFrame(data)
    elif flavour == "arrow":
        data = pytest.importorskip("pyarrow").table(data)
    found = me.explore(data)
    assert found.formula.startswith("score ~ factor(method) + week + (1")
    text = str(found)
    assert "factor(method) * week" in text and "~ method" not in text
    fit = me.lmm(found.formula, data)
    assert [name for name in fit.fixef if "method" in name] == [
        f"factor(method)[{k}]" for k in (2, 3, 4, 5)
    ]


def test_explore_leaves_amounts_and_pairs_as_they_are():
    assert me.explore(trial(dose=[0, 10, 20, 40])).formula.startswith("score ~ dose + week")
    assert me.explore(trial(arm=[0, 1])).formula.startswith("score ~ arm + week")
    assert "factor(age)" not in me.explore(trial(arm=list("ab"), age=[6, 7, 8, 9])).formula


def test_explore_makes_categories_of_groupings_with_few_levels():
    found = me.explore(trial(arm=["a", "b"], site=[1, 2, 3]))
    assert "factor(site)" in found.formula and "arm" in found.formula
