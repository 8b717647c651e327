"""The columns that predictions along one variable need: what moves and what is held."""

from __future__ import annotations

import numpy as np

from mixedeffects.errors import NotAvailableError, OptionError
from mixedeffects.formula import Call, column_names, strip
from mixedeffects.formula.functions import FACTOR_FUNCTIONS
from mixedeffects.means.grid import check_name, predictors_of
from mixedeffects.views.mean_notes import few, short

# values of a numeric column that still make it one with levels
FEW_VALUES = 8


def moving_columns(fit):
    """Columns that the fixed effects read, those of offsets alone left out."""
    variables = fit.design.spec.formula.fixed.variables
    used = dict.fromkeys(name.name for v in variables for name in column_names(v.node))
    return [name for name in predictors_of(fit).columns if name in used]


def sloping_columns(fit, group=None):
    """Columns that the random effects of a grouping factor, or of any, read."""
    spec = fit.design.spec
    random, out = spec.formula.random, {}
    for block, members in zip(fit.design.blocks, spec.block_terms, strict=True):
        if group is None or block.factor.name == group:
            nodes = [v.node for i in members for v in random[i].effects.variables]
            out |= dict.fromkeys(c.name for node in nodes for c in column_names(node))
    return list(out)


def is_numeric(fit, name):
    """Whether a column can be a numeric axis: numbers that some term reads as such.

    A column read by ``factor(x)`` alone has a mean for each level and none in between.

    Examples
    --------
    >>> import mixedeffects as me
    >>> data = me.datasets.sleepstudy()
    >>> alone = me.lmm("Reaction ~ factor(Days) + (1 | Subject)", data)
    >>> slopes = me.lmm("Reaction ~ factor(Days) + (Days | Subject)", data)
    >>> is_numeric(alone, "Days"), is_numeric(slopes, "Days")
    (False, True)
    """
    predictors = predictors_of(fit)
    if predictors.columns[name].kind != "number":
        return False
    return name not in predictors.categorical or name in _read_as_numbers(fit)


def _read_as_numbers(fit):
    """Columns that a variable of the formula reads otherwise than as a factor."""
    formula = fit.design.spec.formula
    variables = [
        *formula.fixed.variables,
        *(v for t in formula.random for v in t.effects.variables),
    ]
    nodes = [strip(v.node) for v in variables]
    return {
        column.name
        for node in nodes
        if not (isinstance(node, Call) and node.function in FACTOR_FUNCTIONS)
        for column in column_names(node)
    }


def chosen_axis(fit, x=None, group=None):
    """The numeric column that a chart has for its x axis.

    Parameters
    ----------
    x : str, optional
        The first numeric column of the fixed effects by default, one with a random slope of the
        group before others.

    Raises
    ------
    NotAvailableError
        The fixed effects read no numbers.
    OptionError
        Another column.
    """
    names = moving_columns(fit)
    numeric = [name for name in names if is_numeric(fit, name)]
    if x is not None:
        check_name(x, names, "x")
        if x not in numeric:
            raise OptionError(
                f"x={x!r} has categories, not numbers{_factor_alone(fit, x)}\n"
                f"numeric columns: {', '.join(numeric) or 'none'}; fit.plot.interaction and "
                "fit.plot.means show categories"
            )
        return x
    if not numeric:
        raise NotAvailableError(
            "the fixed effects read no numeric column that a line could be drawn along\n"
            "fit.plot.means shows the means of categories"
        )
    sloping = sloping_columns(fit, group)
    return next((name for name in numeric if name in sloping), numeric[0])


def _factor_alone(fit, name):
    number = predictors_of(fit).columns[name].kind == "number"
    return ": the formula reads it as a factor only" if number else ""


def values_of(fit, name):
    """(n,) numbers of a column; of categories, their labels."""
    predictors = predictors_of(fit)
    if name in predictors.categorical:
        codes, labels = predictors.levels(name)
        return np.asarray(labels, dtype=np.float64)[codes]
    return predictors.numbers(name)


def grid_of(fit, name, points):
    """Values of a column along its range: evenly spaced, or all there are of a factor."""
    predictors = predictors_of(fit)
    if name in predictors.categorical:
        return np.asarray(predictors.levels(name)[1], dtype=np.float64)
    values = predictors.numbers(name)
    return np.linspace(values.min(), values.max(), points)


def levels_of(fit, name, most):
    """Codes and labels of a column with few values.

    Raises
    ------
    OptionError
        It has more than `most`, or numbers that are not few.
    """
    predictors = predictors_of(fit)
    codes, labels = predictors.levels(name)
    few = most if name in predictors.categorical else min(most, FEW_VALUES)
    if len(labels) > few:
        raise OptionError(
            f"by={name!r} has {len(labels):,} different values; a chart tells {few} apart"
        )
    return np.asarray(codes), list(labels)


def held_values(fit, moving):
    """What the other columns are held at: numbers at their mean, factors at their first level.

    Returns dict of str to value.
    """
    predictors = predictors_of(fit)
    out = {}
    for name in predictors.columns:
        if name in moving:
            continue
        if name in predictors.categorical:
            out[name] = predictors.levels(name)[1][0]
        else:
            out[name] = predictors.summary(name).mean
    return out


def all_whole(values):
    """Whether a column of numbers has whole ones only.

    Examples
    --------
    >>> all_whole([0.0, 3.0]), all_whole([0.5]), all_whole([float("nan")])
    (True, False, False)
    """
    array = np.asarray(values, dtype=float)
    return bool((array == np.round(array)).all())


def held_note(held, what):
    """The held values in words; none where nothing is held."""
    if not held:
        return ()
    return (f"{what} at {few([f'{name} = {short(value)}' for name, value in held.items()])}",)
