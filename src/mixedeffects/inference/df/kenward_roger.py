"""Kenward & Roger: a covariance of beta that knows theta is estimated, with degrees of freedom.

All letters as in Kenward & Roger (1997), doi:10.2307/2533558, with Sigma_r the derivatives of the
covariance by its parameters: the entries of every G, or the variances and correlations of a
structure that is not linear in them, and the residual variance,

    P_r  = -X'Sigma^-1 Sigma_r Sigma^-1 X,
    Q_rs =  X'Sigma^-1 Sigma_r Sigma^-1 Sigma_s Sigma^-1 X,
    R_rs =  X'Sigma^-1 (d Sigma_r / d gamma_s) Sigma^-1 X, zero where Sigma is linear,
    W    = inverse of 1/2 [tr(Sigma^-1 Sigma_r Sigma^-1 Sigma_s) - 2 tr(Phi Q_rs)
                           + tr(Phi P_r Phi P_s)],
    Phi_A = Phi + 2 Phi { sum_rs W_rs (Q_rs - P_r Phi P_s - R_rs / 4) } Phi.

The fixed columns are taken as X^ with X^'Sigma^-1 X^ = I (`GLS`), so that Phi = I.
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.engine import free_memory, pair_sums, parts_of, threads_for
from mixedeffects.errors import DataWarning, NotAvailableError, PlanTooLargeError, depth_of_package
from mixedeffects.inference.df.methods import JointTest, independent_rows

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import LinearFit

# floating-point operations a second that the sums reach, and the wait worth a word, seconds
SPEED = 1.3e10
# standard deviation, of the largest, or sine's slope of a correlation that is at its boundary
LEAST = 1e-5
LONG = 20.0


class KenwardRoger:
    """The adjusted covariance and the approximate F distribution.

    Parameters
    ----------
    fit : Fit
        By REML.

    Raises
    ------
    NotAvailableError
        For a fit by maximum likelihood, for which the method is not defined, and at the boundary
        of a structure that is not linear.
    PlanTooLargeError
        When the largest set of connected levels does not fit in memory.

    Warns
    -----
    DataWarning
        Before a computation of more than about twenty seconds, with an estimate.

    References
    ----------
    Kenward & Roger (1997), doi:10.2307/2533558; Halekoh & Højsgaard (2014),
    doi:10.18637/jss.v059.i09, for the form used with linear covariances.

    Examples
    --------
    >>> import numpy as np
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> KenwardRoger(fit).df(np.eye(2)).round(6)
    array([17., 17.])
    """

    label = "t (Kenward–Roger)"

    def __init__(self, fit: LinearFit):
        require_reml(fit)
        gls, stats = fit.gls, fit.cross_products
        parts = parts_of(stats)
        announce(parts)
        parts = replace(parts, ZX=np.linalg.solve(gls.R.T, parts.ZX.T).T)  # Z~'WX^
        with threads_for(parts.largest):
            sums = pair_sums(parts, gls.lambdas)
        require_regular(fit)
        P, Q, R, traces = derivatives(fit, sums)
        information = 0.5 * (
            traces - 2.0 * np.einsum("rspp->rs", Q) + np.einsum("rpq,sqp->rs", P, P)
        )
        W = np.linalg.pinv(0.5 * (information + information.T), rcond=1e-10, hermitian=True)
        inner = np.einsum("rs,rspq->pq", W, Q - 0.25 * R) - np.einsum("rs,rpq,sqt->pt", W, P, P)
        adjusted = np.eye(stats.p) + inner + inner.T
        self._T, self._W, self._P = gls.T_hat, W, P
        self.vcov = fit.noise.variance * (gls.T_hat @ adjusted @ gls.T_hat.T)

    def df(self, L):
        """(m,) degrees of freedom of each row of L (m, p)."""
        inner = L @ self._T
        variance = np.einsum("mp,mp->m", inner, inner)
        slope = np.einsum("mp,rpq,mq->mr", inner, self._P, inner)
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = slope / variance[:, None]
            A = np.einsum("mr,rs,ms->m", slope, self._W, slope)
            return np.where(variance > 0, 2.0 / A, np.nan)

    def joint(self, L, estimates):
        """The scaled F test of all rows together."""
        rows, values = independent_rows(L, estimates)
        rank = values.size
        if rank == 0:
            return JointTest(np.nan, 0.0, np.nan)
        inner = rows @ self._T
        R = np.linalg.cholesky(inner @ inner.T)
        half = np.linalg.solve(R, inner)
        slopes = half @ self._P @ half.T  # (r, rank, rank)
        each = np.trace(slopes, axis1=1, axis2=2)
        A1 = float(each @ self._W @ each)
        A2 = float(np.einsum("rab,rs,sba->", slopes, self._W, slopes))
        df, scale = f_approximation(A1, A2, rank)
        F = float(values @ np.linalg.solve(rows @ self.vcov @ rows.T, values)) / rank
        return JointTest(scale * F, float(rank), df)


def f_approximation(A1, A2, q):
    """Denominator df and scale of the F that matches mean and variance of the Wald statistic.

    Kenward & Roger (1997), section 3, with the modification that makes it exact for Hotelling's T^2
    and balanced analyses of variance. Returns df, scale (float).

    Parameters
    ----------
    q : int
        Numerator degrees of freedom.

    Examples
    --------
    >>> df, scale = f_approximation(0.4, 0.4, 1)
    >>> round(df, 6), round(scale, 6)
    (5.0, 1.0)
    """
    if q == 1:
        return 2.0 / A2, 1.0
    B = (A1 + 6.0 * A2) / (2.0 * q)
    g = ((q + 1.0) * A1 - (q + 4.0) * A2) / ((q + 2.0) * A2)
    below = 3.0 * q + 2.0 * (1.0 - g)
    c1, c2, c3 = g / below, (q - g) / below, (q + 2.0 - g) / below
    top, middle, last = 1.0 + c1 * B, 1.0 - c2 * B, 1.0 - c3 * B
    if abs(top) < 1e-10:
        top = 0.0
    ratio = 1.0 if abs(middle) < 1e-10 and abs(1.0 - A2 / q) < 1e-10 else (1.0 - A2 / q) / middle
    rho = ratio**2 * top / last / q
    df = 4.0 + (q + 2.0) / (q * rho - 1.0)
    scale = 1.0 if abs(df - 2.0) < 1e-2 else df * (1.0 - A2 / q) / (df - 2.0)
    return df, scale


def derivatives(fit: LinearFit, sums):
    """P (K, p, p), Q and R (K, K, p, p) and the traces (K, K) of all covariance parameters.

    Relative to sigma^2, in the columns X^ and Z~ of `GLS`; the residual variance is last. The
    residual's Sigma_r is W^-1 = V - Z G Z', so that its sums follow from those of G.
    """
    slopes, p = fit.covariance_parameters.natural_slopes(fit.evaluation.theta), fit.beta.size
    bases = [first for first, _ in slopes]
    K = sum(len(basis) for basis in bases) + 1
    by_block, at = [], 0
    for basis, Lam in zip(bases, fit.gls.lambdas, strict=True):
        M = np.zeros((K, *Lam.shape))
        M[at : at + len(basis)], M[-1] = basis, Lam @ Lam.T
        by_block.append(M)
        at += len(basis)
    U = np.zeros((K, p, p))
    first = np.zeros(K)
    for f, M in enumerate(by_block):
        U += np.einsum("rab,pabq->rpq", M, sums.U[f])
        first += np.einsum("rab,ab->r", M, sums.trace[f])
    R = np.zeros((K, K, p, p))
    at = 0
    for f, (first_order, second) in enumerate(slopes):
        part = slice(at, at + len(first_order))
        R[part, part] = np.einsum("rsab,pabq->rspq", second, sums.U[f])
        at = part.stop
    Q = np.zeros((K, K, p, p))
    traces = np.zeros((K, K))
    for (f, g), T in sums.T.items():
        Mf, Mg = by_block[f], by_block[g]
        traces += np.einsum("rab,scd,abcd->rs", Mf, Mg, T, optimize=True)
        Q += np.einsum("rab,scd,pabcdq->rspq", Mf, Mg, sums.R[f, g], optimize=True)
    e, identity = K - 1, np.eye(p)
    Q[e, e] += identity - 2.0 * U[e]
    traces[e, e] += fit.design.n - 2.0 * first[e]
    Q[:e, e] = U[:e] - Q[:e, e]
    Q[e, :e] = U[:e] - Q[e, :e]
    traces[:e, e] = first[:e] - traces[:e, e]
    traces[e, :e] = traces[:e, e]
    U[e] = identity - U[e]
    return -U, Q, R, traces


def require_reml(fit):
    """Refuse a fit by maximum likelihood."""
    if not fit.reml:
        raise NotAvailableError(
            "Kenward–Roger is defined for REML fits, and this one is by maximum likelihood\n"
            'fit with reml=True, or use ddf="satterthwaite"'
        )


def require_regular(fit: LinearFit):
    """Refuse a covariance at the boundary of a structure that is not linear."""
    parameters, theta = fit.covariance_parameters, fit.evaluation.theta
    for term in parameters.terms:
        form = term.structure
        if form.additive:
            continue
        J = np.zeros((1, 1))
        if form.regular(theta[term.part], LEAST):
            J = form.natural_jacobian(theta[term.part])
        if not np.linalg.cond(J) < 1.0 / LEAST:
            raise NotAvailableError(
                f"Kenward–Roger needs a covariance inside its structure, and that of "
                f"'{form.name}' is at the edge: a standard deviation of zero, or a correlation at "
                f'the end of its range\nuse ddf="satterthwaite", or a simpler structure'
            )


def announce(parts):
    """Refuse what does not fit in memory; say how long a long computation will take."""
    need = parts.bytes
    seconds = parts.flops / SPEED
    instead = 'ddf="satterthwaite" takes about as long as the fit'
    free = free_memory()
    if free is not None and need > free:
        raise PlanTooLargeError(
            f"Kenward–Roger needs {need / 1e9:,.1f} GB: {parts.largest:,} random-effect columns "
            f"are connected with each other\n{instead}"
        )
    if seconds > LONG:
        warnings.warn(
            f"Kenward–Roger will take about {seconds / 60.0:,.1f} minutes: {parts.largest:,} "
            f"random-effect columns are connected with each other\n{instead}",
            DataWarning,
            stacklevel=depth_of_package(),
        )
