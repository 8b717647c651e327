"""Random effects in an equation: their summands, and the distributions they come from."""

from __future__ import annotations

from dataclasses import dataclass

from mixedeffects.covariance import structure_of
from mixedeffects.display.equation.predictor import random_column
from mixedeffects.display.equation.tree import (
    Fence,
    Line,
    Matrix,
    Number,
    Operator,
    Sub,
    Sup,
    Symbol,
    call,
    row,
)
from mixedeffects.display.numbers import significant
from mixedeffects.inference.interpretation.effects import unquoted

# letters of the grouping factors' effects and of their levels
LETTERS, INDICES = "bcdeghuv", "jklmnopq"
# columns of a term whose covariance matrix is written out
MOST_COLUMNS = 3


@dataclass(frozen=True, slots=True)
class Notation:
    """The letters of one grouping factor.

    Attributes
    ----------
    letter, index : str
    alone : bool
        Whether it is the model's only factor: a row is then ``ij``, and a level ``j``; with
        several, a row is ``i`` and its level ``j[i]``.
    """

    group: str
    letter: str
    index: str
    alone: bool

    @property
    def level(self):
        """The level's index where a row is meant."""
        if self.alone:
            return Symbol(self.index)
        return row(Symbol(self.index), Fence("[", Symbol("i"), "]"))


def notations(blocks, others=()):
    """Letters for the blocks' factors, one each for factors of the same name.

    Returns known, known_others (dict of str to Notation).

    Parameters
    ----------
    blocks : sequence of Block
        Of the main linear predictor.
    others : sequence of Block
        Of other linear predictors: their effects have letters of their own, also where the factor
        is the same, whose levels are counted by one index.
    """
    names = list(dict.fromkeys(b.factor.name for b in (*blocks, *others)))
    out, used = [], 0
    for part in (blocks, others):
        known = {}
        for name in dict.fromkeys(b.factor.name for b in part):
            letter = LETTERS[used % len(LETTERS)] + "'" * (used // len(LETTERS))
            index = INDICES[names.index(name) % len(INDICES)]
            known[name] = Notation(unquoted(name), letter, index, len(names) == 1)
            used += 1
        out.append(known)
    return tuple(out)


def row_index(known):
    """The index of a row: ``ij`` with one factor, ``i`` with several or none."""
    if len(known) == 1:
        return row(Symbol("i"), Symbol(next(iter(known.values())).index))
    return Symbol("i")


def effect_symbol(notation, number, level):
    """The effect ``b_0j``."""
    between = () if notation.alone else (Operator(","),)
    return Sub(Symbol(notation.letter), row(Number(str(number)), *between, level))


def random_summands(block, notation, spec, index):
    """The effects of a factor's level, times what they are effects of."""
    out = []
    for c, name in enumerate(block.names):
        effect = effect_symbol(notation, c, notation.level)
        column = random_column(name, spec, index)
        out.append((False, effect if column is None else row(effect, Operator("times"), column)))
    return out


def distribution_lines(block, notation, estimates=None):
    """The distribution of a factor's effects: a line per term, or per independent column.

    Returns list of Line.

    Parameters
    ----------
    estimates : list of TermCovariance, optional
        Per term of the block, to put in the parameters' place.
    """
    out = []
    level = Symbol(notation.index)
    for t, term in enumerate(block.terms):
        columns = list(term.columns)
        found = None if estimates is None else estimates[t]
        form = structure_of(term)
        sds = [_sd(form, columns, i, notation, found) for i in range(form.k)]
        if form.pairs:
            effects = Matrix(tuple((effect_symbol(notation, c, level),) for c in columns))
            zeros = Matrix(tuple((Number("0"),) for _ in columns))
            out.append(
                Line(effects, "~", call("N", zeros, _matrix(form, columns, sds, notation, found)))
            )
            continue
        for c, sd in zip(columns, sds, strict=True):
            effect = effect_symbol(notation, c, level)
            out.append(Line(effect, "~", call("N", Number("0"), Sup(sd, Number("2")))))
    return out


def _sd(form, columns, position, notation, found):
    """A standard deviation; several that the structure makes one have one symbol."""
    if found is None:
        first, _ = form.shared(position, position) or (position, position)
        return Sub(Symbol("sigma"), row(Symbol(notation.letter), Number(str(columns[first]))))
    return Number(significant(float(found.sd[position]), 5))


def _matrix(form, columns, sds, notation, found):
    """The covariance matrix of a term: squares, and products with correlations."""
    if len(columns) > MOST_COLUMNS and found is None:
        return Sub(Symbol("Sigma"), Symbol(notation.letter))
    rows = []
    for i in range(form.k):
        cells = []
        for j in range(form.k):
            if i == j:
                cells.append(Sup(sds[i], Number("2")))
                continue
            if found is None:
                pair = max(i, j), min(i, j)
                high, low = (columns[c] for c in form.shared(*pair) or pair)
                places = row(Symbol(notation.letter), Number(f"{low}{high}"))
                correlation, times = (Sub(Symbol("rho"), places),), Operator("times")
            else:
                correlation, times = _signed(float(found.corr[i, j])), Operator("dot")
            cells.append(row(*correlation, times, sds[i], times, sds[j]))
        rows.append(tuple(cells))
    return Matrix(tuple(rows))


def _signed(correlation):
    """A correlation; none where a standard deviation is zero."""
    text = f"{correlation:.2f}" if correlation == correlation else "0"
    sign = (Operator("minus"),) if text.startswith("-") else ()
    return (*sign, Number(text.removeprefix("-")))
