"""A linear predictor as a sum: coefficients times what they are coefficients of."""

from __future__ import annotations

from mixedeffects.display.equation.tree import (
    Fence,
    Number,
    Operator,
    Sub,
    Symbol,
    Word,
    row,
)
from mixedeffects.display.numbers import at_precision
from mixedeffects.inference.interpretation.effects import unquoted

INTERCEPT = "(Intercept)"


def column_node(name, pieces, index):
    """What a column holds for a row: a variable, an indicator, a product of them.

    Parameters
    ----------
    name : str
        Of the column; used as it is where `pieces` is None.
    pieces : tuple of Piece or None
        Empty for the intercept.
    index : Node
        Of the row.

    Returns
    -------
    Node or None
        None for a column of ones.
    """
    if pieces is None:
        return Sub(Word(unquoted(name)), index)
    if not pieces:
        return None
    out = []
    for piece in pieces:
        if out:
            out.append(Operator("times"))
        if piece.kind in ("level", "difference"):
            inside = row(Sub(Word(piece.variable), index), Operator("="), Word(piece.label))
            out.append(row(Symbol("one"), Fence("[", inside, "]")))
        elif piece.kind == "number":
            out.append(Sub(Word(piece.variable), index))
        elif piece.kind == "basis":
            out.append(Sub(Word(unquoted(piece.label)), index))
        else:
            out.append(Sub(Word(f"{piece.variable}[{piece.label}]"), index))
    return row(*out)


def fixed_summands(names, meanings, index, letter, values=None):
    """Coefficients times columns.

    Parameters
    ----------
    meanings : list
        `column_meanings` of the predictor.
    letter : str
        Of the coefficients.
    values : list of (float, float), optional
        Estimates and standard errors to put in the letters' place.

    Returns
    -------
    list of (bool, Node)
        Whether it is subtracted, and what.
    """
    first = 0 if names and names[0] == INTERCEPT else 1
    out = []
    for j, name in enumerate(names):
        pieces = () if name == INTERCEPT else meanings[j][1]
        column = column_node(name, pieces, index)
        negative = False
        if values is None:
            coefficient = Sub(Symbol(letter), Number(str(j + first)))
        else:
            text = at_precision(*values[j])
            negative = text.startswith("-")
            coefficient = Number(text.removeprefix("-"))
        node = coefficient if column is None else row(coefficient, Operator("times"), column)
        out.append((negative, node))
    return out


def random_column(name, spec, index):
    """A column of a random term: its name, or an indicator where it is a level of a factor."""
    if name == INTERCEPT:
        return None
    for text, coded in spec.levels.items():
        if name.startswith(f"{text}[") and name.endswith("]"):
            label = name[len(text) + 1 : -1]
            if coded.contrast.kind in ("treatment", "sas") and label in coded.labels.as_text():
                inside = row(Sub(Word(unquoted(text)), index), Operator("="), Word(label))
                return row(Symbol("one"), Fence("[", inside, "]"))
    return Sub(Word(unquoted(name)), index)
