"""Fitted values of the rows that were used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit


def fitted(fit: Fit, *, groups="conditional"):
    """Means of the rows that were used, at the modes of the random effects.

    Parameters
    ----------
    fit : Fit
        A fitted model.
    groups : {"conditional", "population"}
        With the groups' own effects, or with effects of zero.

    Returns
    -------
    (n,) array, or (n, K) of the probabilities of ordered categories
        Of one trial, for successes among trials.
    """
    predictors = fit.predictors if groups == "conditional" else fit.fixed_predictors
    if fit.family.ordinal:
        from mixedeffects.inference.prediction.ordinal import probabilities

        return probabilities(fit, predictors[0], None)
    return np.array(fit.family.mean(*predictors), dtype=float)
