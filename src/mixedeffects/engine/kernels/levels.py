"""Numba kernels for one leaf level at a time: k x k algebra, nothing crosses levels.

Notation, per leaf level j with k columns: A = Z_j'WZ_j, B = Z_j'W[X~ y~] (k x t),
G = Lam Lam', d the level's prior precision, M = d I + Lam'A Lam, K = Lam M^-1 Lam' and
F = d (d I + A G)^-1 = I - A K. With V_1 the covariance that the leaf alone gives,
Z_j'V_1^-1 Z_j = F A.

For k = 2 everything has a closed form without cancellation,
det(M) = d^2 + d tr(AG) + det(A) det(G), K = (d G + det(G) adj(A)) / det(M) and
F = d (d I + adj(G) adj(A)) / det(M), which is also an order of magnitude faster. For k = 1 the
algebra is elementwise and needs no kernel: see `mixedeffects.engine.levels`, which chooses.
"""

from __future__ import annotations

import numpy as np
from numba import njit

# a product of determinants is turned into a logarithm before it overflows
LARGE = 1e140


@njit(cache=True, nogil=True)
def _general(A, G, Lam, d, M, Y, K, F):
    """K and F of one level for any k; returns log|M|, inf if M is not positive definite."""
    k = A.shape[0]
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
        M[a, a] += d
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
    # Y = C^-1 Lam' with M = CC', then K = Y'Y
    for a in range(k):
        for c in range(k):
            Y[a, c] = Lam[c, a]
        for b in range(a):
            v = M[a, b]
            for c in range(k):
                Y[a, c] -= v * Y[b, c]
        v = 1.0 / M[a, a]
        for c in range(k):
            Y[a, c] *= v
    K[:] = 0.0
    for c in range(k):
        for a in range(k):
            v = Y[c, a]
            for b in range(k):
                K[a, b] += v * Y[c, b]
    # F by elimination with pivoting: I - A K would cancel for large variances
    for a in range(k):
        for b in range(k):
            F[a, b] = d if a == b else 0.0
            s = F[a, b]
            for c in range(k):
                s += A[a, c] * G[c, b]
            M[a, b] = s
    for a in range(k):
        top = a
        for b in range(a + 1, k):
            if abs(M[b, a]) > abs(M[top, a]):
                top = b
        if top != a:
            for c in range(k):
                M[a, c], M[top, c] = M[top, c], M[a, c]
                F[a, c], F[top, c] = F[top, c], F[a, c]
        for b in range(k):
            if b != a:
                v = M[b, a] / M[a, a]
                for c in range(a, k):
                    M[b, c] -= v * M[a, c]
                for c in range(k):
                    F[b, c] -= v * F[a, c]
    for a in range(k):
        v = 1.0 / M[a, a]
        for c in range(k):
            F[a, c] *= v
    return logdet


@njit(cache=True, nogil=True)
def eliminate_pairs(diag, fixed, Lam, prior, K, F, KB, xx):
    """`eliminate` for k = 2, in closed form."""
    q, _, t = fixed.shape
    logdet = 0.0
    product = 1.0
    g00 = Lam[0, 0] * Lam[0, 0] + Lam[0, 1] * Lam[0, 1]
    g10 = Lam[1, 0] * Lam[0, 0] + Lam[1, 1] * Lam[0, 1]
    g11 = Lam[1, 0] * Lam[1, 0] + Lam[1, 1] * Lam[1, 1]
    root = Lam[0, 0] * Lam[1, 1] - Lam[0, 1] * Lam[1, 0]
    det_g = root * root
    for j in range(q):
        d = prior[j]
        a00, a10, a11 = diag[j, 0, 0], diag[j, 1, 0], diag[j, 1, 1]
        det_a = max(a00 * a11 - a10 * a10, 0.0)
        det = d * (d + (a00 * g00 + 2.0 * a10 * g10 + a11 * g11)) + det_a * det_g
        product *= det
        if product > LARGE:
            logdet += np.log(product)
            product = 1.0
        inv = 1.0 / det
        k00 = (d * g00 + det_g * a11) * inv
        k10 = (d * g10 - det_g * a10) * inv
        k11 = (d * g11 + det_g * a00) * inv
        K[j, 0, 0] = k00
        K[j, 0, 1] = k10
        K[j, 1, 0] = k10
        K[j, 1, 1] = k11
        inv *= d
        F[j, 0, 0] = (d + (g11 * a11 + g10 * a10)) * inv
        F[j, 0, 1] = -(g11 * a10 + g10 * a00) * inv
        F[j, 1, 0] = -(g10 * a11 + g00 * a10) * inv
        F[j, 1, 1] = (d + (g10 * a10 + g00 * a00)) * inv
        for c in range(t):
            b0, b1 = fixed[j, 0, c], fixed[j, 1, c]
            v0 = k00 * b0 + k10 * b1
            v1 = k10 * b0 + k11 * b1
            KB[j, 0, c] = v0
            KB[j, 1, c] = v1
            for e in range(c + 1):
                xx[c, e] -= v0 * fixed[j, 0, e] + v1 * fixed[j, 1, e]
    return logdet + np.log(product)


@njit(cache=True, nogil=True)
def eliminate(diag, fixed, Lam, prior, K, F, KB, xx):
    """K, F and K B of every level, and xx less the leaf's part.

    Arrays
    ------
    diag : (q, k, k), fixed : (q, k, t), Lam : (k, k), prior : (q,)
    K, F : (q, k, k), overwritten
    KB : (q, k, t), overwritten
    xx : (t, t), lower triangle updated to [X~ y~]'V_1^-1[X~ y~]

    Returns
    -------
    float
        log|M| of the leaf; inf if it is not positive definite in floating point.
    """
    q, k, t = fixed.shape
    logdet = 0.0
    G = np.empty((k, k))
    for a in range(k):
        for b in range(k):
            s = 0.0
            for c in range(k):
                s += Lam[a, c] * Lam[b, c]
            G[a, b] = s
    M = np.empty((k, k))
    Y = np.empty((k, k))
    for j in range(q):
        logdet += _general(diag[j], G, Lam, prior[j], M, Y, K[j], F[j])
        if logdet == np.inf:
            return logdet
        for a in range(k):
            for c in range(t):
                s = 0.0
                for b in range(k):
                    s += K[j, a, b] * fixed[j, b, c]
                KB[j, a, c] = s
        for a in range(k):
            for c in range(t):
                v = KB[j, a, c]
                for d in range(c + 1):
                    xx[c, d] -= v * fixed[j, a, d]
    return logdet


@njit(cache=True, nogil=True)
def products(F, B, out):
    """out = F B for every level; F (q, k, k), B and out (q, k, c)."""
    q, k, c = B.shape
    for j in range(q):
        for a in range(k):
            for d in range(c):
                out[j, a, d] = 0.0
            for b in range(k):
                v = F[j, a, b]
                for d in range(c):
                    out[j, a, d] += v * B[j, b, d]


@njit(cache=True, nogil=True)
def add_sandwich(left, S, out, sign):
    """out += sign * sum over levels of L_j S_j L_j' (S symmetric)."""
    q, k, _ = S.shape
    T = np.empty((k, k))
    for j in range(q):
        for a in range(k):
            for b in range(k):
                s = 0.0
                for c in range(k):
                    s += left[j, a, c] * S[j, c, b]
                T[a, b] = s
        for a in range(k):
            for b in range(k):
                s = 0.0
                for c in range(k):
                    s += T[a, c] * left[j, b, c]
                out[a, b] += sign * s
