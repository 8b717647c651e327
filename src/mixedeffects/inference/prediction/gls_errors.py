"""Errors of a linear model's predictions: variances and degrees of freedom, row by row.

The error of x'beta^ + z'b^ as a prediction of x'beta + z'b has two independent parts: what is
wrong with z'b^ although beta be known, and what the error of beta^ does to both terms, because
b^ = G Z'V^-1(y - X beta^):

    Var = (x - X'V^-1Z G z)'Cov(beta^)(x - X'V^-1Z G z) + sigma^2 z'Lambda M^-1 Lambda'z

(Henderson 1975, doi:10.2307/2529430; the variance parameters are taken as known).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from mixedeffects.inference.df.estimates import t_quantile
from mixedeffects.inference.df.methods import df_method
from mixedeffects.inference.df.satterthwaite import Satterthwaite
from mixedeffects.inference.normal import z_quantile
from mixedeffects.inference.prediction.uncertainty import TooManyRows, chunks_of, rows_of

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import LinearFit

# floating-point operations above which the rows are too many (about a minute or two)
MOST_FLOPS = 2e12


class GLSErrors:
    """The `Uncertainty` of a linear model, with a method for degrees of freedom."""

    def __init__(self, fit: LinearFit, ddf=None):
        self.fit, self.ddf = fit, fit.default_ddf if ddf is None else ddf

    def variance(self, rows, weights, *, conditional, spread=None, also=()):
        """(n,) variance of the error of the weighted predictor."""
        ((name, weight),) = weights.items()
        X, _ = rows.parts[name]
        if conditional:
            return weight**2 * self._conditional(X, rows.blocks)
        return weight**2 * self._population(X)

    def effects(self):
        """Per block, the (q, k) variances of b^ - b: the above with x = 0 and a level's own z."""
        gls, out = self.fit.gls, []
        for f, cov in enumerate(self.fit.conditional_covariances()):
            half = gls.T_blocks[f] @ gls.lambdas[f] @ gls.lambdas[f].T
            of_beta = np.einsum("ab,qbp->qap", half, gls.fixed_scores[f])
            own = np.maximum(np.einsum("jaa->ja", cov), 0.0)
            out.append(own + self.fit.noise.variance * np.einsum("qap,qap->qa", of_beta, of_beta))
        return tuple(out)

    def quantile(self, rows, level, *, between=False, residual=None):
        """Quantiles of t for rows that use no group's own effects, else of the normal."""
        out = np.full(rows.n, z_quantile(level))
        unseen = np.flatnonzero(np.all([np.asarray(codes) < 0 for codes, _ in rows.blocks], axis=0))
        if self.ddf == "wald" or not unseen.size:
            return out
        X, _ = next(iter(rows.parts.values()))
        if self.ddf == "satterthwaite" or between or residual is not None:
            df = self._unseen_df(X, rows.blocks, unseen, between=between, residual=residual)
        else:
            df = self._fixed_df(X, unseen)
        out[unseen] = t_quantile(0.5 + level / 2.0, df)
        return out

    def _population(self, X):
        """(n,) variance of x'beta^, with the method's covariance."""
        vcov = df_method(self.fit, self.ddf).vcov
        n, p = X.shape
        variance = np.zeros(n)
        for rows in chunks_of(n, p):
            x = np.asarray(X[rows])
            variance[rows] = np.einsum("np,pq,nq->n", x, vcov, x)
        return np.maximum(variance, 0.0)

    def _conditional(self, X, blocks):
        """(n,) variance of the error of x'beta^ + z'b^ as a prediction of x'beta + z'b."""
        gls = self.fit.gls
        n, p = X.shape
        refuse_too_many(gls, n)
        fixed = gls.fixed_scores
        widest = max(b.size // len(b) for b in self.fit.b) * (p + 2) + p
        out = np.empty(n)
        for rows in chunks_of(n, widest):
            size = rows.stop - rows.start
            a = np.asarray(X[rows]) @ gls.T_hat
            codes, Z = [], []
            for f, (all_codes, matrix) in enumerate(blocks):
                c = np.asarray(all_codes[rows])
                z = rows_of(matrix, rows, size) @ gls.T_blocks[f]
                z[c < 0] = 0.0
                Lam = gls.lambdas[f]
                a -= np.einsum("nkp,nk->np", fixed[f][c], z @ (Lam @ Lam.T))
                codes.append(c)
                Z.append(z)
            out[rows] = np.einsum("np,np->n", a, a) + gls.joint(codes, Z)
        return self.fit.noise.variance * np.maximum(out, 0.0)

    def _fixed_df(self, X, rows):
        """(m,) degrees of freedom of x'beta^ for some rows."""
        method = df_method(self.fit, self.ddf)
        df = np.empty(rows.size)
        for part in chunks_of(rows.size, X.shape[1] + max(b.size for b in self.fit.b)):
            df[part] = method.df(np.asarray(X[rows[part]]))
        return np.where(np.isnan(df), np.inf, df)

    def _unseen_df(self, X, blocks, rows, *, between, residual):
        """(m,) Satterthwaite's degrees of freedom of predictions without groups' own effects.

        The variance is v = x'Cov(beta^)x [+ z'Gz] [+ residual variance]; all of it is estimated, so
        df = 2 v^2 / Var(v) with Var(v) by the delta method from theta and sigma.
        """
        fit = self.fit
        method = cast(Satterthwaite, df_method(fit, "satterthwaite"))
        parameters, gls = fit.parameters, fit.gls
        out = np.empty(rows.size)
        width = X.shape[1] + max(b.size for b in fit.b)
        for part in chunks_of(rows.size, width):
            some = rows[part]
            gradient = method.gradient(np.asarray(X[some]))
            if residual is not None:
                gradient[:, -1] += residual[some]
            at = 0
            for f, (_, matrix) in enumerate(blocks):
                dG = parameters.dG[f]
                if between:
                    z = rows_of(matrix, some, some.size) @ gls.T_blocks[f]
                    half = z @ gls.lambdas[f]
                    gradient[:, at : at + len(dG)] += fit.noise.variance * np.einsum(
                        "na,lab,nb->nl", z, dG, z
                    )
                    gradient[:, -1] += fit.noise.variance * np.einsum("nk,nk->n", half, half)
                at += len(dG)
            spread = np.einsum("nk,kl,nl->n", gradient, parameters.variance_covariance, gradient)
            with np.errstate(divide="ignore", invalid="ignore"):
                out[part] = np.where(spread > 0, 2.0 * gradient[:, -1] ** 2 / spread, np.inf)
        return out


def refuse_too_many(gls, n):
    """Refuse rows that would take minutes."""
    flops = gls.joint_flops(n)
    if flops > MOST_FLOPS:
        fits = int(MOST_FLOPS / gls.joint_flops(1))
        raise TooManyRows(
            f"intervals for {n:,} rows take about {flops:.0e} operations: the random effects of "
            "different factors are correlated, and every row needs a solve of its own\n"
            f'predict up to {fits:,} rows at a time, or use groups="population"'
        )
