"""Sums over pairs of random-effect columns: large parts, some columns at a time, as small ones."""

from __future__ import annotations

import numpy as np
import pytest

import mixedeffects as me
from mixedeffects.engine import connected_parts, connected_sums, pair_sums, parts_of
from tests import tolerances as tol


def rows(rng, n=300):
    g, h = rng.integers(17, size=n), rng.integers(9, size=n)
    x = rng.normal(size=n)
    y = rng.normal(size=17)[g] + 0.4 * rng.normal(size=17)[g] * x + rng.normal(size=9)[h]
    table = {"g": g, "h": h, "x": x, "y": y + 0.3 * x + rng.normal(size=n)}
    table["room"] = rng.integers(3, size=n)
    table["half"] = (g > 7).astype(int) + 2 * (h > 9)
    return table


@pytest.mark.parametrize(
    "formula",
    [
        "y ~ x + (x | g) + (1 | h)",
        "y ~ x + (1 | g) + (x | h) + (1 | room)",
        "y ~ x + (1 + x + I(x**2) | g) + (1 | g:room) + (1 | h)",
        "y ~ x + (1 | half/g)",
        "y ~ x + (0 + x | h) + (x || g)",
    ],
)
@pytest.mark.parametrize("batch", [100, 2_000_000])
@pytest.mark.filterwarnings("ignore::mixedeffects.ConvergenceWarning")
def test_a_large_part_is_as_small_ones(monkeypatch, formula, batch):
    fit = me.lmm(formula, rows(np.random.default_rng(8)))
    parts = parts_of(fit.cross_products)
    lambdas = list(fit.gls.lambdas)
    lambdas[-1] = 0.0 * lambdas[-1]  # also without a variance
    for factors in (fit.gls.lambdas, lambdas):
        small = pair_sums(parts, factors)
        with monkeypatch.context() as patch:
            patch.setattr(connected_sums, "LARGE", 1)
            patch.setattr(connected_sums, "BATCH", batch)
            large = pair_sums(parts, factors)
        for name in ("T", "R"):
            for pair, found in getattr(large, name).items():
                expected = getattr(small, name)[pair]
                scale = max(np.abs(expected).max(), 1.0)
                np.testing.assert_allclose(found / scale, expected / scale, **tol.EXACT_ALGEBRA)
        for name in ("U", "trace"):
            for found, expected in zip(getattr(large, name), getattr(small, name), strict=True):
                scale = max(np.abs(expected).max(), 1.0)
                np.testing.assert_allclose(found / scale, expected / scale, **tol.EXACT_ALGEBRA)


def test_what_a_large_part_takes_is_of_the_order_of_the_smaller_factors(monkeypatch):
    parts = parts_of(
        me.lmm("y ~ x + (1 | g) + (1 | h)", rows(np.random.default_rng(9))).cross_products
    )
    assert parts.largest == 17 + 9
    dense = parts.bytes, parts.flops
    monkeypatch.setattr(connected_parts, "LARGE", 20)
    monkeypatch.setattr(connected_parts, "BATCH", 0)
    assert parts.bytes == 8 * 3 * 9**2 < dense[0]
    assert parts.flops < dense[1]
