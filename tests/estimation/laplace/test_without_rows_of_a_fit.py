"""Rows of a generalised model left out by counting them zero times, against fits to the others."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mixedeffects as me
from mixedeffects.estimation.laplace.refits import LaplaceRefits
from tests.tolerances import DELETED_GENERALISED


def table(family, q=24, size=6, seed=2):
    rng = np.random.default_rng(seed)
    g = np.repeat(np.arange(q), size)
    x, n = rng.normal(size=g.size), rng.integers(3, 20, g.size)
    eta = -0.3 + 0.5 * x + rng.normal(0.0, 0.7, q)[g]
    p = 1.0 / (1.0 + np.exp(-eta))
    y = {
        "binomial": lambda: rng.binomial(n, p),
        "betabinomial": lambda: rng.binomial(n, rng.beta(6 * p, 6 * (1 - p))),
        "poisson": lambda: rng.poisson(np.exp(1.0 + eta)),
        "nbinom2": lambda: rng.negative_binomial(2.0, 2.0 / (2.0 + np.exp(1.0 + eta))),
        "gamma": lambda: rng.gamma(2.0, np.exp(eta) / 2.0),
    }[family]()
    return pd.DataFrame({"y": y, "n": n, "x": x, "g": g, "w": rng.integers(1, 4, g.size)})


def fitted(family, data, rest="x + (1 | g)", **options):
    left = "y / n" if "binomial" in family and family != "nbinom2" else "y"
    return me.glmm(f"{left} ~ {rest}", data, family=family, **options)


def compare(fit, sets, monkeypatch, zero=True):
    refits = fit.refits
    assert (refits._counting_zero(sets[0]) is not None) == zero
    fast = [refits.without(rows) for rows in sets]
    monkeypatch.setattr(LaplaceRefits, "_counting_zero", lambda *_: None)
    for a, rows in zip(fast, sets, strict=True):
        b = refits.without(rows)
        assert a.converged == b.converged
        for name in ("delta", "information", "theta", "beta", "std_error"):
            np.testing.assert_allclose(
                getattr(a, name), getattr(b, name), rtol=DELETED_GENERALISED,
                atol=DELETED_GENERALISED, err_msg=name,
            )  # fmt: skip


@pytest.mark.parametrize("family", ["binomial", "betabinomial", "poisson", "nbinom2"])
def test_rows_and_groups(family, monkeypatch):
    fit = fitted(family, table(family))
    compare(fit, [np.array([0]), np.array([17]), np.arange(12, 18)], monkeypatch)


def test_weights(monkeypatch):
    fit = fitted("poisson", table("poisson"), weights="w")
    compare(fit, [np.array([3]), np.arange(6)], monkeypatch)


@pytest.mark.parametrize("nagq", [0, 7])
def test_other_approximations(nagq, monkeypatch):
    fit = fitted("binomial", table("binomial"), nagq=nagq)
    compare(fit, [np.array([3]), np.arange(6)], monkeypatch)


def test_weights_that_divide_the_dispersion_cannot_be_zero(monkeypatch):
    fit = fitted("gamma", table("gamma"))
    compare(fit, [np.array([3]), np.arange(6)], monkeypatch, zero=False)


def test_a_coefficient_that_the_other_rows_do_not_determine():
    data = table("poisson")
    data["only"] = (data.g == 5) * 1.0
    fit = fitted("poisson", data, "x + only + (1 | g)")
    assert fit.refits._counting_zero(np.flatnonzero(data.g == 5)) is None
    assert fit.refits._counting_zero(np.flatnonzero(data.g == 6)) is not None


def test_separation_that_a_deletion_makes():
    """Without the only failure of a treatment its coefficient is infinite."""
    data = table("binomial")
    data["t"] = (np.arange(len(data)) % 6 == 0) * 1.0
    data.loc[data.t == 1, "y"] = data.n
    data.loc[30, "y"] = data.n[30] - 1
    fit = fitted("binomial", data, "x + t + (1 | g)")
    assert data.t[30] == 1 and fit.recession is None
    change = fit.refits.without(np.array([30]))
    assert change.beta[2] == np.inf and np.isfinite(change.beta[:2]).all()
