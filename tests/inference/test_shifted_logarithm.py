"""Ratios of log(y + 1) are ratios of y + 1, and what has no way back says so."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pytest

import mixedeffects as me
from mixedeffects.errors import DataWarning, OptionError
from tests import tolerances as tol

FILE = Path(__file__).parents[1] / "golden" / "emmeans" / "shifted.json"
MODELS = json.loads(FILE.read_text())["models"]
# What is added before the logarithm is taken, as labels have it.
ADDED = {
    "log(Reaction + 1)": " + 1",
    "log1p(Reaction)": " + 1",
    "log(Reaction - 100)": " - 100",
    "log2(Reaction + 3)": " + 3",
    "log(0.5 + Reaction)": " + 0.5",
    "log10(Reaction)": "",
    "log(Reaction)": "",
}
PAIRS = [("A", "B"), ("A", "C"), ("B", "C")]


@pytest.fixture(scope="module")
def frame():
    table = me.datasets.sleepstudy()
    table["f"] = np.where(table["Days"] < 3, "A", np.where(table["Days"] < 6, "B", "C"))
    table["half"] = np.where(table["Days"] % 2 == 0, "even", "odd")
    table["share"] = table["Reaction"] / 1000
    return table


def fitted(response, frame, right="f"):
    return me.lmm(f"{response} ~ {right} + (1 | Subject)", frame)


@pytest.mark.parametrize("response", ADDED)
def test_the_ratios_are_those_of_emmeans_and_are_called_what_they_are(response, frame):
    added = ADDED[response]
    theirs = MODELS[{"log1p(Reaction)": "log(Reaction + 1)"}.get(response, response)]
    means = fitted(response, frame).emmeans("f", scale="response")
    got, ratios = means.tidy(), means.contrasts()
    table = ratios.tidy()
    # emmeans undoes no more than the logarithm of these two: its means are of y - 100 and y + 0.5
    lost = {" - 100": 100.0, " + 0.5": -0.5}.get(added, 0.0)
    np.testing.assert_allclose(
        got["estimate"], np.array(theirs["mean"]) + lost, rtol=tol.MEANS_RTOL
    )
    for ours, name in (("estimate", "ratio"), ("std_error", "se")):
        np.testing.assert_allclose(table[ours], theirs[name], rtol=tol.MEANS_RTOL)
    for name in ("lower", "upper"):
        np.testing.assert_allclose(table[name], theirs[name], rtol=tol.MEANS_RTOL)
    # the name of a ratio is arithmetic with the means in the table
    value = dict(zip(got["f"], got["estimate"], strict=True))
    for name, ratio in zip(table["contrast"], table["estimate"], strict=True):
        assert ratio == pytest.approx(eval(name, {}, value), rel=tol.MEANS_RTOL)
    term = "({}" + added + ")" if added else "{}"
    assert table["contrast"].tolist() == [f"{term.format(a)} / {term.format(b)}" for a, b in PAIRS]
    what = f"ratios of Reaction{added}" if added else "ratios"
    assert ratios.notes[0] == f"{what}; tests are on the scale of {response}"
    assert what in str(ratios) and what in ratios._repr_html_()


@pytest.mark.parametrize(
    ("method", "names"),
    [
        ("treatment", ["(B + 1) / (A + 1)", "(C + 1) / (A + 1)"]),
        ("consecutive", ["(B + 1) / (A + 1)", "(C + 1) / (B + 1)"]),
        ("effects", ["(A + 1) / mean", "(B + 1) / mean", "(C + 1) / mean"]),
        ("helmert", ["(B + 1) / mean((A + 1))", "(C + 1) / mean((A + 1), (B + 1))"]),
        ("polynomial", ["linear", "quadratic"]),
        ({"late": [0, -1, 1]}, ["late"]),
    ],
)
def test_every_family_of_contrasts(method, names, frame):
    found = fitted("log(Reaction + 1)", frame).contrasts("f", method, scale="response")
    assert found.tidy()["contrast"].tolist() == names
    assert "ratios of Reaction + 1" in found.notes[0]


def test_a_reference_is_given_by_its_own_name_and_ratios_of_ratios_add_nothing(frame):
    means = fitted("log1p(Reaction)", frame, "f * half").emmeans("f", by="half", scale="response")
    found = means.contrasts("treatment", ref="C")
    assert found.tidy()["contrast"].tolist()[:2] == ["(A + 1) / (C + 1)", "(B + 1) / (C + 1)"]
    twice = found.contrasts(by="contrast").tidy()
    assert (twice["contrast_2"] == "even / odd").all()
    again = means.contrasts().contrasts(by=[], adjust="none").tidy()["contrast"]
    assert again[0].startswith("((A + 1) / (B + 1)") and again[0].count("+ 1") == 4
    # on the scale of the model they stay differences
    plain = means.contrasts(scale="link")
    assert plain.tidy()["contrast"].tolist()[0] == "A - B"
    assert plain.notes[-2] == "differences of log1p(Reaction)"


@pytest.mark.parametrize(
    ("response", "of"),
    [
        ("log(share / (1 - share))", "share / (1 - share)"),
        ("log(Reaction + Days)", "Reaction + Days"),
        ("log(1 - share)", "1 - share"),
        ("log(2 * Reaction)", "2 * Reaction"),
    ],
)
def test_logarithms_of_other_things_say_of_what(response, of, frame):
    means = fitted(response, frame).emmeans("f", scale="response")
    table, ratios = means.tidy(), means.contrasts()
    assert means.notes[-1].startswith(f"{of}, back from")
    assert ratios.notes[0].startswith(f"ratios of {of};")
    assert ratios.tidy()["estimate"][0] == pytest.approx(
        table["estimate"][0] / table["estimate"][1], rel=tol.MEANS_RTOL
    )


UNKNOWN = [
    "1 / Reaction", "Reaction / 10", "-Reaction", "Reaction^2", "Reaction + 5", "log(Reaction) / 2",
    "scale(Reaction)", "I(1 / Reaction)",
]  # fmt: skip


@pytest.mark.parametrize("response", UNKNOWN)
def test_without_a_way_back_the_scale_of_the_response_is_refused(response, frame):
    """Its means would be those of the formula's left side under the name of the response."""
    fit = fitted(response, frame, "f + Days")
    for call in (
        lambda: fit.emmeans("f", scale="response"),
        lambda: fit.emmeans("f", average="response"),
        lambda: fit.contrasts("f", scale="response"),
        lambda: fit.emtrends("Days", scale="response"),
        lambda: fit.plot.means("f", scale="response"),
    ):
        with pytest.raises(OptionError, match="no inverse is known"):
            call()
    assert fit.emmeans("f").tidy()["estimate"].notna().all()
    assert fit.plot.means("f").data["estimate"].notna().all()


def test_a_plain_response_is_on_its_own_scale(frame):
    for response in ("Reaction", "(Reaction)", "`Reaction`"):
        fit = fitted(response, frame)
        means = [fit.emmeans("f", scale=scale).tidy() for scale in ("link", "response")]
        np.testing.assert_array_equal(means[0]["estimate"], means[1]["estimate"])


def test_exponentials_of_coefficients_say_of_what_they_are_ratios(frame):
    shifted = fitted("log(Reaction + 1)", frame)
    with pytest.warns(DataWarning, match=r"are ratios of Reaction \+ 1"):
        table = shifted.test(exponentiate=True)
    assert table["estimate"][1] == pytest.approx(
        1.0 / MODELS["log(Reaction + 1)"]["ratio"][0], rel=tol.MEANS_RTOL
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error", DataWarning)
        fitted("log(Reaction)", frame).test(exponentiate=True)


def test_words_of_shifted_logarithms_claim_no_percentage(frame):
    for response in (
        "log(Reaction + 1)",
        "log1p(Reaction)",
        "log10(Reaction)",
        "log(Reaction) / 2",
    ):
        words = " ".join(str(fitted(response, frame).interpret()).split())
        assert f"the expected {response} is" in words and "times as high" not in words
