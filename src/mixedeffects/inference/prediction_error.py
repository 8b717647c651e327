"""How far predictions are from what they predict: variances of the errors, row by row.

The error of x'beta^ + z'b^ as a prediction of x'beta + z'b has two independent parts: what is
wrong with z'b^ although beta be known, and what the error of beta^ does to both terms, because
b^ = G Z'V^-1(y - X beta^):

    Var = (x - X'V^-1Z G z)'Cov(beta^)(x - X'V^-1Z G z) + sigma^2 z'Lambda M^-1 Lambda'z

(Henderson 1975, doi:10.2307/2529430; the variance parameters are taken as known).
"""

from __future__ import annotations

from typing import cast

import numpy as np

from mixedeffects.errors import NotAvailableError
from mixedeffects.inference.df import df_method
from mixedeffects.inference.df.satterthwaite import Satterthwaite

# rows whose columns are expanded at a time, and doubles in an array of a chunk
CHUNK, DOUBLES = 16_384, 4_000_000
# floating-point operations above which the rows are too many (about a minute or two)
MOST_FLOPS = 2e12


def chunks_of(n, width):
    """Slices of rows with at most `width` doubles a row."""
    step = int(max(64, min(CHUNK, DOUBLES // max(1, width))))
    for lo in range(0, n, step):
        yield slice(lo, min(lo + step, n))


def rows_of(matrix, rows, size):
    """Some rows of a model matrix as an array; None is a column of ones."""
    return np.ones((size, 1)) if matrix is None else np.asarray(matrix[rows])


def population_error(fit, X, ddf):
    """Variance of x'beta^, row by row, with the covariance of a `DfMethod`.

    Returns
    -------
    (n,) array
    """
    vcov = df_method(fit, ddf).vcov
    n, p = X.shape
    variance = np.zeros(n)
    for rows in chunks_of(n, p):
        x = np.asarray(X[rows])
        variance[rows] = np.einsum("np,pq,nq->n", x, vcov, x)
    return np.maximum(variance, 0.0)


def fixed_df(fit, X, rows, ddf):
    """Degrees of freedom of x'beta^ for some rows, by a method of `mixedeffects.inference.df`.

    Returns
    -------
    (m,) array
    """
    method = df_method(fit, ddf)
    df = np.empty(rows.size)
    for part in chunks_of(rows.size, X.shape[1] + max(b.size for b in fit.b)):
        df[part] = method.df(np.asarray(X[rows[part]]))
    return np.where(np.isnan(df), np.inf, df)


def unseen_df(fit, X, blocks, rows, *, between, residual):
    """Satterthwaite's degrees of freedom of predictions that use no group's own effects.

    The variance is v = x'Cov(beta^)x [+ z'Gz] [+ residual variance]; all of it is estimated, so
    df = 2 v^2 / Var(v) with Var(v) by the delta method from theta and sigma.

    Parameters
    ----------
    X : (n, p) array or ColumnMatrix
    rows : (m,) int array
        The rows wanted.
    between : bool
        Whether the variance between groups, z'Gz, is part of v.
    residual : (m,) array
        Residual variance that is part of v, in units of the response squared.

    Returns
    -------
    (m,) array
    """
    method = cast(Satterthwaite, df_method(fit, "satterthwaite"))
    parameters, gls = fit.parameters, fit.gls
    out = np.empty(rows.size)
    width = X.shape[1] + max(b.size for b in fit.b)
    for part in chunks_of(rows.size, width):
        some = rows[part]
        gradient = method.gradient(np.asarray(X[some]))
        gradient[:, -1] += residual[part]
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


def conditional_error(fit, X, blocks):
    """Variance of the error of x'beta^ + z'b^ as a prediction of x'beta + z'b.

    Parameters
    ----------
    X : (n, p) array or ColumnMatrix
    blocks : sequence of (codes (n,), Z (n, k) or None)
        A code of -1 contributes nothing to z.

    Returns
    -------
    (n,) array

    Raises
    ------
    NotAvailableError
        When there are too many rows for the size of the model.
    """
    gls = fit.gls
    n, p = X.shape
    refuse_too_many(gls, n)
    fixed = gls.fixed_scores
    widest = max(b.size // len(b) for b in fit.b) * (p + 2) + p
    out = np.empty(n)
    for rows in chunks_of(n, widest):
        size = rows.stop - rows.start
        a = np.asarray(X[rows]) @ gls.T
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
    return fit.noise.variance * np.maximum(out, 0.0)


def refuse_too_many(gls, n):
    """Refuse rows that would take minutes.

    Raises
    ------
    NotAvailableError
    """
    flops = gls.joint_flops(n)
    if flops > MOST_FLOPS:
        fits = int(MOST_FLOPS / gls.joint_flops(1))
        raise NotAvailableError(
            f"intervals for {n:,} rows take about {flops:.0e} operations: the random effects of "
            "different factors are correlated, and every row needs a solve of its own\n"
            f'predict up to {fits:,} rows at a time, or use groups="population"'
        )


def new_group_variance(fit, blocks, *, everyone=False):
    """Variance that the random effects of levels not seen add: the sum of z'Gz.

    Parameters
    ----------
    everyone : bool
        For all rows, as if every level were new.

    Returns
    -------
    (n,) array
    """
    n = len(blocks[0][0])
    out = np.zeros(n)
    for (codes, matrix), (_, _, factor, _) in zip(blocks, fit.random_effects, strict=True):
        new = np.arange(n) if everyone else np.flatnonzero(np.asarray(codes) < 0)
        out[new] += effect_variance(matrix, factor, new)
    return out


def effect_variance(Z, Lam, rows):
    """(m,) variance z'Lam Lam'z that random effects with the factor Lam add to some rows.

    Parameters
    ----------
    Z : (n, k) array, ColumnMatrix or None
    Lam : (k, k) array
    rows : (m,) int array
    """
    out = np.empty(rows.size)
    for part in chunks_of(rows.size, Lam.shape[0]):
        half = rows_of(Z, rows[part], rows[part].size) @ Lam
        out[part] = np.einsum("nk,nk->n", half, half)
    return out
