"""Residuals of a fit as charts need them: of a kind, finite, with their rows in the table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedeffects.design import label_text, row_labels, text_array
from mixedeffects.errors import NotAvailableError, OptionError, PlanTooLargeError
from mixedeffects.inference.residual.residuals import residuals_of

STANDARDISED = "standardised"
# levels of one factor among several up to which leverages take about a second
MOST_LEVELS = 10_000
# share of a row's variance that its residual must keep to be divided by what is left of it
LEFT = 1e-8
NAMES = {
    "response": "residual",
    "pearson": "residual",
    "scaled": "residual / sigma",
    STANDARDISED: "standardised residual",
    "population": "residual from the fixed part",
    "quantile": "quantile residual",
    "deviance": "deviance residual",
    "working": "working residual",
}


@dataclass(frozen=True, slots=True, eq=False)
class FitResiduals:
    """Residuals of the rows of a fit.

    Attributes
    ----------
    values, fitted : (n,) arrays
        Finite; fitted values, or linear predictors of a generalised model.
    kept : (n,) int array
        Their positions among the rows that the fit used.
    rows : (n,) array
        Their rows in the user's table, as `table_rows`.
    kind, name, fitted_name : str
    """

    values: np.ndarray
    fitted: np.ndarray
    kept: np.ndarray
    rows: np.ndarray
    kind: str
    name: str
    fitted_name: str
    notes: tuple[str, ...]


def fit_residuals(fit, kind=None, rng=0, *, normal=False):
    """Residuals of one kind against fitted values.

    Returns a `FitResiduals`.

    Parameters
    ----------
    kind : str, optional
        One that ``fit.residuals`` knows, or "standardised" of a linear model: the conditional
        residual over its own standard deviation, which its leverage makes smaller than sigma.
        By default "quantile" of a generalised model, else "pearson", or "standardised" where
        they are compared with the normal distribution.
    rng : numpy.random.Generator or int
        Breaks the ties of discrete responses ("quantile").
    normal : bool
        Whether the kind must be standard normal if the model is right.

    Raises
    ------
    OptionError
        Another kind.

    References
    ----------
    Nobre & Singer (2007), doi:10.1002/bimj.200610341, for standardised conditional residuals;
    Dunn & Smyth (1996), doi:10.1080/10618600.1996.10474708, for quantile residuals.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> found = fit_residuals(fit, "standardised")
    >>> found.values[:2].round(3), found.rows[:2]
    (array([-0.183, -0.627]), array([0, 1]))
    """
    kind = chosen_kind(fit, kind, normal)
    notes, name = (), NAMES.get(kind, f"{kind} residual")
    predictors = fit.fixed_predictors if kind == "population" else fit.predictors
    x, link = np.asarray(predictors[0], dtype=float), fit.family.link.name
    x_name = "fitted value" if link == "identity" else f"linear predictor ({link})"
    if kind == STANDARDISED:
        values, notes = standardised(fit)
        name = name if not notes else NAMES["scaled"]
    else:
        values = residuals_of(fit, kind, rng)
    good = np.isfinite(values) & np.isfinite(x)
    if not good.all():
        notes = (*notes, f"{good.size - good.sum():,} of {good.size:,} rows have no such residual")
    if not good.any():
        raise NotAvailableError(
            f"no row has a {name}: every row is fitted exactly, or lies outside of what a number "
            "can hold"
        )
    kept = np.flatnonzero(good)
    return FitResiduals(
        values[kept], x[kept], kept, table_rows(fit)[kept], kind, name, x_name, notes
    )


def chosen_kind(fit, kind, normal=False):
    """A kind of residuals that the fit has, by default the one to be preferred.

    Raises OptionError.
    """
    kinds = fit.kind.residuals
    if "quantile" in kinds:
        kinds, usual = ("quantile",) if normal else kinds, "quantile"
    else:
        kinds = (STANDARDISED, "scaled") if normal else (*kinds, STANDARDISED)
        usual = STANDARDISED if normal else "pearson"
    if kind is None:
        return usual
    if kind not in kinds:
        why = "\nonly these are standard normal if the model is right" if normal else ""
        raise OptionError(f"kind={kind!r} is not one of {', '.join(kinds)}{why}")
    return kind


def standardised(fit):
    """(n,) conditional residuals over their standard deviations, and a note where over sigma.

    With e = RPy, Var(e_i) = sigma^2 (1 - leverage_i) / weight_i; a row that is fitted exactly
    whatever its response has none and is nan. Over sigma where leverages would need too much
    memory, or, of several factors, one has so many levels that they would take long.
    """
    key = "standardised residuals"
    if key not in fit.cache:
        from mixedeffects.inference.deletion.rows import leverages

        scaled = residuals_of(fit, "scaled")
        levels = [block.factor.n_levels for block in fit.design.blocks]
        if len(levels) > 1 and max(levels) > MOST_LEVELS:
            words = f"divided by sigma: leverages with {max(levels):,} levels would take long"
            fit.cache[key] = scaled, (words,)
            return fit.cache[key]
        try:
            left = 1.0 - leverages(fit)
        except PlanTooLargeError:
            fit.cache[key] = scaled, ("divided by sigma: leverages would need too much memory",)
        else:
            left[left < LEFT] = np.nan
            fit.cache[key] = scaled / np.sqrt(left), ()
    return fit.cache[key]


def table_rows(fit):
    """(n,) row of the user's table of each row that the fit used.

    Its label in a pandas index, an integer or as text; else its number, from 0.
    """
    labels = row_labels(fit.design)
    if isinstance(labels, np.ndarray):
        return labels
    return text_array([label_text(label) for label in labels])
