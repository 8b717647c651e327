"""Numba kernels: the likelihood of one grouping factor from moments over classes of levels.

Levels whose Z_j'WZ_j agree form a class c: A_c (k, k), n_c levels. With F_j = Z_j'WX and
f_j = Z_j'Wy, all that a likelihood needs of the levels of a class are second moments,

    xx[c, (a, i), (b, h)] = sum F_j[a, i] F_j[b, h],    u = a p + i numbering pairs (a, i),
    xy[c, (a, i), b] = sum F_j[a, i] f_j[b],            yy[c, a, b] = sum f_j[a] f_j[b]:

an evaluation costs nothing that grows with rows or, in a balanced design, with levels. With
E_c = (I + A_c G)^-1 and K_c = G E_c, N the moments of F_j and f_j together,

    [X y]'V^-1[X y] = [X y]'W[X y] - sum_c sum_ab K_c[a, b] N_c[a, :, b, :],
    log|M| = sum_c n_c log|I + A_c G|,
    Z_j'V^-1 Z_j = E_c A_c,   h_j = Z_j'Py = E_c (f_j - F_j beta).

Value, gradient and curvature are those of `mixedeffects.estimation.objective`. Every kernel loops
over replicates, and no kernel calls another: Numba would optimise the inner one once more.

An argument that is the same for all replicates has a first axis of length one.
"""

from __future__ import annotations

import numpy as np
from numba import njit

# a pivot this small, of its diagonal entry, leaves no digits: columns are dependent
PIVOT = 1e-11


@njit(cache=True, nogil=True, error_model="numpy")
def add_moments(F, cls, weight, f, count, xx, xy, yy):
    """Moments of every replicate.

    Arrays
    ------
    F : (q, k, p), cls : (q,) int32
    weight : (R, q) or (R, 0)
        How often each level counts; none for once each.
    f : (R or 1, q, k)
    count : (R or 1, C), xx : (R or 1, C, k p, k p), added to
    xy : (R, C, k p, k), yy : (R, C, k, k), added to
    """
    q, k, p = F.shape
    unit = weight.shape[1] == 0
    for r in range(yy.shape[0]):
        y = r if f.shape[0] > 1 else 0
        with_x = r < count.shape[0]
        for j in range(q):
            times = 1.0 if unit else weight[r, j]
            if times == 0.0:
                continue
            c = cls[j]
            if with_x:
                count[r, c] += times
            for b in range(k):
                s = times * f[y, j, b]
                for a in range(k):
                    yy[r, c, a, b] += s * f[y, j, a]
                    for i in range(p):
                        xy[r, c, a * p + i, b] += s * F[j, a, i]
                        if with_x:
                            t = times * F[j, a, i]
                            for h in range(p):
                                xx[r, c, a * p + i, b * p + h] += t * F[j, b, h]


