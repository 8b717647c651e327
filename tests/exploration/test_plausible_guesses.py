"""Guesses that would be embarrassing, on tables nobody chose for being tidy."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import polars as pl
import pytest

import mixedeffects as me

OUTCOMES = {
    ("datasets", "airquality"): "Ozone",  # not the day of the month
    ("MASS", "quine"): "Days",  # days absent, and no list of occasions
    ("palmerpenguins", "penguins_raw"): "Body Mass (g)",  # not the number of the sample
    ("ggplot2", "diamonds"): "price",  # x, y and z are sides
    ("datasets", "infert"): "case",
    ("HSAUR", "respiratory"): "status",  # good or poor, as text
    ("mlmRev", "guPrenat"): "prenat",  # not the ids of mothers and children
    ("COUNT", "medpar"): "los",
    ("AER", "STAR"): "read",  # numbers before text
    ("AER", "NMES1988"): "visits",  # a number of visits, and no time
    ("MASS", "OME"): "Correct",  # not the number of trials
    ("wooldridge", "airfare"): "concen",  # y98 is a year
}
GROUPS = {
    # numbers of pupils, and the school's mean status, group nothing
    ("nlme", "bdf"): {"classNR", "schoolNR"},
    ("survival", "cgd"): {"id", "center"},  # not the date of randomisation
    ("palmerpenguins", "penguins_raw"): {"Individual ID", "Species"},  # not the comments
    ("datasets", "infert"): {"stratum", "pooled.stratum"},
    ("mlmRev", "Chem97"): {"school", "lea"},
    ("datasets", "quakes"): set(),  # stations are counted, and a depth is measured
    ("MASS", "Rabbit"): {"Run", "Animal"},  # not the treatment, though each animal has both
    ("nlme", "PBG"): {"Run", "Rabbit"},
    ("carData", "GSSvocab"): set(),  # an age group is an age
}


@pytest.mark.parametrize(("package", "name"), OUTCOMES)
def test_outcomes_nobody_would_laugh_at(rdata, package, name):
    assert me.explore(rdata(package, name)).outcome == OUTCOMES[package, name]


@pytest.mark.parametrize(("package", "name"), GROUPS)
def test_groups_are_groups(rdata, package, name):
    assert set(me.explore(rdata(package, name)).groups()["group"]) == GROUPS[package, name]


def test_successes_among_trials_are_a_binomial_response(rdata):
    found = me.explore(rdata("MASS", "OME"))
    assert found.formula.startswith("Correct / Trials ~ ") and found.family == "binomial"


def test_an_age_group_is_no_treatment(rdata):
    assert me.explore(rdata("carData", "GSSvocab")).treatment is None


def test_dummy_variables_are_no_waves(rdata):
    found = me.explore(rdata("COUNT", "medpar"))
    assert found.shape == "long"
    # a yes-or-no answer at three visits is: rows have none, one or several
    wide = {"id": np.arange(6), "well_1": [0, 1, 0, 1, 1, 0], "well_2": [1, 1, 0, 0, 1, 1],
            "well_3": [0, 0, 0, 1, 1, 1]}  # fmt: skip
    assert me.explore(wide).shape == "wide"


def test_waves_with_their_unit_behind_the_number(rdata):
    found = me.explore(rdata("HSAUR", "BtheB"))
    assert found.shape == "wide" and found.outcome == "bdi"
    with pytest.warns(me.DataWarning, match="no column tells the rows apart"):
        long = me.reshape_long(rdata("HSAUR", "BtheB"))
    assert sorted(long["time"].unique()) == [2, 4, 6, 8] and "bdi.pre" in long


def test_occasions_in_words_are_in_the_formula(rdata):
    found = me.explore(rdata("carData", "OBrienKaiserLong"))
    treatment, phase = 'C(treatment, Treatment("control"))', 'C(phase, Treatment("pre"))'
    assert found.formula == f"score ~ {treatment} + {phase} + gender + hour + (1 | id)"
    crossed = f"score ~ {phase} * hour + {treatment} + gender + (1 | id)"
    assert crossed in list(found.suggestions()["formula"])


def _as_read(table):
    """A table as a reader without types has it: everything is text, gaps are NA."""
    text = table.to_csv(index=False, na_rep="NA")
    return pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)


@pytest.mark.parametrize("name", ["sleepstudy", "pain_trial", "hospital_stays"])
def test_numbers_read_as_text_are_seen_and_how_to_convert_them_is_said(name):
    table = me.datasets.load(name)
    found, right = me.explore(_as_read(table)), me.explore(table)
    assert found.formula == right.formula
    data = _as_read(table)
    (line,) = [line for line in str(found).splitlines() if "to_numeric" in line]
    exec(line.strip(), {"data": data, "pandas": pd})
    assert me.explore(data).formula == right.formula
    for column in (right.outcome, right.time):
        if column is not None:
            assert np.allclose(data[column], table[column])


def test_polars_has_its_own_line():
    found = me.explore(pl.from_pandas(_as_read(me.datasets.pain_trial())))
    (line,) = [line for line in str(found).splitlines() if "polars" in line]
    space = {"polars": pl, "data": pl.from_pandas(_as_read(me.datasets.pain_trial()))}
    exec(line.strip(), space)
    assert space["data"]["pain_score"].dtype == pl.Float64


def test_texts_that_stand_for_nothing_are_missing():
    found = me.explore({"id": ["a", "a", "b", "b"], "score": ["1.5", "NA", "2", "3.25"]})
    assert dict(found.tidy())["missing"][1] == 1
    codes = me.explore({"zip": ["01234", "01235", "04711", "01234"]})
    assert list(codes.tidy()["kind"]) == ["text"]


def test_a_chart_of_numbers_as_text_says_so():
    with pytest.raises(me.ColumnTypeError, match="numbers as text"):
        me.explore(_as_read(me.datasets.pain_trial())).plot.outcome()
