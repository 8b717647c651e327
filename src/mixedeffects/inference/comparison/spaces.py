"""Whether the columns of one model matrix are combinations of another's, on the numbers.

Formulas can write one model in many ways (centred, as contrasts, as cell means), so nesting is
a matter of column spaces. Coefficients come from cross-products in nearly orthonormal columns,
the decision from the residuals of a second pass, which do not suffer from cancellation.
"""

from __future__ import annotations

import numpy as np

# root mean square of what is left of a column, relative to the column's own, that is rounding
TOLERANCE = 1e-7
CHUNK = 16_384


def combinations(A, B, T, n):
    """C with A = B C, or None, and which columns of A are combinations.

    Takes A, B (n, a) and (n, b) array or ColumnMatrix; None is a column of ones.

    Parameters
    ----------
    T : (b, b) array
        Makes B's columns nearly orthonormal (or at least of like size).

    Returns
    -------
    C : (b, a) array
        Least squares where a column is not a combination.
    inside : (a,) bool array

    Examples
    --------
    >>> import numpy as np
    >>> x = np.arange(4.0)
    >>> B = np.column_stack([np.ones(4), x])
    >>> C, inside = combinations(np.column_stack([x - 1.0, x**2]), B, np.eye(2), 4)
    >>> C[:, 0].round(6), inside
    (array([-1.,  1.]), array([ True, False]))
    """
    a, b = (1 if M is None else M.shape[1] for M in (A, B))
    if b == 0 or a == 0:
        return np.zeros((b, a)), _is_zero(A, a, n)
    gram, cross, size = np.zeros((b, b)), np.zeros((b, a)), np.zeros(a)
    for rows in _chunks(n):
        left, right = _rows(A, rows), _rows(B, rows) @ T
        gram += right.T @ right
        cross += right.T @ left
        size += np.einsum("na,na->a", left, left)
    C = np.linalg.lstsq(gram, cross, rcond=None)[0]
    rest = np.zeros(a)
    for rows in _chunks(n):
        left = _rows(A, rows) - (_rows(B, rows) @ T) @ C
        rest += np.einsum("na,na->a", left, left)
    return T @ C, rest <= TOLERANCE**2 * size


def _is_zero(A, a, n):
    size = np.zeros(a)
    for rows in _chunks(n):
        size += (_rows(A, rows) ** 2).sum(axis=0)
    return size == 0


def _chunks(n):
    return (slice(lo, min(lo + CHUNK, n)) for lo in range(0, n, CHUNK))


def _rows(M, rows):
    if M is None:
        return np.ones((rows.stop - rows.start, 1))
    return np.asarray(M[rows])


def same_partition(one, other):
    """Whether two factors sort the rows into the same groups, under whatever names.

    Examples
    --------
    >>> import numpy as np
    >>> from types import SimpleNamespace as Factor
    >>> a = Factor(codes=np.array([0, 0, 1, 2]), n_levels=3)
    >>> same_partition(a, Factor(codes=np.array([2, 2, 0, 1]), n_levels=3))
    True
    >>> same_partition(a, Factor(codes=np.array([0, 1, 1, 2]), n_levels=3))
    False
    """
    if one.n_levels != other.n_levels:
        return False
    to = np.empty(one.n_levels, dtype=np.int64)
    to[one.codes] = other.codes
    return bool(np.array_equal(to[one.codes], other.codes))
