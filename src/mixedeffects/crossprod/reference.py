"""The coordinates in which cross-products are kept.

Sums of squares of raw columns lose (mean / sd)^2 digits: a response of 1e8 + noise, or a
slope variable that is a calendar year, would leave nothing. So the columns are first
moved to coordinates in which they are nearly orthonormal,

    [X~ y~] = [X y] T,        Z~ = Z T_z   (per block),

with T, T_z upper triangular and estimated from a sample of rows (any invertible choice is
exact; a good one is accurate). With b = T_z b~ the model is unchanged as far as the covariance
structure of the term allows T_z: see `mixedeffects.covariance.Invariance`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg.lapack import dpotrf, dtrtri  # pyright: ignore[reportAttributeAccessIssue]

from mixedeffects.covariance import Invariance, structure_of
from mixedeffects.design import pieces, rows_of, select_columns, triangle
from mixedeffects.thinning import scattered

PILOT_ROWS = 16_384


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """Coordinates shared by all cross-products that are to be merged.

    Attributes
    ----------
    T : (p + 1, p + 1) upper-triangular array
        ``[X~ y~] = [X y] T``; its last diagonal entry is 1, so y~ keeps the units of y.
    T_blocks : tuple of (k, k) upper-triangular arrays
        ``Z~ = Z T_z``, one per block.
    """

    T: np.ndarray
    T_blocks: tuple[np.ndarray, ...]

    @classmethod
    def of(cls, design) -> Reference:
        """Estimate good coordinates from a sample of the rows of a design."""
        y = design.y if design.offset is None else design.y - design.offset
        X, rows = design.X, pilot_rows(design.n)
        p = X.shape[1]
        some = rows_of(X, rows)
        Tx, enough = coordinates(X, some)
        T = np.eye(p + 1)
        T[:p, :p] = Tx
        if enough:
            T[:p, p] = -(Tx @ ((some @ Tx).T @ y[rows])) / some.shape[0]
        else:  # in these coordinates the sample's columns are not orthogonal
            T[:p, p] = -(Tx @ sum((part @ Tx).T @ y[at] for at, part in _parts(X))) / y.size
        blocks = tuple(
            Tx if b.Z is X and _may_mix(b.terms[0]) else block_transform(b, rows)
            for b in design.blocks
        )
        return cls(T, blocks)


def pilot_rows(n):
    """Rows that a scale is taken from: all of a small table, else some that have no period."""
    return slice(None) if n < 2 * PILOT_ROWS else scattered(n, PILOT_ROWS)


def coordinates(X, some):
    """T with nearly orthonormal columns X T, and whether some of the rows were enough for it.

    A column may be constant, or one of the others, in the rows of the sample though not in all
    (a level that three rows of a million have): then all rows are looked at.

    Parameters
    ----------
    X : (n, p) array or ColumnMatrix
        Of full column rank.
    some : (m, p) array
        Those of X in `pilot_rows`, or all.

    Returns
    -------
    T : (p, p) upper-triangular array
    enough : bool
        True also when `some` are all rows and their Gram matrix sufficed.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.zeros(100_000)
    >>> x[8] = 1.0
    >>> X = np.column_stack([np.ones(x.size), x])
    >>> T, enough = coordinates(X, X[pilot_rows(x.size)])
    >>> enough, np.allclose(T.T @ X.T @ X @ T / x.size, np.eye(2))
    (False, True)
    """
    T = orthonormalising(some)
    if T is not None:
        return T, True
    if some.shape[0] < X.shape[0]:
        T = orthonormalising(X)
    if T is None:  # nearly dependent: a Gram matrix has lost half of the digits
        top, R = triangle(X)
        T = dtrtri(R, lower=0)[0] * (np.sqrt(X.shape[0]) / top)[:, None]
    return T, False


def orthonormalising(X):
    """Upper-triangular T with (X T)'(X T) / n nearly the identity, or None.

    From the Cholesky factor of the Gram matrix, centred if the first column is constant; None when
    that matrix is singular or nearly so. Returns (p, p) array or None.

    Parameters
    ----------
    X : (n, p) float64 array or ColumnMatrix
        Of the latter, a piece is looked at at a time.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.column_stack([np.ones(5), np.arange(5.0) + 1e6])
    >>> T = orthonormalising(X)
    >>> np.allclose((X @ T)[:, 1], [-(2**0.5), -(0.5**0.5), 0, 0.5**0.5, 2**0.5])
    True
    """
    n, p = X.shape
    if p == 0:
        return np.eye(0)
    first = X[0, 0]
    constant, total = bool(p > 1 and first != 0), 0.0
    if constant:
        for part in pieces(X):
            constant = constant and bool((part[:, 0] == first).all())
            total = total + part.sum(axis=0)
    centre, gram = None, 0.0
    if constant:
        centre = total / n
        centre[0] = 0.0
    for part in pieces(X):
        if centre is not None:
            part = part - centre
        gram = gram + part.T @ part
    gram /= n
    scale = np.sqrt(gram.diagonal())
    if not min(scale.tolist()) > 0:
        return None
    R, failed = dpotrf(gram / (scale[:, None] * scale), lower=0)
    if failed or min(R.diagonal().tolist()) < 1e-5:
        return None
    T = dtrtri(R, lower=0)[0] / scale[:, None]
    if centre is not None:
        T[0] -= centre @ T / first
    return T


def block_transform(block, rows):
    """T_z of one block: orthonormal columns within a term, or unit root mean squares.

    Where a term's columns must keep their proportions, their root mean square together is one.

    Parameters
    ----------
    rows : slice or (m,) int array
        From `pilot_rows`: rows to look at first.
    """
    if block.Z is None:
        return np.eye(1)
    k = block.Z.shape[1]
    T = np.zeros((k, k))
    some = rows_of(block.Z, rows)
    for term in block.terms:
        columns = list(term.columns)
        place = np.ix_(columns, columns)
        part = None
        if _may_mix(term):
            part = orthonormalising(some[:, columns])
            if part is None and some.shape[0] < block.Z.shape[0]:
                part = orthonormalising(select_columns(block.Z, columns))
        if part is None:
            squares = np.sum([(piece[:, columns] ** 2).sum(axis=0) for piece in pieces(block.Z)], 0)
            if structure_of(term).invariance is Invariance.NONE:
                squares = np.full(len(columns), squares.mean())
            rms = np.sqrt(squares / block.Z.shape[0])
            part = np.diag(1.0 / np.where(rms > 0, rms, 1.0))
        T[place] = part
    return T


def _may_mix(term):
    """Whether any recombination of a term's columns has covariances of the same structure."""
    return structure_of(term).invariance is Invariance.ANY


def _parts(X):
    """Slices of rows with these rows of X."""
    at = 0
    for part in pieces(X):
        yield slice(at, at + part.shape[0]), part
        at += part.shape[0]
