"""The boundary of the covariances: variances of exactly zero.

The likelihood is even in every column of Lambda, so that a zero column has zero gradient whether or
not it should be zero: the gradient alone proves nothing at the boundary. The condition that does is
on D = dd/dG, d the objective: at an optimum D Lambda = 0, and D is positive semi-definite on the
null space of G, as far as the structure allows variance there.

Every fit goes the same way (`minimize.settle`, `laplace.fit.settled`, `one_factor.settle`):
minimise, put negligible variances at zero where nothing is lost, look whether one of zero had
better be positive, and go on from there. `terms` is what they share; `linear` knows D, `laplace`
tries points beside the boundary, `batch` does what `linear` does for many replicates at a time.
"""

from mixedeffects.estimation.boundary.linear import leave_saddle, singular_directions, snap
from mixedeffects.estimation.boundary.terms import (
    NEGLIGIBLE,
    WORTHWHILE,
    ZERO,
    Direction,
    clearly_regular,
    combinations,
)

__all__ = [
    "NEGLIGIBLE", "WORTHWHILE", "ZERO", "Direction", "clearly_regular", "combinations",
    "leave_saddle", "singular_directions", "snap",
]  # fmt: skip
