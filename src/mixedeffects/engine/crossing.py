"""The leaf's cross-products with the remainder, and the three things done with them.

Products with V are SciPy's. What goes into the remainder is done entry by entry (Numba)
where levels meet few columns; where most meet most (factors crossed in full, many columns
each) batches of levels are unpacked and given to BLAS, which is then ten times faster.
"""

# SciPy's stubs do not list the routines of BLAS and LAPACK.
# pyright: reportAttributeAccessIssue=false

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.linalg import blas

from mixedeffects.crossprod.parallel import cores, in_parallel
from mixedeffects.engine.levels import products

# seconds per multiply-add: indirect addressing against matrix products
INDIRECT, DIRECT = 1.0e-9, 0.035e-9
# multiply-adds below which threads cost more than they save
PARALLEL_WORK = 1e6
BATCH_BYTES = 3.2e7


class Crossing:
    """Compressed cross-products between leaf levels and the remainder's m columns.

    Parameters
    ----------
    indptr : (q + 1,), index : (nnz,), value : (nnz, k)
        Columns ascending within a level.
    position : (m,) array, optional
        Place of every column in the order of elimination; natural order by default.

    Attributes
    ----------
    V : (q k, m) SciPy sparse matrix
        Row j k + a holds component a of level j's cross-products.
    place : (nnz,) int32
        Place of every entry's column; entries ascend in it within a level.
    unpacked : bool
        Whether levels are given to BLAS in batches.
    pairs : float
        Pairs of columns met by the same level, summed over levels.
    """

    def __init__(self, indptr, index, value, m, position=None):
        from mixedeffects.engine.kernels import crossing

        self.indptr, self.m = indptr, m
        if position is None:
            self.index = self.place = index
            self.value = value
            self.pointer, self.entry, self.level = crossing.transpose(indptr, index, m)
        else:
            place = position[index].astype(np.int32)
            pointer, entry, level = crossing.transpose(indptr, place, m)
            _, again, _ = crossing.transpose(pointer, level, indptr.size - 1)
            order = entry[again]  # by level, then by place
            self.index, self.place = index[order], place[order]
            self.value = np.ascontiguousarray(value[order])
            self.pointer, self.entry, self.level = crossing.transpose(indptr, self.place, m)
        q, k = indptr.size - 1, value.shape[1]
        self.V = self._matrix(self.value)
        width = np.diff(indptr).astype(float)
        self.pairs = float(0.5 * (width * (width + 1.0)).sum())
        self.unpacked = position is None and (
            q * k * float(m) ** 2 * DIRECT < k * self.pairs * INDIRECT
        )
        self._batch = max(1, int(BATCH_BYTES / (8.0 * max(1, k * m))))
        self._workers = cores() if k * self.pairs > PARALLEL_WORK else 1

    @property
    def addresses(self):
        """What every kernel that goes row by row needs, in their order of arguments."""
        return self.pointer, self.entry, self.level, self.indptr, self.place

    def _matrix(self, value):
        """(q k, m) sparse matrix of the entries' values (nnz, k)."""
        q, k = self.indptr.size - 1, value.shape[1]
        kind = np.int32 if value.size < 2**31 else np.int64
        if k == 1:
            parts = value[:, 0], self.index, self.indptr.astype(kind)
        else:
            width = np.diff(self.indptr)
            start = np.repeat(self.indptr[:-1], width)
            inside = np.arange(self.index.size) - start
            to = (k * start + inside)[:, None] + np.repeat(width, width)[:, None] * np.arange(k)
            data, columns = np.empty(value.size), np.empty(value.size, dtype=kind)
            data[to] = value
            columns[to] = self.index[:, None]
            pointer = np.concatenate([[0], np.cumsum(np.repeat(width, k))]).astype(kind)
            parts = data, columns, pointer
        return sparse.csr_matrix(parts, shape=(q * k, self.m))

    def times(self, W):
        """V_j W of every level, (q, k, c), for W (m, c)."""
        return (self.V @ W).reshape(self.indptr.size - 1, self.value.shape[1], W.shape[1])

    def transposed_times(self, X):
        """Sum over levels of V_j'X_j, (m, c), for X (q, k, c)."""
        return self.V.T @ X.reshape(-1, X.shape[2])

    def _batches(self, value):
        """Consecutive levels as dense arrays: (slice of levels, V (c, k, m))."""
        from mixedeffects.engine.kernels import crossing

        q, k = self.indptr.size - 1, value.shape[1]
        for lo in range(0, q, self._batch):
            hi = min(lo + self._batch, q)
            V = np.zeros((hi - lo, k, self.m))
            crossing.unpack(self.indptr, self.index, value, lo, V)
            yield slice(lo, hi), V

    def eliminate(self, R, K, scaled):
        """R -= sum_j V_j'K_jV_j, lower triangle of a dense R; `scaled` is V Lambda_r."""
        from mixedeffects.engine.kernels import crossing

        if self.unpacked:
            for levels, V in self._batches(scaled):
                KV = np.matmul(K[levels], V).reshape(-1, self.m)
                # R.T is Fortran-ordered: updated in place
                blas.dgemm(-1.0, KV.T, V.reshape(-1, self.m).T, 1.0, R.T, trans_b=1, overwrite_c=1)
            return
        step = self._workers
        one = K.shape[1] == 1
        kernel = crossing.eliminate_dense_one if one else crossing.eliminate_dense
        in_parallel(lambda w: kernel(R, w, step, *self.addresses, scaled, K), step)

    def enclose(self, P, scaled):
        """S_j = V_j P V_j', (q, k, k), for the lower triangle of a dense P."""
        from mixedeffects.engine.kernels import crossing

        q, k = self.indptr.size - 1, scaled.shape[1]
        if self.unpacked:
            S = np.empty((q, k, k))
            for levels, V in self._batches(scaled):
                PV = blas.dsymm(1.0, P.T, V.reshape(-1, self.m).T, side=0, lower=0).T
                S[levels] = np.matmul(V, PV.reshape(V.shape).transpose(0, 2, 1))
            return S
        step = self._workers
        parts = [np.zeros((q, k, k)) for _ in range(step)]
        kernel = crossing.enclose_dense_one if k == 1 else crossing.enclose_dense
        in_parallel(lambda w: kernel(P, w, step, *self.addresses, scaled, parts[w]), step)
        total = sum(parts[1:], start=parts[0])
        return total + total.transpose(0, 2, 1)

    def times_symmetric(self, P, scaled):
        """V P on V's own pattern, for the lower triangle of a dense P."""
        from mixedeffects.engine.kernels import crossing

        out = np.zeros(scaled.shape)
        if not self.unpacked:
            crossing.dense_times(P, *self.addresses, scaled, out)
            return out
        for levels, V in self._batches(scaled):
            PV = blas.dsymm(1.0, P.T, V.reshape(-1, self.m).T, side=0, lower=0).T
            crossing.pack(self.indptr, self.index, PV.reshape(V.shape), levels.start, out)
        return out

    def subtract(self, K, W, out):
        """out -= sum_j V_j'K_jV_j W, unscaled; W and out (m, c)."""
        if self.unpacked and W.shape[1] > 4:
            for levels, V in self._batches(self.value):
                V_flat = V.reshape(-1, self.m)
                C = np.matmul(K[levels], (V_flat @ W).reshape(V.shape[0], V.shape[1], -1))
                out -= V_flat.T @ C.reshape(V_flat.shape[0], -1)
            return
        out -= self.transposed_times(products(K, self.times(W)))
