"""Sums over the rows that several methods need: from a fit's cross-products, or once per fit.

Of a linear model without prior weights the cross-products that it was estimated from hold them
all, so that nothing here looks at a row. Of other models (weighted, generalised, of columns that
are exactly dependent) the rows are looked at once and the result is kept with the fit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg.lapack import dpotrf, dtrtri  # pyright: ignore[reportAttributeAccessIssue]

from mixedeffects.design import MAIN, has_rows, triangle

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit

# rows up to which a pass over them costs less than what the cross-products take
FEW = 1000
# of a column's root mean square: a standard deviation below it is rounding
ROUNDING = 1e-12
# of the largest diagonal entry: below it, what cross-products say of a column is rounding
NEARLY_DEPENDENT = 1e-5
# sums that hold at the estimates of a fit only begin with this
AT_ESTIMATES = "at the estimates: "


def kept(fit: Fit, key, compute):
    """A result that is computed once per fit.

    Parameters
    ----------
    compute : callable
        Without arguments.
    """
    if key not in fit.cache:
        fit.cache[key] = compute()
    return fit.cache[key]


def summed(fit: Fit, name, compute):
    """What is asked of the rows, computed once: a fit without rows has it in place of them.

    A number, an array, a text, or a list of these.
    """
    if name not in fit.sums:
        fit.sums[name] = compute()
    return fit.sums[name]


def sums_of_rows(fit: Fit):
    """The sums that hold at any estimates."""
    return {name: x for name, x in fit.sums.items() if not name.startswith(AT_ESTIMATES)}


def fixed_triangle(fit: Fit):
    """Upper triangular R with R'R = X'X.

    Returns (p, p) array.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> R = fixed_triangle(fit)
    >>> (R.T @ R).round(8).tolist()
    [[180.0, 810.0], [810.0, 5130.0]]
    """
    return summed(fit, "triangle of X", lambda: _fixed_triangle(fit))


def _fixed_triangle(fit: Fit):
    stats = _unweighted(fit)
    if stats is not None:
        p = stats.p
        R = _root(stats.xx[:p, :p], stats.reference.T[:p, :p])
        if R is not None:
            return R
    top, R = triangle(fit.design.X)
    return R * top


def block_triangle(fit: Fit, f):
    """Upper triangular R with R'R = Z'Z / n of one block's columns.

    Returns (k, k) array.

    Parameters
    ----------
    f : int
        Position in `all_blocks`.
    """
    block = fit.all_blocks[f]
    if block.Z is None:
        return np.eye(1)
    return summed(fit, f"triangle of Z {f}", lambda: _block_triangle(fit, f, block))


def _block_triangle(fit: Fit, f, block):
    n, stats = block.factor.codes.size, _unweighted(fit)
    if stats is not None:
        R = _root(stats.level_blocks(f).sum(axis=0), stats.reference.T_blocks[f])
        if R is not None:
            return R / np.sqrt(n)
    top, R = triangle(block.Z)
    return R * top / np.sqrt(n)


def level_counts(fit: Fit, f):
    """(q,) rows of each level of one block's factor."""
    block = fit.all_blocks[f]

    def count():
        stats = None if fit.design.n <= FEW else _unweighted(fit)
        if stats is not None and block.Z is None:
            return np.rint(stats.level_blocks(f)[:, 0, 0]).astype(np.int64)
        return np.bincount(block.factor.codes, minlength=block.factor.n_levels)

    return summed(fit, f"rows of levels {f}", count)


def mean_squares(fit: Fit, f):
    """(k, k) mean over the rows of z z' of one block."""
    return summed(fit, f"mean squares {f}", lambda: _mean_squares(fit, f))


def _mean_squares(fit: Fit, f):
    Z = fit.all_blocks[f].Z
    if Z is not None and Z.shape[0] <= FEW:
        return Z.T @ Z / Z.shape[0]
    R = block_triangle(fit, f)
    return R.T @ R


def fixed_variance(fit: Fit):
    """Variance of X beta over the rows, with n - 1 in the denominator.

    An offset does not count: nothing about it was estimated.
    """
    return summed(fit, AT_ESTIMATES + "variance of X beta", lambda: _fixed_variance(fit))


def _fixed_variance(fit: Fit):
    if not fit.beta.size:
        return 0.0
    n, rows = fit.design.n, has_rows(fit.design)
    if (n > FEW or not rows) and _has_intercept(fit) and (_unweighted(fit) or not rows):
        # the first row of R is that of the intercept: the others are about the columns' means
        return float(np.sum((fixed_triangle(fit)[1:, 1:] @ fit.beta[1:]) ** 2)) / (n - 1)
    if not rows:
        total = float(np.sum((fixed_triangle(fit) @ fit.beta) ** 2))
        return max(total - n * float(column_means(fit) @ fit.beta) ** 2, 0.0) / (n - 1)
    return float(np.var(fit.design.X @ fit.beta, ddof=1))


def column_means(fit: Fit):
    """(p,) means of the fixed-effect columns."""
    return summed(fit, "means of X", lambda: np.asarray(fit.design.X).mean(axis=0))


def mean_noise(fit: Fit):
    """Mean of the residual variance over the rows, in units of sigma^2."""
    weights = fit.design.weights
    if weights is None:
        return 1.0
    return summed(fit, "mean of 1 / weights", lambda: float(np.mean(1.0 / weights)))


def column_moments(fit: Fit, j, f=None):
    """Mean, standard deviation about it and root mean square of a column.

    Parameters
    ----------
    f : int, optional
        Position in `all_blocks` of the block whose column it is; of the fixed effects if not given.

    Returns
    -------
    (float, float, float)
        A standard deviation that is rounding is 0.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> [round(value, 3) for value in column_moments(fit, 1)]
    [4.5, 2.872, 5.339]
    """
    return summed(
        fit, f"moments {MAIN if f is None else f} {j}", lambda: _column_moments(fit, j, f)
    )


def _column_moments(fit: Fit, j, f):
    if f is None:
        names, matrix = fit.design.x_names, fit.design.X
    else:
        names, matrix = fit.all_blocks[f].names, fit.all_blocks[f].Z
        if matrix is None:
            return 1.0, 0.0, 1.0
    if _unweighted(fit) is not None and names[0] == "(Intercept)":
        R = fixed_triangle(fit) / np.sqrt(fit.design.n) if f is None else block_triangle(fit, f)
        mean = float(R[0, j] / R[0, 0])
        sd, rms = float(np.linalg.norm(R[1:, j])), float(np.linalg.norm(R[:, j]))
    else:
        column = matrix[:, j]
        mean = float(column.mean())
        sd, rms = float((column - mean).std()), float(np.sqrt(np.mean(column**2)))
    return mean, sd if sd > ROUNDING * rms else 0.0, rms


def _has_intercept(fit: Fit):
    names = fit.design.x_names
    return bool(names) and names[0] == "(Intercept)" and fit.design.spec.x_terms[0] == -1


def _unweighted(fit: Fit):
    """The cross-products of a linear fit's rows, each counted once; None of other fits."""
    return fit.cross_products if fit.design.weights is None else None


def _root(gram, T):
    """R with R'R the cross-products of A, from those of A T; None where they are singular.

    The columns of A T are nearly orthonormal, so that forming their cross-products loses nothing.
    """
    if not gram.size:
        return gram
    L, failed = dpotrf(gram, lower=1, clean=1)
    if failed or L.diagonal().min() < NEARLY_DEPENDENT * L.diagonal().max():
        return None
    return L.T @ dtrtri(T, lower=0)[0]
