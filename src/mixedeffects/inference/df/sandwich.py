"""Cluster-robust covariance of the fixed effects, CR0 and CR2, with its degrees of freedom.

Coordinates: X^ = X T^ with X^'V^-1 X^ = I, V the fitted covariance relative to sigma^2. With
A_c the adjustment of cluster c (the identity for CR0), G_c = A_c V_c^-1 X^_c and e = y - X beta,

    Cov(beta^) = sum_c s_c s_c',   s_c = G_c'e_c.

Were V right, Cov(e) = sigma^2 (V - X^X^'), so that a combination l'Cov l is a quadratic form in
normal variables whose matrix, cluster by cluster, is

    P_cd = [c = d] l'Phi_c l - (U_c'l)'(U_d'l),   Phi_c = G_c'V_c G_c,  U_c = G_c'X^_c.

Satterthwaite's degrees of freedom are (tr P)^2 / sum P_cd^2. Only p x p matrices per cluster
are kept, and the J x J matrix P is never formed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from mixedeffects.engine import free_memory
from mixedeffects.errors import PlanTooLargeError
from mixedeffects.inference.clusters import GLSRows, cluster_products, independent_clusters
from mixedeffects.inference.df.bias_reduced import adjusted_products
from mixedeffects.inference.df.methods import JointTest, independent_rows

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit, LinearFit

# of the memory that is free, the share that matrices per cluster may take
SHARE = 0.5
# a joint covariance with eigenvalues smaller than this, relative, has no inverse
NO_INVERSE = 1e-11


class Sandwich:
    """What CR0 and CR2 share.

    Parameters
    ----------
    cluster : str or (n,) array, optional
        A grouping factor of the model, or a label for each row that was used; the outermost
        grouping factor if not given.

    Attributes
    ----------
    label : str
    vcov : (p, p) array
    clusters : Clusters
    """

    name = ""

    def __init__(self, fit: Fit, cluster=None):
        self.clusters = independent_clusters(fit, cluster)
        gls = GLSRows(cast("LinearFit", fit))
        require_room(self.clusters.n, gls.p)
        scores, self._Phi, self._U = self._products(fit, gls)
        self._T = gls.T_hat
        root = scores @ gls.T_hat.T
        self.vcov = root.T @ root
        self.label = f"t ({self.name} by {self.clusters.name})"

    def _products(self, fit: Fit, gls):
        """(J, p) scores s_c, (J, p, p) Phi_c and U_c."""
        raise NotImplementedError

    def _parts(self, L):
        """phi (J, m, m) = L Phi_c L' and v (J, m, p) = L U_c, for L in the user's columns."""
        inner = L @ self._T
        half = inner @ self._Phi
        return half @ inner.T, inner @ self._U

    def df(self, L):
        """(m,) degrees of freedom of each row of L (m, p): Satterthwaite's.

        nan where the model says that the robust variance of the row is always zero.
        """
        out = np.empty(L.shape[0])
        for i, row in enumerate(L):
            phi, v = self._parts(row[None, :])
            phi, v = phi[:, 0, 0], v[:, 0]
            square = np.einsum("jp,jp->j", v, v)
            spread = phi @ (phi - 2.0 * square) + np.sum((v.T @ v) ** 2)
            total = float((phi - square).sum())
            out[i] = total**2 / spread if total > 0 and spread > 0 else np.nan
        return out

    def joint(self, L, estimates):
        """Hotelling's T-squared with the degrees of freedom of Zhang's approximation (HTZ).

        The statistic is nan where the clusters are too few for the number of rows: their
        approximate degrees of freedom must exceed it.
        """
        rows, values = independent_rows(L, estimates)
        q = values.size
        if q == 0:
            return JointTest(np.nan, 0.0, np.nan)
        eta = self._zhang(rows)
        covariance = rows @ self.vcov @ rows.T
        den_df = eta - q + 1.0
        if not den_df > 0 or np.linalg.cond(covariance) > 1.0 / NO_INVERSE:
            return JointTest(np.nan, float(q), np.nan)
        Q = float(values @ np.linalg.solve(covariance, values))
        return JointTest(Q * den_df / (eta * q), float(q), den_df)

    def _zhang(self, rows):
        """q (q + 1) / sum of the variances of the entries of the standardised covariance."""
        q = rows.shape[0]
        phi, v = self._parts(rows)
        expected = phi.sum(axis=0) - np.einsum("jsp,jtp->st", v, v)
        values, vectors = np.linalg.eigh(expected)
        if values[0] <= NO_INVERSE * values[-1]:
            return np.nan
        root = (vectors / np.sqrt(values)) @ vectors.T
        phi, v = root @ phi @ root, root @ v
        inner = v @ v.transpose(0, 2, 1)
        K = np.einsum("jsa,jtb->stab", v, v, optimize=True)
        own, cross = np.einsum("jss->js", phi), np.einsum("jss->js", inner)
        variance = own.T @ own - own.T @ cross - cross.T @ own
        variance += np.einsum("stab,stab->st", K, K)
        variance += np.einsum("jst,jst->st", phi, phi - 2.0 * inner)
        variance += np.einsum("stab,stba->st", K, K)
        return q * (q + 1.0) / float(variance.sum())


class CR0(Sandwich):
    """Cluster-robust covariance without small-sample correction.

    Consistent for many clusters whatever the covariance within them; with few clusters its
    standard errors are too small (use `CR2`). Any number of rows: one pass, p x p sums per
    cluster.

    References
    ----------
    Liang & Zeger (1986), doi:10.1093/biomet/73.1.13; degrees of freedom and joint test as in
    Pustejovsky & Tipton (2018), doi:10.1080/07350015.2016.1247004.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> (CR0(fit).vcov.diagonal() ** 0.5).round(3)
    array([6.632, 1.502])
    """

    name = "CR0"

    def _products(self, fit: Fit, gls):
        information, scores = cluster_products(gls, self.clusters)
        return scores, information, information


class CR2(Sandwich):
    """Bias-reduced cluster-robust covariance: unbiased where the fitted covariance is right.

    Raises
    ------
    PlanTooLargeError, NotAvailableError
        When the square roots of matrices per cluster would need too much memory or time.

    References
    ----------
    Bell & McCaffrey (2002), Survey Methodology 28, 169–181; Pustejovsky & Tipton (2018),
    doi:10.1080/07350015.2016.1247004, eq. 13–15 and section 3.2; the working covariance is the
    model's, as in clubSandwich.

    Examples
    --------
    >>> import numpy as np
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> robust = CR2(fit)
    >>> (robust.vcov.diagonal() ** 0.5).round(3), robust.df(np.eye(2)).round(2)
    (array([6.825, 1.546]), array([17., 17.]))
    """

    name = "CR2"

    def _products(self, fit: Fit, gls):
        return adjusted_products(fit, gls, self.clusters)


def require_room(n_clusters, p):
    """Refuse matrices per cluster that do not fit in memory. Raises PlanTooLargeError."""
    wanted = 8.0 * n_clusters * (4.0 * p * p + 2.0 * p)
    available = free_memory() if wanted > 1e8 else None
    if available is not None and wanted > SHARE * available:
        raise PlanTooLargeError(
            f"{p} x {p} matrices for {n_clusters:,} clusters need {wanted / 1e9:.1f} GB and "
            f"{available / 1e9:.1f} GB are free\nuse fewer columns, or coarser clusters"
        )
