"""Log-likelihood and information criteria."""

from __future__ import annotations

import numpy as np


def loglik(fit):
    """Log-likelihood (ML) or restricted log-likelihood (REML) at the estimates."""
    return -0.5 * fit.objective


def n_parameters(fit):
    """Fixed effects, covariance parameters and the residual variance."""
    return fit.beta.size + fit.theta.size + 1


def aic(fit):
    """Akaike's criterion; comparable under REML only between models with equal fixed effects."""
    return fit.objective + 2.0 * n_parameters(fit)


def bic(fit):
    """Schwarz's criterion with the number of rows as sample size, as in lme4."""
    return fit.objective + np.log(fit.design.n) * n_parameters(fit)
