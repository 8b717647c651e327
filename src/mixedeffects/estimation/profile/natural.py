"""The covariance of a term whose structure restricts it, by its natural parameters.

The factor of such a term is not made of free entries, so that its standard deviations and
correlations are the coordinates themselves: a standard deviation as it is, and a correlation
between a and b by the angle w,

    correlation = (a + b) / 2 + (b - a) / 2 sin w,

so that the objective is smooth across the ends of its range. The covariance matrix G is smooth in
these coordinates, where Lambda is not at a variance of zero; its derivatives are differences.
"""

from __future__ import annotations

import numpy as np

# steps of first and second differences, relative to a standard deviation and of an angle
STEP, WIDER = 1e-5, 1e-4


class NaturalFactor:
    """The factor L of a term's covariance as a function of its natural coordinates.

    It has the members of `TermFactor` that do not speak of entries of L.

    Parameters
    ----------
    parameters : Parameters
        Of the model's random effects.
    owner : int
        The term.
    """

    def __init__(self, parameters, owner):
        term = parameters.terms[owner]
        self.k, self.order = len(term.columns), tuple(range(len(term.columns)))
        self.block, self.structure, self.columns = term.block, term.structure, term.columns
        self.B = np.linalg.inv(parameters.T_blocks[term.block])[:, self.columns]
        self.scale = np.sqrt((self.B * self.B).sum(axis=0))
        rows, columns = np.array(self.structure.natural).T
        self.is_sd = rows == columns
        self.units = np.where(self.is_sd, 1.0 / self.scale[rows], 1.0)
        low, high = self.structure.correlations
        self._middle, self._half = 0.5 * (low + high), 0.5 * (high - low)

    def place(self, columns):
        """Which coordinate a parameter is that is held, of one column or two."""
        return self.structure.natural.index((columns[-1], columns[0]))

    def factor(self, entries):
        """(k, k) L of the coordinates."""
        angles = self._middle + self._half * np.sin(entries)
        theta = self.structure.from_natural(np.where(self.is_sd, entries, angles))
        return self.structure.factor(theta)

    def of_own(self, L):
        """L of any factor whose rows are in the term's own order: they are kept."""
        return L

    def coordinates(self, L):
        """The coordinates of a factor; of a correlation of nothing the middle of its range."""
        values = self.structure.natural_values(self.structure.theta_of(L))
        with np.errstate(invalid="ignore"):
            sines = np.clip((values - self._middle) / self._half, -1.0, 1.0)
        return np.where(self.is_sd, values, np.arcsin(np.nan_to_num(sines)))

    def differences(self, entries, relative=STEP):
        """(n, k, k) derivatives of G by the coordinates."""
        out = []
        for step in np.diag(self._steps(entries, relative)):
            up, down = self.factor(entries + step), self.factor(entries - step)
            out.append((up @ up.T - down @ down.T) / (2.0 * step.sum()))
        return np.array(out)

    def second_differences(self, entries):
        """(n, n, k, k) second derivatives of G."""
        out = []
        for step in np.diag(self._steps(entries, WIDER)):
            change = self.differences(entries + step, WIDER)
            change = change - self.differences(entries - step, WIDER)
            out.append(change / (2.0 * step.sum()))
        out = np.array(out)
        return 0.5 * (out + out.swapaxes(0, 1))

    def _steps(self, entries, relative):
        """(n,) steps of differences."""
        sizes = np.where(self.is_sd, np.maximum(np.abs(entries), 1e-3 * self.units), 1.0)
        return relative * sizes
