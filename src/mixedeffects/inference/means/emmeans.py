"""Estimated marginal means."""

from __future__ import annotations

import numpy as np

from mixedeffects.errors import OptionError
from mixedeffects.formula import column_names
from mixedeffects.inference.means.grid import axes, cells, check_name, label_text
from mixedeffects.inference.means.record import MarginalMeans, as_names, check_type
from mixedeffects.inference.means.transformation import transformation
from mixedeffects.inference.normal import check_level


def emmeans(
    fit,
    specs,
    *,
    by=None,
    at=None,
    ddf="satterthwaite",
    level=0.95,
    weights="equal",
    cov_reduce="mean",
    type="link",
):
    """Means of the response for each level of a factor, the others averaged.

    Predictions of the fixed effects on a grid (all levels of the factors, numeric columns at
    their mean over the rows used) are averaged over what is not asked for.

    Parameters
    ----------
    fit : FitRecord
    specs : str or list of str
        Columns of the table whose combinations get a mean; an empty list gives the overall mean.
    by : str or list of str, optional
        More such columns; contrasts are made within their levels.
    at : dict, optional
        Column to values, instead of all levels or the mean.
    ddf : {"satterthwaite", "kenward-roger", "wald", "CR0", "CR2"}
    level : float
    weights : {"equal", "proportional", "outer", "cells", "flat"}
        Of the levels averaged over: equal, or by their frequencies in the data; see `cells`.
    cov_reduce : str, callable or dict of these by column
        What numeric columns are held at: "mean", "median", "min", "max", "range", or a function of
        their values. A column with two values keeps both, like a factor.
    type : {"link", "response"}
        "response" undoes the transformation of a response such as ``log(y)``; standard errors by
        the delta method, intervals by transforming their ends.

    Returns
    -------
    MarginalMeans

    Raises
    ------
    OptionError
        For a column that the fixed effects do not read, or options that are not offered.
    NotAvailableError
        For a fit that was saved without its predictors.

    References
    ----------
    Searle, Speed & Milliken (1980), doi:10.1080/00031305.1980.10483031.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ factor(Days) + (1 | Subject)", me.datasets.sleepstudy())
    >>> means = emmeans(fit, "Days", at={"Days": [0, 9]})
    >>> means.table().columns["estimate"].round(2)
    array([256.65, 350.85])
    >>> means.contrasts().table().columns["contrast"]
    ['0 - 9']
    """
    check_level(level)
    check_type(type)
    found = axes(fit, at=at, cov_reduce=cov_reduce)
    names, by = asked_for(fit, specs, by, found)
    averaged = cells(fit, names, found, weights=weights)
    change = transformation(fit)
    return over_cells(
        fit,
        averaged,
        by,
        kind="mean",
        ddf=ddf,
        level=level,
        transformation=change,
        type=type,
        facts=(
            *grid_facts(fit, names, found, averaged.averaged, weights),
            *_scale_facts(fit, change, type),
        ),
    )


def over_cells(fit, averaged, by, **rest):
    """Averages over the cells of a grid as a record; empty cells are marked, not nan.

    Parameters
    ----------
    fit : FitRecord
    averaged : Cells
    by : sequence of str
    **rest
        The other attributes of `MarginalMeans`.
    """
    return MarginalMeans(
        fit=fit,
        labels=averaged.labels,
        rows=np.nan_to_num(averaged.rows, nan=0.0),
        offset=np.nan_to_num(averaged.offset, nan=0.0),
        missing=averaged.empty,
        by=tuple(by),
        averaged=averaged.averaged,
        **rest,
    )


def asked_for(fit, specs, by, found):
    """Columns that name the rows, those of `by` last; the latter also by themselves.

    A variable's text in the formula, such as ``factor(Days)``, stands for its column.
    """
    places = {}
    for variable in fit.design.spec.formula.fixed.variables:
        used = {name.name for name in column_names(variable.node)}
        if len(used) == 1:
            places[variable.text] = used.pop()
    both = []
    for option, given in (("specs", specs), ("by", by)):
        names = [n if n in found else places.get(n, n) for n in as_names(given)]
        for name in names:
            check_name(name, list(found), option)
        both.append(names)
    names = both[0] + both[1]
    if len(set(names)) < len(names):
        raise OptionError(f"specs and by name a column twice: {', '.join(names)}")
    return names, both[1]


def grid_facts(fit, names, found, averaged, weights):
    """What was held fixed, averaged over, and might mislead."""
    facts = []
    held = [
        f"{axis.name} = {label_text(axis.values[0])}"
        for name, axis in found.items()
        if name not in names and len(axis.values) == 1
    ]
    if held:
        facts.append(f"held at {', '.join(held)}")
    if averaged:
        facts.append(f"averaged over {', '.join(averaged)} ({weights} weights)")
    formula = fit.design.spec.formula.fixed
    for term in formula.terms:
        used = {c.name for i in term for c in column_names(formula.variables[i].node)}
        inside, outside = used & set(names), used & set(averaged)
        if inside and outside:
            facts.append(
                f"{', '.join(sorted(inside))} interacts with {', '.join(sorted(outside))}: the "
                "averages may hide that effects differ"
            )
    return tuple(dict.fromkeys(facts))


def _scale_facts(fit, change, type):
    response = fit.design.spec.response
    if change is None:
        if type == "response" and "(" in response:
            raise OptionError(
                f"type='response': no inverse is known for '{response}'\nuse type='link'"
            )
        return ()
    if type == "link":
        return (f'on the scale of {change.text}; type="response" gives {change.response}',)
    return (f"{change.response}, back from {change.text}; tests are on that scale",)


def contrasts(
    fit, specs, method="pairwise", *, by=None, ref=None, adjust=None, level=0.95, **options
):
    """Contrasts of estimated marginal means: `emmeans` and then its `contrasts`.

    Parameters
    ----------
    fit : FitRecord
    specs, by
        As in `emmeans`.
    method, ref, adjust, level
        As in `MarginalMeans.contrasts`.
    **options
        at, ddf, weights, cov_reduce and type, as in `emmeans`.

    Returns
    -------
    MarginalMeans

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ factor(Days) + (1 | Subject)", me.datasets.sleepstudy())
    >>> trend = contrasts(fit, "Days", "polynomial").table().columns
    >>> trend["contrast"][0], trend["statistic"].round(2)[0].item()
    ('linear', 12.84)
    """
    known = ("at", "ddf", "weights", "cov_reduce", "type")
    unknown = [name for name in options if name not in known]
    if unknown:
        raise OptionError(
            f"contrasts have no option {', '.join(unknown)}; they have specs, method, by, ref, "
            f"adjust, level, {', '.join(known)}"
        )
    means = emmeans(fit, specs, by=by, level=level, **options)
    return means.contrasts(method, ref=ref, adjust=adjust)
