"""Profiles' one interface: a path over a closed form, and what linear and other models promise."""

from __future__ import annotations

from math import inf, sqrt
from types import SimpleNamespace

import numpy as np
import pytest

import mixedeffects as me
from mixedeffects.estimation.profile import constraints, optimum_of
from mixedeffects.estimation.profile.constraint import Constraint
from mixedeffects.estimation.profile.path import profile_path
from mixedeffects.estimation.profile.problem import ConstrainedOptimum, ConstrainedProblem
from tests import tolerances as tol


class Bowl(ConstrainedProblem):
    """d(w, x) = 3 (w - 2)^2 + (x - w)^2, whose profile is 3 (w - 2)^2."""

    def __init__(self, kind="coefficient"):
        super().__init__(SimpleNamespace(minimum=1.0), Constraint(kind))
        self.w, self.x, self.guess, self.solved = 2.0, np.array([2.0]), 0.1, 0

    def minimised(self, w, x, tolerance):
        self.solved += 1
        value = self.minimum + 3.0 * (w - 2.0) ** 2
        return ConstrainedOptimum(self, w, np.array([w]), value, True, None)


def test_a_path_over_a_parabola_meets_its_targets():
    bowl = Bowl()
    points, complaints = profile_path(bowl, [0.5, 1.0, 2.0], {2.0})
    assert complaints == ()
    w, zeta = (np.array([getattr(p, name) for p in points]) for name in ("w", "zeta"))
    np.testing.assert_allclose(zeta, sqrt(3.0) * (w - 2.0), rtol=tol.OPTIMUM_E6, atol=0)
    assert np.abs(zeta[[0, -1]]) == pytest.approx([2.0, 2.0], rel=tol.OPTIMUM_E5)
    assert bowl.solved < 3 * len(points)


def test_a_path_ends_where_the_parameter_does():
    points, _ = profile_path(Bowl("sd"), [1.0, 5.0], {5.0})
    assert points[0].w == 0.0 and points[0].zeta == pytest.approx(-2.0 * sqrt(3.0))
    assert points[-1].zeta == pytest.approx(5.0, rel=tol.OPTIMUM_E5)


def linear():
    return me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())


def generalised():
    rng = np.random.default_rng(3)
    g, x = np.repeat(np.arange(30), 8), np.tile(np.linspace(-1, 1, 8), 30)
    b = rng.normal(size=(30, 2)) * (0.6, 0.4)
    y = rng.negative_binomial(4, 4 / (4 + np.exp(1 + b[g, 0] + (0.5 + b[g, 1]) * x)))
    return me.glmm("y ~ x + (x | g)", {"y": y, "x": x, "g": g}, family="nbinom2")


@pytest.mark.parametrize("make", [linear, generalised])
def test_every_parameter_is_held_where_it_is_said_to_be(make):
    """Natural values at a constrained optimum: the held one's is its own, nothing costs less."""
    optimum = optimum_of(make(), reml=False)
    held, before = constraints(make()), optimum.evaluations
    estimates = optimum.estimates()
    assert len(held) == estimates.size == len(set(held))
    assert {c.kind for c in held} >= {"sd", "cor", "coefficient"}
    for place, constraint in enumerate(held):
        problem = optimum.problem(constraint)
        assert constraint.value(problem.w) == pytest.approx(estimates[place], rel=tol.OPTIMUM_E4)
        points, _ = profile_path(problem, [1.0], {1.0})
        low, high = constraint.range
        for point in (points[0], points[-1]):
            assert low <= point.w <= high
            values = problem.values(point)
            assert values[place] == pytest.approx(constraint.value(point.w), rel=tol.OPTIMUM_E6)
            assert point.found.value - optimum.minimum == pytest.approx(1.0, abs=tol.OPTIMUM_E4)
    assert optimum.evaluations > before + 2 * len(held)


def test_units_do_not_cost_evaluations():
    data = me.datasets.sleepstudy()
    upper, evaluations = [], []
    for scale in (1.0, 1e6):
        scaled = data.assign(Reaction=data["Reaction"] * scale)
        fit = me.lmm("Reaction ~ Days + (Days | Subject)", scaled)
        found = fit.profile("sigma").facts
        upper.append(found.confint().columns["upper"][0] / scale)
        evaluations.append(found.evaluations)
    assert upper[1] == pytest.approx(upper[0], rel=tol.OPTIMUM_E6)
    assert evaluations[1] <= evaluations[0] + 2


def test_ranges():
    assert Constraint("sd").range == (0.0, inf)
    assert [Constraint("cor").value(w) for w in Constraint("cor").range] == [-1.0, 1.0]
    assert Constraint("sigma").value(0.0) == 1.0
