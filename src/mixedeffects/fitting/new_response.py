"""The same model fitted to another response, or to many."""

from __future__ import annotations

import numpy as np

from mixedeffects.design import rows_used
from mixedeffects.errors import DataError, ModelError
from mixedeffects.fitting.response_columns import named_columns

# responses that an error names
SHOWN = 5


def refit(fit, y, *, threads=None, progress=False):
    """The same model fitted to another response, or to each of many, starting from the fit.

    Parameters
    ----------
    fit : LMM or GLMM
        The fitted model; of the method, the model itself.
    y : (n,) array, (n, R) array or table
        One value per row that was used: as `simulate` returns it (numbers, successes among the
        same trials, codes 0, 1, … of ordered categories), or categories by their names. Of a
        pandas Series or table the labels say whose. Columns are responses of their own, which
        keep their names; one column is one response.
    threads : int, optional
        For many responses: all processors where that helps, by default; the results do not depend
        on it.
    progress : bool or callable
        For many responses: True shows progress on standard error; a function is called as
        ``progress(done, n)``.

    Returns
    -------
    LMM or GLMM; for several columns ManyResponses
        Which has estimates, standard errors, log-likelihood and status of each response.

    Raises
    ------
    DataError
        `y` is not a response of this model, or has values that are missing.

    Warns
    -----
    ConvergenceWarning
        For responses that could not be fitted: their status is "failed".

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (1 | Subject)", me.datasets.sleepstudy())
    >>> other = fit.refit(fit.simulate(1, rng=1))
    >>> many = fit.refit(fit.simulate(100, rng=1))
    >>> many.sigma.shape, many.glance()["status"].iloc[0]
    ((100,), 'converged')
    >>> bool(abs(many.sigma[0] - other.sigma) < 1e-5)
    True
    """
    named = named_columns(y, fit.design)
    if named is not None:
        names, columns = named
        if len(names) > 1:
            from mixedeffects.fitting.many_responses import fit_responses

            Y = response_matrix(fit, names, columns)
            hopeless = None if fit.kind.residual else without_information(fit, names, Y)
            return fit_responses(fit, names, Y, hopeless, threads=threads, progress=progress)
        y = columns[0] if isinstance(columns, list) else columns[:, 0]
    return fit.again(fit.with_response(response_values(fit, y)), start=fit.as_start())


def response_values(fit, y):
    """A response on the scale of the family, checked. Returns (n,) float64 array."""
    y = _numbers(fit, rows_used("values of y", y, fit.design), "y")
    labels = fit.categories
    if labels is not None and "thresholds" in fit.extras:
        missing = set(range(len(labels))) - set(y.tolist())
        if missing:
            names = [str(labels[int(k)]) for k in sorted(missing)]
            raise DataError(
                f"no row of y is in category {', '.join(names)}, so that its thresholds cannot be "
                "estimated; the model has others than this response"
            )
    return y


def response_matrix(fit, names, columns):
    """Responses on the scale of the family, checked.

    Returns (n, R) float64 array. Takes names (R,).

    Parameters
    ----------
    columns : (n, R) array of numbers, or list of (n,) arrays
        From `named_columns`.
    """
    if isinstance(columns, list):
        named = zip(names, columns, strict=True)
        Y = [_numbers(fit, y, f"response {name!r}", finite=False) for name, y in named]
        Y = np.stack(Y, axis=1)
    else:
        Y = np.asarray(columns, dtype=float)
        if Y.shape[0] != fit.design.n:
            raise DataError(f"y has shape {Y.shape}; the fit used {fit.design.n} rows")
    bad = (~np.isfinite(Y)).sum(axis=0)
    if bad.any():
        raise DataError(
            f"{_these(names, bad > 0)} {'has' if (bad > 0).sum() == 1 else 'have'} values that are "
            "missing or not finite\nall responses are fitted to the same rows: leave those rows "
            "out of the table of the fit, or fit such responses one by one"
        )
    return Y


def without_information(fit, names, Y):
    """Which responses leave nothing to estimate, such as a constant. Returns (R,) bool array.

    Raises DataError for values that the family does not have.
    """
    from mixedeffects.family import Response

    out = np.zeros(len(names), dtype=bool)
    for i, name in enumerate(names):
        response = Response(Y[:, i], fit.response.size, fit.response.weights)
        try:
            fit.family.check(response, f"response {name!r}")
        except ModelError:
            out[i] = True
    return out


def _these(names, which):
    """Names of some responses, in words."""
    places = np.flatnonzero(which)
    some = ", ".join(repr(names[i]) for i in places[:SHOWN])
    if places.size == 1:
        return f"response {some}"
    return f"{places.size:,} responses ({some}{', …' if places.size > SHOWN else ''})"


def _numbers(fit, y, what, *, finite=True):
    """A response as numbers, one per row. Returns (n,) float64 array."""
    y, labels = np.asarray(y), fit.categories
    if y.shape != (fit.design.n,):
        raise DataError(f"{what} has shape {y.shape}; the fit used {fit.design.n} rows")
    if y.dtype.kind not in "buif" and labels is not None:
        place = {str(label): i for i, label in enumerate(labels)}
        unknown = sorted({str(v) for v in y.tolist()} - set(place))
        if unknown:
            raise DataError(
                f"{what} has categories the model was not fitted to: {', '.join(unknown[:5])}\n"
                f"known: {', '.join(list(place)[:20])}"
            )
        y = np.array([place[str(v)] for v in y.tolist()])
    try:
        y = np.ascontiguousarray(y, dtype=float)
    except (TypeError, ValueError):
        raise DataError(f"{what} must be numbers, one for each row that was used") from None
    if finite and not np.isfinite(y).all():
        raise DataError(f"{what} has values that are not finite")
    return y
