"""Where a refit starts: at the fit's own optimum, a little off the boundary."""

from __future__ import annotations

import numpy as np

# relative standard deviations below this are raised to it: at exactly zero, a replicate whose
# variance is positive would first have to be driven off a saddle
LIFT = 0.05


def warm_start(objective, theta):
    """theta~ with no negligible variance.

    Parameters
    ----------
    objective : LMMObjective
    theta : (n_theta,) array

    Returns
    -------
    (n_theta,) array
    """
    parameters = objective.parameters
    lambdas = []
    for Lam in parameters.lambdas(theta):
        U, s, _ = np.linalg.svd(Lam)
        lambdas.append(U * np.maximum(s, LIFT) if s[-1] < LIFT else Lam)
    out = parameters.theta_from_lambdas(lambdas)
    for term in parameters.terms:
        if not term.structure.rotates:
            out[term.part] = np.maximum(np.abs(theta[term.part]), LIFT)
    return out
