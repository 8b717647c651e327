"""Slopes of a numeric variable, for each level of a factor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.errors import DataError, OptionError
from mixedeffects.inference.df.methods import check_ddf
from mixedeffects.inference.normal import check_level
from mixedeffects.inference.transformation import one_scale, refuse_unknown_inverse
from mixedeffects.means.emmeans import asked_for, grid_facts, over_cells
from mixedeffects.means.grid import Axis, axes, cells, check_name, predictors_of
from mixedeffects.means.target import target_of

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit

# step of the difference quotient, as a fraction of the variable's range
STEP = 1e-3
# weights of the differences over one and two steps either way: the error is of fourth order
STENCIL = ((1, 8.0), (2, -1.0))


def emtrends(
    fit: Fit,
    var,
    specs=None,
    *,
    by=None,
    at=None,
    ddf=None,
    level=0.95,
    weights="equal",
    cov_reduce="mean",
    scale="link",
    bias_adjust=False,
    component="conditional",
):
    """Slopes of the response on a numeric column, per level of factors.

    The derivative of the fixed-effects prediction, through whatever the formula does with the
    column (``log(x)``, ``poly(x, 2)``, splines, interactions), averaged like marginal means.

    Parameters
    ----------
    fit : LMM or GLMM
        The fitted model; of the method, the model itself.
    var : str
        Column of the table.
    specs : str or list of str, optional
        Columns whose combinations get a slope; the overall slope by default.
    by, ddf, level, weights, cov_reduce, component
        As in `emmeans`.
    at : dict, optional
        As in `emmeans`; values of `var` itself say where a curve's slope is taken (by default at
        its mean).
    scale : {"link", "response"}
        "response" takes the slope of the mean of the response (of the probabilities of the
        categories, for an ordinal model), by the delta method.
    bias_adjust
        As in `emmeans`, for ``scale="response"``.

    Returns
    -------
    MarginalMeans
        Slopes in units of the (transformed) response, or of the linear predictor, per unit of
        `var`.

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
    ddf, scale = check_ddf(fit, ddf), one_scale(scale, None) or "link"
    refuse_unknown_inverse(fit, "scale", scale)
    target = target_of(
        fit, scale=scale, average=scale, bias_adjust=bias_adjust, component=component
    )
    own = target.fit
    predictors = predictors_of(own)
    check_name(var, list(predictors.columns), "var")
    if var in predictors.categorical:
        raise OptionError(f"var: '{var}' is a factor in this model; slopes need a number")
    found = axes(own, at=at, cov_reduce=cov_reduce)
    x = predictors.summary(var)
    if var not in (at or {}) and len(found[var].values) != 1 and cov_reduce == "mean":
        found[var] = Axis(var, [x.mean], None)
    step = STEP * (x.high - x.low)
    if not step > 0:
        raise OptionError(f"var: '{var}' is constant in the rows used")
    names, by = asked_for(own, specs, by, found)
    if target.categories is not None:
        name, labels = target.categories
        found[name] = Axis(name, labels, None)
        names, by = [*names, name], [*by, name]
    averaged = cells(own, names, found, derivative(target.rows_of, var, step), weights=weights)
    of = () if target.change is None else (f"slopes of {target.change.text}",)
    return over_cells(
        own,
        averaged,
        by,
        kind="slope",
        ddf=ddf,
        level=level,
        transformation=None,
        scale="link",
        exact=target.exact,
        facts=(
            f"slopes per unit of {var}",
            *grid_facts(own, names, found, averaged, weights),
            *target.facts,
            *of,
        ),
    )


def derivative(rows_of, var, step):
    """From a table and its number of rows to the derivatives of what `rows_of` gives by a variable.

    What `rows_of` gives is (rows, offset).
    """

    def displaced(table, total, x):
        try:
            return rows_of({**table, var: x}, total)
        except DataError as problem:
            raise DataError(
                f"{problem}\n(around the values of '{var}' that slopes are taken at; choose "
                "others with at=)"
            ) from problem

    def slopes_of(table, total):
        x = np.asarray(table[var], dtype=float)
        slopes, offsets = 0.0, 0.0
        for k, weight in STENCIL:
            X, shift = displaced(table, total, x + k * step)
            X_low, shift_low = displaced(table, total, x - k * step)
            slopes = slopes + weight / (12.0 * step) * (X - X_low)
            offsets = offsets + weight / (12.0 * step) * (shift - shift_low)
        return slopes, offsets

    return slopes_of
