"""Profiles of a fit whose likelihood has its supremum at infinity (separation).

The supremum stands in the place of the maximum. A coefficient that stays finite has a profile as
ever, of the problem in which the others are held far out. One that goes to infinity has one finite
limit: where holding it costs as much as the level allows; while it is held, others may
still go to infinity. What is undetermined costs nothing at any value.
"""

from __future__ import annotations

from dataclasses import replace
from math import inf, nan, sqrt

import numpy as np

from mixedeffects.estimation.laplace.objective import with_problem
from mixedeffects.estimation.laplace.verdict import NOTHING_LEFT
from mixedeffects.estimation.profile.laplace import LaplaceOptimum, laplace_values, search
from mixedeffects.estimation.profile.laplace_constraints import (
    CoefficientConstraint,
    CoefficientSpace,
)
from mixedeffects.estimation.profile.path import MOST_TRIALS, ON_TARGET, Point, interpolated
from mixedeffects.estimation.profile.problem import Curve
from mixedeffects.estimation.recession import Recession, complement, recession_cone

# Newton decrement at which a point is good enough; share of a zeta by which one may be missed
FINE, NEAR = 1e-8, 0.1
MOST_STEPS = 60
# linear predictor beyond which a row counts as at its limit
FAR_OUT = 40.0
# linear predictor, of the row that moves most, from which a coefficient comes back
START = 60.0


class SeparatedOptimum(LaplaceOptimum):
    """The supremum of a likelihood without maximum: the optimum of the problem that is left.

    Attributes
    ----------
    limits : (p,) array
        Per coefficient 0 where it is finite, inf, -inf, or nan where it is undetermined.
    """

    def __init__(self, fit, evaluation, H, regular, coefficients):
        super().__init__(fit, evaluation, H, regular, coefficients)
        self.sizes = [group.T.shape[0] for group in coefficients]
        self.limits = fit.certificate.recession.limits(np.eye(sum(self.sizes)))

    @classmethod
    def of(cls, fit, reml=False):
        at = fit.evaluation
        V = fit.engine_recession.directions.T
        space, objective, coefficients = far_out(fit, at.estimates, V)
        H = space.S.T @ fit.engine_hessian @ space.S
        evaluation = objective.evaluate(space.S.T @ at.estimates, near=at)
        return cls(fit, evaluation, H, not fit.certificate.singular, coefficients)

    @property
    def all_exact(self):
        """Whether every response has probability one: then no variance matters."""
        return self.fit.family.discrete and self.minimum < NOTHING_LEFT

    def values(self, x, lambdas):
        return self.without_infinite(super().values(x, lambdas), self.limits)

    def without_infinite(self, values, limits):
        """Values of all parameters, the coefficients last, those at infinity as such."""
        if self.all_exact:
            values[: -limits.size] = nan
        values[-limits.size :] = np.where(limits != 0, limits, values[-limits.size :])
        return values

    def place(self, constraint):
        """Where a coefficient stands among all of them."""
        return sum(self.sizes[: constraint.owner]) + constraint.columns[0]

    def curve(self, constraint, place, targets, exact):
        if constraint.kind == "coefficient":
            limit = self.limits[self.place(constraint)]
        else:
            limit = nan if self.all_exact else 0.0
        if limit == 0:
            return super().curve(constraint, place, targets, exact)
        if np.isnan(limit):
            conditional = self.estimates()[None]
            conditional[0, place] = 0.0
            low, high = constraint.range
            ends = constraint.value(low), constraint.value(high)
            return Curve(np.zeros(1), np.zeros(1), conditional, ends, limit)
        return self._one_sided(constraint, place, limit, targets, exact)

    def _one_sided(self, constraint, place, limit, targets, exact):
        """The profile of a coefficient that goes to infinity, on the side that is not."""
        away = 1.0 if limit == inf else -1.0
        ends = (nan, inf) if away > 0 else (-inf, nan)
        try:
            inward = Inward(self, constraint, -away)
            points = inward.points(targets, exact)
            self.objective.evaluations += inward.objective.evaluations
        except LostError as lost:
            conditional = self.estimates()[None]
            return Curve(np.full(1, nan), np.zeros(1), conditional, ends, limit, (str(lost),))
        points.sort(key=lambda point: point.w)
        values = np.array([point.w for point in points])
        zeta = np.array([-away * point.zeta for point in points])
        conditional = np.array([inward.values(point) for point in points])
        conditional[:, place] = values
        return Curve(values, zeta, conditional, ends, limit)


def far_out(fit, x, V):
    """A fit's problem with the space V (F, m) of the fixed coefficients held where x has it.

    The space that is left, the objective in it, and where the groups of coefficients are there.
    """
    own = fit.evaluation.objective
    F = own.problem.n_fixed
    inner = complement(V) if V.shape[1] else np.eye(F)
    space = CoefficientSpace(own.problem, inner, x[:F] - inner @ (inner.T @ x[:F]))
    part = slice(0, inner.shape[1])
    coefficients = tuple(replace(g, part=part, T=g.T @ inner[g.part]) for g in fit.coefficients)
    return space, with_problem(own, space.at(1.0)), coefficients


