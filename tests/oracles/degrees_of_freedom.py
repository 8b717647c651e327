"""Kenward-Roger and Satterthwaite with n x n matrices: slow, obvious, no code shared with src."""

import numpy as np

from tests.oracles.dense import random_effects_matrix


def covariance_terms(blocks, weights):
    """[dV/dgamma_r ...] for every entry of every G, the residual variance last, and their names."""
    terms = []
    for f, (codes, Z, correlated) in enumerate(blocks):
        full = random_effects_matrix(codes, Z)
        q, k = codes.max() + 1, Z.shape[1]
        for a in range(k):
            for b in range(a + 1) if correlated else (a,):
                E = np.zeros((k, k))
                E[a, b] = E[b, a] = 1.0
                terms.append(((f, a, b), full @ np.kron(np.eye(q), E) @ full.T))
    terms.append(("residual", np.diag(1.0 / weights)))
    return terms


def kenward_roger(X, terms, gamma):
    """Phi, Phi_A, W and the P_r of Kenward & Roger (1997)."""
    V = sum(g * term for g, (_, term) in zip(gamma, terms, strict=True))
    inverse = np.linalg.inv(V)
    Phi = np.linalg.inv(X.T @ inverse @ X)
    half = [inverse @ term for _, term in terms]
    P = [-X.T @ h @ inverse @ X for h in half]
    r = len(terms)
    information = np.zeros((r, r))
    Q = {}
    for i in range(r):
        for j in range(r):
            Q[i, j] = X.T @ half[i] @ half[j] @ inverse @ X
            information[i, j] = 0.5 * (
                np.trace(half[i] @ half[j])
                - 2.0 * np.trace(Phi @ Q[i, j])
                + np.trace(Phi @ P[i] @ Phi @ P[j])
            )
    W = np.linalg.inv(information)
    inner = sum(W[i, j] * (Q[i, j] - P[i] @ Phi @ P[j]) for i in range(r) for j in range(r))
    return Phi, Phi + 2.0 * Phi @ inner @ Phi, W, P


def kenward_roger_df(L, Phi, W, P):
    """Degrees of freedom of one contrast: 2 / sum_rs W_rs t_r t_s."""
    variance = L @ Phi @ L
    t = np.array([L @ Phi @ p @ Phi @ L for p in P]) / variance
    return 2.0 / (t @ W @ t)


def satterthwaite_df(y, X, terms, gamma, L, reml, step=1e-4):
    """2 v^2 / Var(v), everything by numerical differences in the variance parameters gamma."""

    def V(g):
        return sum(x * term for x, (_, term) in zip(g, terms, strict=True))

    def objective(g):
        # the profiled residual scale is undone: the objective at the given V itself
        inverse = np.linalg.inv(V(g))
        C = X.T @ inverse @ X
        r = y - X @ np.linalg.solve(C, X.T @ inverse @ y)
        value = np.linalg.slogdet(V(g))[1] + r @ inverse @ r
        return value + np.linalg.slogdet(C)[1] if reml else value

    def variance(g):
        return L @ np.linalg.solve(X.T @ np.linalg.inv(V(g)) @ X, L)

    gamma = np.asarray(gamma, dtype=float)
    h = step * np.abs(gamma).max() * np.eye(gamma.size)
    H = np.array(
        [
            [
                (
                    objective(gamma + a + b)
                    - objective(gamma + a - b)
                    - objective(gamma - a + b)
                    + objective(gamma - a - b)
                )
                / (4 * a.max() * b.max())
                for b in h
            ]
            for a in h
        ]
    )
    g = np.array([(variance(gamma + a) - variance(gamma - a)) / (2 * a.max()) for a in h])
    return 2.0 * variance(gamma) ** 2 / (g @ (2.0 * np.linalg.inv(H)) @ g)
