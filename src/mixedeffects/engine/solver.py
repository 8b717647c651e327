"""The factorisation a likelihood needs: M eliminated, then the fixed effects.

What every engine offers to an objective, for one Lambda:

logdet, logdet_x : log|M| - log|Q| and log|X~'V^-1X~|
pwrss : y~'Py~, the penalised weighted residual sum of squares
RX, beta() : Cholesky factor of X~'V^-1X~ and the coefficients of X~
scores() : per block, h = Z'Py (q, k)
spread_scores() : per block, Q^-1h (q, k), so that b = Q^-1h G
moments() : per block, h'Q^-1h (k, k)
fixed_scores() : per block, Z'V^-1X~ RX^-1 (q, k, p)
traces(projected) : per block, sum_jl (Q^-1)_jl Z_j'PZ_l, or the same with V^-1 for P (k, k)
quadratics(dG) : f'Pf of the working variates f = Z (dG Q^-1h) (K, K)
expected(dG, projected) : tr(P V_k P V_l) or tr(V^-1 V_k V^-1 V_l), V_k = Z (Q^-1 x dG_k) Z' (K, K);
    None where the engine has no cheap way to it
conditional() : per block, Lambda M^-1 Lambda' (q, k, k)
joint(codes, Z) : z'Lambda M^-1 Lambda'z of rows with levels of several blocks (n,)
joint_flops(n) : operations of that for n rows
"""

from __future__ import annotations

import numpy as np

from mixedeffects.engine.bordered import BorderedFactorisation, BorderedModel
from mixedeffects.engine.joint import blocked_joint, joint_flops
from mixedeffects.engine.priors import identities


class Solver:
    """Factorises one model at any Lambda, by the engine its layout asks for.

    Parameters
    ----------
    plan : Plan, optional
        From `make_plan`; made from the cross-products if not given.
    """

    def __init__(self, stats, plan=None):
        self._p, self._small, self._engine = stats.p, None, None
        if stats.layout.small:
            priors = identities(stats.layout) if plan is None else plan.priors
            self._small = BorderedModel(stats, priors)
        else:
            from mixedeffects.engine.elimination import Engine

            self._engine = Engine(stats, plan)

    def factorise(self, Lambdas):
        """The factorisation at the given relative factors, one (k, k) array per block."""
        if self._engine is None:
            return BorderedFactorisation(self._small, Lambdas)
        return ProjectedFactorisation(self._engine.factorise(Lambdas), self._p)


class ProjectedFactorisation:
    """Adds the elimination of the fixed effects to a block factorisation."""

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
