"""All parameters of a model on the user's scale, for one fit or many refits."""

from __future__ import annotations

import numpy as np

from mixedeffects.inference.component_names import component_values, components_of


def parameter_names(design):
    """What `parameter_values` lists.

    Parameters
    ----------
    design : Design

    Returns
    -------
    effects, groups, terms : lists
        As in `mixedeffects.inference.tidy`: "fixed" or "ran_pars"; grouping factor or None;
        "Days", "sd__Days", "cor__(Intercept).Days", "sd__Observation".
    """
    effects, groups = ["fixed"] * len(design.x_names), [None] * len(design.x_names)
    terms = list(design.x_names)
    components = components_of(design.blocks, len(design.blocks), residual=True)
    effects += ["ran_pars"] * len(components)
    groups += [c.group for c in components]
    return effects, groups, [*terms, *(c.name() for c in components)]


def parameter_values(design, beta, theta, sigma):
    """Coefficients, standard deviations, correlations and residual SD of many refits.

    Parameters
    ----------
    design : Design
    beta : (R, p), theta : (R, n_theta), sigma : (R,)
        In the user's coordinates.

    Returns
    -------
    (R, P) array
        A correlation with a standard deviation of zero is nan.
    """
    return np.concatenate(
        [beta, component_values(design.blocks, theta, sigma), sigma[:, None]], axis=1
    )
