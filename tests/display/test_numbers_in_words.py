"""Every number in sentences has a source: a table of the fit, a count, or a computation here."""

from __future__ import annotations

import re
import warnings
from functools import cache

import numpy as np
import pytest

import mixedeffects as me
from tests.display.number_sources import known, numbers, sources
from tests.display.word_models import MODELS, _table, model

SLEEP = "Reaction ~ Days + (Days | Subject)"
# numbers that the sentences about the smallest model have, at least
FEWEST = 15


def many_levels():
    rng = np.random.default_rng(2)
    f = np.array([f"L{k:02d}" for k in rng.integers(0, 15, 600)])
    g = rng.integers(0, 20, 600)
    y = rng.normal(size=600) + rng.normal(size=20)[g] + (f == "L07") * 2.0
    return me.lmm("y ~ f + (1 | g)", {"y": y, "f": f, "g": g})


def many_cells():
    rng = np.random.default_rng(6)
    f = np.array([*"abcde"])[rng.integers(0, 5, 900)]
    h = np.array([*"pqrst"])[rng.integers(0, 5, 900)]
    g = rng.integers(0, 20, 900)
    y = rng.normal(size=900) + rng.normal(size=20)[g]
    return me.lmm("y ~ f * h + (1 | g)", {"y": y, "f": f, "h": h, "g": g})


def uneven():
    data = me.datasets.hospital_stays()
    return me.lmm("stay ~ age + (1 | hospital)", data)


def few_levels():
    table = _table(n_groups=4, size=30)
    return me.lmm("y ~ x + (1 + x | g)", table)


MORE = {
    "many levels": many_levels,
    "many cells": many_cells,
    "uneven": uneven,
    "few levels": few_levels,
    "limited": lambda: me.lmm(
        SLEEP, me.datasets.sleepstudy(), optimizer="Nelder-Mead", max_iterations=20
    ),
    "ruled": lambda: me.lmm(
        SLEEP, me.datasets.sleepstudy(), optimizer="em", converged=me.stopping.no_effect_moves(0.1)
    ),
}


@cache
def fitted(name):
    if name in MODELS:
        return model(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return MORE[name]()


def plain(topic, text, fit):
    """A paragraph without what has digits and is no number of it: versions, names, levels."""
    names = {str(e) for e in (*fit.design.spec.terms, *fit.design.x_names, fit.design.spec.text)}
    names |= {b.factor.name for b in fit.all_blocks} | set(fit.design.spec.columns)
    for part in fit.design.others.values():
        names |= set(part.x_names)
    names |= set() if fit.design.categories is None else {
        f"{a}|{b}" for a, b in zip(fit.design.categories, fit.design.categories[1:], strict=False)
    }  # fmt: skip
    kept = fit.design.sources
    for column in kept.categorical if kept is not None else ():
        for label in kept.levels(column)[1]:
            names |= {f"{column} {label}", f"{column} is {label}"}
    text = text.replace(me.__version__, "")
    for name in sorted(names, key=len, reverse=True):
        if any(c.isdigit() for c in name):
            text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "_", text)
    if topic == "Levels that stand out":  # names of levels, of which some may be counted
        text = re.sub(r"\(([^()]*?)(?:and (\d+) more)?\)", r"(\2)", text)
    return text


@pytest.mark.parametrize("name", [*MODELS, *MORE])
def test_every_number_has_a_source(name):
    fit = fitted(name)
    allowed = sources(fit)
    said = fit.interpret().paragraphs
    found = {topic: numbers(plain(topic, text, fit)) for topic, text in said.items()}
    for topic, own in found.items():
        strange = [number for number in own if not known(number, allowed[topic])]
        assert not strange, f"{topic}: {strange} in {said[topic]}"
    assert sum(map(len, found.values())) >= FEWEST


@pytest.mark.parametrize(
    ("formula", "options"),
    [("pain_score ~ treatment * time + (1 | patient)", {"level": 0.9, "ddf": "kenward-roger"}),
     ("pain_score ~ treatment + (1 | patient)", {"level": 0.8, "ddf": "wald"})],
)  # fmt: skip
def test_every_number_has_a_source_at_another_level_and_method(formula, options):
    fit = me.lmm(formula, me.datasets.pain_trial())
    allowed = sources(fit, **options)
    for topic, text in fit.interpret(**options).paragraphs.items():
        found = numbers(plain(topic, text, fit))
        assert [n for n in found if not known(n, allowed[topic])] == [], topic


def test_numbers_are_read_out_of_sentences():
    text = "p < 0.001, −1.20 to 1,234 (12%), 2e-05 after 3; g04, CR2 and R² are none."
    assert numbers(text) == ["0.001", "-1.20", "1,234", "12%", "2e-05", "3"]


def test_a_number_is_known_by_its_last_digit():
    values = {1.2345, -0.0012, 1234567.0, "12%"}
    for number in ("1.23", "1.2345", "1.23450", "-0.0012", "-1.2e-03", "1,234,567", "12%"):
        assert known(number, values), number
    for number in ("1.24", "1.2346", "0.0012", "-0.0013", "1,234,568", "13%", "2"):
        assert not known(number, values), number
