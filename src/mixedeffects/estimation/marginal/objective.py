"""-2 log-likelihood (ML) or REML criterion of a marginal model, and its derivatives.

The rows of subject i have the covariance Sigma_o, rows and columns of a (T, T) Sigma(theta) for the
visits o that it was seen at. With Omega_o = Sigma_o^-1, r = y - X beta, Phi = (X'V^-1X)^-1 and
E_o = sum r r', U_o = sum X_i Phi X_i' over the subjects of a pattern (`crossprod.patterns`),

    d = sum_o n_o log|Sigma_o| + r'V^-1r + nu log 2 pi (+ log|X'V^-1X| by REML),
    D = sum_o [n_o Omega - Omega E_o Omega (- Omega U_o Omega)],    dd/dtheta_k = <D, Sigma_k>,

and with g_k = X'V^-1 V_k V^-1 r, A_k = X'V^-1 V_k V^-1 X the observed curvature

    H_kl = <D, Sigma_kl> + sum_o tr(Omega Sigma_k Omega Sigma_l Omega [2 E_o (+ 2 U_o)])
           - sum_o n_o tr(Omega Sigma_k Omega Sigma_l) - 2 g_k'Phi g_l (- tr(Phi A_k Phi A_l)).

Derivatives of V^-1 and of log-determinants: Harville (1977), doi:10.1080/01621459.1977.10480998.
"""

from __future__ import annotations

from functools import cached_property
from math import inf, isfinite, log, pi

import numpy as np
from scipy.linalg.lapack import dpotrf, dpotri  # pyright: ignore[reportAttributeAccessIssue]


class MarginalObjective:
    """The criterion as a function of theta.

    Parameters
    ----------
    sums : PatternSums
        In columns that are nearly orthonormal, of a response less a first fit.
    structure : Covariance
        Of the T visits; theta is its own.
    log_T : float
        log|T| of the columns X T that the sums have, for the REML criterion of X.
    """

    def __init__(self, sums, structure, reml, log_T=0.0):
        self.sums, self.structure, self.reml = sums, structure, reml
        self.nu = sums.n - sums.p if reml else sums.n
        self.constant = self.nu * log(2.0 * pi) - (2.0 * log_T if reml else 0.0)
        sizes = sums.seen.sum(axis=1)
        # patterns of one size are worked on together
        self.batches = []
        for m in np.unique(sizes):
            which = np.flatnonzero(sizes == m)
            self.batches.append((which, np.nonzero(sums.seen[which])[1].reshape(which.size, m)))
        P, T, q = sums.seen.shape[0], sums.n_visits, sums.W.shape[1]
        self.evaluations = self.gradients = 0
        self.flat_W = sums.W.reshape(P, q * q)
        self.B = sums.B.reshape(T * q, -1)

    def evaluate(self, theta):
        """The criterion at theta, with its derivatives on request."""
        self.evaluations += 1
        return MarginalEvaluation(self, np.asarray(theta, dtype=float))

    def value(self, theta):
        """The criterion at theta; inf where Sigma is not positive definite."""
        return self.evaluate(theta).value

    def precisions(self, Sigma):
        """(P, T, T) Omega_o, zero outside the pattern, and sum_o n_o log|Sigma_o|; None if not."""
        sums = self.sums
        Omega = np.zeros((sums.seen.shape[0], *Sigma.shape))
        total = 0.0
        for which, places in self.batches:
            rows, columns = places[:, :, None], places[:, None, :]
            part = Sigma[rows, columns]
            try:
                L = np.linalg.cholesky(part)
            except np.linalg.LinAlgError:
                return None, inf
            half = np.linalg.solve(L, np.broadcast_to(np.eye(part.shape[1]), part.shape))
            Omega[which[:, None, None], rows, columns] = half.transpose(0, 2, 1) @ half
            logs = np.log(np.diagonal(L, axis1=1, axis2=2)).sum(axis=1)
            total += 2.0 * float(sums.count[which] @ logs)
        return Omega, total

    def crossed(self, M):
        """(..., p, p) sum_ts B_t' (sum_o M_o[t, s] W_o) B_s of (..., P, T, T) matrices."""
        *lead, P, T, _ = M.shape
        q = self.sums.W.shape[1]
        inner = np.moveaxis(M, -3, -1).reshape(-1, P) @ self.flat_W
        inner = inner.reshape(*lead, T, T, q, q).swapaxes(-3, -2).reshape(*lead, T * q, T * q)
        return self.B.T @ inner @ self.B


