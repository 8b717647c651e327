"""Residuals of equal variance under the model, with how many of them are independent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from mixedeffects.inference.deletion.rows import leverages
from mixedeffects.inference.prediction.mode_errors import own_mode_variance
from mixedeffects.inference.residual.residuals import residuals_of
from mixedeffects.inference.row_sums import kept

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit, GeneralisedFit

# levels of several grouping factors together, beyond which each row's leverage takes seconds
MOST_LEVELS = 1_000
# share of a row's variance that its residual must keep to say something
LEAST_KEPT = 0.05
# mean leverage from which residuals of a family that is not normal have no known distribution
MOST_USED = 0.15


@dataclass(frozen=True, slots=True, eq=False)
class Standardised:
    """Residuals given the random effects.

    Attributes
    ----------
    z : (m,) array
        Normal under the model, mean square one; rows that the model fits exactly left out.
    rows : (m,) int array
        Which rows of the fit they are.
    fitted : (m,) array
        Linear predictor at the random effects' modes.
    n : float
        How many independent residuals they are worth: those that estimates and modes have not
        used up.
    shaped : bool
        Whether their distribution is known: always of a linear model, of others where groups are
        large, as the modes of small ones follow the responses in ways that no variance describes.
    """

    z: np.ndarray
    rows: np.ndarray
    fitted: np.ndarray
    n: float
    shaped: bool


def standardised(fit: Fit):
    """Residuals in units of their own standard deviations.

    Of a linear model the conditional residual has variance sigma^2 (1 - h), h the derivative of
    the fitted value by the response; of a generalised one the normal quantile of where the response
    stands in its distribution is taken, and its variance is 1 - h to first order.

    Parameters
    ----------
    fit : Fit
        Of a family without discrete responses.

    Returns
    -------
    Standardised or None
        None where nothing is left to look at.
    """
    h = row_leverages(fit)
    kind = "quantile" if "quantile" in fit.kind.residuals else "scaled"
    z, eta = residuals_of(fit, kind, rng=0), fit.predictors[0]
    kept = 1.0 - h
    rows = np.flatnonzero(kept > LEAST_KEPT)
    if rows.size < 3:
        return None
    z = z[rows] / np.sqrt(kept[rows])
    size = float(np.sqrt((z * z).mean()))
    if not size > 0:
        return None
    known = fit.family.name == "gaussian" or float(h.mean()) < MOST_USED
    eta = np.asarray(eta)[rows]
    return Standardised(z / size, rows, eta, float(kept[rows].sum()), known)


def row_leverages(fit: Fit):
    """Share of every row's residual that estimates and modes use up, (n,).

    Of a linear model with several large factors, a bound on their mean for every row.
    """
    return kept(fit, "row leverages", lambda: _row_leverages(fit))


def _row_leverages(fit: Fit):
    n, p = fit.design.n, fit.design.X.shape[1]
    if fit.kind.residual:
        columns = sum(block.factor.n_levels * block.k for block in fit.all_blocks)
        if len(fit.all_blocks) > 1 and columns > MOST_LEVELS:
            return np.full(n, min((p + columns) / n, 0.9))
        return np.clip(leverages(fit), 0.0, 1.0)
    scales = [np.ones(n) if owner == 0 else None for _, owner, _, _ in fit.random_effects]
    known = any(scale is not None for scale in scales)  # else only the zeros have random effects
    variance = own_mode_variance(cast("GeneralisedFit", fit), scales) if known else 0.0
    information = np.maximum(fit.family.expected_information(fit.response, fit.predictors), 0.0)
    return np.clip(information * variance + p / n, 0.0, 1.0)
