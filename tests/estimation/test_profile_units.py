"""Profiles do not depend on the units of the response and the predictors."""

from __future__ import annotations

import numpy as np
import pytest

import mixedeffects as me
from tests.tolerances import ROUNDING_E10

SLEEP = "Reaction ~ Days + (Days | Subject)"


@pytest.mark.parametrize(("of_response", "of_days"), [(1e-9, 1e3), (1e-12, 1e6), (1e9, 1e-6)])
def test_limits_of_variances_are_the_same_in_tiny_and_in_huge_units(of_response, of_days):
    table = me.datasets.sleepstudy()
    plain = me.lmm(SLEEP, table).confint(method="profile")
    table["Reaction"] *= of_response
    table["Days"] = table["Days"] * of_days
    found = me.lmm(SLEEP, table).confint(method="profile")
    unit = {"sd__Days": of_response / of_days, "Days": of_response / of_days}
    for term, lower, upper, *ends in zip(
        found["term"], found["lower"], found["upper"], plain["lower"], plain["upper"], strict=True
    ):
        by = 1.0 if term.startswith("cor") else unit.get(term, of_response)
        np.testing.assert_allclose([lower / by, upper / by], ends, rtol=1e3 * ROUNDING_E10)
