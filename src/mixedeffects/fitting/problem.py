"""The estimation problem of a generalised model's design, and the likelihood that nagq asks for."""

from __future__ import annotations

import numpy as np

from mixedeffects.design import collapse, take_rows
from mixedeffects.errors import OptionError
from mixedeffects.estimation.laplace import (
    LaplaceObjective,
    QuadratureObjective,
    QuickObjective,
    assemble,
)
from mixedeffects.family import Response

# most points of quadrature per random effect: with more, time is all that is spent
MOST_POINTS = 1000


def problem_of(design, family, response, engine="auto"):
    """The estimation problem of a design, equal rows merged; see `assemble` and `merged_rows`.

    Returns problem (Problem), groups (tuple of Coefficients), plan (Plan), row_of (n,) array or
    None.
    """
    used, used_response, row_of = merged_rows(design, family, response)
    return *assemble(family, used_response, used, engine=engine), row_of


def merged_rows(design, family, response):
    """The design with equal rows fitted once, if that saves many.

    Returns
    -------
    design : Design
    response : Response
        With the number of rows in its weights.
    row_of : (n,) array or None
        Row of `design` for each row that was used; None when they are the same.
    """
    found = None if family.weights_scale_dispersion else collapse(design)
    if found is None:
        return design, response, None
    size = None if response.size is None else response.size[found.first]
    merged = Response(response.y[found.first], size, found.counts)
    return take_rows(design, found.first), merged, found.row_of


def check_nagq(nagq):
    """Refuse what is not a number of quadrature points."""
    whole = isinstance(nagq, int | np.integer) and not isinstance(nagq, bool)
    if not whole or not 0 <= nagq <= MOST_POINTS:
        raise OptionError(f"nagq={nagq!r} must be a whole number from 0 to {MOST_POINTS:,}")


def objective_of(problem, nagq):
    """The approximation of the likelihood that nagq asks for."""
    if nagq == 0:
        return QuickObjective(problem)
    return LaplaceObjective(problem) if nagq == 1 else QuadratureObjective(problem, int(nagq))
