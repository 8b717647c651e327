"""The parameters that many refits are compared in, as names and as numbers."""

from __future__ import annotations

import numpy as np


def parameter_names(fit):
    """What `parameter_values` lists.

    Returns
    -------
    effects, groups, terms : lists
        As in `mixedeffects.inference.tidy`: "fixed", "ran_pars", or "extra" for the coefficients of
        other predictors; grouping factor or None; "Days", "sd__Days", "cor__(Intercept).Days",
        "sd__Observation".
    """
    names = list(fit.parameters.coefficient_names)
    components = fit.parameters.components
    others = len(names) - fit.beta.size
    effects = ["fixed"] * fit.beta.size + ["extra"] * others + ["ran_pars"] * len(components)
    groups = [None] * len(names) + [c.label for c in components]
    return effects, groups, names + [c.name() for c in components]


def parameter_values(fit, coefficients, theta, sigma):
    """Coefficients of all predictors, standard deviations and correlations of many refits.

    Parameters
    ----------
    coefficients, theta, sigma : (R, c), (R, n_theta) and (R,) arrays
        In the user's columns.

    Returns
    -------
    (R, P) array
        A correlation with a standard deviation of zero is nan.
    """
    return np.concatenate([coefficients, fit.parameters.components_at(theta, sigma)], axis=1)
