"""Compact letters say of every pair whether it differs, and no more."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mixedeffects as me
from mixedeffects.means.letters import letter_groups, letters_of


@st.composite
def relations(draw):
    m = draw(st.integers(1, 8))
    differ = np.zeros((m, m), dtype=bool)
    for i in range(m):
        for j in range(i):
            differ[i, j] = differ[j, i] = draw(st.booleans())
    return differ


@given(relations())
@settings(max_examples=200, deadline=None)
def test_two_means_share_a_letter_if_and_only_if_they_do_not_differ(differ):
    groups = letter_groups(differ).astype(int)
    np.testing.assert_array_equal(groups.T @ groups > 0, ~differ | np.eye(len(differ), dtype=bool))
    for i in range(len(groups)):  # no letter could go
        left = np.delete(groups, i, axis=0)
        assert not np.array_equal(left.T @ left > 0, groups.T @ groups > 0)


def test_letters_after_z():
    assert letters_of(np.eye(28, dtype=bool))[26:] == [" " * 26 + "aa", " " * 28 + "ab"]


def table():
    rng = np.random.default_rng(1)
    g, a = np.repeat(np.arange(12), 8), np.tile(["p", "q", "r", "s"], 24)
    b = np.repeat(["u", "v"], 48)
    y = np.select([a == "q", a == "r", a == "s"], [0.4, 1.0, 5.0]) * (b == "v")
    y = y + rng.normal(size=12)[g] + rng.normal(size=96)
    return pd.DataFrame({"y": y, "a": a, "b": b, "g": g})


@pytest.mark.parametrize("reverse", [False, True])
def test_of_a_fit(reverse):
    means = me.lmm("y ~ a * b + (1 | g)", table()).emmeans("a", by="b")
    found = means.letters(reverse=reverse)
    pairs = means.contrasts().tidy()
    for b, part in found.groupby("b"):
        letters = dict(zip(part["a"], part["letters"], strict=True))
        own = pairs[pairs["b"] == b]
        assert len(own) == 6
        for text, p in zip(own["contrast"], own["p_value"], strict=True):
            i, j = text.split(" - ")
            shared = set(letters[i]) & set(letters[j]) - {" "}
            assert bool(shared) == (p > 0.05)
        first = part["estimate"].idxmax() if reverse else part["estimate"].idxmin()
        assert found["letters"][first].startswith("a")


def test_a_mean_that_cannot_be_estimated_has_none():
    data = table()
    data = data[~((data.a == "s") & (data.b == "v"))]
    found = me.lmm("y ~ a * b + (1 | g)", data).emmeans("a", by="b").letters()
    lost = found["estimate"].isna()
    assert lost.sum() == 1 and (found.loc[lost, "letters"] == "").all()
    assert (found.loc[~lost, "letters"].str.strip() != "").all()


def test_letters_of_contrasts_are_refused():
    means = me.lmm("y ~ a + (1 | g)", table()).emmeans()
    with pytest.raises(me.MixedEffectsError, match="letters are of means"):
        means._facts.contrasts().letters()
    with pytest.raises(me.MixedEffectsError, match="alpha"):
        means.letters(alpha=0)


def test_without_specs():
    """The only factor, or the columns that there are."""
    one = me.lmm("y ~ a + (1 | g)", table())
    pd.testing.assert_frame_equal(one.emmeans().tidy(), one.emmeans("a").tidy())
    two = me.lmm("y ~ a * b + (1 | g)", table())
    pd.testing.assert_frame_equal(two.emmeans(by="b").tidy(), two.emmeans("a", by="b").tidy())
    with pytest.raises(me.MixedEffectsError, match="2 factors: a, b\ncolumns: a, b"):
        two.emmeans()


def test_charts_without_arguments():
    """The only factor, the first two columns that interact, or the columns that there are."""
    one = me.lmm("y ~ a + (1 | g)", table())
    assert one.plot.means().data["level"].tolist() == ["p", "q", "r", "s"]
    with pytest.raises(me.MixedEffectsError, match="no two columns of the formula interact"):
        one.plot.interaction()
    data = table().assign(t=np.arange(96.0))
    fit = me.lmm("y ~ a + b * t + (1 | g)", data)
    found = fit.plot.interaction().data
    assert set(found["by"]) == {"u", "v"} and found["x"].max() == 95.0
    pd.testing.assert_frame_equal(found, fit.plot.interaction("t", "b").data)
    pd.testing.assert_frame_equal(
        fit.plot.interaction(by="t").data, fit.plot.interaction("b", "t").data
    )
