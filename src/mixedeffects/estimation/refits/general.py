"""Refits of any model: the plan, the pattern and the cross-products of X and Z are kept."""

from __future__ import annotations

from copy import copy
from dataclasses import replace

import numpy as np

from mixedeffects.crossprod import CrossProducts
from mixedeffects.engine import Solver, make_plan, with_response
from mixedeffects.estimation.boundary import clearly_regular, singular_directions
from mixedeffects.estimation.minimize import NO_RESIDUAL, rival, settle
from mixedeffects.estimation.newton import ENOUGH, TIGHT, newton, newton_step
from mixedeffects.estimation.objective import LMMObjective
from mixedeffects.estimation.refits.one_factor import store, warm_start
from mixedeffects.estimation.refits.results import CONVERGED, FAILED, SINGULAR
from mixedeffects.estimation.refits.sums import own_sums

# Newton decrement at which a costly search ends; the step that is left leaves a thousandth of it
LAST = 1e-3
# the last pivot of X'V^-1X, of its diagonal entry, below which columns are dependent
DEPENDENT = 1e-10


class General:
    """Fits responses of one design, whatever its grouping factors.

    Parameters
    ----------
    evaluation : Evaluation
        The original fit's optimum.
    """

    def __init__(self, objective, evaluation, plan):
        self.objective, self.plan = objective, plan
        self.start = warm_start(objective, evaluation.theta)
        self.costly = plan.costly

    def prepare(self, n):
        """Nothing is worth preparing for n responses."""

    def batch(self):
        """Replicates to take at a time."""
        return int(max(1, min(16, 4e6 / max(1, sum(map(_product, self._sizes))))))

    @property
    def _sizes(self):
        layout = self.objective.stats.layout
        return list(zip(layout.q, layout.k, strict=True))

    def fit(self, sums, out, rows):
        """Fit responses; see `OneFactor.fit`."""
        for i in range(sums.yy.size):
            self.fit_one(sums, i, out, rows.start + i)

    def fit_one(self, sums, i, out, row):
        """Fit the i-th of several responses."""
        stats = products_with_response(
            self.objective.stats, [zy[i] for zy in sums.zy], sums.xy[i], sums.yy[i]
        )
        objective = copy(self.objective)
        objective.stats = stats
        objective.solver = with_response(self.objective.solver, stats)
        base = sums.base if sums.base.ndim == 1 else sums.base[i]
        self.settle(objective, out, row, base)

    def fit_design(self, design, out, row):
        """Fit another design of the same columns: resampled rows or levels."""
        reference = self.objective.stats.reference
        plan = make_plan(design)
        stats = CrossProducts.of(design, plan.layout, reference)
        self.fit_products((stats, plan), out, row)

    def fit_products(self, products, out, row):
        """Fit other cross-products in the same coordinates; their response as it is.

        Takes products (CrossProducts, Plan).

        Parameters
        ----------
        out, row
            As in `fit_design`.
        """
        stats, plan = products
        objective = LMMObjective(
            stats, Solver(stats, plan), self.objective.parameters, self.objective.reml
        )
        if objective.nu < 1:
            return
        self.settle(objective, out, row, own_sums(stats).base)

    def settle(self, objective, out, row, base):
        """Minimise from the original's optimum; further starts as an ordinary fit has them."""
        options = {"tolerance": LAST if self.costly else TIGHT}
        result = settle(objective, newton, self.start, options)
        if not np.isfinite(result.evaluation.value):
            return
        if not self.costly:
            result = rival(objective, newton, result, options)
        evaluation = _stepped(result) if self.costly else result.evaluation
        RX = evaluation.factorisation.RX
        pivots, sizes = RX.diagonal() ** 2, np.einsum("ij,ij->j", RX, RX)
        dependent = bool((pivots < DEPENDENT * sizes).any())
        exact = evaluation.s2 < NO_RESIDUAL * objective.stats.yy / objective.stats.n
        status = SINGULAR if singular_directions(evaluation, objective.parameters) else CONVERGED
        if dependent or exact or not result.converged:
            status = FAILED
        inverse = np.linalg.inv(RX)
        store(
            objective.stats, out, slice(row, row + 1),
            objective.parameters.to_user(evaluation.theta)[None],
            evaluation.factorisation.beta()[None],
            (inverse @ inverse.T)[None],
            np.array([[evaluation.value, evaluation.s2]]), np.array([status]), base,
        )  # fmt: skip


def _stepped(result):
    """The optimum after the Newton step that is left, without a look at its gradient."""
    at = result.evaluation
    terms = at.objective.parameters.terms
    if not (result.converged and all(clearly_regular(at, term) for term in terms)):
        return at
    step, decrement = newton_step(at.curvature, at.gradient, at.theta)
    if decrement < ENOUGH:
        return at
    after = at.objective.evaluate(at.theta + step)
    return after if after.value < at.value else at


def _product(pair):
    return pair[0] * pair[1]


def products_with_response(stats, zy, xy, yy):
    """Cross-products of the same design with another response.

    Takes xy (p,) array.

    Parameters
    ----------
    zy : sequence of (q, k) arrays
        Z'Wy per block.
    """
    p, layout = stats.p, stats.layout
    xx = stats.xx.copy()
    xx[:p, p] = xx[p, :p] = xy
    xx[p, p] = yy
    rest_fixed, leaf_fixed = stats.rest_fixed.copy(), stats.leaf_fixed
    for f, a in zip(layout.rest, layout.offsets, strict=True):
        rest_fixed[a : a + layout.q[f] * layout.k[f], p] = zy[f].ravel()
    if leaf_fixed is not None:
        leaf_fixed = leaf_fixed.copy()
        leaf_fixed[:, :, p] = zy[layout.leaf]
    return replace(stats, xx=xx, rest_fixed=rest_fixed, leaf_fixed=leaf_fixed)
