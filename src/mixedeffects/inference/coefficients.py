"""The coefficient table of the fixed effects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.inference.coefficient_parts import MAIN, as_ratios, check_flag, part_of
from mixedeffects.inference.df import df_method, linear_estimates
from mixedeffects.inference.table import Table

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit


def coefficient_table(fit: Fit, *, ddf=None, level=0.95, component=MAIN, exponentiate=False):
    """Estimates, standard errors, df, t, p and confidence limits of the fixed effects.

    Parameters
    ----------
    ddf : {"satterthwaite", "kenward-roger", "wald", "CR0", "CR2"}, optional
        Where standard errors and degrees of freedom come from; "wald" compares with the normal
        distribution, for which df is inf. "satterthwaite" for a linear mixed model; "wald", the
        only one, for a generalised one.
    level : float
        Coverage of the interval.
    component : str
        Of a generalised model with other predictors: "zi", "dispersion", "thresholds", "df", or
        "all", which has the column component.
    exponentiate : bool
        Estimates and limits as ratios (of odds, of means), standard errors by the delta method;
        tests are those of the logarithms.

    Returns
    -------
    Table
        term, estimate, std_error, df, statistic, p_value, lower, upper.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> fit.test()[["df", "statistic"]].round(2).to_numpy().tolist()
    [[17.0, 36.84], [17.0, 6.77]]
    """
    check_flag("exponentiate", exponentiate)
    names, tested = part_of(fit, component)
    df_method(fit, ddf)
    ddf = ddf if tested is fit else "wald"
    columns = linear_estimates(tested, np.eye(tested.beta.size), ddf=ddf, level=level)
    if exponentiate:
        columns = as_ratios(fit, component, columns)
    if component != "all":
        return Table({"term": list(names), **columns})
    owner = [MAIN] * fit.beta.size
    terms = list(fit.design.x_names)
    for name, values in fit.extras.items():
        owner += [name] * values.size
        terms += fit.extra_names(name, values.size)
    return Table({"component": owner, "term": terms, **columns})
