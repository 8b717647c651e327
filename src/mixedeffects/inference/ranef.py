"""Predictions of the random effects with their standard deviations and errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.errors import NotAvailableError, OptionError
from mixedeffects.inference.in_the_data import in_the_data
from mixedeffects.inference.normal import z_quantile
from mixedeffects.inference.row_sums import kept
from mixedeffects.inference.table import Table

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit

ERRORS = {"prediction": "std_error", "conditional": "sd"}


@in_the_data("estimate", "sd")
def ranef(fit: Fit, *, level=0.95, error="prediction"):
    """Conditional modes (BLUPs) of the random effects, one row per group level and column.

    Two numbers say how far a prediction may be off. ``sd`` is the standard deviation of the effect
    given the data, the fixed effects taken as known (lme4's ``condVar``). ``std_error`` is that of
    the prediction error b^ - b, which knows that the fixed effects are estimated: where groups
    differ in the mean of a predictor, or are few, it is larger. Limits, sentences and
    caterpillars use ``std_error``.

    Parameters
    ----------
    fit : LMM or GLMM
        The fitted model; of the method, the model itself.
    level : float
        Coverage of ``lower`` and ``upper``, by the normal distribution.
    error : {"prediction", "conditional"}
        Whether ``lower`` and ``upper`` are made with ``std_error`` or with ``sd``.

    Returns
    -------
    Table
        group, level, term, estimate, sd, std_error, lower, upper; in units of the response per
        unit of the term's column. A linear model's ``std_error`` takes the variances as known; a
        generalised one's knows that they are estimated too, and is nan where the likelihood is no
        proper maximum.

    Raises
    ------
    OptionError
        An `error` that is neither.

    References
    ----------
    Bates, Mächler, Bolker & Walker (2015), eq. 56-59, doi:10.18637/jss.v067.i01. Prediction errors:
    Henderson (1975), doi:10.2307/2529430; Kass & Steffey (1989),
    doi:10.1080/01621459.1989.10478825.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> first = fit.ranef().iloc[0]
    >>> print(first["group"], first["term"], first["estimate"].round(3), first["sd"].round(3))
    Subject (Intercept) 2.259 12.071
    >>> print(first["std_error"].round(3), first["lower"].round(3), first["upper"].round(3))
    13.1 -23.417 27.934
    """
    if error not in ERRORS:
        raise OptionError(f"error={error!r} is not one of 'prediction', 'conditional'")
    half = z_quantile(level)
    # no rows, where only the extra zeros have random effects
    columns = {name: [np.empty(0, dtype=object)] for name in ("group", "level", "term")}
    columns |= {name: [np.empty(0)] for name in ("estimate", "sd", "std_error")}
    blocks = zip(
        fit.design.blocks, fit.b, fit.conditional_covariances(), prediction_variances(fit),
        strict=True,
    )  # fmt: skip
    for block, b, cov, variance in blocks:
        q, k = b.shape
        columns["group"].append(np.repeat(np.array([block.factor.name], dtype=object), q * k))
        labels = np.empty(q, dtype=object)
        labels[:] = [str(label) for label in block.factor.labels]
        columns["level"].append(np.repeat(labels, k))
        columns["term"].append(np.tile(np.array(block.names, dtype=object), q))
        columns["estimate"].append(b.ravel())
        diagonal = np.einsum("jaa->ja", cov)
        columns["sd"].append(np.sqrt(np.maximum(diagonal, 0.0)).ravel())
        columns["std_error"].append(np.sqrt(variance).ravel())
    out = {name: np.concatenate(parts) for name, parts in columns.items()}
    reach = half * out[ERRORS[error]]
    out["lower"], out["upper"] = out["estimate"] - reach, out["estimate"] + reach
    return Table(out)


def prediction_variances(fit: Fit):
    """Per block of the main formula, the (q, k) variances of b^ - b; nan where not known.

    Not known are those of a generalised model whose observed information is not positive definite.
    """

    def compute():
        try:
            return fit.uncertainty().effects()
        except NotAvailableError:
            return tuple(np.full(b.shape, np.nan) for b in fit.b)

    return kept(fit, "prediction variances", compute)
