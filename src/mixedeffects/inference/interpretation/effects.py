"""What each coefficient of a linear predictor is a coefficient of."""

from __future__ import annotations

import math
import re
from dataclasses import replace

from mixedeffects.design import term_codings
from mixedeffects.design.contrasts import coding, indicator_levels
from mixedeffects.formula import Call, Name, column_names, strip
from mixedeffects.inference.interpretation.columns import curves
from mixedeffects.inference.interpretation.places import (
    bare_name,
    factor_name,
    places,
    plain_name,
    reference_of,
)
from mixedeffects.inference.interpretation.record import Effect, Piece

NUMBERS = ("estimate", "std_error", "df", "statistic", "p_value", "lower", "upper")
RATIO = ("estimate", "std_error", "lower", "upper")
INTERCEPT = "(Intercept)"
# what is said of a coefficient whose column is not known
UNKNOWN = ("",)
EULER = math.e
# an effect of one unit, and its error, for which a multiple of the unit is said instead; and the
# logarithm of a ratio for which a part of the unit is
SMALL_ESTIMATE, SMALL_ERROR, LARGE_LOG = 0.1, 0.005, 4.6
# a column name in backticks, with escapes
QUOTED = re.compile(r"`((?:\\.|[^`\\])*)`")


def effects_of(spec, predictors, names, table, ratios=None, aliased=(), root=None):
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
    root : dict of str to str, optional
        Columns that are functions of others, as of `powers`.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("score ~ style + (1 | professor)", me.datasets.flipped_classrooms())
    >>> effects = fit.interpret().facts.effects
    >>> effects[1].pieces[0].label, effects[1].pieces[0].reference
    ('Some', 'No')
    """
    meanings = column_meanings(spec, predictors, len(names), root)
    held = held_by(names, not_arithmetic(spec, names, aliased))
    out = []
    for j, name in enumerate(names):
        term, pieces, given, curve = meanings[j]
        numbers = {n: float(table.columns[n][j]) for n in NUMBERS}
        ratio = None
        if ratios is not None:
            first, error, lower, upper = (float(ratios.columns[n][j]) for n in RATIO)
            ratio = first, error, lower, upper
        effect = Effect(
            name, term or name, pieces, given, not curve, **numbers, ratio=ratio, holds=held[j],
            curve=curve,
        )  # fmt: skip
        out.append(_in_steps(effect, spec, predictors) if effect.alone and pieces else effect)
    return tuple(out)


def _in_steps(effect, spec, predictors):
    """An effect with the multiple of a unit that it is said for."""
    nodes = {v.text: strip(v.node) for v in spec.formula.fixed.variables}
    by_name = {plain_name(node): node for node in nodes.values()}
    pieces = list(effect.pieces)
    for i, piece in enumerate(pieces):
        node = by_name.get(piece.variable)
        if piece.kind != "number" or node is None:
            continue
        ratio = effect.ratio is not None
        step = unit_step(node, predictors, effect.estimate, effect.std_error, ratio)
        if step != 1.0:
            unit = piece.unit.replace("unit of", f"{step:,g} {'units of' if step > 1 else 'of'}")
            pieces[i] = replace(piece, unit=unit, step=step)
            return replace(effect, pieces=tuple(pieces))
    return effect


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


def not_arithmetic(spec, names, aliased):
    """Dropped columns, but for those that the formula computes of what other columns read.

    With ``x + z + I(x - z)`` the coefficient of x is what it is without the dropped column: nothing
    that could change by itself is part of it. Returns tuple of AliasedColumn.
    """
    nodes = {
        v.text: strip(v.node) for v in spec.formula.fixed.variables if v.text not in spec.levels
    }
    out = []
    for column in aliased:
        others = [names[i] for i, _ in column.combination if names[i] != INTERCEPT]
        if column.name not in nodes or not others or any(name not in nodes for name in others):
            out.append(column)
            continue
        read = {n.name for name in others for n in column_names(nodes[name])}
        if not {n.name for n in column_names(nodes[column.name])} <= read:
            out.append(column)
    return tuple(out)


def column_meanings(spec, predictors, p, root=None):
    """What each of the p columns of a linear predictor is.

    Parameters
    ----------
    predictors : SourceColumns or None
        Without them nothing is known of the columns but their names.
    root : dict of str to str, optional
        Columns that are functions of others, as of `powers`.

    Returns
    -------
    list of (str, tuple of Piece or None, tuple of Given, tuple of str)
        Term, pieces, what is given, and the columns of the curve that the coefficient is part of.
    """
    if predictors is None:
        return [("", None, (), UNKNOWN)] * p
    every_term = term_codings(spec, predictors)
    n_columns = sum(len(term.columns) for term in every_term)
    kept = range(n_columns) if spec.kept_columns is None else spec.kept_columns
    # a term that was dropped stands nowhere
    codings = [term for term in every_term if set(term.columns) & set(kept)]
    variables = {v.text: strip(v.node) for v in spec.formula.fixed.variables}
    standing = {text for term in codings for text in term.tables}
    shapes = curves(
        {text: node for text, node in variables.items() if text in standing}, root,
        constants(variables, predictors),
    )  # fmt: skip
    every = []
    for term in every_term:
        given = places(term, codings, variables, spec, predictors, shapes)
        for place in range(len(term.columns)):
            pieces, rest = [], place
            for text, table in term.tables.items():
                pieces.append(_piece(text, table, rest % table.shape[1], variables, spec))
                rest //= table.shape[1]
            curve = {c for text in term.tables for c in shapes.get(text, ())}
            for text, piece in zip(term.tables, pieces, strict=True):
                if piece.kind == "basis":
                    curve |= {n.name for n in column_names(variables[text])}
            every.append((term.name, tuple(pieces), given, tuple(sorted(curve))))
    return [every[j] for j in kept]


def constants(variables, predictors):
    """Numeric columns with one value that stand beside others in a variable: ``pi`` of ``pi * t``.

    Returns set of str.
    """
    out = set()
    for node in variables.values():
        names = {n.name for n in column_names(node)}
        for name in names if len(names) > 1 else ():
            if name in predictors.columns and predictors.columns[name].kind == "number":
                found = predictors.summary(name)
                if found.low == found.high:
                    out.add(name)
    return out


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


def unit_step(piece_node, predictors, estimate, error, ratio):
    """How many units of a number a coefficient is said for: 1, or a power of ten.

    A power of ten below half of the range of the data, where the number for one unit would need
    many decimals, or is a ratio beyond what can be imagined.

    Parameters
    ----------
    ratio : bool
        Whether it is said as a ratio.

    Returns
    -------
    float
    """
    node = piece_node
    if isinstance(node, Call) and node.function == "center" and node.args:
        node = strip(node.args[0])
    if not isinstance(node, Name) or node.name not in predictors.columns:
        return 1.0
    if predictors.columns[node.name].kind != "number":
        return 1.0
    found = predictors.summary(node.name)
    half = 0.5 * (found.high - found.low)
    if not (math.isfinite(half) and half > 0 and math.isfinite(error)):
        return 1.0
    step = 10.0 ** math.floor(math.log10(half))
    small = step >= 10.0 and error < SMALL_ERROR and abs(estimate) < SMALL_ESTIMATE
    large = ratio and step < 1.0 and abs(estimate) > LARGE_LOG
    return step if small or large else 1.0