@njit(cache=True, nogil=True, error_model="numpy")
def value(A, count, xx, xy, yy, XX, Xy, square, which, G, E, S, L, beta, numbers):
    """log|M|, log|X'V^-1X| and y'Py of some replicates.

    Arrays
    ------
    A : (C, k, k)
    count, xx, xy, yy
        From `add_moments`.
    XX : (R or 1, p, p), Xy : (R or 1, p), square : (R or 1,)
        X'WX, X'Wy, y'Wy.
    which : (r,) int64
        The replicates.
    G : (r, k, k)
        Relative covariances, in the order of `which`.
    E, S : (R, C, k, k), L : (R, p, p), beta : (R, p), overwritten
        (I + AG)^-1 and Z_j'V^-1Z_j per class, the factor of X'V^-1X, coefficients.
    numbers : (R, 3), overwritten
        The last is nan where a matrix is not positive definite.
    """
    C, k, _ = A.shape
    p = beta.shape[1]
    M = np.empty((k, k))
    for at in range(which.shape[0]):
        r = which[at]
        x = r if xx.shape[0] > 1 else 0
        v = r if XX.shape[0] > 1 else 0
        w = r if Xy.shape[0] > 1 else 0
        total = square[w]
        numbers[r, 2] = np.nan
        for i in range(p):
            beta[r, i] = Xy[w, i]
            for h in range(i + 1):
                L[r, i, h] = XX[v, i, h]
        logdet = 0.0
        for c in range(C):
            n = count[x, c]
            if n == 0.0:
                continue
            # E = (I + AG)^-1 by elimination with pivoting
            for a in range(k):
                for b in range(k):
                    s = 1.0 if a == b else 0.0
                    E[r, c, a, b] = s
                    for d in range(k):
                        s += A[c, a, d] * G[at, d, b]
                    M[a, b] = s
            det = 1.0
            for a in range(k):
                top = a
                for b in range(a + 1, k):
                    if abs(M[b, a]) > abs(M[top, a]):
                        top = b
                if top != a:
                    det = -det
                    for d in range(k):
                        M[a, d], M[top, d] = M[top, d], M[a, d]
                        E[r, c, a, d], E[r, c, top, d] = E[r, c, top, d], E[r, c, a, d]
                det *= M[a, a]
                s = 1.0 / M[a, a]
                for d in range(k):
                    M[a, d] *= s
                    E[r, c, a, d] *= s
                for b in range(k):
                    if b != a:
                        s = M[b, a]
                        for d in range(k):
                            M[b, d] -= s * M[a, d]
                            E[r, c, b, d] -= s * E[r, c, a, d]
            logdet += n * np.log(det)
            for a in range(k):
                for b in range(k):
                    s, t = 0.0, 0.0
                    for d in range(k):
                        s += G[at, a, d] * E[r, c, d, b]
                        t += E[r, c, a, d] * A[c, d, b]
                    S[r, c, a, b] = t
                    total -= s * yy[r, c, a, b]
                    for i in range(p):
                        u = a * p + i
                        beta[r, i] -= s * xy[r, c, u, b]
                        for h in range(i + 1):
                            L[r, i, h] -= s * xx[x, c, u, b * p + h]
        logdet_x = 0.0
        for i in range(p):
            size = L[r, i, i]
            for h in range(i + 1):
                s = L[r, i, h]
                for d in range(h):
                    s -= L[r, i, d] * L[r, h, d]
                if h < i:
                    L[r, i, h] = s / L[r, h, h]
                else:
                    if not s > PIVOT * size:
                        s = np.nan
                    L[r, i, i] = np.sqrt(s)
                    logdet_x += np.log(s)
            for h in range(i):
                beta[r, i] -= L[r, i, h] * beta[r, h]
            beta[r, i] /= L[r, i, i]
            total -= beta[r, i] * beta[r, i]
        for i in range(p - 1, -1, -1):
            for h in range(i + 1, p):
                beta[r, i] -= L[r, h, i] * beta[r, h]
            beta[r, i] /= L[r, i, i]
        numbers[r, 0] = logdet
        numbers[r, 1] = logdet_x
        numbers[r, 2] = total


