"""From theta's Lambda to everything an objective needs: log|M|, V^-1 products, traces.

M = Lambda'Z'WZ Lambda + I is factored by block elimination. The leaf's levels go first,
each by a k x k Cholesky factorisation; what they leave on the other columns is the
remainder R, which is factored densely. With U the remainder's unscaled Schur complement,

    R = Lambda_r'U Lambda_r + I = LL',    V^-1 = W - WZ Lambda M^-1 Lambda'Z'W.

This module knows no formula, no likelihood and no theta.
"""

from __future__ import annotations

import numpy as np

from mixedeffects.engine.dense import DenseRemainder

NO_INDEX = np.empty(0, dtype=np.int32)


class Engine:
    """Factorises M for the cross-products of one model, for any Lambda.

    Parameters
    ----------
    stats : CrossProducts
    """

    def __init__(self, stats):
        self.stats = stats
        layout = stats.layout
        self.layout = layout
        self.blocks = len(layout.q)
        if layout.leaf is not None:
            q = layout.q[layout.leaf]
            cross = stats.leaf_cross
            if cross is None:
                k = layout.k[layout.leaf]
                self.indptr = np.zeros(q + 1, dtype=np.int64)
                self.index, self.value = NO_INDEX, np.empty((0, k))
            else:
                self.indptr, self.index, self.value = cross.indptr, cross.index, cross.value
        kmax = max((layout.k[f] for f in layout.rest), default=1)
        self._Lams = np.zeros((max(1, len(layout.rest)), kmax, kmax))
        self._within = np.concatenate(
            [np.tile(np.arange(layout.k[f]), layout.q[f]) for f in layout.rest] or [[]]
        ).astype(np.int32)
        self._factor_of = np.repeat(
            np.arange(len(layout.rest)), [layout.q[f] * layout.k[f] for f in layout.rest]
        ).astype(np.int32)

    def factorise(self, Lambdas):
        """Factor M at the given relative factors.

        Parameters
        ----------
        Lambdas : sequence of (k, k) arrays
            One per block, in the design's order; any square matrices.

        Returns
        -------
        Factorisation
        """
        if self.layout.small:
            return SmallFactorisation(self, Lambdas)
        return Factorisation(self, Lambdas)

    def scaled(self, rows, offset):
        """Compressed rows times the remainder's Lambda (set by the last `factorise`)."""
        from mixedeffects.engine.kernels import rest

        out = np.empty_like(rows.value)
        rest.scale_columns(
            rows.index, rows.value, offset, self._within, self._factor_of, self._Lams, out
        )
        return out

    def apply_rest(self, W):
        """A_rr W, the remainder's cross-products before elimination, times W."""
        from mixedeffects.engine.kernels import rest

        stats, layout = self.stats, self.layout
        W = np.ascontiguousarray(W)
        out = np.zeros_like(W)
        for diag, offset in zip(stats.rest_diag, layout.offsets, strict=True):
            rest.apply_diagonal(diag, offset, W, out)
        for (a, b), rows in stats.rest_cross.items():
            rest.apply_rows(
                rows.indptr, rows.index, rows.value, layout.offsets[a], layout.offsets[b], W, out
            )
        return out


class _Base:
    """What both factorisations offer, from `logdet`, `C`, `_Y`, `_rest` and `_Lambdas`.

    Attributes
    ----------
    logdet : float
        log|M|.
    C : (t, t) array
        [X~ y~]'V^-1[X~ y~].
    """

    __slots__ = ("C", "_Lambdas", "_N", "_Y", "_engine", "_rest", "logdet")

    def _lambda_times(self, B):
        """Lambda_r B for B of m rows."""
        return self._blockwise(B, transpose=False)

    def _lambda_t_times(self, B):
        return self._blockwise(B, transpose=True)

    def _blockwise(self, B, transpose):
        layout = self._engine.layout
        out = np.empty_like(B)
        for f, offset in zip(layout.rest, layout.offsets, strict=True):
            q, k = layout.q[f], layout.k[f]
            part = slice(offset, offset + q * k)
            Lam = self._Lambdas[f]
            if k == 1:
                np.multiply(B[part], Lam[0, 0], out=out[part])
            else:
                Lam = Lam.T if transpose else Lam
                out[part] = np.matmul(Lam, B[part].reshape(q, k, -1)).reshape(q * k, -1)
        return out

    def _split(self, N_rest):
        layout = self._engine.layout
        return {
            f: N_rest[offset : offset + layout.q[f] * layout.k[f]].reshape(
                layout.q[f], layout.k[f], -1
            )
            for f, offset in zip(layout.rest, layout.offsets, strict=True)
        }


