"""Charts of a narrow page: as wide as a phone, with everything on them."""

from __future__ import annotations

import json
import re
from functools import cache

import pytest

import mixedeffects as me
from mixedeffects.plot.library import vl_convert
from mixedeffects.plot.narrow import ACROSS, narrowed

# points that a picture may be wider, to be made smaller by a seventh
TOLERATED = 60


@cache
def sleep():
    return me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())


@cache
def styles():
    return me.lmm("score ~ style + (1 | professor)", me.datasets.flipped_classrooms())


CHARTS = [
    (sleep, "coefficients"), (sleep, "trajectories"), (sleep, "variance"), (sleep, "shrinkage"),
    (sleep, "residuals"), (sleep, "qq"), (sleep, "qq_ranef"), (sleep, "by_group"),
    (sleep, "quantile_residuals"), (sleep, "predictive"), (sleep, "influence"),
    (sleep, "profile"), (sleep, "trace"), (sleep, "check"), (styles, "means"), (styles, "effects"),
]  # fmt: skip


def drawn(spec):
    svg = vl_convert().vegalite_to_svg(spec)
    words = re.sub(r"<[^>]+>", " ", svg)
    return float(re.search(r'<svg[^>]* width="([\d.]+)', svg)[1]), " ".join(words.split()), svg


@pytest.mark.parametrize(("fit", "name"), CHARTS, ids=[name for _, name in CHARTS])
def test_charts_fit_a_phone_and_say_the_same(fit, name):
    wide = getattr(fit().plot, name)().to_dict()
    before = json.dumps(wide)
    narrow = narrowed(wide)
    assert json.dumps(wide) == before and "datasets" not in narrow
    width, words, svg = drawn(narrow | {"datasets": wide["datasets"]})
    *_, whole = drawn(wide)
    assert width <= ACROSS + TOLERATED
    title = wide["title"] if isinstance(wide["title"], str) else wide["title"]["text"]
    assert title in words
    for role in ("point", "rect", "rule"):
        mark = f'aria-roledescription="{role}'
        assert svg.count(mark) == whole.count(mark)


def test_numbers_stay_beside_their_forest_and_panels_do_not():
    assert "hconcat" in narrowed(sleep().plot.coefficients().to_dict())
    found = narrowed(sleep().plot.qq_ranef().to_dict())
    assert "hconcat" not in found and len(found["vconcat"]) == 2


def test_words_are_wrapped_and_none_is_lost():
    chart = sleep().plot.qq_ranef()
    found = narrowed(chart.to_dict())["title"]
    assert max(map(len, found["subtitle"])) <= ACROSS / 6
    assert " ".join(found["subtitle"]) == " ".join(chart.subtitle)
