"""Covariance of the fixed-effect estimates."""

from __future__ import annotations

import numpy as np

from mixedeffects.errors import OptionError


def vcov_fixef(RX, sigma):
    """Covariance matrix of the fixed effects, given theta.

    Parameters
    ----------
    RX : (p, p) array
        Upper Cholesky factor of X'V^-1X, with V relative to sigma^2.
    sigma : float
        Residual standard deviation, in units of the response.

    Returns
    -------
    (p, p) array
        sigma^2 (RX'RX)^-1; entry (i, j) is in units of beta[i] times units of beta[j].

    References
    ----------
    Bates, Mächler, Bolker & Walker (2015), eq. 54, doi:10.18637/jss.v067.i01.

    Examples
    --------
    >>> import numpy as np
    >>> vcov_fixef(np.diag([2.0, 4.0]), sigma=2.0)
    array([[1.  , 0.  ],
           [0.  , 0.25]])
    """
    if RX.shape[0] == 0:
        return np.zeros((0, 0))
    inverse = np.linalg.inv(RX)
    return sigma**2 * (inverse @ inverse.T)


def vcov(fit, *, method="model"):
    """Covariance matrix of the fixed effects.

    Parameters
    ----------
    fit : FitRecord
    method : {"model"}
        The model-based covariance, conditional on theta.

    Returns
    -------
    (p, p) array
        In the order of ``fit.fixef``.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> (fit.vcov().diagonal() ** 0.5).round(3)
    array([6.825, 1.546])
    """
    if method != "model":
        raise OptionError(f"method={method!r} is not available; the only one is 'model'")
    return fit.vcov_beta.copy()
