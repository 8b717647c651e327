"""A fit written to a file and read again: no field is lost, whatever fields there are."""

from __future__ import annotations

import dataclasses
import warnings
from functools import cache

import numpy as np
import pandas as pd
import pytest

import mixedeffects as me
from mixedeffects.design import Design, LinearPredictor
from mixedeffects.estimation import Certificate
from tests.estimation.simulated import crossed_table
from tests.oracles.fields import assert_same_record
from tests.tolerances import RELOADED_ATOL


def gaps():
    """A table with a gap in every kind of column, an empty level and a column of sums."""
    rng = np.random.default_rng(4)
    table = {name: np.array(value, dtype=float) for name, value in crossed_table().items()}
    n = table["y"].size
    for name, rows in (("y", [0, 5]), ("x", [5, 17]), ("w", [30]), ("z", [n - 1])):
        table[name][rows] = np.nan
    table["f"] = [["a", "b", "c", None][k] for k in rng.choice(4, n, p=[0.3, 0.3, 0.38, 0.02])]
    table["both"] = table["x"] + table["z"]
    table["count"] = rng.negative_binomial(1.5, 0.4, n).astype(float)
    table["hours"] = rng.uniform(1.0, 2.0, n)
    table["hours"][[40, 41]] = np.nan
    table["size"] = table["count"] + rng.integers(1, 5, n)
    table["cut"] = rng.integers(0, 3, n)
    return table


def level_without_rows():
    return pd.Categorical(np.array(["p", "q", "r"])[np.arange(240) % 3], [*"pqrs"])


# what is computed anew from the design, or is compared by itself
ELSEWHERE = ("design", "certificate", "plan", "evaluation", "cache", "family", "response", "sums")

FITS = {
    "weights": lambda: me.lmm("y ~ x + z + f + (1 + x | g) + (1 | h)", gaps(), weights="w"),
    "aliased, offset, basis": lambda: me.lmm(
        "y ~ x + z + both + bs(x, df=4) + offset(z) + (1 | g)", gaps(), reml=False
    ),
    "numbers as weights": lambda: me.lmm("y ~ x + (z || g)", gaps(), weights=gaps()["hours"]),
    "an empty level": lambda: me.lmm("y ~ u + (1 | g)", gaps() | {"u": level_without_rows()}),
    "singular": lambda: me.lmm("w ~ z + (1 + z | h)", gaps()),
    "not converged": lambda: me.lmm("y ~ x + (1 + x | g)", gaps(), max_iterations=1),
    "stopped by a rule": lambda: me.lmm(
        "y ~ x + (1 + x | g)", gaps(), optimizer="em", converged=me.stopping.no_effect_moves(0.5)
    ),
    "counts": lambda: me.glmm(
        "count ~ x + (1 | g)", gaps(), family="poisson", exposure="hours", weights="w",
        zi="~ z + (1 | h)",
    ),
    "dispersion": lambda: me.glmm(
        "count ~ x + (1 | g)", gaps(), family="nbinom2", dispersion="~ f", exposure=gaps()["hours"]
    ),
    "trials": lambda: me.glmm("count / size ~ x + (1 | g)", gaps(), family="binomial", nagq=3),
    "categories": lambda: me.glmm("cut ~ x + (1 | g)", gaps(), family="ordinal"),
    "separated": lambda: me.glmm(
        "yes ~ above + x + (1 | g)",
        gaps() | {"yes": np.arange(240) % 4 == 0, "above": np.arange(240) % 8 == 0},
        family="binomial",
    ),
    "labelled rows": lambda: me.lmm(
        "y ~ x + (1 | g)", pd.DataFrame(gaps(), index=np.arange(240) + 1000)
    ),
    "not identified": lambda: me.lmm(
        "y ~ x + (1 + twos | g)", gaps() | {"twos": constant_within_g()}
    ),
    "a family's limit": lambda: me.glmm(
        "rare ~ x + (1 | g)", gaps() | {"rare": np.arange(240.0) % 3}, family="nbinom2"
    ),
    "above the supremum": lambda: me.glmm(
        "alike ~ 1 + (1 | three)", gaps() | threes(), family="binomial"
    ),
}  # fmt: skip


def threes():
    """Levels of three rows of one outcome each, 48 of one and 32 of the other, and a gap."""
    three = np.repeat(np.arange(80), 3)
    alike = (three < 32).astype(float)
    alike[0] = np.nan
    return {"three": three, "alike": alike}


def constant_within_g():
    """0 or 1, the same in all rows of a level."""
    levels = [0 if label is None else ord(str(label)[-1]) for label in gaps()["g"]]
    return np.array([level % 2 for level in levels], dtype=float)


@cache
def fit_of(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return FITS[name]()


@pytest.mark.parametrize("name", FITS)
def test_every_field_comes_back(name, tmp_path):
    fit = fit_of(name)
    fit.save(tmp_path / "fit.npz", rows=True)
    again = me.load(tmp_path / "fit.npz")
    assert type(again) is type(fit)
    assert_same_record(again.design, fit.design)
    assert_same_record(again.certificate, fit.certificate)
    for field in dataclasses.fields(fit):
        if field.name in ELSEWHERE:
            continue
        own, value = getattr(again, field.name), getattr(fit, field.name)
        assert_same_record(own, value, rtol=RELOADED_ATOL, atol=RELOADED_ATOL)
    missing = fit.design.missing
    assert missing.kept is not None and missing.by_column
    assert missing.n_used == missing.kept.sum() < missing.n_rows
    assert again.loglik == pytest.approx(fit.loglik, rel=RELOADED_ATOL, abs=RELOADED_ATOL)


def test_the_round_trips_fill_every_field():
    """A field that is empty or at its default in all of these fits could be lost unseen.

    A new field needs a fit above that fills it.
    """
    filled = {record: set() for record in (Certificate, Design, LinearPredictor)}
    for name in FITS:
        fit = fit_of(name)
        records = [fit.certificate, fit.design, *fit.design.predictors.values()]
        for record in records:
            for field in dataclasses.fields(record):
                value = getattr(record, field.name)
                empty = value is None or value is False or value is field.default
                if not empty and (not hasattr(value, "__len__") or len(value)):
                    filled[type(record)].add(field.name)
    for record, names in filled.items():
        lost = {field.name for field in dataclasses.fields(record)} - names
        assert not lost, f"no fit above fills {lost} of {record.__name__}"
