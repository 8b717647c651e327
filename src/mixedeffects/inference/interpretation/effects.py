"""What each coefficient of a linear predictor is a coefficient of."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import numpy as np

from mixedeffects.design import term_codings
from mixedeffects.design.contrasts import coding, indicator_levels
from mixedeffects.formula import Call, Name, column_names, strip, unparse
from mixedeffects.inference.interpretation.record import Effect, Given, Piece

NUMBERS = ("estimate", "std_error", "df", "statistic", "p_value", "lower", "upper")
RATIO = ("estimate", "std_error", "lower", "upper")
INTERCEPT = "(Intercept)"
EULER = math.e
# a column name in backticks, with escapes
# rows that are looked at before all are
FEW = 1_000
QUOTED = re.compile(r"`((?:\\.|[^`\\])*)`")


def effects_of(spec, predictors, names, table, ratios=None, aliased=()):
    """The coefficients of one linear predictor with what they mean.

    Returns tuple of Effect.

    Parameters
    ----------
    names : tuple of str
        Columns of the predictor.
    table : Table
        Its `coefficient_table`.
    ratios : Table, optional
        The same, exponentiated.
    aliased : tuple of AliasedColumn
        Columns that the fit dropped.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("score ~ style + (1 | professor)", me.datasets.flipped_classrooms())
    >>> effects = fit.interpret().facts.effects
    >>> effects[1].pieces[0].label, effects[1].pieces[0].reference
    ('Some', 'No')
    """
    meanings = column_meanings(spec, predictors, len(names))
    held = held_by(names, aliased)
    out = []
    for j, name in enumerate(names):
        term, pieces, given, alone = meanings[j]
        numbers = {n: float(table.columns[n][j]) for n in NUMBERS}
        ratio = None
        if ratios is not None:
            first, error, lower, upper = (float(ratios.columns[n][j]) for n in RATIO)
            ratio = first, error, lower, upper
        out.append(
            Effect(name, term or name, pieces, given, alone, **numbers, ratio=ratio, holds=held[j])
        )
    return tuple(out)


def held_by(names, aliased):
    """Per column of a linear predictor, the dropped columns whose coefficients it holds.

    A column that is constant in the rows of the fit is left out: all that they say is for its
    value. Returns list of tuple of str.

    Examples
    --------
    >>> from mixedeffects.design import AliasedColumn
    >>> held_by(["(Intercept)", "x"], [AliasedColumn("z", "z = 2·x", ((1, 2.0),))])
    [(), ('z',)]
    """
    held = [[] for _ in names]
    for column in aliased:
        places = [i for i, _ in column.combination]
        if [names[i] for i in places] != [INTERCEPT]:
            for i in places:
                held[i].append(column.name)
    return [tuple(found) for found in held]


def column_meanings(spec, predictors, p):
    """What each of the p columns of a linear predictor is.

    Parameters
    ----------
    predictors : SourceColumns or None
        Without them nothing is known of the columns but their names.

    Returns
    -------
    list of (str, tuple of Piece or None, tuple of Given, bool)
        Term, pieces, what is given, and whether the coefficient means something alone.
    """
    if predictors is None:
        return [("", None, (), False)] * p
    every_term = term_codings(spec, predictors)
    n_columns = sum(len(term.columns) for term in every_term)
    kept = range(n_columns) if spec.kept_columns is None else spec.kept_columns
    # a term that was dropped stands nowhere
    codings = [term for term in every_term if set(term.columns) & set(kept)]
    variables = {v.text: strip(v.node) for v in spec.formula.fixed.variables}
    tangled = _tangled(variables)
    every = []
    for term in every_term:
        given = _given(term, codings, variables, spec, predictors)
        for place in range(len(term.columns)):
            pieces, rest = [], place
            for text, table in term.tables.items():
                pieces.append(_piece(text, table, rest % table.shape[1], variables, spec))
                rest //= table.shape[1]
            alone = not (tangled & set(term.tables) or any(p.kind == "basis" for p in pieces))
            every.append((term.name, tuple(pieces), given, alone))
    return [every[j] for j in kept]


def _tangled(variables):
    """Variables that read a column which another variable reads too, as x and I(x^2) do."""
    reads = {text: {n.name for n in column_names(node)} for text, node in variables.items()}
    return {a for a, own in reads.items() for b, other in reads.items() if a != b and own & other}


def _piece(text, table, column, variables, spec):
    """One variable's column within a term."""
    if text not in spec.levels:
        if table.shape[1] > 1:
            return Piece(text, "basis", f"{text}[{column + 1}]")
        return Piece(plain_name(variables[text]), "number", unit=unit_of(variables[text]))
    coded, text = spec.levels[text], factor_name(variables[text])
    labels = coded.labels.as_text()
    if table.shape[1] == len(labels):
        return Piece(text, "level", labels[column])
    hot = indicator_levels(coded.contrast, len(labels))
    if hot is not None:
        return Piece(text, "difference", labels[hot[column]], reference_of(coded))
    if coded.contrast.kind == "sum":
        return Piece(text, "deviation", labels[column])
    return Piece(text, "contrast", coding(coded.contrast, labels)[1][column])


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


