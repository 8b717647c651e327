"""Rounding for people: enough digits, no more."""

from __future__ import annotations

import math


def significant(value, digits=4):
    """A number with about `digits` significant digits, in plain or scientific notation.

    Examples
    --------
    >>> significant(251.4051), significant(0.00001234), significant(0.0), significant(-35.0717)
    ('251.4', '1.234e-05', '0', '-35.07')
    """
    if value is None or not math.isfinite(value):
        return "" if value is None or math.isnan(value) else ("∞" if value > 0 else "-∞")
    if value == 0:
        return "0"
    size = math.floor(math.log10(abs(value)))
    if size >= 7 or size < -4:
        return f"{value:.{digits - 1}e}"
    return f"{value:.{max(0, digits - 1 - size)}f}"


def at_precision(value, error, digits=4):
    """A number with the decimals that show its standard error with `digits` digits.

    Examples
    --------
    >>> at_precision(251.4051, 6.8246), at_precision(0.00401, 0.00012), at_precision(5.2e9, 2e7)
    ('251.405', '0.0040100', '5.200e+09')
    """
    if not (math.isfinite(value) and math.isfinite(error)) or error <= 0:
        return significant(value, digits + 1)
    size = math.floor(math.log10(error))
    if size < -6 or abs(value) >= 1e9:
        return significant(value, digits)
    return f"{value:.{max(0, digits - 1 - size)}f}"


def degrees(values):
    """A column of degrees of freedom: whole if all are, else one decimal, but never "0.0".

    Examples
    --------
    >>> degrees([17.0, 2.0, None]), degrees([16.999999, 5.23, 0.0312, float("inf")])
    (['17', '2', ''], ['17.0', '5.2', '0.031', '∞'])
    """
    values = [math.nan if value is None else float(value) for value in values]
    whole = all(value == round(value) for value in values if math.isfinite(value))
    return [degree(value, whole) for value in values]


def degree(value, whole=False):
    """One of them."""
    if not math.isfinite(value) or value >= 1e7 or 0.0 < abs(value) < 0.95:
        return significant(value, 2)
    return f"{value:.0f}" if whole else f"{value:.1f}"


def p_value(value):
    """A p-value: three decimals, never "0.000".

    Examples
    --------
    >>> p_value(0.04321), p_value(1e-9)
    ('0.043', '<0.001')
    """
    if value is None or math.isnan(value):
        return ""
    return "<0.001" if value < 0.0005 else f"{value:.3f}"
