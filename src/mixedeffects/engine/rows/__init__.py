"""Models whose rows have weights that change: M is assembled from the rows at every step."""

import numpy as np

from mixedeffects.engine.rows.layout import RandomRows

__all__ = ["RandomRows", "row_system", "row_variances"]


def row_system(rows, blocks, plan):
    """The sums over rows that suit a plan. Returns SingleRows, SmallRows or BlockedRows."""
    if plan.layout.leaf is None:
        if rows.k == (1,) and plan.priors[0].unit:
            from mixedeffects.engine.rows.single import SingleRows

            return SingleRows(rows, plan.priors)
        from mixedeffects.engine.rows.small import SmallRows

        return SmallRows(rows, plan)
    from mixedeffects.engine.rows.blocked import BlockedRows

    return BlockedRows(rows, blocks, plan)


def row_variances(blocks, roots, plan, weights):
    """z'Cov(b | y)z / sigma^2 of every row: z'M^-1 z for z times the root of its covariance.

    Takes weights (n,) array.

    Parameters
    ----------
    roots : sequence of (k, k) arrays
        Factors of the blocks' relative covariances.
    """
    rows = RandomRows.of(blocks, roots, plan.layout.order)
    inverses = row_system(rows, blocks, plan).factorise(weights).row_inverses()
    return np.einsum("nk,nk->n", rows.Z, inverses)