@njit(cache=True, nogil=True, error_model="numpy")
def slopes(
    count, xx, xy, yy, which, Lam, s2, nu, reml, rows, cols, E, S, L, beta,
    Q, D, W, gradient, curvature,
):  # fmt: skip
    """D = dd/dG, the gradient and the average information where `value` was last computed.

    Arrays
    ------
    count, xx, xy, yy, which, E, S, L, beta
        As in `value`.
    Lam : (r, k, k), in the order of `which`
    s2, nu : (R,)
    reml : float
        1 for REML, 0 for maximum likelihood.
    rows, cols : (m,) int64
        Place of each theta in Lambda.
    Q : (R, p, p), D, W : (R, k, k), overwritten
        (X'V^-1X)^-1, dd/dG, sum_j Z_j'V^-1Z_j.
    gradient : (R, m), curvature : (R, m, m), overwritten
    """
    _, C, k, _ = E.shape
    p, m = beta.shape[1], rows.shape[0]
    # per class and summed: F_j and r_j = F_j [-beta; 1], then F_j with Q, then r_j
    stack = np.empty((2, p + 2, k, k))
    SH, T, UX, quadratic = np.empty((k, k, k, k)), np.empty((k, k)), np.empty((m, p)), np.empty(m)
    for at in range(which.shape[0]):
        r = which[at]
        g = r if xx.shape[0] > 1 else 0
        for column in range(p):
            for i in range(p):
                s = 1.0 if i == column else 0.0
                for h in range(i):
                    s -= L[r, i, h] * Q[r, h, column]
                Q[r, i, column] = s / L[r, i, i]
            for i in range(p - 1, -1, -1):
                s = Q[r, i, column]
                for h in range(i + 1, p):
                    s -= L[r, h, i] * Q[r, h, column]
                Q[r, i, column] = s / L[r, i, i]
        for a in range(k):
            for b in range(k):
                D[r, a, b] = W[r, a, b] = 0.0
                for i in range(p + 2):
                    stack[1, i, a, b] = 0.0
                for d in range(k):
                    for e in range(k):
                        SH[a, b, d, e] = 0.0
        for c in range(C):
            n = count[g, c]
            if n == 0.0:
                continue
            for a in range(k):
                for b in range(k):
                    for i in range(p):
                        s = xy[r, c, a * p + i, b]
                        for h in range(p):
                            s -= xx[g, c, a * p + i, b * p + h] * beta[r, h]
                        stack[0, i, a, b] = s
            for a in range(k):
                for b in range(k):
                    s, t = yy[r, c, a, b], 0.0
                    for i in range(p):
                        s -= beta[r, i] * (xy[r, c, b * p + i, a] + stack[0, i, a, b])
                        for h in range(p):
                            t += Q[r, i, h] * xx[g, c, a * p + i, b * p + h]
                    stack[0, p, a, b] = reml * t
                    stack[0, p + 1, a, b] = s
            # every one of them, X, to E X E'
            for x in range(p + 2):
                for a in range(k):
                    for b in range(k):
                        s = 0.0
                        for d in range(k):
                            s += E[r, c, a, d] * stack[0, x, d, b]
                        T[a, b] = s
                for a in range(k):
                    for b in range(k):
                        s = 0.0
                        for d in range(k):
                            s += T[a, d] * E[r, c, b, d]
                        stack[0, x, a, b] = s
                        stack[1, x, a, b] += s
            for a in range(k):
                for b in range(k):
                    W[r, a, b] += n * S[r, c, a, b]
                    for d in range(k):
                        for e in range(k):
                            SH[a, b, d, e] += S[r, c, a, b] * stack[0, p + 1, d, e]
        for a in range(k):
            for b in range(k):
                D[r, a, b] = W[r, a, b] - stack[1, p, a, b] - stack[1, p + 1, a, b] / s2[r]
        for j in range(m):
            rj, cj = rows[j], cols[j]
            s, t = 0.0, 0.0
            for a in range(k):
                s += D[r, rj, a] * Lam[at, a, cj]
                t += stack[1, p + 1, rj, a] * Lam[at, a, cj]
            gradient[r, j] = 2.0 * s
            quadratic[j] = 2.0 * t / s2[r]
            for i in range(p):
                s = 0.0
                for a in range(k):
                    s += (stack[1, i, rj, a] + stack[1, i, a, rj]) * Lam[at, a, cj]
                UX[j, i] = s
        for j in range(m):
            rj, cj = rows[j], cols[j]
            for a in range(k):
                for d in range(k):
                    s = 0.0
                    for b in range(k):
                        s += (SH[a, rj, b, d] + SH[a, b, rj, d]) * Lam[at, b, cj]
                    T[a, d] = s
            for v in range(j + 1):
                rl, cl = rows[v], cols[v]
                s = 0.0
                for a in range(k):
                    s += (T[a, rl] + T[rl, a]) * Lam[at, a, cl]
                for i in range(p):
                    for h in range(p):
                        s -= UX[j, i] * Q[r, i, h] * UX[v, h]
                s = s / s2[r] - quadratic[j] * quadratic[v] / nu[r]
                if cj == cl:
                    s += 2.0 * D[r, rj, rl]
                curvature[r, j, v] = curvature[r, v, j] = s
