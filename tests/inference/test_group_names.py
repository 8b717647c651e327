"""Nested grouping factors by the names that people use for them."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

import mixedeffects as me


def table():
    rng = np.random.default_rng(2)
    center, rep = np.repeat(np.arange(1, 7), 40), np.tile(np.repeat(np.arange(1, 9), 5), 6)
    y = rng.normal(size=7)[center] + rng.normal(size=(7, 9))[center, rep] + rng.normal(size=240)
    return {"y": y, "center": center, "rep": rep}


@cache
def fit():
    return me.lmm("y ~ 1 + (1 | center / rep)", table())


@pytest.mark.parametrize("name", ["rep", "rep:center", "center:rep", "rep in center"])
def test_a_nested_factor_is_understood(name):
    expected = fit().influence("rep:center").tidy()
    np.testing.assert_array_equal(
        fit().influence(name).tidy()["cooks_distance"], expected["cooks_distance"]
    )
    one = fit().bootstrap(5, method="cluster", groups=name, rng=1)
    two = fit().bootstrap(5, method="cluster", groups="rep:center", rng=1)
    np.testing.assert_array_equal(one.tidy()["estimate"], two.tidy()["estimate"])
    assert "rep" in fit().plot.caterpillar(name).title
    fit().vcov(method="CR0", groups="center")


def test_a_factor_of_its_own_name_comes_first():
    outer = fit().influence("center").tidy()
    assert len(outer) == 6


def test_an_unknown_factor_is_answered_with_the_names_that_are_read():
    with pytest.raises(me.OptionError, match="rep in center, center"):
        fit().influence("replicate")


def test_a_combination_without_its_outer_factor_keeps_its_name():
    """Labels of `rep` alone are another grouping of the rows: nothing is guessed."""
    alone = me.lmm("y ~ 1 + (1 | center:rep)", table())
    with pytest.raises(me.OptionError, match="center:rep"):
        alone.influence("rep")
    assert "rep in" not in str(alone)


def test_crossed_factors_and_their_combination_keep_their_names():
    crossed = me.lmm("y ~ 1 + (1 | center) + (1 | rep) + (1 | center:rep)", table())
    text = str(crossed)
    assert "center:rep: 48 groups" in text and " in center" not in text
    assert len(crossed.influence("rep").tidy()) == 8


def test_summaries_read_nested_names_out():
    text = str(fit())
    assert "rep in center: 48 groups, 5 rows each" in text
    assert "between levels of rep in center (ICC)" in text
    assert [line.split("  ")[1] for line in text.splitlines() if "rep in center  " in line]
    assert "rep in center" in str(fit().varcorr)
    assert set(fit().varcorr.sd) == {"rep:center", "center", "Residual"}
