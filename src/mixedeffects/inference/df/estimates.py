"""Linear combinations of the fixed effects: estimate, standard error, df, t, p, interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.inference.df.methods import df_method
from mixedeffects.inference.normal import check_level

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import HasCoefficients


def linear_estimates(fit: HasCoefficients, L, *, ddf=None, level=0.95, null=0.0, offset=0.0):
    """Estimate L beta row by row.

    Takes L (m, p) array.

    Parameters
    ----------
    ddf : str, optional
        A method of `mixedeffects.inference.df.methods`.
    null : float or (m,) array
        Hypothesised values.
    offset : float or (m,) array
        Added to the estimates.

    Returns
    -------
    dict of (m,) arrays
        estimate, std_error, df, statistic, p_value, lower, upper; statistics are t (z where df
        is infinite). Of a combination without a finite estimate (separation) the estimate is inf,
        -inf or nan (undetermined), all else but df nan.

    Examples
    --------
    >>> import numpy as np
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> linear_estimates(fit, np.array([[1.0, 5.0]]))["estimate"].round(2)
    array([303.74])
    """
    check_level(level)
    method = df_method(fit, ddf)
    L = np.atleast_2d(np.asarray(L, dtype=float))
    estimate = L @ fit.beta + offset
    se = np.sqrt(np.maximum(np.einsum("mp,mp->m", L @ method.vcov, L), 0.0))
    df = method.df(L)
    se = np.where(np.isnan(df), np.nan, se)  # no error that the data do not say
    with np.errstate(divide="ignore", invalid="ignore"):
        t = (estimate - null) / se
    half = t_quantile(0.5 + level / 2.0, df) * se
    if fit.recession is not None:
        limits = fit.recession.limits(L)
        lost = limits != 0  # nan too
        estimate = np.where(lost, limits, estimate)
        se, t, half = (np.where(lost, np.nan, x) for x in (se, t, half))
    return {
        "estimate": estimate,
        "std_error": se,
        "df": df,
        "statistic": t,
        "p_value": two_sided_t(t, df),
        "lower": estimate - half,
        "upper": estimate + half,
    }


def t_quantile(probability, df):
    """Quantile of Student's t for each df, the normal's where df is infinite.

    Examples
    --------
    >>> import numpy as np
    >>> t_quantile(0.975, np.array([10.0, np.inf])).round(3)
    array([2.228, 1.96 ])
    """
    from scipy.special import ndtri, stdtrit

    df = np.asarray(df, dtype=float)
    finite = np.isfinite(df)
    return np.where(finite, stdtrit(np.where(finite, df, 1.0), probability), ndtri(probability))


def two_sided_t(t, df):
    """P(|T| >= |t|) with df degrees of freedom each; normal where infinite.

    Examples
    --------
    >>> import numpy as np
    >>> two_sided_t(np.array([2.228, 1.96]), np.array([10.0, np.inf])).round(3)
    array([0.05, 0.05])
    """
    from scipy.special import ndtr, stdtr

    df, size = np.asarray(df, dtype=float), -np.abs(t)
    finite = np.isfinite(df)
    return 2.0 * np.where(finite, stdtr(np.where(finite, df, 1.0), size), ndtr(size))


def f_p_value(test):
    """Upper tail of a `JointTest`; chi-squared / num_df where den_df is infinite."""
    from scipy.special import chdtrc, fdtrc

    if not np.isfinite(test.statistic) or test.num_df == 0:
        return float("nan")
    if np.isfinite(test.den_df):
        return float(fdtrc(test.num_df, test.den_df, test.statistic))
    return float(chdtrc(test.num_df, test.num_df * test.statistic))
