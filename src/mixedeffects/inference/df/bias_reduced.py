"""CR2's adjusted products of every cluster, without matrices of the size of a cluster.

With V_c = LL', CR2's adjustment is A = L (L'(V_c - X^X^')L)^(-1/2) L' (any L gives the same),
a function of V_c and X^_c. If the weights are constant within the cluster, V_c is a multiple of
the identity off the span of [Z_c X^_c]; so is A, and everything that is summed can be computed
in an orthonormal basis of that span, whose coordinates follow from cross-products. So a
cluster of 70,000 rows with twenty random effects costs as much as one of 25 rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.engine import free_memory
from mixedeffects.errors import NotAvailableError, PlanTooLargeError

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit

# eigenvalues of a scaled Gram matrix that count as zero
NO_DIRECTION = 1e-11
# numbers per batch of matrices
BATCH = 2_000_000
SHARE = 0.5
# seconds of one adjustment on one core of today, per r, r^2 and r^3
SECONDS = (1e-6, 1e-7, 5e-10)
LONGEST_SECONDS = 900.0


def adjusted_products(fit: Fit, gls, clusters):
    """Scores and products of the adjusted columns G_c = A_c V_c^-1 X^_c.

    Returns
    -------
    scores : (J, p) array
        G_c'e_c.
    Phi : (J, p, p) array
        G_c'V_c G_c.
    U : (J, p, p) array
        G_c'X^_c.

    Raises
    ------
    PlanTooLargeError, NotAvailableError
        When that would take too much memory or time.
    """
    J, p = clusters.n, gls.p
    scores, Phi, U = np.empty((J, p)), np.empty((J, p, p)), np.empty((J, p, p))
    if p == 0:
        return scores, Phi, U
    bases = Bases(fit, gls, clusters)
    bases.require()
    for members, matrices in bases.batches():
        scores[members], Phi[members], U[members] = adjust(*matrices)
    return scores, Phi, U


def adjust(V, X, e):
    """CR2 for a batch of clusters of one size.

    Takes V (b, r, r) array; X (b, r, p) array; e (b, r) array.

    Returns
    -------
    (b, p), (b, p, p), (b, p, p) arrays
        G'e, G'VG and G'X with G = A V^-1 X.

    Examples
    --------
    Without leverage there is nothing to adjust:

    >>> import numpy as np
    >>> s, Phi, U = adjust(np.eye(2)[None], np.array([[[1e-9], [1e-9]]]), np.array([[3.0, 1.0]]))
    >>> s / 1e-9
    array([[4.]])
    """
    L = np.linalg.cholesky(V)
    Lt = L.transpose(0, 2, 1)
    H, Y = Lt @ L, Lt @ X
    values, E = np.linalg.eigh(H @ H - Y @ Y.transpose(0, 2, 1))
    r = V.shape[1]
    smallest = np.finfo(float).eps * 8.0 * max(r, 10) * values[:, -1:]
    kept = values > smallest
    inverse_root = np.where(kept, 1.0, 0.0) / np.sqrt(np.where(kept, values, 1.0))
    J = L @ E
    K = (E.transpose(0, 2, 1) @ np.linalg.solve(L, X)) * inverse_root[:, :, None]
    # G = J K
    Kt = K.transpose(0, 2, 1)
    G = J @ K
    scores = (G.transpose(0, 2, 1) @ e[:, :, None])[:, :, 0]
    half = Lt @ G
    return scores, half.transpose(0, 2, 1) @ half, Kt @ (J.transpose(0, 2, 1) @ X)


class Bases:
    """How large the matrices of every cluster are, and the matrices, batch by batch.

    A cluster is kept as its rows when these are few or have different weights, else in a
    basis of its columns.
    """

    def __init__(self, fit: Fit, gls, clusters):
        self.gls, self.clusters, self.design = gls, clusters, fit.design
        # random effects without variance have no columns
        self.roots = [root[:, np.abs(root).max(axis=0) > 0] for root in gls.roots]
        self.blocks = [
            (block, root, _local_codes(block.factor, clusters))
            for block, root in zip(fit.design.blocks, self.roots, strict=True)
            if root.shape[1]
        ]
        wide = np.full(clusters.n, gls.p)
        for _, root, (_, counts) in self.blocks:
            wide = wide + root.shape[1] * counts
        as_rows = clusters.sizes <= wide
        if fit.design.weights is not None:
            weights, first = fit.design.weights[clusters.order], clusters.start[:-1]
            as_rows |= np.minimum.reduceat(weights, first) < np.maximum.reduceat(weights, first)
        self.as_rows, self.size = as_rows, np.where(as_rows, clusters.sizes, wide)

    def require(self):
        """Refuse what would take too much memory or time."""
        largest = float(self.size.max())
        size = self.size.astype(float)
        seconds = sum(each * float((size**k).sum()) for k, each in enumerate(SECONDS, 1))
        wanted = 8.0 * 8.0 * max(largest**2, BATCH)
        available = free_memory() if wanted > 2e8 else None
        other = (
            f"a cluster of '{self.clusters.name}' leads to dense matrices of order {largest:,.0f}"
        )
        advice = 'use "CR0", which needs none, or "satterthwaite"'
        if available is not None and wanted > SHARE * available:
            raise PlanTooLargeError(
                f"CR2 needs {wanted / 1e9:.1f} GB and {available / 1e9:.1f} GB are free: "
                f"{other}\n{advice}"
            )
        if seconds > LONGEST_SECONDS:
            raise NotAvailableError(
                f"CR2 would take about {seconds / 60:,.0f} minutes: {other}\n{advice}"
            )

    def batches(self):
        """Clusters of one size at a time: their numbers, and V, X^ and e."""
        key = 2 * self.size + self.as_rows
        for value in np.unique(key):
            members = np.flatnonzero(key == value)
            r, rows = int(value // 2), bool(value % 2)
            step = max(1, BATCH // (r * r))
            for lo in range(0, members.size, step):
                part = members[lo : lo + step]
                yield part, self._by_rows(part, r) if rows else self._by_columns(part, r)

    def _by_rows(self, members, r):
        """V, X^ and e of clusters of r rows each."""
        clusters, design, p = self.clusters, self.design, self.gls.p
        rows = clusters.order[clusters.start[members][:, None] + np.arange(r)]
        flat = rows.ravel()
        columns = self.gls.columns(flat).reshape(*rows.shape, p + 1)
        V = np.zeros((*rows.shape, r))
        noise = 1.0 if design.weights is None else 1.0 / design.weights[rows]
        V[:, np.arange(r), np.arange(r)] = noise
        for block, root, _ in self.blocks:
            Z = np.full((flat.size, 1), root) if block.Z is None else block.Z[flat] @ root
            Z = Z.reshape(*rows.shape, -1)
            codes = block.factor.codes[rows]
            V += (Z @ Z.transpose(0, 2, 1)) * (codes[:, :, None] == codes[:, None, :])
        return V, columns[:, :, :p], columns[:, :, p]

    def _by_columns(self, members, m):
        """V, X^ and e in an orthonormal basis of [Z X^], for clusters with m columns each."""
        gram, rhs = self._gram(members, m)
        scale = np.sqrt(np.einsum("jaa->ja", gram))
        scale[scale == 0] = 1.0
        values, E = np.linalg.eigh(gram / (scale[:, :, None] * scale[:, None, :]))
        kept = values > NO_DIRECTION * values[:, -1:]
        length = np.sqrt(np.where(kept, values, 0.0))
        inverse = np.where(kept, 1.0, 0.0) / np.where(kept, length, 1.0)
        Et = E.transpose(0, 2, 1)
        C = length[:, :, None] * Et * scale[:, None, :]
        e = inverse * (Et @ (rhs / scale)[:, :, None])[:, :, 0]
        width = m - self.gls.p
        Z = C[:, :, :width]
        V = Z @ Z.transpose(0, 2, 1)
        noise = 1.0
        if self.design.weights is not None:
            first = self.clusters.order[self.clusters.start[members]]
            noise = 1.0 / self.design.weights[first][:, None]
        V[:, np.arange(m), np.arange(m)] += noise
        return V, C[:, :, width:], e

    def _gram(self, members, m):
        """[Z X^]'[Z X^] (b, m, m) and [Z X^]'e (b, m) of some clusters."""
        clusters, p = self.clusters, self.gls.p
        b = members.size
        gram, rhs = np.zeros((b, m, m)), np.zeros((b, m))
        flat_gram, flat_rhs = gram.reshape(-1), rhs.reshape(-1)
        for which, rows in _row_pieces(clusters, members):
            columns = self.gls.columns(rows)
            places, values = [], []
            at = np.zeros(clusters.n, dtype=np.intp)
            for block, root, (local, counts) in self.blocks:
                k = root.shape[1]
                Z = np.full((rows.size, k), root) if block.Z is None else block.Z[rows] @ root
                first = at[clusters.codes[rows]] + k * local[block.factor.codes[rows]]
                places += [first + a for a in range(k)]
                values += [Z[:, a] for a in range(k)]
                at = at + k * counts
            width = m - p
            for a in range(p):
                places.append(np.full(rows.size, width + a))
                values.append(columns[:, a])
            for a, (one, left) in enumerate(zip(places, values, strict=True)):
                np.add.at(flat_rhs, which * m + one, left * columns[:, p])
                for other, right in zip(places[a:], values[a:], strict=True):
                    np.add.at(flat_gram, (which * m + one) * m + other, left * right)
        upper = np.triu(np.ones((m, m), dtype=bool), 1)
        # columns are listed block by block, so every product stands above the diagonal or on it
        gram += np.where(upper, gram, 0.0).transpose(0, 2, 1)
        return gram, rhs


def _row_pieces(clusters, members, rows=500_000):
    """Position among `members` and row number of their rows, so many at a time."""
    sizes = clusters.sizes[members]
    which = np.repeat(np.arange(members.size), sizes)
    offset = np.arange(which.size) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    found = clusters.order[clusters.start[members][which] + offset]
    for lo in range(0, which.size, rows):
        yield which[lo : lo + rows], found[lo : lo + rows]


def _local_codes(factor, clusters):
    """Number of each level of a nested factor within its cluster, and levels per cluster."""
    home = np.empty(factor.n_levels, dtype=np.intp)
    home[factor.codes] = clusters.codes
    counts = np.bincount(home, minlength=clusters.n)
    first = np.cumsum(counts) - counts
    local = np.empty(factor.n_levels, dtype=np.intp)
    order = np.argsort(home, kind="stable")
    local[order] = np.arange(factor.n_levels) - first[home[order]]
    return local, counts
