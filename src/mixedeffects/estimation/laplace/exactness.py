"""Continuous responses that the model fits exactly: the likelihood rises without bound.

Where the fitted values are the responses themselves, in n rows with fewer than n effects, every
smaller dispersion is more likely (the density at the mean grows like one over the width).
"""

from __future__ import annotations

import numpy as np

# width of a distribution, relative to the responses' spread, from which on it is looked at, and
# below which it is no more than the responses' own rounding
NARROW, ROUNDING = 1e-6, 1e-9
# fall of the objective per unit of the log width: an exact fit of n rows loses about 2 n
STEADY = 0.5


def narrowing(evaluation):
    """A direction along which distributions next to no width are narrower still.

    Returns
    -------
    direction : (P,) array or None
        One unit of the dispersion's predictor in the rows concerned; None where there are none.
    width : float
        The smallest relative width.
    """
    problem = evaluation.objective.problem
    family = problem.family
    with np.errstate(all="ignore"):
        widths = family.relative_width(problem.response, *evaluation.fixed)
    if widths is None or not float(np.min(widths)) < NARROW:
        return None, np.inf
    widths = np.broadcast_to(widths, problem.response.y.shape)
    at = 1 + family.extras.index("dispersion")
    predictor = problem.predictors[at]
    less = [x - 1.0 if e == at else x for e, x in enumerate(evaluation.fixed)]
    with np.errstate(all="ignore"):
        falls = np.min(family.relative_width(problem.response, *less)) < widths.min()
    wanted = np.where(widths < NARROW, -1.0 if falls else 1.0, 0.0)
    direction = np.zeros(problem.n_parameters)
    direction[predictor.part] = np.linalg.lstsq(predictor.X, wanted, rcond=None)[0]
    return direction, float(widths.min())


def fits_exactly(evaluation):
    """Whether a continuous distribution has shrunk to a point, or is about to."""
    if evaluation.objective.problem.family.discrete or not np.isfinite(evaluation.value):
        return False
    direction, width = narrowing(evaluation)
    if direction is None:
        return False
    return width < ROUNDING or float(evaluation.gradient @ direction) < -STEADY
