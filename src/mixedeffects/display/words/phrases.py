"""Numbers and lists within sentences, rounded as the tables round them."""

from __future__ import annotations

import math

from mixedeffects.display.numbers import at_precision, p_value, significant

# names of levels that a sentence lists before it only counts
MOST_NAMES = 6
# shares that a percentage without decimals would call none or all
SMALLEST, LARGEST = 0.005, 0.995
# a share below this is rounding
NONE = 1e-12
# a probability that three decimals would call one
ALMOST_ONE = 0.9995


def minus(text):
    """A number with a true minus sign.

    Examples
    --------
    >>> minus("-12.30"), minus("1.2e-05"), minus("-0.00")
    ('−12.30', '1.2e-05', '0.00')
    """
    if not text.startswith("-"):
        return text
    # a rounded zero has no sign
    return "−" + text[1:] if text.strip("-0.") else text[1:]


def number(value, error):
    """A number with the decimals that its standard error allows, as the coefficient table has it.

    Examples
    --------
    >>> number(-35.07171, 6.8246)
    '−35.072'
    """
    return minus(at_precision(value, error))


def ratio_number(value, error):
    """A ratio, as `number`, but never "0.000" for what is only small.

    Examples
    --------
    >>> ratio_number(0.8525, 0.04), ratio_number(2.6e-6, 0.0169)
    ('0.85250', '2.60e-06')
    """
    text = at_precision(value, error)
    return text if value == 0.0 or text.strip("0.") else significant(value, 3)


def size(value, digits=5):
    """A number with significant digits, as the table of variance components has it."""
    return minus(significant(value, digits))


def percent(share):
    """A share in per cent without decimals; never "0%" or "100%" of what is neither.

    Examples
    --------
    >>> percent(0.5893), percent(0.001), percent(1e-33), percent(0.9991)
    ('59%', 'less than 1%', '0%', 'more than 99%')
    """
    if NONE < share < SMALLEST:
        return "less than 1%"
    if LARGEST <= share < 1.0:
        return "more than 99%"
    return f"{100 * share:.0f}%"


def coverage(level):
    """Write a coverage in per cent.

    Examples
    --------
    >>> coverage(0.95), coverage(0.999)
    ('95%', '99.9%')
    """
    return f"{100 * level:g}%"


def interval(lower, upper, level, rounded):
    """As in "95% CI 1.2 to 3.4"; "" where a limit is not known.

    Parameters
    ----------
    rounded : callable
        From a limit to its text.
    """
    if not (math.isfinite(lower) and math.isfinite(upper)):
        return ""
    return f"{coverage(level)} CI {rounded(lower)} to {rounded(upper)}"


def probability(value):
    """As in "p = 0.043", "p < 0.001" or "p > 0.999"; "" where it is not known.

    Examples
    --------
    >>> probability(0.0431), probability(1e-9), probability(0.99997)
    ('p = 0.043', 'p < 0.001', 'p > 0.999')
    """
    if value >= ALMOST_ONE:
        return "p > 0.999"
    text = p_value(value)
    return "" if not text else f"p {text[0]} {text[1:]}" if text[0] == "<" else f"p = {text}"


def listed(words, last="and"):
    """As in "a, b and c".

    Examples
    --------
    >>> listed(["a"]), listed(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    words = list(words)
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def some(names, most=MOST_NAMES):
    """The first names, and how many more there are.

    Examples
    --------
    >>> some(["a", "b", "c"], 2), some(["a", "b"], 2)
    ('a, b and 1 more', 'a and b')
    """
    if len(names) <= most:
        return listed(names)
    return f"{', '.join(names[:most])} and {len(names) - most:,} more"


def plural(count, one, many=None):
    """A count with its noun.

    Examples
    --------
    >>> plural(1, "row"), plural(1200, "row")
    ('1 row', '1,200 rows')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def upper_first(text):
    """The text with a capital first letter."""
    return text[:1].upper() + text[1:]


def joined(parts, separator="; "):
    """The parts that are there."""
    return separator.join(part for part in parts if part)
