"""Whether a predictor has one effect within the levels of a factor and another between them.

A predictor that varies on both has a coefficient that blends the two. They are alike if the means
of the levels add nothing to the model, which is a score test of one more column (Mundlak 1978,
doi:10.2307/1913646, has the column; Hausman 1978, doi:10.2307/1913827, the same test otherwise).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.assumptions.covariates import numeric_predictors
from mixedeffects.assumptions.limits import critical
from mixedeffects.assumptions.moments import LEAST
from mixedeffects.assumptions.score_tests import score_of_columns, setting_of
from mixedeffects.inference.checkup.record import FINE, LOOK, PROBLEM, Check
from mixedeffects.inference.interpretation.columns import LEAST_LEVELS, powers, standing_columns
from mixedeffects.inference.interpretation.effects import column_meanings

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit

# share of a predictor's variance that must lie between levels and within them; and how many times
# the share that chance alone puts between them
LEAST_BETWEEN, LEAST_WITHIN, CHANCE = 0.05, 0.001, 2.0
# difference of the two effects, as a share of the larger one, that matters
DIFFERENT = 0.25


def blended(fit: Fit, excess=1.0):
    """Score tests of the means by level of numeric predictors.

    Returns list of Check.

    Parameters
    ----------
    excess : float
        How many times as variable as the model says the response is.
    """
    columns = {**numeric_predictors(fit), **standing_columns(fit)}
    asked = [
        (name, x, block) for name, x in columns.items()
        for block in fit.design.blocks if _stands_alone(fit, name) and _on_both(x, block.factor)
    ]  # fmt: skip
    if not asked or fit.design.n < LEAST:
        return []
    setting = setting_of(fit)
    found, worst = [], 0.0
    for name, x, block in asked:
        factor = block.factor
        rows = np.bincount(factor.codes, minlength=factor.n_levels)
        means = (np.bincount(factor.codes, x, factor.n_levels) / rows)[factor.codes]
        answer = score_of_columns(fit, [means], setting, excess)
        if answer is None:
            continue
        z = float(np.sqrt(answer[0]))
        limit = critical(factor.n_levels - 2, len(asked))
        worst = max(worst, z)
        within, between = _two_effects(fit, name, means, float(answer[1][0]), setting[2])
        largest = max(abs(within), abs(between))
        if z > limit and abs(between - within) > DIFFERENT * largest:
            found.append((z, name, factor.name, within, between))
    if not found:
        words = f"no sign that effects within levels and between them differ: z at most {worst:.1f}"
        return [Check("levels of predictors", worst, FINE, words, "assumptions")]
    z, name, group, within, between = max(found)
    words = (
        f"'{name}' varies within levels of {group} and between them, and the two effects differ: "
        f"about {within:.3g} within, {between:.3g} between (score test z = {z:.1f}); its "
        f"coefficient, {_coefficient(fit, name):.3g}, blends them. Add its mean by {group} as a "
        f"column, or its distance from that mean in place of {name} (Mundlak)"
    )
    state = PROBLEM if within * between < 0 else LOOK
    return [Check("levels of predictors", z, state, words, "assumptions")]


def _place(fit: Fit, name):
    """Column of a predictor that stands as it is, or is centred; None if there is none."""
    names = list(fit.design.x_names)
    return next((names.index(text) for text in (name, f"center({name})") if text in names), None)


def _coefficient(fit: Fit, name):
    return float(fit.beta[_place(fit, name)])


def _stands_alone(fit: Fit, name):
    """Whether a predictor has a column of its own and is in no interaction or curve."""
    place = _place(fit, name)
    if place is None:
        return False
    meanings = column_meanings(fit.design.spec, fit.design.sources, fit.beta.size, powers(fit))
    _, _, given, curve = meanings[place]
    return not given and not curve


def _on_both(x, factor):
    """Whether a predictor varies within the levels of a factor and between them, by no chance."""
    if factor.n_levels < LEAST_LEVELS:
        return False
    centred = x - x.mean()
    total = float(centred @ centred)
    rows = np.bincount(factor.codes, minlength=factor.n_levels)
    sums = np.bincount(factor.codes, centred, factor.n_levels)
    share = float(sums @ (sums / rows)) / total if total > 0 else 0.0
    chance = CHANCE * factor.n_levels / x.size
    return max(LEAST_BETWEEN, chance) < share < 1.0 - LEAST_WITHIN


def _two_effects(fit: Fit, name, means, difference, projection):
    """Effects within levels and between them, the variances as they are."""
    fixed, _ = projection(means - means.mean())
    X = np.asarray(fit.design.X)
    part = np.linalg.lstsq(X, fixed, rcond=None)[0][_place(fit, name)]
    within = _coefficient(fit, name) - difference * float(part)
    return within, within + difference
