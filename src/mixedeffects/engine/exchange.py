"""The same random effects with other fixed columns or another response.

What an engine prepares (patterns, places, the crossing of factors) depends on Z alone, so a
model whose X or y is a linear transformation of the first one's needs no preparation.
"""

from __future__ import annotations

from copy import copy

import numpy as np

from mixedeffects.engine.bordered import BorderedModel


def with_fixed(solver, stats):
    """A solver for cross-products that share their random effects with those of `solver`.

    Parameters
    ----------
    stats : CrossProducts
        Equal to the solver's own but for `xx`, `leaf_fixed` and `rest_fixed`.
    """
    out = copy(solver)
    out._p = stats.p
    if solver._engine is None:
        out._small = BorderedModel(stats, solver._small.priors)
        return out
    engine = out._engine = copy(solver._engine)
    engine.stats = stats
    if stats.leaf_fixed is None:
        engine.leaf_fixed = engine.leaf_fixed[:, :, : stats.p + 1]
    else:
        engine.leaf_fixed = stats.leaf_fixed
    return out


def with_response(solver, stats):
    """A solver for cross-products that differ from those of `solver` in the response alone."""
    out = copy(solver)
    if solver._engine is None:
        small = out._small = copy(solver._small)
        m, p = small.m, small.p
        small.all = small.all.copy()
        column = np.concatenate([stats.rest_fixed[:, p], stats.xx[:, p]])
        small.all[:, m + p] = small.all[m + p, :] = column
        return out
    engine = out._engine = copy(solver._engine)
    engine.stats = stats
    if stats.layout.leaf is not None:
        engine.leaf_fixed = stats.leaf_fixed
    return out
