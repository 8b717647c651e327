"""The coordinates in which cross-products are kept.

Sums of squares of raw columns lose (mean / sd)^2 digits: a response of 1e8 + noise, or a
slope variable that is a calendar year, would leave nothing. So the columns are first
moved to coordinates in which they are nearly orthonormal,

    [X~ y~] = [X y] T,        Z~ = Z T_z   (per block),

with T, T_z upper triangular and estimated from a sample of rows (any invertible choice is
exact; a good one is accurate). For an unstructured covariance the model is unchanged by
T_z: b = T_z b~. A diagonal covariance allows only a rescaling of each column.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

PILOT_ROWS = 16_384


@dataclass(frozen=True, slots=True)
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
        n = design.n
        y = design.y if design.offset is None else design.y - design.offset
        step = max(1, n // PILOT_ROWS)
        T = fixed_transform(design.X[::step], y[::step])
        if T is None:  # a column that the sample does not see vary
            T = fixed_transform(design.X, y)
        if T is None:
            T = _orthogonal_transform(design.X, y)
        return cls(T, tuple(block_transform(b, step) for b in design.blocks))


def fixed_transform(X, y):
    """T from the Cholesky factor of the centred Gram matrix, or None if that is singular.

    Parameters
    ----------
    X : (n, p) float64
    y : (n,) float64

    Returns
    -------
    (p + 1, p + 1) array or None

    Examples
    --------
    >>> x = np.arange(5.0) + 1e6
    >>> T = fixed_transform(np.column_stack([np.ones(5), x]), x + 3)
    >>> np.allclose(np.column_stack([np.ones(5), x]) @ T[:2, :2], [[1, -2**.5], [1, -.5**.5], [1, 0], [1, .5**.5], [1, 2**.5]])
    True
    """
    n, p = X.shape
    T = np.eye(p + 1)
    if p == 0:
        return T
    S = np.eye(p)
    has_intercept = X[0, 0] != 0 and bool((X[:, 0] == X[0, 0]).all())
    centre = np.zeros(p)
    y_mean = 0.0
    if has_intercept:
        centre = X.sum(axis=0) / n
        centre[0] = 0.0
        y_mean = y.sum() / n
        S[0, 1:] = -centre[1:] / X[0, 0]
    Xc = X - centre
    gram = Xc.T @ Xc / n
    scale = np.sqrt(np.diagonal(gram))
    if not np.all(scale > 0):
        return None
    try:
        R = np.linalg.cholesky(gram / np.outer(scale, scale)).T
    except np.linalg.LinAlgError:
        return None
    if np.min(np.abs(np.diagonal(R))) < 1e-5:
        return None
    Rinv = np.linalg.inv(R) / scale[:, None]
    T[:p, :p] = np.triu(S @ Rinv)
    xty = Rinv.T @ (Xc.T @ (y - y_mean)) / n
    T[:p, p] = -(T[:p, :p] @ xty)
    if has_intercept:
        T[0, p] -= y_mean / X[0, 0]
    return T


def _orthogonal_transform(X, y):
    """T by Householder QR: slower, for columns that are nearly collinear."""
    n, p = X.shape
    R = np.linalg.qr(X, mode="r") / np.sqrt(n)
    Rinv = np.linalg.inv(R)
    T = np.eye(p + 1)
    T[:p, :p] = np.triu(Rinv)
    T[:p, p] = -(Rinv @ (Rinv.T @ (X.T @ y) / n))
    return T


def block_transform(block, step):
    """T_z of one block: orthonormal columns within a term, or only unit root mean squares.

    Parameters
    ----------
    block : Block
    step : int
        Use every `step`-th row.
    """
    if block.Z is None:
        return np.eye(1)
    Z = block.Z[::step]
    k = Z.shape[1]
    T = np.zeros((k, k))
    for term in block.terms:
        columns = list(term.columns)
        Zt = Z[:, columns]
        T_term = fixed_transform(Zt, Zt[:, 0]) if term.covariance == "us" else None
        if T_term is not None:
            T[np.ix_(columns, columns)] = T_term[:-1, :-1]
        else:
            rms = np.sqrt(np.mean(block.Z[:, columns] ** 2, axis=0))
            T[columns, columns] = 1.0 / np.where(rms > 0, rms, 1.0)
    return T
