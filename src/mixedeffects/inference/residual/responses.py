"""The response of a fit beside simulations of it: kept, or drawn again whenever they are read.

Of 700,000 rows, 250 simulations are 1.4 GB. Statistics of them need some rows at a time, so beyond
`KEPT` numbers only a seed is kept, and every part of the rows has a stream of random numbers of its
own, from the seed and the number of the part.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from mixedeffects.inference.prediction.rows import random_part
from mixedeffects.inference.prediction.simulate import finite_responses, simulated

# numbers up to which the simulations are kept
KEPT = 10_000_000
# numbers in a part of the rows
PART = 250_000


def rows_at_once(M):
    """How many rows of M numbers make a part."""
    return max(1, PART // M)


def deviations_of(part):
    """(rows, M) deviations of responses from the row means, (rows,) means and variances."""
    mean = part.mean(axis=1)
    away = part - mean[:, None]
    return away, mean, np.einsum("ij,ij->i", away, away) / part.shape[1]


@dataclass(frozen=True, slots=True, eq=False)
class KeptResponses:
    """Responses and simulations as an array.

    Attributes
    ----------
    values : (n, M) array
        Column 0 is the response.
    """

    values: np.ndarray

    own: ClassVar[None] = None

    @property
    def shape(self):
        return self.values.shape

    @property
    def observed(self):
        return self.values[:, 0]

    def parts(self):
        """Yield rows (a slice) and their (rows, M) responses, all rows in turn."""
        step = rows_at_once(self.shape[1])
        for lo in range(0, self.shape[0], step):
            yield slice(lo, lo + step), self.values[lo : lo + step]

    def whole(self):
        return self.values


class DrawnResponses:
    """Responses and simulations that are drawn anew, the same ones, whenever they are read.

    The random effects of a level are the same in all its rows. Those of the factor with the most
    levels would take as much memory as the simulations: the parts are rows in the order of its
    levels, each part draws those of its levels, and only levels at the edges of parts, whose rows
    two parts may share, are drawn before.

    Parameters
    ----------
    fit : Fit
        The model that is simulated.
    m : int
        Simulations.
    seed : int
        What the simulations follow from.
    groups : {"new", "conditional"}
        As in `quantile_residuals`.
    """

    def __init__(self, fit: Any, m, seed, groups):
        self.fit, self.m, self.seed, self.groups = fit, m, seed, groups
        self.shape = (fit.design.n, m + 1)
        effects = fit.random_effects if groups == "new" else ()
        sizes = [block.factor.n_levels * block.k for block, _, _, _ in effects]
        #: position of the effects that parts draw for themselves, or None
        self.own = int(np.argmax(sizes)) if max(sizes, default=0) * (m + 1) > KEPT else None

    @property
    def observed(self):
        """(n,) responses."""
        return self.fit.response.y

    @cached_property
    def _order(self):
        """Rows in the order of the levels that parts draw, or None for the order they have."""
        if self.own is None:
            return None
        return np.argsort(self.fit.random_effects[self.own][0].factor.codes, kind="stable")

    def parts(self):
        """Yield rows and their (rows, M) responses, all rows in turn."""
        n, M = self.shape
        step, order = rows_at_once(M), self._order
        fixed, effects = self._before_the_parts()
        edges = {}
        if self.own is not None and order is not None:
            block, _, root, _ = self.fit.random_effects[self.own]
            ends = block.factor.codes[order[np.r_[0:n:step, step - 1 : n : step]]]
            edges = {int(code): self._drawn(block, root, 1, (2, int(code)))[0] for code in ends}
        for number, lo in enumerate(range(0, n, step)):
            rows = slice(lo, min(lo + step, n)) if order is None else order[lo : lo + step]
            rng = self._stream(0, number)
            predictors = [x[rows] for x in fixed]
            count = predictors[0].size
            for position, drawn in effects:
                block, owner, root, _ = self.fit.random_effects[position]
                codes = np.asarray(block.factor.codes[rows])
                if drawn is None:
                    levels, codes = np.unique(codes, return_inverse=True)
                    drawn = self._drawn(block, root, levels.size, (1, number))
                    for at in (0, levels.size - 1):
                        drawn[at] = edges.get(int(levels[at]), drawn[at])
                values = predictors[owner].reshape(count, -1)
                Z = None if block.Z is None else np.asarray(block.Z[rows])
                for a in range(block.k):
                    own = drawn[:, a][codes]
                    values = values + (own if Z is None else Z[:, a, None] * own)
                predictors[owner] = values
            part = np.empty((count, M))
            part[:, 0] = self.fit.response.y[rows]
            part[:, 1:] = self._responses(rng, rows, predictors)
            yield rows, part

    def whole(self):
        """(n, M) array, of as many numbers as that is."""
        values = np.empty(self.shape)
        for rows, part in self.parts():
            values[rows] = part
        return values

    def _before_the_parts(self):
        """Per predictor its (n,) part that all simulations have; positions and draws of effects."""
        fixed = [np.broadcast_to(x, (self.shape[0],)) for x in self.fit.fixed_predictors]
        effects = []
        for i, (block, owner, root, modes) in enumerate(self.fit.random_effects):
            if self.groups == "conditional":
                fixed[owner] = fixed[owner] + random_part([(block.factor.codes, block.Z)], [modes])
            else:
                levels = block.factor.n_levels
                drawn = None if i == self.own else self._drawn(block, root, levels, (3, i))
                effects.append((i, drawn))
        return fixed, effects

    def _drawn(self, block, root, levels, stream):
        """(levels, k, m) random effects."""
        z = self._stream(*stream).standard_normal((levels, block.k, self.m))
        return z * root[0, 0] if block.k == 1 else root @ z

    def _stream(self, kind, number):
        return np.random.Generator(np.random.SFC64([self.seed, kind, number]))

    def _responses(self, rng, rows, predictors):
        """(rows, m) responses given (rows,) or (rows, m) linear predictors."""
        from mixedeffects.family import Response, require_means

        family, given, count = self.fit.family, self.fit.response, predictors[0].shape[0]

        def flat(x):
            return np.broadcast_to(x.reshape(count, -1), (count, self.m)).reshape(-1)

        size, weights = (None if x is None else flat(x[rows]) for x in (given.size, given.weights))
        response = Response(flat(given.y[rows]), size, weights)
        predictors = [flat(x) for x in predictors]
        with np.errstate(over="ignore"):  # means that are too large for a number
            require_means(family, predictors[0])
            if family.ordinal:
                y = family.sample_categories(rng, predictors[0], self.fit.extras["thresholds"])
            else:
                y = family.sample(rng, predictors, response)
        return finite_responses(y, family).reshape(count, self.m)


def responses_of(fit, m, rng, groups):
    """The response of a fit beside m simulations of it."""
    if fit.design.n * (m + 1) > KEPT:
        return DrawnResponses(fit, m, int(rng.integers(2**63)), groups)
    values = np.empty((fit.design.n, m + 1))
    values[:, 0] = fit.response.y
    for i, y in enumerate(simulated(fit, m, rng, groups=groups), 1):
        values[:, i] = y
    return KeptResponses(values)
