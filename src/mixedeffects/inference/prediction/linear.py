"""Predictions of a linear mixed model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixedeffects.inference.df.methods import check_ddf
from mixedeffects.inference.prediction.options import PredictionOptions
from mixedeffects.inference.prediction.predict import predictions

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit


def predict(
    fit: Fit,
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
    fit : LMM
        A fitted linear mixed model.
    data : table, optional
        Rows to predict; the rows of the fit if not given. The response may be absent.
    groups : {"conditional", "population"}
        With the groups' own effects, or for an average group.
    new_levels : {"error", "population", "marginal"}
        What a group level not seen in the fit gets: an error, the prediction for a group
        whose effects are zero, or the mean over the distribution of groups. In a linear
        model the last two have the same mean; an interval of the last is wider by the
        variance between groups. They are for rows whose group is missing, too, which are left
        out (nan) otherwise.
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
    asked = PredictionOptions(
        groups, new_levels, interval, level, weights=weights, ddf=check_ddf(fit, ddf)
    )
    return predictions(fit, data, asked)
