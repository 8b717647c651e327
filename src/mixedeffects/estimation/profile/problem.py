"""What the path of a profile asks of a model: the optimum, and the optimum with a constraint."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isnan, nan
from typing import Any

import numpy as np

from mixedeffects.estimation.profile.constraint import Constraint
from mixedeffects.estimation.profile.path import FINE, profile_path


@dataclass(frozen=True, slots=True, eq=False)
class ConstrainedOptimum:
    """The best of all other parameters where one is held.

    Attributes
    ----------
    problem : ConstrainedProblem or None
        The problem that it is the optimum of.
    w : float
        The coordinate that is held.
    x : (K,) array
        The free coordinates.
    value : float
        The objective there.
    evaluation : UnprofiledEvaluation or LaplaceEvaluation
        At x, or so near to it that the objective differs by less than the tolerance.
    curvature : (K, K) array or None
        An approximation of d2d/dx2, where a search for the next point begins with one.
    """

    problem: Any
    w: float
    x: np.ndarray
    value: float
    converged: bool
    evaluation: Any
    curvature: Any = None


class ConstrainedProblem:
    """One parameter of a model held at values of w, all others free.

    A linear and a generalised model each have their own: `minimised` and `values` are theirs.

    Attributes
    ----------
    minimum : float
        The objective at the optimum without constraint.
    w, x : float, (K,) array
        That optimum.
    lowest, highest : float
        Where w ends.
    slope : float
        dzeta/dw at the optimum, or nan.
    guess : float
        A step of w of sensible size, where the slope is nan.
    tangent : (K,) array or None
        dx/dw at the optimum.
    ceiling : ConstrainedOptimum or None
        Of a correlation, the optimum at which one of its effects does not vary: every value of the
        correlation is as good there, so that none costs more.
    """

    w: float
    x: np.ndarray
    guess: float
    slope: float = nan
    tangent: Any = None
    ceiling: Any = None

    def __init__(self, optimum, constraint):
        self.optimum, self.constraint, self.minimum = optimum, constraint, optimum.minimum
        self.lowest, self.highest = constraint.range

    def minimised(self, w, x, tolerance) -> ConstrainedOptimum:
        """The constrained optimum as a search from x finds it."""
        raise NotImplementedError

    def values(self, point) -> np.ndarray:
        """(K,) natural values of all parameters at a point of the path."""
        raise NotImplementedError

    def coordinates(self, found) -> np.ndarray:
        """The free coordinates here of an optimum that another problem of the model found."""
        raise NotImplementedError

    def solve(self, w, x, tolerance):
        """The constrained optimum; one above the ceiling does not count as found."""
        found = self.minimised(w, x, tolerance)
        if self.ceiling is not None and found.value > self.ceiling.value:
            return replace(found, converged=False)
        return found

    def find_ceiling(self):
        """The better of the optima at which one of the two effects does not vary."""
        best = None
        for column in self.constraint.effects:
            one = self.optimum.problem(Constraint("sd", self.constraint.owner, (column,)))
            found = one.solve(0.0, one.x, FINE)
            if found.converged and (best is None or found.value < best.value):
                best = replace(found, x=self.coordinates(found))
        return best


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """The profile of one parameter.

    Attributes
    ----------
    values, zeta : (m,) arrays
        Increasing values of the parameter; the signed root of what holding it there costs.
    conditional : (m, K) array
        The values of all parameters there.
    ends : (float, float)
        The limits of the parameter's range that the profile reached, else nan.
    limit : float
        Where the likelihood has its supremum if that is not at a finite value: inf, -inf, or nan
        where all values are as likely; else 0.
    complaints : tuple of str
        Why a side ended early, if one did.
    """

    values: np.ndarray
    zeta: np.ndarray
    conditional: np.ndarray
    ends: tuple[float, float]
    limit: float = 0.0
    complaints: tuple[str, ...] = ()


class ProfileOptimum:
    """The optimum of a criterion without constraint, from which profiles start.

    A linear and a generalised model each have their own: all but `curve` is theirs.

    Attributes
    ----------
    minimum : float
        The criterion.
    evaluations : int
        Of the criterion, spent on profiles so far.
    per_point : float
        Evaluations that a point of a profile takes, roughly.
    """

    minimum: float
    evaluations: int
    per_point: float

    def estimates(self) -> np.ndarray:
        """(K,) natural values of all parameters; of a correlation with nothing nan."""
        raise NotImplementedError

    def problem(self, constraint) -> ConstrainedProblem:
        """The problem with one parameter held."""
        raise NotImplementedError

    def restarted(self, found) -> ProfileOptimum:
        """The optimum that the model's own search finds from a constrained one that is lower."""
        raise NotImplementedError

    def curve(self, constraint, place, targets, exact):
        """The profile of one parameter.

        Raises LowerPointError.

        Parameters
        ----------
        constraint : Constraint
            The parameter.
        place : int
            Its place among all parameters.
        targets : increasing sequence of float
            |zeta| to aim at.
        exact : set of float
            Those of them to be met to rounding.
        """
        estimates = self.estimates()
        if isnan(estimates[place]):  # a correlation with an effect that does not vary
            conditional = np.tile(estimates, (2, 1))
            conditional[:, place] = ends = (-1.0, 1.0)
            return Curve(np.array(ends), np.zeros(2), conditional, ends)
        problem = self.problem(constraint)
        path, complaints = profile_path(problem, targets, exact)
        values = np.array(
            [estimates[place] if p.found is None else constraint.value(p.w) for p in path]
        )
        conditional = np.array([estimates if p.found is None else problem.values(p) for p in path])
        conditional[:, place] = values
        low, high = problem.lowest, problem.highest
        ends = (
            constraint.value(low) if path[0].w == low else nan,
            constraint.value(high) if path[-1].w == high else nan,
        )
        zeta = np.array([p.zeta for p in path])
        return Curve(values, zeta, conditional, ends, 0.0, complaints)
