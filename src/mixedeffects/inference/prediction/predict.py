"""What every model's predictions have in common, from the rows to the table.

Rows, of the fit or of another table, give linear predictors; a `PredictionTarget` is a function of
these. An interval for it is symmetric on the scale of its link, with the variance that
``fit.uncertainty`` knows. A new observation of a linear model is normal about its mean; that of
another model has the quantiles of its family's distribution, averaged over the predictor's error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.design import as_labels, open_table, row_labels
from mixedeffects.errors import DataError, OptionError
from mixedeffects.inference.in_the_data import in_the_data
from mixedeffects.inference.prediction.mean_range import kept_inside
from mixedeffects.inference.prediction.new_observations import new_weights
from mixedeffects.inference.prediction.rows import (
    PredictorRows,
    linear_predictors,
    new_group_variance,
    new_rows,
    own_rows,
    placed,
    row_limits,
    warn_of_rows,
)
from mixedeffects.inference.prediction.targets import (
    PredictionTarget,
    refuse_no_average,
    target_of,
)
from mixedeffects.inference.row_numbers import row_numbers
from mixedeffects.inference.separated import SPREADS, at_the_limits
from mixedeffects.inference.table import Table

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit


@dataclass(frozen=True, slots=True, eq=False)
class Predictors:
    """The linear predictors of rows to be predicted.

    Attributes
    ----------
    near : dict of str to (n,) array
        Where the search ended: finite, so that derivatives can be taken.
    far : dict of str to (n,) array
        What is shown: inf and -inf where they go there, nan where it is not known where.
    limits : dict of str to (n,) array
        Of `row_limits`.
    spread : dict of str to (n,) array or None
        Standard deviations of new groups' effects that means are averaged over.
    """

    rows: PredictorRows
    near: dict[str, np.ndarray]
    far: dict[str, np.ndarray]
    limits: dict[str, np.ndarray]
    spread: dict[str, np.ndarray | None]

    def value(self, target):
        """(n,) `PredictionTarget.value`.

        Where the formula of a mean has no number at infinity (0 / 0), that of where the search for
        the limit ended is the limit but for rounding.
        """
        with np.errstate(all="ignore"):
            value = target.value(self.far, self.spread)
            known = ~np.any([np.isnan(self.far[name]) for name in target.names], axis=0)
            lost = known & np.isnan(value)
            return (
                np.where(lost, target.value(self.near, self.spread), value) if lost.any() else value
            )

    def on_link(self, target):
        """(n,) `PredictionTarget.on_link`."""
        with np.errstate(all="ignore"):
            return target.on_link(self.far, self.spread)


@in_the_data("prediction", "std_error")
def predictions(fit: Fit, data, asked):
    """Predictions for the rows of a table, in its order, or of the fit where it is None."""
    table = None if data is None else open_table(data)
    if table is None:
        rows = own_rows(fit, groups=asked.conditional)
    else:
        unknown = asked.new_levels != "error"
        rows = new_rows(fit, table, groups=asked.conditional, missing_groups=unknown)
        if asked.conditional and asked.new_levels == "error":
            _refuse_unknown(fit, rows)
    at = _predictors(fit, rows, asked)
    if fit.family.ordinal and asked.scale == "response":
        from mixedeffects.inference.prediction.ordinal import predict_categories

        found = predict_categories(fit, at, asked)
        if not isinstance(found, dict):
            return found
        return as_rows(found, fit, table, several=asked.interval is not None)
    limits = at.limits
    if asked.component not in SPREADS:  # a mean does not move with a spread that is at its limit
        limits = {name: values for name, values in limits.items() if name not in SPREADS}
    if asked.interval is not None and limits:
        warn_of_rows(limits)
    if asked.interval == "prediction" and not fit.kind.residual:
        columns = _new_observations(fit, at, asked, table)
        names, lost = tuple(limits), rows.lost_to(rows.parts, warn=True)
    else:
        target = _target(fit, asked, at.near)
        names, lost = target.names, rows.lost_to(target.names, warn=True)
        if asked.interval is None:
            return placed(_values(fit, at, asked, target, table), rows, lost)
        columns = _interval(fit, at, asked, target, table)
    _without_errors(columns, limits, names)
    return as_rows({name: placed(v, rows, lost) for name, v in columns.items()}, fit, table)


def _predictors(fit: Fit, rows, asked):
    near = linear_predictors(fit, rows, conditional=asked.conditional)
    limits = row_limits(fit, rows)
    far = near | {name: at_the_limits(near[name], limit) for name, limit in limits.items()}
    spread: dict[str, np.ndarray | None] = {}
    if asked.new_levels == "marginal" and asked.scale == "response":
        spread = _spread(fit, rows)
        if any(np.any(sd) for sd in spread.values()):
            refuse_no_average(fit.family)
        else:
            spread = {}
    return Predictors(rows, near, far, limits, spread)


def _values(fit: Fit, at, asked, target, table):
    """(n,) predictions without an interval."""
    times = _times(fit, at.rows, asked, table)
    if asked.scale == "link":
        return at.on_link(target)
    mean = {"prediction": at.value(target)}
    return _inside(fit, target, at.on_link(target), mean)["prediction"] * times


def _interval(fit: Fit, at, asked, target, table):
    """Columns of predictions with limits that are symmetric on the scale of the link."""
    rows, known, residual = at.rows, fit.uncertainty(asked.ddf), None
    times = _times(fit, rows, asked, table)
    slopes, by_variance = target.slopes(at.near, at.spread)
    variance = known.variance(rows, slopes, conditional=asked.conditional, spread=by_variance)
    if fit.kind.residual:
        if asked.between:
            variance += new_group_variance(fit, rows)[target.names[0]]
        if asked.interval == "prediction":
            prior = new_weights(fit, rows, asked.weights, table)
            residual = np.zeros(rows.n) + fit.noise.variance / (1.0 if prior is None else prior)
            variance += residual
    se = np.sqrt(variance)
    reach = known.quantile(rows, asked.level, between=asked.between, residual=residual)
    half = np.where(se > 0, reach * se, 0.0)
    eta = target.on_link(at.near, at.spread)
    if asked.scale == "link":
        shown = at.on_link(target)
        return {"prediction": shown, "std_error": se, "lower": eta - half, "upper": eta + half}
    ends = [_inverse(target.link, eta + s * half) for s in (-1.0, 1.0)]
    columns = {
        "prediction": at.value(target),
        "std_error": se * np.abs(target.link.slope(eta)),
        "lower": np.minimum(*ends),
        "upper": np.maximum(*ends),
    }
    columns = _inside(fit, target, eta, columns)
    return {name: values * times for name, values in columns.items()}


def _new_observations(fit: Fit, at, asked, table):
    """Columns of new observations: quantiles of their distribution."""
    from mixedeffects.inference.prediction.predictive import (
        predictive_moments,
        predictive_quantiles,
    )

    family, rows, predictors = fit.family, at.rows, at.near
    if asked.component not in (None, "response"):
        raise OptionError("a new observation is of the whole response: leave component= out")
    proportion, trials = None, None
    if family.has_size:
        if asked.size is not None:
            trials = np.broadcast_to(_times(fit, rows, asked, table), (rows.n,))
        elif table is None or fit.response.size is None:
            trials = proportion = fit.response.size if table is None else None
        else:
            raise OptionError(
                "the trials of the new observations are not known\n"
                "give size=, a column of the new table or a number"
            )
    else:
        _times(fit, rows, asked, table)
    prior = new_weights(fit, rows, asked.weights, table)
    spread = _spread(fit, rows) if asked.between else at.spread
    total: dict[str, np.ndarray] = {}
    known, one = fit.uncertainty(), np.ones(rows.n)
    for name in ("conditional", "zi"):
        if name not in predictors:
            continue
        variance = known.variance(rows, {name: one}, conditional=asked.conditional)
        extra = spread.get(name)
        total[name] = np.sqrt(variance if extra is None else variance + extra**2)
    if family.has_size and trials is None:
        trials = one
    target = target_of(fit, "response", predictors)
    mean = _inside(fit, target, at.on_link(target), {"prediction": at.value(target)})["prediction"]
    heavier = predictors
    if prior is not None:
        heavier = {**predictors, "dispersion": predictors["dispersion"] - _half_log(family, prior)}
    moments = predictive_moments(family, heavier, total, trials)
    deviation = moments[1]
    known = moments if prior is None else predictive_moments(family, predictors, total, trials)
    lower, upper = (
        predictive_quantiles(
            family, predictors, total, p, size=trials, weights=prior, moments=known
        )
        for p in (0.5 - asked.level / 2.0, 0.5 + asked.level / 2.0)
    )
    if trials is not None and proportion is None:
        mean = mean * trials
    if proportion is not None:
        lower, upper, deviation = (x / proportion for x in (lower, upper, deviation))
    columns = {"prediction": mean, "std_error": deviation, "lower": lower, "upper": upper}
    finite = np.isfinite(mean)
    return {name: np.where(finite, values, np.nan) for name, values in columns.items()}


def as_rows(columns, fit: Fit, table, *, several=False):
    """Columns with one number per row of a table, or of the fit, as a table with its row labels.

    Where there are `several` for each row, its number is in the column "row", which gets its label.
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


