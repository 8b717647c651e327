"""Whether the effect of a numeric predictor is curved: score tests of its square, and of bends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.assumptions.bends import BENT, bends
from mixedeffects.assumptions.covariates import numeric_predictors
from mixedeffects.assumptions.limits import critical, verdict
from mixedeffects.assumptions.moments import LEAST
from mixedeffects.assumptions.score_tests import score_of_columns, setting_of
from mixedeffects.inference.checkup.record import FINE, Check

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit

# how far the curved part moves the fitted values, in standard deviations of what they leave, that
# is plainly wrong
VERY_BENT = 0.5
# how many times as far bends must move the fitted values as the parabola does, to be said instead
FURTHER = 1.3


def curvature(fit: Fit, excess=1.0):
    """Score tests of the squares of the numeric predictors.

    Returns list of Check.

    Parameters
    ----------
    excess : float
        How many times as variable as the model says the response is; statistics are divided by its
        root.
    """
    columns = numeric_predictors(fit)
    if not columns or fit.design.n < LEAST or fit.design.X.shape[1] == 0:
        return []
    setting = setting_of(fit)
    scores = {name: score_of_square(fit, x, excess, setting) for name, x in columns.items()}
    found = [(name, *one) for name, one in scores.items() if one is not None]
    if not found:
        return []
    limit = critical(fit.design.n - fit.design.X.shape[1], len(found))
    bent = [(size, name, t) for name, t, size in found if abs(t) > limit and size >= BENT]
    lines = bends(fit, {name: columns[name] for name, *_ in found}, setting, excess)
    if lines and lines[0].size > FURTHER * max((size for size, *_ in bent), default=0.0):
        return [_broken(fit, lines)]
    if not bent:
        largest = max(size for *_, size in found)
        names = ", ".join(f"'{name}'" for name, *_ in found)
        words = f"a parabola of {names} would move fitted values by at most {largest:.2g} "
        words += fit.kind.noise
        return [Check("curvature", largest, FINE, words, "assumptions")]
    size, name, t = max(bent)
    others = [f"'{other}'" for _, other, _ in sorted(bent, reverse=True)[1:]]
    shape = "like a valley or a side of one" if t > 0 else "like a hill or a side of one"
    words = (
        f"the effect of '{name}' is curved, {shape}{_also(others)}: a parabola moves the fitted "
        f"values by {size:.2g} {fit.kind.noise} (score test z = {t:+.1f}). Add I({name}^2), or "
        f"write poly({name}, 2) or bs({name}) in place of {name}"
    )
    return [Check("curvature", size, verdict(True, size, BENT, VERY_BENT), words, "assumptions")]


def _broken(fit, lines):
    """The check of a line that bends elsewhere than a parabola does."""
    first, others = lines[0], [f"'{one.name}'" for one in lines[1:]]
    at = ", ".join(f"{knot:.6g}" for knot in first.knots)
    words = (
        f"the effect of '{first.name}' is no straight line{_also(others)}: let it bend at {at} and "
        f"the fitted values move by {first.size:.2g} {fit.kind.noise} (score test χ² = "
        f"{first.chi2:.1f}, df = {len(first.knots)}). Write bs({first.name}, df=5) or another "
        f"function of {first.name} in its place"
    )
    state = verdict(True, first.size, BENT, VERY_BENT)
    return Check("curvature", first.size, state, words, "assumptions")


def _also(others):
    """As in " (so are 'a', 'b')"."""
    if not others:
        return ""
    return f" (so {'is' if len(others) == 1 else 'are'} {', '.join(others)})"


def score_of_square(fit: Fit, x, excess=1.0, setting=None):
    """Score test of the square of one column.

    Parameters
    ----------
    excess : float
        As in `curvature`.
    setting : tuple, optional
        What does not depend on the column.

    Returns
    -------
    statistic : float
        Standard normal where the effect is a straight line.
    size : float
        Standard deviation of the curved part, in standard deviations of what the fitted values
        leave.

    None where other columns contain the square.
    """
    scale = float(x.std())
    if not scale > 0:
        return None
    setting = setting_of(fit) if setting is None else setting
    return _square(fit, ((x - x.mean()) / scale) ** 2, setting, excess)


def _square(fit: Fit, q, setting, excess):
    """(statistic, size) of one square; None where other columns contain it."""
    found = score_of_columns(fit, [q], setting, excess)
    if found is None:
        return None
    chi2, slope, size = found
    return float(np.sign(slope[0]) * np.sqrt(chi2)), size
