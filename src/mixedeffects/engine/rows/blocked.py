"""Many random effects: the leaf's levels are eliminated first, the remainder is dense or sparse."""

# Kernels are called with unpacked tuples, whose length a type checker does not see.
# pyright: reportCallIssue=false

from __future__ import annotations

from typing import Any

import numpy as np

from mixedeffects.crossprod import rows_against
from mixedeffects.engine.crossing import Crossing
from mixedeffects.engine.dense import DenseRemainder
from mixedeffects.engine.kernels import rows as kernels
from mixedeffects.engine.kernels import rows_sparse
from mixedeffects.engine.sparse import SparseRemainder

NO_ROWS = np.empty(0)


class BlockedRows:
    """Sums over rows for a model whose largest block is eliminated level by level.

    Parameters
    ----------
    rows : RandomRows
        With the leaf first.
    blocks : sequence of Block
        Of the observations; `rows` may have several rows an observation, one after the other.
    plan : Plan
    """

    def __init__(self, rows, blocks, plan):
        self.rows, self.symbolic, self.layout = rows, plan.symbolic, plan.layout
        self.width = rows.width
        leaf = rows.order[0]
        self.q, self.k = rows.q[leaf], rows.k[leaf]
        self.first = self.q * self.k
        self.m = self.width - self.first
        self.leaf = rows.codes[0]
        self.Z, self._Lambdas = rows.Z, None
        self.target = np.empty((0, 0), dtype=np.int32)
        n, K = rows.Z.shape
        self.place = np.empty((n, K - self.k), dtype=np.int32)
        if not self.m:
            self.crossing = None
            self.indptr = np.zeros(self.q + 1, dtype=np.int64)
            self.index, self.entries = np.empty(0, dtype=np.int32), 0
            return
        ones = [np.eye(b.k) for b in blocks]
        met = rows_against(blocks, leaf, rows.order[1:], ones, NO_ROWS)
        position = None if self.symbolic is None else self.symbolic.position
        value = np.zeros((met.index.size, self.k))
        self.crossing = Crossing(met.indptr, met.index, value, self.m, position)
        self.indptr, self.index = self.crossing.indptr, self.crossing.index
        self.entries = self.index.size
        kernels.locate(self.leaf, rows.columns, self.first, self.indptr, self.index, self.place)
        if self.symbolic is not None:
            pairs = (K - self.k) * (K - self.k + 1) // 2
            kind = np.int32 if self.symbolic.entries < 2**31 else np.int64
            self.target = np.empty((n, pairs), dtype=kind)
            rows_sparse.sparse_targets(
                rows.columns, self.first, self.k, self.symbolic.position, *self.symbolic.rows,
                self.target,
            )  # fmt: skip

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
        """M = I + Lambda'Z'diag(w)Z Lambda, factored."""
        return BlockedFactor(self, self.Z, w)


