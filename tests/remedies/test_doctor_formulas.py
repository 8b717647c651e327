"""Rewritten formulas: what they say, and that the package reads them as they are meant."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mixedeffects as me
from mixedeffects.design import build_design, redesigned
from mixedeffects.formula import parse
from mixedeffects.remedies.formulas import bars_of, without_terms, wrapped, written
from tests import tolerances as tol


def table(seed=0):
    """Every kind of column a formula can have."""
    rng = np.random.default_rng(seed)
    n = 240
    return pd.DataFrame(
        {
            "y": rng.normal(size=n), "x": rng.normal(size=n), "z": rng.normal(size=n) + 9,
            "f": rng.choice(["a", "b", "c"], n), "g": np.repeat(np.arange(24), 10),
            "a": np.repeat(np.arange(8), 30), "o": rng.normal(size=n),
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "y ~ x + (x || g)", "y~x*f+(x*f|g)", "y ~ 0 + f + (0 + f | g)", "y ~ x + (1 | a/g)",
        "y ~ log(z) + poly(x, 2) + (log(z) | g) + (0 + x | a)", "y ~ x + offset(o) + (z | g:a)",
        "y ~ . - g - a - o + (1 | g)", "y ~ 1 + (0 + x | g)",
    ],
)  # fmt: skip
def test_a_formula_written_anew_is_the_same_model(text):
    d = table()
    formula = parse(text)
    if formula.uses_dot:
        formula = formula.with_columns(tuple(d.columns))
    again = written(formula)
    assert written(parse(again)) == again
    one, two = build_design(text, d), build_design(again, d)
    assert two.x_names == one.x_names
    assert [b.names for b in two.blocks] == [b.names for b in one.blocks]
    kept = redesigned(one, again)
    assert kept.x_names == one.x_names and np.array_equal(kept.X, np.asarray(one.X))
    for ours, theirs in zip(kept.blocks, one.blocks, strict=True):
        assert ours.factor is theirs.factor and ours.names == theirs.names
        assert [t.covariance for t in ours.terms] == [t.covariance for t in theirs.terms]


def test_redesigned_rows_are_those_of_a_fresh_design_with_missing_values():
    d = table()
    d.loc[[3, 50], "x"] = np.nan
    design = build_design("y ~ x * f + z + (x + z | g)", d)
    text = "y ~ scale(x) + z + (1 + scale(x) || g)"
    ours, fresh = redesigned(design, text), build_design(text, d.dropna())
    assert np.allclose(ours.X, fresh.X) and np.allclose(ours.blocks[0].Z, fresh.blocks[0].Z)
    new = ours.spec.rebuild(d.iloc[10:20])
    assert np.allclose(new.X, build_design(text, d.dropna()).X[9:19])


def test_effects_leave_every_kind_of_bar():
    formula = parse("y ~ x + (1 + x + f || a/g) + (0 + log(z) | h)")
    texts = [str(bar.without(["f", "log(z)"])) for bar in bars_of(formula)]
    assert texts == ["(1 + x || g:a)", "(1 + x || a)", "(0 | h)"]
    assert [bar.without(["log(z)"]).empty for bar in bars_of(formula)] == [False, False, True]
    assert str(bars_of(formula)[0].without(["x", "f"])) == "(1 | g:a)"


def test_a_term_goes_with_its_interactions_and_slopes():
    text = without_terms(parse("y ~ x * f + z + offset(o) + (x * f | g) + (0 + x | a)"), ["x"])
    assert text == "y ~ f + z + offset(o) + (1 + f | g) + (1 | a)"


def test_only_columns_that_stand_alone_are_wrapped():
    text = wrapped(parse("y ~ x * f + log(x) + I(x^2) + (0 + x || g)"), {"x": "center"})
    assert text == ("y ~ center(x) + f + log(x) + I(x^2) + center(x):f + (0 + center(x) || g)")
    back = wrapped(parse("y ~ `blood pressure` + (1 | g)"), {"blood pressure": "scale"})
    assert back == "y ~ scale(`blood pressure`) + (1 | g)"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("y ~ x + (f | g)", "y ~ x + (0 + f | g)"),
        ("y ~ x + (0 + f + z | g)", "y ~ x + (f | g)"),
        ("y ~ x + (C(f, Sum) | g)", "y ~ x + (1 + C(f, Sum) || g)"),
        ("y ~ x + (log(z) * f | g)", "y ~ x + (1 + log(z) + f || g)"),
        ("y ~ x + (poly(z, 2) + scale(z) | g)", "y ~ x + (0 + poly(z, 2) | g)"),
        ("y ~ 1 + (z * x | g)", "y ~ 1 + (1 + center(x) + z | g)"),
    ],
)  # fmt: skip
def test_columns_that_only_random_effects_read_are_found_in_their_matrices(old, new):
    d = table()
    ours, theirs = redesigned(build_design(old, d), new), build_design(new, d)
    assert ours.blocks[0].names == theirs.blocks[0].names
    assert np.allclose(ours.blocks[0].Z, theirs.blocks[0].Z)
    some = d.iloc[5:25]
    codes, Z = ours.spec.rebuild(some).blocks[0]
    assert np.allclose(Z, theirs.spec.rebuild(some).blocks[0][1])
    assert codes.tolist() == theirs.spec.rebuild(some).blocks[0][0].tolist()


def test_a_column_that_is_not_kept_is_named_and_the_formula_given():
    with pytest.raises(me.MixedEffectsError, match=r"columns of 'center\(z\)'"):
        redesigned(build_design("y ~ x + (log(z) | g)", table()), "y ~ x + (center(z) | g)")
    with pytest.raises(me.MixedEffectsError, match="columns of 'f'"):
        redesigned(build_design("y ~ x + (x:f | g)", table()), "y ~ x + (f | g)")


def test_a_plain_slope_without_a_fixed_effect_is_kept():
    d = table()
    fit = me.lmm("y ~ x + (z + x | g)", d)
    ours = redesigned(fit.design, "y ~ x + (z || g)")
    theirs = build_design("y ~ x + (z || g)", d)
    assert np.allclose(ours.blocks[0].Z, theirs.blocks[0].Z, atol=tol.DOCTOR_LOGLIK_ABS)


def test_a_category_without_correlations_stays_without():
    """``(0 + f || g)`` has several columns, and ``(0 + f | g)`` correlates them."""
    first, second = bars_of(parse("y ~ t + (1 | g) + (0 + f || g)"))
    formula = parse("y ~ t + (1 | g) + (0 + f || g)")
    assert written(formula, bars=[first.without(["1"]), second]) == "y ~ t + (0 + f || g)"
    (whole,) = bars_of(parse("y ~ t + (1 + f || g)"))
    assert str(whole.without(["1"])) == "(0 + f || g)"
    assert str(whole.without(["f"])) == "(1 | g)"
