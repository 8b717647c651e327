"""Unit deviances: twice the log likelihood that a perfect mean would have more, per row.

d(y, mu) = 2 {l(y; y) - l(y; mu)} in units of the dispersion (McCullagh & Nelder 1989,
doi:10.1007/978-1-4899-3242-6, table 2.2; the negative binomial at known theta: Venables & Ripley
2002, doi:10.1007/978-0-387-21706-2, section 7.4).
"""

from __future__ import annotations

import numpy as np

from mixedeffects.errors import NotAvailableError


def _xlogy(x, ratio):
    from scipy.special import xlogy

    return xlogy(x, ratio)


def _binomial(y, mu, size, _):
    n = 1.0 if size is None else size
    return 2.0 * (_xlogy(y, y / (n * mu)) + _xlogy(n - y, (n - y) / (n * (1.0 - mu))))


def _poisson(y, mu, size, _):
    return 2.0 * (_xlogy(y, y / mu) - (y - mu))


def _nbinom2(y, mu, size, dispersion):
    theta = np.exp(dispersion)
    return 2.0 * (_xlogy(y, y / mu) - (y + theta) * np.log((y + theta) / (mu + theta)))


def _gaussian(y, mu, size, _):
    return (y - mu) ** 2


def _gamma(y, mu, size, _):
    return 2.0 * ((y - mu) / mu - np.log(y / mu))


def _inverse_gaussian(y, mu, size, _):
    return (y - mu) ** 2 / (y * mu * mu)


UNIT_DEVIANCES = {
    "binomial": _binomial,
    "poisson": _poisson,
    "nbinom2": _nbinom2,
    "gaussian": _gaussian,
    "gamma": _gamma,
    "inverse_gaussian": _inverse_gaussian,
}


def unit_deviance(family, response, mu, dispersion=None):
    """(n,) unit deviances, not times prior weights.

    Parameters
    ----------
    family : Family
    response : Response
    mu : (n,) array
        Means of one unit of the response.
    dispersion : (n,) array, optional
        The dispersion predictor.

    Raises
    ------
    NotAvailableError
        The family has no saturated likelihood in closed form.

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
    return np.maximum(formula(response.y, mu, response.size, dispersion), 0.0)
