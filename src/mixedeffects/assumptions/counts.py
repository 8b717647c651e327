"""Whether counts vary as their family says, and have as many zeros."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.assumptions.limits import critical, verdict
from mixedeffects.assumptions.moments import LEAST
from mixedeffects.assumptions.standardised import MOST_USED, row_leverages
from mixedeffects.family import Response
from mixedeffects.inference.checkup.record import FINE, LOOK, Check
from mixedeffects.inference.prediction.simulate import simulated
from mixedeffects.inference.residual.row_sample import counted_rows, row_sample

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit

# ratio of the variance to the model's that is worth knowing, and plainly wrong; and too low
MORE, MUCH_MORE, LESS = 1.3, 2.0, 0.5
# share of the residuals that modes have not used up, below which their squares say nothing: with a
# random effect for each row they are of true models up to twice, or half, what is left
LEAST_LEFT = 0.5
# responses that are simulated to know how the ratio varies
SIMULATIONS = 60
# zeros: how many times as many as the model says, and the least share of all rows that they exceed
# it by
ZEROS, MANY_ZEROS, LEAST_SHARE = 1.2, 1.5, 0.02


def dispersion_ratio(fit: Fit):
    """Squared Pearson residuals against what the model says, and how that varies.

    Returns
    -------
    ratio, error : float
        One, and small, under the model; nan where the family's dispersion is free, or every row
        has a random effect of its own, so that there is nothing to see.
    """
    family, size, weights = fit.family, fit.response.size, fit.response.weights
    free = any(name in family.extras for name in ("dispersion", "df"))
    single = family.has_size and (size is None or size.max() <= 1)
    if not family.discrete or family.ordinal or free or single:
        return np.nan, np.nan
    trials = 1.0 if size is None else size
    mean = np.asarray(family.mean(*fit.predictors), dtype=float) * trials
    variance = np.asarray(family.variance(*fit.predictors, size=size), dtype=float)
    usable = variance > 0
    if not usable.any():
        return np.nan, np.nan
    precision = np.divide(1.0, variance, where=usable, out=np.zeros_like(variance))
    weight = np.ones(mean.size) if weights is None else weights
    rows = float(weight[usable].sum())
    left = rows - float(row_leverages(fit)[usable].sum())
    if left < LEAST_LEFT * rows:
        return np.nan, np.nan
    ratio = float((fit.response.y - mean) ** 2 @ (weight * precision)) / left
    drawn, copies = fit, counted_rows(weights)
    if copies is not None:
        drawn, mean, precision = row_sample(fit, copies), mean[copies], precision[copies]
        weight = np.ones(copies.size)
    among = [
        float((y - mean) ** 2 @ (weight * precision)) / rows
        for y in simulated(drawn, SIMULATIONS, np.random.default_rng(0), groups="conditional")
    ]
    return ratio, float(np.std(among, ddof=1) * np.sqrt(rows / left))


def dispersion(fit: Fit, ratio, error):
    """The ratio of variances in words."""
    if not np.isfinite(ratio) or fit.design.n < LEAST:
        return []
    sure = abs(ratio - 1.0) > critical(SIMULATIONS) * error
    state = verdict(sure, ratio, MORE, MUCH_MORE)
    if sure and ratio <= LESS and not small_groups(fit):
        words = (
            f"the counts vary {ratio:.2g} times as much as the {fit.family.name} family says, "
            "which is less: standard errors are too large. Look for too many random effects, or "
            "for counts that cannot vary freely"
        )
        return [Check("dispersion", ratio, LOOK, words, "assumptions")]
    if state == FINE:
        words = f"the counts vary {ratio:.2g} times as much as the {fit.family.name} family says"
        return [Check("dispersion", ratio, FINE, words, "assumptions")]
    other = "betabinomial" if fit.family.has_size else "nbinom2"
    words = (
        f"the counts vary {ratio:.2g} times as much as the {fit.family.name} family says: standard "
        f'errors are too small. Try family="{other}", a random effect for each row, or a predictor '
        "that is missing"
    )
    return [Check("dispersion", ratio, state, words, "assumptions")]


def small_groups(fit: Fit):
    """Whether modes follow the responses, so that at them counts vary less than the model says."""
    return float(row_leverages(fit).mean()) >= MOST_USED


def zeros(fit: Fit):
    """Zeros against those that the model expects.

    Where groups are large it expects them at the modes. The modes of small groups follow the
    responses, and at them even a true model expects too few: there responses of new groups are
    simulated.
    """
    family, y, weights = fit.family, fit.response.y, fit.response.weights
    if not family.discrete or family.ordinal or family.has_size:
        return []
    if family.zeros is not None or weights is not None or y.size < LEAST:
        return []
    observed = float((y == 0).sum())
    if small_groups(fit):
        rng = np.random.default_rng(0)
        drawn = [float((one == 0).sum()) for one in simulated(fit, SIMULATIONS, rng)]
        expected, error = float(np.mean(drawn)), float(np.std(drawn, ddof=1))
        limit = critical(SIMULATIONS)
    else:
        nothing = Response(np.zeros_like(y))
        with np.errstate(all="ignore"):
            p = np.exp(np.asarray(family.log_density(nothing, *fit.predictors), dtype=float))
        if not np.isfinite(p).all():
            return []
        expected, error = float(p.sum()), float(np.sqrt((p * (1.0 - p)).sum()))
        limit = critical(np.inf)
    more = observed - expected
    sure = more > limit * error and more > LEAST_SHARE * y.size
    ratio = observed / expected if expected > 0 else np.inf if observed else 1.0
    state = verdict(sure, ratio, ZEROS, MANY_ZEROS)
    numbers = (
        f"{observed:,.0f} of {y.size:,} counts are zero, and the model expects {expected:,.0f}"
    )
    if state == FINE:
        return [Check("zeros", ratio, FINE, numbers, "assumptions")]
    words = f'{numbers}. Try zi="~ 1", a hurdle family or nbinom2'
    return [Check("zeros", ratio, state, words, "assumptions")]
