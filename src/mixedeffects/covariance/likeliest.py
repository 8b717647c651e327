"""The covariance of a structure that a normal sample with given second moments makes most likely.

It minimises log|G| + tr(G^-1 S) by Fisher's scoring: with G_i = dG / dtheta_i,

    g_i = tr(G^-1 G_i) - tr(G^-1 G_i G^-1 S),    H_ij = tr(G^-1 G_i G^-1 G_j).
"""

from __future__ import annotations

import numpy as np
from scipy.linalg.lapack import dpotrf  # pyright: ignore[reportAttributeAccessIssue]

MOST_STEPS, MOST_HALVINGS = 100, 40
# squared length of a step, in units of the parameters' own uncertainty, that is rounding
ENOUGH = 1e-24
# variance that keeps a singular S, or a singular start, regular, relative to the mean variance
LEAST = 1e-10


def likeliest(structure, S, theta):
    """theta of the likeliest covariance.

    Takes S (k, k) array. Returns (n_theta,) array.

    Parameters
    ----------
    structure : Covariance
        With `factor` and `derivatives`.
    theta : (n_theta,) array
        To start from.
    """
    S = S + LEAST * S.trace() / structure.k * np.eye(structure.k)
    value, inverse = _value(structure, S, theta)
    for _ in range(MOST_STEPS):
        if inverse is None:
            break
        relative = inverse @ structure.changes(theta)
        gradient = np.einsum("iaa->i", relative) - np.einsum("iab,ba->i", relative, inverse @ S)
        information = np.einsum("iab,jba->ij", relative, relative)
        step = -np.linalg.lstsq(information, gradient, rcond=1e-12)[0]
        if not step @ information @ step > ENOUGH:
            break
        for _ in range(MOST_HALVINGS):
            trial, found = _value(structure, S, theta + step)
            if trial < value:
                break
            step *= 0.5
        else:
            break
        theta, value, inverse = theta + step, trial, found
    return theta


def _value(structure, S, theta):
    """log|G| + tr(G^-1 S) and G^-1; inf and None where G is not positive definite."""
    Lambda = structure.factor(theta)
    G = Lambda @ Lambda.T
    L, info = dpotrf(G, lower=1)
    if info:
        return np.inf, None
    inverse = np.linalg.inv(G)
    return 2.0 * np.log(L.diagonal()).sum() + float(np.sum(inverse * S)), inverse
