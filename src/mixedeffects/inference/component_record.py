"""Variance components with the covariance of their estimates, as a record."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedeffects.covariance import structure_of

BOUNDARY = "on the boundary of its space (singular fit): no standard error"


@dataclass(frozen=True, slots=True)
class Components:
    """Variances and covariances with the covariance of their estimates.

    Attributes
    ----------
    group : list of str
    first, second : list of str or None
        Column names; `second` is None for a variance, both are for the residual variance.
    value : (c,) array
        Variances and covariances, the residual variance of a linear model last.
    covariance : (c, c) array
        Of the estimates `value`.
    of : list of (int, int) or None
        For a covariance, the positions of its two variances.
    reason : list of str
        Why there is no standard error; empty where there is.
    component : list of str or None
        Linear predictor of each, for a generalised model.
    """

    group: list
    first: list
    second: list
    value: np.ndarray
    covariance: np.ndarray
    of: list
    reason: list
    component: list | None = None


def boundary_columns(fit):
    """Per singular term, by position, the columns whose variances have no normal approximation.

    All columns of a correlated term, because a direction of zero variance bounds all of them; of
    uncorrelated columns only those with a variance of zero.
    """
    terms = [term for block in fit.all_blocks for term in block.terms]
    out: dict[int, set[int]] = {}
    for direction in fit.certificate.singular:
        term = terms[direction.term]
        held = [
            column
            for column, weight in zip(term.columns, direction.weights, strict=True)
            if structure_of(term).pairs or abs(weight) > 1e-8
        ]
        out.setdefault(direction.term, set()).update(held)
    return out
