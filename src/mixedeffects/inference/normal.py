"""The normal distribution, as far as Wald inference needs it."""

from __future__ import annotations

from statistics import NormalDist

from mixedeffects.errors import OptionError


def check_level(level, name="level"):
    """Refuse a coverage that is not strictly between 0 and 1. Raises OptionError."""
    if not isinstance(level, int | float) or not 0.0 < level < 1.0:
        usual = 0.95 if name == "level" else 0.05
        raise OptionError(
            f"{name}={level!r} must lie strictly between 0 and 1, for instance {usual}"
        )


def z_quantile(level):
    """Half-width, in standard errors, of an interval of the given coverage. Raises OptionError.

    Examples
    --------
    >>> round(z_quantile(0.95), 4)
    1.96
    """
    check_level(level)
    return NormalDist().inv_cdf(0.5 + level / 2.0)
