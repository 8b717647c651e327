"""Equations of narrow pages say the same in several lines."""

from __future__ import annotations

import re

import pytest

from mixedeffects.report.equation_lines import breakable
from tests.display.word_models import MODELS, model


def words(markup):
    return re.sub(r"\s+", "", re.sub(r"<[^>]+>", "", markup))


@pytest.mark.parametrize("name", sorted(MODELS))
def test_nothing_is_lost_and_labels_stay(name):
    """Labels below a line move to its first summand; all else keeps its order."""
    whole = model(name).equation().html
    broken = breakable(whole)
    assert sorted(words(whole)) == sorted(words(broken))
    assert broken.count("<math") > whole.count("<math")
    assert "ns0:" not in broken


def test_a_summand_that_is_longer_than_a_line_is_smaller():
    broken = breakable(model("zeros").equation().html)
    sizes = [float(s) for s in re.findall(r"font-size: ([\d.]+)em", broken)]
    assert sizes and min(sizes) >= 0.5
