"""Block elimination: the leaf level by level (Numba), then the remainder."""

from __future__ import annotations

from typing import Any

import numpy as np

from mixedeffects.covariance import IDENTITY
from mixedeffects.engine import levels
from mixedeffects.engine.coordinates import Coordinates, rest_variates
from mixedeffects.engine.remainder_products import own_values

# 1 - diag(R^-1) below this has lost too many digits to be divided by Lambda twice
CANCELLED = 1e-5
# levels per batch of a matrix product over leaf levels
BATCH = 4096


class Factorisation(Coordinates):
    """M factored with the leaf eliminated first. Takes Lambdas sequence of (k, k) arrays."""

    __slots__ = ("_F", "_FA", "_K", "_U_fixed", "_rest_joint", "_scaled", "_selected")

    def __init__(self, engine, Lambdas):
        stats, layout = engine.stats, engine.layout
        self._engine, self._Lambdas = engine, Lambdas
        self._N = self._FA = self._selected = self._solution = self._rest_joint = None
        self._rest: Any = None
        self.C = xx = stats.xx.copy()
        K, F, KB, self.logdet = levels.eliminate(
            engine.leaf_diag, engine.leaf_fixed, engine.leaf_lambda(Lambdas), engine.leaf_prior, xx
        )
        self.logdet -= engine.log_precision
        self._K, self._F = K, F
        self._scaled = None
        if not layout.m or not np.isfinite(self.logdet):
            return
        U_fixed = self._U_fixed = stats.rest_fixed - engine.crossing.transposed_times(KB)
        self._scaled = engine.scaled(Lambdas)
        self._rest = self._remainder(Lambdas, self._scaled)
        self.logdet += self._rest.logdet
        if np.isfinite(self.logdet):
            xx -= self._rest.inner(self._lambda_t_times(U_fixed))

    def _remainder(self, Lambdas, scaled):
        engine = self._engine
        values = own_values(engine, Lambdas)
        return engine.remainder.of_sums(engine.own_places, values, self._K, scaled)

    def _solved(self):
        """R^-1 Lambda_r'U_fixed, (m, t)."""
        if self._solution is None:
            self._solution = self._rest.solve(self._lambda_t_times(self._U_fixed))
        return self._solution

    def projections(self):
        """Per block: the (q, k, t) array Z'V^-1[X~ y~]."""
        if self._N is None:
            engine, stats, layout = self._engine, self._engine.stats, self._engine.layout
            if not layout.m:
                self._N = {layout.leaf: levels.products(self._F, engine.leaf_fixed)}
                return self._N
            Q = self._lambda_times(self._solved())
            left = engine.leaf_fixed - engine.crossing.times(Q)
            N_rest = stats.rest_fixed - engine.apply_rest(Q)
            N_rest -= engine.crossing.transposed_times(levels.products(self._K, left))
            N_leaf = levels.products(self._F, left)
            out = {} if layout.leaf is None else {layout.leaf: N_leaf}
            self._N = out | self._split(N_rest)
        return self._N

    @property
    def _within(self):
        """F A, Z_j'V_1^-1Z_j of every leaf level."""
        if self._FA is None:
            self._FA = levels.products(self._F, self._engine.leaf_diag)
        return self._FA

    def _select(self):
        """V_j R^-1 V_j' of the leaf's levels, and R^-1 as the remainder keeps it."""
        if self._selected is None:
            P = self._rest.selected()
            self._selected = self._engine.remainder.enclose(P, self._scaled), P
        return self._selected

    def traces(self):
        """Per block: the (k, k) sum over levels of Z_j'V^-1Z_l, times the entries of Q^-1.

        Of the remainder's, Lambda' times it times Lambda is q I less the same sum of Q R^-1.
        """
        layout, priors = self._engine.layout, self._engine.priors
        out = {}
        prior = IDENTITY if layout.leaf is None else priors[layout.leaf]
        W = prior.solve(self._within).sum(axis=0)
        if layout.m:
            S, P = self._select()
            blocks = self._engine.remainder.precision_blocks(P)
            W = W - levels.sandwiches(self._F, prior.solve(S))
            singular = {}
            for f in layout.rest:
                E = np.eye(layout.k[f]) * layout.q[f] - blocks[f].sum(axis=0)
                U, s, Vt = np.linalg.svd(self._Lambdas[f])
                lost = np.diagonal(Vt @ E @ Vt.T) < CANCELLED * layout.q[f]
                if lost.any():
                    singular[f] = (U, s, lost)
                else:
                    inverse = np.linalg.inv(self._Lambdas[f])
                    out[f] = inverse.T @ E @ inverse
            if singular:
                out |= self._singular_traces(singular)
        if layout.leaf is not None:
            out[layout.leaf] = W
        return out

    def _singular_traces(self, singular):
        """Traces of blocks whose Lambda is singular, or so small that 1 - diag(R^-1) cancels.

        With x added to the squared singular values in question, Lambda^-T (q I - tr Q R^-1)
        Lambda^-1 is an analytic function of x; its value at 0 is extrapolated from x, 2x
        and 4x with an error of order (x |U|)^3.
        """
        engine, layout, stats = self._engine, self._engine.layout, self._engine.stats
        size = {f: np.max(stats.rest_diag[layout.rest.index(f)]) for f in singular}
        x = {f: 1e-4 / max(size[f], 1e-300) for f in singular}

        def at(x):
            Lambdas = list(self._Lambdas)
            for f, (U, s, lost) in singular.items():
                Lambdas[f] = U * np.sqrt(s * s + np.where(lost, x[f], 0.0))
            P = self._remainder(Lambdas, engine.scaled(Lambdas)).selected()
            return Lambdas, engine.remainder.precision_blocks(P)

        # what the other blocks absorb may make |U| far smaller than Z'WZ: choose x again
        Lambdas, blocks = at(x)
        for f, (_, _, lost) in singular.items():
            largest = np.max(1.0 - np.diagonal(blocks[f], axis1=1, axis2=2)[:, lost])
            x[f] *= min(max(1e-4 / max(largest, 1e-300), 1.0), 1e8)
        total = dict.fromkeys(singular, 0.0)
        for factor, weight in ((1.0, 8.0 / 3.0), (2.0, -2.0), (4.0, 1.0 / 3.0)):
            Lambdas, blocks = at({f: factor * x[f] for f in singular})
            for f in singular:
                E = np.eye(layout.k[f]) * layout.q[f] - blocks[f].sum(axis=0)
                inverse = np.linalg.inv(Lambdas[f])
                total[f] = total[f] + weight * (inverse.T @ E @ inverse)
        return total

    def quadratics(self, h, G):
        """Inner products f'V^-1f (K, K) and [X~ y~]'V^-1f (t, K) of f = Z G_k h."""
        engine, stats, layout = self._engine, self._engine.stats, self._engine.layout
        W = rest_variates(layout, h, G)
        L = 0 if layout.leaf is None else G[layout.leaf].shape[0]
        H = W.shape[1]
        S = np.zeros((L + H, L + H))
        g = np.zeros((layout.m, L + H))
        x = np.zeros((stats.xx.shape[0], L + H))
        cross = engine.crossing
        if L:
            vG = G[layout.leaf].reshape(L, -1)
            k = layout.k[layout.leaf]
            h_leaf = np.ascontiguousarray(h[layout.leaf])
            second, first = self._leaf_moments(h_leaf)
            S[:L, :L] = vG @ second @ vG.T
            x[:, :L] = first @ vG.T
            if layout.m:
                # row r of the tangle: the sum over levels of (F_j v_jr) h_j', flattened
                Fh = self._F.transpose(0, 2, 1)[:, :, :, None] * h_leaf[:, None, None, :]
                tangle = cross.transposed_times(Fh.reshape(-1, k, k * k))
                np.matmul(tangle, vG.T, out=g[:, :L])
        if layout.m:
            UW = engine.apply_rest(W)
            cross.subtract(self._K, W, UW)
            g[:, L:] = UW
            S[L:, L:] = W.T @ UW
            S[:L, L:] = g[:, :L].T @ W
            S[L:, :L] = S[:L, L:].T
            x[:, L:] = self._U_fixed.T @ W
            g = self._lambda_t_times(g)
            S -= self._rest.inner(g)
            x -= self._solved().T @ g
        back = _design_order(layout, [G[f].shape[0] for f in range(len(G))])
        return S[np.ix_(back, back)], x[:, back]

    def _leaf_moments(self, h):
        """Sums over leaf levels that every working variate is a contraction of.

        Returns
        -------
        second : (k^2, k^2) array
            Entry (ab, cd) is the sum of h_b h_d (F A)_ac.
        first : (t, k^2) array
            Entry (s, ab) is the sum of (F B)_as h_b.
        """
        engine = self._engine
        FA, B = self._within, engine.leaf_fixed
        q, k, t = B.shape
        if engine.layout.m:
            FB = levels.products(self._F, B)
        else:
            FB = self.projections()[engine.layout.leaf]
        second = np.zeros((k * k, k * k))
        for lo in range(0, q, BATCH):
            part = slice(lo, min(lo + BATCH, q))
            hh = (h[part, :, None] * h[part, None, :]).reshape(-1, k * k)
            second += hh.T @ FA[part].reshape(-1, k * k)
        second = second.reshape(k, k, k, k).transpose(2, 0, 3, 1).reshape(k * k, k * k)
        first = (h.T @ FB.reshape(q, k * t)).reshape(k, k, t).transpose(2, 1, 0)
        return second, first.reshape(t, k * k)

    def conditional(self):
        """Per block: the (q, k, k) blocks of Lambda M^-1 Lambda'."""
        layout = self._engine.layout
        out = {}
        blocks = self._K
        if layout.m:
            S, P = self._select()
            rest = self._engine.remainder.diagonal_blocks(P)
            for f in layout.rest:
                Lam = self._Lambdas[f]
                out[f] = Lam @ rest[f] @ Lam.T
            blocks = self._K + self._K @ S @ self._K
        if layout.leaf is not None:
            out[layout.leaf] = blocks
        return out


def _design_order(layout, sizes):
    """Positions, among columns with the leaf's first, of the columns in the design's order."""
    start, at = {}, 0
    for f in ([] if layout.leaf is None else [layout.leaf]) + list(layout.rest):
        start[f] = at
        at += sizes[f]
    parts = [np.arange(start[f], start[f] + size) for f, size in enumerate(sizes)]
    return np.concatenate(parts or [np.empty(0)]).astype(int)
