"""Textbook mixed-model likelihood with dense matrices: slow, obvious, no code shared with src."""

import numpy as np
from scipy.stats import multivariate_normal


def random_effects_matrix(codes, Z):
    """Z in full: one (n, q k) matrix, level by level."""
    n, k = Z.shape
    q = codes.max() + 1
    full = np.zeros((n, q * k))
    for i in range(n):
        full[i, codes[i] * k : (codes[i] + 1) * k] = Z[i]
    return full


def marginal_covariance(blocks, lambdas, weights):
    """V = W^-1 + sum_f Z_f (I x Lambda Lambda') Z_f', in units of sigma^2."""
    V = np.diag(1.0 / weights)
    for (codes, Z), Lam in zip(blocks, lambdas, strict=True):
        full = random_effects_matrix(codes, Z)
        V += full @ np.kron(np.eye(codes.max() + 1), Lam @ Lam.T) @ full.T
    return V


def minus_two_loglik(y, X, V, reml):
    """Profiled -2 log-likelihood or REML criterion at a given relative covariance V."""
    n, p = X.shape
    beta = np.linalg.solve(X.T @ np.linalg.solve(V, X), X.T @ np.linalg.solve(V, y))
    r = y - X @ beta
    nu = n - p if reml else n
    sigma2 = r @ np.linalg.solve(V, r) / nu
    value = -2.0 * multivariate_normal(X @ beta, sigma2 * V, allow_singular=False).logpdf(y)
    if reml:
        # Harville (1974): log|X'V^-1X| and the constant (p) log(2 pi), sigma included
        value += np.linalg.slogdet(X.T @ np.linalg.solve(sigma2 * V, X))[1] - p * np.log(2 * np.pi)
    return value


def beta_sigma_b(y, X, blocks, lambdas, weights, reml):
    """GLS estimates, residual sd and BLUPs."""
    V = marginal_covariance(blocks, lambdas, weights)
    beta = np.linalg.solve(X.T @ np.linalg.solve(V, X), X.T @ np.linalg.solve(V, y))
    r = y - X @ beta
    nu = len(y) - X.shape[1] if reml else len(y)
    sigma = np.sqrt(r @ np.linalg.solve(V, r) / nu)
    b = []
    for (codes, Z), Lam in zip(blocks, lambdas, strict=True):
        full = random_effects_matrix(codes, Z)
        G = np.kron(np.eye(codes.max() + 1), Lam @ Lam.T)
        b.append((G @ full.T @ np.linalg.solve(V, r)).reshape(codes.max() + 1, -1))
    return beta, sigma, b
