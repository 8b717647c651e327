"""Outcomes with zeros or ones of their own: which family is proposed, and that it can be fitted."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mixedeffects as me

GOLDEN = json.loads(
    (Path(__file__).parents[1] / "golden" / "family" / "fits.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize(
    ("data", "families"),
    [
        ("tweedie", ["tweedie", "hurdle_gamma"]),
        ("ordered_beta", ["ordered_beta"]),
        ("zero_inflated_beta", ["zero_inflated_beta"]),
        ("one_inflated_beta", ["one_inflated_beta"]),
    ],
)
def test_the_family_is_proposed_and_fits(data, families):
    table = pd.DataFrame(GOLDEN["data"] | {"y": GOLDEN["fits"][data]["y"]}).drop(columns="z")
    table["g"] = table["g"].map("group {}".format)
    found = me.explore(table, outcome="y")
    text = str(found)
    for family in families:
        call = f'me.glmm("y ~ x + (1 | g)", data, family="{family}")'
        assert call in text
        assert me.glmm("y ~ x + (1 | g)", table, family=family).converged
    assert "floor" not in text and "ceiling" not in text


def table_of(y):
    return pd.DataFrame({"y": y, "g": np.repeat([f"g{i}" for i in range(20)], len(y) // 20)})


@pytest.mark.parametrize(
    "y",
    [
        np.linspace(0.0, 1.0, 200),  # scaled to its own range: one row at each end
        np.linspace(0.0, 0.3, 200),  # small numbers, one of them zero
        np.tile([0.0, 0.5, 1.0, 0.5], 50),  # a few points
        np.r_[0.0, np.exp(np.linspace(-3, 3, 199))],  # one zero
    ],
)
def test_other_outcomes_are_not_taken_for_them(y):
    text = str(me.explore(table_of(np.random.default_rng(1).permutation(y)), outcome="y"))
    for family in ("beta", "tweedie", "hurdle"):
        assert family not in text
