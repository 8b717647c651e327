"""Numbers and lists within sentences, rounded as the tables round them."""

from __future__ import annotations

import math

from mixedeffects.display.numbers import at_precision, p_value, significant

# names of levels that a sentence lists before it only counts
MOST_NAMES = 6
# digits of a number that has no error beside it, and the most of a ratio
DIGITS, MOST_DIGITS = 3, 6
# digits of a number that has an error beside it, from which on fewer digits of that are shown
MOST_LENGTH = 4
# shares that a percentage with one decimal would call none or all, and those that need it
SMALLEST, LARGEST = 0.0005, 0.9995
LOW, HIGH = 0.0095, 0.9905
# a share below this is rounding, and a number this small beside its error
NONE = 1e-12
ROUNDING = 1e-9
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
    """A number with the decimals that show its standard error with three digits.

    With two or one where it would be longer than four digits; a small one keeps a digit that is
    not zero. In scientific notation as many digits as the error asks for.

    Examples
    --------
    >>> number(-35.07171, 6.8246), number(0.0200312, 0.000131), number(251234.5, 6.8)
    ('−35.07', '0.02003', '251234')
    >>> number(0.00012, 0.15), number(0.0, 0.15), number(-0.03904, 0.3044)
    ('0.0001', '0.00', '−0.0390')
    >>> number(8.1, 0.8524), number(0.19005, 0.0146), number(1.2449e11, 2.47e9)
    ('8.100', '0.1900', '1.245e+11')
    >>> number(2e-16, 0.4313)
    '0.000'
    """
    if value == 0.0 or not (math.isfinite(value) and math.isfinite(error)) or error <= 0:
        return minus(at_precision(value, error, 2) if error > 0 else significant(value, 4))
    if abs(value) < ROUNDING * error:
        return at_precision(0.0, error, DIGITS)
    length = math.floor(math.log10(abs(value))) - math.floor(math.log10(error))
    digits = min(max(MOST_LENGTH - length, 1), DIGITS)
    text = at_precision(value, error, digits)
    if "e" in text:
        text = significant(value, max(digits + length, DIGITS))
    elif digits == DIGITS and len(text.lstrip("-0.").replace(".", "")) == DIGITS - 1:
        text = at_precision(value, error, digits + 1)  # a limit near zero
    return minus(text if text.strip("-0.") else significant(value, 1))


def ratio_number(value, error):
    """A ratio with three digits; with more where its error says so, as of one that is nearly one.

    Parameters
    ----------
    error : float
        Standard error of its logarithm.

    Examples
    --------
    >>> ratio_number(0.8525, 0.04), ratio_number(2.6e-6, 0.0169), ratio_number(0.99998788, 1e-4)
    ('0.853', '2.60e-06', '0.99999')
    """
    digits = DIGITS
    if math.isfinite(error) and error > 0:
        digits = min(max(DIGITS, 1 - math.floor(math.log10(error))), MOST_DIGITS)
    return significant(value, digits)


def size(value, digits=DIGITS):
    """A number with three significant digits.

    Examples
    --------
    >>> size(24.7404), size(1234.5), size(0.0)
    ('24.7', '1234', '0')
    """
    return minus(significant(value, digits))


def percent(share):
    """A share in per cent: no decimals, one where it is below 1% or above 99%.

    Examples
    --------
    >>> percent(0.5893), percent(0.0042), percent(1e-33), percent(0.9991), percent(2e-5)
    ('59%', '0.4%', '0%', '99.9%', 'less than 0.1%')
    """
    if NONE < share < SMALLEST:
        return "less than 0.1%"
    if LARGEST <= share < 1.0:
        return "more than 99.9%"
    return f"{100 * share:.{int(NONE < share < LOW or HIGH < share < 1.0)}f}%"


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
