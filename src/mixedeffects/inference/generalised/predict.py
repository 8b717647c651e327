"""Predictions of a generalised linear mixed model."""

from __future__ import annotations

import numpy as np

from mixedeffects.design import open_table
from mixedeffects.errors import DataError, NotAvailableError, OptionError
from mixedeffects.inference.generalised.mean_range import kept_inside
from mixedeffects.inference.generalised.ordinal import predict_categories, probabilities
from mixedeffects.inference.generalised.predictive import (
    predictive_moments,
    predictive_quantiles,
)
from mixedeffects.inference.generalised.rows import (
    linear_predictors,
    new_group_spread,
    new_rows,
    own_rows,
    placed,
    row_limits,
    warn_of_rows,
)
from mixedeffects.inference.generalised.targets import (
    PredictionTarget,
    refuse_no_average,
    target_of,
)
from mixedeffects.inference.generalised.uncertainty import uncertainty
from mixedeffects.inference.in_the_data import in_the_data
from mixedeffects.inference.normal import check_level, z_quantile
from mixedeffects.inference.predict import (
    GROUPS,
    INTERVALS,
    NEW_LEVELS,
    as_rows,
    refuse_new_levels,
)
from mixedeffects.inference.row_numbers import row_numbers
from mixedeffects.inference.separated import SPREADS, at_the_limits

SCALES = ("response", "link")


def fitted(fit):
    """Means of the rows that were used, at the modes of the random effects.

    Parameters
    ----------
    fit : GLMMFit

    Returns
    -------
    (n,) array, or (n, K) of the probabilities of ordered categories
        Of one trial, for successes among trials.
    """
    if fit.family.ordinal:
        return probabilities(fit, fit.predictors[0], None)
    return np.asarray(fit.family.mean(*fit.predictors), dtype=float)


