"""Satterthwaite's degrees of freedom: chi-squared with the variance of the variance."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.inference.df.methods import JointTest, independent_rows

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import LinearFit

# relative spread below which the components' degrees of freedom count as one number
EQUAL = 1e-8
# standard errors of the rows of a hypothesis further apart than this are in units that no
# eigenvector survives; the rows are then taken in units of their standard errors
UNITS_APART = 1e4


class Satterthwaite:
    """df = 2 v^2 / Var(v) for v = l'Cov(beta)l, by the delta method from theta and sigma.

    References
    ----------
    Giesbrecht & Burns (1985), doi:10.2307/2530884; Fai & Cornelius (1996),
    doi:10.1080/00949659608811740, for several rows together; Kuznetsova, Brockhoff &
    Christensen (2017), doi:10.18637/jss.v082.i13.

    Examples
    --------
    >>> import numpy as np
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> Satterthwaite(fit).df(np.eye(2)).round(3)
    array([17., 17.])
    """

    label = "t (Satterthwaite)"

    def __init__(self, fit: LinearFit):
        self.vcov = fit.vcov_beta
        self._covariance = fit.parameters.variance_covariance
        self._variance = fit.noise.variance
        self._T, self._scores = fit.gls.T_hat, fit.gls.fixed_scores
        self._dG = fit.parameters.dG

    def df(self, L):
        """(m,) degrees of freedom of each row of L (m, p)."""
        if L.shape[0] == 0 or L.shape[1] == 0:
            return np.zeros(L.shape[0])
        gradient = self.gradient(L)
        variance = gradient[:, -1]
        spread = np.einsum("mk,kl,ml->m", gradient, self._covariance, gradient)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(variance > 0, 2.0 * variance**2 / spread, np.nan)

    def gradient(self, L):
        """(m, K + 1) derivatives of every l'Cov(beta)l by theta~ and log sigma^2."""
        inner = self._T.T @ L.T  # l in the columns X^
        if L.shape[0] > L.shape[1]:  # many rows: a quadratic form of each, in p x p matrices
            slopes = np.einsum("pm,kpq,qm->mk", inner, self._slopes, inner, optimize=True)
            parts = [slopes]
        else:
            parts = []
            for scores, dG in zip(self._scores, self._dG, strict=True):
                A = scores @ inner  # Z~_j'V^-1X^ l, (q, k, m)
                squares = A.transpose(2, 1, 0) @ A.transpose(2, 0, 1)
                parts.append(np.einsum("mab,lab->ml", squares, dG))
        variance = np.einsum("pm,pm->m", inner, inner)[:, None]
        return self._variance * np.concatenate([*parts, variance], axis=1)

    @cached_property
    def _slopes(self):
        """(K, p, p) derivatives by theta~ of the covariance of the coefficients of X^."""
        parts = []
        for scores, dG in zip(self._scores, self._dG, strict=True):
            q, k, p = scores.shape
            flat = scores.reshape(q, k * p)
            moments = (flat.T @ flat).reshape(k, p, k, p)
            parts.append(np.einsum("apbr,lab->lpr", moments, dG))
        return np.concatenate(parts)

    def joint(self, L, estimates):
        """F of all rows together; the denominator's df from those of independent contrasts."""
        rows, values = independent_rows(L, estimates)
        rank = values.size
        if rank == 0:
            return JointTest(np.nan, 0.0, np.nan)
        covariance = rows @ self.vcov @ rows.T
        se = np.sqrt(np.diagonal(covariance))
        half = np.linalg.solve(np.linalg.cholesky(covariance / np.outer(se, se)), values / se)
        if se.max() > UNITS_APART * se.min():
            rows, covariance = rows / se[:, None], covariance / np.outer(se, se)
        _, vectors = np.linalg.eigh(covariance)
        df = self.df(vectors.T @ rows)
        return JointTest(float(half @ half) / rank, float(rank), denominator(df))


def denominator(df):
    """Denominator df of an F that is the mean of squared independent t's.

    E[F] of the sum is matched: with E = sum df / (df - 2), 2 E / (E - q).

    Parameters
    ----------
    df : (q,) array
        Of each t.

    Examples
    --------
    >>> import numpy as np
    >>> denominator(np.array([10.0, 10.0])), round(denominator(np.array([10.0, 18.0])), 6)
    (10.0, 12.666667)
    """
    if np.ptp(df) <= EQUAL * df.max():
        return float(df.mean())
    if not (df > 2.0).all():
        return 2.0
    excess = float((df / (df - 2.0)).sum())
    return 2.0 * excess / (excess - df.size)
