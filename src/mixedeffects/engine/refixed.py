"""The same random effects with other fixed columns or another response.

What an engine prepares (patterns, places, the crossing of factors) depends on Z alone, so a
model whose X or y is a linear transformation of the first one's needs no preparation.
"""

from __future__ import annotations

from copy import copy

from mixedeffects.engine.bordered import BorderedModel


def with_fixed(solver, stats):
    """A solver for cross-products that share their random effects with those of `solver`.

    Parameters
    ----------
    solver : Solver
    stats : CrossProducts
        Equal to the solver's own but for `xx`, `leaf_fixed` and `rest_fixed`.

    Returns
    -------
    Solver
    """
    out = copy(solver)
    out._p = stats.p
    if solver._engine is None:
        out._small = BorderedModel(stats)
        return out
    engine = out._engine = copy(solver._engine)
    engine.stats = stats
    if stats.leaf_fixed is None:
        engine.leaf_fixed = engine.leaf_fixed[:, :, : stats.p + 1]
    else:
        engine.leaf_fixed = stats.leaf_fixed
    return out
