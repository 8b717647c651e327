"""The same model fitted to another response."""

from __future__ import annotations

import numpy as np

from mixedeffects.design import rows_used
from mixedeffects.errors import DataError


def refit(fit, y):
    """The same model fitted to another response, starting from the fit.

    Parameters
    ----------
    fit : LMM or GLMM
        The fitted model; of the method, the model itself.
    y : (n,) array
        One value per row that was used: as `simulate` returns it (numbers, successes among the
        same trials, codes 0, 1, … of ordered categories), or categories by their names. Of a
        pandas Series the labels say whose.

    Returns
    -------
    LMM or GLMM

    Raises
    ------
    DataError
        `y` is not a response of this model.
    """
    return fit.again(fit.with_response(response_values(fit, y)), start=fit.as_start())


def response_values(fit, y):
    """A response on the scale of the family, checked. Returns (n,) float64 array."""
    y = np.asarray(rows_used("values of y", y, fit.design))
    if y.shape != (fit.design.n,):
        raise DataError(f"y has shape {y.shape}; the fit used {fit.design.n} rows")
    labels = fit.categories
    if y.dtype.kind not in "buif" and labels is not None:
        place = {str(label): i for i, label in enumerate(labels)}
        unknown = sorted({str(v) for v in y.tolist()} - set(place))
        if unknown:
            raise DataError(
                f"y has categories the model was not fitted to: {', '.join(unknown[:5])}\n"
                f"known: {', '.join(list(place)[:20])}"
            )
        y = np.array([place[str(v)] for v in y.tolist()])
    try:
        y = np.ascontiguousarray(y, dtype=float)
    except (TypeError, ValueError):
        raise DataError("y must be numbers, one for each row that was used") from None
    if not np.isfinite(y).all():
        raise DataError("y has values that are not finite")
    if labels is not None and "thresholds" in fit.extras:
        missing = set(range(len(labels))) - set(y.tolist())
        if missing:
            names = [str(labels[int(k)]) for k in sorted(missing)]
            raise DataError(
                f"no row of y is in category {', '.join(names)}, so that its thresholds cannot be "
                "estimated; the model has others than this response"
            )
    return y
