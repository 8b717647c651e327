"""The normal distribution, as far as Wald inference needs it."""

from __future__ import annotations

from statistics import NormalDist

from mixedeffects.errors import OptionError


def check_level(level):
    """Refuse a coverage that is not strictly between 0 and 1. Raises OptionError."""
    if not isinstance(level, int | float) or not 0.0 < level < 1.0:
        raise OptionError(f"level={level!r} must lie strictly between 0 and 1, for instance 0.95")


def z_quantile(level):
    """Half-width, in standard errors, of an interval of the given coverage. Raises OptionError.

    Examples
    --------
    >>> round(z_quantile(0.95), 4)
    1.96
    """
    check_level(level)
    return NormalDist().inv_cdf(0.5 + level / 2.0)
