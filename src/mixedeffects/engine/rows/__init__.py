"""Models whose rows have weights that change: M is assembled from the rows at every step."""

from mixedeffects.engine.rows.layout import RandomRows

__all__ = ["RandomRows", "row_system"]


def row_system(rows, blocks, plan):
    """The sums over rows that suit a plan.

    Parameters
    ----------
    rows : RandomRows
    blocks : sequence of Block
    plan : Plan

    Returns
    -------
    SmallRows or BlockedRows
    """
    if plan.layout.leaf is None:
        from mixedeffects.engine.rows.small import SmallRows

        return SmallRows(rows, plan)
    from mixedeffects.engine.rows.blocked import BlockedRows

    return BlockedRows(rows, blocks, plan)
