"""Numba kernels for the block that is eliminated level by level.

Notation, per leaf level j with k columns:
A = Z_j'WZ_j, B = Z_j'W[X~ y~] (k x t), V = the level's cross-products with the remainder
(one k-vector per met column), G = Lam Lam', M = I + Lam'A Lam = CC',
Y = C^-1 Lam', K = Y'Y = Lam M^-1 Lam' and F = (I + A G)^-1 = I - A K.
With V_1 the covariance that the leaf alone gives: Z_j'V_1^-1 Z_j = F A.
Arrays and scalars only; a remainder stored densely is addressed by (row, column).
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def _half_inverse(A, Lam, M, Y):
    """Y = C^-1 Lam' with CC' = I + Lam'A Lam; returns log|M|."""
    k = A.shape[0]
    # Y holds A Lam for a moment
    for a in range(k):
        for b in range(k):
            s = 0.0
            for c in range(k):
                s += A[a, c] * Lam[c, b]
            Y[a, b] = s
    for a in range(k):
        for b in range(a + 1):
            s = 0.0
            for c in range(k):
                s += Lam[c, a] * Y[c, b]
            M[a, b] = s
        M[a, a] += 1.0
    logdet = 0.0
    for a in range(k):
        for b in range(a + 1):
            s = M[a, b]
            for c in range(b):
                s -= M[a, c] * M[b, c]
            if a == b:
                if not s > 0.0:
                    return np.inf
                M[a, a] = np.sqrt(s)
                logdet += np.log(s)
            else:
                M[a, b] = s / M[b, b]
    for c in range(k):
        for a in range(k):
            s = Lam[c, a]
            for b in range(a):
                s -= M[a, b] * Y[b, c]
            Y[a, c] = s / M[a, a]
    return logdet


@njit(cache=True, nogil=True)
def _solution(A, Lam, M, Y, K, F):
    """K = Lam M^-1 Lam' and F = (I + A G)^-1 = I - A K."""
    k = A.shape[0]
    _half_inverse(A, Lam, M, Y)
    for a in range(k):
        for b in range(k):
            s = 0.0
            for c in range(k):
                s += Y[c, a] * Y[c, b]
            K[a, b] = s
    for a in range(k):
        for b in range(k):
            s = 1.0 if a == b else 0.0
            for c in range(k):
                s -= A[a, c] * K[c, b]
            F[a, b] = s


@njit(cache=True, nogil=True)
def schur(diag, fixed, indptr, index, value, Lam, R, Rx, xx):
    """Eliminate the leaf: subtract its part from the remainder, in place.

    Parameters
    ----------
    diag : (q, k, k), fixed : (q, k, t), indptr : (q + 1,), index : (nnz,)
    value : (nnz, k)
        Already multiplied by the remainder's Lambda, so that R is updated in scaled form.
    Lam : (k, k)
    R : (m, m), lower triangle updated
    Rx : (m, t), updated
    xx : (t, t), lower triangle updated

    Returns
    -------
    float
        log|M| of the leaf; inf if it is not positive definite in floating point.
    """
    q, k, t = fixed.shape
    logdet = 0.0
    if k == 1:
        lam = Lam[0, 0]
        for j in range(q):
            mj = 1.0 + lam * lam * diag[j, 0, 0]
            logdet += np.log(mj)
            kj = lam * lam / mj
            for c in range(t):
                bc = kj * fixed[j, 0, c]
                for d in range(c + 1):
                    xx[c, d] -= bc * fixed[j, 0, d]
            for e in range(indptr[j], indptr[j + 1]):
                ve = kj * value[e, 0]
                r = index[e]
                for d in range(indptr[j], e + 1):
                    R[r, index[d]] -= ve * value[d, 0]
                for c in range(t):
                    Rx[r, c] -= ve * fixed[j, 0, c]
        return logdet
    M = np.empty((k, k))
    Y = np.empty((k, k))
    YB = np.empty((k, t))
    widest = 0
    for j in range(q):
        widest = max(widest, indptr[j + 1] - indptr[j])
    YV = np.empty((widest, k))
    for j in range(q):
        logdet += _half_inverse(diag[j], Lam, M, Y)
        for a in range(k):
            for c in range(t):
                s = 0.0
                for b in range(k):
                    s += Y[a, b] * fixed[j, b, c]
                YB[a, c] = s
        for c in range(t):
            for d in range(c + 1):
                s = 0.0
                for a in range(k):
                    s += YB[a, c] * YB[a, d]
                xx[c, d] -= s
        lo = indptr[j]
        for e in range(lo, indptr[j + 1]):
            for a in range(k):
                s = 0.0
                for b in range(k):
                    s += Y[a, b] * value[e, b]
                YV[e - lo, a] = s
        for e in range(lo, indptr[j + 1]):
            r = index[e]
            for d in range(lo, e + 1):
                s = 0.0
                for a in range(k):
                    s += YV[e - lo, a] * YV[d - lo, a]
                R[r, index[d]] -= s
            for c in range(t):
                s = 0.0
                for a in range(k):
                    s += YV[e - lo, a] * YB[a, c]
                Rx[r, c] -= s
    return logdet


