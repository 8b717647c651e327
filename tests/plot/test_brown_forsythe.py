"""The test of equal spreads is SciPy's, and keeps its level in small groups."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from mixedeffects.views.brown_forsythe import brown_forsythe
from mixedeffects.views.tukey import level_order
from tests.tolerances import CHART_RTOL


def ours(values, codes):
    return brown_forsythe(values, *level_order(values, codes, int(codes.max()) + 1))


@pytest.mark.parametrize("sizes", [(10,) * 18, (6, 8, 40, 12), (100, 200)])
def test_groups_of_even_size_have_scipys_p_value(sizes):
    rng = np.random.default_rng(1)
    codes = np.repeat(np.arange(len(sizes)), sizes)
    values = rng.normal(size=codes.size) * (1.0 + 0.2 * codes)
    shuffled = rng.permutation(codes.size)
    values, codes = values[shuffled], codes[shuffled]
    expected = stats.levene(*(values[codes == c] for c in range(len(sizes))), center="median")
    assert ours(values, codes) == pytest.approx(expected.pvalue, rel=CHART_RTOL)


def test_small_groups_of_odd_size_are_accused_no_more_often_than_said():
    """With its distances of zero the test of groups of five would accuse nobody."""
    rng = np.random.default_rng(2)
    codes = np.repeat(np.arange(12), 5)
    p = np.array([ours(rng.normal(size=60), codes) for _ in range(1500)])
    assert 0.015 < (p < 0.05).mean() < 0.06
    assert (p < 0.01).mean() < 0.015


def test_groups_that_are_too_small_say_nothing():
    rng = np.random.default_rng(3)
    assert ours(rng.normal(size=40), np.repeat(np.arange(10), 4)) == 1.0
    assert ours(np.zeros(40), np.repeat(np.arange(4), 10)) == 1.0
