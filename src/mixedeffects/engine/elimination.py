"""From theta's Lambda to everything an objective needs: log|M|, V^-1 products, traces.

M = Lambda'Z'WZ Lambda + Q, Q the prior precision, is factored by block elimination. The leaf's
levels go first, each by a k x k Cholesky factorisation; what they leave on the other columns is the
remainder R (`mixedeffects.engine.remainder`). With U the remainder's unscaled Schur complement,

    R = Lambda_r'U Lambda_r + Q_r,    V^-1 = W - WZ Lambda M^-1 Lambda'Z'W.

This module knows no formula, no likelihood and no theta.
"""

from __future__ import annotations

import numpy as np

from mixedeffects.engine.blocked import Factorisation
from mixedeffects.engine.priors import leaf_diagonal, log_determinant
from mixedeffects.engine.remainder import REMAINDERS
from mixedeffects.engine.remainder_products import own_matrix, own_places


class Engine:
    """Factorises M for the cross-products of one model, for any Lambda.

    Parameters
    ----------
    stats : CrossProducts
        Not of a ``small`` layout.
    plan : Plan, optional
        From `make_plan` for the same design: the kind of remainder, and its pattern. Without one
        the pattern is analysed here.

    Raises
    ------
    PlanTooLargeError
        Without a plan, when neither a dense nor a sparse remainder fits in memory.
    """

    def __init__(self, stats, plan=None):
        self.stats = stats
        layout = self.layout = stats.layout
        if plan is None:
            from mixedeffects.engine.plan import plan_products

            plan = plan_products(stats)
        self.priors = plan.priors
        self.leaf_prior = leaf_diagonal(layout, plan.priors)
        self.log_precision = log_determinant(layout, plan.priors)
        t = stats.xx.shape[0]
        if layout.leaf is None:  # a leaf without levels: nothing is eliminated first
            self.leaf_diag, self.leaf_fixed = np.zeros((0, 1, 1)), np.zeros((0, 1, t))
        else:
            self.leaf_diag, self.leaf_fixed = stats.leaf_diag, stats.leaf_fixed
        q, k, _ = self.leaf_diag.shape
        cross = stats.leaf_cross
        if cross is None:
            met = np.zeros(q + 1, dtype=np.int64), np.empty(0, dtype=np.int32), np.empty((0, k))
        else:
            met = cross.indptr, cross.index, cross.value
        self.remainder = REMAINDERS[plan.remainder](met, layout, plan.priors, plan.symbolic)
        self.crossing = self.remainder.crossing
        self.own = own_matrix(stats)
        self.own_places = self.remainder.places(*own_places(stats))
        kmax = max((layout.k[f] for f in layout.rest), default=1)
        self._widest = kmax
        self._within = np.concatenate(
            [np.tile(np.arange(layout.k[f]), layout.q[f]) for f in layout.rest] or [[]]
        ).astype(np.int32)
        self._factor_of = np.repeat(
            np.arange(len(layout.rest)), [layout.q[f] * layout.k[f] for f in layout.rest]
        ).astype(np.int32)

    def factorise(self, Lambdas):
        """Factor M at the given relative factors.

        Returns a `Factorisation`.

        Parameters
        ----------
        Lambdas : sequence of (k, k) arrays
            One per block, in the design's order; any square matrices.
        """
        return Factorisation(self, Lambdas)

    def leaf_lambda(self, Lambdas):
        """Lambda of the leaf, C-contiguous."""
        leaf = self.layout.leaf
        return np.eye(1) if leaf is None else np.ascontiguousarray(Lambdas[leaf], dtype=float)

    def scaled(self, Lambdas):
        """The leaf's cross-products times the remainder's Lambda, (nnz, k)."""
        return self._scale_columns(self.crossing.index, self.crossing.value, 0, Lambdas)

    def scaled_rows(self, a, b, Lambdas):
        """Lambda_a'(cross-products)Lambda_b of two blocks of the remainder, (nnz, k_a)."""
        rows, layout = self.stats.rest_cross[a, b], self.layout
        value = self._scale_columns(rows.index, rows.value, layout.offsets[b], Lambdas)
        return value @ Lambdas[layout.rest[a]]

    def _scale_columns(self, index, value, offset, Lambdas):
        layout = self.layout
        if self._widest == 1:
            lam = np.concatenate(
                [np.full(layout.q[f], Lambdas[f][0, 0]) for f in layout.rest] or [np.empty(0)]
            )
            return value * lam[index + offset, None]
        from mixedeffects.engine.kernels import rest

        Lams = np.zeros((max(1, len(layout.rest)), self._widest, self._widest))
        for i, f in enumerate(layout.rest):
            k = layout.k[f]
            Lams[i, :k, :k] = Lambdas[f]
        out = np.empty_like(value)
        rest.scale_columns(index, value, offset, self._within, self._factor_of, Lams, out)
        return out

    def apply_rest(self, W):
        """A_rr W, the remainder's cross-products before elimination, times W."""
        return self.own @ W
