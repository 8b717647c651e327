"""Remedy 3, check collinearity: leave out what other predictors nearly determine."""

from __future__ import annotations

from mixedeffects.inference.checkup_fixed import INFLATED, collinear
from mixedeffects.model.doctor.formulas import without_terms
from mixedeffects.model.doctor.record import Trial
from mixedeffects.model.doctor.scaling import zi_text

NAME = "check collinearity"
# terms of the nearest dependency to leave out, one at a time
MOST_TERMS = 3


def check_collinearity(bench):
    """Leave out each term of the nearest dependency, one at a time.

    Returns
    -------
    list of Trial
    """
    fit = bench.asked
    found = collinear(fit)
    if found is None:
        words = bench.checks["collinearity"].words
        return [Trial(NAME, "", note=f"not applicable: {words}")]
    if found.vif.max() < INFLATED:
        words = f"VIF at most {found.vif.max():.2f}"
        return [Trial(NAME, "", note=f"not applicable: predictors are not collinear, {words}")]
    terms = list(found.together)
    others = {term: [t for t in terms if t != term] for term in terms}
    return [
        bench.attempt(
            NAME, f"'{term}' left out (nearly determined by {' and '.join(others[term])})",
            formula=without_terms(bench.formula, [term]), zi=zi_text(bench),
        )
        for term in reversed(terms[-MOST_TERMS:])
    ]  # fmt: skip
