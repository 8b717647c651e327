"""The coefficient table of the fixed effects."""

from __future__ import annotations

import numpy as np

from mixedeffects.inference.df import linear_estimates
from mixedeffects.inference.table import Table


def coefficient_table(fit, *, ddf="satterthwaite", level=0.95):
    """Estimates, standard errors, df, t, p and confidence limits of the fixed effects.

    Parameters
    ----------
    fit : FitRecord
    ddf : {"satterthwaite", "kenward-roger", "wald", "CR0", "CR2"}
        Where standard errors and degrees of freedom come from; "wald" compares with the normal
        distribution, for which df is inf.
    level : float
        Coverage of the interval.

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
    columns = linear_estimates(fit, np.eye(fit.beta.size), ddf=ddf, level=level)
    return Table({"term": list(fit.design.x_names), **columns})
