"""All parameters of a model on the user's scale, for one fit or many refits."""

from __future__ import annotations

import numpy as np

from mixedeffects.covariance import structure


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
    terms = list(design.x_names)
    effects, groups = ["fixed"] * len(terms), [None] * len(terms)
    for block in design.blocks:
        for term in block.terms:
            names = [block.names[c] for c in term.columns]
            new = [f"sd__{name}" for name in names]
            if term.covariance == "us":
                pairs = zip(*np.triu_indices(len(names), 1), strict=True)
                new += [f"cor__{names[i]}.{names[j]}" for i, j in pairs]
            terms += new
            groups += [block.factor.name] * len(new)
            effects += ["ran_pars"] * len(new)
    return [*effects, "ran_pars"], [*groups, "Residual"], [*terms, "sd__Observation"]


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
            form = structure(term.covariance, len(term.columns))
            rows, cols = np.array(form.positions()).T
            Lam = np.zeros((sigma.size, form.k, form.k))
            Lam[:, rows, cols] = theta[:, at : at + form.n_theta]
            at += form.n_theta
            sd = np.sqrt(np.einsum("rab,rab->ra", Lam, Lam))
            columns.append(sigma[:, None] * sd)
            if term.covariance == "us" and form.k > 1:
                i, j = np.triu_indices(form.k, 1)
                G = np.einsum("rac,rbc->rab", Lam, Lam)
                with np.errstate(invalid="ignore", divide="ignore"):
                    columns.append(np.clip(G[:, i, j] / (sd[:, i] * sd[:, j]), -1.0, 1.0))
    return np.concatenate([*columns, sigma[:, None]], axis=1)
