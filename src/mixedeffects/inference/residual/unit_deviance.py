"""Unit deviances: twice the log likelihood that a perfect mean would have more, per row.

d(y, mu) = 2 {l(y; y) - l(y; mu)} in units of the dispersion (McCullagh & Nelder 1989,
doi:10.1007/978-1-4899-3242-6, table 2.2; the negative binomial at known theta: Venables & Ripley
2002, doi:10.1007/978-0-387-21706-2, section 7.4).
"""

from __future__ import annotations

import numpy as np

from mixedeffects.errors import NotAvailableError


def _log_times(x, mean):
    """``x log(x / mean)``, which is 0 where x is, also for a mean of 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(x > 0, x * np.log(x / mean), 0.0)


def _binomial(y, mean, size, _):
    mu, complement = mean
    n = 1.0 if size is None else size
    return 2.0 * (_log_times(y, n * mu) + _log_times(n - y, n * complement))


def _poisson(y, mean, size, _):
    mu, _ = mean
    return 2.0 * (_log_times(y, mu) - (y - mu))


def _nbinom2(y, mean, size, extras):
    mu, _ = mean
    theta = np.minimum(np.exp(extras["dispersion"]), LARGEST)
    return 2.0 * (_log_times(y, mu) - (y + theta) * np.log1p((y - mu) / (mu + theta)))


def _gaussian(y, mean, size, _):
    return (y - mean[0]) ** 2


def _gamma(y, mean, size, _):
    mu, _ = mean
    return 2.0 * ((y - mu) / mu - np.log(y / mu))


def _inverse_gaussian(y, mean, size, _):
    mu, _ = mean
    return (y - mu) ** 2 / (y * mu * mu)


def _tweedie(y, mean, size, extras):
    # Jørgensen (1987), doi:10.1111/j.2517-6161.1987.tb01685.x, at known p
    mu, _ = mean
    r = 1.0 / (1.0 + np.exp(-extras["power"]))  # p - 1
    q = 1.0 - r
    s = np.log(mu) - np.log(np.where(y > 0, y, mu))
    above = y**q * (np.expm1(q * s) / q + np.expm1(-r * s) / r)
    return 2.0 * np.where(y > 0, above, mu**q / q)


UNIT_DEVIANCES = {
    "binomial": _binomial,
    "poisson": _poisson,
    "nbinom2": _nbinom2,
    "gaussian": _gaussian,
    "gamma": _gamma,
    "inverse_gaussian": _inverse_gaussian,
    "tweedie": _tweedie,
}


# theta at which the negative binomial is the Poisson distribution to the last digit
LARGEST = 1e300


def unit_deviance(family, response, mu, extras=None, complement=None):
    """(n,) unit deviances, not times prior weights.

    `mu` has the means of one unit of the response, `extras` the other linear predictors by name,
    `complement` one minus the mean of a proportion, where that has more digits than the mean.
    Families without a saturated likelihood in closed form are refused.

    Examples
    --------
    >>> import numpy as np
    >>> from mixedeffects.family import Poisson, Response
    >>> unit_deviance(Poisson(), Response([2.0, 0.0]), np.array([2.0, 1.5]))
    array([0., 3.])
    """
    formula = UNIT_DEVIANCES.get(family.name)
    if formula is None:
        raise NotAvailableError(
            f"the {family.name} family has no unit deviance: no mean alone makes its likelihood "
            'largest\nuse kind="quantile", which is normal under any model, or kind="pearson"'
        )
    mean = (mu, 1.0 - mu if complement is None else complement)
    return np.maximum(formula(response.y, mean, response.size, extras), 0.0)
