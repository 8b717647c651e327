"""Remedy 3, check collinearity: leave out what other predictors nearly determine."""

from __future__ import annotations

from mixedeffects.formula import Name, column_names
from mixedeffects.inference.checkup import INFLATED, collinear
from mixedeffects.remedies.formulas import without_terms
from mixedeffects.remedies.record import Trial
from mixedeffects.remedies.scaling import zi_text

NAME = "check collinearity"
# terms of the nearest dependency to leave out, one at a time
MOST_TERMS = 3


def has_power(fixed, term):
    """Whether a column stands in another term inside I(): x is not left out where I(x^2) stays.

    Examples
    --------
    >>> from mixedeffects.formula import parse
    >>> fixed = parse("y ~ x + I(x^2) + z").fixed
    >>> [has_power(fixed, name) for name in fixed.names]
    [True, False, False]
    """
    powers = {
        used.name for variable in fixed.variables if variable.text.startswith("I(")
        for used in column_names(variable.node)
    }  # fmt: skip
    own = [fixed.variables[i] for name, t in zip(fixed.names, fixed.terms, strict=True)
           if name == term for i in t]  # fmt: skip
    return bool(own) and all(isinstance(v.node, Name) and v.node.name in powers for v in own)


def check_collinearity(bench):
    """Leave out each term of the nearest dependency, one at a time. Returns list of Trial."""
    fit = bench.asked
    found = collinear(fit)
    if found is None:
        words = bench.checks["collinearity"].words
        return [Trial.needless(NAME, words)]
    if found.vif.max() < INFLATED:
        words = f"VIF at most {found.vif.max():.2f}"
        return [Trial.needless(NAME, f"predictors are not collinear, {words}")]
    together = list(found.together)
    others = {term: [t for t in together if t != term] for term in together}
    terms = [term for term in together if not has_power(bench.formula.fixed, term)]
    return [
        bench.attempt(
            NAME, f"'{term}' left out (nearly determined by {' and '.join(others[term])})",
            formula=without_terms(bench.formula, [term]), zi=zi_text(bench), gone=(term,),
        )
        for term in reversed(terms[-MOST_TERMS:])
    ]  # fmt: skip
