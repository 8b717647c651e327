"""Squares, logarithms, sums and formulas among the columns of a table, and what is none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mixedeffects as me


@pytest.fixture
def rng():
    return np.random.default_rng(11)


def kinds(found):
    c = found.confounded()
    return {(line.column, line.by): line.kind for line in c.itertuples()}


def flat(found):
    return " ".join(str(found).split())


def test_a_square_is_a_curve_and_stays_in_the_model(rdata):
    found = me.explore(rdata("wooldridge", "wagepan"))
    assert kinds(found)["expersq", "exper"] == "curve"
    assert "expersq is the square of exper: together they are a curve" in flat(found)
    assert "expersq is left out" not in flat(found)
    data = pd.DataFrame({"id": np.repeat(np.arange(20), 5), "exper": np.tile(np.arange(1, 6), 20)})
    data["expersq"] = data["exper"] ** 2
    data["wage"] = np.random.default_rng(0).normal(size=100)
    formula = me.explore(data).formula
    assert "exper" in formula and "expersq" in formula


def test_another_scale_is_left_out(rng):
    x = rng.lognormal(size=120)
    data = {"id": np.repeat(np.arange(24), 5), "x": x, "lx": np.log(x), "y": rng.normal(size=120)}
    found = me.explore(data)
    assert kinds(found)["lx", "x"] == "other scale"
    assert "lx is the logarithm of x: the same on another scale" in flat(found)
    assert found.formula == "y ~ x + (1 | id)"


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (lambda y, q: y / q, "y / q"),
        (lambda y, q: y - q, "y − q"),
        (lambda y, q: y * q, "y × q"),
        (lambda y, q: np.log1p(y), "log(1 + y)"),
        (lambda y, q: np.sqrt(y), "√y"),
        (lambda y, q: (y / q).astype(np.float32), "y / q"),
    ],
)
def test_what_was_computed_from_the_outcome_is_no_predictor(rng, column, words):
    y, q = rng.gamma(3.0, size=150), rng.uniform(1, 4, 150)
    data = {"id": np.repeat(np.arange(30), 5), "made": column(y, q), "q": q, "y": y}
    found = me.explore(data, outcome="y")
    assert kinds(found)["made", "y"] == "computed from"
    assert f"made is {words}:" in flat(found) and "made" not in found.formula
    noisy = me.explore({**data, "made": column(y, q) + rng.normal(0, 0.01, 150)}, outcome="y")
    assert ("made", "y") not in kinds(noisy) and "made" in noisy.formula


def test_calls_per_chick_are_calls_and_the_brood_an_exposure(rdata):
    owls = me.datasets.owls()
    owls["NegPerChick"] = owls["SiblingNegotiation"] / owls["BroodSize"]
    found = me.explore(owls)
    assert "NegPerChick is SiblingNegotiation / BroodSize" in flat(found)
    assert "NegPerChick" not in found.formula
    rates = [f for f in found.suggestions()["formula"] if "offset(log(BroodSize))" in f]
    assert rates and me.glmm(rates[0], owls, family="poisson").nobs == len(owls)


def test_changes_of_the_outcome_are_seen_by_their_names(rdata):
    found = me.explore(rdata("wooldridge", "murder"))
    assert "cmrdrte is left out: by its name it was computed from mrdrte" in flat(found)
    rng = np.random.default_rng(1)
    data = {"id": np.repeat(np.arange(20), 5), "score": rng.normal(size=100),
            "score0": np.repeat(rng.normal(size=20), 5)}  # fmt: skip
    assert "score0" in me.explore(data).formula  # a baseline


def test_sums_of_other_columns_are_told_and_left_out(rng):
    a, b = rng.normal(size=(2, 100))
    data = {"id": np.repeat(np.arange(20), 5), "a": a, "b": b, "c": 2 * a - b + 3,
            "y": rng.normal(size=100)}  # fmt: skip
    found = me.explore(data)
    assert kinds(found)["c", "a"] == "sum of" and found.formula == "y ~ a + b + (1 | id)"
    close = me.explore({**data, "c": 2 * a - b + rng.normal(0, 1e-3, 100)})
    assert "sum of" not in kinds(close).values()


def test_hundreds_of_columns_take_a_moment(rng):
    names = [f"{a}{b}" for a in "abcdefghij" for b in "klmnopqrstuvwxyzabcd"]
    wide = pd.DataFrame(rng.normal(size=(500, 200)), columns=names)
    wide["id"], wide["y"] = np.arange(500) // 5, wide[names[7]] / wide[names[9]]
    found = me.explore(wide, outcome="y")
    assert "computed from" in kinds(found).values()
