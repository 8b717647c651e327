"""One row about a whole fit, as R's broom.mixed has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from mixedeffects.inference.information import aic, aicc, bic, loglik, n_parameters
from mixedeffects.inference.table import Table
from mixedeffects.inference.varcorr import varcorr

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit, GeneralisedFit


def glance(fit: Fit):
    """One row about the whole fit.

    Parameters
    ----------
    fit : LMM or GLMM
        The fitted model; of the method, the model itself.

    Returns
    -------
    Table
        nobs, sigma, loglik, aic, aicc, bic, objective (the REML criterion where reml is True,
        else -2 log-likelihood), reml, df (parameters), df_residual, converged, singular. A
        generalised model has family, link and nagq too, and as sigma its dispersion parameter
        (nan where it has none, or one per row).

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> fit.glance()[["nobs", "df", "df_residual"]].iloc[0].tolist()
    [180, 6, 174]
    """
    df = n_parameters(fit)
    more, sigma = {}, varcorr(fit).sigma
    if not fit.kind.residual:
        from mixedeffects.inference.dispersion import dispersion

        value = None if "dispersion" in fit.design.others else dispersion(fit)
        sigma = np.nan if value is None else value
        more = {
            "family": [fit.family.name],
            "link": [str(fit.family.link)],
            "nagq": [cast("GeneralisedFit", fit).nagq],
        }
    return Table(
        {
            "nobs": [fit.design.n],
            "sigma": [sigma],
            "loglik": [loglik(fit)],
            "aic": [aic(fit)],
            "aicc": [aicc(fit)],
            "bic": [bic(fit)],
            "objective": [fit.objective],
            "reml": [fit.reml],
            "df": [df],
            "df_residual": [fit.design.n - df],
            "converged": [fit.certificate.converged],
            "singular": [fit.certificate.is_singular],
            **more,
        }
    )
