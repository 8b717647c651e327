"""Sets of rows left out of models with crossed factors, against a refit without each."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import mixedeffects as me
from mixedeffects.estimation.refits import crossed
from mixedeffects.estimation.refits.crossed import CrossedWithoutEach
from mixedeffects.inference.deletion.influence import influence
from tests.estimation.test_shared import TABLE
from tests.tolerances import DELETED, ROUNDING_E10

FIELDS = ("delta", "information", "s2", "theta", "beta", "std_error")
MODELS = [
    ("y ~ x + (1 | s) + (1 | g)", {}),
    ("y ~ x + (1 | s) + (1 | g) + (1 | h)", {"reml": False}),
    ("y ~ x + offset(o) + (x || s) + (1 | g)", {"weights": "w"}),
    ("y ~ 0 + (1 | s) + (1 | g)", {"weights": "w"}),
    ("y ~ x + (x | s) + (1 | g)", {}),
    ("y ~ x + (1 | c/s)", {}),
]
N = len(TABLE["y"])
SETS = {
    "levels": TABLE["s"],
    "across levels": np.random.default_rng(0).permutation(N) % 110,
    "rows": np.arange(N),
}


def left_out(fit, codes, hold, monkeypatch):
    """What is found, and how many sets were refitted."""
    refits, alone = fit.refits, []
    deletions = refits._deletions
    plain = type(deletions).without

    def counted(self, rows, *, hold=False):
        alone.append(rows)
        return plain(self, rows, hold=hold)

    sizes = np.bincount(codes)
    plan = replace(refits._plan, flops=1e12)  # whether it pays or not
    assert CrossedWithoutEach.serves_sets(refits._stats, fit.evaluation, plan, sizes)
    monkeypatch.setattr(crossed, "WORK", 0.0)
    with monkeypatch.context() as patch:
        patch.setattr(type(deletions), "without", counted)
        found = refits.without_each(codes, sizes.size, hold=hold)
    return found, len(alone)


def compare(fit, found, codes, some, hold, tolerance):
    for j in some:
        one = fit.refits.without(np.flatnonzero(codes == j), hold=hold)
        assert found.converged[j] == one.converged
        for name in FIELDS:
            a, b = getattr(found, name)[j], getattr(one, name)
            np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance, err_msg=name)


@pytest.mark.parametrize("sets", SETS)
@pytest.mark.parametrize("place", range(len(MODELS)))
def test_what_sets_take_out_is_what_refits_lack(place, sets, monkeypatch):
    formula, options = MODELS[place]
    fit, codes = me.lmm(formula, TABLE, **options), SETS[sets]
    n_sets = int(codes.max()) + 1
    some = range(0, n_sets, n_sets // 8)
    held, alone = left_out(fit, codes, True, monkeypatch)
    assert alone == 0
    compare(fit, held, codes, some, True, ROUNDING_E10)
    found, alone = left_out(fit, codes, False, monkeypatch)
    assert alone < n_sets // 4
    compare(fit, found, codes, some, False, DELETED)


def test_a_level_far_away_and_a_coefficient_that_only_one_level_has(monkeypatch):
    data = dict(TABLE)
    data["y"] = TABLE["y"] + 9.0 * (TABLE["s"] == 7)
    data["only"] = (TABLE["s"] == 31) * TABLE["w"]
    fit, codes = me.lmm("y ~ x + only + (1 | s) + (1 | g)", data), TABLE["s"]
    found, _ = left_out(fit, codes, False, monkeypatch)
    compare(fit, found, codes, [7, 31], False, DELETED)
    assert np.isnan(found.delta[31]).all() and not found.converged[31]


def test_large_sets_are_refitted(monkeypatch):
    """A set of more rows than are worth their own matrix."""
    codes = np.where(np.arange(N) < 500, 0, np.arange(N) - 499)
    fit = me.lmm("y ~ x + (1 | s) + (1 | g)", TABLE)
    found, alone = left_out(fit, codes, True, monkeypatch)
    assert alone == 1
    compare(fit, found, codes, [0, 1, 300], True, ROUNDING_E10)


def test_influence_of_crossed_factors_is_the_same_by_refits(monkeypatch):
    fit = me.lmm("y ~ x + (1 | s) + (1 | g)", TABLE)
    monkeypatch.setattr(crossed, "WORK", 0.0)
    fast = influence(fit, "s")
    monkeypatch.setattr(crossed, "FEW_SETS", N)
    slow = influence(fit, "s")
    for name in ("cooks_distance", "mdffits", "covratio", "covtrace", "sigma_without"):
        a, b = getattr(fast, name), getattr(slow, name)
        np.testing.assert_allclose(a, b, rtol=DELETED, atol=DELETED)