def while_held(recession, L, value, x, directions):
    """What still goes to infinity while a combination of coefficients is held.

    Parameters
    ----------
    recession : Recession
        In the user's coordinates.
    L : (p,) array
        The combination, in the user's coordinates; its own limit is infinite.
    value : float
        Of the combination at x.
    x : (F,) array
        Coefficients, far out, in the engine's coordinates.
    directions : (m, F) array
        The recession's directions in these.

    Returns
    -------
    recession : Recession or None
        In the user's coordinates.
    V : (F, j) array
        Its directions in the engine's.
    x : (F,) array
        The coefficients, as far out along what is left that holding L anywhere on the way
        back to zero leaves these rows at their limits.
    towards : (F,) array
        A direction in which L grows by one.
    """
    w = recession.directions @ L
    step = w / float(w @ w)
    towards = directions.T @ step
    found = recession_cone(w[None, :], recession.pulls)
    if found is None:
        return None, np.zeros((x.size, 0)), x, towards
    inside, pulls, out, moved = found
    left = Recession(inside.T @ recession.directions, pulls)
    if moved.size:
        own = recession.pulls[moved]
        back = float(np.abs(own @ step).max()) * (abs(value) + FAR_OUT)
        x = x + directions.T @ (out * ((back + FAR_OUT) / float((own @ out).min())))
    return left, directions.T @ inside, x, towards


class LostError(Exception):
    """A profile could not be followed."""


class Inward:
    """A coefficient that is infinite, held at values that come back from there.

    The sign, 1 or -1, says which way is back.
    """

    def __init__(self, optimum, constraint, sign):
        fit = optimum.fit
        evaluation = fit.evaluation
        problem = evaluation.objective.problem
        F = problem.n_fixed
        x = evaluation.estimates.copy()
        (row,), own = constraint.columns, fit.coefficients[constraint.owner]
        value = float(own.T[row] @ x[own.part])
        identity = np.eye(optimum.limits.size)
        recession, V, x[:F], towards = while_held(
            fit.certificate.recession, identity[optimum.place(constraint)], value, x[:F],
            fit.engine_recession.directions,
        )  # fmt: skip
        self.space, self.objective, coefficients = far_out(fit, x, V)
        left = self.objective.problem
        self.held = CoefficientConstraint(left, coefficients[constraint.owner], row)
        self.optimum, self.sign = optimum, sign
        self.limits = np.zeros(identity.shape[0])
        if recession is not None:
            self.limits = recession.limits(identity)
        S = self.space.S
        self.w, self._x = self.held.split(S.T @ x, None)
        H = S.T @ fit.engine_hessian @ S
        H = self.held.curvature(self.objective, H, self._x, self.w, True)[1:, 1:]
        self._curvature = 0.5 * (H + H.T)
        self._near, self._last = None, self.w
        whole = np.zeros(x.size)
        whole[:F] = towards
        self._tangent = self.held.S.T @ (S.T @ whole)
        self._unit = 1.0 / max(
            float(np.abs(p.X @ towards[p.part]).max(initial=0.0)) for p in problem.predictors
        )

    def at(self, w):
        """The best of all others with the coefficient held at w; zeta has no sign here."""
        x = self._x + (w - self._last) * self._tangent
        found = search(self.objective, self.held, w, x, self._curvature, self._near, FINE)
        if not (found.converged and np.isfinite(found.value)):
            raise LostError(f"no optimum of the other parameters was found at {w:.6g}")
        self._curvature = found.curvature
        point = Point(w, sqrt(max(found.value - self.optimum.minimum, 0.0)), found.x, found)
        self._go_on_from(point)
        return point

    def _go_on_from(self, point):
        self._x, self._near, self._last = point.x, point.found.evaluation, point.w

    def values(self, point):
        """(K,) natural values of all parameters at a point."""
        fit, at = self.optimum.fit, point.found.evaluation
        x = self.space.whole(1.0, self.held.full(point.w, at))
        covariance = self.objective.problem.covariance_parameters
        values = laplace_values(covariance, fit.coefficients, x, at.lambdas)
        return self.optimum.without_infinite(values, self.limits)

    def points(self, targets, exact):
        """One point for every target."""
        known = [self._first(0.5 * targets[0])]
        step = self._unit
        for _ in range(MOST_STEPS):
            if known[-1].zeta > targets[-1]:
                break
            known.append(self.at(known[-1].w + self.sign * step))
            step *= 1.5
        else:
            raise LostError("the likelihood does not fall enough to have a limit")
        return [self._meet(known, t, ON_TARGET if t in exact else NEAR) for t in targets]

    def _first(self, low):
        """A point that costs next to nothing: not farther out than rows need to be there."""
        farthest = abs(self.w)
        size = min(farthest, START * self._unit)
        while True:
            point = self.at(-self.sign * size if farthest > size else self.w)
            if point.zeta < low or size >= farthest:
                return point
            size = min(4.0 * size, farthest)

    def _meet(self, known, target, tolerance):
        """The point whose zeta is the target, between two known ones."""
        for _ in range(MOST_TRIALS):
            known.sort(key=lambda point: point.zeta)
            best = min(known, key=lambda point: abs(point.zeta - target))
            if abs(best.zeta - target) <= tolerance * target:
                return best
            low = max((p for p in known if p.zeta < target), key=lambda point: point.zeta)
            high = min((p for p in known if p.zeta >= target), key=lambda point: point.zeta)
            self._go_on_from(best)
            known.append(self.at(_between(known, low, high, target)))
        return best


def _between(known, low, high, target):
    """The next value to try: by the inverse of the curve, or halfway where that leaves."""
    near = sorted(known, key=lambda point: abs(point.zeta - target))[:3]
    zeta = np.array([p.zeta for p in near])
    w = 0.5 * (low.w + high.w)
    if np.unique(np.round(zeta, 12)).size == zeta.size and low.zeta > 0.2 * target:
        guess = interpolated(zeta.tolist(), [p.w for p in near], target)
        if (guess - low.w) * (high.w - guess) > 0:
            return guess
    return w
