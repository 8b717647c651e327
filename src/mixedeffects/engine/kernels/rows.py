"""Numba kernels for the random effects of single rows.

A row meets one level of every block. Its scaled model matrix z = Lambda'(columns) is kept as one
short vector (all blocks side by side) with the place of each entry in the vector u of all random
effects, the leaf's first: row i of Z Lambda is ``Z[i]`` at ``columns[i]``. Entry ``place[i, a]``
of the leaf's cross-products belongs to remainder entry a of row i.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def products(Z, columns, u, out):
    """out = Z Lambda u, (n,)."""
    n, K = Z.shape
    for i in range(n):
        s = 0.0
        for a in range(K):
            s += Z[i, a] * u[columns[i, a]]
        out[i] = s


@njit(cache=True, nogil=True)
def gather(Z, columns, r, out):
    """out += Lambda'Z'r; r (n, c), out (all columns, c)."""
    n, K = Z.shape
    c = r.shape[1]
    for i in range(n):
        for a in range(K):
            z = Z[i, a]
            at = columns[i, a]
            for d in range(c):
                out[at, d] += z * r[i, d]


@njit(cache=True, nogil=True)
def locate(leaf, columns, first, indptr, index, place):
    """Where each row's remainder columns stand among its leaf level's cross-products.

    Arrays
    ------
    leaf : (n,) int32
    columns : (n, K) int32
    first : int
        Columns of the leaf: the remainder's follow.
    indptr, index : the compressed cross-products, in any order within a level
    place : (n, K - k) int32, overwritten
    """
    q = indptr.shape[0] - 1
    n, K = columns.shape
    k = K - place.shape[1]
    # rows by level, so that one table of places serves a level at a time
    pointer = np.zeros(q + 1, np.int64)
    for i in range(n):
        pointer[leaf[i] + 1] += 1
    for j in range(q):
        pointer[j + 1] += pointer[j]
    order = np.empty(n, np.int64)
    cursor = pointer[:q].copy()
    for i in range(n):
        order[cursor[leaf[i]]] = i
        cursor[leaf[i]] += 1
    m = 0
    for e in range(index.shape[0]):
        m = max(m, index[e] + 1)
    at = np.empty(m, np.int32)
    for j in range(q):
        for e in range(indptr[j], indptr[j + 1]):
            at[index[e]] = e
        for s in range(pointer[j], pointer[j + 1]):
            i = order[s]
            for a in range(K - k):
                place[i, a] = at[columns[i, k + a] - first]


@njit(cache=True, nogil=True)
def leaf_sums(Z, w, leaf, place, diag, cross):
    """Add w z z' of every row to its leaf level and to that level's cross-products."""
    n, K = Z.shape
    k = diag.shape[1]
    for i in range(n):
        j = leaf[i]
        for a in range(k):
            v = w[i] * Z[i, a]
            for b in range(a + 1):
                diag[j, a, b] += v * Z[i, b]
            for b in range(K - k):
                cross[place[i, b], a] += v * Z[i, k + b]


@njit(cache=True, nogil=True)
def pair_sums(Z, w, target, k, R):
    """Add w z z' of every row to the remainder; `target` has the pairs' places."""
    n, K = Z.shape
    for i in range(n):
        p = 0
        for a in range(k, K):
            v = w[i] * Z[i, a]
            for b in range(k, a + 1):
                R[target[i, p]] += v * Z[i, b]
                p += 1


@njit(cache=True, nogil=True)
def invert_levels(diag, prior, K):
    """K = (d I + A)^-1 of every leaf level, from A's lower triangle; log|d I + A| in all.

    Returns inf if one of them is not positive definite.
    """
    q, k, _ = diag.shape
    logdet = 0.0
    if k == 1:
        product = 1.0
        for j in range(q):
            d = prior[j] + diag[j, 0, 0]
            if not d > 0.0:
                return np.inf
            K[j, 0, 0] = 1.0 / d
            product *= d
            if product > 1e100 or product < 1e-100:
                logdet += np.log(product)
                product = 1.0
        return logdet + np.log(product)
    L = np.empty((k, k))
    for j in range(q):
        for a in range(k):
            for b in range(a + 1):
                s = diag[j, a, b] + (prior[j] if a == b else 0.0)
                for c in range(b):
                    s -= L[a, c] * L[b, c]
                if a == b:
                    if not s > 0.0:
                        return np.inf
                    L[a, a] = np.sqrt(s)
                    logdet += np.log(s)
                else:
                    L[a, b] = s / L[b, b]
        for a in range(k):  # L^-1 in place, then K = L^-T L^-1
            L[a, a] = 1.0 / L[a, a]
            for b in range(a):
                s = 0.0
                for c in range(b, a):
                    s -= L[a, c] * L[c, b]
                L[a, b] = s * L[a, a]
        for a in range(k):
            for b in range(a + 1):
                s = 0.0
                for c in range(a, k):
                    s += L[c, a] * L[c, b]
                K[j, a, b] = s
                K[j, b, a] = s
    return logdet


@njit(cache=True, nogil=True)
def solve_leaf(K, B, out):
    """out = K B for every level; B and out (q k, c)."""
    q, k, _ = K.shape
    c = B.shape[1]
    for j in range(q):
        for a in range(k):
            for d in range(c):
                s = 0.0
                for b in range(k):
                    s += K[j, a, b] * B[j * k + b, d]
                out[j * k + a, d] = s


@njit(cache=True, nogil=True)
def subtract_transposed(indptr, index, value, X, out):
    """out -= V'X; X (q k, c), out (m, c)."""
    k = value.shape[1]
    c = X.shape[1]
    for j in range(indptr.shape[0] - 1):
        for e in range(indptr[j], indptr[j + 1]):
            r = index[e]
            for a in range(k):
                v = value[e, a]
                for d in range(c):
                    out[r, d] -= v * X[j * k + a, d]


