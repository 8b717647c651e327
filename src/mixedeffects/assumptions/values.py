"""What the values of the response say: two of them only, few, or many at one end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.assumptions.limits import ALPHA
from mixedeffects.inference.checkup.record import FINE, LOOK, PROBLEM, Check

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit

# different values of an ordered category rather than of a measurement
FEW = 5
# share of the rows at one end of the scale that is worth knowing, and plainly wrong
PILED, VERY_PILED = 0.1, 0.2
# rows from which different values are worth counting, and from which two of them are no chance
LEAST_ROWS, LEAST_TWO = 20, 8


def response_values(fit: Fit, found=None):
    """Two values, few values, or a pile at the smallest or the largest."""
    y = fit.response.y[~fit.family.at_atoms(fit.response.y)]
    if fit.family.discrete or y.size < LEAST_TWO:
        return []
    name = fit.design.spec.response
    values, counts = np.unique(y, return_counts=True)
    what = "a linear model" if fit.kind.residual else f"the {fit.family.name} family"
    if values.size == 2:
        words = (
            f"'{name}' has two values only, {values[0]:g} and {values[1]:g}, and {what} has its "
            "residuals spread on both sides of every mean. Fit the probability: glmm(…, "
            'family="binomial")'
        )
        return [Check("values", 2.0, PROBLEM, words, "assumptions")]
    if y.size < LEAST_ROWS:
        return []
    if values.size <= FEW:
        words = (
            f"'{name}' has {values.size} different values, as ordered categories have, whose "
            'distances mean little: glmm(…, family="ordinal") does not need them'
        )
        return [Check("values", float(values.size), LOOK, words, "assumptions")]
    worst = max(
        ((int(counts[at]), float(values[at]), end, _spike(counts[at], counts[by]))
         for at, by, end in ((0, 1, "smallest"), (-1, -2, "largest"))),
        key=lambda pile: pile[0] * pile[3],
    )  # fmt: skip
    rows, at, end, spike = worst
    share = rows / y.size
    if not spike or share < PILED:
        words = f"'{name}' has {values.size:,} different values, and no pile of them at one end"
        return [Check("values", float(values.size), FINE, words, "assumptions")]
    if at == 0.0 and end == "smallest":
        words = (
            f"'{name}' is 0 in {share:.0%} of the rows, more than the values next to it let "
            "expect: means and slopes are pulled towards 0, and the model predicts values below "
            "it. Use a model of the two questions apart: whether it is 0, and how large it is "
            f"otherwise{_remedy(y, at)}"
        )
    else:
        words = (
            f"{share:.0%} of the rows have the {end} value of '{name}', {at:g}, as if it were cut "
            "off there (a cap, a floor or a limit of detection): means and slopes are pulled "
            "towards it, and the model predicts values beyond it. Use a model of what was cut off, "
            f"or of the two questions apart: whether it is {at:g}, and how large it is "
            f"otherwise{_remedy(y, at)}"
        )
    return [Check("values", share, PROBLEM if share >= VERY_PILED else LOOK, words, "assumptions")]


def _remedy(y, at):
    """The families for a pile at an end that is one by nature."""
    low, high = float(y.min()), float(y.max())
    if low >= 0.0 and high <= 1.0 and at in (0.0, 1.0):
        if low == 0.0 and high == 1.0:
            return ' (glmm(…, family="ordered_beta"))'
        return ' (glmm(…, family="zero_inflated_beta"))' if at == 0.0 else ""
    if low == 0.0 == at:
        return ' (glmm(…, family="hurdle_gamma"), or "tweedie" for both in one)'
    return ""


def _spike(end, neighbour):
    """Whether the end has more rows than its neighbour by more than chance.

    Beyond the mode of a distribution a value further out is the rarer, so that under the model at
    most half of the rows at the two are at the end.
    """
    from scipy.special import bdtrc

    return bool(end > neighbour and bdtrc(int(end) - 1, int(end + neighbour), 0.5) < ALPHA)
