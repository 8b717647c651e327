"""A formula as a small tree, which LaTeX, MathML and plain text are written from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Word:
    """Upright text: a column, a level, the name of a function or distribution."""

    text: str


@dataclass(frozen=True, slots=True)
class Symbol:
    """A letter for a quantity: "b", "i", or a Greek one by its name, "beta"."""

    name: str


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it is to be shown, without a sign."""

    text: str


@dataclass(frozen=True, slots=True)
class Operator:
    """A sign, by its name in the writers; "minus" is the one of a negative number."""

    sign: str


@dataclass(frozen=True, slots=True)
class Sub:
    """A base with a subscript."""

    base: Node
    below: Node


@dataclass(frozen=True, slots=True)
class Sup:
    """A base with a superscript."""

    base: Node
    above: Node


@dataclass(frozen=True, slots=True)
class Row:
    """Nodes side by side."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Fence:
    """Something in brackets: "(" or "["."""

    left: str
    body: Node
    right: str


@dataclass(frozen=True, slots=True)
class Matrix:
    """Rows of cells in round brackets."""

    rows: tuple[tuple[Node, ...], ...]


@dataclass(frozen=True, slots=True)
class Brace:
    """Something with a brace below, and a label that says what it is.

    Attributes
    ----------
    part : {"fixed", "group", "rest"}
        Which of the three kinds of effects it is, for its colour.
    """

    body: Node
    label: str
    part: str = "rest"


Node = Word | Symbol | Number | Operator | Sub | Sup | Row | Fence | Matrix | Brace


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a set of equations, aligned at its sign.

    Attributes
    ----------
    left : Node or None
        None continues the line above.
    sign : str
        "=", "~", "+" or "-".
    """

    left: Node | None
    sign: str
    right: Node


def row(*items):
    """Nodes side by side, rows among them opened.

    Examples
    --------
    >>> row(Word("a"), row(Word("b"), Word("c")))
    Row(items=(Word(text='a'), Word(text='b'), Word(text='c')))
    """
    flat = []
    for item in items:
        flat += item.items if isinstance(item, Row) else [item]
    return flat[0] if len(flat) == 1 else Row(tuple(flat))


def call(name, *arguments):
    """A function of arguments: ``N(0, σ²)``."""
    inner = []
    for i, argument in enumerate(arguments):
        inner += [Operator(","), argument] if i else [argument]
    head = Word(name) if isinstance(name, str) else name
    return row(head, Fence("(", row(*inner), ")"))


def total(items):
    """A sum of signed nodes.

    Parameters
    ----------
    items : sequence of (bool, Node)
        Whether it is subtracted, and what.
    """
    out = []
    for i, (negative, node) in enumerate(items):
        if i:
            out.append(Operator("-" if negative else "+"))
        elif negative:
            out.append(Operator("minus"))
        out.append(node)
    return row(*out)