class MarginalEvaluation:
    """One point theta: value at once; gradient and curvature when first asked for."""

    def __init__(self, objective, theta):
        self.objective, self.theta, self.value = objective, theta, inf
        sums = objective.sums
        Lambda = objective.structure.factor(theta)
        self.Sigma = Lambda @ Lambda.T
        self.Omega, logdet = objective.precisions(self.Sigma)
        if self.Omega is None or not isfinite(logdet):
            return
        A = objective.crossed(self.Omega)
        b = np.einsum("tqp,otu,oqu->p", sums.B, self.Omega, sums.C, optimize=True)
        L, info = dpotrf(A, lower=1)
        if info:
            return
        Phi = dpotri(L, lower=1)[0]
        self.Phi = np.tril(Phi) + np.tril(Phi, -1).T
        self.beta = self.Phi @ b
        self._left = sums.centred(self.beta)
        value = logdet + float(np.sum(self.Omega * self._left.Y)) + objective.constant
        if objective.reml:
            value += 2.0 * float(np.log(L.diagonal()).sum())
        self.value = value

    @cached_property
    def _spread(self):
        """(P, T, T) U_o, or 0 by maximum likelihood."""
        if not self.objective.reml:
            return np.zeros(())
        sums, B = self.objective.sums, self.objective.B
        T, q = sums.n_visits, sums.W.shape[1]
        inner = (B @ self.Phi @ B.T).reshape(T, q, T, q).swapaxes(1, 2).reshape(T * T, q * q)
        return (self.objective.flat_W @ inner.T).reshape(-1, T, T)

    @cached_property
    def D(self):
        """(T, T) derivative of the criterion by Sigma."""
        Omega, n = self.Omega, self.objective.sums.count
        inner = self._left.Y + self._spread
        return np.tensordot(n, Omega, 1) - (Omega @ inner @ Omega).sum(axis=0)

    @cached_property
    def changes(self):
        """(K, T, T) dSigma / dtheta_k."""
        return self.objective.structure.changes(self.theta)

    @cached_property
    def gradient(self):
        """(K,) derivatives of the criterion by theta."""
        self.objective.gradients += 1
        return np.tensordot(self.changes, self.D, 2)

    @cached_property
    def A(self):
        """(K, p, p) X'V^-1 V_k V^-1 X."""
        return self.slopes_of(self.changes)

    def crossed(self, inner):
        """(..., p, p) X'V^-1 M V^-1 X, M_o (..., P, T, T) in place of Sigma_o."""
        return self.objective.crossed(self.Omega @ inner @ self.Omega)

    def slopes_of(self, changes):
        """(K, p, p) X'V^-1 V_k V^-1 X of changes (K, T, T) of Sigma."""
        return self.crossed(changes[:, None])

    def products_of(self, changes, middle):
        """(K, K) sum_o tr(Omega Sigma_k Omega Sigma_l Omega M_o), M_o (P, T, T) symmetric."""
        T = self.Sigma.shape[0]
        right = (self.Omega @ middle @ self.Omega).reshape(-1, T * T)
        pairs = (self.Omega.reshape(-1, T * T).T @ right).reshape(T, T, T, T)
        # tr(Omega S_k Omega S_l Omega M) = sum Omega_bc (Omega M Omega)_da S_k[a, b] S_l[c, d]
        K = changes.shape[0]
        half = np.tensordot(changes, pairs, axes=([1, 2], [3, 0])).reshape(K, T * T)
        found = half @ changes.reshape(K, T * T).T
        return 0.5 * (found + found.T)

    @cached_property
    def scores(self):
        """(K, p) g_k = X'V^-1 V_k V^-1 r."""
        sums = self.objective.sums
        inner = self.Omega @ self.changes[:, None] @ self.Omega
        return np.einsum("tqp,kotu,oqu->kp", sums.B, inner, self._left.C, optimize=True)

    @cached_property
    def curvature(self):
        """(K, K) observed second derivatives by theta."""
        n = self.objective.sums.count[:, None, None]
        middle = 2.0 * (self._left.Y + self._spread)
        H = self.products_of(self.changes, middle - n * self._whole)
        H -= 2.0 * self.scores @ self.Phi @ self.scores.T
        if self.objective.reml:
            H -= self.squares(self.A)
        return H + self.objective.structure.curvature(self.theta, self.D)

    @cached_property
    def covariance(self):
        """(K, K) covariance of theta: twice the inverse of the curvature."""
        size = np.sqrt(np.abs(self.curvature.diagonal()))
        scale = np.outer(size, size)
        return 2.0 * np.linalg.inv(self.curvature / scale) / scale

    @property
    def information(self):
        """The curvature, for optimisers that ask for an information matrix."""
        return self.curvature

    @cached_property
    def _whole(self):
        """(P, T, T) Sigma_o, zero outside the pattern: Omega Sigma_o Omega is Omega."""
        seen = self.objective.sums.seen
        return np.where(seen[:, :, None] & seen[:, None, :], self.Sigma, 0.0)

    def squares(self, A):
        """(K, K) tr(Phi A_k Phi A_l)."""
        K = A.shape[0]
        half = (self.Phi @ A).reshape(K, -1)
        return half @ (self.Phi @ A).transpose(0, 2, 1).reshape(K, -1).T
