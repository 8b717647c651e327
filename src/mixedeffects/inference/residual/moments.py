"""What a fit has fitted: moments of the response that it makes those of its model."""

from __future__ import annotations

import numpy as np

from mixedeffects.inference.residual.responses import KeptResponses, deviations_of


def fitted_moments(pool, X, blocks):
    """(M, s) moments of every column of a pool that a fit makes those of its model.

    Takes pool (n, M) array; X (n, p) array or ColumnMatrix; blocks sequence of (codes (n,), Z (n,
    k) or None, number of levels).

    Returns
    -------
    (M, s) array
        X'r, and the sums over levels of the products of Z'r within the level, r the deviations from
        the row means in their standard deviations.
    """
    sums = FittedMoments(pool.shape[1], X, blocks)
    for rows, part in KeptResponses(pool).parts():
        away, _, variance = deviations_of(part)
        sums.add(rows, away, variance)
    return sums.moments()


class FittedMoments:
    """Moments that a fit makes those of its model, of rows that come part by part.

    Where `ordered` is the position of a block, rows come in the order of its levels, whose sums are
    not kept beyond the part but for the last level, which the next part may go on with.
    """

    def __init__(self, M, X, blocks, ordered=None):
        self.X, self.blocks, self.ordered = X, blocks, ordered
        self.columns = np.zeros((X.shape[1], M))
        widths = [1 if Z is None else Z.shape[1] for _, Z, _ in blocks]
        self.products = [np.zeros((k * (k + 1) // 2, M)) for k in widths]
        self.sums = [
            np.zeros((1 if i == ordered else levels, k, M))
            for i, ((_, _, levels), k) in enumerate(zip(blocks, widths, strict=True))
        ]
        self.level = -1

    def add(self, rows, away, variance):
        """Rows of a pool, with what `deviations_of` finds; `away` is divided in place."""
        sd = np.sqrt(variance)
        r = away
        r *= np.divide(1.0, sd, out=np.zeros_like(sd), where=sd > 0)[:, None]
        self.columns += np.asarray(self.X[rows]).T @ r
        for i, (codes, Z, _) in enumerate(self.blocks):
            Z = None if Z is None else np.asarray(Z[rows])
            levels, sums = sums_within(np.asarray(codes[rows]), Z, r)
            if i != self.ordered:
                self.sums[i][levels] += sums
                continue
            if levels[0] == self.level:
                sums[0] += self.sums[i][0]
            else:
                self.products[i] += _products(self.sums[i])
            self.products[i] += _products(sums[:-1])
            self.level, self.sums[i] = levels[-1], sums[-1:].copy()

    def moments(self):
        """(M, s) moments of every column, of all rows that came."""
        squares = [p + _products(s) for p, s in zip(self.products, self.sums, strict=True)]
        return np.vstack([self.columns, *squares]).T


def sums_within(codes, Z, r):
    """Levels that occur among rows, and the (levels, k, M) sums of Z'r within each."""
    from scipy.sparse import csr_array

    levels, code = np.unique(codes, return_inverse=True)
    columns = [np.ones(codes.size)] if Z is None else list(Z.T)
    each = np.arange(codes.size)
    indicators = [csr_array((z, (code, each)), shape=(levels.size, codes.size)) for z in columns]
    return levels, np.stack([indicator @ r for indicator in indicators], axis=1)


def _products(sums):
    """(k (k + 1) / 2, M) products of (levels, k, M) sums, over all levels."""
    k = sums.shape[1]
    pairs = [(a, b) for a in range(k) for b in range(a + 1)]
    return np.stack([np.einsum("lm,lm->m", sums[:, a], sums[:, b]) for a, b in pairs])
