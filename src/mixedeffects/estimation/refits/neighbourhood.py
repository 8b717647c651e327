"""What responses with optima near one theta have in common: determinants, and a few fits.

log|V| and X'V^-1X depend on theta alone, and smoothly. In a box about a theta a polynomial through
a few dozen points has them; its degree in each coordinate follows from how far the box is from
variances below zero, where they are singular.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations, product
from math import log
from typing import Any

import numpy as np

from mixedeffects.crossprod.parallel import cores, in_parallel
from mixedeffects.engine import threads_for
from mixedeffects.estimation.refits.polynomial import Box, Interpolant, powers

# half the width of a box, in standard errors of theta
WIDTH = 5.0
# half-width of boxes for responses unlike the fit's, of the theta at their centre
SPAN = 0.4
# least half-width, in standard errors
NARROWEST = 2.0
# how near a standard deviation may come to zero within a box, of that at its centre
NEAREST = 0.3
# error of the polynomial that is aimed at
EXACT = 1e-7
# how far beyond what was aimed at the polynomial's error may be where it is looked at
FAR = 100.0
# evaluations of an objective, with its derivatives, that a fit of its own takes
OWN = 12
# parameters, and nodes of a polynomial, above which responses have little in common
MOST_PARAMETERS, MOST_NODES = 6, 1000
# parameters up to which anchors stand at all corners
MOST_CORNERS = 3


@dataclass(frozen=True, slots=True, eq=False)
class Neighbourhood:
    """What responses with optima near one theta have in common.

    Attributes
    ----------
    box : Box
    polynomial : Interpolant
        Of the objective less its residual term, then of the entries of X~'V^-1X~.
    anchors : list of Evaluation
    """

    box: Box
    polynomial: Interpolant
    anchors: list[Any]
    outer: bool = False


class Neighbourhoods:
    """Makes neighbourhoods for the responses of one design.

    Parameters
    ----------
    evaluation : Evaluation
        The original fit's optimum.
    plan : Plan
        Of the design.
    root : (m, m) array, optional
        B with B B' the covariance of theta; by the curvature if not given.
    """

    def __init__(self, evaluation, plan, root=None):
        self.objective, self.theta, self.plan = evaluation.objective, evaluation.theta, plan
        self.rows, self.columns = np.tril_indices(self.objective.p)
        self._root = _root(evaluation) if root is None else root
        terms = self.objective.parameters.terms
        places = [(t, *at) for t in terms for at in t.structure.positions]
        self._diagonal = np.array([r == c for _, r, c in places])
        # the standard deviation in whose row each theta stands
        self._beside = np.array([places.index((t, r, r)) for t, r, _ in places])
        self.n_anchors = len(design(self.theta.size, 1.0, 1.0))

    def first(self, n):
        """About the fit's theta, for n responses; None if it does not pay, False if never."""
        if self._root is None:
            return False
        box = self._box(self.theta, self._root)
        if box is None:
            return False
        if not self.pays(len(powers(self._degrees(box))), n):
            return None
        with threads_for(0 if self.plan.costly else self.plan.columns):
            return self._neighbourhood(box, n) or False

    @property
    def regular(self):
        """Whether the curvature is that of a minimum."""
        return self._root is not None

    def pays(self, nodes, n):
        """Whether n responses take longer one by one."""
        return nodes <= MOST_NODES and OWN * n > 2 * (nodes + 2 * self.n_anchors)

    def _box(self, centre, root):
        """A box about theta in which no variance comes near zero, None if that would be tiny."""
        B = WIDTH * root
        room = (1.0 - NEAREST) * centre
        if not (room[self._diagonal] > 0).all():
            return None
        for i in np.flatnonzero(self._diagonal):
            j = int(np.argmax(np.abs(B[i])))
            most = room[i] - (np.abs(B[i]).sum() - abs(B[i, j]))
            if most < NARROWEST / WIDTH * abs(B[i, j]):
                return None
            B[:, j] *= min(1.0, most / abs(B[i, j]))
        return Box(centre, B)

    def _neighbourhood(self, box, n):
        """The `Neighbourhood` of a box for n responses, None where no polynomial is exact."""
        m, known = self.theta.size, {}
        looked = np.array([np.full(m, 0.55), np.full(m, -0.45)])
        right = self._values(box.theta(looked))
        for more in (0, 3):
            polynomial = Interpolant([d + more for d in self._degrees(box)])
            if more and not self.pays(len(polynomial.nodes), n):
                break
            # Leja's points stay when the degrees grow
            places = [tuple(a) for a in polynomial.powers.tolist()]
            new = [i for i, a in enumerate(places) if a not in known]
            found = self._values(box.theta(polynomial.nodes[new]))
            known |= {places[i]: row for i, row in zip(new, found, strict=True)}
            values = np.array([known[a] for a in places])
            if not (np.isfinite(values).all() and np.isfinite(right).all()):
                break
            off = polynomial.through(values).values(looked) - right
            if np.abs(off[:, 0]).max() < FAR * EXACT:
                return Neighbourhood(box, polynomial, self._anchors(box))
        return None

    def _degrees(self, box):
        """For the error wanted: singularities of log|V| lie at negative variances."""
        with np.errstate(divide="ignore"):
            z = np.abs(box.centre[self._beside, None] / box.B).min(axis=0)
        ratio = z + np.sqrt(z * z + 1.0)
        return np.clip(np.ceil(1.0 - log(EXACT) / np.log(ratio)), 2, 40).astype(int).tolist()

    def _values(self, thetas):
        """(N, 1 + p (p + 1) / 2) values for the polynomial, on threads where they take long."""
        objective, out = self.objective, [np.empty(0)] * len(thetas)
        workers = cores() if self.plan.costly else 1

        def work(worker):
            for i in range(worker, len(thetas), workers):
                at = objective.evaluate(thetas[i])
                if not np.isfinite(at.value):
                    out[i] = np.full(1 + self.rows.size, np.nan)
                    continue
                RX = at.factorisation.RX
                residual = objective.nu * (1.0 + log(2.0 * np.pi * at.s2))
                out[i] = np.append(at.value - residual, (RX.T @ RX)[self.rows, self.columns])

        in_parallel(work, workers)
        return np.array(out)

    def _anchors(self, box, outer=False):
        """Evaluations at the thetas of which random effects are taken; a wider set if `outer`."""
        x = design(self.theta.size, *((3.8, 2.7) if outer else (2.5, 1.7))) / WIDTH
        return [self.objective.evaluate(theta) for theta in box.theta(x)]

    def next(self, near, theta, n):
        """The neighbourhood of what is left, or None.

        A wider set of anchors where most optima are in the box; else a box about their median.
        """
        if not self.pays(0, n):
            return None
        inside = (np.abs(near.box.inside(theta)) < 1.0).all(axis=1)
        if not near.outer and inside.mean() > 0.5:
            return replace(near, anchors=self._anchors(near.box, outer=True), outer=True)
        known, diagonal = np.isfinite(theta).all(axis=1), self._diagonal
        if self._root is None or not known.any():
            return None
        centre = np.median(theta[known], axis=0)
        scale = np.abs(SPAN * centre / (WIDTH * np.diagonal(self._root)))
        scale[~diagonal] = scale[diagonal].mean()
        box = self._box(centre, self._root * scale)
        if box is None or not self.pays(len(powers(self._degrees(box))), n):
            return None
        return self._neighbourhood(box, n)


def design(m, axes, corners):
    """Points about a centre: on the axes, and at corners of all coordinates, or of pairs of many.

    Examples
    --------
    >>> design(2, 2.0, 1.0).tolist()[:4]
    [[0.0, 0.0], [2.0, 0.0], [-2.0, -0.0], [0.0, 2.0]]
    >>> [len(design(m, 1.0, 1.0)) for m in (1, 2, 3, 4)]
    [5, 9, 15, 15]
    """
    unit = np.eye(m)
    x = [np.zeros(m), *(sign * axes * e for e in unit for sign in (1.0, -1.0))]
    if m <= MOST_CORNERS:
        x += [corners * np.array(signs) for signs in product((1.0, -1.0), repeat=m)]
    else:
        x += [corners * (unit[i] + unit[j]) for i, j in combinations(range(m), 2)]
    return np.array(x)


def _root(evaluation):
    """B with B B' the covariance of theta by the curvature; None where it is not positive."""
    try:
        return np.linalg.cholesky(2.0 * np.linalg.inv(evaluation.curvature))
    except np.linalg.LinAlgError:
        return None
