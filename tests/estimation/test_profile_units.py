"""Profiles do not depend on the units of the response and the predictors."""

from __future__ import annotations

from statistics import NormalDist

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


def test_limits_lie_between_the_points_of_the_profile_where_it_turns():
    rng = np.random.default_rng(0)
    x, g = np.tile(np.arange(6.0), 10), np.repeat(np.arange(10), 6)
    y = 2.0 * x + rng.normal(size=60)
    y -= np.repeat(y.reshape(10, 6).mean(axis=1), 6)
    profile = me.lmm("y ~ x + (x | g)", {"y": y, "x": x, "g": g}).profile("random")
    points = profile.table()
    for level in np.linspace(0.05, 0.95, 19):
        found = profile.confint(float(level))
        target = -NormalDist().inv_cdf(0.5 + level / 2.0)
        for name, facts, lower in zip(
            profile.names, profile.facts.zeta, found["lower"], strict=True
        ):
            value = points.loc[points["parameter"] == name, "value"].to_numpy()
            after = int(np.searchsorted(facts, target))
            if 0 < after < facts.size:
                assert value[after - 1] <= lower <= value[after]
            assert not name.startswith("sd") or lower >= 0.0
