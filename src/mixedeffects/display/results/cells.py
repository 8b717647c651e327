"""Columns of a result as texts: the digits that its numbers deserve."""

from __future__ import annotations

import math
from datetime import date
from functools import partial
from numbers import Integral, Real

import numpy as np

from mixedeffects.display.numbers import at_precision, degrees, p_value, significant

# columns that are in one unit, with the column of their standard error where there is one
MEASURED = ("estimate", "null", "lower", "upper")
P_VALUES = ("p_value", "p_naive")
FREEDOM = ("df", "num_df", "den_df")
FITS = ("loglik", "aic", "aicc", "bic", "objective", "deviance", "reml_criterion")
SHARES = ("icc", "icc_unadjusted", "r2", "share", "cumulative")
TESTS = ("statistic", "chisq", "lrt")
# a statistic below is rounding
ROUNDING = 1e-9


def cell_texts(columns):
    """Texts of the cells of a table, column by column.

    Parameters
    ----------
    columns : dict of str to sequence
        Of equal length.

    Returns
    -------
    list of list of str

    Examples
    --------
    >>> cell_texts({"term": ["x", None], "estimate": [0.12345, 2.0], "std_error": [0.01, 0.1]})
    [['x', ''], ['0.12345', '2.0000'], ['0.01000', '0.1000']]
    """
    errors = precisions(columns)
    share = "icc" in columns
    out = []
    for name, values in columns.items():
        if name in MEASURED and errors is not None:
            out.append([measured(v, e) for v, e in zip(values, errors, strict=True)])
        elif name == "std_error" and errors is not None:
            out.append([measured(v, v) for v in values])
        elif share and name in ("std_error", "lower", "upper"):
            out.append([WRITERS["icc"](v) for v in values])
        elif name in FREEDOM:
            out.append(degrees(values))
        else:
            write = WRITERS.get(name, general)
            out.append([write(value) for value in values])
    return out


def precisions(columns):
    """What says how many decimals the estimates of each row have: errors, or widths of limits."""
    if "estimate" not in columns:
        return None
    if "std_error" in columns:
        return columns["std_error"]
    if "lower" not in columns or "upper" not in columns:
        return None
    pairs = zip(columns["lower"], columns["upper"], strict=True)
    return [math.nan if a is None or b is None else (b - a) / 4.0 for a, b in pairs]


def measured(value, error):
    """A number of the row's unit, with the decimals of its standard error."""
    if not is_number(value):
        return general(value)
    return at_precision(float(value), float(error) if is_number(error) else math.nan)


def is_number(value):
    """Whether a cell holds a number, which True and False are not."""
    return isinstance(value, Real) and not isinstance(value, bool | np.bool_)


def number(value, write):
    """A number by its own rule, anything else by the general one."""
    return write(float(value)) if is_number(value) else general(value)


def decimals(value, places):
    """A number with so many decimals, unless these would hide it or it is very large.

    Examples
    --------
    >>> decimals(3.14159, 2), decimals(0.0004, 2), decimals(float("inf"), 2)
    ('3.14', '0.0004', '∞')
    """
    if not math.isfinite(value) or abs(value) >= 1e7:
        return significant(value)
    if value and abs(value) < 0.5 * 10.0**-places:
        return significant(value, 1)
    return f"{value:.{places}f}"


def statistic(value):
    """A test statistic with two decimals; what rounding leaves of none is none.

    Examples
    --------
    >>> statistic(2.345), statistic(6e-16)
    ('2.35', '0.00')
    """
    return decimals(0.0 if abs(value) < ROUNDING else value, 2)


def general(value):
    """A cell of no particular meaning."""
    if value is None:
        return ""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, Integral):
        return str(int(value))
    if isinstance(value, Real):
        return whole_or(float(value))
    if isinstance(value, np.datetime64):
        return str(value)
    return value.isoformat() if isinstance(value, date) else str(value)


def whole_or(value):
    """A float as a whole number where it is one, else with five digits.

    Examples
    --------
    >>> whole_or(12.0), whole_or(0.3333333), whole_or(float("nan"))
    ('12', '0.33333', '')
    """
    if math.isfinite(value) and value == int(value) and abs(value) < 1e7:
        return str(int(value))
    return significant(value, 5)


WRITERS = {
    **dict.fromkeys(P_VALUES, lambda v: number(v, p_value)),
    **dict.fromkeys(FITS, lambda v: number(v, partial(decimals, places=2))),
    **dict.fromkeys(TESTS, lambda v: number(v, statistic)),
    **dict.fromkeys(SHARES, lambda v: number(v, partial(significant, digits=3))),
}
