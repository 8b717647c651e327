"""Predictions of ordered categories: a probability for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from mixedeffects.design import dense
from mixedeffects.errors import NotAvailableError, OptionError
from mixedeffects.family import link_of
from mixedeffects.inference.prediction.rows import placed, warn_of_rows
from mixedeffects.inference.prediction.targets import PredictionTarget

if TYPE_CHECKING:
    from mixedeffects.inference.prediction.mode_errors import ModeErrors
    from mixedeffects.inference.protocol import Fit

COMPONENTS = ("response", "class")


def category_names(fit: Fit):
    """Names of the categories as text."""
    return [str(label) for label in fit.design.categories.as_text()]


def probabilities(fit: Fit, eta, spread):
    """(n, K) probabilities, averaged over the normal distribution of eta with SD `spread`."""
    thresholds = fit.extras["thresholds"]
    if spread is None:
        return fit.family.probabilities(eta, thresholds)
    return np.column_stack(
        [
            _category(fit, k).value({"conditional": eta}, {"conditional": spread})
            for k in range(thresholds.size + 1)
        ]
    )


def predict_categories(fit: Fit, at, asked):
    """Columns of probabilities, or an array of the likeliest categories.

    A column per category; with an interval one row per row and category: row, category,
    prediction, std_error, lower, upper.
    """
    rows, interval, component = at.rows, asked.interval, asked.component
    if component is None:
        component = "response"
    if component not in COMPONENTS:
        raise OptionError(
            f"component={component!r} is not one of {', '.join(COMPONENTS)}, what ordered "
            "categories have"
        )
    eta, names = at.near["conditional"], category_names(fit)
    sd = at.spread.get("conditional")
    if interval == "prediction":
        raise NotAvailableError(
            "a new observation is one of the categories, whose probabilities are its predictive "
            'distribution\npredict them, with interval="confidence" for their uncertainty'
        )
    if component == "class" and interval is not None:
        raise OptionError('a predicted class has no interval; leave out component="class"')
    p, gone = probabilities(fit, eta, sd), rows.lost_to(("conditional",), warn=True)
    lost = np.zeros(p.shape, dtype=bool)
    if fit.certificate.recession is not None:
        p, lost = at_category_limits(fit, rows, p)
        if interval is not None and lost.any():
            warn_of_rows({"conditional": lost.any(axis=1).astype(float)})
    if component == "class":
        return placed(np.array(names, dtype=object)[p.argmax(axis=1)], rows, gone, None)
    if interval is None:
        return {name: placed(p[:, k], rows, gone) for k, name in enumerate(names)}
    known = cast("ModeErrors", fit.uncertainty())
    place, z = known.groups["thresholds"].part.start, known.quantile(rows, asked.level)
    logit, columns = link_of("logit"), []
    for k in range(len(names)):
        target = _category(fit, k)
        with np.errstate(invalid="ignore"):
            slopes, by_variance = target.slopes({"conditional": eta}, {"conditional": sd})
        also = []
        for threshold in (k - 1, k):
            if 0 <= threshold < len(names) - 1:
                also.append((place + threshold, _by_threshold(fit, k, threshold, eta, sd)))
        variance = known.variance(
            rows, slopes, conditional=asked.conditional, spread=by_variance, also=also
        )
        se = np.where(lost[:, k], np.nan, np.sqrt(variance))
        middle = target.on_link({"conditional": eta}, {"conditional": sd})
        with np.errstate(invalid="ignore"):
            lower, upper = (logit.inverse(middle + s * se) for s in (-z, z))
        # a probability that is 0 or 1 to the last digit has no slope to tell an error from
        unknown = np.isinf(middle) & ~lost[:, k]
        lower, upper = np.where(unknown, 0.0, lower), np.where(unknown, 1.0, upper)
        columns.append((p[:, k], se * p[:, k] * logit.inverse(-middle), lower, upper))
    table = {}
    n = rows.n if rows.kept is None else rows.kept.size
    table["row"] = np.repeat(np.arange(n), len(names))
    table["category"] = np.array(names * n, dtype=object)
    for j, name in enumerate(("prediction", "std_error", "lower", "upper")):
        parts = [placed(column[j], rows, gone) for column in columns]
        table[name] = np.column_stack(parts).ravel()
    return table


def at_category_limits(fit: Fit, rows, p):
    """(n, K) probabilities where thresholds or predictors of rows go to infinity (separation).

    From the probabilities with all of them far out; nan where the limit is undetermined. Also which
    are at their limits, (n, K), and have no standard error.
    """
    found = fit.part_of_recession(slice(0, fit.beta.size + p.shape[1] - 1))
    if found is None:
        return p, np.zeros(p.shape, dtype=bool)
    X, cuts = dense(rows.parts["conditional"][0]), np.eye(p.shape[1] - 1)
    # distances from a threshold to the predictor: the arguments of the distribution function
    limits = np.column_stack(
        [found.limits(np.hstack([-X, np.broadcast_to(c, (X.shape[0], c.size))])) for c in cuts]
    )
    ends = np.column_stack([np.full(X.shape[0], -np.inf), limits, np.full(X.shape[0], np.inf)])
    upper, lower = ends[:, 1:], ends[:, :-1]
    own = np.arange(p.shape[1])
    lost = ((upper != 0) & (own < own[-1])) | ((lower != 0) & (own > 0))
    undetermined = np.isnan(upper) | np.isnan(lower)
    # nothing between two thresholds that are both beyond the predictor on one side
    gone = (upper == -np.inf) | (lower == np.inf)
    all_there = (upper == np.inf) & (lower == -np.inf)
    p = np.where(gone, 0.0, np.where(all_there, 1.0, p))
    return np.where(undetermined, np.nan, p), lost


def _category(fit: Fit, k):
    """The probability of category k as a function of eta."""
    return _with_thresholds(fit, k, fit.extras["thresholds"])


def _with_thresholds(fit: Fit, k, thresholds):
    return PredictionTarget(
        ("conditional",),
        lambda eta: _one(fit, k, eta, thresholds),
        link_of("logit"),
        complement=lambda eta: _others(fit, k, eta, thresholds),
    )


def _one(fit: Fit, k, eta, thresholds):
    ends = np.concatenate([[-np.inf], thresholds, [np.inf]])
    with np.errstate(all="ignore"):
        upper, lower = np.full(eta.shape, ends[k + 1]), np.full(eta.shape, ends[k])
        return np.exp(fit.family.log_density(None, eta, upper, lower))


def _others(fit: Fit, k, eta, thresholds):
    """The probability of all other categories."""
    link, ends = fit.family.link, np.concatenate([[-np.inf], thresholds, [np.inf]])
    below = link.inverse(ends[k] - eta) if k else np.zeros(eta.shape)
    last = k == thresholds.size
    above = np.zeros(eta.shape) if last else np.exp(link.log_complement(ends[k + 1] - eta))
    return below + above


def _by_threshold(fit: Fit, k, threshold, eta, sd):
    """Derivative of the logit of the probability of category k by one threshold."""
    step, values = 1e-4, []
    for sign in (1.0, -1.0):
        thresholds = fit.extras["thresholds"].copy()
        thresholds[threshold] += sign * step
        target = _with_thresholds(fit, k, thresholds)
        values.append(target.on_link({"conditional": eta}, {"conditional": sd}))
    with np.errstate(invalid="ignore"):  # both infinite
        return (values[0] - values[1]) / (2.0 * step)