class BlockedFactor:
    """M factored with the leaf eliminated first, at one Lambda and w.

    Attributes
    ----------
    logdet : float
        log|M|; inf if M is not positive definite.
    """

    __slots__ = ("_K", "_Z", "_cross", "_rest", "_selected", "_system", "logdet")

    def __init__(self, system, Z, w):
        self._system, self._Z, self._selected = system, Z, None
        self._rest: Any = None
        diag = np.zeros((system.q, system.k, system.k))
        self._cross = cross = np.zeros((system.entries, system.k))
        self._K = K = np.empty_like(diag)
        if system.symbolic is not None:
            self._factor_sparse(w, diag)
            return
        kernels.leaf_sums(Z, w, system.leaf, system.place, diag, cross)
        self.logdet = float(kernels.invert_levels(diag, K))
        if system.m and np.isfinite(self.logdet):
            self._rest = self._dense(w)
            self.logdet += self._rest.logdet

    def _dense(self, w):
        system = self._system
        R = np.zeros((system.m, system.m))
        kernels.dense_sums(self._Z, w, system.rows.columns, system.first, system.k, R)
        R.flat[:: system.m + 1] += 1.0
        system.crossing.eliminate(R, self._K, self._cross)
        return DenseRemainder(R)

    def _factor_sparse(self, w, diag):
        system, symbolic = self._system, self._system.symbolic
        R = np.zeros(symbolic.below + symbolic.m)
        self.logdet = rows_sparse.factor_sparse(
            self._Z, w, system.leaf, system.place, system.target, diag, self._cross, self._K,
            *system.crossing.addresses, *symbolic.rows, *symbolic.by_column, R,
        )  # fmt: skip
        self._rest = SparseRemainder(symbolic, R, factored=True)

    def smallest_pivot(self):
        """Of the elimination: next to zero where M is nearly singular."""
        diagonal = np.diagonal(self._K, axis1=1, axis2=2)
        smallest = 1.0 / float(diagonal.max(initial=1e-300))
        return smallest if self._rest is None else min(smallest, self._rest.smallest_pivot())

    def solve(self, B):
        """M^-1 B."""
        system, one = self._system, B.ndim == 1
        B = np.ascontiguousarray(B[:, None] if one else B)
        out = np.empty_like(B)
        if system.symbolic is not None:
            rows_sparse.solve_sparse(
                self._K, system.indptr, system.index, self._cross, system.symbolic.columns,
                system.symbolic.position, *system.symbolic.by_column, self._rest.L, B, out,
            )  # fmt: skip
            return out[:, 0] if one else out
        top, low = B[: system.first], B[system.first :]
        if system.m:
            kernels.solve_leaf(self._K, top, out[: system.first])
            low = low.copy()
            kernels.subtract_transposed(
                system.indptr, system.index, self._cross, out[: system.first], low
            )
            out[system.first :] = self._rest.backward(self._rest.forward(low))
            top = top.copy()
            kernels.subtract_times(
                system.indptr, system.index, self._cross, out[system.first :], top
            )
        kernels.solve_leaf(self._K, top, out[: system.first])
        return out[:, 0] if one else out

    def _select(self):
        """Blocks of M^-1 on the pattern of Z'Z: (leaf, leaf with remainder, remainder)."""
        if self._selected is not None:
            return self._selected
        system, K, cross = self._system, self._K, self._cross
        if not system.m:
            self._selected = K, cross, None
            return self._selected
        T = np.zeros_like(cross)
        crossing = system.crossing
        if system.symbolic is None:
            P = self._rest.inverse()
            if crossing.unpacked:
                crossing.times_symmetric(P, cross, T)
            else:
                kernels.dense_times(P, *crossing.addresses, cross, T)
        else:
            P = self._rest.selected()
            rows_sparse.sparse_times(*crossing.addresses, cross, *system.symbolic.rows, P, T)
        own, between = np.empty_like(K), np.empty_like(cross)
        kernels.inverse_leaf(system.indptr, cross, K, T, own, between)
        self._selected = own, between, P
        return self._selected

    def row_inverses(self):
        """(n, K): row i's own entries of M^-1 z_i."""
        system = self._system
        own, between, P = self._select()
        out = np.empty_like(self._Z)
        columns, leaf, place = system.rows.columns, system.leaf, system.place
        if system.symbolic is None:
            P = np.empty((0, 0)) if P is None else P
            kernels.apply_inverse_dense(
                self._Z, columns, leaf, place, own, between, P, system.first, out
            )
        else:
            rows_sparse.apply_inverse_sparse(
                self._Z, leaf, place, system.target, own, between, P, out
            )
        return out

    def blocks(self):
        """Per block in the design's order, the (q, k, k) diagonal blocks of M^-1."""
        system, rows = self._system, self._system.rows
        own, _, P = self._select()
        out = [np.empty(0)] * len(rows.q)
        out[rows.order[0]] = own
        if system.m:
            rest = self._rest.diagonal_blocks(P, system.layout)
            for f in rows.order[1:]:
                out[f] = rest[f]
        return out
