"""What new observations need besides predictors: prior weights, and numbers of trials."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.errors import NotAvailableError, OptionError
from mixedeffects.inference.row_numbers import row_numbers

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit


def new_size(fit: Fit, rows, size, table):
    """Trials of new observations, (n,) array; None for a family that counts none."""
    if not fit.family.has_size:
        if size is not None:
            raise OptionError(f"the {fit.family.name} family counts no trials; leave size= out")
        return None
    if size is not None:
        given = row_numbers("size", size, table, rows.kept, rows.n, fit.design)
        return np.array(np.broadcast_to(given, (rows.n,)))
    if fit.response.size is None or (fit.response.size == 1).all():
        return None if fit.response.size is None else np.ones(rows.n)
    raise OptionError(
        "the trials of the new observations are not known\n"
        "give size=, a column of the new table or a number"
    )


def new_weights(fit: Fit, rows, weights, table):
    """Prior weights of new observations, None for one."""
    known = fit.design.weights
    if not fit.family.weights_scale_dispersion:
        if weights is not None:
            raise NotAvailableError(
                f"weights of the {fit.family.name} family count rows; a new observation has none"
            )
        return None
    if weights is not None:
        given = row_numbers("weights", weights, table, rows.kept, rows.n, fit.design)
        return np.broadcast_to(given, (rows.n,))
    if table is None or known is None:
        return known
    raise OptionError(
        "the fit has prior weights, and those of the new observations are not known\n"
        "give weights=, a column of the new table or a number such as 1"
    )
