"""What the parameters of a generalised model are called by the user."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from mixedeffects.estimation.laplace import in_users

# share of the largest coefficient of a direction below which another is not named
PART = 0.02


class Names:
    """What the estimation's parameters are called by the user."""

    def __init__(self, design, groups):
        self._design, self._groups = design, groups

    def coefficients(self, direction):
        """Names of the coefficients that a direction of the parameters is made of."""
        out = []
        for group in self._groups:
            size = np.abs(group.T @ direction[group.part])
            out += list(zip(size.tolist(), self._named(group), strict=True))
        largest = max(size for size, _ in out)
        return [name for size, name in out if size > PART * largest]

    def of_recession(self, recession):
        """A recession in the user's coordinates, and the coefficients that are not finite.

        Parameters
        ----------
        recession : Recession
            In the engine's coordinates of the fixed coefficients.

        Returns
        -------
        recession : Recession
            Over all coefficients, in the order of the fit's parameters.
        names : tuple of str
        """
        found = in_users(recession, self._groups)
        names = [name for group in self._groups for name in self._named(group)]
        moving = np.flatnonzero(np.abs(found.directions).max(axis=0))
        return found, tuple(names[i] for i in moving)

    def _named(self, group):
        prefix = "" if group.name == "conditional" else f"{group.name}: "
        size = group.T.shape[0]
        return [prefix + name for name in coefficient_names(self._design, group.name, size)]

    def term(self, i):
        """Grouping factor of the i-th random term, ``"zi: g"`` in the part of the zeros."""
        design = self._design
        out = [block.factor.name for block in design.blocks for _ in block.terms]
        for name, part in design.others.items():
            out += [f"{name}: {block.factor.name}" for block in part.blocks for _ in block.terms]
        return out[i]


def coefficient_names(design, group, size):
    """Names of one group of coefficients.

    Parameters
    ----------
    group : str
        "conditional", "zi", "dispersion", "df" or "thresholds".
    """
    found = design.predictors.get(group)
    if found is not None:
        return found.x_names
    if group == "thresholds":
        labels = [str(label) for label in design.categories]
        return tuple(f"{a}|{b}" for a, b in pairwise(labels))
    return ("(Intercept)",) * size
