"""Degrees of freedom of a marginal model: Satterthwaite, and Kenward & Roger as SAS has it.

The covariance of the variance parameters is twice the inverse of the *observed* curvature of the
criterion. Kenward & Roger's Phi_A = Phi + 2 Phi {sum_rs W_rs (Q_rs - P_r Phi P_s - R_rs / 4)} Phi
(letters as in `kenward_roger`) is taken in the natural parameters: covariances where the structure
is linear in them, else variances and correlations. Without the second derivatives R it is SAS's
DDFM=KR(FIRSTORDER), "kenward-roger-linear".
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mixedeffects.inference.df.kenward_roger import KenwardRoger, require_reml
from mixedeffects.inference.df.satterthwaite import Satterthwaite


class MarginalSatterthwaite(Satterthwaite):
    """df = 2 v^2 / Var(v) for v = l'Phi l, by the delta method.

    Parameters
    ----------
    fit : MarginalFit
        A fitted marginal model.

    References
    ----------
    Giesbrecht & Burns (1985), doi:10.2307/2530884; Fai & Cornelius (1996),
    doi:10.1080/00949659608811740, for several rows together.
    """

    def __init__(self, fit: Any):
        at = fit.evaluation
        self.vcov = fit.vcov_beta
        self._Phi, self._T, self._A = at.Phi, fit.T, at.A
        self._covariance = at.covariance

    def df(self, L):
        """(m,) degrees of freedom of each row of L (m, p)."""
        inner = L @ self._T @ self._Phi
        variance = np.einsum("mp,mp->m", inner, L @ self._T)
        gradient = np.einsum("mp,kpq,mq->mk", inner, self._A, inner, optimize=True)
        spread = np.einsum("mk,kl,ml->m", gradient, self._covariance, gradient)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(variance > 0, 2.0 * variance**2 / spread, np.nan)


class MarginalKenwardRoger(KenwardRoger):
    """The adjusted covariance and the approximate F distribution.

    Parameters
    ----------
    fit : MarginalFit
        By REML.

    Raises
    ------
    NotAvailableError
        For a fit by maximum likelihood, for which the method is not defined.

    References
    ----------
    Kenward & Roger (1997), doi:10.2307/2533558; SAS/STAT PROC MIXED, option DDFM=KENWARDROGER, for
    the observed information.
    """

    second_order = True

    def __init__(self, fit: Any):
        require_reml(fit)
        at = fit.evaluation
        first, second = fit.structure.natural_slopes(at.theta)
        K = first.shape[0]
        # dSigma/dtheta = J' dSigma/dnatural
        changes = at.changes.reshape(len(at.changes), -1).T
        columns = first.reshape(K, -1).T
        size = np.linalg.norm(columns, axis=0)  # variances and correlations have other units
        J = np.linalg.lstsq(columns / size, changes, rcond=None)[0] / size[:, None]
        W = J @ at.covariance @ J.T
        P = -at.slopes_of(first)
        middle = np.einsum("rs,rab,scd->abcd", W, first, first, optimize=True)
        inner = np.einsum("obc,abcd->oad", at.Omega, middle, optimize=True)
        if self.second_order:
            inner = inner - 0.25 * np.einsum("rs,rsab->ab", W, second)
        whole = at.crossed(inner)
        half = np.tensordot(W, P, 1)
        whole = whole - np.einsum("rpq,qt,rtu->pu", P, at.Phi, half, optimize=True)
        adjusted = at.Phi + at.Phi @ (whole + whole.T) @ at.Phi
        self.vcov = fit.T @ adjusted @ fit.T.T
        C = np.linalg.cholesky(at.Phi)
        self._T, self._W, self._P = fit.T_hat, W, C.T @ P @ C


class MarginalKenwardRogerLinear(MarginalKenwardRoger):
    """The same without second derivatives of the covariance."""

    label = "t (Kenward–Roger, first order)"
    second_order = False
