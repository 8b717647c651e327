"""Predictions of a generalised linear mixed model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixedeffects.errors import OptionError
from mixedeffects.inference.prediction.options import PredictionOptions
from mixedeffects.inference.prediction.predict import predictions

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit


def predict(
    fit: Fit,
    data=None,
    *,
    scale="response",
    groups="conditional",
    new_levels="error",
    interval=None,
    level=0.95,
    component=None,
    size=None,
    weights=None,
):
    """Predicted means, with intervals on request.

    Parameters
    ----------
    fit : GLMM
        A fitted generalised linear mixed model.
    data : table, optional
        Rows to predict; the rows of the fit if not given. The response may be absent.
    scale : {"response", "link"}
        Means (probabilities of a success), or the linear predictor.
    groups : {"conditional", "population"}
        With the groups' own effects, or without.
    new_levels : {"error", "population", "marginal"}
        What a group level not seen in the fit gets, and every row with
        ``groups="population"``. "population": the mean of a group whose effects are zero, which
        is not the mean of all groups unless the link is the identity. "marginal": the mean over the
        distribution of groups (on the link scale they are the same). They are for rows whose
        group is missing, too, which are left out (nan) otherwise.
    interval : {None, "confidence", "prediction"}
        "confidence": for the mean; Wald's on the scale of the link, with the errors of
        coefficients, variances and modes, transformed. "prediction": quantiles of the
        distribution of a new observation of that row, in which the linear predictor is normal
        about its estimate (dispersion parameters are taken as known). With
        ``groups="population"`` it comes from a new group, drawn from the distribution of groups;
        say ``new_levels="population"`` for a group whose effects are zero.
    level : float
        Coverage.
    component : str, optional
        "response" is the mean; of models with extra zeros "conditional" is the mean without these
        and "zi" their probability; "dispersion" is the dispersion parameter. Of ordered
        categories "response" gives a table with the probability of each, "class" the likeliest.
    size : str, float or array, optional
        Trials of each row: a column of `data`, a number or one per row. Successes among so many
        are predicted, in place of the probability.
    weights : str, float or array, optional
        Prior weights of the new observations, for ``interval="prediction"`` of families whose
        dispersion they divide; must be said for other rows than the fit's when the fit has
        weights.

    Returns
    -------
    (n_rows,) array or Table
        One value per row of `data`, nan where a predictor is missing, where the fit dropped
        columns without which the row cannot be estimated (an empty cell), and where the link gives
        a mean that the family does not have (a warning says so). With an interval, columns
        prediction, std_error, lower, upper, in a table of the kind and with the index of `data`;
        std_error is that of the prediction (by the delta
        method on the scale of the response), or with ``interval="prediction"`` the standard
        deviation of the new observation.

    Warns
    -----
    DataWarning
        When rows cannot be estimated, with the reason.

    Raises
    ------
    DataError
        For new levels, with ``new_levels="error"``.
    OptionError
        For an option that the model does not have.
    NotAvailableError
        What has no honest answer, with the reason.

    References
    ----------
    Kass & Steffey (1989), doi:10.1080/01621459.1989.10478825, for the errors of modes; Zeger,
    Liang & Albert (1988), doi:10.2307/2531734, for averages over groups.

    Examples
    --------
    >>> import mixedeffects as me
    >>> table = {
    ...     "y": [0, 1, 3, 2, 6, 4, 1, 0, 2, 9, 7, 4],
    ...     "x": [0, 1, 2, 3] * 3,
    ...     "g": list("aaaabbbbcccc"),
    ... }
    >>> fit = me.glmm("y ~ x + (1 | g)", table, family="poisson")
    >>> new = {"x": [1, 1], "g": ["a", "somebody else"]}
    >>> typical = fit.predict(new, new_levels="population")
    >>> average = fit.predict(new, new_levels="marginal")
    >>> bool(typical[0] == average[0]), bool(typical[1] < average[1])
    (True, True)
    """
    asked = PredictionOptions(groups, new_levels, interval, level, scale, component, size, weights)
    if interval == "prediction" and scale == "link":
        raise OptionError(
            'a new observation has no linear predictor of its own: interval="prediction" needs '
            'scale="response"'
        )
    return predictions(fit, data, asked)
