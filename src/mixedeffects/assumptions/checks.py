"""The checks of what a model assumes, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.assumptions import counts, curvature, levels, shape, values
from mixedeffects.assumptions.spread import spread
from mixedeffects.assumptions.standardised import standardised
from mixedeffects.errors import MixedEffectsError

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit


def assumptions(fit: Fit):
    """What the response and the residuals say against the model.

    Returns
    -------
    checks : tuple of Check
        Of values, skewness, tails, spread, dispersion, zeros, curvature and levels of predictors,
        in this order, those that can be looked at: a model of 0 / 1 responses has no spread of
        residuals to look at, and one without a numeric predictor no curvature.
    note : str
        Why residuals were not looked at; empty where they were.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> {check.name: check.verdict for check in assumptions(fit)[0]}
    {'values': 'fine', 'skewness': 'fine', 'tails': 'look', 'spread': 'fine', 'curvature': 'fine'}
    """
    found = values.response_values(fit)
    if any(check.value == 2.0 and check.verdict != "fine" for check in found):
        return tuple(found), ""  # all that residuals could say follows from it
    if not fit.certificate.converged:
        return tuple(found), "residuals were not looked at, as there is no certified optimum"
    try:
        if not fit.family.discrete:
            residuals = standardised(fit)
            for check in (shape.skew, shape.tails, spread):
                found += check(fit, residuals)
        ratio, error = counts.dispersion_ratio(fit)
        found += counts.dispersion(fit, ratio, error)
        found += counts.zeros(fit)
        excess = max(ratio, 1.0) if np.isfinite(ratio) else 1.0
        found += curvature.curvature(fit, excess)
        found += levels.blended(fit, excess)
    except MixedEffectsError as reason:
        return tuple(found), str(reason).splitlines()[0]
    return tuple(found), ""
