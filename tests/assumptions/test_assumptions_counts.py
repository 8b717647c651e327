"""Dispersion and zeros of golden count models against glmmTMB and R's own random numbers
(tests/golden/make/assumptions_counts.R).
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from mixedeffects.assumptions import assumptions
from mixedeffects.assumptions.counts import SIMULATIONS, small_groups
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
def test_expected_zeros_are_those_of_glmmtmbs_means_or_of_its_new_groups(name):
    known, found = MODELS[name], checked(name).get("zeros")
    if found is None or not known["expected_zeros"]:
        return
    expected = known["zeros"] / found.value
    if small_groups(fitted(name)):  # whose modes follow the responses
        error = known["new_sd"] / np.sqrt(SIMULATIONS)
        assert expected == pytest.approx(known["new_zeros"], abs=tol.MONTE_CARLO_Z * error)
    else:
        assert expected == pytest.approx(known["expected_zeros"], rel=tol.GLMM_RESIDUAL_RTOL)


@every_model
def test_counts_are_accused_where_rs_draws_seldom_are_as_extreme(name):
    known, found = MODELS[name], checked(name)
    zeros = known["new_more_zeros" if small_groups(fitted(name)) else "more_zeros"]
    for check, share in (("dispersion", known["more"]), ("zeros", zeros)):
        if check in found and found[check].verdict != "fine":
            assert share <= tol.SELDOM


def test_where_no_draw_is_as_extreme_and_the_excess_counts_it_is_named():
    known = {name: checked(name) for name in MODELS}
    for name, found in known.items():
        if "dispersion" in found and not MODELS[name]["more"]:
            assert found["dispersion"].verdict != "fine"
        expected, more = (
            ("new_zeros", "new_more_zeros") if small_groups(fitted(name))
            else ("expected_zeros", "more_zeros")
        )  # fmt: skip
        much = MODELS[name]["zeros"] >= tol.MANY_ZEROS * MODELS[name][expected]
        if "zeros" in found and not MODELS[name][more] and much:
            assert found["zeros"].verdict != "fine"
