"""The leaf's k x k algebra, level by level: NumPy for scalars, Numba for small matrices.

A kernel is compiled when it is first needed, so a model with scalar random effects does not
wait for the code of the others.
"""

from __future__ import annotations

import numpy as np


def eliminate(diag, fixed, Lam, prior, xx):
    """Eliminate every leaf level.

    With A = `diag`, B = `fixed`, d = `prior`, M = d I + Lam'A Lam: K = Lam M^-1 Lam', F = I - A K.
    Takes diag (q, k, k), fixed : (q, k, t), Lam : (k, k), prior : (q,); xx (t, t), replaced by [X~
    y~]'V_1^-1[X~ y~], V_1 the covariance of the leaf alone.

    Returns
    -------
    K, F : (q, k, k)
    KB : (q, k, t)
    logdet : float
        log|M|; inf if it is not positive definite in floating point.
    """
    q, k, t = fixed.shape
    if k == 1:
        lam2 = Lam[0, 0] * Lam[0, 0]
        d = prior[:, None, None]
        det = d + lam2 * diag
        inverse = 1.0 / det
        K = lam2 * inverse
        F = d * inverse
        KB = K * fixed
        xx -= KB.reshape(q, t).T @ fixed.reshape(q, t)
        return K, F, KB, float(np.log(det).sum())
    from mixedeffects.engine.kernels import levels

    K, F, KB = np.empty_like(diag), np.empty_like(diag), np.empty_like(fixed)
    kernel = levels.eliminate_pairs if k == 2 else levels.eliminate
    logdet = kernel(diag, fixed, Lam, prior, K, F, KB, xx)
    lower = np.tril(xx, -1)
    np.copyto(xx, lower + lower.T + np.diag(np.diagonal(xx)))
    return K, F, KB, logdet


def products(F, B):
    """F B for every level; F (q, k, k), B (q, k, c)."""
    if F.shape[1] == 1:
        return F * B
    from mixedeffects.engine.kernels import levels

    out = np.empty_like(B)
    levels.products(F, B, out)
    return out


def sandwiches(F, S):
    """Sum over levels of F_j S_j F_j', S symmetric."""
    k = F.shape[1]
    if k == 1:
        return np.full((1, 1), np.vdot(F * F, S))
    from mixedeffects.engine.kernels import levels

    out = np.zeros((k, k))
    levels.add_sandwich(F, S, out, 1.0)
    return out
