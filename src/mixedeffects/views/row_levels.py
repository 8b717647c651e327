"""Whose row it is: the levels of the grouping factors at some rows of a fit."""

from __future__ import annotations

import numpy as np


def grouping_factors(fit):
    """The grouping factors of the main formula, each once, in the formula's order."""
    return list({b.factor.name: b.factor for b in fit.design.blocks}.values())


def level_names(fit):
    """Column to grouping factor: "level" is the first, "level_2" the second, and so on.

    Columns of a chart have names of their own, since a factor may be called anything.

    Examples
    --------
    >>> import mixedeffects as me
    >>> formula = "SiblingNegotiation ~ 1 + (1 | Nest) + (1 | BroodSize)"
    >>> level_names(me.lmm(formula, me.datasets.owls()))
    {'level': 'Nest', 'level_2': 'BroodSize'}
    """
    names = [factor.name for factor in grouping_factors(fit)]
    return {"level" if i == 0 else f"level_{i + 1}": name for i, name in enumerate(names)}


def row_levels(fit, rows):
    """Levels of some rows, as text, in the columns of `level_names`.

    Returns dict of (m,) object arrays.

    Parameters
    ----------
    rows : (m,) int array
        Positions among the rows that the fit used.

    Examples
    --------
    >>> import numpy as np
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> row_levels(fit, np.array([0, 179]))
    {'level': array(['308', '372'], dtype=object)}
    """
    out = {}
    for column, factor in zip(level_names(fit), grouping_factors(fit), strict=True):
        codes = np.asarray(factor.codes)[rows]
        texts = [str(factor.labels[j]) for j in codes.tolist()]
        out[column] = np.array(texts, dtype=object)
    return out
