"""Variances of sums of random effects: diagonal blocks for one factor, any engine for several."""

from __future__ import annotations

import numpy as np
import pytest

import mixedeffects as me
from tests import tolerances as tol


def crossed(formula, **options):
    rng = np.random.default_rng(6)
    n = 400
    a, b, x = rng.integers(0, 70, n), rng.integers(0, 45, n), rng.standard_normal(n)
    y = rng.standard_normal(70)[a] + rng.standard_normal(45)[b] * x + rng.standard_normal(n)
    return me.lmm(formula, {"y": y, "a": a, "b": b, "x": x}, **options)


@pytest.mark.parametrize("formula", ["y ~ x + (x | a)", "y ~ x + (x | a) + (1 | b)"])
def test_one_factor_alone_is_its_conditional_covariance(formula):
    fact = crossed(formula).evaluation.factorisation
    conditional = fact.conditional()
    levels = np.arange(conditional[0].shape[0])
    z = np.random.default_rng(1).standard_normal((levels.size, 2))
    codes, Z = [levels], [z]
    if len(conditional) > 1:  # the other factor absent
        codes, Z = [levels, np.full(levels.size, -1)], [z, np.ones((levels.size, 1))]
    expected = np.einsum("ja,jab,jb->j", z, conditional[0], z)
    assert fact.joint(codes, Z) == pytest.approx(expected, rel=tol.ROUNDING_E9)


def test_the_engines_agree():
    fits = [crossed("y ~ x + (x | a) + (x | b)", engine=e) for e in ("dense", "sparse")]
    codes = [block.factor.codes for block in fits[0].design.blocks]
    Z = [np.asarray(block.Z) for block in fits[0].design.blocks]
    one, other = (fit.evaluation.factorisation.joint(codes, Z) for fit in fits)
    assert one == pytest.approx(other, rel=tol.ROUNDING_E5)
    assert (one > 0).all()
