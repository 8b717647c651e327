"""Predictions of the random effects with their standard deviations and errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.errors import NotAvailableError, OptionError
from mixedeffects.inference.in_the_data import in_the_data
from mixedeffects.inference.level_columns import id_columns, level_column, text
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
        proper maximum. ``level`` has the type of the grouping column, numbers as numbers, so that
        tables can be joined on it; text, where factors of several types or combinations of columns
        are in one table. Then every grouping column has a column of its own as well, empty where a
        factor does not have it.

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
    blocks = fit.design.blocks
    return Table(effect_columns(fit, level, error, level_column(blocks), id_columns(fit.design)))


@in_the_data("estimate", "sd")
def named_ranef(fit: Fit, *, level=0.95, error="prediction"):
    """The same with levels as text, as words and charts call them."""
    levels = [text(block.factor.labels) for block in fit.design.blocks]
    return Table(effect_columns(fit, level, error, levels, {}))


def effect_columns(fit: Fit, level, error, levels, ids):
    """The columns of `ranef`, the levels of every block as they are given."""
    half = z_quantile(level)
    blocks, widths = fit.design.blocks, [b.shape[1] for b in fit.b]
    groups = [np.full(len(b), block.factor.name, dtype=object) for block, b in zip(
        blocks, fit.b, strict=True)]  # fmt: skip
    out = {"group": repeated(groups, widths), "level": repeated(levels, widths)}
    out |= {name: repeated(parts, widths) for name, parts in ids.items()}
    names = [np.array(block.names, dtype=object) for block in blocks]
    terms = [np.tile(own, len(b)) for own, b in zip(names, fit.b, strict=True)]
    out["term"] = joined(terms, object)
    out["estimate"] = joined([b.ravel() for b in fit.b])
    variances = [np.einsum("jaa->ja", cov) for cov in fit.conditional_covariances()]
    out["sd"] = joined([np.sqrt(np.maximum(v, 0.0)).ravel() for v in variances])
    out["std_error"] = joined([np.sqrt(v).ravel() for v in prediction_variances(fit)])
    reach = half * out[ERRORS[error]]
    out["lower"], out["upper"] = out["estimate"] - reach, out["estimate"] + reach
    return out


def repeated(parts, times):
    """Values of every block, each as often as it has rows."""
    return joined([np.repeat(p, n) for p, n in zip(parts, times, strict=True)], object)


def joined(parts, empty: type = float):
    """One column; without rows where only the extra zeros have random effects."""
    return np.concatenate(parts) if parts else np.empty(0, dtype=empty)


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
