"""Many sets of rows left out at a time, against a refit without each."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mixedeffects as me
from mixedeffects.estimation.refits.independent import WithoutEach
from tests.tolerances import DELETED

FIELDS = ("delta", "information", "s2", "theta", "beta", "std_error")
FORMULAS = ["y ~ x + z + (x | g)", "y ~ x + (1 | g)", "y ~ x + (1 + x || g)", "y ~ 1 + (0 + x | g)"]


def table(q=150, seed=3, smallest=3):
    rng = np.random.default_rng(seed)
    g = np.repeat(np.arange(q), rng.integers(smallest, 9, q))
    x, z = rng.normal(size=g.size), rng.normal(size=q)[g]
    b = rng.multivariate_normal([0.0, 0.0], [[1.0, 0.3], [0.3, 0.5]], q)
    y = 1.0 + 0.5 * x + b[g, 0] + b[g, 1] * x + rng.standard_t(4, size=g.size)
    y[g == 7] += 9.0  # a group whose optimum is far away
    return pd.DataFrame({"y": y, "x": x, "z": z, "g": g, "w": rng.uniform(0.5, 2.0, g.size)})


def compare(fit, codes, n_sets, some):
    """The sets `some` against refits, in standard errors of what is compared."""
    assert WithoutEach.serves(fit.refits._stats, fit.evaluation, n_sets)
    found = fit.refits.without_each(codes, n_sets)
    for j in some:
        one = fit.refits.without(np.flatnonzero(codes == j))
        assert found.converged[j] == one.converged
        for name in FIELDS:
            a, b = getattr(found, name)[j], getattr(one, name)
            np.testing.assert_allclose(a, b, rtol=DELETED, atol=DELETED, err_msg=name)
    return found


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("reml", [True, False])
def test_groups(formula, reml):
    fit = me.lmm(formula, table(), reml=reml)
    codes = fit.design.blocks[0].factor.codes
    compare(fit, codes, int(codes.max()) + 1, [0, 7, 31, 149])


def test_rows_weights_and_an_offset():
    data = table()
    fit = me.lmm("y ~ x + offset(0.3 * z) + (x | g)", data, weights="w")
    codes = np.arange(len(data))
    far = int(np.argmax(np.abs(fit.residuals())))
    compare(fit, codes, len(data), [0, 5, far, len(data) - 1])


def test_sets_across_groups():
    data = table()
    fit = me.lmm("y ~ x + (x | g)", data)
    codes = np.random.default_rng(1).permutation(len(data)) % 120
    compare(fit, codes, 120, [0, 60, 119])


def test_a_coefficient_that_only_one_group_determines():
    data = table()
    data["only"] = (data.g == 11) * 1.0
    fit = me.lmm("y ~ x + only + (1 | g)", data)
    codes = fit.design.blocks[0].factor.codes
    found = compare(fit, codes, 150, [0, 10, 12])
    assert np.isnan(found.beta[11]).all() and np.isfinite(np.delete(found.beta, 11, 0)).all()


def test_a_group_without_which_the_variance_is_zero():
    """Then the optimum is a boundary, which no polynomial around the other optimum knows of."""
    rng = np.random.default_rng(5)
    g = np.repeat(np.arange(120), 6)
    y = rng.normal(size=g.size)
    y -= pd.Series(y).groupby(g).transform("mean").to_numpy() * 0.6
    y[g == 3] += 5.0
    fit = me.lmm("y ~ 1 + (1 | g)", pd.DataFrame({"y": y, "g": g}))
    assert not fit.certificate.is_singular
    found = compare(fit, g, 120, [0, 3])
    assert found.theta[3] == 0.0 and (np.delete(found.theta, 3, 0) > 0.0).all()


def test_influence_is_the_same_by_both_ways(monkeypatch):
    data = table(120)
    fast = me.lmm("y ~ x + (x | g)", data).influence("g").facts
    monkeypatch.setattr(WithoutEach, "serves", staticmethod(lambda *_: False))
    slow = me.lmm("y ~ x + (x | g)", data).influence("g").facts
    for name in ("cooks_distance", "mdffits", "covratio", "covtrace"):
        a, b = getattr(fast, name), getattr(slow, name)
        assert np.isfinite(b).all()
        np.testing.assert_allclose(a, b, rtol=DELETED, atol=DELETED)


def test_rounding_is_no_reason_to_refit():
    """Of many rows the objective has few digits; no refit would find a better optimum."""
    rng = np.random.default_rng(7)
    group = np.repeat(np.arange(400), 500)
    x = np.tile(np.linspace(-1.0, 1.0, 500), 400)
    effects = rng.normal(size=(400, 2)) @ np.array([[1.0, 0.3], [0.0, 0.5]])
    y = effects[group, 0] + effects[group, 1] * x + rng.normal(size=x.size)
    fit = me.lmm("y ~ x + (1 + x | g)", {"y": y, "x": x, "g": group})

    class Never:
        def without(self, *_, **__):
            raise AssertionError("refitted")

    at_once = WithoutEach(fit.design, fit.evaluation, Never())
    found = at_once(group, 400)
    assert np.isfinite(found.theta).all()
