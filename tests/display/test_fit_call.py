"""Arguments of a call are those that differ from the defaults, or all of them."""

from __future__ import annotations

import pytest

import mixedeffects as me
from mixedeffects.display.fit_call import arguments, call, literal
from mixedeffects.family import Poisson
from tests.display.word_models import _table, model


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("slopes", {}),
        ("interaction", {"reml": "False"}),
        ("weights", {"weights": '"w"'}),
        ("yes or no", {"family": '"binomial"', "nagq": "5"}),
        ("probit", {"family": '"binomial"', "link": '"probit"'}),
        ("zeros", {"family": '"nbinom2"', "zi": '"~ FoodTreatment"'}),
        ("rate", {"family": '"poisson"', "exposure": '"hours"'}),
        ("beta", {"family": '"beta"', "dispersion": '"~ f"'}),
        ("hurdle", {"family": '"hurdle_poisson"', "zi": '"~ 1"'}),
    ],
)
def test_arguments_are_those_that_differ_from_the_defaults(name, expected):
    assert arguments(model(name)) == (expected, [])


def test_a_family_of_one_s_own_has_no_source():
    class Counts(Poisson):
        name = "counts"

    fit = me.glmm("count ~ x + (1 | g)", _table(), family=Counts())
    assert arguments(fit)[1] == ["family"]


def test_a_family_that_only_shares_a_name_has_no_source():
    class Counts(Poisson):
        name = "poisson"

    fit = me.glmm("count ~ x + (1 | g)", _table(), family=Counts())
    assert arguments(fit)[1] == ["family"]


def test_options_that_changed_are_written_once_and_last():
    fit = model("zeros")
    written = call(fit, "y ~ x + (1 | g)", {"zi": "~ 1", "optimizer": "Powell"})
    assert written == (
        "me.glmm(\"y ~ x + (1 | g)\", data, family=\"nbinom2\", zi='~ 1', optimizer='Powell')"
    )


@pytest.mark.parametrize("text", ["y ~ x", "it's", '"', "a\nb", "\\", "'\"", "é"])
def test_texts_are_read_back(text):
    assert eval(literal(text)) == text
