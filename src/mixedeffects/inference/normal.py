"""The normal distribution, as far as Wald inference needs it."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from mixedeffects.errors import OptionError


def check_level(level):
    """Refuse a coverage that is not strictly between 0 and 1.

    Raises
    ------
    OptionError
    """
    if not isinstance(level, int | float) or not 0.0 < level < 1.0:
        raise OptionError(f"level={level!r} must lie strictly between 0 and 1, for instance 0.95")


def z_quantile(level):
    """Half-width, in standard errors, of an interval of the given coverage.

    Raises
    ------
    OptionError
        When `level` is not strictly between 0 and 1.

    Examples
    --------
    >>> round(z_quantile(0.95), 4)
    1.96
    """
    check_level(level)
    return NormalDist().inv_cdf(0.5 + level / 2.0)


def two_sided_p(z):
    """P(|Z| >= |z|) for each z.

    Examples
    --------
    >>> two_sided_p([0.0, 1.959964]).round(4)
    array([1.  , 0.05])
    """
    from math import erfc, sqrt

    return np.array([erfc(abs(v) / sqrt(2.0)) for v in np.asarray(z, dtype=float)])
