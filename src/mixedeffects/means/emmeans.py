"""Estimated marginal means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.errors import OptionError
from mixedeffects.formula import column_names
from mixedeffects.inference.df.methods import check_ddf
from mixedeffects.inference.normal import check_level
from mixedeffects.inference.transformation import one_scale, refuse_unknown_inverse
from mixedeffects.means.grid import Axis, as_names, axes, cells, check_name, label_text
from mixedeffects.means.record import MarginalMeans
from mixedeffects.means.target import target_of

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit


def emmeans(
    fit: Fit,
    specs=None,
    *,
    by=None,
    at=None,
    ddf=None,
    level=0.95,
    weights="equal",
    cov_reduce="mean",
    scale=None,
    average="link",
    bias_adjust=False,
    component="conditional",
    type=None,
):
    """Means of the response for each level of a factor, the others averaged.

    Predictions of the fixed effects on a grid (all levels of the factors, numeric columns at
    their mean over the rows used) are averaged over what is not asked for.

    Parameters
    ----------
    fit : LMM or GLMM
        The fitted model; of the method, the model itself.
    specs : str or list of str, optional
        Columns of the table whose combinations get a mean; an empty list gives the overall mean.
        Where the fixed effects have one factor, that by default.
    by : str or list of str, optional
        More such columns; contrasts are made within their levels.
    at : dict, optional
        Column to values, instead of all levels or the mean.
    ddf : {"satterthwaite", "kenward-roger", "wald", "CR0", "CR2"}, optional
        Satterthwaite for a linear mixed model, Wald (z) for a generalised one.
    level : float
        Confidence level of the intervals.
    weights : {"equal", "proportional", "outer", "cells", "flat"}
        Of the levels averaged over: equal, or by their frequencies in the data, of which `at=`
        leaves only the rows at the levels that it chooses; see `cells`. A frequency is a number of
        rows, whatever their prior weights, which R's emmeans adds up instead.
    cov_reduce : str, callable or dict of these by column
        What numeric columns are held at: "mean", "median", "min", "max", "range", or a function of
        their values. A column with two values keeps both, like a factor.
    scale : {"link", "response"}
        "response" undoes the link of a generalised model, or the transformation of a response
        such as ``log(y)``: standard errors by the delta method, intervals by transforming their
        ends; contrasts are then ratios (odds ratios for a logit). Of an ordinal model, the
        probabilities of the categories.
    average : {"link", "response"}
        What is averaged, and what contrasts are differences of: the linear predictor, or the mean
        of the response at every point of the grid, all by the delta method.
    bias_adjust : {False, True, "integrate"} or float
        Means on the response's scale are of a group with random effects of zero; True
        makes them those of an average over groups by a second-order approximation, "integrate"
        by the normal integral. Standard deviation of the random effects: the fit's, or a number.
    component : {"conditional", "zi", "dispersion", "response"}
        Of a model with several parts: the linear predictor to take; "response" is the mean of the
        response that all parts make together, with zeros of both kinds.
    type : {"link", "response"}, optional
        R's name of `scale`.

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
    scale = one_scale(scale, type) or "link"
    ddf = check_ddf(fit, ddf)
    target = target_of(
        fit, scale=scale, average=average, bias_adjust=bias_adjust, component=component
    )
    found = axes(target.fit, at=at, cov_reduce=cov_reduce)
    specs = _only_factor(found, by) if specs is None else specs
    names, by = asked_for(target.fit, specs, by, found)
    if target.categories is not None:
        name, labels = target.categories
        found[name] = Axis(name, labels, None)
        names, by = [*names, name], [*by, name]
    averaged = cells(target.fit, names, found, target.rows_of, weights=weights)
    refuse_unknown_inverse(fit, "scale", scale)
    refuse_unknown_inverse(fit, "average", average)
    return over_cells(
        target.fit,
        averaged,
        by,
        kind="mean",
        ddf=ddf,
        level=level,
        transformation=target.change,
        scale=scale if target.change is not None else "link",
        exact=target.exact,
        ends=target.ends,
        facts=(
            *grid_facts(target.fit, names, found, averaged, weights),
            *target.facts,
        ),
    )


def _only_factor(found, by):
    """The factor of the fixed effects besides those of `by`, where there is one.

    Raises OptionError.
    """
    factors = [
        name for name, axis in found.items() if axis.codes is not None and name not in as_names(by)
    ]
    if len(factors) == 1:
        return factors
    columns = ", ".join(found) or "none"
    raise OptionError(
        f"specs= must say which columns get means: the fixed effects have "
        f"{len(factors) or 'no'} factors{': ' + ', '.join(factors) if factors else ''}\n"
        f"columns: {columns}"
    )


def over_cells(fit: Fit, averaged, by, **rest):
    """Averages over the cells of a grid as a record; empty cells are marked, not nan.

    Takes as `rest` the other attributes of `MarginalMeans`.
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


def asked_for(fit: Fit, specs, by, found):
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


def grid_facts(fit: Fit, names, found, cells_, weights):
    """What was held fixed, averaged over, and might mislead."""
    facts, nested, averaged = [], cells_.nested, cells_.averaged
    names = [*names, *(name for name in cells_.labels if name not in names)]
    held = [
        f"{axis.name} = {label_text(axis.values[0])}"
        for name, axis in found.items()
        if name not in names and len(axis.values) == 1
    ]
    if held:
        facts.append(f"held at {', '.join(held)}")
    if averaged:
        facts.append(f"averaged over {', '.join(averaged)} ({weights} weights)")
    for parents in dict.fromkeys(nested.values()):
        inside = [name for name, own in nested.items() if own == parents]
        facts.append(
            f"{' and '.join(inside)} {'is' if len(inside) == 1 else 'are'} nested in "
            f"{' and '.join(parents)}: only combinations that occur"
        )
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


def contrasts(
    fit: Fit, specs, method="pairwise", *, by=None, ref=None, adjust=None, level=0.95, **options
):
    """Contrasts of estimated marginal means: `emmeans` and then its `contrasts`.

    Parameters
    ----------
    fit : LMM or GLMM
        The fitted model; of the method, the model itself.
    specs, by
        As in `emmeans`.
    method, ref, adjust, level
        As in `MarginalMeans.contrasts`.
    **options
        at, ddf, weights, cov_reduce, scale, average, bias_adjust and component, as in `emmeans`.

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
    known = (
        "at", "ddf", "weights", "cov_reduce", "scale", "average", "bias_adjust", "component",
        "type",
    )  # fmt: skip
    unknown = [name for name in options if name not in known]
    if unknown:
        raise OptionError(
            f"contrasts have no option {', '.join(unknown)}; they have specs, method, by, ref, "
            f"adjust, level, {', '.join(known)}"
        )
    means = emmeans(fit, specs, by=by, level=level, **options)
    return means.contrasts(method, ref=ref, adjust=adjust)
