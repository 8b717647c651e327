"""Following the optimum of all other parameters as one parameter is moved.

A profile is wanted at equal steps of zeta = sign(w - w0) sqrt(d(w) - d_min), the signed root of
what holding the parameter at w costs. w at the next zeta and the free parameters there are
extrapolated from the points found so far by a cubic, so that a point costs one or two
evaluations; where a confidence limit is wanted w is refined until zeta is met.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite, sqrt
from typing import Any

import numpy as np

NODES = 4
ON_TARGET = 1e-6
# Newton decrements at which a point is good enough: of a grid, of a limit
ROUGH, FINE = 1e-5, 1e-7
# how far beyond the optimum's value a constrained one may be by rounding
ROUNDING = 1e-6
MOST_TRIALS = 40
# share of the ceiling up to which a profile is followed
NEARLY = 1.0 - 1e-4


class LowerPointError(Exception):
    """A constrained optimum lies below the unconstrained one; carries it."""

    def __init__(self, found):
        super().__init__("a lower point")
        self.found = found


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """One point of a path.

    Attributes
    ----------
    w, zeta : float
    x : (K,) array
        The free coordinates.
    found : ConstrainedOptimum or None
        None at the optimum without constraint.
    """

    w: float
    zeta: float
    x: np.ndarray
    found: Any


def profile_path(problem, targets, exact):
    """Points of both sides of the optimum, by increasing w, and why a side ended early.

    Raises LowerPointError.

    Parameters
    ----------
    problem : ConstrainedProblem
        With one parameter held.
    targets : increasing sequence of positive float
        |zeta| to aim at, the last being where the path ends.
    exact : set of float
        Those of them to be met to rounding.
    """
    optimum = Point(problem.w, 0.0, problem.x, None)
    points, complaints = [optimum], []
    for sign in (1.0, -1.0):
        last = Side(problem, sign, points).follow(targets, exact, optimum)
        if last is not None:
            side = "above" if sign > 0 else "below"
            complaints.append(f"no point was found {side} zeta = {last.zeta:.2f}")
        points.sort(key=lambda p: p.w)
    return points, tuple(complaints)


# how a search for the next point ends: at the target, a stride on the way to it, at the end of
# the parameter's range, nowhere
MET, STRIDE, END, LOST = "met", "stride", "end", "lost"


class Side:
    """One side of a path.

    Parameters
    ----------
    problem : ConstrainedProblem
        With one parameter held.
    sign : {1, -1}
        Of zeta.
    points : list of Point
        Those found so far, also of the other side; new ones are added.
    """

    def __init__(self, problem, sign, points):
        self.problem, self.sign, self.points = problem, sign, points
        self.end = problem.highest if sign > 0 else problem.lowest
        self.longest = problem.constraint.stride(sign, problem.w)

    def follow(self, targets, exact, last):
        """Add the points of this side; returns the last if no next one was found, else None."""
        problem, end, points = self.problem, self.end, self.points
        if isfinite(end) and self.ahead(last.w, end) <= 1e-9 * max(problem.guess, abs(end)):
            return None
        ceiling, top = None, inf
        if problem.ceiling is not None:
            top = sqrt(max(problem.ceiling.value - problem.minimum, 0.0))
            ceiling = Point(end, self.sign * top, problem.ceiling.x, problem.ceiling)
        for target in targets:
            precise, level = target in exact, target >= NEARLY * top
            if level:  # from where it meets the ceiling
                target, precise = NEARLY * top, True
            while abs(last.zeta) < target:
                point, how = self.reach(target, precise, last)
                if point is None:
                    if ceiling is None:
                        return last
                    points.append(ceiling)
                    return None
                points.append(point)
                last = point
                if how == END:
                    return None
                if how == MET:
                    break
            if level:
                points.append(ceiling)
                return None
        return None

    def ahead(self, here, there):
        """How far one w lies from another in the direction of this side."""
        return self.sign * (there - here)

    def reach(self, target, precise, last):
        """The next point on the way to |zeta| = target, and how it was reached."""
        problem, sign, end, points = self.problem, self.sign, self.end, self.points
        low, high, trial, worst = last, None, None, None
        step = min((abs(p.w - last.w) for p in points if p is not last), default=inf)
        for _ in range(MOST_TRIALS):
            w = self.propose(target, trial, low, high, worst, step)
            striding = (
                trial is None and worst is None and self.ahead(last.w, w) > 1.5 * self.longest
            )
            if striding:
                w = last.w + sign * self.longest
            at_end = isfinite(end) and self.ahead(w, end) <= 1e-6 * abs(end - last.w)
            if at_end:
                w = end
            x = self.extrapolate(trial, w)
            found = problem.solve(w, x, ROUGH if trial is None or not precise else FINE)
            rise = found.value - problem.minimum
            if not (found.converged and isfinite(found.value)):
                worst = w
                if abs(worst - low.w) < 1e-6 * max(abs(low.w), step if isfinite(step) else 0.0):
                    return None, LOST
                continue
            if rise < -ROUNDING * max(1.0, 1e-3 * abs(problem.minimum)):
                raise LowerPointError(found)
            point = Point(w, sign * sqrt(max(rise, 0.0)), found.x, found)
            size = abs(point.zeta)
            if at_end and size <= target * (1.0 + ON_TARGET):
                return point, END
            if abs(size - target) <= ON_TARGET * target:
                return point, MET
            if striding and size < target:
                return point, STRIDE
            gap = target - abs(last.zeta)
            if not precise and -0.6 * gap <= size - target <= 0.5 * gap:
                return point, END if at_end else MET
            if size < target:
                step = max(abs(w - low.w), 0.0)
                low = point
            else:
                high = point
                if abs(high.w - low.w) <= 1e-13 * max(abs(high.w), abs(low.w)):
                    return point, MET
            trial = point
        return (trial, MET) if high is not None else (None, LOST)

    def propose(self, target, trial, low, high, worst, step):
        """The next w to try for |zeta| = target.

        It lies beyond `low`, and before `high` or the `worst` w, at which nothing was found;
        `trial` is the point tried last, `step` the last step of w.
        """
        sign, zeta, guess = self.sign, self.sign * target, self.problem.guess
        known = self.points if trial is None else [*self.points, trial]
        if high is not None and high is not trial:
            known = [*known, high]
        if low is not trial and not any(low is p for p in self.points):
            known = [*known, low]
        if len(known) == 1:
            slope = self.problem.slope
            first = target / slope if isfinite(slope) and slope > 0 else guess
            w = low.w + sign * min(first, 50.0 * guess)
        else:
            near = sorted(known, key=lambda p: abs(p.zeta - zeta))[:NODES]
            w = interpolated([p.zeta for p in near], [p.w for p in near], zeta)
        ahead = self.ahead(low.w, w)
        if high is not None or worst is not None:
            width = self.ahead(low.w, high.w if high is not None else worst)
            if not 1e-3 * width <= ahead <= (1.0 - 1e-3) * width or not isfinite(w):
                share = 0.5
                if high is not None and low is not trial:
                    share = (target - abs(low.zeta)) / (abs(high.zeta) - abs(low.zeta))
                    share = min(max(share, 0.05), 0.95)
                if not (high is not None and 0 < ahead < width):
                    w = low.w + sign * share * width
            return w
        if not isfinite(w) or ahead <= 0:
            w = low.w + sign * 2.0 * (step if isfinite(step) and step > 0 else guess)
        elif isfinite(step) and step > 0 and len(known) > 1:
            w = low.w + sign * min(ahead, 4.0 * step)
        return w

    def extrapolate(self, trial, w):
        """The free coordinates at w, from those of the points nearest to it."""
        if len(self.points) == 1:
            base = self.points[0] if trial is None else trial
            tangent = self.problem.tangent
            return base.x if tangent is None else base.x + (w - base.w) * tangent
        points: list[Point] = self.points
        near = sorted(points, key=lambda p: abs(p.w - w))[:NODES]
        weights = _weights([p.w for p in near], w)
        if trial is not None:
            weights -= _weights([p.w for p in near], trial.w)
        x = weights @ np.array([p.x for p in near])
        return x if trial is None else trial.x + x


def _weights(nodes, at):
    """Lagrange's weights of the values at `nodes` in the polynomial through them."""
    out = []
    for i, node in enumerate(nodes):
        weight = 1.0
        for j, other in enumerate(nodes):
            if i != j:
                weight *= (at - other) / (node - other)
        out.append(weight)
    return np.array(out)


def interpolated(nodes, values, at):
    """The polynomial through (nodes, values); nan where two nodes coincide."""
    if len(set(nodes)) < len(nodes):
        return float("nan")
    return float(_weights(nodes, at) @ np.asarray(values))
