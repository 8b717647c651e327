"""Models that make no chain: what each is tested against, and rows in another order.

Log-likelihoods and tests of pairs are lme4's (tests/golden/make/compare_lattice.R); which models
are cases of which is said by hand.
"""

from __future__ import annotations

import json
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import polars
import pytest

import mixedeffects as me
from mixedeffects.errors import DataError, ModelError
from tests import tolerances as tol

FILE = Path(__file__).parents[1] / "golden" / "compare" / "lattice.json"
GOLDEN = json.loads(FILE.read_text())
# Model -> all models that are a case of it.
WITHIN = {
    "linear": {
        "int": "", "z0": "", "z": "int z0", "days": "int", "both": "int z0 z days",
        "slopes": "int days", "all": "int z0 z days both slopes",
    },
    "general": {
        "int": "", "u0": "", "late": "int", "mixed": "int u0 late", "period": "int late",
    },
}  # fmt: skip


def frame_of(kind):
    if kind == "linear":
        return me.datasets.sleepstudy().assign(z=GOLDEN["z"])
    table = me.datasets.cbpp()
    late = table["period"].astype(str).isin(["3", "4"]).astype(float)
    return table.assign(late=late, u=GOLDEN["u"])


@cache
def fits(kind):
    frame = frame_of(kind)
    formulas = GOLDEN[kind]["formulas"]
    if kind == "linear":
        return {n: me.lmm(f"Reaction ~ {r}", frame, reml=False) for n, r in formulas.items()}
    return {n: me.glmm(f"incidence / size ~ {r}", frame) for n, r in formulas.items()}


def compared(kind, names=None, **options):
    chosen = {n: f for n, f in fits(kind).items() if names is None or n in names}
    return me.compare(*chosen.values(), names=list(chosen), **options)


@pytest.mark.parametrize("kind", ["linear", "general"])
def test_each_model_is_tested_against_the_best_that_is_a_case_of_it(kind):
    table = compared(kind).tidy().set_index("model")
    loglik, within = GOLDEN[kind]["loglik"], WITHIN[kind]
    pairs = {pair["model"]: pair for pair in GOLDEN[kind]["pairs"]}
    for name, row in table.iterrows():
        smaller = within[name].split()
        if not smaller:
            assert pd.isna(row["against"]) and np.isnan(row["chisq"])
            continue
        best = max(smaller, key=lambda other: loglik[other])
        assert row["against"] == best == pairs[name]["against"]
        assert row["chisq"] == pytest.approx(pairs[name]["chisq"], abs=tol.GLMM_CRITERION_ABS * 2)
        assert row["df"] == pairs[name]["df"]
        assert np.log(row["p_naive"]) == pytest.approx(
            np.log(pairs[name]["p"]), rel=tol.LOG_P_RTOL, abs=tol.LOG_P_RTOL
        )


@pytest.mark.parametrize("kind", ["linear", "general"])
def test_the_lattice_has_every_pair(kind):
    found = compared(kind)
    frame = found.nesting()
    within = {name: set(smaller.split()) for name, smaller in WITHIN[kind].items()}
    order = found.tidy()["model"].tolist()
    assert list(zip(frame["smaller"], frame["larger"], strict=True)) == [
        (a, b) for i, b in enumerate(order) for a in order[:i]
    ]
    for row in frame.itertuples():
        assert row.nested == (row.smaller in within[row.larger])
        between = any(row.smaller in within[m] for m in within[row.larger])
        assert row.direct == (row.nested and not between)
        assert bool(row.reason) == (not row.nested)
    # the words have the direct pairs as neighbours, and no others
    (words,) = (note for note in found.notes if note.startswith("Nested: "))
    chains = [c.split(" ⊂ ") for c in words.removeprefix("Nested: ").split("; ") if " ⊂ " in c]
    shown = {pair for chain in chains for pair in pairwise(chain)}
    direct = frame[frame["direct"]]
    assert shown <= set(zip(direct["smaller"], direct["larger"], strict=True))
    (apart,) = (note for note in found.notes if note.startswith("Not nested"))
    assert f"{order[0]} and {order[1]}" in apart


