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
    out = theta.copy()
    for term in objective.parameters.terms:
        Lam = term.structure.factor(theta[term.part])
        axes, s = term.structure.axes(Lam)
        if s.min(initial=LIFT) < LIFT:
            Lam = np.concatenate([V * max(sd, LIFT) for V, sd in zip(axes, s, strict=True)], axis=1)
        out[term.part] = term.structure.theta_of(Lam)
    return out
