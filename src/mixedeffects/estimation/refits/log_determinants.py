"""Derivatives of log determinants of many small matrices that depend on a few parameters."""

from __future__ import annotations

import numpy as np


def log_determinant(M, d1, d2, size):
    """First and second derivatives of log|M| of the leading block of some size.

    Takes M (J, t, t) array.

    Parameters
    ----------
    d1 : (J, m, t, t), d2 : (J, m, m, t, t)
        Derivatives of M.

    Returns
    -------
    (J, m), (J, m, m) arrays

    Examples
    --------
    >>> import numpy as np
    >>> M, d1, d2 = np.full((1, 1, 1), 2.0), np.ones((1, 1, 1, 1)), np.zeros((1, 1, 1, 1, 1))
    >>> log_determinant(M, d1, d2, 1)
    (array([[0.5]]), array([[[-0.25]]]))
    """
    one, two = d1[..., :size, :size], d2[..., :size, :size]
    inverse = np.linalg.inv(M[:, :size, :size])
    along = np.einsum("jpq,jaqr->japr", inverse, one)
    first = np.einsum("japp->ja", along)
    second = np.einsum("jpq,jabqp->jab", inverse, two)
    return first, second - np.einsum("japq,jbqp->jab", along, along)