@in_the_data("prediction", "std_error")
def predict(
    fit,
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
    fit : GLMMFit
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
        distribution of groups (on the link scale they are the same).
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
    _check(scale, groups, new_levels, interval, level)
    conditional = groups == "conditional"
    data = None if data is None else open_table(data)
    if data is None:
        rows = own_rows(fit, groups=conditional)
    else:
        rows = new_rows(fit, data, groups=conditional)
    if conditional and new_levels == "error" and not rows.own:
        refuse_unknown(fit, rows)
    predictors = linear_predictors(fit, rows, conditional=conditional)
    limits = row_limits(fit, rows)
    far = {  # what is shown; derivatives are taken where predictors are finite
        name: at_the_limits(values, limits[name]) if name in limits else values
        for name, values in predictors.items()
    }
    spread: dict[str, np.ndarray | None] = {}
    if new_levels == "marginal" and scale == "response":
        spread = _spread(fit, rows)
        if any(np.any(s) for s in spread.values()):
            refuse_no_average(fit.family)
        else:
            spread = {}
    if fit.family.ordinal and scale == "response":
        found = predict_categories(
            fit, rows, predictors, spread, conditional, interval, level, component
        )
        if not isinstance(found, dict):
            return found
        return as_rows(found, fit, data, several=interval is not None)
    if component not in SPREADS:  # a mean does not move with a spread that is at its limit
        limits = {name: values for name, values in limits.items() if name not in SPREADS}
    if interval is not None and limits:
        warn_of_rows(limits)
    if interval == "prediction":
        return _prediction_interval(
            fit, data, rows, predictors, spread, conditional, new_levels, level, component,
            size, weights, far, limits,
        )  # fmt: skip
    target = _target(fit, scale, component, predictors)
    lost = rows.lost_to(target.names)
    if lost is not None:
        lost.warn()
    times = _trials(fit, size, data, rows) if size is not None else 1.0
    if interval is None:
        if scale == "link":
            return placed(link_at(target, far, {}), rows, lost)
        mean = {"prediction": value_at(target, far, spread, predictors)}
        mean = _inside(fit, target, link_at(target, far, spread), mean)
        return placed(mean["prediction"] * times, rows, lost)
    slopes, by_variance = target.slopes(predictors, spread)
    variance = uncertainty(fit).variance(rows, slopes, conditional=conditional, spread=by_variance)
    se = np.sqrt(variance)
    at = target.on_link(predictors, spread)
    half = np.where(se > 0, z_quantile(level) * se, 0.0)
    if scale == "link":
        columns = {"prediction": at, "std_error": se, "lower": at - half, "upper": at + half}
        columns["prediction"] = link_at(target, far, spread)
    else:
        ends = [_inverse(target.link, at + s * half) for s in (-1.0, 1.0)]
        columns = {
            "prediction": value_at(target, far, spread, predictors),
            "std_error": se * np.abs(target.link.slope(at)),
            "lower": np.minimum(*ends),
            "upper": np.maximum(*ends),
        }
        columns = _inside(fit, target, at, columns)
        columns = {name: values * times for name, values in columns.items()}
    without_errors(columns, limits, target.names)
    return as_rows({name: placed(v, rows, lost) for name, v in columns.items()}, fit, data)


def value_at(target, far, spread, near):
    """`Target.value` where predictors may be infinite or nan.

    Parameters
    ----------
    far : dict of str to (n,) array
        Predictors: inf and -inf where they go there, nan where it is not known where.
    near : dict of str to (n,) array
        The same where the search for the limit ended: finite. Where the formula of a mean has no
        number at infinity (0 / 0), that of this place is the limit but for rounding.
    """
    with np.errstate(all="ignore"):
        value = target.value(far, spread)
        known = ~np.any([np.isnan(far[name]) for name in target.names], axis=0)
        lost = known & np.isnan(value)
        return np.where(lost, target.value(near, spread), value) if lost.any() else value


def link_at(target, far, spread):
    """`Target.on_link` where predictors may be infinite or nan."""
    with np.errstate(all="ignore"):
        return target.on_link(far, spread)


def without_errors(columns, limits, names):
    """Take errors and limits from rows whose predictors have no finite estimate, in place.

    Parameters
    ----------
    columns : dict of str to (n,) array
    limits : dict
        Of `row_limits`.
    names : sequence of str
        The predictors that count.
    """
    for name in names:
        lost = limits.get(name, np.zeros(1)) != 0
        if lost.any():
            for column in ("std_error", "lower", "upper"):
                columns[column] = np.where(lost, np.nan, columns[column])


def refuse_unknown(fit, rows):
    """Refuse levels that were not in the fit, of any part.

    Raises
    ------
    DataError
    """
    at = len(fit.design.blocks)
    refuse_new_levels(rows.blocks[:at], fit.design)
    for (codes, _), block in zip(rows.blocks[at:], fit.all_blocks[at:], strict=True):
        if (np.asarray(codes) < 0).any():
            raise DataError(
                f"rows have levels of '{block.factor.name}' that were not in the fit\n"
                'use new_levels="population" or new_levels="marginal"'
            )


def _check(scale, groups, new_levels, interval, level):
    for name, value, known in (
        ("scale", scale, SCALES),
        ("groups", groups, GROUPS),
        ("new_levels", new_levels, NEW_LEVELS),
    ):
        if value not in known:
            raise OptionError(f"{name}={value!r} is not one of {', '.join(known)}")
    if interval not in INTERVALS:
        raise OptionError(f"interval={interval!r} is not one of None, confidence, prediction")
    if interval == "prediction" and scale == "link":
        raise OptionError(
            'a new observation has no linear predictor of its own: interval="prediction" needs '
            'scale="response"'
        )
    check_level(level)


def _spread(fit, rows):
    """Standard deviations of new groups' effects, None for predictors without any."""
    return {name: sd if np.any(sd) else None for name, sd in new_group_spread(fit, rows).items()}


def _target(fit, scale, component, predictors):
    """What is predicted; on the link scale a single linear predictor."""
    if scale == "response":
        return target_of(fit, component or "response", predictors)
    component = component or "conditional"
    if component == "response" and "zi" in fit.family.extras:
        raise OptionError(
            "the mean of a model with extra zeros has no linear predictor of its own\n"
            'ask for component="conditional" or "zi"'
        )
    if component in ("response", "conditional"):
        return PredictionTarget(("conditional",), fit.family.link.inverse, fit.family.link, True)
    return target_of(fit, component, predictors)


def _inside(fit, target, eta, columns):
    """Columns of means of the main predictor, nan where the family has no such mean."""
    if target.names[0] != "conditional":
        return columns
    return kept_inside(fit.family, np.asarray(eta, dtype=float), columns)


def _trials(fit, size, data, rows):
    if not fit.family.has_size:
        raise OptionError(f"the {fit.family.name} family counts no trials; leave size= out")
    return row_numbers("size", size, data, rows.kept, rows.n, fit.design)


def _inverse(link, eta):
    """Means at the ends of an interval, which may leave what the link takes."""
    with np.errstate(all="ignore"):
        return link.inverse(np.clip(eta, *link.domain))


def _prediction_interval(
    fit, data, rows, predictors, spread, conditional, new_levels, level, component, size, weights,
    far, limits,
):  # fmt: skip
    family = fit.family
    if component not in (None, "response"):
        raise OptionError("a new observation is of the whole response: leave component= out")
    proportion, trials = None, None
    if family.has_size:
        if size is not None:
            trials = np.broadcast_to(_trials(fit, size, data, rows), (rows.n,))
        elif data is None or fit.response.size is None:
            trials = fit.response.size if data is None else None
            proportion = trials
        else:
            raise OptionError(
                "the trials of the new observations are not known\n"
                "give size=, a column of the new table or a number"
            )
    elif size is not None:
        _trials(fit, size, data, rows)
    prior = _new_weights(fit, data, weights, rows)
    sd = spread
    if not conditional and new_levels != "population":
        sd = _spread(fit, rows)
    total: dict[str, np.ndarray] = {}
    known = uncertainty(fit)
    one = np.ones(rows.n)
    for name in ("conditional", "zi"):
        if name not in predictors:
            continue
        variance = known.variance(rows, {name: one}, conditional=conditional)
        extra = sd.get(name)
        total[name] = np.sqrt(variance if extra is None else variance + extra**2)
    if family.has_size and trials is None:
        trials = one
    target = target_of(fit, "response", predictors)
    mean = value_at(target, far, spread, predictors)
    mean = _inside(fit, target, link_at(target, far, spread), {"prediction": mean})
    mean = mean["prediction"]
    _, deviation = predictive_moments(family, predictors, total, trials)
    if prior is not None:
        heavier = {**predictors, "dispersion": predictors["dispersion"] - _half_log(family, prior)}
        _, deviation = predictive_moments(family, heavier, total, trials)
    lower, upper = (
        predictive_quantiles(family, predictors, total, p, size=trials, weights=prior)
        for p in (0.5 - level / 2.0, 0.5 + level / 2.0)
    )
    if trials is not None and proportion is None:
        mean = mean * trials
    if proportion is not None:
        lower, upper, deviation = (x / proportion for x in (lower, upper, deviation))
    columns = {"prediction": mean, "std_error": deviation, "lower": lower, "upper": upper}
    known = np.isfinite(mean)
    columns = {name: np.where(known, values, np.nan) for name, values in columns.items()}
    without_errors(columns, limits, tuple(limits))
    lost = rows.lost_to(rows.parts)
    if lost is not None:
        lost.warn()
    return as_rows({name: placed(v, rows, lost) for name, v in columns.items()}, fit, data)


def _half_log(family, weights):
    """What weights take from the dispersion predictor: log sigma of the gaussian, else log phi."""
    return np.log(weights) * (0.5 if family.name == "gaussian" else 1.0)


def _new_weights(fit, data, weights, rows):
    """Prior weights of new observations, None for one."""
    known = fit.response.weights
    if not fit.family.weights_scale_dispersion:
        if weights is not None:
            raise NotAvailableError(
                f"weights of the {fit.family.name} family count rows; a new observation has none"
            )
        return None
    if weights is not None:
        given = row_numbers("weights", weights, data, rows.kept, rows.n, fit.design)
        return np.broadcast_to(given, (rows.n,))
    if data is None or known is None:
        return known
    raise OptionError(
        "the fit has prior weights, and those of the new observations are not known\n"
        "give weights=, a column of the new table or a number such as 1"
    )
