"""The problem that is left when some coefficients have gone to infinity.

Where the likelihood has its supremum at infinity (`mixedeffects.estimation.recession`), the
coefficients of the limit are those of the space V held far out, and all others free: an ordinary
problem with an ordinary optimum, whose coordinates are orthogonal to V.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mixedeffects.estimation.laplace.objective import with_problem
from mixedeffects.estimation.recession import Recession, complement, recession_cone

# linear predictor beyond which a row counts as at its limit
FAR_OUT = 40.0


@dataclass(frozen=True, slots=True, eq=False)
class Limiting:
    """A problem without the coordinates that are at infinity.

    Attributes
    ----------
    objective : LaplaceObjective or another with its interface
        Of the problem that is left.
    coefficients : tuple of Coefficients
        All in one part.
    S : (P, P - m) array
        Orthonormal; from the coordinates that are left to all.
    origin : (P,) array
        What is held far out.
    """

    objective: Any
    coefficients: tuple
    S: np.ndarray
    origin: np.ndarray

    def evaluate(self, x, near):
        """The evaluation at all parameters x, of the problem that is left."""
        return self.objective.evaluate(self.S.T @ x, near=near)

    def whole(self, x):
        """All parameters from those that are left."""
        return self.origin + self.S @ x


def limiting(objective, groups, x, V):
    """The problem with the space V of the fixed coefficients held where x has it.

    Parameters
    ----------
    objective : LaplaceObjective or another with its interface
    groups : tuple of Coefficients
    x : (P,) array
    V : (F, m) array

    Returns
    -------
    Limiting
    """
    problem = objective.problem
    F, P = problem.n_fixed, problem.n_parameters
    inner = complement(V) if V.shape[1] else np.eye(F)
    k = inner.shape[1]
    S = np.zeros((P, P - F + k))
    S[:F, :k] = inner
    S[F:, k:] = np.eye(P - F)
    origin = np.zeros(P)
    origin[:F] = x[:F] - inner @ (inner.T @ x[:F])
    part = slice(0, k)
    left = copy(problem)
    predictors = []
    for predictor in problem.predictors:
        moved = predictor.X @ origin[predictor.part]
        if predictor.offset is not None:
            moved = moved + predictor.offset
        X = np.ascontiguousarray(predictor.X @ inner[predictor.part])
        predictors.append(replace(predictor, X=X, offset=moved, part=part))
    left.predictors = tuple(predictors)
    left.n_fixed, left.n_parameters, left.n_beta = k, P - F + k, k
    coefficients = tuple(replace(g, part=part, T=g.T @ inner[g.part]) for g in groups)
    return Limiting(with_problem(objective, left), coefficients, S, origin)


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
