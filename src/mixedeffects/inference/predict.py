"""Predictions for the rows of the fit or of another table."""

from __future__ import annotations

import numpy as np

from mixedeffects.design import as_labels, open_table, row_labels
from mixedeffects.errors import DataError, OptionError
from mixedeffects.inference.df.estimates import t_quantile
from mixedeffects.inference.df.methods import check_ddf
from mixedeffects.inference.estimable import Lost
from mixedeffects.inference.in_the_data import in_the_data
from mixedeffects.inference.normal import check_level, z_quantile
from mixedeffects.inference.prediction_error import (
    conditional_error,
    fixed_df,
    new_group_variance,
    population_error,
    unseen_df,
)
from mixedeffects.inference.row_numbers import row_numbers
from mixedeffects.inference.table import Table

GROUPS = ("conditional", "population")
NEW_LEVELS = ("error", "population", "marginal")
INTERVALS = (None, "confidence", "prediction")


def random_part(blocks, b):
    """Sum over blocks of Z b, a level of -1 contributing nothing.

    Parameters
    ----------
    blocks : iterable of (codes (n,), Z (n, k) or None)
    b : sequence of (q, k) arrays

    Returns
    -------
    (n,) array or 0.0
    """
    total = 0.0
    for (codes, Z), modes in zip(blocks, b, strict=True):
        rows = modes[codes, 0] if Z is None else np.einsum("nk,nk->n", Z, modes[codes])
        if codes.size and codes.min() < 0:
            rows = np.where(codes < 0, 0.0, rows)
        total = total + rows
    return total


def fitted(fit, *, groups="conditional"):
    """Fitted values of the rows that were used.

    Parameters
    ----------
    fit : FitRecord
    groups : {"conditional", "population"}

    Returns
    -------
    (n,) array
    """
    design = fit.design
    out = design.X @ fit.beta
    if design.offset is not None:
        out += design.offset
    if groups == "conditional":
        out += random_part([(b.factor.codes, b.Z) for b in design.blocks], fit.b)
    return out


