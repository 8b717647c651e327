"""Many random effects: the leaf's levels are eliminated first, then the remainder."""

from __future__ import annotations

from typing import Any

import numpy as np

from mixedeffects.crossprod import rows_against
from mixedeffects.engine.kernels import rows as kernels
from mixedeffects.engine.priors import leaf_diagonal, log_determinant
from mixedeffects.engine.remainder import REMAINDERS, RowPlaces
from mixedeffects.engine.rows.layout import precision_of

NO_ROWS = np.empty(0)


class BlockedRows:
    """Sums over rows for a model whose largest block is eliminated level by level.

    Parameters
    ----------
    rows : RandomRows
        With the leaf first.
    blocks : sequence of Block
        Of the observations; `rows` may have several rows an observation, one after the other.
    """

    def __init__(self, rows, blocks, plan):
        self.rows, self.layout, self.width = rows, plan.layout, rows.width
        leaf = rows.order[0]
        self.q, self.k = rows.q[leaf], rows.k[leaf]
        self.first = self.q * self.k
        self.Z, self._Lambdas = rows.Z, None
        n, K = rows.Z.shape
        if self.width == self.first:
            met = np.zeros(self.q + 1, dtype=np.int64), np.empty(0, dtype=np.int32)
        else:
            ones = [np.eye(b.k) for b in blocks]
            found = rows_against(blocks, leaf, rows.order[1:], ones, NO_ROWS)
            met = found.indptr, found.index
        self.entries = met[1].size
        value = np.zeros((self.entries, self.k))
        self.remainder = REMAINDERS[plan.remainder](
            (*met, value), plan.layout, plan.priors, plan.symbolic
        )
        crossing = self.crossing = self.remainder.crossing
        place = np.empty((n, K - self.k), dtype=np.int32)
        columns = rows.columns
        kernels.locate(rows.codes[0], columns, self.first, crossing.indptr, crossing.index, place)
        columns = columns[:, self.k :] - self.first
        pairs = [(a, b) for a in range(K - self.k) for b in range(a + 1)]
        kind = np.int32 if self.remainder.size < 2**31 else np.int64
        target = np.empty((n, len(pairs)), dtype=kind)
        for p, (a, b) in enumerate(pairs):
            target[:, p] = self.remainder.places(columns[:, a], columns[:, b])
        self.places = RowPlaces(rows.codes[0], place, target)
        self.leaf_prior = leaf_diagonal(plan.layout, plan.priors)
        self.log_precision = log_determinant(plan.layout, plan.priors)
        self.times_precision = precision_of(rows, plan.priors)

    def scale(self, Lambdas):
        """Use other relative factors from now on."""
        if Lambdas is not self._Lambdas:
            self.Z, self._Lambdas = self.rows.scaled(Lambdas), Lambdas

    def eta(self, u, raw=False):
        """(n,) Z Lambda u, or Z u."""
        out = np.empty(self.rows.n)
        kernels.products(self.rows.Z if raw else self.Z, self.rows.columns, u, out)
        return out

    def gather(self, r, raw=False):
        """Lambda'Z'r, or Z'r, for r of shape (n,) or (n, c)."""
        one = r.ndim == 1
        r = np.ascontiguousarray(r[:, None] if one else r)
        out = np.zeros((self.width, r.shape[1]))
        kernels.gather(self.rows.Z if raw else self.Z, self.rows.columns, r, out)
        return out[:, 0] if one else out

    def factorise(self, w):
        """M = Q + Lambda'Z'diag(w)Z Lambda, factored."""
        return BlockedFactor(self, self.Z, w)


class BlockedFactor:
    """M factored with the leaf eliminated first, at one Lambda and w.

    Attributes
    ----------
    logdet : float
        log|M| - log|Q|; inf if M is not positive definite.
    """

    __slots__ = ("_K", "_Z", "_cross", "_rest", "_selected", "_system", "logdet")

    def __init__(self, system, Z, w):
        self._system, self._Z, self._selected = system, Z, None
        self._rest: Any
        diag = np.zeros((system.q, system.k, system.k))
        self._K = np.empty_like(diag)
        self._cross = np.zeros((system.entries, system.k))
        self.logdet, self._rest = system.remainder.of_rows(
            Z, w, system.places, diag, self._cross, system.leaf_prior, self._K
        )
        self.logdet -= system.log_precision

    def smallest_pivot(self):
        """Of the elimination: next to zero where M is nearly singular."""
        diagonal = np.diagonal(self._K, axis1=1, axis2=2)
        smallest = 1.0 / float(diagonal.max(initial=1e-300))
        return min(smallest, self._rest.smallest_pivot())

    def solve(self, B):
        """M^-1 B."""
        one = B.ndim == 1
        B = np.ascontiguousarray(B[:, None] if one else B)
        out = np.empty_like(B)
        self._rest.solve_all(self._system.crossing, self._K, self._cross, B, out)
        return out[:, 0] if one else out

    def _select(self):
        """Blocks of M^-1 on the pattern of Z'Z: (leaf, leaf with remainder, remainder)."""
        if self._selected is None:
            remainder, K, cross = self._system.remainder, self._K, self._cross
            P = self._rest.selected()
            own, between = np.empty_like(K), np.empty_like(cross)
            T = remainder.times(P, cross)
            kernels.inverse_leaf(remainder.crossing.indptr, cross, K, T, own, between)
            self._selected = own, between, P
        return self._selected

    def row_inverses(self):
        """(n, K): row i's own entries of M^-1 z_i."""
        own, between, P = self._select()
        out, at = np.empty_like(self._Z), self._system.places
        kernels.apply_inverse(self._Z, at.leaf, at.place, at.target, own, between, P, out)
        return out

    def blocks(self):
        """Per block in the design's order, the (q, k, k) diagonal blocks of M^-1."""
        order = self._system.rows.order
        own, _, P = self._select()
        blocks = self._system.remainder.diagonal_blocks(P)
        blocks[order[0]] = own
        return [blocks[f] for f in range(len(order))]
