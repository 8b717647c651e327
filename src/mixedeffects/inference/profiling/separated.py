"""Profiles of a fit whose likelihood has its supremum at infinity (separation).

The supremum stands in the place of the maximum. A coefficient that stays finite has a profile as
ever, of the problem in which the others are held far out. One that goes to infinity has one finite
limit: where holding it costs as much as the level allows; while it is held, others may
still go to infinity. What is undetermined costs nothing at any value.
"""

from __future__ import annotations

from math import inf, nan, sqrt

import numpy as np

from mixedeffects.estimation.laplace.held import CoefficientChart, solve_held
from mixedeffects.estimation.laplace.limiting import limiting, while_held
from mixedeffects.estimation.laplace.verdict import NOTHING_LEFT
from mixedeffects.inference.profiling.generalised import GeneralisedOptimum, user_values
from mixedeffects.inference.separated import at_the_limits

# Newton decrements at which a point is good enough; share of a zeta by which it may be missed
FINE, MET, NEAR = 1e-8, 1e-6, 0.1
MOST_STEPS, MOST_TRIALS = 60, 60
# linear predictor, of the row that moves most, from which a coefficient comes back
START = 60.0


class LimitOptimum:
    """The supremum of a likelihood without maximum, in the place of `GeneralisedOptimum`.

    Parameters
    ----------
    fit : GLMMFit
        Separated.

    Attributes
    ----------
    minimum : float
        -2 log-likelihood at its supremum.
    """

    per_point = 4.0

    def __init__(self, fit, inner=None):
        self.fit, self.recession = fit, fit.certificate.recession
        self._V = fit.engine_recession.directions
        evaluation = fit.evaluation
        self.left = limiting(
            evaluation.objective, fit.coefficients, evaluation.estimates, self._V.T
        )
        if inner is None:
            at = self.left.evaluate(evaluation.estimates, evaluation)
            H = self.left.S.T @ fit.engine_hessian @ self.left.S
            inner = GeneralisedOptimum(fit, at, H, None, self.left.coefficients)
        self.inner, self.minimum = inner, inner.minimum
        self.p = fit.estimates.size - fit.theta.size
        self.limits = self.recession.limits(np.eye(self.p))
        self._counted = evaluation.objective.evaluations

    @property
    def evaluations(self):
        return self.inner.evaluations + self.fit.evaluation.objective.evaluations - self._counted

    def values(self):
        """(K,) estimates of all parameters: inf, -inf or nan where there is no finite one."""
        return self._told(self.inner.values(), self.limits)

    def _told(self, values, limits):
        """Values of all parameters, the coefficients last, those at infinity as such."""
        out = values.copy()
        if self.all_exact:
            out[: -self.p] = nan
        out[-self.p :] = at_the_limits(out[-self.p :], limits)
        return out

    def inner_values(self, left, x, evaluation, limits):
        """(K,) values of all parameters where a coefficient is held."""
        values = user_values(
            self.inner.problem, self.fit.coefficients, left.whole(x), evaluation.lambdas
        )
        return self._told(values, limits)

    def told(self, values):
        """(m, K) values along the profile of a parameter that stays finite."""
        return np.array([self._told(row, self.limits) for row in values])

    def problem_of(self, parameter):
        """The problem of one parameter that stays finite."""
        return self.inner.problem_of(parameter)

    def restarted(self, point):
        """The supremum found from a constrained optimum that is lower."""
        return LimitOptimum(self.fit, self.inner.restarted(point))

    def limit_of(self, parameter):
        """0 where a parameter stays finite, inf, -inf or nan where it does not."""
        if parameter.kind in ("fixed", "extra"):
            return self.limits[self._position(parameter)]
        return nan if self.all_exact else 0.0

    @property
    def all_exact(self):
        """Whether every response has probability one: then no variance matters."""
        return self.fit.family.discrete and self.minimum < NOTHING_LEFT

    def _position(self, parameter):
        """Where a coefficient stands among all of them."""
        group, row = parameter.place
        return sum(g.T.shape[0] for g in self.fit.coefficients[:group]) + row

    def undetermined(self, parameter, estimates, i):
        """The profile of a parameter all of whose values are as likely."""
        conditional = estimates[None].copy()
        conditional[0, i] = 0.0
        ends = {"sd": (0.0, inf), "cor": (-1.0, 1.0)}.get(parameter.kind, (-inf, inf))
        return np.zeros(1), np.zeros(1), conditional, ends, ""

    def one_sided(self, parameter, i, targets, exact):
        """The profile of a coefficient that goes to infinity, on the side that is not.

        Parameters
        ----------
        parameter : ProfileParameter
        i : int
            Its place among all parameters.
        targets : increasing sequence of float
            Of |zeta|.
        exact : set of float
            Those of them to be met to rounding.

        Returns
        -------
        values, zeta : (m,) arrays
        conditional : (m, K) array
        ends : (float, float)
        complaint : str
            Why there is no finite limit, if there is none.
        """
        limit = self.limit_of(parameter)
        away = 1.0 if limit == inf else -1.0
        ends = (nan, inf) if away > 0 else (-inf, nan)
        try:
            points = _Inward(self, parameter, -away).points(targets, exact)
        except LostError as lost:
            conditional = self.values()[None]
            return np.full(1, nan), np.zeros(1), conditional, ends, str(lost)
        points.sort(key=lambda point: point.w)
        values = np.array([point.w for point in points])
        zeta = np.array([-away * point.zeta for point in points])
        conditional = np.array([point.values for point in points])
        conditional[:, i] = values
        return values, zeta, conditional, ends, ""


