"""What a generalised linear mixed model is to the estimation: rows, predictors, parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True, eq=False)
class Predictor:
    """One linear predictor's fixed part: offset + X c, c an interval of the parameter vector.

    Attributes
    ----------
    variable : int
        Which argument of the log density it is.
    X : (n, p) array
        In the engine's coordinates.
    offset : (n,) array or None
    part : slice
        Its coefficients; predictors may share them.
    """

    variable: int
    X: np.ndarray
    offset: np.ndarray | None
    part: slice

    def values(self, x):
        """(n,) offset + X c."""
        out = self.X @ x[self.part]
        return out if self.offset is None else out + self.offset


class Problem:
    """Everything that does not change during the fit.

    Parameters
    ----------
    predictors : sequence of Predictor
        One per argument of the log density, in order.
    stacking : OnePredictor or TwoPredictors
        How linear predictors with random effects become rows with one weight each.
    system : SingleRows, SmallRows or BlockedRows
        The rows of Z, their sums, and the factorisation of M.
    covariance_parameters : CovarianceParameters
        theta of all blocks.
    dear : bool
        Whether a factorisation costs far more than a pass over the rows, so that the factor of an
        earlier point is used again.
    """

    def __init__(self, family, response, predictors, stacking, system, covariance_parameters, dear):
        self.family, self.response, self.predictors = family, response, tuple(predictors)
        self.stacking, self.system, self.dear = stacking, system, dear
        self.covariance_parameters = covariance_parameters
        self.n_fixed = max(p.part.stop for p in self.predictors)
        self.n_parameters = self.n_fixed + covariance_parameters.n_theta
        # one predictor with random effects, as nearly always, needs no lists of its parts
        variables, everything = stacking.variables, range(len(self.predictors))
        self._only = variables[0] if len(variables) == 1 else None
        # per predictor with random effects: keys of the second and the third derivatives by it,
        # with the predictors that they are multiplied by
        self.expansions = [
            (
                a,
                [(tuple(sorted((a, b))), b) for b in everything],
                [(tuple(sorted((a, b, c))), b, c) for b in everything for c in range(b + 1)],
            )
            for a in variables
        ]

    def fixed(self, x):
        """Linear predictors without their random parts."""
        return [p.values(x) for p in self.predictors]

    def theta(self, x):
        return x[self.n_fixed :]

    def with_random(self, fixed, u):
        """Linear predictors with their random parts."""
        out = list(fixed)
        if self._only is not None:
            out[self._only] = out[self._only] + self.system.eta(u)
            return out
        parts = self.stacking.predictors(self.system.eta(u))
        for v, part in zip(self.stacking.variables, parts, strict=True):
            out[v] = out[v] + part
        return out

    def terms(self, fixed, u, order):
        """Derivatives of the log densities at u, by variables: see `Family.derivatives`."""
        return self.terms_of(self.with_random(fixed, u), order, self.stacking.variables)

    def terms_of(self, predictors, order, random=(0,)):
        """Derivatives of the log densities of given linear predictors."""
        terms = self.family.derivatives(self.response, predictors, order, random=random)
        outside = self.family.outside(predictors[0])
        if outside is not None and outside.any():
            terms[()] = np.where(outside, -np.inf, terms[()])
        return terms

    def gathered(self, terms, raw=False):
        """Lambda'Z'l', or Z'l': the derivatives of the log densities by the random effects."""
        if self._only is not None:
            return self.system.gather(terms[self._only,], raw)
        return self.system.gather(
            self.stacking.scores([terms[v,] for v in self.stacking.variables]), raw
        )

    def possible(self, x):
        """Whether the likelihood without random effects is finite at some parameters."""
        return bool(np.isfinite(self.terms_of(self.fixed(x), 0)[()].sum()))

    def information(self, terms):
        """Observed weights: minus the second derivatives, keyed by pairs of variables."""
        out: dict[tuple[int, int], Any] = {}
        variables = self.stacking.variables
        for i, a in enumerate(variables):
            for b in variables[i:]:
                value = terms.get((a, b))
                out[a, b] = np.zeros(self.response.y.shape) if value is None else -value
        return out

    def row_weights(self, terms):
        """Observed weights of the stacked rows."""
        second = None if self._only is None else terms.get((self._only, self._only))
        return self.stacking.weights(self.information(terms)) if second is None else -second

    def safe_weights(self, terms, predictors):
        """Row weights that make M positive definite, where the observed ones do not."""
        w = self.information(terms)
        if len(self.stacking.variables) == 1:
            v = self.stacking.variables[0]
            expected = self.family.expected_information(self.response, predictors)
            return np.where(w[v, v] > 0, w[v, v], expected)
        for key in w:
            w[key] = np.maximum(w[key], 0.05) if key[0] == key[1] else np.zeros(w[key].shape)
        return self.stacking.weights(w)
