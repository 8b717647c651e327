"""A small model, all dense: one Cholesky factor, one triangular solve, one product.

With at most a hundred random-effect columns the cost of a fit is the number of calls, not of
operations. The fixed-effect columns join the random ones in one bordered matrix,

    [Lambda'Z'WZ Lambda + Q   Lambda'Z'WX]
    [X'WZ Lambda              X'WX       ] = L L',

and with Y = L^-1 [Lambda 0; 0 I]'[Z X]'W[Z X y] everything else is a block of
[Z X y]'W[Z X y] - Y'Y = [Z X y]'P[Z X y].
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.linalg.lapack import dpotrf, dtrtrs  # pyright: ignore[reportAttributeAccessIssue]

from mixedeffects.engine.joint import dense_joint
from mixedeffects.engine.priors import log_determinant, rest_entries

add = np.add.reduce


class BorderedModel:
    """Cross-products and index arrays that do not change with Lambda.

    Parameters
    ----------
    stats : CrossProducts
        With ``layout.small``.
    """

    def __init__(self, stats, priors):
        layout = stats.layout
        self.priors = priors
        m, p = layout.m, stats.p
        self.m, self.p = m, p
        zz, zx, xx = stats.rest_dense, stats.rest_fixed, stats.xx
        all_products = np.empty((m + p + 1, m + p + 1))
        all_products[:m, :m] = zz
        all_products[:m, m:] = zx
        all_products[m:, :m] = zx.T
        all_products[m:, m:] = xx
        self.all = all_products
        self.identity, self.blocks, self.ridge, self.precision, self.log_precision = _places(
            layout, p, priors
        )


@lru_cache(maxsize=64)
def _places(layout, p, priors):
    """What does not depend on data: positions of the blocks; positions and values of Q, log|Q|."""
    n = layout.m + p
    blocks = []
    for f, offset in zip(layout.rest, layout.offsets, strict=True):
        q, k = layout.q[f], layout.k[f]
        first = offset + k * np.arange(q)[:, None, None]
        inside = np.arange(k)
        place = (first + inside[:, None]) * n + first + inside
        blocks.append((f, offset, q, k, place))
    row, column, value = rest_entries(layout, priors)
    return np.eye(n), tuple(blocks), row * n + column, value, log_determinant(layout, priors)


class BorderedFactorisation:
    """What `mixedeffects.engine.solver` lists, at one Lambda.

    Takes Lambdas sequence of (k, k) arrays.
    """

    __slots__ = ("_L", "_Y", "_model", "_products", "lambdas", "logdet", "logdet_x", "pwrss")

    def __init__(self, model, Lambdas):
        self._model, self.lambdas, self._products = model, Lambdas, None
        m = model.m
        Lam = model.identity.copy()
        flat = Lam.reshape(-1)
        for f, _, _, _, place in model.blocks:
            flat[place] = Lambdas[f]
        half = Lam.T @ model.all[:-1]
        R = half[:, :-1] @ Lam
        R.reshape(-1)[model.ridge] += model.precision
        L, info = dpotrf(R.T, lower=0, overwrite_a=1, clean=0)
        if info != 0:
            self.logdet = np.inf
            return
        self._L = L
        logs = np.log(L.diagonal())
        self.logdet = 2.0 * float(add(logs[:m])) - model.log_precision
        self.logdet_x = 2.0 * float(add(logs[m:]))
        self._Y = Y = dtrtrs(L, half, lower=0, trans=1)[0]
        c = Y[:, -1]
        self.pwrss = float(model.all[-1, -1] - c @ c)

    @property
    def products(self):
        """[Z X y]'P[Z X y]; what belongs to X is zero."""
        if self._products is None:
            Y = self._Y
            self._products = self._model.all - Y.T @ Y
        return self._products

    @property
    def RX(self):
        m = self._model.m
        return np.triu(self._L[m:, m:])

    def beta(self):
        m = self._model.m
        if self._model.p == 0:
            return np.zeros(0)
        return dtrtrs(self._L[m:, m:], self._Y[m:, -1], lower=0, trans=0)[0]

    def scores(self):
        h = self.products[:, -1]
        return [
            h[offset : offset + q * k].reshape(q, k) for _, offset, q, k, _ in self._model.blocks
        ]

    def spread_scores(self):
        priors = self._model.priors
        return [prior.solve(h) for prior, h in zip(priors, self.scores(), strict=True)]

    def moments(self):
        priors = self._model.priors
        return [h.T @ prior.solve(h) for prior, h in zip(priors, self.scores(), strict=True)]

    def fixed_scores(self):
        m = self._model.m
        B = self._Y[m:, :m].T
        return [
            B[offset : offset + q * k].reshape(q, k, -1)
            for _, offset, q, k, _ in self._model.blocks
        ]

    def _random_products(self, projected):
        """Z'PZ, or Z'V^-1Z, in the first m rows and columns."""
        if projected:
            return self.products
        m = self._model.m
        Y = self._Y[:m, :m]
        return self._model.all[:m, :m] - Y.T @ Y

    def traces(self, projected):
        S = self._random_products(projected)
        out = []
        for f, offset, q, k, _ in self._model.blocks:
            part, prior = S[offset : offset + q * k, offset : offset + q * k], self._model.priors[f]
            if not prior.unit:
                part = prior.solve(part.reshape(q, -1)).reshape(part.shape)
            if k == 1:
                out.append(np.full((1, 1), part.trace()))
            else:
                out.append(np.einsum("jajb->ab", part.reshape(q, k, q, k)))
        return out

    def quadratics(self, dG):
        m = self._model.m
        W = np.zeros((sum(G.shape[0] for G in dG), m))
        at, spread = 0, self.spread_scores()
        for (_, offset, q, k, _), G, h in zip(self._model.blocks, dG, spread, strict=True):
            W[at : at + G.shape[0], offset : offset + q * k] = (h @ G).reshape(-1, q * k)
            at += G.shape[0]
        return W @ self.products[:m, :m] @ W.T

    def expected(self, dG, projected):
        """tr(P V_k P V_l), V_k = Z (Q^-1 x dG_k) Z', or with V^-1 in place of P: (K, K)."""
        S, priors = self._random_products(projected), self._model.priors
        rows = []
        for (f, i, q, k, _), Gi in zip(self._model.blocks, dG, strict=True):
            row = []
            for (g, j, r, c, _), Gj in zip(self._model.blocks, dG, strict=True):
                part = S[i : i + q * k, j : j + r * c].reshape(q, k, r, c)
                flat = part.transpose(1, 3, 0, 2).reshape(k * c, q * r)
                other = flat
                if not (priors[f].unit and priors[g].unit):
                    spread = priors[g].solve(priors[f].solve(part).transpose(2, 1, 0, 3))
                    other = spread.transpose(1, 3, 2, 0).reshape(k * c, q * r)
                pairs = (flat @ other.T).reshape(k, c, k, c).transpose(0, 2, 1, 3)
                left = Gi.reshape(-1, k * k) @ pairs.reshape(k * k, c * c)
                row.append(left @ Gj.reshape(-1, c * c).T)
            rows.append(np.concatenate(row, axis=1))
        return np.concatenate(rows)

    def joint(self, codes, Z):
        m = self._model.m
        half = np.linalg.inv(np.triu(self._L[:m, :m]))
        places = [(offset, k) for _, offset, _, k, _ in self._model.blocks]
        half = np.concatenate(
            [
                (Lam @ half[offset : offset + q * k].reshape(q, k, m)).reshape(q * k, m)
                for Lam, (_, offset, q, k, _) in zip(self.lambdas, self._model.blocks, strict=True)
            ]
        )
        return dense_joint(places, half @ half.T, codes, Z)

    def joint_flops(self, n):
        return float(n) * sum(k for _, _, _, k, _ in self._model.blocks) ** 2

    def conditional(self):
        m = self._model.m
        inverse = np.linalg.inv(np.triu(self._L[:m, :m]))
        M_inverse = inverse @ inverse.T
        out = []
        for f, offset, q, k, _ in self._model.blocks:
            part = M_inverse[offset : offset + q * k, offset : offset + q * k]
            blocks = np.einsum("jajb->jab", part.reshape(q, k, q, k))
            out.append(self.lambdas[f] @ blocks @ self.lambdas[f].T)
        return out
