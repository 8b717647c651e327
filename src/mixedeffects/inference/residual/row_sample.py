"""Some rows of a fit, as far as simulating their responses needs them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit

# rows, of a table whose weights count rows, up to which each is drawn by itself
MOST_DRAWN = 200_000


@dataclass(frozen=True, slots=True, eq=False)
class SampledDesign:
    """Rows of a design.

    Attributes
    ----------
    X : (n, p) array
    blocks : tuple of Block
        With the levels that occur among the rows only.
    used_index : pandas Index or None
        Labels of the rows.
    """

    n: int
    X: np.ndarray
    blocks: tuple[Any, ...]
    used_index: Any = None


@dataclass(frozen=True, slots=True, eq=False)
class RowSample:
    """What `simulated` and `quantile_residuals` read of a fit, of some of its rows.

    The rank of a row among simulations needs no other row. Levels of random effects that none of
    the rows belongs to are not drawn; all rows of a level share its draw, as in the whole fit.

    Attributes
    ----------
    family, response, fixed_predictors, random_effects, extras
        As in `Fit`.
    """

    design: SampledDesign
    family: Any
    response: Any
    fixed_predictors: tuple[np.ndarray, ...]
    random_effects: tuple[Any, ...]
    extras: Mapping[str, np.ndarray]


def row_sample(fit: Fit, rows):
    """Some rows of a fit.

    Takes rows (m,) int array. Returns a `RowSample`.

    Examples
    --------
    >>> import numpy as np
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> some = row_sample(fit, np.array([0, 5, 179]))
    >>> some.design.blocks[0].factor.labels, some.response.y.size
    (('308', '372'), 3)
    """
    effects = []
    for block, owner, root, modes in fit.random_effects:
        codes = np.asarray(block.factor.codes)[rows]
        levels, codes = np.unique(codes, return_inverse=True)
        labels = tuple(block.factor.labels[int(level)] for level in levels)
        factor = replace(block.factor, codes=codes.reshape(-1), labels=labels)
        Z = None if block.Z is None else block.Z[rows]
        effects.append((replace(block, factor=factor, Z=Z), owner, root, modes[levels]))
    own = tuple(effect[0] for effect in effects[: len(fit.design.blocks)])
    index = fit.design.used_index
    fixed = tuple(np.broadcast_to(x, (fit.design.n,))[rows] for x in fit.fixed_predictors)
    labels = None if index is None else index[rows]
    return RowSample(
        SampledDesign(len(rows), np.asarray(fit.design.X[rows]), own, labels),
        fit.family, fit.response.take(rows), fixed, tuple(effects), fit.extras,
    )  # fmt: skip


def counted_rows(weights):
    """Every row as often as its weight says; None where that is once, no whole number, or too many.

    Examples
    --------
    >>> import numpy as np
    >>> counted_rows(np.array([2.0, 0.0, 1.0])), counted_rows(np.array([0.5]))
    (array([0, 0, 2]), None)
    """
    if weights is None or not 0 < weights.sum() <= MOST_DRAWN or (weights % 1.0).any():
        return None
    return copies_of(weights)[0]


def copies_of(weights):
    """Rows as often as they count, the last of each with what is left of its weight.

    Examples
    --------
    >>> import numpy as np
    >>> rows, shares = copies_of(np.array([2.5, 1.0]))
    >>> rows.tolist(), shares.tolist()
    ([0, 0, 0, 1], [1.0, 1.0, 0.5, 1.0])
    """
    times = np.ceil(weights).astype(np.intp)
    rows = np.repeat(np.arange(weights.size), times)
    shares = np.ones(rows.size)
    last = np.cumsum(times)[times > 0] - 1
    shares[last] = (weights - times + 1.0)[times > 0]
    return rows, shares