@njit(cache=True, nogil=True)
def project(diag, fixed, indptr, index, value, Lam, Q, N_leaf, N_rest):
    """Z'V^-1[X~ y~] for the leaf, and the leaf's part of it for the remainder.

    Parameters
    ----------
    value : (nnz, k), unscaled
    Q : (m, t)
        Lambda R^-1 Lambda' U_x of the remainder.
    N_leaf : (q, k, t), overwritten
    N_rest : (m, t), updated
    """
    q, k, t = fixed.shape
    M = np.empty((k, k))
    Y = np.empty((k, k))
    K = np.empty((k, k))
    F = np.empty((k, k))
    C = np.empty((k, t))
    KC = np.empty((k, t))
    lam2 = Lam[0, 0] * Lam[0, 0]
    for j in range(q):
        if k == 1:
            F[0, 0] = 1.0 / (1.0 + lam2 * diag[j, 0, 0])
            K[0, 0] = lam2 * F[0, 0]
        else:
            _solution(diag[j], Lam, M, Y, K, F)
        for a in range(k):
            for c in range(t):
                C[a, c] = fixed[j, a, c]
        for e in range(indptr[j], indptr[j + 1]):
            r = index[e]
            for a in range(k):
                v = value[e, a]
                for c in range(t):
                    C[a, c] -= v * Q[r, c]
        for a in range(k):
            for c in range(t):
                s = 0.0
                u = 0.0
                for b in range(k):
                    s += F[a, b] * C[b, c]
                    u += K[a, b] * C[b, c]
                N_leaf[j, a, c] = s
                KC[a, c] = u
        for e in range(indptr[j], indptr[j + 1]):
            r = index[e]
            for a in range(k):
                v = value[e, a]
                for c in range(t):
                    N_rest[r, c] -= v * KC[a, c]


@njit(cache=True, nogil=True)
def trace(diag, indptr, index, value, Lam, P, W):
    """Sum over leaf levels of Z_j'V^-1Z_j.

    Parameters
    ----------
    value : (nnz, k), scaled by the remainder's Lambda
    P : (m, m)
        R^-1 of the remainder, lower triangle.
    W : (k, k), overwritten
    """
    q, k, _ = diag.shape
    W[:] = 0.0
    if k == 1:
        lam2 = Lam[0, 0] * Lam[0, 0]
        for j in range(q):
            f = 1.0 / (1.0 + lam2 * diag[j, 0, 0])
            s = 0.0
            for e in range(indptr[j], indptr[j + 1]):
                r = index[e]
                u = 0.0
                for d in range(indptr[j], e):
                    u += P[r, index[d]] * value[d, 0]
                s += value[e, 0] * (2.0 * u + P[r, r] * value[e, 0])
            W[0, 0] += f * (diag[j, 0, 0] - f * s)
        return
    M = np.empty((k, k))
    Y = np.empty((k, k))
    K = np.empty((k, k))
    F = np.empty((k, k))
    S = np.empty((k, k))
    T = np.empty((k, k))
    u = np.empty(k)
    for j in range(q):
        _solution(diag[j], Lam, M, Y, K, F)
        S[:] = 0.0
        for e in range(indptr[j], indptr[j + 1]):
            r = index[e]
            for a in range(k):
                u[a] = 0.5 * P[r, r] * value[e, a]
            for d in range(indptr[j], e):
                prd = P[r, index[d]]
                for a in range(k):
                    u[a] += prd * value[d, a]
            for a in range(k):
                for b in range(k):
                    S[a, b] += value[e, a] * u[b]
        # S + S' is V P V'; sum of F A - F (S + S') F'
        for a in range(k):
            for b in range(k):
                s = 0.0
                for c in range(k):
                    s += F[a, c] * (S[c, b] + S[b, c])
                T[a, b] = s
        for a in range(k):
            for b in range(k):
                s = 0.0
                for c in range(k):
                    s += F[a, c] * diag[j, c, b] - T[a, c] * F[b, c]
                W[a, b] += s