@in_the_data("prediction", "std_error")
def predict(
    fit,
    data=None,
    *,
    groups="conditional",
    new_levels="error",
    interval=None,
    level=0.95,
    ddf=None,
    weights=None,
):
    """Predicted means, with intervals on request.

    Parameters
    ----------
    fit : FitRecord
    data : table, optional
        Rows to predict; the rows of the fit if not given. The response may be absent.
    groups : {"conditional", "population"}
        With the groups' own effects, or for an average group.
    new_levels : {"error", "population", "marginal"}
        What a group level not seen in the fit gets: an error, the prediction for a group
        whose effects are zero, or the mean over the distribution of groups. In a linear
        model the last two have the same mean; an interval of the last is wider by the
        variance between groups.
    interval : {None, "confidence", "prediction"}
        "confidence": for the mean, of the row's own group or of the population.
        "prediction": for a new observation of that row, residual variance included. With
        ``groups="population"`` the new observation comes from a new group, drawn from the
        distribution of groups; say ``new_levels="population"`` for a group whose effects
        are zero.
    level : float
        Coverage. Variance parameters are taken as known but for the degrees of freedom.
    ddf : str, optional
        Degrees of freedom of the t quantile of rows that use no group's own effects (the
        population, or levels not seen): Satterthwaite's, of all variance that the interval
        holds, between groups and residual included; "kenward-roger" and the other methods of
        `test` apply to the mean alone. "wald" for the normal quantile, which rows of known
        groups always get.
    weights : str, float or array, optional
        Prior weights of the new observations, for ``interval="prediction"``: a column of
        `data`, a number or one per row (of a pandas Series the labels say whose). 1 by default;
        must be said for other rows than the fit's when the fit has weights.

    Returns
    -------
    (n_rows,) array or Table
        One value per row of `data`, nan where a predictor is missing and where the fit dropped
        columns without which the row cannot be estimated (an empty cell). With an interval,
        columns prediction, std_error, lower, upper, in a table of the kind and with the index of
        `data`; std_error is that of the error of the prediction.

    Warns
    -----
    DataWarning
        When rows cannot be estimated, with the reason.

    Raises
    ------
    DataError
        For new levels, with ``new_levels="error"``.
    NotAvailableError
        Intervals of more rows than can be computed in minutes.

    References
    ----------
    Henderson (1975), doi:10.2307/2529430.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> new = {"Days": [0, 10], "Subject": ["308", "somebody else"]}
    >>> fit.predict(new, new_levels="population").round(1)
    array([253.7, 356.1])
    >>> wide = fit.predict(new, new_levels="marginal", interval="prediction")
    >>> wide["lower"].round(1).tolist(), wide["upper"].round(1).tolist()
    ([198.1, 205.1], [309.3, 507.1])
    """
    if groups not in GROUPS:
        raise OptionError(f"groups={groups!r} is not one of {', '.join(GROUPS)}")
    if new_levels not in NEW_LEVELS:
        raise OptionError(f"new_levels={new_levels!r} is not one of {', '.join(NEW_LEVELS)}")
    if interval not in INTERVALS:
        raise OptionError(f"interval={interval!r} is not one of None, confidence, prediction")
    ddf = check_ddf(fit, ddf)
    check_level(level)
    design = fit.design
    data = None if data is None else open_table(data)
    if data is None:
        mean = fitted(fit, groups=groups)
        if interval is None:
            return mean
        X, kept, lost = design.X, None, None
        blocks = [(b.factor.codes, b.Z) for b in design.blocks]
    else:
        new = design.spec.rebuild(data, groups=groups == "conditional")
        X, blocks, kept = new.X, new.blocks, new.kept
        lost = Lost.of(fit, X, new.dropped)
        mean = X @ fit.beta
        if new.offset is not None:
            mean += new.offset
        if groups == "conditional":
            if new_levels == "error":
                refuse_new_levels(blocks, design)
            mean += random_part(blocks, fit.b)
    if lost is not None:
        lost.warn()
        mean[lost.rows] = np.nan
    if interval is None:
        return in_place(mean, kept)
    residual = np.zeros(mean.size)
    if interval == "prediction":
        residual += fit.noise.variance / _new_weights(fit, data, weights, kept, mean.size)
    if groups == "conditional":
        between = new_levels == "marginal"
        variance = conditional_error(fit, X, blocks)
        if between:
            variance += new_group_variance(fit, blocks)
        unseen = np.flatnonzero(np.all([np.asarray(codes) < 0 for codes, _ in blocks], axis=0))
    else:
        between = new_levels == "marginal" or (
            interval == "prediction" and new_levels != "population"
        )
        variance = population_error(fit, X, ddf)
        if between:
            variance += new_group_variance(fit, blocks, everyone=True)
        unseen = np.arange(mean.size)
    variance += residual
    quantile = np.full(mean.size, z_quantile(level))
    if ddf != "wald" and unseen.size:
        if ddf == "satterthwaite" or between or interval == "prediction":
            df = unseen_df(fit, X, blocks, unseen, between=between, residual=residual[unseen])
        else:
            df = fixed_df(fit, X, unseen, ddf)
        quantile[unseen] = t_quantile(0.5 + level / 2.0, df)
    se = np.sqrt(variance)
    if lost is not None:
        se[lost.rows] = np.nan
    half = np.where(se > 0, quantile * se, 0.0)
    columns = {"prediction": mean, "std_error": se, "lower": mean - half, "upper": mean + half}
    return as_rows({name: in_place(v, kept) for name, v in columns.items()}, fit, data)


def as_rows(columns, fit, table, *, several=False):
    """Columns with one number per row of a table, as a table of its kind, with its row labels.

    Parameters
    ----------
    columns : dict of str to array
    fit : FitRecord
    table : design.Table or None
        The rows that the fit used, if None.
    several : bool
        Whether there are several for each row, whose number is in the column "row": it becomes the
        label of the row.
    """
    if table is None:
        index, flavour, n = fit.design.used_index, None, fit.design.n
    else:
        index, flavour, n = table.index, table.flavour, table.n_rows
    if several:
        labels = row_labels(fit.design) if table is None else as_labels(index, n)
        columns["row"] = [labels[i] for i in columns["row"].tolist()]
        index = None
    return Table(columns, index, None if flavour == "dict" else flavour)


def refuse_new_levels(blocks, design):
    """Refuse levels that were not in the fit.

    Raises
    ------
    DataError
    """
    for (codes, _), block in zip(blocks, design.blocks, strict=True):
        n_new = int((codes < 0).sum())
        if n_new:
            raise DataError(
                f"{n_new} of {codes.size} rows have a level of '{block.factor.name}' that "
                "was not in the fit\n"
                'use new_levels="population" to predict them for an average group, or '
                'groups="population" for all rows'
            )


def in_place(values, kept, missing: float | None = np.nan):
    """One value per row of the table, `missing` for rows left out."""
    if kept is None:
        return values
    full = np.full(kept.size, missing, dtype=np.result_type(values, type(missing)))
    full[kept] = values
    return full


def _new_weights(fit, data, weights, kept, n):
    """Prior weights of the predicted rows: a number, or one per row used."""
    design = fit.design
    if weights is None:
        if data is None:
            return 1.0 if design.weights is None else design.weights
        if design.weights is not None:
            raise OptionError(
                "the fit has prior weights, and those of the new observations are not known\n"
                "give weights=, a column of the new table or a number such as 1"
            )
        return 1.0
    return row_numbers("weights", weights, data, kept, n, design)
