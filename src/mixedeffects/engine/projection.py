"""The factorisation a likelihood needs: M eliminated, then the fixed effects.

What every engine offers to an objective, for one Lambda:

logdet, logdet_x : log|M| and log|X~'V^-1X~|
pwrss : y~'Py~
RX, beta() : Cholesky factor of X~'V^-1X~ and the coefficients of X~
scores() : per block, Z'Py (q, k)
traces(projected) : per block, sum_j Z_j'PZ_j or sum_j Z_j'V^-1Z_j (k, k)
quadratics(dG) : f'Pf of the working variates f = Z (dG h) (K, K)
conditional() : per block, Lambda M^-1 Lambda' (q, k, k)
"""

from __future__ import annotations

import numpy as np

from mixedeffects.engine.bordered import BorderedFactorisation, BorderedModel
from mixedeffects.engine.factorisation import Engine


class Solver:
    """Factorises one model at any Lambda, by the engine its layout asks for.

    Parameters
    ----------
    stats : CrossProducts
    plan : Plan, optional
        From `make_plan`; made from the cross-products if not given.
    """

    def __init__(self, stats, plan=None):
        self._small = BorderedModel(stats) if stats.layout.small else None
        self._engine = None if stats.layout.small else Engine(stats, plan)
        self._p = stats.p

    def factorise(self, Lambdas):
        """The factorisation at the given relative factors, one (k, k) array per block."""
        if self._small is not None:
            return BorderedFactorisation(self._small, Lambdas)
        return ProjectedFactorisation(self._engine.factorise(Lambdas), self._p)


class ProjectedFactorisation:
    """Adds the elimination of the fixed effects to a block factorisation.

    Parameters
    ----------
    inner : Factorisation
    p : int
    """

    __slots__ = ("RX", "_c", "_inner", "_scores", "_traces", "_p", "logdet", "logdet_x", "pwrss")

    def __init__(self, inner, p):
        self._inner, self._p, self._scores, self._traces = inner, p, None, None
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

    def scores(self):
        if self._scores is None:
            N, p, beta = self._inner.projections(), self._p, self.beta()
            self._scores = [N[f][:, :, p] - N[f][:, :, :p] @ beta for f in range(len(N))]
        return self._scores

    def traces(self, projected):
        if self._traces is None:
            W = self._inner.traces()
            self._traces = [W[f] for f in range(len(W))]
        if not projected or self._p == 0:
            return self._traces
        p, N, out = self._p, self._inner.projections(), []
        inverse = np.linalg.inv(self.RX)
        for f, W in enumerate(self._traces):
            q, k, _ = N[f].shape
            B = N[f][:, :, :p].reshape(q * k, p) @ inverse
            B = B.reshape(q, k, p).transpose(1, 0, 2).reshape(k, q * p)
            out.append(W - B @ B.T)
        return out

    def quadratics(self, dG):
        S, X = self._inner.quadratics(self.scores(), dG)
        if self._p == 0:
            return S
        B = np.linalg.solve(self.RX.T, X[: self._p])
        return S - B.T @ B

    def conditional(self):
        blocks = self._inner.conditional()
        return [blocks[f] for f in range(len(blocks))]
