"""What a likelihood needs of a response: Z'Wy, X'Wy and y'Wy, for many responses at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedeffects.covariance import PriorWeights

# sum of squares about the least-squares fit, of the response's own, that is rounding alone
ROUNDING = 1e-26
# the same above which taking the fit out once leaves digits enough
LARGE = 1e-8


@dataclass(frozen=True, slots=True, eq=False)
class ResponseSums:
    """Sums of R responses in the engine's coordinates.

    Attributes
    ----------
    zy : tuple of (R, q, k) arrays
        Per block of the design.
    xy : (R, p) array
    yy : (R,) array
    base : (R, p) or (p,) array
        Coefficients, in the user's coordinates, of the part of the response that was taken out
        before summing; to be added to the estimates.
    """

    zy: tuple[np.ndarray, ...]
    xy: np.ndarray
    yy: np.ndarray
    base: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class MomentSums:
    """Moments of R responses over classes of levels: see `engine.kernels.moments`.

    Attributes
    ----------
    moments : (xy (R, C, k p, k), yy (R, C, k, k))
    xy, yy, base
        As in `ResponseSums`.
    """

    moments: tuple[np.ndarray, np.ndarray]
    xy: np.ndarray
    yy: np.ndarray
    base: np.ndarray


class RowCounts(PriorWeights):
    """The noise of rows that occur a number of times each, some of them never.

    Takes counts (n,) array, and the prior weights (n,) of the rows or None.
    """

    def __init__(self, counts, weights):
        super().__init__(counts if weights is None else counts * weights)
        self._log = 0.0 if weights is None else float(counts @ np.log(weights))

    def log_determinant(self):
        return self._log


class RowSums:
    """Sums responses given row by row."""

    def __init__(self, design, stats):
        from scipy import sparse

        self.design, self.stats = design, stats
        n, p = design.n, stats.p
        T, T_blocks = stats.reference.T, stats.reference.T_blocks
        w = design.weights
        self.X = np.asarray(design.X @ T[:p, :p])
        self.WX = self.X if w is None else self.X * w[:, None]
        self.Z = []
        rows = np.arange(n)
        for block, Tz in zip(design.blocks, T_blocks, strict=True):
            k = block.k
            Z = np.ones((n, 1)) if block.Z is None else np.asarray(block.Z @ Tz)
            if w is not None:
                Z = Z * w[:, None]
            column = block.factor.codes.astype(np.int64)[:, None] * k + np.arange(k)
            self.Z.append(
                sparse.csr_matrix(
                    (Z.ravel(), (np.repeat(rows, k), column.ravel())),
                    shape=(n, block.factor.n_levels * k),
                ).T.tocsr()
            )

    def __call__(self, Y):
        """Sums of the columns of Y (n, R), the offset already taken out.

        The least-squares fit on X is taken out first: sums of squares of a response with a large
        mean would lose the digits that matter. A response of which nothing is left then has sums of
        zero, at which no model can be fitted.
        """
        stats, design = self.stats, self.design
        p = stats.p
        R = Y.shape[1]
        base = np.zeros((R, p))
        if p:
            XX, size = stats.xx[:p, :p], np.einsum("nr,nr->r", Y, Y)
            for _ in range(2):
                shift = np.linalg.solve(XX, self.WX.T @ Y)
                Y = Y - self.X @ shift
                base += (stats.reference.T[:p, :p] @ shift).T
                left = np.einsum("nr,nr->r", Y, Y)
                if (left > LARGE * size).all():
                    break
            Y[:, left < ROUNDING * size] = 0.0
        zy = tuple(
            np.ascontiguousarray((Z @ Y).T).reshape(R, block.factor.n_levels, block.k)
            for Z, block in zip(self.Z, design.blocks, strict=True)
        )
        WY = Y if design.weights is None else Y * design.weights[:, None]
        xy = np.ascontiguousarray((self.WX.T @ Y).T)
        return ResponseSums(zy, xy, np.einsum("nr,nr->r", WY, Y), base)


def centred_rows(design, stats):
    """[X~ y~], the columns that cross-products are made of, (n, p + 1)."""
    T, p = stats.reference.T, stats.p
    y = design.y if design.offset is None else design.y - design.offset
    out = np.empty((design.n, p + 1))
    out[:, :p] = design.X @ T[:p, :p]
    out[:, p] = design.X @ T[:p, p] + y
    return out


def own_sums(stats):
    """The sums of the response the cross-products were made of."""
    p, layout = stats.p, stats.layout
    parts = [np.empty(0)] * len(layout.q)
    for f, a in zip(layout.rest, layout.offsets, strict=True):
        part = stats.rest_fixed[a : a + layout.q[f] * layout.k[f], p]
        parts[f] = part.reshape(1, layout.q[f], layout.k[f])
    if layout.leaf is not None:
        parts[layout.leaf] = stats.leaf_fixed[None, :, :, p]
    return ResponseSums(
        tuple(np.ascontiguousarray(v) for v in parts),
        stats.xx[:p, p][None].copy(),
        stats.xx[p, p][None].copy(),
        -stats.reference.T[:p, p],
    )
