"""Whether residuals are skewed, or have tails that the model does not have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.assumptions.limits import critical, verdict
from mixedeffects.assumptions.moments import (
    LEAST,
    excess_kurtosis,
    kurtosis_score,
    skewness,
    skewness_score,
)
from mixedeffects.assumptions.words import lifted, row_name
from mixedeffects.inference.checkup.record import FINE, Check

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit

# skewness that is worth knowing (a chi-squared of 32 degrees of freedom has 0.5), and that no
# linear model should be fitted to (of 8, 1)
SKEWED, VERY_SKEWED = 0.5, 1.0
# how much further one outer tenth lies from the median than the other, as a share of their distance
# (Hinkley 1975, doi:10.1093/biomet/62.1.101), for skewness to be more than single rows
LOPSIDED, OUTER = 0.08, 0.1
# excess kurtosis, as of a t of 10 degrees of freedom, and of single rows that are gross errors
HEAVY, VERY_HEAVY = 1.0, 15.0
# standard deviations from which single rows are counted
FAR = 4.0


def skew(fit: Fit, found):
    """Skewness of the residuals."""
    if found is None or not found.shaped or found.n < LEAST:
        return []
    g1 = skewness(found.z)
    sure = lopsided(found.z, g1) and abs(skewness_score(g1, found.n)) > critical(np.inf)
    state = verdict(sure, abs(g1), SKEWED, VERY_SKEWED)
    if state == FINE:
        return [Check("skewness", g1, FINE, f"residuals are not skewed: {g1:+.2f}", "assumptions")]
    side = "right" if g1 > 0 else "left"
    words = (
        f"the residuals are skewed to the {side} (skewness {g1:+.2f}, 0 under the model): "
        "predictions and their intervals are wrong on both sides, and so are standard errors in "
        f"small groups. {lifted(fit, g1 > 0)}"
    )
    return [Check("skewness", g1, state, words, "assumptions")]


def lopsided(z, g1):
    """Whether one outer tenth lies further out than the other, on the side of the skewness.

    A few rows far out on one side are heavy tails, and no skewed distribution.
    """
    low, middle, high = np.quantile(z, (OUTER, 0.5, 1.0 - OUTER))
    share = float((high + low - 2.0 * middle) / (high - low)) if high > low else 0.0
    return bool(share * np.sign(g1) > LOPSIDED)


def tails(fit: Fit, found):
    """Excess kurtosis of the residuals."""
    if found is None or not found.shaped or found.n < LEAST:
        return []
    g2 = excess_kurtosis(found.z)
    sure = abs(kurtosis_score(g2, found.n)) > critical(np.inf)
    state = verdict(sure, g2, HEAVY, VERY_HEAVY)
    if state == FINE:
        words = f"no more extreme residuals than the model expects: excess kurtosis {g2:+.2f}"
        return [Check("tails", g2, FINE, words, "assumptions")]
    far = np.flatnonzero(np.abs(found.z) > FAR)
    worst = int(np.abs(found.z).argmax())
    rows = f"{far.size:,} row{'s' * (far.size != 1)} beyond {FAR:g} standard deviations"
    above = int((found.z[far] > 0).sum())
    if far.size > 1:
        rows += f" ({above:,} above, {far.size - above:,} below)"
    rows += ", the "
    words = (
        f"the tails of the residuals are heavier than the model's (excess kurtosis {g2:.2f}, 0 "
        f"under the model): {rows if far.size else 'the '}farthest is "
        f"{row_name(fit, found.rows[worst])}, {found.z[worst]:+.1f}. Look at such rows"
    )
    g1 = skewness(found.z)
    if abs(g1) >= VERY_SKEWED and lopsided(found.z, g1):
        words += f"; most weight is on one side. {lifted(fit, g1 > 0)}"
    elif fit.family.name == "gaussian":
        words += ', or fit the same by glmm(…, family="t")'
    return [Check("tails", g2, state, words, "assumptions")]
