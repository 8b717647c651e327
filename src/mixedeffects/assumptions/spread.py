"""Whether residuals spread alike everywhere.

|z| is regressed on what may govern it, with standard errors that hold whatever the tails (Glejser
1969, doi:10.1080/01621459.1969.10500976; White 1980, doi:10.2307/1912934); of categories it is
compared between levels (Levene's test).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.assumptions.covariates import categorical_predictors, numeric_predictors
from mixedeffects.assumptions.limits import ALPHA, critical, verdict
from mixedeffects.assumptions.moments import LEAST
from mixedeffects.assumptions.words import is_logarithm, lifted
from mixedeffects.inference.checkup.record import FINE, Check

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit

# ratio of standard deviations worth knowing, and plainly wrong
UNEVEN, VERY_UNEVEN = 1.5, 2.5
# what is low and what is high of a numeric predictor or of the fitted values
LOW, HIGH = 0.1, 0.9
# multiples of the median modulus, 4 standard deviations of a normal one, beyond which it is cut
CLIPPED = 6.0
# rows of a level below which it is not compared
LEAST_ROWS = 10


def spread(fit: Fit, found):
    """Standard deviations of the residuals along fitted values, predictors and categories."""
    if found is None or found.n < LEAST:
        return []
    size = np.abs(found.z)
    middle = float(np.median(size))
    if middle > 0:  # single rows far out say nothing about the others
        size = np.minimum(size, CLIPPED * middle)
    along = {"fitted values": found.fitted}
    along |= {f"'{name}'": values[found.rows] for name, values in numeric_predictors(fit).items()}
    between = categorical_predictors(fit)
    questions = len(along) + len(between)
    worst = (1.0, "", "")
    for name, values in along.items():
        ratio, sure = _along(size, values, found.n, questions)
        if sure and max(ratio, 1.0 / ratio) > worst[0]:
            ends = ("high", "low") if ratio > 1.0 else ("low", "high")
            whose = "their" if name == "fitted values" else "its"
            words = (
                f"at the {ends[0]} end of {name} as at the {ends[1]} end (a straight line from "
                f"{whose} 10th to {whose} 90th percentile)"
            )
            advice = _advice(fit, name, ratio > 1.0)
            worst = (max(ratio, 1.0 / ratio), words, advice)
    for name, (codes, labels) in between.items():
        ratio, sure, (most, least) = _between(size, codes[found.rows], found.n, questions)
        if sure and ratio > worst[0]:
            words = f"for {name} = {labels[most]} as for {name} = {labels[least]}"
            worst = (ratio, words, _advice(fit, f"'{name}'", False))
    ratio, words, advice = worst
    state = verdict(bool(words), ratio, UNEVEN, VERY_UNEVEN)
    if state == FINE:
        against = "fitted values" + (" and predictors" if questions > 1 else "")
        said = f"the residuals spread alike along {against}"
        return [Check("spread", ratio, FINE, said, "assumptions")]
    times = f"{ratio:.2g} times as widely" if np.isfinite(ratio) else "far more widely"
    return [
        Check("spread", ratio, state, f"the residuals spread {times} {words}. {advice}",
              "assumptions")
    ]  # fmt: skip


def _advice(fit: Fit, name, rising):
    if name == "fitted values":
        if rising and fit.family.name == "gaussian" and not is_logarithm(fit):
            return lifted(fit, True)
        if fit.kind.residual and is_logarithm(fit):
            return 'Say so in the model: weights=, or glmm(…, family="gaussian", dispersion="~ …")'
        return "Try another response scale, or weights="
    column = name.strip("'")
    if fit.kind.residual:
        return (
            f'Say so in the model: weights=, or glmm(…, family="gaussian", dispersion="~ {column}")'
        )
    return f'Say so in the model: dispersion="~ {column}"'


def _along(size, values, n, questions):
    """Ratio of spreads at the high and the low end, and whether it is beyond chance."""
    centred = values - values.mean()
    total = float(centred @ centred)
    if not total > 1e-24 * max(1.0, float(values @ values)):
        return 1.0, False
    slope = float(centred @ size) / total
    left = size - size.mean() - slope * centred
    error = np.sqrt(float(((centred * left) ** 2).sum())) / total * np.sqrt(size.size / n)
    low, high = (size.mean() + slope * q for q in np.quantile(centred, (LOW, HIGH)))
    # a line can fall below zero where the spread only comes close to it
    least = 1e-3 * size.mean()
    ratio = float(max(high, least) / max(low, least))
    return ratio, bool(error > 0 and abs(slope) / error > critical(n - 2.0, questions))


def _between(size, codes, n, questions):
    """Ratio of the largest and the smallest mean size of levels, and whether it is no chance."""
    from scipy.special import fdtrc

    counts = np.bincount(codes)
    used = np.flatnonzero(counts >= LEAST_ROWS)
    if used.size < 2:
        return 1.0, False, (0, 0)
    means = np.bincount(codes, size, minlength=counts.size)[used] / counts[used]
    squares = np.bincount(codes, size * size, minlength=counts.size)[used]
    rows = counts[used].sum()
    worth = n / size.size  # independent residuals for each of them
    within = float((squares - counts[used] * means**2).sum()) / max(rows - used.size, 1)
    grand = float(counts[used] @ means) / rows
    between = float(counts[used] @ (means - grand) ** 2) / (used.size - 1)
    F = worth * between / within if within > 0 else 0.0
    p = float(fdtrc(used.size - 1, max(worth * rows - used.size, 1.0), F))
    most, least = int(means.argmax()), int(means.argmin())
    ratio = float(means[most] / max(means[least], 1e-12))
    return ratio, p < ALPHA / questions, (int(used[most]), int(used[least]))
