"""Rounding for people: enough digits, no more."""

from __future__ import annotations

import math

# beyond it a number says only that nothing is known: a limit of an interval that has no end
HUGE = 1e30


def significant(value, digits=4):
    """A number with about `digits` significant digits, in plain or scientific notation.

    Examples
    --------
    >>> significant(251.4051), significant(0.00001234), significant(0.0), significant(-35.0717)
    ('251.4', '1.234e-05', '0', '-35.07')
    >>> significant(3.1e147), significant(-3.1e147), significant(2e-90)  # no number of anything
    ('>1e+30', '<-1e+30', '<1e-30')
    """
    if value is None or not math.isfinite(value):
        return "" if value is None or math.isnan(value) else ("∞" if value > 0 else "-∞")
    if value == 0:
        return "0"
    if abs(value) > HUGE:
        return ">1e+30" if value > 0 else "<-1e+30"
    if abs(value) < 1.0 / HUGE:
        return "<1e-30" if value > 0 else ">-1e-30"
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
    decimals = max(0, digits - 1 - size)
    if decimals == 0 and abs(value) < 0.5:  # it would be "0", or "-0"
        return significant(value, 2)
    return f"{value:.{decimals}f}"


def share_words(value):
    """A share in per cent: never "0%" of what is not nothing, nor "100%" of what is not all.

    Examples
    --------
    >>> share_words(0.5892), share_words(0.0041), share_words(2e-9), share_words(0.9996)
    ('59%', '0.4%', 'less than 0.01%', 'more than 99.9%')
    >>> share_words(0.0), share_words(1.0), share_words(0.995)
    ('0%', '100%', '99.5%')
    """
    percent = 100.0 * value
    if 0.0 < percent < 0.005:
        return "less than 0.01%"
    if 99.95 <= percent < 100.0:
        return "more than 99.9%"
    if 0.0 < percent < 0.95:
        return f"{percent:.1g}%"
    return f"{percent:.1f}%" if 99.0 <= percent < 100.0 else f"{percent:.0f}%"


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
