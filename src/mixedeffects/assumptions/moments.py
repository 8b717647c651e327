"""Skewness and excess kurtosis, in standard errors.

The transformations of D'Agostino (1970, doi:10.1093/biomet/57.3.679) and of Anscombe & Glynn (1983,
doi:10.1093/biomet/70.1.227) make both nearly standard normal in samples of 20 and more.
"""

from __future__ import annotations

from math import asinh, sqrt

import numpy as np

# sample from which the approximations hold
LEAST = 20


def skewness(z):
    """Third standardised moment.

    Examples
    --------
    >>> import numpy as np
    >>> round(skewness(np.array([0.0, 0.0, 0.0, 1.0])), 4)
    1.1547
    """
    centred = z - z.mean()
    return float((centred**3).mean() / (centred**2).mean() ** 1.5)


def excess_kurtosis(z):
    """Fourth standardised moment, less the normal distribution's 3.

    Examples
    --------
    >>> import numpy as np
    >>> excess_kurtosis(np.array([-1.0, 1.0]))
    -2.0
    """
    centred = z - z.mean()
    return float((centred**4).mean() / (centred**2).mean() ** 2 - 3.0)


def skewness_score(g1, n):
    """Skewness of n independent normal values as a standard normal variable.

    Examples
    --------
    >>> round(skewness_score(0.5, 100), 3)  # as scipy.stats.skewtest
    2.075
    """
    y = g1 * sqrt((n + 1.0) * (n + 3.0) / (6.0 * (n - 2.0)))
    b2 = (
        3.0 * (n * n + 27.0 * n - 70.0) * (n + 1.0) * (n + 3.0)
        / ((n - 2.0) * (n + 5.0) * (n + 7.0) * (n + 9.0))
    )  # fmt: skip
    w2 = sqrt(2.0 * (b2 - 1.0)) - 1.0
    return asinh(y / sqrt(2.0 / (w2 - 1.0))) / sqrt(0.5 * np.log(w2))


def kurtosis_score(g2, n):
    """Excess kurtosis of n independent normal values as a standard normal variable.

    Examples
    --------
    >>> round(kurtosis_score(1.0, 100), 3)  # as scipy.stats.kurtosistest
    1.908
    """
    mean = 3.0 * (n - 1.0) / (n + 1.0)
    variance = 24.0 * n * (n - 2.0) * (n - 3.0) / ((n + 1.0) ** 2 * (n + 3.0) * (n + 5.0))
    x = (g2 + 3.0 - mean) / sqrt(variance)
    root = (
        6.0 * (n * n - 5.0 * n + 2.0) / ((n + 7.0) * (n + 9.0))
        * sqrt(6.0 * (n + 3.0) * (n + 5.0) / (n * (n - 2.0) * (n - 3.0)))
    )  # fmt: skip
    a = 6.0 + 8.0 / root * (2.0 / root + sqrt(1.0 + 4.0 / root**2))
    below = 1.0 + x * sqrt(2.0 / (a - 4.0))
    third = np.sign(below) * np.cbrt(abs((1.0 - 2.0 / a) / below)) if below else np.inf
    return float((1.0 - 2.0 / (9.0 * a) - third) / sqrt(2.0 / (9.0 * a)))
