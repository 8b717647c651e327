"""A model with a leaf: what the fixed effects take from the factorisation by blocks."""

from __future__ import annotations

import numpy as np

from mixedeffects.engine.joint import blocked_joint, joint_flops


class ProjectedFactorisation:
    """What `mixedeffects.engine.solver` lists, from a factorisation by blocks."""

    __slots__ = (
        "RX",
        "_c",
        "_inner",
        "_p",
        "_residual_cache",
        "_traces",
        "logdet",
        "logdet_x",
        "pwrss",
    )

    def __init__(self, inner, p):
        self._inner, self._p, self._residual_cache, self._traces = inner, p, None, None
        self.logdet = inner.logdet
        if not np.isfinite(self.logdet):
            return
        C = inner.C
        try:
            L = np.linalg.cholesky(C[:p, :p])
        except np.linalg.LinAlgError:
            self.logdet = np.inf
            return
        self.RX = L.T
        self.logdet_x = 2.0 * float(np.log(L.diagonal()).sum())
        self._c = np.linalg.solve(L, C[:p, p]) if p else C[:0, p]
        self.pwrss = float(C[p, p] - self._c @ self._c)

    def beta(self):
        return np.linalg.solve(self.RX, self._c) if self._p else self._c

    @property
    def _residuals(self):
        """Per block, Z'V^-1 [X~ RX^-1, y~ - X~ beta], (q, k, t)."""
        if self._residual_cache is None:
            N, p = self._inner.projections(), self._p
            T = np.eye(p + 1)
            T[:p, :p] = np.linalg.inv(self.RX)
            T[:p, p] = -self.beta()
            self._residual_cache = [
                (N[f].reshape(-1, p + 1) @ T).reshape(N[f].shape) for f in range(len(N))
            ]
        return self._residual_cache

    def scores(self):
        return [np.ascontiguousarray(B[:, :, -1]) for B in self._residuals]

    def spread_scores(self):
        priors = self._inner._engine.priors
        return [prior.solve(h) for prior, h in zip(priors, self.scores(), strict=True)]

    def moments(self):
        priors = self._inner._engine.priors
        return [h.T @ prior.solve(h) for prior, h in zip(priors, self.scores(), strict=True)]

    def fixed_scores(self):
        return [B[:, :, :-1] for B in self._residuals]

    def traces(self, projected):
        if self._traces is None:
            W = self._inner.traces()
            self._traces = [W[f] for f in range(len(W))]
        if not projected or self._p == 0:
            return self._traces
        out = []
        priors = self._inner._engine.priors
        for prior, B, W in zip(priors, self._residuals, self._traces, strict=True):
            B = B[:, :, :-1]
            out.append(W - np.tensordot(prior.solve(B), B, axes=((0, 2), (0, 2))))
        return out

    def quadratics(self, dG):
        S, X = self._inner.quadratics(self.spread_scores(), dG)
        if self._p == 0:
            return S
        B = np.linalg.solve(self.RX.T, X[: self._p])
        return S - B.T @ B

    def expected(self, dG, projected):
        return None

    def joint(self, codes, Z):
        return blocked_joint(self._inner, codes, Z)

    def joint_flops(self, n):
        return joint_flops(self._inner, n)

    def conditional(self):
        blocks = self._inner.conditional()
        return [blocks[f] for f in range(len(blocks))]
