"""Means of factors that are nested in others, against R's emmeans."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mixedeffects as me
from tests import tolerances as tol

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "emmeans" / "nested.json").read_text())
MODELS = {
    "control": "fruit ~ arm / (form * conc) + (1 | block)",
    "area": "y ~ impact * year + area + area:year + (1 | plot)",
}


def check(found, name, keys, golden=None):
    """The rows of `found` are emmeans' by their labels, and there are no others."""
    r = pd.DataFrame(GOLDEN[name]["means"][golden or keys[0]]).astype(dict.fromkeys(keys, str))
    joined = found.astype(dict.fromkeys(keys, str)).merge(r, on=keys, suffixes=("", "_r"))
    assert len(joined) == len(r) == len(found)
    for ours, theirs, rtol in (
        ("estimate", "emmean", tol.MEANS_RTOL),
        ("std_error", "SE", tol.MEANS_RTOL),
        ("df", "df_r", tol.MEANS_DF_RTOL),
    ):
        np.testing.assert_allclose(joined[ours], joined[theirs], rtol=rtol)


def control():
    return me.lmm(MODELS["control"], pd.DataFrame(GOLDEN["control"]["data"]))


def area():
    return me.lmm(MODELS["area"], pd.DataFrame(GOLDEN["area"]["data"]))


def test_two_factors_in_the_same():
    fit = control()
    check(fit.emmeans("arm").tidy(), "control", ["arm"])
    check(fit.emmeans("form").tidy(), "control", ["form", "arm"])
    check(fit.emmeans("conc").tidy(), "control", ["conc", "arm"])
    check(fit.emmeans(["form", "conc"]).tidy(), "control", ["form", "conc", "arm"], "both")


def test_contrasts_of_a_nested_factor():
    """Of all levels that occur, whatever they are nested in."""
    r, ours = GOLDEN["control"]["means"]["pairs"], {}
    for row in control().emmeans("form").contrasts(adjust="none").tidy().itertuples():
        a, b = (part.split()[0] for part in row.contrast.split(" - "))
        ours[a, b] = row.estimate, row.std_error
        ours[b, a] = -row.estimate, row.std_error
    assert len(ours) == 2 * len(r["contrast"])
    for text, estimate, se in zip(r["contrast"], r["estimate"], r["SE"], strict=True):
        a, b = (part.strip("()").split()[0] for part in text.split(" - "))
        np.testing.assert_allclose(ours[a, b], [estimate, se], rtol=tol.MEANS_RTOL)


def test_the_average_over_a_nested_factor_is_taken_first():
    """Within each level of the other, of which there are areas in different numbers."""
    fit = area()
    check(fit.emmeans("impact", by="year").tidy(), "area", ["impact", "year"])
    check(fit.emmeans("year").tidy(), "area", ["year"])
    check(fit.emmeans("area").tidy(), "area", ["area", "impact"])


@pytest.mark.parametrize("weights", ["proportional", "cells", "flat", "outer"])
def test_other_weights(weights):
    check(area().emmeans("year", weights=weights).tidy(), "area", ["year"], weights)
