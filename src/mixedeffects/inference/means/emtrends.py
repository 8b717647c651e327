"""Slopes of a numeric variable, for each level of a factor."""

from __future__ import annotations

import numpy as np

from mixedeffects.errors import DataError, OptionError
from mixedeffects.inference.means.emmeans import asked_for, grid_facts, over_cells
from mixedeffects.inference.means.grid import Axis, axes, cells, check_name, predictors_of
from mixedeffects.inference.means.transformation import transformation
from mixedeffects.inference.normal import check_level

# step of the difference quotient, as a fraction of the variable's range
STEP = 1e-3
# weights of the differences over one and two steps either way: the error is of fourth order
STENCIL = ((1, 8.0), (2, -1.0))


def emtrends(
    fit,
    var,
    specs=None,
    *,
    by=None,
    at=None,
    ddf="satterthwaite",
    level=0.95,
    weights="equal",
    cov_reduce="mean",
):
    """Slopes of the response on a numeric column, per level of factors.

    The derivative of the fixed-effects prediction, through whatever the formula does with the
    column (``log(x)``, ``poly(x, 2)``, splines, interactions), averaged like marginal means.

    Parameters
    ----------
    fit : FitRecord
    var : str
        Column of the table.
    specs : str or list of str, optional
        Columns whose combinations get a slope; the overall slope by default.
    by, ddf, level, weights, cov_reduce
        As in `emmeans`.
    at : dict, optional
        As in `emmeans`; values of `var` itself say where a curve's slope is taken (by default at
        its mean).

    Returns
    -------
    MarginalMeans
        Slopes in units of the (transformed) response per unit of `var`.

    Raises
    ------
    OptionError

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ poly(Days, 2) + (1 | Subject)", me.datasets.sleepstudy())
    >>> slopes = emtrends(fit, "Days", "Days", at={"Days": [0, 9]})
    >>> slopes.table().columns["estimate"].round(3)
    array([ 7.434, 13.5  ])
    """
    check_level(level)
    predictors = predictors_of(fit)
    check_name(var, list(predictors.columns), "var")
    if var in predictors.categorical:
        raise OptionError(f"var: '{var}' is a factor in this model; slopes need a number")
    found = axes(fit, at=at, cov_reduce=cov_reduce)
    x = predictors.numbers(var)
    if var not in (at or {}) and len(found[var].values) != 1 and cov_reduce == "mean":
        found[var] = Axis(var, [float(x.mean())], None)
    step = STEP * float(np.ptp(x))
    if not step > 0:
        raise OptionError(f"var: '{var}' is constant in the rows used")
    names, by = asked_for(fit, specs, by, found)
    averaged = cells(fit, names, found, weights=weights, rows_of=_derivative(fit, var, step))
    change = transformation(fit)
    scale = () if change is None else (f"slopes of {change.text}",)
    return over_cells(
        fit,
        averaged,
        by,
        kind="slope",
        ddf=ddf,
        level=level,
        transformation=None,
        type="link",
        facts=(
            f"slopes per unit of {var}",
            *grid_facts(fit, names, found, averaged.averaged, weights),
            *scale,
        ),
    )


def _derivative(fit, var, step):
    """From a table to the derivatives of its columns and offset by one variable."""

    def columns(table, x):
        try:
            X, offset = fit.design.spec.fixed_columns({**table, var: x})
        except DataError as problem:
            raise DataError(
                f"{problem}\n(around the values of '{var}' that slopes are taken at; choose "
                "others with at=)"
            ) from problem
        return np.asarray(X), np.zeros(x.size) if offset is None else offset

    def rows_of(table):
        x = np.asarray(table[var], dtype=float)
        slopes, offsets = 0.0, 0.0
        for k, weight in STENCIL:
            (X, shift), (X_low, shift_low) = (
                columns(table, x + k * step),
                columns(table, x - k * step),
            )
            slopes = slopes + weight / (12.0 * step) * (X - X_low)
            offsets = offsets + weight / (12.0 * step) * (shift - shift_low)
        return slopes, offsets

    return rows_of
