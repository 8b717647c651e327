"""Wald tests and intervals: normal theory, no degrees of freedom."""

from __future__ import annotations

import numpy as np

from mixedeffects.errors import OptionError
from mixedeffects.inference.normal import two_sided_p, z_quantile
from mixedeffects.inference.table import Table


def coefficient_table(fit, *, ddf="wald", level=0.95):
    """Estimates, standard errors, z, p and confidence limits of the fixed effects.

    Parameters
    ----------
    fit : FitRecord
    ddf : {"wald"}
        How p-values are found; "wald" compares z with the normal distribution.
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
    >>> fit.test()["statistic"].round(2).tolist()
    [36.84, 6.77]
    """
    if ddf != "wald":
        raise OptionError(f"ddf={ddf!r} is not available; the only one is 'wald'")
    se = np.sqrt(np.diagonal(fit.vcov_beta))
    z = fit.beta / se
    half = z_quantile(level) * se
    return Table(
        {
            "term": list(fit.design.x_names),
            "estimate": fit.beta.copy(),
            "std_error": se,
            "df": np.full(se.size, np.inf),
            "statistic": z,
            "p_value": two_sided_p(z),
            "lower": fit.beta - half,
            "upper": fit.beta + half,
        }
    )


def confint(fit, *, method="wald", level=0.95):
    """Confidence intervals of the fixed effects.

    Parameters
    ----------
    fit : FitRecord
    method : {"wald"}
    level : float

    Returns
    -------
    Table
        term, estimate, lower, upper.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> fit.confint()["lower"].round(2).tolist()
    [238.03, 7.44]
    """
    if method != "wald":
        raise OptionError(f"method={method!r} is not available; the only one is 'wald'")
    columns = coefficient_table(fit, level=level).columns
    return Table({name: columns[name] for name in ("term", "estimate", "lower", "upper")})