def _without_errors(columns, limits, names):
    """Take errors and limits from rows whose predictors have no finite estimate, in place."""
    for name in names:
        lost = limits.get(name, np.zeros(1)) != 0
        if lost.any():
            for column in ("std_error", "lower", "upper"):
                columns[column] = np.where(lost, np.nan, columns[column])


def _refuse_unknown(fit: Fit, rows):
    """Refuse levels that were not in the fit, of any part."""
    n_main = len(fit.design.blocks)
    for f, ((codes, _), block) in enumerate(zip(rows.blocks, fit.all_blocks, strict=True)):
        n_new = int((np.asarray(codes) < 0).sum())
        if n_new and f < n_main:
            raise DataError(
                f"{n_new} of {codes.size} rows have a level of '{block.factor.name}' that "
                "was not in the fit\n"
                'use new_levels="population" to predict them for an average group, or '
                'groups="population" for all rows'
            )
        if n_new:
            raise DataError(
                f"rows have levels of '{block.factor.name}' that were not in the fit\n"
                'use new_levels="population" or new_levels="marginal"'
            )


def _spread(fit: Fit, rows):
    """Standard deviations of new groups' effects, None for predictors without any."""
    variances = new_group_variance(fit, rows)
    return {name: np.sqrt(v) if np.any(v) else None for name, v in variances.items()}