def test_the_issue_of_three_models():
    """A test against the row above would be of the slope-only model, which is far off."""
    found = compared("linear", ("int", "z0", "z"))
    row = found.tidy().iloc[2]
    assert row["against"] == "int" and row["p_naive"] == pytest.approx(0.5311278, rel=tol.P_RTOL)
    text = str(found)
    header, *lines = text.splitlines()[:4]
    assert header.split()[6:] == ["against", "chisq", "df", "p"]
    assert "reference" in text  # in lines of its own where the page is narrow
    assert lines[2].split()[:1] == ["z"] and lines[2].split()[6] == "int"
    assert "Nested: int ⊂ z; z0 ⊂ z." in text
    assert "Not nested, so compared by AIC and BIC only: int and z0." in text
    html = found._repr_html_()
    assert "<th" in html and ">against</th>" in html and "int ⊂ z" in html
    assert found.p_value == row["p_value"]
    with pytest.raises(ModelError, match="int and z0 cannot be tested against each other"):
        compared("linear", ("int", "z0", "z"), test=True)
    plain = compared("linear", ("int", "z0", "z"), test=False)
    assert plain.tests == (None, None) and "against" not in str(plain).splitlines()[0]


def test_a_chain_is_tested_one_by_one_and_the_order_of_arguments_does_not_matter():
    chosen = fits("linear")
    names = ["int", "days", "slopes", "all"]
    table = me.compare(*(chosen[n] for n in names), names=names).tidy()
    assert table["against"].tolist()[1:] == names[:-1]
    turned = names[::-1]
    again = me.compare(*(chosen[n] for n in turned), names=turned).tidy()
    pd.testing.assert_frame_equal(table, again)


def test_equal_likelihoods_are_tested_against_the_larger_of_them():
    """A variance of zero: the model with it lies between and has the same likelihood."""
    rng = np.random.default_rng(1)
    g = np.repeat(np.arange(12), 6)
    y = rng.normal(size=72)
    y -= np.bincount(g, y)[g] / 6  # no variance between groups
    table = {"y": y, "g": g, "h": np.tile(np.arange(6), 12), "x": rng.normal(size=72)}
    small, between, large = (
        me.lmm(f"y ~ {right}", table, reml=False)
        for right in ("1 + (1 | h)", "1 + (1 | h) + (1 | g)", "x + (1 | h) + (1 | g)")
    )
    found = me.compare(large, small, between, names=["large", "small", "between"]).tidy()
    assert found["against"].tolist()[1:] == ["small", "between"]


def test_the_same_model_twice_is_neither_tested_nor_in_the_way():
    frame = frame_of("linear")
    once, again, more = (
        me.lmm(f"Reaction ~ {right} + (1 | Subject)", frame, reml=False)
        for right in ("Days", "I(Days - 4)", "Days + z")
    )
    found = me.compare(once, again, more, names=["once", "again", "more"])
    assert found.tests[0] is None and any("same model; no test" in note for note in found.notes)
    assert found.tests[1].statistic == pytest.approx(
        GOLDEN["linear"]["pairs"][2]["chisq"], abs=tol.CHISQ_ABS
    )


# --- rows in another order ------------------------------------------------------------------------


def turned(frame, seed=3):
    return frame.sample(frac=1, random_state=seed)


OTHER_ORDERS = {
    "pandas, its index": turned,
    "pandas, a new index": lambda frame: turned(frame).reset_index(drop=True),
    "polars": lambda frame: polars.from_pandas(turned(frame)),
    "dict": lambda frame: {name: turned(frame)[name].tolist() for name in frame},
    "sorted by the response": lambda frame: frame.sort_values(next(iter(frame))),
}


@pytest.mark.parametrize("how", OTHER_ORDERS)
@pytest.mark.parametrize("kind", ["linear", "general"])
def test_the_same_rows_in_another_order_are_the_same_rows(kind, how):
    frame = frame_of(kind)
    if kind == "general":
        frame = frame.astype({"period": str, "herd": str})
    small, large = ("int", "days") if kind == "linear" else ("int", "period")
    formulas = GOLDEN[kind]["formulas"]
    other = OTHER_ORDERS[how](frame)
    if kind == "linear":
        fit = me.lmm(f"Reaction ~ {formulas[large]}", other, reml=False)
    else:
        fit = me.glmm(f"incidence / size ~ {formulas[large]}", other)
    here = compared(kind, (small, large))
    for found in (
        me.compare(fits(kind)[small], fit),
        me.compare(fit, fits(kind)[small]),
        fit.lrt(fits(kind)[small]),
    ):
        assert found.statistic == pytest.approx(here.statistic, abs=2 * tol.GLMM_CRITERION_ABS)
        assert found.df == here.df


