"""Log-likelihood and information criteria."""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit


def loglik(fit: Fit):
    """Log-likelihood (ML) or restricted log-likelihood (REML) at the estimates."""
    return -0.5 * fit.objective


def n_parameters(fit: Fit):
    """All coefficients and covariance parameters; of a linear model also the residual variance.

    Directions of the variances that are not in the data are no parameters of what the model says
    of a response, and are not counted.
    """
    return fit.beta.size + fit.n_distribution + fit.theta.size - len(fit.certificate.flat)


def aic(fit: Fit):
    """Akaike's criterion; comparable under REML only between models with equal fixed effects."""
    return fit.objective + 2.0 * n_parameters(fit)


def bic(fit: Fit):
    """Schwarz's criterion with the number of rows as sample size, as in lme4."""
    return fit.objective + log(fit.design.n) * n_parameters(fit)


def aicc(fit: Fit):
    """Akaike's criterion corrected for small samples, with the number of rows as n.

    nan where there are no more rows than parameters plus one.

    References
    ----------
    Hurvich & Tsai (1989), doi:10.1093/biomet/76.2.297.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> round(fit.aicc - fit.aic, 4)  # 2 * 6 * 7 / (180 - 6 - 1)
    0.4855
    """
    k, n = n_parameters(fit), fit.design.n
    return aic(fit) + 2.0 * k * (k + 1) / (n - k - 1) if n > k + 1 else float("nan")


def akaike_weights(criterion):
    """Akaike weights: how much each of several models is supported among them.

    Returns (m,) array that sums to one; nan where the criterion is..

    Parameters
    ----------
    criterion : sequence of float
        AIC, AICc or BIC of each model, on the same rows.

    References
    ----------
    Burnham & Anderson (2002), section 2.9, doi:10.1007/b97636.

    Examples
    --------
    >>> akaike_weights([100.0, 102.0]).round(3)
    array([0.731, 0.269])
    """
    values = np.asarray(criterion, dtype=float)
    relative = np.exp(-0.5 * (values - np.nanmin(values)))
    return relative / np.nansum(relative)
