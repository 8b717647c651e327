"""Parts of sentences that several checks share."""

from __future__ import annotations

import numpy as np


def lifted(fit, to_the_right):
    """What to try where a response is skewed.

    Parameters
    ----------
    fit : FitRecord
    to_the_right : bool
    """
    if not fit.linear:
        return "Try another family or link"
    if to_the_right and fit.design.y.min() > 0:
        response = fit.design.spec.response
        return f'Try log({response}) as the response, or glmm(…, family="gamma", link="log")'
    if to_the_right:
        return "Try a transformation of the response that draws large values in"
    return "Try a transformation of the response that draws small values in"


def row_name(fit, row):
    """A row of the table as given: ``"row 56 (counted from 0)"``."""
    kept = fit.design.missing.kept
    at = int(row) if kept is None else int(np.flatnonzero(kept)[row])
    return f"row {at} (counted from 0)"