def test_it_holds_for_reml_and_random_slopes():
    frame = frame_of("linear")
    one = me.lmm("Reaction ~ Days + (1 | Subject)", frame)
    two = me.lmm("Reaction ~ Days + (Days | Subject)", turned(frame))
    found, expected = me.compare(one, two), one.lrt(me.lmm(two.formula, frame))
    assert "REML likelihoods" in found.notes[0]
    assert found.tests[0].words == "1/2 chi2(1) + 1/2 chi2(2)"
    assert found.statistic == pytest.approx(expected.statistic, abs=tol.CHISQ_ABS)


@pytest.mark.parametrize("kind", ["linear", "general"])
def test_the_bootstrap_pairs_the_rows(kind):
    """Drawn in the order of the one and fitted in that of the other, nothing would fit."""
    frame = frame_of(kind)
    frame["v"] = np.sin(np.arange(len(frame)))  # tells all rows apart
    formulas = {
        "linear": ("Reaction ~ Days + v", "Reaction ~ Days + v + z"),
        "general": ("incidence / size ~ v", "incidence / size ~ v + late"),
    }[kind]
    group = "(1 | Subject)" if kind == "linear" else "(1 | herd)"
    fit = me.lmm if kind == "linear" else me.glmm
    small, large = (fit(f"{text} + {group}", frame) for text in formulas)
    other = fit(f"{formulas[1]} + {group}", turned(frame))
    options = {"method": "bootstrap", "n": 40, "rng": 1}
    here, there = small.lrt(large, **options), small.lrt(other, **options)
    np.testing.assert_allclose(
        there.bootstrap.statistics, here.bootstrap.statistics, atol=tol.BOOTSTRAP_GAIN_ABS
    )
    assert there.p_value == here.p_value


def test_rows_with_few_different_responses_are_told_apart_by_their_columns():
    rng = np.random.default_rng(5)
    n = 200
    frame = pd.DataFrame({"g": rng.integers(0, 15, n), "x": rng.normal(size=n)})
    frame["z"] = rng.normal(size=n)
    frame["win"] = (rng.random(n) < 0.5).astype(int)
    frame = frame.sort_values("win", ignore_index=True)
    # both tables have the responses in the same order, and the rows within them in another
    other = frame.sort_values(["win", "x"], ignore_index=True)
    one = me.glmm("win ~ x + (1 | g)", frame, family="binomial")
    found = me.compare(one, me.glmm("win ~ x + z + (1 | g)", other, family="binomial"))
    expected = me.compare(one, me.glmm("win ~ x + z + (1 | g)", frame, family="binomial"))
    assert found.statistic == pytest.approx(expected.statistic, abs=2 * tol.GLMM_CRITERION_ABS)


def test_other_rows_and_changed_columns():
    frame = frame_of("linear")
    one = me.lmm("Reaction ~ Days + (1 | Subject)", frame, reml=False)
    # the same responses beside other days are other rows
    mixed = frame.assign(Reaction=frame["Reaction"].to_numpy()[::-1])
    with pytest.raises(DataError, match="not fitted to the same rows"):
        me.compare(one, me.lmm("Reaction ~ Days + z + (1 | Subject)", mixed, reml=False))
    # a column that was centred between the fits is no other row, in either order
    for centred in (frame, turned(frame)):
        centred = centred.assign(Days=centred["Days"] - 4.5)
        fit = me.lmm("Reaction ~ Days + z + (1 | Subject)", centred, reml=False)
        assert me.compare(one, fit).df == 1
    # a row left out here and another one there
    gaps = frame.assign(z=frame["z"].where(frame.index != 3), w=frame["z"])
    more = gaps.assign(w=gaps["w"].where(gaps.index != 8))
    fit = me.lmm("Reaction ~ Days + z + (1 | Subject)", gaps, reml=False)
    with pytest.raises(DataError, match="not fitted to the same rows"):
        me.compare(fit, me.lmm("Reaction ~ Days + w + (1 | Subject)", more, reml=False))
    # the same row left out of a table in another order
    again = me.lmm("Reaction ~ Days * z + (1 | Subject)", turned(gaps), reml=False)
    assert me.compare(fit, again).df == 1
    weighted = frame.assign(weight=1.0 + frame["Days"])
    heavy = [
        me.lmm(f"Reaction ~ {right} + (1 | Subject)", table, reml=False, weights="weight")
        for right, table in (("Days", weighted), ("Days + z", turned(weighted)))
    ]
    assert me.compare(*heavy).df == 1
    with pytest.raises(DataError, match="prior weights"):
        me.compare(one, heavy[1])
    with pytest.raises(DataError, match="responses 'Reaction' and 'log"):
        me.compare(one, me.lmm("log(Reaction) ~ Days + (1 | Subject)", turned(frame), reml=False))
