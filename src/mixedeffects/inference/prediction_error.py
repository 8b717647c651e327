"""How far predictions are from what they predict: variances of the errors, row by row.

The error of x'beta^ + z'b^ as a prediction of x'beta + z'b has two independent parts: what is
wrong with z'b^ although beta be known, and what the error of beta^ does to both terms, because
b^ = G Z'V^-1(y - X beta^):

    Var = (x - X'V^-1Z G z)'Cov(beta^)(x - X'V^-1Z G z) + sigma^2 z'Lambda M^-1 Lambda'z

(Henderson 1975, doi:10.2307/2529430; the variance parameters are taken as known).
"""

from __future__ import annotations

import numpy as np

from mixedeffects.errors import NotAvailableError
from mixedeffects.inference.df import df_method

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


def population_error(fit, X, ddf, *, variance_only=False):
    """Variance of x'beta^ and its degrees of freedom.

    Parameters
    ----------
    fit : FitRecord
    X : (n, p) array or ColumnMatrix
    ddf : str
        A method of `mixedeffects.inference.df`.
    variance_only : bool
        Leave the degrees of freedom infinite.

    Returns
    -------
    variance, df : (n,) arrays
    """
    method = df_method(fit, ddf)
    n, p = X.shape
    variance, df = np.zeros(n), np.full(n, np.inf)
    if p == 0:
        return variance, df
    largest = max(b.size for b in fit.b)
    for rows in chunks_of(n, largest + p):
        x = np.asarray(X[rows])
        variance[rows] = np.einsum("np,pq,nq->n", x, method.vcov, x)
        if not variance_only:
            df[rows] = method.df(x)
    return np.maximum(variance, 0.0), df


def conditional_error(fit, X, blocks):
    """Variance of the error of x'beta^ + z'b^ as a prediction of x'beta + z'b.

    Parameters
    ----------
    fit : FitRecord
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
    evaluation = fit.evaluation
    fact, reference = evaluation.factorisation, evaluation.objective.stats.reference
    n, p = X.shape
    refuse_too_many(fact, n)
    T = reference.T[:p, :p]
    half = np.linalg.solve(fact.RX.T, T.T).T if p else np.zeros((0, 0))
    fixed = fact.fixed_scores()
    widest = max(b.size // len(b) for b in fit.b) * (p + 2) + p
    out = np.empty(n)
    for rows in chunks_of(n, widest):
        size = rows.stop - rows.start
        a = np.asarray(X[rows]) @ half
        codes, Z = [], []
        for f, (all_codes, matrix) in enumerate(blocks):
            c = np.asarray(all_codes[rows])
            z = rows_of(matrix, rows, size) @ reference.T_blocks[f]
            z[c < 0] = 0.0
            Lam = evaluation.lambdas[f]
            a -= np.einsum("nkp,nk->np", fixed[f][c], z @ (Lam @ Lam.T))
            codes.append(c)
            Z.append(z)
        out[rows] = np.einsum("np,np->n", a, a) + fact.joint(codes, Z)
    return fit.sigma**2 * np.maximum(out, 0.0)


def refuse_too_many(fact, n):
    """Refuse rows that would take minutes.

    Raises
    ------
    NotAvailableError
    """
    flops = fact.joint_flops(n)
    if flops > MOST_FLOPS:
        fits = int(MOST_FLOPS / fact.joint_flops(1))
        raise NotAvailableError(
            f"intervals for {n:,} rows take about {flops:.0e} operations: the random effects of "
            "different factors are correlated, and every row needs a solve of its own\n"
            f'predict up to {fits:,} rows at a time, or use groups="population"'
        )


def new_group_variance(fit, blocks, *, everyone=False):
    """Variance that the random effects of levels not seen add: the sum of z'Gz.

    Parameters
    ----------
    fit : FitRecord
    blocks : sequence of (codes (n,), Z (n, k) or None)
    everyone : bool
        For all rows, as if every level were new.

    Returns
    -------
    (n,) array
    """
    n = len(blocks[0][0])
    out = np.zeros(n)
    for (codes, matrix), Lam in zip(blocks, fit.lambdas, strict=True):
        new = np.arange(n) if everyone else np.flatnonzero(np.asarray(codes) < 0)
        for part in chunks_of(new.size, Lam.shape[0]):
            rows = new[part]
            half = rows_of(matrix, rows, rows.size) @ (fit.sigma * Lam)
            out[rows] += np.einsum("nk,nk->n", half, half)
    return out
