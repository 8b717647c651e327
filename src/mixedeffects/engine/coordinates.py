"""The remainder's columns, block by block."""

from __future__ import annotations

import numpy as np


class Coordinates:
    """Lambda of the remainder times matrices, for a factorisation that has `_Lambdas`.

    Attributes
    ----------
    logdet : float
        log|M| - log|Q|.
    C : (t, t) array
        [X~ y~]'V^-1[X~ y~].
    """

    __slots__ = ("C", "_Lambdas", "_N", "_engine", "_rest", "_solution", "logdet")

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


def rest_variates(layout, h, G):
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
