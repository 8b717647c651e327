"""The expression tree of a formula; every node knows the span of text it came from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Name:
    """A column of the table."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Dot:
    """``.``: every column not used elsewhere in the formula."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, a quoted string, or True / False / None."""

    value: float | int | str | bool | None
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Call:
    """``function(args, key=value)``."""

    function: str
    args: tuple[Node, ...]
    kwargs: tuple[tuple[str, Node], ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Items:
    """``[1, 2, 3]``."""

    items: tuple[Node, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Paren:
    """``(inner)``."""

    inner: Node
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Unary:
    """``-x``, ``+x`` or ``!x``."""

    op: str
    operand: Node
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Power:
    """``base ^ exponent`` (also written ``**``)."""

    base: Node
    exponent: Node
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Chain:
    """Operators of one precedence, read from left to right: ``a + b - c``.

    A flat chain, not nested pairs: a sum of a thousand columns is then one node deep.
    """

    operands: tuple[Node, ...]
    ops: tuple[str, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Bar:
    """``left | right``, or ``left || right`` when `double`."""

    left: Node
    right: Node
    double: bool
    start: int
    end: int


Node = Name | Dot | Literal | Call | Items | Paren | Unary | Power | Chain | Bar

_PLAIN = re.compile(r"(?:[^\W\d]|\.(?!\d))[\w.]*\Z")
_WORDS = frozenset(("True", "False", "TRUE", "FALSE", "None", "NULL", "."))


def quote(name: str) -> str:
    """The spelling of a column name in a formula.

    Examples
    --------
    >>> quote("total.fruits"), quote("blood pressure")
    ('total.fruits', '`blood pressure`')
    """
    if _PLAIN.match(name) and name not in _WORDS:
        return name
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def unparse(node: Node) -> str:
    """Canonical text of a node; two expressions are the same variable iff it is equal.

    Examples
    --------
    >>> from mixedeffects.formula import parse
    >>> unparse(parse("log( y+1 )~x").response)
    'log(y + 1)'
    """
    return _UNPARSE[type(node)](node)


def _chain(node: Chain) -> str:
    parts = [unparse(node.operands[0])]
    for op, operand in zip(node.ops, node.operands[1:], strict=True):
        parts.append(":" if op == ":" else f" {op} ")
        parts.append(unparse(operand))
    return "".join(parts)


def _call(node: Call) -> str:
    args = [unparse(arg) for arg in node.args]
    args += [f"{key}={unparse(value)}" for key, value in node.kwargs]
    return f"{node.function}({', '.join(args)})"


def _literal(node: Literal) -> str:
    if isinstance(node.value, str):
        return '"' + node.value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(node.value) if isinstance(node.value, bool) or node.value is None else node.text


_UNPARSE = {
    Name: lambda node: quote(node.name),
    Dot: lambda node: ".",
    Literal: _literal,
    Call: _call,
    Items: lambda node: f"[{', '.join(unparse(item) for item in node.items)}]",
    Paren: lambda node: f"({unparse(node.inner)})",
    Unary: lambda node: node.op + unparse(node.operand),
    Power: lambda node: f"{unparse(node.base)}^{unparse(node.exponent)}",
    Chain: _chain,
    Bar: lambda node: f"{unparse(node.left)} {'||' if node.double else '|'} {unparse(node.right)}",
}


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below `node`, in the order of the text."""
    match node:
        case Call():
            return node.args + tuple(value for _, value in node.kwargs)
        case Items():
            return node.items
        case Paren():
            return (node.inner,)
        case Unary():
            return (node.operand,)
        case Power():
            return (node.base, node.exponent)
        case Chain():
            return node.operands
        case Bar():
            return (node.left, node.right)
        case _:
            return ()


def strip(node: Node) -> Node:
    """`node` without the parentheses around it."""
    while isinstance(node, Paren):
        node = node.inner
    return node


def column_names(node: Node) -> Iterator[Name]:
    """Every column an expression reads; the contrast in ``C(f, Sum)`` is not a column."""
    if isinstance(node, Name):
        yield node
    elif isinstance(node, Call) and node.function in ("C", "factor", "as.factor"):
        for arg in node.args[:1]:
            yield from column_names(arg)
    else:
        for child in children(node):
            yield from column_names(child)