@njit(cache=True, nogil=True)
def subtract_times(indptr, index, value, X, out):
    """out -= V X; X (m, c), out (q k, c)."""
    k = value.shape[1]
    c = X.shape[1]
    for j in range(indptr.shape[0] - 1):
        for e in range(indptr[j], indptr[j + 1]):
            r = index[e]
            for a in range(k):
                v = value[e, a]
                for d in range(c):
                    out[j * k + a, d] -= v * X[r, d]


@njit(cache=True, nogil=True)
def inverse_leaf(indptr, value, K, T, own, cross):
    """Blocks of M^-1: the leaf's diagonal ones, and those between leaf and remainder.

    own_j = K + K (V P V') K and cross = -K V P, from T = V P on V's pattern.
    """
    q, k, _ = K.shape
    S = np.empty((k, k))
    Y = np.empty((k, k))
    for j in range(q):
        S[:] = 0.0
        for e in range(indptr[j], indptr[j + 1]):
            for a in range(k):
                for b in range(k):
                    S[a, b] += T[e, a] * value[e, b]
            for a in range(k):
                s = 0.0
                for b in range(k):
                    s += K[j, a, b] * T[e, b]
                cross[e, a] = -s
        for a in range(k):
            for b in range(k):
                s = 0.0
                for c in range(k):
                    s += K[j, a, c] * S[c, b]
                Y[a, b] = s
        for a in range(k):
            for b in range(k):
                s = K[j, a, b]
                for c in range(k):
                    s += Y[a, c] * K[j, c, b]
                own[j, a, b] = s


@njit(cache=True, nogil=True)
def apply_inverse(Z, leaf, place, target, own, cross, P, out):
    """out = M^-1 z of every row, its own entries only; P = R^-1, kept like R."""
    n, K = Z.shape
    k = own.shape[1]
    for i in range(n):
        j = leaf[i]
        for a in range(k):
            s = 0.0
            for b in range(k):
                s += own[j, a, b] * Z[i, b]
            out[i, a] = s
        p = 0
        for b in range(K - k):
            e = place[i, b]
            zb = Z[i, k + b]
            s = 0.0
            for a in range(k):
                out[i, a] += cross[e, a] * zb
                s += cross[e, a] * Z[i, a]
            for c in range(b):
                v = P[target[i, p]]
                s += v * Z[i, k + c]
                out[i, k + c] += v * zb
                p += 1
            s += P[target[i, p]] * zb
            p += 1
            out[i, k + b] = s
