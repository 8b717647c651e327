"""All parameters of a model on the user's scale, for one fit or many refits."""

from __future__ import annotations

import numpy as np

from mixedeffects.covariance import structure_of
from mixedeffects.inference.component_names import component_name, component_places


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
    for f, _, a, b in component_places(design):
        block = design.blocks[f]
        effects.append("ran_pars")
        groups.append(block.factor.name)
        terms.append(component_name(block.names[a], None if a == b else block.names[b]))
    return [*effects, "ran_pars"], [*groups, "Residual"], [*terms, component_name()]


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
    columns, at = [beta], 0
    for block in design.blocks:
        for term in block.terms:
            form = structure_of(term)
            Lam = form.factors(theta[:, at : at + form.n_theta])
            at += form.n_theta
            sd = np.sqrt(np.einsum("rab,rab->ra", Lam, Lam))
            columns.append(sigma[:, None] * sd)
            if form.pairs:
                i, j = np.array(form.pairs).T
                G = np.einsum("rac,rbc->rab", Lam, Lam)
                with np.errstate(invalid="ignore", divide="ignore"):
                    columns.append(np.clip(G[:, i, j] / (sd[:, i] * sd[:, j]), -1.0, 1.0))
    return np.concatenate([*columns, sigma[:, None]], axis=1)
