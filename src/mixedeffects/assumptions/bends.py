"""Whether the effect of a numeric predictor bends elsewhere than a parabola does.

A line that rises steeply and falls slowly, or levels off, is no parabola either. The line is let
bend at the quartiles of the predictor: a score test of three hinges, max(x - knot, 0), as of the
square in `curvature`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.assumptions.limits import ALPHA
from mixedeffects.assumptions.score_tests import score_of_columns

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit

# how far a curved part moves the fitted values, in standard deviations of what they leave, that
# is worth knowing
BENT = 0.2
# where a line is let bend, as shares of the rows, and rows on each side of a bend
KNOTS, LEAST_ROWS = (0.25, 0.5, 0.75), 5
# rows beyond which three columns for every predictor take seconds
MOST_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class Bend:
    """A predictor whose effect is no straight line.

    Attributes
    ----------
    knots : tuple of float
    chi2 : float
        Of the score test, with a degree of freedom per knot.
    size : float
        How far the bends move fitted values, as in `curvature`.
    """

    name: str
    knots: tuple[float, ...]
    chi2: float
    size: float


def bends(fit: Fit, columns, setting, excess=1.0):
    """Predictors whose effect surely bends, and by enough to matter, the largest bend first.

    Returns list of Bend.

    Parameters
    ----------
    columns : dict of str to (n,) array
        The predictors.
    setting : tuple
        Scores, weights and projection, as in `curvature`.
    excess : float
        As in `curvature`.
    """
    from scipy.special import fdtrc

    if fit.design.n > MOST_ROWS:
        return []
    out = []
    df = max(fit.design.n - fit.design.X.shape[1], 1)
    for name, x in columns.items():
        knots = knots_of(x)
        if not knots:
            continue
        hinges = [np.maximum(x - k, 0.0) for k in knots]
        found = score_of_columns(fit, hinges, setting, excess)
        if found is None:
            continue
        chi2, _, size = found
        m = len(knots)
        if size >= BENT and fdtrc(m, max(df - m, 1), chi2 / m) < ALPHA / len(columns):
            out.append(Bend(name, knots, chi2, size))
    return sorted(out, key=lambda one: -one.size)


def knots_of(x):
    """Different quartiles with enough rows on both sides; none where there are fewer than two.

    Examples
    --------
    >>> import numpy as np
    >>> knots_of(np.arange(101.0)), knots_of(np.repeat([0.0, 1.0], 20))
    ((25.0, 50.0, 75.0), ())
    """
    found = sorted({float(k) for k in np.quantile(x, KNOTS)})
    kept = tuple(k for k in found if (x < k).sum() >= LEAST_ROWS and (x > k).sum() >= LEAST_ROWS)
    return kept if len(kept) > 1 else ()
