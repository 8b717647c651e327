"""One structure with parameters of its own in each of several groups of columns."""

from __future__ import annotations

import numpy as np

from mixedeffects.covariance.base import Covariance


class Grouped(Covariance):
    """A block-diagonal covariance, its blocks of one structure and alike in size.

    It is no structure of a formula: it has no name of its own, and no boundary is looked for.

    Parameters
    ----------
    form : Covariance
        Of the columns of one group.
    groups : int
        How many groups there are; the columns of one stand together.

    Examples
    --------
    >>> import numpy as np
    >>> from mixedeffects.covariance import CompoundSymmetry
    >>> form = Grouped(CompoundSymmetry(2), 2)
    >>> Lambda = form.factor(np.array([1.0, 1.0, 2.0, 2.0]))
    >>> (Lambda @ Lambda.T).round(10).diagonal()
    array([1., 1., 4., 4.])
    """

    name = ""

    def __init__(self, form: Covariance, groups: int) -> None:
        super().__init__(form.k * groups)
        self.form, self.groups = form, groups
        self.n_theta = form.n_theta * groups
        self.words = form.words
        self.within = ()
        self.additive, self.shares = form.additive, form.shares
        steps = [g * form.k for g in range(groups)]
        self.pairs = [(a + i, a + j) for a in steps for i, j in form.pairs]
        self.natural = [(a + i, a + j) for a in steps for i, j in form.natural]
        self.basis = self._spread([form.basis] * groups)

    def _parts(self, theta):
        return np.asarray(theta).reshape(self.groups, self.form.n_theta)

    def _spread(self, blocks):
        """(sum m, k, k) matrices of the groups (m, k / G, k / G), each in its own columns."""
        k = self.form.k
        out = np.zeros((sum(len(block) for block in blocks), self.k, self.k))
        at = 0
        for g, block in enumerate(blocks):
            place = slice(g * k, (g + 1) * k)
            out[at : at + len(block), place, place] = block
            at += len(block)
        return out

    def factor(self, theta):
        return self._spread([self.form.factor(part)[None] for part in self._parts(theta)]).sum(0)

    def derivatives(self, theta):
        return self._spread([self.form.derivatives(part) for part in self._parts(theta)])

    def curvature(self, theta, D):
        k, n = self.form.k, self.form.n_theta
        out = np.zeros((self.n_theta, self.n_theta))
        for g, part in enumerate(self._parts(theta)):
            place, own = slice(g * k, (g + 1) * k), slice(g * n, (g + 1) * n)
            out[own, own] = self.form.curvature(part, D[place, place])
        return out

    def theta_of(self, Lambda):
        k, G = self.form.k, Lambda @ Lambda.T
        out = []
        for g in range(self.groups):
            place = slice(g * k, (g + 1) * k)
            sizes, vectors = np.linalg.eigh(G[place, place])
            out.append(self.form.theta_of(vectors * np.sqrt(np.maximum(sizes, 0.0))))
        return np.concatenate(out)

    def from_natural(self, values):
        parts = np.asarray(values).reshape(self.groups, -1)
        return np.concatenate([self.form.from_natural(part) for part in parts])

    def natural_slopes(self, theta):
        found = [self.form.natural_slopes(part) for part in self._parts(theta)]
        m = len(found[0][0])
        second = np.zeros((self.groups * m, self.groups * m, self.k, self.k))
        k = self.form.k
        for g, (_, bend) in enumerate(found):
            place, own = slice(g * k, (g + 1) * k), slice(g * m, (g + 1) * m)
            second[own, own, place, place] = bend
        return self._spread([first for first, _ in found]), second
