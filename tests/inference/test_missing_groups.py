"""Rows whose group is missing are predicted as those of a new group, where that is asked for."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import mixedeffects as me
from tests import tolerances as tol

LIBRARIES = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.table, "dict": dict}
SLEEP = me.datasets.sleepstudy()
FIT = me.lmm("Reaction ~ Days + (Days | Subject)", SLEEP)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("new_levels", ["population", "marginal"])
def test_a_missing_group_is_a_new_one(library, new_levels):
    new = LIBRARIES[library]({"Days": [0, 3, 3], "Subject": [308, None, 1]})
    found = np.asarray(FIT.predict(new, new_levels=new_levels), dtype=float)
    average = FIT.fixef["(Intercept)"] + 3 * FIT.fixef["Days"]
    np.testing.assert_allclose(found[1:], [average, average], rtol=tol.ROUNDING_E9)
    known = FIT.predict({"Days": [0], "Subject": [308]})
    np.testing.assert_allclose(found[0], known[0], rtol=tol.ROUNDING_E9)


def test_its_interval_is_that_of_a_new_group():
    new = pd.DataFrame({"Days": [3.0, 3.0], "Subject": [None, 1.0]})
    for options in ({"interval": "confidence"}, {"interval": "prediction"}):
        for new_levels in ("population", "marginal"):
            rows = FIT.predict(new, new_levels=new_levels, **options)
            np.testing.assert_allclose(rows.iloc[0], rows.iloc[1], rtol=tol.ROUNDING_E9)


def test_without_being_asked_the_row_is_left_out():
    new = pd.DataFrame({"Days": [0, 3], "Subject": [308, None]})
    found = FIT.predict(new)
    assert np.isfinite(found[0]) and np.isnan(found[1])


def test_a_missing_predictor_is_left_out_as_before():
    new = pd.DataFrame({"Days": [None, 3.0, None], "Subject": [308, None, None]})
    found = FIT.predict(new, new_levels="population")
    assert np.isnan(found[[0, 2]]).all() and np.isfinite(found[1])


def test_of_a_nested_factor_the_known_part_counts():
    rng = np.random.default_rng(1)
    center, rep = np.repeat(np.arange(6), 40), np.tile(np.repeat(list("abcdefgh"), 5), 6)
    y = 3 * rng.normal(size=6)[center] + rng.normal(size=240)
    fit = me.lmm("y ~ 1 + (1 | center / rep)", {"y": y, "center": center, "rep": rep})
    new = pd.DataFrame({"center": [2, 2, None], "rep": [None, "zz", "a"]})
    found = fit.predict(new, new_levels="population")
    effects = fit.ranef()
    own = effects[(effects["group"] == "center") & (effects["center"] == 2)]["estimate"].item()
    expected = fit.fixef["(Intercept)"] + np.array([own, own, 0.0])
    np.testing.assert_allclose(found, expected, rtol=tol.ROUNDING_E9)


def test_of_a_generalised_model_too():
    fit = me.glmm("incidence / size ~ period + (1 | herd)", me.datasets.cbpp())
    new = pd.DataFrame({"period": ["1", "1"], "herd": [None, "new"], "size": [10, 10]})
    for new_levels in ("population", "marginal"):
        found = np.asarray(fit.predict(new, new_levels=new_levels))
        np.testing.assert_allclose(found[0], found[1], rtol=tol.ROUNDING_E9)


def test_a_table_without_any_group_is_predicted():
    new = pd.DataFrame({"Days": [1.0, 2.0], "Subject": [None, None]})
    found = FIT.predict(new, new_levels="population")
    expected = FIT.predict(new[["Days"]], groups="population")
    np.testing.assert_allclose(found, expected, rtol=tol.ROUNDING_E9)
