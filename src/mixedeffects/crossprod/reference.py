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
from scipy.linalg.lapack import dpotrf, dtrtri  # pyright: ignore[reportAttributeAccessIssue]

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
        y = design.y if design.offset is None else design.y - design.offset
        X = design.X
        step = max(1, design.n // PILOT_ROWS)
        Tx = orthonormalising(X[::step])
        if Tx is None and step > 1:  # a column that does not vary in the sample
            Tx = orthonormalising(X)
        if Tx is None:
            Tx = np.linalg.inv(np.linalg.qr(X, mode="r")) * np.sqrt(design.n)
        p = X.shape[1]
        T = np.eye(p + 1)
        if p:
            T[:p, :p] = Tx
            sample, ys = X[::step] @ Tx, y[::step]
            T[:p, p] = -(Tx @ (sample.T @ ys)) / ys.size
        blocks = tuple(
            Tx if b.Z is X and b.terms[0].covariance == "us" else block_transform(b, step)
            for b in design.blocks
        )
        return cls(T, blocks)


def orthonormalising(X):
    """Upper-triangular T with (X T)'(X T) / n nearly the identity, or None.

    From the Cholesky factor of the Gram matrix, centred if the first column is constant;
    None when that matrix is singular or nearly so.

    Parameters
    ----------
    X : (n, p) float64

    Returns
    -------
    (p, p) array or None

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
    constant = first != 0 and bool((X[:, 0] == first).all())
    centre = None
    if constant and p > 1:
        centre = X.sum(axis=0) / n
        centre[0] = 0.0
        X = X - centre
    gram = X.T @ X / n
    scale = np.sqrt(gram.diagonal())
    if not scale.min() > 0:
        return None
    R, failed = dpotrf(gram / (scale[:, None] * scale), lower=0)
    if failed or R.diagonal().min() < 1e-5:
        return None
    T = dtrtri(R, lower=0)[0] / scale[:, None]
    if centre is not None:
        T[0] -= centre @ T / first
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
    k = block.Z.shape[1]
    T = np.zeros((k, k))
    for term in block.terms:
        columns = list(term.columns)
        place = np.ix_(columns, columns)
        part = orthonormalising(block.Z[::step, columns]) if term.covariance == "us" else None
        if part is None:
            rms = np.sqrt(np.mean(block.Z[:, columns] ** 2, axis=0))
            part = np.diag(1.0 / np.where(rms > 0, rms, 1.0))
        T[place] = part
    return T
