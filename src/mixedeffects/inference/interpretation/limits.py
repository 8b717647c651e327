"""Which intervals of variance components say something, and what is said of the others.

Wald limits follow the likelihood where it is nearly quadratic. Where the data hardly determine a
standard deviation its limits run from almost nothing to more than anything that could be, and
those of a correlation over all its values: they look like numbers and mean "unknown".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixedeffects.inference.table import Table
from mixedeffects.inference.variance_errors import variance_errors

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit

# upper limit of a standard deviation over the lower one, beyond which they say nothing: at 95%
# the logarithm then has a standard error above 1.17, far from where it is nearly normal
WIDEST_RATIO = 100.0
# share of the values that a correlation or an ICC could have, beyond which limits say nothing
NEARLY_ALL = 0.95
UNDETERMINED = (
    "the data hardly determine it: limits by normal approximation would span nearly all possible "
    'values; fit.confint(method="profile") has limits from the likelihood'
)


def undetermined_sd(lower, upper):
    """Whether limits of a standard deviation say nothing.

    Examples
    --------
    >>> undetermined_sd(1.2e-7, 1.7e5), undetermined_sd(0.07, 1.96)
    (True, False)
    """
    return bool(upper > WIDEST_RATIO * lower)


def undetermined_share(lower, upper, least=0.0):
    """Whether limits of an ICC, or of a correlation (`least` -1), say nothing.

    Examples
    --------
    >>> undetermined_share(-0.999, 0.999, -1.0), undetermined_share(0.01, 0.80)
    (True, False)
    """
    return bool(upper - lower > NEARLY_ALL * (1.0 - least))


def stated_components(fit: Fit, level=0.95):
    """`variance_errors` with those limits only that say something.

    Returns
    -------
    Table
        Columns of `variance_errors`; where limits say nothing lower and upper, of sdcor and of
        vcov, are nan and `reason` is `UNDETERMINED`.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("pain_score ~ treatment * time + (time | patient)", me.datasets.pain_trial())
    >>> table = stated_components(fit).columns
    >>> table["sdcor"].round(2).tolist(), table["upper"].round(2).tolist()
    ([6.76, 0.15, 0.72, 5.32], [8.41, nan, nan, 5.99])
    >>> table["reason"][1][:31]
    'the data hardly determine it: l'
    """
    columns = {
        name: values if isinstance(values, list) else values.copy()
        for name, values in variance_errors(fit, level=level).columns.items()
    }
    reason = list(columns["reason"])
    for i, second in enumerate(columns["term2"]):
        limits = columns["lower"][i], columns["upper"][i]
        silent = (
            undetermined_sd(*limits) if second is None else undetermined_share(*limits, least=-1.0)
        )
        if silent:
            reason[i] = UNDETERMINED
            for name in ("lower", "upper", "vcov_lower", "vcov_upper"):
                columns[name][i] = float("nan")
    return Table({**columns, "reason": reason})


def stated_shares(table):
    """A table of ICCs with those limits only that say something.

    Returns Table or None.

    Parameters
    ----------
    table : Table or None
        Of `icc`, with limits.
    """
    if table is None or "lower" not in table.columns:
        return table
    lower, upper = table.columns["lower"].copy(), table.columns["upper"].copy()
    for i in range(len(lower)):
        if undetermined_share(lower[i], upper[i]):
            lower[i] = upper[i] = float("nan")
    return Table({**table.columns, "lower": lower, "upper": upper})
