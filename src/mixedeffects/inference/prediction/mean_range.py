"""Predictions that no mean of the family can be: not given, and said."""

from __future__ import annotations

import warnings

import numpy as np

from mixedeffects.errors import DataWarning, depth_of_package
from mixedeffects.family import impossible_means, open_ends


def kept_inside(family, eta, columns):
    """Columns of predictions on the scale of the response, nan where there is no such mean.

    A log link gives probabilities above 1 and an identity link negative counts far enough from
    the data; the limits of an interval about a possible mean end where means do. A warning says
    how many rows have none, and why; `eta` has the linear predictors of the means.
    """
    bad = impossible_means(family, eta)
    if bad is None:
        return columns
    low, high = ends = open_ends(family)
    out = {}
    missing = bad & np.isfinite(eta)
    for name, values in columns.items():
        values = np.array(values, dtype=float)
        if name in ("lower", "upper"):
            values = np.clip(values, low, high)
        values[missing] = np.nan
        out[name] = values
    if missing.any():
        with np.errstate(all="ignore"):
            worst = float(np.asarray(family.link.inverse(eta[missing][:1]))[0])
        what = "probabilities" if family.has_size else "means"
        where = " or ".join(
            f"{side} {end:g}" for side, end in zip(("below", "above"), ends, strict=True)
            if np.isfinite(end)
        )  # fmt: skip
        reason = (
            f"the link '{family.link.name}' gives them {what} {where}, such as {worst:.4g}"
            if where
            else f"the link '{family.link.name}' gives no mean there"
        )
        warnings.warn(
            f"{int(missing.sum()):,} of {missing.size:,} predictions are nan: {reason}\n"
            'predict(scale="link") gives the linear predictor; a link that keeps all values '
            f"inside ({'logit' if family.support[1] == 1.0 else 'log'}) has a mean everywhere",
            DataWarning,
            stacklevel=depth_of_package(),
        )
    return out