class LostError(Exception):
    """A profile could not be followed."""


class _Held:
    """A value of the coefficient, and what holding it there costs."""

    __slots__ = ("held", "values", "w", "zeta")

    def __init__(self, w, zeta, held, values):
        self.w, self.zeta, self.held, self.values = w, zeta, held, values


class _Inward:
    """A coefficient that is infinite, held at values that come back from there.

    Parameters
    ----------
    optimum : LimitOptimum
    parameter : ProfileParameter
    sign : {1, -1}
        Which way is back.
    """

    def __init__(self, optimum, parameter, sign):
        fit = optimum.fit
        evaluation = fit.evaluation
        F = evaluation.objective.problem.n_fixed
        x = evaluation.estimates.copy()
        place = optimum._position(parameter)
        group, row = parameter.place
        own = fit.coefficients[group]
        value = float(own.T[row] @ x[own.part])
        recession, V, x[:F], towards = while_held(
            optimum.recession, np.eye(optimum.p)[place], value, x[:F], optimum._V
        )
        self.left = limiting(evaluation.objective, fit.coefficients, x, V)
        self.chart = CoefficientChart(
            self.left.objective.problem, self.left.coefficients[group], row
        )
        self.optimum, self.sign, self.parameter = optimum, sign, parameter
        self.limits = np.zeros(optimum.p)
        if recession is not None:
            self.limits = recession.limits(np.eye(optimum.p))
        at = self.left.evaluate(x, evaluation)
        self.w, self._x = self.chart.split(at.x, at.lambdas)
        H = self.left.S.T @ fit.engine_hessian @ self.left.S
        H = self.chart.curvature(self.left.objective, H, self._x, self.w, True)
        own_H = H[1:, 1:]
        self._curvature = 0.5 * (own_H + own_H.T)
        self._near, self._last = None, self.w
        whole = np.zeros(x.size)
        whole[:F] = towards
        self._tangent = self.chart.S.T @ (self.left.S.T @ whole)
        reach = max(
            float(np.abs(p.X @ towards[p.part]).max(initial=0.0))
            for p in evaluation.objective.problem.predictors
        )
        self._unit = 1.0 / reach

    def at(self, w):
        """The best of all others with the coefficient held at w."""
        x = self._x + (w - self._last) * self._tangent
        held = solve_held(self.left.objective, self.chart, w, x, self._curvature, self._near, FINE)
        if not (held.converged and np.isfinite(held.value)):
            raise LostError(f"no optimum of the other parameters was found at {w:.6g}")
        self._x, self._near, self._curvature = held.x, held.evaluation, held.curvature
        self._last = w
        rise = max(held.value - self.optimum.minimum, 0.0)
        inner = self.chart.full(w, held.evaluation)
        values = self.optimum.inner_values(self.left, inner, held.evaluation, self.limits)
        return _Held(w, sqrt(rise), held, values)

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
        return [self._meet(known, t, MET if t in exact else NEAR) for t in targets]

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
            self._x, self._near, self._last = best.held.x, best.held.evaluation, best.w
            known.append(self.at(_between(known, low, high, target)))
        return best


def _between(known, low, high, target):
    """The next value to try: by the inverse of the curve, or halfway where that leaves."""
    near = sorted(known, key=lambda point: abs(point.zeta - target))[:3]
    zeta = np.array([p.zeta for p in near])
    w = 0.5 * (low.w + high.w)
    if np.unique(np.round(zeta, 12)).size == zeta.size and low.zeta > 0.2 * target:
        guess = sum(
            p.w * np.prod([(target - z) / (p.zeta - z) for z in np.delete(zeta, i)])
            for i, p in enumerate(near)
        )
        inside = (guess - low.w) * (high.w - guess)
        w = guess if inside > 0 else w
    return float(w)
