"""What residuals are looked at against: the predictors of the fixed effects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.formula import Call, Name, strip

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit

# functions that move and stretch a column, so that a square of it is one of the column
LINEAR = ("center", "scale", "standardize")
# levels of a category beyond which it is not looked at
MOST_LEVELS = 12
# numeric predictors looked at, in the order of the formula
MOST_PREDICTORS = 20


def numeric_predictors(fit: Fit):
    """Numeric columns that stand by themselves in the fixed effects or in interactions there.

    Returns
    -------
    dict of str to (n,) array
        Those with three values and more; of ``center(x)`` and ``scale(x)`` the column.
    """
    design = fit.design
    if design.sources is None:
        return {}
    out = {}
    for variable in design.spec.formula.fixed.variables:
        node = strip(variable.node)
        if isinstance(node, Call) and node.function in LINEAR and node.args:
            node = strip(node.args[0])
        if not isinstance(node, Name) or node.name in design.sources.categorical:
            continue
        column = design.sources.columns.get(node.name)
        if column is None or column.kind != "number":
            continue
        values = np.asarray(column.values, dtype=float)
        if values.size and not is_two_valued(values) and len(out) < MOST_PREDICTORS:
            out[node.name] = values
    return out


def categorical_predictors(fit: Fit):
    """Categories of the fixed effects: name to (codes, labels)."""
    predictors = fit.design.sources
    if predictors is None:
        return {}
    out = {}
    for name in sorted(predictors.categorical & set(predictors.columns)):
        codes, labels = predictors.levels(name)
        if 2 <= len(labels) <= MOST_LEVELS:
            out[name] = codes, labels
    return out


def is_two_valued(values):
    """Whether an array has two different values, or one.

    Examples
    --------
    >>> import numpy as np
    >>> is_two_valued(np.array([0.0, 1.0, 1.0])), is_two_valued(np.array([0.0, 1.0, 2.0]))
    (True, False)
    """
    low, high = values.min(), values.max()
    return bool(((values == low) | (values == high)).all())
