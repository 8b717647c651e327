"""Dispersion and zeros of golden count models against glmmTMB and R's own random numbers
(tests/golden/make/assumptions_counts.R).
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest

from mixedeffects.inference.assumptions import assumptions
from tests import tolerances as tol
from tests.model.test_golden_glmm import REFERENCE_STOPS_SHORT, RUNS_AWAY, fitted

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/assumptions/counts.json").read_text())
MODELS = GOLDEN["models"]

every_model = pytest.mark.parametrize("name", MODELS)
every_optimum = pytest.mark.parametrize(
    "name", [name for name in MODELS if name not in REFERENCE_STOPS_SHORT | RUNS_AWAY]
)


@cache
def checked(name):
    return {check.name: check for check in assumptions(fitted(name))[0]}


@every_optimum
def test_pearson_residuals_are_those_of_glmmtmbs_means(name):
    squares = float((fitted(name).residuals("pearson") ** 2).sum())
    assert squares == pytest.approx(MODELS[name]["pearson"], rel=tol.GLMM_RESIDUAL_RTOL)


@every_optimum
def test_expected_zeros_are_those_of_glmmtmbs_means(name):
    known, found = MODELS[name], checked(name).get("zeros")
    if found is None or not known["expected_zeros"]:
        return
    assert found.value * known["expected_zeros"] == pytest.approx(
        known["zeros"], rel=tol.GLMM_RESIDUAL_RTOL
    )


@every_model
def test_counts_are_accused_where_rs_draws_seldom_are_as_extreme(name):
    known, found = MODELS[name], checked(name)
    for check, share in (("dispersion", known["more"]), ("zeros", known["more_zeros"])):
        if check in found and found[check].verdict != "fine":
            assert share <= tol.SELDOM


def test_where_no_draw_is_as_extreme_and_the_excess_counts_it_is_named():
    known = {name: checked(name) for name in MODELS}
    for name, found in known.items():
        if "dispersion" in found and not MODELS[name]["more"]:
            assert found["dispersion"].verdict != "fine"
        much = MODELS[name]["zeros"] >= tol.MANY_ZEROS * MODELS[name]["expected_zeros"]
        if "zeros" in found and not MODELS[name]["more_zeros"] and much:
            assert found["zeros"].verdict != "fine"
