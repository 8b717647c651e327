"""Diagonals of V^-1 and of the projection P, and the deletion of single rows, in closed form.

With x*_i = (V^-1 X^)_i', h = Py, v_i = (V^-1)_ii and P_ii = v_i - x*_i'x*_i, leaving out row i
at the same theta changes beta^ by -x*_i h_i / P_ii, y'Py by -h_i^2 / P_ii, and the information
I by -x*_i x*_i' / v_i (coordinates with X^'V^-1X^ = I).
"""

from __future__ import annotations

import numpy as np

from mixedeffects.engine import threads_for
from mixedeffects.engine.rows import row_variances
from mixedeffects.inference.clusters import CHUNK, GLSRows


def row_products(gls):
    """X^, V^-1 X^ and h = V^-1 e of all rows. Returns (n, p), (n, p), (n,) arrays."""
    n, p = gls.residual.size, gls.p
    columns, solved = np.empty((n, p + 1)), np.empty((n, p + 1))
    for lo in range(0, n, CHUNK):
        rows = np.arange(lo, min(lo + CHUNK, n))
        columns[rows] = gls.columns(rows)
        solved[rows] = gls.solved(rows, columns[rows])
    return columns[:, :p], solved[:, :p], solved[:, p]


def inverse_diagonal(fit, gls):
    """(V^-1)_ii of every row.

    Of one grouping factor from the conditional covariances, of several from the inverse of M at the
    columns that each row meets. Returns (n,) array.
    """
    design = fit.design
    weights = np.ones(design.n) if design.weights is None else design.weights
    if len(design.blocks) == 1:
        block = design.blocks[0]
        own = (fit.conditional_covariances()[0] / fit.noise.variance)[block.factor.codes]
        if block.Z is None:
            return weights - weights**2 * own[:, 0, 0]
        out = np.empty(design.n)
        for lo in range(0, design.n, CHUNK):
            part = slice(lo, min(lo + CHUNK, design.n))
            Z = block.Z[part]
            out[part] = np.einsum("ra,rab,rb->r", Z, own[part], Z)
        return weights - weights**2 * out
    with threads_for(fit.plan.columns):
        return weights - weights**2 * row_variances(design.blocks, gls.roots, fit.plan, weights)


def leverages(fit):
    """Derivative of every fitted value by its response at the same theta, 1 - P_ii / w_i.

    Returns (n,) array.
    """
    gls = GLSRows(fit)
    _, solved, _ = row_products(gls)
    projection = inverse_diagonal(fit, gls) - np.einsum("np,np->n", solved, solved)
    weights = fit.design.weights
    return 1.0 - (projection if weights is None else projection / weights)
