"""The prior precision of a model's random effects, laid out as its columns are."""

from __future__ import annotations

import numpy as np

from mixedeffects.covariance import IDENTITY


def identities(layout):
    """Independent levels for every block."""
    return (IDENTITY,) * len(layout.q)


def log_determinant(layout, priors):
    """log|Q| of all blocks."""
    blocks = zip(layout.q, layout.k, priors, strict=True)
    return sum((k * prior.log_determinant(q) for q, k, prior in blocks), start=0.0)


def rest_entries(layout, priors):
    """Rows, columns and values of the lower triangle of Q among the remainder's columns.

    Examples
    --------
    >>> from mixedeffects.crossprod import Layout
    >>> layout = Layout((9, 2), (1, 2), 0, (1,))
    >>> row, column, value = rest_entries(layout, identities(layout))
    >>> row, value
    (array([0, 2, 1, 3]), array([1., 1., 1., 1.]))
    """
    parts = [(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0))]
    for f, offset in zip(layout.rest, layout.offsets, strict=True):
        q, k = layout.q[f], layout.k[f]
        level, other, value = priors[f].entries(q)
        for a in range(k):
            parts.append((offset + k * level + a, offset + k * other + a, value))
    return tuple(np.concatenate(column) for column in zip(*parts, strict=True))


def leaf_diagonal(layout, priors):
    """(q,) diagonal of the leaf's Q."""
    if layout.leaf is None:
        return np.empty(0)
    return np.broadcast_to(priors[layout.leaf].own, layout.q[layout.leaf])
