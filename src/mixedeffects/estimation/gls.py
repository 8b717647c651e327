"""Generalised least squares at an optimum of a linear model, in columns in which numbers are good.

The fixed columns are X^ = X T^ such that X^'V^-1X^ = I, the random ones Z~ = Z T_z nearly
orthonormal (`mixedeffects.crossprod.reference`). V, G and all variances are relative to sigma^2.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from scipy.linalg.lapack import dtrtri  # pyright: ignore[reportAttributeAccessIssue]

from mixedeffects.estimation.objective import Evaluation


class GLS:
    """What V^-1 does to the columns of a linear model, for its estimated V.

    Attributes
    ----------
    lambdas : sequence of (k, k) arrays
        Per block, Lambda~ with the covariance Lambda~ Lambda~' of the effects of Z~.
    T_blocks : sequence of (k, k) arrays
        Per block, T_z.
    """

    def __init__(self, evaluation: Evaluation):
        self._factorisation = evaluation.factorisation
        reference = evaluation.objective.stats.reference
        self._p = evaluation.objective.p
        self._reference = reference.T
        self.lambdas, self.T_blocks = evaluation.lambdas, reference.T_blocks

    @property
    def R(self):
        """(p, p) upper triangular: X~ = X^ R are the columns of the cross-products."""
        return self._factorisation.RX

    @cached_property
    def T_hat(self):
        """(p, p) X^ = X T^, so that T^ T^' is the covariance of beta relative to sigma^2."""
        p = self._p
        return self._reference[:p, :p] @ dtrtri(self.R, lower=0)[0] if p else np.zeros((0, 0))

    @cached_property
    def beta(self):
        """(p,) coefficients of X."""
        p = self._p
        return self._reference[:p, :p] @ self._factorisation.beta() - self._reference[:p, p]

    @cached_property
    def modes(self):
        """Per block, the (q, k) predicted random effects of Z."""
        spread = self._factorisation.spread_scores()
        return tuple(
            h @ (Lam @ Lam.T) @ T.T
            for h, Lam, T in zip(spread, self.lambdas, self.T_blocks, strict=True)
        )

    @property
    def scores(self):
        """Per block, Z~'V^-1e (q, k), e the residuals y - X beta."""
        return self._factorisation.scores()

    @property
    def fixed_scores(self):
        """Per block, Z~'V^-1X^ (q, k, p)."""
        return self._factorisation.fixed_scores()

    def conditional(self):
        """Per block, the (q, k, k) covariance of the effects of Z~ given the data and beta."""
        return self._factorisation.conditional()

    def joint(self, codes, Z):
        """(n,) variance, given the data and beta, of the sums of random effects of some rows.

        Parameters
        ----------
        codes : sequence of (n,) int arrays
            Per block, the level of every row.
        Z : sequence of (n, k) arrays
            Per block, the rows' columns of Z~.
        """
        return self._factorisation.joint(codes, Z)

    def joint_flops(self, n):
        """Floating-point operations of `joint` for n rows."""
        return self._factorisation.joint_flops(n)