class SmallFactorisation(_Base):
    """Everything dense, by NumPy and LAPACK alone: for a few dozen columns."""

    __slots__ = ("_A", "_R_half")

    def __init__(self, engine, Lambdas):
        stats = engine.stats
        self._engine, self._Lambdas, self._N, self._R_half = engine, Lambdas, None, None
        A = self._A = stats.rest_dense
        half = self._lambda_t_times(A)
        R = self._lambda_t_times(np.ascontiguousarray(half.T))
        R.flat[:: R.shape[0] + 1] += 1.0
        self._R_half = half
        self._rest = DenseRemainder(R)
        self.logdet = self._rest.logdet
        if not np.isfinite(self.logdet):
            return
        self._Y = self._rest.forward(self._lambda_t_times(stats.rest_fixed))
        self.C = stats.xx - self._Y.T @ self._Y

    def projections(self):
        """Per block: the (q, k, t) array Z'V^-1[X~ y~]."""
        if self._N is None:
            stats = self._engine.stats
            Q = self._lambda_times(self._rest.backward(self._Y))
            self._N = self._split(stats.rest_fixed - self._A @ Q)
        return self._N

    def traces(self):
        """Per block: the (k, k) sum over levels of Z_j'V^-1Z_j."""
        layout, stats = self._engine.layout, self._engine.stats
        Y = self._rest.forward(self._R_half)
        out = {}
        for i, (f, offset) in enumerate(zip(layout.rest, layout.offsets, strict=True)):
            q, k = layout.q[f], layout.k[f]
            part = Y[:, offset : offset + q * k].reshape(-1, q, k)
            W = np.empty((k, k))
            for a in range(k):
                for b in range(a + 1):
                    W[a, b] = W[b, a] = np.vdot(part[:, :, a], part[:, :, b])
            out[f] = stats.rest_diag[i].sum(axis=0) - W
        return out

    def quadratics(self, h, G):
        """Inner products f'V^-1f (K, K) and [X~ y~]'V^-1f (t, K) of f = Z G_k h."""
        W = _rest_variates(self._engine.layout, h, G)
        AW = self._A @ W
        Yw = self._rest.forward(self._lambda_t_times(AW))
        S = W.T @ AW - Yw.T @ Yw
        X = self._engine.stats.rest_fixed.T @ W - self._Y.T @ Yw
        return S, X

    def conditional(self):
        """Per block: the (q, k, k) blocks of Lambda M^-1 Lambda'."""
        return _rest_conditional(self)