def unquoted(text):
    """A name made of parts of a formula as people call it, without backticks.

    Examples
    --------
    >>> unquoted("`blood pressure`:f[b]"), unquoted("g")
    ('blood pressure:f[b]', 'g')
    """
    return QUOTED.sub(lambda m: re.sub(r"\\(.)", r"\1", m[1]), text)


def answer_name(spec):
    """The response as people call it."""
    node = spec.formula.response
    return spec.response if node is None else plain_name(strip(node))


def factor_name(node):
    """The column behind ``C(f, Sum)`` and ``factor(f)``, which is what people call the factor."""
    while isinstance(node, Call) and node.function in ("C", "factor", "as.factor") and node.args:
        node = strip(node.args[0])
    return plain_name(node)


def unit_of(node):
    """What one unit of a numeric variable is, in words."""
    text = bare_name(node)
    if isinstance(node, Call) and node.args:
        inner = plain_name(strip(node.args[0]))
        if node.function == "log2":
            return f"doubling of {inner}"
        if node.function == "log10":
            return f"tenfold increase of {inner}"
        if node.function == "log" and len(node.args) == 1:
            return f"unit of {text} ({inner} {EULER:.3g} times as high)"
        if node.function == "scale":
            return f"standard deviation of {inner}"
        if node.function == "center":
            return f"unit of {inner}"
    return f"unit of {text}"


def _given(term, codings, variables, spec, predictors):
    """Where the variables of larger terms stand: all terms that contain this one."""
    own = set(term.tables)
    found: dict[str, Given] = {}
    # of x and I(x^2) only x can be said to stand somewhere
    named = {text for text, node in variables.items() if isinstance(node, Name)}
    tangled = _tangled(variables)
    for other in codings:
        if not own < set(other.tables):
            continue
        for text in other.tables:
            if text in own or text in found:
                continue
            if text in tangled and text not in named and tangled & named:
                continue
            if text in spec.levels:
                coded, name = spec.levels[text], factor_name(variables[text])
                if coded.contrast.kind in ("treatment", "sas"):
                    found[text] = Given(name, "reference", reference_of(coded))
                else:
                    found[text] = Given(name, "average")
            elif other.tables[text].shape[1] > 1:
                found[text] = Given(text, "basis")
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


def _at_zero(text, node, predictors):
    """A numeric variable at zero: the mean, if it is centred."""
    if isinstance(node, Call) and node.function in ("scale", "center") and node.args:
        return Given(plain_name(strip(node.args[0])), "mean")
    outside = None
    if isinstance(node, Name) and node.name in predictors.columns:
        # a few rows on both sides of zero settle it without the others
        few = predictors.columns[node.name].values[:FEW]
        if not ((few <= 0).any() and (few >= 0).any()):
            found = predictors.summary(node.name)
            if found.low > 0.0 or found.high < 0.0:
                outside = found.low, found.high
    return Given(bare_name(node), "zero", outside=outside)
