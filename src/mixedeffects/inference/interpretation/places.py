"""Where the other variables of a formula stand for which a coefficient holds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mixedeffects.design.columns import Column
from mixedeffects.design.evaluate import Evaluator
from mixedeffects.errors import MixedEffectsError
from mixedeffects.formula import Call, Name, column_names, strip, unparse
from mixedeffects.inference.interpretation.record import Given

# functions that are zero where their argument is one
LOGARITHMS = ("log", "log2", "log10")
# rows that are looked at before all are, and points at which a function of a column is looked at
FEW, POINTS = 1_000, 9
# options of poly, ns and bs that leave their columns zero at the mean, or the smallest value
PLAIN_OPTIONS = {"degree", "df", "knots"}


def reference_of(coded):
    """The level that indicators of the others compare with."""
    labels = coded.labels.as_text()
    return labels[-1] if coded.contrast.kind == "sas" else labels[coded.contrast.base]


def plain_name(node):
    """A variable as people call it: a column without the quotes that a formula needs."""
    return node.name if isinstance(node, Name) else unparse(node)


def bare_name(node):
    """A variable without the ``I()`` that a formula needs around arithmetic.

    Examples
    --------
    >>> from mixedeffects.formula import parse, strip
    >>> bare_name(strip(parse("y ~ I(age - 11)").fixed.variables[0].node))
    'age - 11'
    """
    if isinstance(node, Call) and node.function == "I" and len(node.args) == 1:
        return plain_name(strip(node.args[0]))
    return plain_name(node)


def factor_name(node):
    """The column behind ``C(f, Sum)`` and ``factor(f)``, which is what people call the factor."""
    while isinstance(node, Call) and node.function in ("C", "factor", "as.factor") and node.args:
        node = strip(node.args[0])
    return plain_name(node)


def places(term, codings, variables, spec, predictors, shapes):
    """Where the variables of larger terms stand: all terms that contain this one.

    Of means by level, as of ``y ~ 0 + f + x``, as of an intercept: those of all terms.
    """
    own = set(term.tables)
    means = bool(own) and all(
        text in spec.levels
        and term.tables[text].shape[1] == len(spec.levels[text].labels.as_text())
        for text in own
    )
    found: dict[str, Given] = {}
    # of x and I(x^2) only x can be said to stand somewhere
    named = {text for text, node in variables.items() if isinstance(node, Name)}
    for other in codings:
        if not (means or own < set(other.tables)):
            continue
        for text in other.tables:
            if text in own or text in found:
                continue
            if text in shapes and text not in named and named & set(shapes):
                continue
            if text in spec.levels:
                coded, name = spec.levels[text], factor_name(variables[text])
                if coded.contrast.kind in ("treatment", "sas"):
                    found[text] = Given(name, "reference", reference_of(coded))
                else:
                    found[text] = Given(name, "average")
            elif other.tables[text].shape[1] > 1:
                found[text] = _basis_at_zero(text, variables[text], predictors)
            else:
                found[text] = _at_zero(text, variables[text], predictors)
    return tuple(_absent(found.values(), predictors))


def _absent(found, predictors):
    """The same, marked from where on no row has all reference levels."""
    rows = True
    for given in found:
        if given.kind == "reference" and given.variable in predictors.columns:
            codes, labels = predictors.levels(given.variable)
            own = np.array([str(label) == given.label for label in labels])
            if own.any():
                rows = rows & own[codes] & (codes >= 0)
                given = replace(given, absent=not np.any(rows))
        yield given


def _basis_at_zero(text, node, predictors):
    """Where the columns of a curve are all zero.

    Those of orthogonal polynomials have mean zero over the rows, so that what is linear in them is
    averaged there; those of splines without an intercept are zero at the smallest value.
    """
    inner = strip(node.args[0]) if isinstance(node, Call) and node.args else None
    if not isinstance(inner, Name) or inner.name not in predictors.columns:
        return Given(text, "basis")
    if predictors.columns[inner.name].kind != "number":
        return Given(text, "basis")
    plain = set(node.kwargs) <= PLAIN_OPTIONS
    if node.function == "poly" and plain:
        return Given(inner.name, "rows")
    if node.function in ("ns", "bs") and plain:
        return Given(inner.name, "least", f"{predictors.summary(inner.name).low:.6g}")
    return Given(text, "basis")


def _at_zero(text, node, predictors):
    """A numeric variable at zero: the mean, if it is centred."""
    if isinstance(node, Call) and node.function in ("scale", "center") and node.args:
        return Given(plain_name(strip(node.args[0])), "mean")
    label = ""
    if isinstance(node, Call) and node.function in LOGARITHMS and len(node.args) == 1:
        label = f"{plain_name(strip(node.args[0]))} is 1"
    return Given(bare_name(node), "zero", label, outside=_outside(text, node, predictors))


def _outside(text, node, predictors):
    """Range of a numeric variable, where zero is not in it; None where it is, or is not known."""
    names = {found.name for found in column_names(node)}
    if len(names) != 1:
        return None
    name = names.pop()
    if name not in predictors.columns or predictors.columns[name].kind != "number":
        return None
    if isinstance(node, Name):
        # a few rows on both sides of zero settle it without the others
        few = predictors.columns[name].values[:FEW]
        if (few <= 0).any() and (few >= 0).any():
            return None
    found = predictors.summary(name)
    if isinstance(node, Name):
        low, high = found.low, found.high
    else:
        column = Column(name, "number", np.linspace(found.low, found.high, POINTS))
        try:
            known = {name: column}
            asked = Evaluator(text, known, POINTS, states={}, levels={}, training=False)
            values = asked.numbers(node)
        except MixedEffectsError:
            return None
        rising = np.diff(values)
        if not (np.isfinite(values).all() and ((rising >= 0).all() or (rising <= 0).all())):
            return None
        low, high = float(values.min()), float(values.max())
    return (low, high) if low > 0.0 or high < 0.0 else None
