"""Means of factors that are nested in others, against R's emmeans."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

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


def test_values_that_are_chosen():
    """A nested level that is chosen is in its own level of the other only."""
    fit = control()
    found = fit.emmeans("arm", at={"form": ["ABG-35", "ABG-63"]}).tidy()
    assert found["arm"].tolist() == ["trt"]
    both = fit.emmeans(["form", "conc"]).tidy()
    own = both[both["form"].isin(["ABG-35", "ABG-63"])]["estimate"].mean()
    np.testing.assert_allclose(found["estimate"], own, rtol=tol.ROUNDING_E9)
    one = fit.emmeans("arm", at={"form": ["Control"]}).tidy()
    assert one["arm"].tolist() == ["control"]
    arm = fit.emmeans("form", at={"arm": ["trt"]}).tidy()
    assert sorted(arm["form"]) == ["ABG-35", "ABG-63", "ABG-68"]


def test_factors_that_are_not_nested_are_left_alone():
    """Crossed ones, with a cell missing or not; numbers that are 0 or 1 of one factor."""
    rng = np.random.default_rng(0)
    data = pd.DataFrame({"a": list("pqr") * 20, "b": list("uv") * 30, "g": np.arange(60) % 7})
    data["y"] = rng.normal(size=60)
    data["isq"], data["isr"] = (data.a == "q") * 1.0, (data.a == "r") * 1.0
    for formula in ("y ~ a * b + (1 | g)", "y ~ isq + isr + b + (1 | g)"):
        fit = me.lmm(formula, data)
        assert not any("nested" in note for note in fit.emmeans("b").notes)
        chosen = fit.emmeans("b" if "isq" in formula else "a", at={"b": ["u"]})
        assert not any("nested" in note for note in chosen.notes)
        assert chosen.tidy()["estimate"].notna().all()
    holes = data[~((data.a == "p") & (data.b == "u"))]
    means = me.lmm("y ~ a * b + (1 | g)", holes).emmeans("b")
    assert not any("nested" in note for note in means.notes)
    assert means.tidy()["estimate"].isna().tolist() == [True, False]


def test_tukey_counts_the_means_of_each_family():
    """Three areas are in the north and four in the south: each has its own number of pairs."""
    rng = np.random.default_rng(5)
    area = np.tile(["n1", "n2", "n3", "s1", "s2", "s3", "s4"], 12)
    data = pd.DataFrame({"area": area, "region": [a[0] for a in area]})
    data["g"] = np.repeat(np.arange(12), 7)
    data["y"] = rng.normal(size=84) + rng.normal(size=12)[data["g"]] + (area == "n1")
    found = me.lmm("y ~ region + area + (1 | g)", data).emmeans("area", by="region").contrasts()
    table = found.tidy()
    for region, k in (("n", 3), ("s", 4)):
        own = table[table["region"] == region]
        assert len(own) == k * (k - 1) // 2
        exact = stats.studentized_range.sf(np.sqrt(2) * abs(own["statistic"]), k, own["df"])
        np.testing.assert_allclose(own["p_value"], exact, rtol=tol.MEANS_RTOL)
        half = stats.studentized_range.ppf(0.95, k, own["df"]) / np.sqrt(2) * own["std_error"]
        np.testing.assert_allclose(own["upper"], own["estimate"] + half, rtol=tol.MEANS_RTOL)
    assert "for all pairs of 3 to 4 means" in str(found)
