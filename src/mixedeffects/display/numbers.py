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


def column(values, digits=4):
    """Numbers with one common count of decimals, chosen for the smallest spread of sizes.

    Every entry keeps at least `digits` significant digits unless that would take more than
    six decimals.

    Examples
    --------
    >>> column([251.405, 10.467])
    ['251.405', '10.467']
    >>> column([0.0, 1234.5])
    ['0.0', '1234.5']
    """
    finite = [abs(v) for v in values if v is not None and math.isfinite(v) and v != 0]
    if not finite:
        return [significant(v) for v in values]
    smallest, largest = math.log10(min(finite)), math.log10(max(finite))
    if largest >= 9 or smallest < -5:
        return [significant(v, digits) for v in values]
    decimals = min(6, max(0, digits - math.floor(smallest) - 1 + (1 if smallest >= 1 else 0)))
    if largest < 3:
        decimals = max(decimals, 2 if smallest >= 0 else decimals)
    return [
        f"{v:.{decimals}f}" if v is not None and math.isfinite(v) else significant(v)
        for v in values
    ]


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