@njit(cache=True, nogil=True)
def working(diag, fixed, indptr, index, value, Lam, h, G, W_rest, S, g, x):
    """Inner products, in V_1^-1, of working variates f = Z w.

    Columns 0 .. L-1 are supported on the leaf, w_j = G_l h_j; the other columns on the
    remainder, w = W_rest[:, c]. What the remainder contributes by itself is added by
    the caller.

    Parameters
    ----------
    h : (q, k), G : (L, k, k), W_rest : (m, H), value : (nnz, k) unscaled
    S : (L + H, L + H), updated with f'V_1^-1f
    g : (m, L + H), updated with Z_r'V_1^-1f
    x : (t, L + H), updated with [X~ y~]'V_1^-1f
    """
    q, k, t = fixed.shape
    L = G.shape[0]
    n_all = S.shape[0]
    M = np.empty((k, k))
    Y = np.empty((k, k))
    K = np.empty((k, k))
    F = np.empty((k, k))
    w = np.empty((k, L))
    C = np.empty((k, n_all))
    E = np.empty((k, n_all))
    for j in range(q):
        _solution(diag[j], Lam, M, Y, K, F)
        for a in range(k):
            for c in range(L):
                s = 0.0
                for b in range(k):
                    s += G[c, a, b] * h[j, b]
                w[a, c] = s
        for a in range(k):
            for c in range(L):
                s = 0.0
                for b in range(k):
                    s += diag[j, a, b] * w[b, c]
                C[a, c] = s
            for c in range(L, n_all):
                C[a, c] = 0.0
        for e in range(indptr[j], indptr[j + 1]):
            r = index[e]
            for a in range(k):
                v = value[e, a]
                for c in range(L, n_all):
                    C[a, c] += v * W_rest[r, c - L]
        # E = w - K C, the leaf part of V_1^-1 f in Z coordinates
        for a in range(k):
            for c in range(n_all):
                s = w[a, c] if c < L else 0.0
                for b in range(k):
                    s -= K[a, b] * C[b, c]
                E[a, c] = s
        for a in range(k):
            for c in range(n_all):
                for d in range(n_all):
                    S[c, d] += C[a, c] * E[a, d]
            for c in range(t):
                for d in range(n_all):
                    x[c, d] += fixed[j, a, c] * E[a, d]
        for e in range(indptr[j], indptr[j + 1]):
            r = index[e]
            for a in range(k):
                v = value[e, a]
                for c in range(n_all):
                    g[r, c] += v * E[a, c]


@njit(cache=True, nogil=True)
def conditional(diag, indptr, index, value, Lam, P, out):
    """Lambda M^-1 Lambda' of every leaf level: K_j + K_j V P V' K_j.

    Parameters
    ----------
    value : (nnz, k), scaled by the remainder's Lambda
    P : (m, m), R^-1 of the remainder, lower triangle
    out : (q, k, k), overwritten
    """
    q, k, _ = diag.shape
    M = np.empty((k, k))
    Y = np.empty((k, k))
    K = np.empty((k, k))
    F = np.empty((k, k))
    S = np.empty((k, k))
    T = np.empty((k, k))
    u = np.empty(k)
    for j in range(q):
        _solution(diag[j], Lam, M, Y, K, F)
        S[:] = 0.0
        for e in range(indptr[j], indptr[j + 1]):
            r = index[e]
            for a in range(k):
                u[a] = 0.5 * P[r, r] * value[e, a]
            for d in range(indptr[j], e):
                prd = P[r, index[d]]
                for a in range(k):
                    u[a] += prd * value[d, a]
            for a in range(k):
                for b in range(k):
                    S[a, b] += value[e, a] * u[b]
        for a in range(k):
            for b in range(k):
                s = 0.0
                for c in range(k):
                    s += K[a, c] * (S[c, b] + S[b, c])
                T[a, b] = s
        for a in range(k):
            for b in range(k):
                s = K[a, b]
                for c in range(k):
                    s += T[a, c] * K[c, b]
                out[j, a, b] = s
