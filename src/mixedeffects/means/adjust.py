"""Several tests at once: adjusted p-values, and the half-widths of joint intervals."""

from __future__ import annotations

import numpy as np

from mixedeffects.errors import OptionError
from mixedeffects.inference.df.estimates import t_quantile, two_sided_t

ADJUSTMENTS = (
    "none", "tukey", "mvt", "sidak", "bonferroni", "holm", "hochberg", "fdr",
)  # fmt: skip
# those that work through the p-values one after the other have no intervals of their own
STEPWISE = ("holm", "hochberg", "fdr")
# what a set of contrasts is adjusted by unless asked
DEFAULT = {
    "pairwise": "tukey",
    "treatment": "mvt",
    "consecutive": "mvt",
    "effects": "fdr",
}


def check_adjust(adjust, method):
    """The name of an adjustment, checked; None gives the default of a set of contrasts.

    Raises OptionError.
    """
    known = method if isinstance(method, str) else ""
    if adjust is None:
        return DEFAULT.get(known, "none")
    if adjust == "dunnett":
        adjust = "mvt"
    if adjust not in ADJUSTMENTS:
        raise OptionError(f"adjust={adjust!r} is not one of {', '.join(ADJUSTMENTS)}")
    if adjust == "tukey" and known != "pairwise":
        raise OptionError(
            'adjust="tukey" is for all pairs of means; use "mvt" (exact for any set of contrasts) '
            'or "sidak"'
        )
    return adjust


def adjusted(adjust, t, df, level, *, n_means=None, correlation=None):
    """Adjusted p-values, and critical values of the intervals, of one family.

    Parameters
    ----------
    adjust : str
        One of `ADJUSTMENTS`.
    t, df : (m,) arrays
        nan for what cannot be estimated, which does not count.
    n_means : int
        For "tukey".
    correlation : (m, m) array
        Of the estimates, for "mvt".

    Returns
    -------
    p : (m,) array
    critical : (m,) array
        Half-width of each interval in standard errors. For "holm", "hochberg" and "fdr" it is
        Bonferroni's.
    error : float
        Largest standard error of a p-value, where it was integrated by sampling.

    Examples
    --------
    >>> import numpy as np
    >>> t, df = np.array([2.0, 3.0]), np.array([10.0, 10.0])
    >>> adjusted("holm", t, df, 0.95)[0].round(4)
    array([0.0734, 0.0267])
    """
    p, critical = np.full(t.shape, np.nan), np.full(t.shape, np.nan)
    good = np.flatnonzero(np.isfinite(t) & ~np.isnan(df))
    m = good.size
    if m == 0:
        return p, critical, 0.0
    t, df, error = np.abs(t[good]), df[good], 0.0
    raw = two_sided_t(t, df)
    tail = 1.0 - level
    if adjust == "none" or m == 1:
        p[good], critical[good] = raw, t_quantile(1.0 - tail / 2.0, df)
    elif adjust == "tukey":
        p[good], critical[good] = _tukey(t, df, level, n_means)
    elif adjust == "mvt":
        own = np.asarray(correlation)[np.ix_(good, good)]
        p[good], critical[good], error = _mvt(t, df, level, own)
    elif adjust == "sidak":
        p[good] = -np.expm1(m * np.log1p(-np.minimum(raw, 1.0 - 1e-16)))
        critical[good] = t_quantile(0.5 + 0.5 * level ** (1.0 / m), df)
    else:
        p[good] = _stepwise(adjust, raw)
        critical[good] = t_quantile(1.0 - tail / (2.0 * m), df)
    return p, critical, error


def _stepwise(adjust, p):
    m = p.size
    if adjust == "bonferroni":
        return np.minimum(m * p, 1.0)
    order = np.argsort(p)
    out = np.empty(m)
    rank = np.arange(m)
    if adjust == "holm":
        stepped = np.maximum.accumulate((m - rank) * p[order])
    else:
        factor = m - rank if adjust == "hochberg" else m / (rank + 1.0)
        stepped = np.minimum.accumulate((factor * p[order])[::-1])[::-1]
    out[order] = np.minimum(stepped, 1.0)
    return out


def _tukey(t, df, level, k):
    from mixedeffects.means.studentized_range import (
        studentized_range_quantile,
        studentized_range_sf,
    )

    root = np.sqrt(2.0)
    p = np.array([studentized_range_sf(root * a, k, d) for a, d in zip(t, df, strict=True)])
    return p, _per_df(df, lambda d: studentized_range_quantile(level, k, d) / root)


def _mvt(t, df, level, correlation):
    from mixedeffects.means.multivariate_t import LargestT

    largest = LargestT(correlation)
    both = [largest.sf(a, d) for a, d in zip(t, df, strict=True)]
    p = np.array([value for value, _ in both])
    critical = _per_df(df, lambda d: largest.quantile(level, d))
    return p, critical, max(error for _, error in both)


def _per_df(df, function):
    """Values of a slow function, once for each distinct df."""
    rounded = np.array([float(f"{d:.10g}") for d in df])
    known = {d: function(d) for d in dict.fromkeys(rounded.tolist())}
    return np.array([known[d] for d in rounded.tolist()])
