"""Several linear predictors with random effects, as rows with one weight each.

A row's log density may depend on two predictors with random effects (the mean and the zero
inflation), whose 2 x 2 weight is not diagonal. With z_0, z_1 the predictors' rows of Z,

    w_00 z_0 z_0' + w_11 z_1 z_1' + w_01 (z_0 z_1' + z_1 z_0')
        = (w_00 - w_01) z_0 z_0' + (w_11 - w_01) z_1 z_1' + w_01 (z_0 + z_1)(z_0 + z_1)',

so three rows with scalar weights say the same, and the engine needs to know of nothing else.
"""

from __future__ import annotations

import numpy as np


class OnePredictor:
    """The usual case: the rows of Z are the observations."""

    def __init__(self, n, variables=(0,)):
        self.n, self.variables = n, tuple(variables)

    def predictors(self, rows):
        """Per variable, its part of Z Lambda u."""
        return (rows,)

    def scores(self, parts):
        """A row vector whose Z'r is the sum over predictors of Z_a'r_a."""
        return parts[0]

    def weights(self, w):
        """Row weights of the matrix sum_ab Z_a'diag(w_ab)Z_b, w keyed by pairs of variables."""
        (a,) = self.variables
        return w[a, a]

    def directions(self, parts):
        """Rows of a change of the predictors: what a change of u would give them."""
        return parts[0]

    def products(self, h):
        """z_a'A z_b of every observation from z'Az of every row, keyed by pairs of variables."""
        (a,) = self.variables
        return {(a, a): h}


class TwoPredictors:
    """Two predictors with random effects: three rows an observation, see above."""

    def __init__(self, n, variables):
        self.n, self.variables = n, tuple(variables)

    def predictors(self, rows):
        return rows[: self.n], rows[self.n : 2 * self.n]

    def scores(self, parts):
        first = parts[0]
        return np.concatenate([*parts, np.zeros(first.shape)])

    def weights(self, w):
        a, b = self.variables
        both = w[a, b]
        return np.concatenate([w[a, a] - both, w[b, b] - both, both])

    def directions(self, parts):
        first, second = parts
        return np.concatenate([first, second, first + second])

    def products(self, h):
        n, (a, b) = self.n, self.variables
        first, second, total = h[:n], h[n : 2 * n], h[2 * n :]
        return {(a, a): first, (b, b): second, (a, b): 0.5 * (total - first - second)}


def stack_rows(rows, owner):
    """The three rows an observation of `TwoPredictors`, from rows with the blocks of both.

    Returns a `RandomRows`.

    Parameters
    ----------
    rows : RandomRows
        One row an observation, blocks of both predictors.
    owner : sequence of {0, 1}
        Predictor of every block, in the design's order.
    """
    from dataclasses import replace

    first, second = rows.Z.copy(), rows.Z.copy()
    for f, inside, _ in rows.parts:
        (second if owner[f] == 0 else first)[:, inside] = 0.0
    return replace(
        rows,
        columns=np.concatenate([rows.columns] * 3),
        Z=np.concatenate([first, second, rows.Z]),
        codes=tuple(np.concatenate([c] * 3) for c in rows.codes),
    )
