"""Which columns of X are determined by earlier ones, and how to say so."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite

import numpy as np

from mixedeffects.design.column_matrix import Matrix, pieces, rows_of
from mixedeffects.design.records import AliasedColumn
from mixedeffects.thinning import scattered

#: A column is dropped when less than this fraction of its length is new (R's tolerance).
TOLERANCE = 1e-7
SAMPLE = 16_384


def dependent_columns(X: Matrix) -> tuple[list[int], list[np.ndarray]]:
    """Columns that earlier columns determine, and their coefficients on the kept ones.

    A scaled p×p Gram matrix settles the usual case; only when one of its pivots is small is an
    orthogonal factorisation of X made, from a piece of the rows at a time if X is large. Takes X
    (n, p) array or ColumnMatrix.

    Returns
    -------
    dropped : list of int
    coefficients : list of (p_kept,) arrays
        One per dropped column, over all kept columns.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.arange(4.0)
    >>> dropped, coefficients = dependent_columns(np.column_stack([np.ones(4), x, 2 * x - 1]))
    >>> dropped, coefficients[0].round(6).tolist()
    ([2], [-1.0, 2.0])
    """
    n, p = X.shape
    if p == 0 or (p == 1 and X[0, 0] != 0):
        return [], []
    with np.errstate(over="ignore", invalid="ignore"):
        # columns that are independent on some of the rows are so on all of them
        if n >= 2 * SAMPLE >= 2 * p:
            sample = rows_of(X, scattered(n, SAMPLE))
            if _clearly_independent(sample.T @ sample):
                return [], []
        if p <= n and _clearly_independent(X.T @ X):
            return [], []
    top, R = triangle(X)
    lengths = np.sqrt(np.einsum("ij,ij->j", R, R))
    basis = np.empty((R.shape[0], min(R.shape)))
    kept: list[int] = []
    dropped: list[int] = []
    for j in range(p):
        rest = R[:, j].copy()
        Q = basis[:, : len(kept)]
        for _ in range(2):
            rest -= Q @ (Q.T @ rest)
        length = float(np.linalg.norm(rest))
        if lengths[j] == 0 or length < TOLERANCE * lengths[j] or len(kept) == basis.shape[1]:
            dropped.append(j)
        else:
            basis[:, len(kept)] = rest / length
            kept.append(j)
    if not dropped:
        return [], []
    scale = lengths[kept]
    solved = np.linalg.lstsq(R[:, kept] / scale, R[:, dropped], rcond=None)[0]
    # what adds next to nothing to the dropped column, next to its length, is rounding
    solved[np.abs(solved) <= TOLERANCE * lengths[dropped]] = 0.0
    return dropped, list((solved / (scale * top[kept])[:, None] * top[dropped]).T)


def triangle(X: Matrix) -> tuple[np.ndarray, np.ndarray]:
    """Largest absolute value of each column, and R of the columns divided by it."""
    top = np.zeros(X.shape[1])
    for piece in pieces(X):
        np.maximum(top, np.abs(piece).max(axis=0), out=top)
    top[top == 0] = 1.0
    R = np.empty((0, X.shape[1]))
    for piece in pieces(X):
        R = np.asarray(np.linalg.qr(np.vstack([R, piece / top]), mode="r"))
    return top, R


def _clearly_independent(gram: np.ndarray) -> bool:
    diagonal = gram.diagonal()
    sizes = diagonal.tolist()
    if not (min(sizes) > 0 and isfinite(sum(sizes))):
        return False
    scale = 1.0 / np.sqrt(diagonal)
    try:
        factor = np.linalg.cholesky(gram * scale[:, None] * scale)
    except np.linalg.LinAlgError:
        return False
    return min(factor.diagonal().tolist()) > 1e-4


def describe(
    name: str,
    coefficients: np.ndarray,
    kept: list[str],
    zero: bool,
    terms: dict[str, str],
    constant: Callable[[], bool] = lambda: True,
) -> AliasedColumn:
    """Why a column was dropped, in words.

    Parameters
    ----------
    coefficients : (p_kept,) array
        The column as a combination of the kept ones.
    kept : list of str
        Names of the kept columns.
    zero : bool
        Whether the column is all zeros.
    terms : dict
        Name of a column → its term.
    constant : callable
        Whether the column is exactly constant; asked only when it is nearly so.

    Examples
    --------
    >>> import numpy as np
    >>> describe("x2", np.array([0.0, 2.0]), ["(Intercept)", "x"], False, {}).reason
    'x2 = 2·x'
    """
    if zero:
        return AliasedColumn(name, f"{name} is all zeros: no row has this combination")
    used = [(v, other) for v, other in zip(coefficients.tolist(), kept, strict=True) if v != 0]
    if len(used) == 1 and used[0][1] == "(Intercept)":
        if constant():
            return AliasedColumn(name, f"{name} is constant, the same as the intercept")
        reason = f"{name} is constant to 7 digits; subtract its mean"
        return AliasedColumn(name, reason, distant=True)
    if len(used) <= 4:
        shown = "".join(_signed(value, other, i == 0) for i, (value, other) in enumerate(used))
        return AliasedColumn(name, f"{name} = {shown}")
    sources = dict.fromkeys(terms.get(other, other) for _, other in used)
    sources.pop("(Intercept)", None)
    what = " and ".join(list(sources)[:3])
    simple = all(abs(abs(value) - 1) < 1e-6 for value, _ in used)
    kind = "a sum of" if simple else "a combination of"
    return AliasedColumn(name, f"{name} is {kind} {what} columns")


def _signed(value: float, name: str, first: bool) -> str:
    sign = ("-" if value < 0 else "") if first else (" - " if value < 0 else " + ")
    number = f"{abs(value):.6g}"
    if name == "(Intercept)":
        return f"{sign}{number}"
    return f"{sign}{name}" if number == "1" else f"{sign}{number}·{name}"
