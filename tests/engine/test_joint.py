"""Variances of sums of random effects: diagonal blocks for one factor, any engine for several."""

from __future__ import annotations

import numpy as np
import pytest

import mixedeffects as me
from mixedeffects.engine import joint
from tests import tolerances as tol


def crossed(formula, **options):
    rng = np.random.default_rng(6)
    n = 400
    a, b, x = rng.integers(0, 70, n), rng.integers(0, 45, n), rng.standard_normal(n)
    y = rng.standard_normal(70)[a] + rng.standard_normal(45)[b] * x + rng.standard_normal(n)
    return me.lmm(formula, {"y": y, "a": a, "b": b, "x": x}, **options)


@pytest.mark.parametrize(
    ("formula", "f"),
    [("y ~ x + (x | a)", 0), ("y ~ x + (x | a) + (x | b)", 0), ("y ~ x + (x | a) + (x | b)", 1)],
)
def test_one_factor_alone_is_its_conditional_covariance(formula, f):
    """Other factors are absent where their level is -1, whatever stands in their columns."""
    fit = crossed(formula)
    fact = fit.evaluation.factorisation
    conditional = fact.conditional()
    assert all(lam.any() for lam in fit.lambdas)
    q = conditional[f].shape[0]
    codes = [np.full(q, -1)] * len(conditional)
    Z = [np.ones((q, block.shape[1])) for block in conditional]
    codes[f], Z[f] = np.arange(q), np.random.default_rng(1).standard_normal((q, 2))
    expected = np.einsum("ja,jab,jb->j", Z[f], conditional[f], Z[f])
    assert fact.joint(codes, Z) == pytest.approx(expected, rel=tol.ROUNDING_E9)


def test_the_engines_agree():
    fits = [crossed("y ~ x + (x | a) + (x | b)", engine=e) for e in ("dense", "sparse")]
    codes = [block.factor.codes for block in fits[0].design.blocks]
    Z = [np.asarray(block.Z) for block in fits[0].design.blocks]
    one, other = (fit.evaluation.factorisation.joint(codes, Z) for fit in fits)
    assert one == pytest.approx(other, rel=tol.ROUNDING_E5)
    assert (one > 0).all()


@pytest.mark.parametrize("batch", [2_000_000, 500])
@pytest.mark.parametrize(
    "formula", ["y ~ x + (x | a) + (1 | b)", "y ~ x + (1 | a) + (x | b)", "y ~ (1 | a) + (1 | b)"]
)
def test_many_rows_by_the_inverse_are_rows_one_by_one(formula, batch, monkeypatch):
    fit = crossed(formula, engine="dense")
    fact = fit.evaluation.factorisation
    rng = np.random.default_rng(2)
    n = 900
    codes = [rng.integers(-1, block.factor.n_levels, n) for block in fit.design.blocks]
    Z = [rng.normal(size=(n, block.k)) for block in fit.design.blocks]
    monkeypatch.setattr(joint, "BATCH", batch)
    used = []
    by_inverse = joint._by_inverse
    monkeypatch.setattr(joint, "_by_inverse", lambda *a: (used.append(1), by_inverse(*a))[1])
    many = fact.joint(codes, Z)
    assert used
    used.clear()
    few = [fact.joint([c[i : i + 1] for c in codes], [z[i : i + 1] for z in Z]) for i in range(n)]
    assert not used
    np.testing.assert_allclose(many, np.concatenate(few), rtol=tol.ROUNDING_E9)