class Factorisation(_Base):
    """Leaf by Numba kernels, remainder by LAPACK."""

    __slots__ = ("_scaled",)

    def __init__(self, engine, Lambdas):
        from mixedeffects.engine.kernels import leaf, rest

        stats, layout = engine.stats, engine.layout
        self._engine, self._Lambdas, self._N = engine, Lambdas, None
        m = layout.m
        for i, f in enumerate(layout.rest):
            k = layout.k[f]
            engine._Lams[i, :k, :k] = Lambdas[f]
        R = np.zeros((m, m))
        R.flat[:: m + 1] = 1.0
        for i, f in enumerate(layout.rest):
            Lam = Lambdas[f]
            rest.scatter_diagonal(Lam.T @ stats.rest_diag[i] @ Lam, layout.offsets[i], R)
        for (a, b), rows in stats.rest_cross.items():
            value = engine.scaled(rows, layout.offsets[b]) @ Lambdas[layout.rest[a]]
            rest.scatter_rows(
                rows.indptr, rows.index, value, layout.offsets[a], layout.offsets[b], R
            )
        Rx = self._lambda_t_times(stats.rest_fixed)
        xx = stats.xx.copy()
        logdet = 0.0
        self._scaled = None
        if layout.leaf is not None:
            self._scaled = (
                engine.value if stats.leaf_cross is None else engine.scaled(stats.leaf_cross, 0)
            )
            logdet = leaf.schur(
                stats.leaf_diag, stats.leaf_fixed, engine.indptr, engine.index, self._scaled,
                Lambdas[layout.leaf], R, Rx, xx,
            )  # fmt: skip
            lower = np.tril(xx, -1)
            xx = lower + lower.T + np.diag(np.diagonal(xx))
        self.logdet = logdet
        self._rest = None
        self._Y = np.zeros((0, xx.shape[0]))
        if m:
            self._rest = DenseRemainder(R)
            self.logdet += self._rest.logdet
            if np.isfinite(self.logdet):
                self._Y = self._rest.forward(Rx)
                xx -= self._Y.T @ self._Y
        self.C = xx

    def projections(self):
        """Per block: the (q, k, t) array Z'V^-1[X~ y~]."""
        if self._N is None:
            from mixedeffects.engine.kernels import leaf

            engine, stats, layout = self._engine, self._engine.stats, self._engine.layout
            if layout.m:
                Q = self._lambda_times(self._rest.backward(self._Y))
                Q = np.ascontiguousarray(Q)
                N_rest = stats.rest_fixed - engine.apply_rest(Q)
            else:
                Q = N_rest = np.zeros((0, stats.xx.shape[0]))
            out = {}
            if layout.leaf is not None:
                N_leaf = np.empty_like(stats.leaf_fixed)
                leaf.project(
                    stats.leaf_diag, stats.leaf_fixed, engine.indptr, engine.index, engine.value,
                    self._Lambdas[layout.leaf], Q, N_leaf, N_rest,
                )  # fmt: skip
                out[layout.leaf] = N_leaf
            self._N = out | self._split(N_rest)
        return self._N

    def traces(self):
        """Per block: the (k, k) sum over levels of Z_j'V^-1Z_j."""
        from mixedeffects.engine.kernels import leaf

        engine, stats, layout = self._engine, self._engine.stats, self._engine.layout
        out = {}
        P = self._rest.inverse() if layout.m else np.zeros((0, 0))
        if layout.leaf is not None:
            k = layout.k[layout.leaf]
            W = np.empty((k, k))
            leaf.trace(
                stats.leaf_diag, engine.indptr, engine.index, self._scaled,
                self._Lambdas[layout.leaf], P, W,
            )  # fmt: skip
            out[layout.leaf] = W
        for i, f in enumerate(layout.rest):
            out[f] = self._rest_trace(i, f)
        return out

    def _rest_trace(self, i, f):
        """Lambda^-T (q I - tr R^-1) Lambda^-1, or column by column when Lambda is singular."""
        engine, layout = self._engine, self._engine.layout
        q, k = layout.q[f], layout.k[f]
        Lam = self._Lambdas[f]
        size = np.trace(engine.stats.rest_diag[i].sum(axis=0)) / (q * k)
        if np.linalg.svd(Lam, compute_uv=False)[-1] ** 2 * size > 1e-6:
            E = q * np.eye(k) - self._rest.block_trace(layout.offsets[i], q, k)
            inverse = np.linalg.inv(Lam)
            return inverse.T @ E @ inverse
        W = np.zeros((k, k))
        batch = max(1, int(2e7) // max(1, layout.m * k))
        for lo in range(0, q, batch):
            levels = np.arange(lo, min(lo + batch, q))
            columns = (layout.offsets[i] + levels[:, None] * k + np.arange(k)).ravel()
            unit = np.zeros((layout.m, columns.size))
            unit[columns, np.arange(columns.size)] = 1.0
            U = self._apply_schur(unit)
            Y = self._rest.forward(self._lambda_t_times(U))
            Y = Y.reshape(-1, levels.size, k)
            U = U[columns].reshape(levels.size, k, levels.size, k)
            W += np.einsum("jajb->ab", U) - np.einsum("mja,mjb->ab", Y, Y)
        return W

    def _apply_schur(self, W):
        """U W, the remainder after elimination of the leaf, unscaled, times W."""
        from mixedeffects.engine.kernels import leaf

        engine, stats, layout = self._engine, self._engine.stats, self._engine.layout
        out = engine.apply_rest(W)
        if layout.leaf is not None:
            q, k, _ = stats.leaf_fixed.shape
            none = np.zeros((q, k, W.shape[1]))
            minus = np.zeros_like(out)
            leaf.project(
                stats.leaf_diag, none, engine.indptr, engine.index, engine.value,
                self._Lambdas[layout.leaf], np.ascontiguousarray(W), none, minus,
            )  # fmt: skip
            out -= minus
        return out

    def quadratics(self, h, G):
        """Inner products f'V^-1f (K, K) and [X~ y~]'V^-1f (t, K) of f = Z G_k h."""
        from mixedeffects.engine.kernels import leaf

        engine, stats, layout = self._engine, self._engine.stats, self._engine.layout
        W = _rest_variates(layout, h, G)
        L = 0 if layout.leaf is None else G[layout.leaf].shape[0]
        H = W.shape[1]
        t = stats.xx.shape[0]
        S = np.zeros((L + H, L + H))
        g = np.zeros((layout.m, L + H))
        x = np.zeros((t, L + H))
        if layout.leaf is not None:
            f = layout.leaf
            leaf.working(
                stats.leaf_diag, stats.leaf_fixed, engine.indptr, engine.index, engine.value,
                self._Lambdas[f], np.ascontiguousarray(h[f]), G[f], W, S, g, x,
            )  # fmt: skip
            S[:L, L:] = S[L:, :L].T
        if H:
            AW = engine.apply_rest(W)
            S[L:, L:] += W.T @ AW
            g[:, L:] += AW
            x[:, L:] += stats.rest_fixed.T @ W
        if layout.m:
            Yw = self._rest.forward(self._lambda_t_times(g))
            S -= Yw.T @ Yw
            x -= self._Y.T @ Yw
        # leaf first, then the remainder: back to the design's order of blocks
        sizes = {f: G[f].shape[0] for f in range(len(G))}
        start, at = {}, 0
        order = ([] if layout.leaf is None else [layout.leaf]) + list(layout.rest)
        for f in order:
            start[f] = at
            at += sizes[f]
        back = np.concatenate(
            [np.arange(start[f], start[f] + sizes[f]) for f in range(len(G))] or [[]]
        ).astype(int)
        return S[np.ix_(back, back)], x[:, back]

    def conditional(self):
        """Per block: the (q, k, k) blocks of Lambda M^-1 Lambda'."""
        from mixedeffects.engine.kernels import leaf

        engine, stats, layout = self._engine, self._engine.stats, self._engine.layout
        out = _rest_conditional(self) if layout.m else {}
        if layout.leaf is not None:
            P = self._rest.inverse() if layout.m else np.zeros((0, 0))
            blocks = np.empty_like(stats.leaf_diag)
            leaf.conditional(
                stats.leaf_diag, engine.indptr, engine.index, self._scaled,
                self._Lambdas[layout.leaf], P, blocks,
            )  # fmt: skip
            out[layout.leaf] = blocks
        return out


def _rest_variates(layout, h, G):
    """W (m, H): the remainder's working variates G_k h_j, one column per derivative."""
    H = sum(G[f].shape[0] for f in layout.rest)
    W = np.zeros((layout.m, H))
    at = 0
    for f, offset in zip(layout.rest, layout.offsets, strict=True):
        q, k = layout.q[f], layout.k[f]
        for Gk in G[f]:
            W[offset : offset + q * k, at] = (h[f] @ Gk.T).ravel()
            at += 1
    return W


def _rest_conditional(factorisation):
    layout = factorisation._engine.layout
    out = {}
    for f, offset in zip(layout.rest, layout.offsets, strict=True):
        Lam = factorisation._Lambdas[f]
        blocks = factorisation._rest.diagonal_blocks(offset, layout.q[f], layout.k[f])
        out[f] = Lam @ blocks @ Lam.T
    return out