def _target(fit: Fit, asked, predictors):
    """What is predicted; on the link scale a single linear predictor."""
    if asked.scale == "response":
        return target_of(fit, asked.component or "response", predictors)
    component = asked.component or "conditional"
    if component == "response" and "zi" in fit.family.extras:
        raise OptionError(
            "the mean of a model with extra zeros has no linear predictor of its own\n"
            'ask for component="conditional" or "zi"'
        )
    if component in ("response", "conditional"):
        return PredictionTarget(("conditional",), fit.family.link.inverse, fit.family.link, True)
    return target_of(fit, component, predictors)


def _inside(fit: Fit, target, eta, columns):
    """Columns of means of the main predictor, nan where the family has no such mean."""
    if target.names[0] != "conditional":
        return columns
    return kept_inside(fit.family, np.asarray(eta, dtype=float), columns)


def _times(fit: Fit, rows, asked, table):
    """Trials that a probability is multiplied with; 1 where none are given."""
    if asked.size is None:
        return 1.0
    if not fit.family.has_size:
        raise OptionError(f"the {fit.family.name} family counts no trials; leave size= out")
    return row_numbers("size", asked.size, table, rows.kept, rows.n, fit.design)


def _inverse(link, eta):
    """Means at the ends of an interval, which may leave what the link takes."""
    with np.errstate(all="ignore"):
        return link.inverse(np.clip(eta, *link.domain))


def _half_log(family, weights):
    """What weights take from the dispersion predictor: log sigma of the gaussian, else log phi."""
    return np.log(weights) * (0.5 if family.name == "gaussian" else 1.0)
